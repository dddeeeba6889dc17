//! The real programs: the functions' executables and the command `clusterwarden`, as cargo builds them.

use std::path::{Path, PathBuf};

use clusterwarden_local::runtime_api::binaries;
use tokio::{process::Command, sync::OnceCell};

/// Where the executables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The folder of them all.
    pub folder: PathBuf,
    /// The command.
    pub clusterwarden: PathBuf,
}

impl Programs {
    /// A function's executable.
    pub fn function(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The executables of this checkout, built first if they are not there or older than their sources.
///
/// # Panics
///
/// They cannot be built.
pub async fn programs() -> Programs {
    static BUILT: OnceCell<Programs> = OnceCell::const_new();
    BUILT.get_or_init(find).await.clone()
}

async fn find() -> Programs {
    let mut executables = Vec::new();
    for function in binaries::FUNCTIONS {
        let found = binaries::locate(function, |line| eprintln!("{line}")).await;
        executables.push(found.expect("the function is there or can be built"));
    }
    let folder = executables[0].parent().expect("a folder").to_owned();
    let clusterwarden = folder.join("clusterwarden");
    if !binaries::is_up_to_date(&clusterwarden) {
        build(&clusterwarden).await;
    }
    Programs {
        folder,
        clusterwarden,
    }
}

/// Builds the command into the target folder that this test runs from.
async fn build(executable: &Path) {
    let profile = executable.parent().and_then(Path::file_name);
    let profile = match profile.and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let target = executable.ancestors().nth(2).expect("a target folder");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--bins", "--profile", profile])
        .current_dir(checkout())
        .env("CARGO_TARGET_DIR", target)
        .status();
    let status = status.await.expect("cargo runs");
    assert!(status.success(), "cargo build: {status}");
}

/// The root of the checkout.
pub fn checkout() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}
