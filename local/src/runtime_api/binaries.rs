//! The functions' executables: found where they are, or built by cargo from the checkout.

use std::{
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
    time::{Instant, sleep_until},
};

/// The functions there are, by the name of their folder in `functions/`.
pub const FUNCTIONS: &[&str] = &[
    "reshard",
    "failover-shard",
    "failover-db-cluster",
    "promote-replica",
];

/// Set to a folder, it is where the functions' executables are: `<folder>/<function>` or, as cargo-lambda and SAM lay
/// them out, `<folder>/<function>/bootstrap`.
pub const FUNCTIONS_DIR: &str = "CLUSTERWARDEN_FUNCTIONS_DIR";

/// A build that is done sooner than this is not worth a word.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why there is no executable for a function.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// There is no such function.
    #[error("there is no function `{name}`; the functions are: {}", FUNCTIONS.join(", "))]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The folder named by the environment has none.
    #[error("`{function}` is not in {} (named by {FUNCTIONS_DIR})", folder.display())]
    NotInFolder {
        /// The function.
        function: String,
        /// The folder.
        folder: PathBuf,
    },
    /// It isn't beside this executable, and there is no checkout to build it from.
    #[error(
        "the executable of `{function}` is not beside {}: run this inside the checkout, or set {FUNCTIONS_DIR}",
        executable.display()
    )]
    NotBuilt {
        /// The function.
        function: String,
        /// This process's executable.
        executable: PathBuf,
    },
    /// This process's executable can't be told.
    #[error("cannot tell where this executable is")]
    Executable(#[source] io::Error),
    /// cargo can't be run.
    #[error("cannot run {cargo} to build `{function}`")]
    Cargo {
        /// The program.
        cargo: String,
        /// The function.
        function: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The build failed; cargo's own words were shown.
    #[error("building `{function}` failed ({status})")]
    BuildFailed {
        /// The function.
        function: String,
        /// cargo's exit status.
        status: ExitStatus,
    },
}

/// Where this process came from, which decides where the functions' executables are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    /// This process's executable.
    executable: PathBuf,
    /// The folder that the environment names.
    functions_dir: Option<PathBuf>,
    /// The cargo that runs this process, if one does.
    cargo: Option<String>,
    /// The package that cargo runs, if it does.
    manifest_dir: Option<PathBuf>,
}

/// The executable of a function, built first where that is due. Words for the person who waits go to `tell`.
///
/// In order: the folder named by [`FUNCTIONS_DIR`]; in a test, an up-to-date executable in the same target folder (a
/// build could choose other features and compile the SDK anew); under cargo or in a checkout's target folder, a build
/// by cargo; else beside this executable.
///
/// # Errors
/// There is no such function, or no executable and no way to build it.
pub async fn locate(function: &str, tell: impl FnMut(&str)) -> Result<PathBuf, BinaryError> {
    require_known(function)?;
    Origin::of_this_process()?.locate(function, tell).await
}

/// Refuses a name that is no function's.
///
/// # Errors
/// There is no such function.
pub fn require_known(function: &str) -> Result<(), BinaryError> {
    if FUNCTIONS.contains(&function) {
        Ok(())
    } else {
        let name = function.to_owned();
        Err(BinaryError::Unknown { name })
    }
}

impl Origin {
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells where it runs this process by the environment"
    )]
    fn of_this_process() -> Result<Self, BinaryError> {
        Ok(Self {
            executable: std::env::current_exe().map_err(BinaryError::Executable)?,
            functions_dir: std::env::var_os(FUNCTIONS_DIR).map(PathBuf::from),
            cargo: std::env::var("CARGO").ok(),
            manifest_dir: std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
        })
    }

    async fn locate(&self, function: &str, tell: impl FnMut(&str)) -> Result<PathBuf, BinaryError> {
        if let Some(folder) = &self.functions_dir {
            return executable_in(folder, function).ok_or_else(|| BinaryError::NotInFolder {
                function: function.to_owned(),
                folder: folder.clone(),
            });
        }
        let beside = self.folder().map(|folder| folder.join(function));
        if let Some(beside) = beside.filter(|path| self.is_test() && is_up_to_date(path)) {
            return Ok(beside);
        }
        if let Some(checkout) = self.checkout(function) {
            return self.build(function, &checkout, tell).await;
        }
        let beside = self
            .folder()
            .and_then(|folder| executable_in(folder, function));
        beside.ok_or_else(|| BinaryError::NotBuilt {
            function: function.to_owned(),
            executable: self.executable.clone(),
        })
    }

    /// A test's executable lies in `target/<profile>/deps`.
    fn is_test(&self) -> bool {
        let folder = self.executable.parent().and_then(Path::file_name);
        folder.is_some_and(|name| name == "deps")
    }

    /// The folder of executables: `target/<profile>`, or wherever this one was installed.
    fn folder(&self) -> Option<&Path> {
        let folder = self.executable.parent()?;
        if self.is_test() {
            folder.parent()
        } else {
            Some(folder)
        }
    }

    /// The root of the checkout, if cargo runs this process or the executable lies in a checkout.
    fn checkout(&self, function: &str) -> Option<PathBuf> {
        let from_cargo = self.cargo.as_ref().and(self.manifest_dir.as_deref());
        from_cargo
            .into_iter()
            .chain([self.executable.as_path()])
            .flat_map(Path::ancestors)
            .find(|folder| {
                folder
                    .join("functions")
                    .join(function)
                    .join("Cargo.toml")
                    .is_file()
            })
            .map(Path::to_owned)
    }

    /// Builds the function as `cargo run` would: default members, which share their features with this executable, and
    /// this executable's profile and target folder.
    async fn build(
        &self,
        function: &str,
        checkout: &Path,
        tell: impl FnMut(&str),
    ) -> Result<PathBuf, BinaryError> {
        let cargo = self.cargo.clone().unwrap_or_else(|| "cargo".to_owned());
        let mut command = Command::new(&cargo);
        command
            .args([
                "build",
                "--bins",
                "--message-format=json-render-diagnostics",
            ])
            .current_dir(checkout)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(profile) = self.folder().and_then(Path::file_name) {
            match profile.to_string_lossy().as_ref() {
                "debug" => {}
                profile => {
                    command.args(["--profile", profile]);
                }
            }
        }
        // cargo marks a target folder; it may have been given to the running cargo by an option.
        let target = self.executable.ancestors();
        let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
        if let Some(target) = target.skip(1).find(marked) {
            command.env("CARGO_TARGET_DIR", target);
        }
        let failed = |source| BinaryError::Cargo {
            cargo: cargo.clone(),
            function: function.to_owned(),
            source,
        };
        let (status, messages) = watch_build(command, function, tell).await.map_err(failed)?;
        if !status.success() {
            let function = function.to_owned();
            return Err(BinaryError::BuildFailed { function, status });
        }
        built_executable(&messages, function).ok_or_else(|| BinaryError::NotBuilt {
            function: function.to_owned(),
            executable: self.executable.clone(),
        })
    }
}

/// Runs cargo, and hands on its words once it takes long, or all of them when it fails.
async fn watch_build(
    mut command: Command,
    function: &str,
    mut tell: impl FnMut(&str),
) -> io::Result<(ExitStatus, String)> {
    let patience = Instant::now() + PATIENCE;
    let mut child = command.spawn()?;
    let (Some(mut stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("its output is not piped"));
    };
    let messages = tokio::spawn(async move {
        let mut text = String::new();
        stdout.read_to_string(&mut text).await.map(|_| text)
    });
    let mut lines = BufReader::new(stderr).lines();
    let (mut held_back, mut patient) = (Vec::new(), true);
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) if patient => held_back.push(line),
                Some(line) => tell(&line),
                None => break,
            },
            () = sleep_until(patience), if patient => {
                patient = false;
                tell(&format!("Building the function `{function}`"));
                held_back.drain(..).for_each(|line: String| tell(&line));
            }
        }
    }
    let status = child.wait().await?;
    if !status.success() {
        held_back.iter().for_each(|line| tell(line));
    }
    let messages = messages.await.map_err(io::Error::other)??;
    Ok((status, messages))
}

/// The executable that cargo's messages report for a function.
fn built_executable(messages: &str, function: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| message["target"]["name"] == function)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

fn executable_in(folder: &Path, function: &str) -> Option<PathBuf> {
    let plain = folder.join(function);
    let bootstrap = plain.join("bootstrap");
    [plain, bootstrap].into_iter().find(|path| path.is_file())
}

/// Whether an executable is no older than the sources that cargo lists for it in the file `<executable>.d`.
pub fn is_up_to_date(executable: &Path) -> bool {
    let modified = |path: &Path| -> io::Result<SystemTime> { path.metadata()?.modified() };
    let listed = std::fs::read_to_string(executable.with_extension("d"));
    let (Ok(built), Ok(listed)) = (modified(executable), listed) else {
        return false;
    };
    let Some((_, sources)) = listed.split_once(": ") else {
        return false;
    };
    // A space in a path is written `\ `; NUL is in none.
    sources
        .replace("\\ ", "\0")
        .split_whitespace()
        .all(|source| {
            let source = source.replace('\0', " ");
            modified(Path::new(&source)).is_ok_and(|time| time <= built)
        })
}

#[cfg(test)]
mod tests;
