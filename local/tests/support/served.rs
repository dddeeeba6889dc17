//! A served embedded AWS, and the binary run against it.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;

/// A served embedded AWS; ends with it.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    /// Held open: a server that cannot print what else it has to say ends.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The binary, free of what cargo and the machine would tell it.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusterwarden"));
    command
        .args(arguments)
        .env_clear()
        .env("USER", "jana")
        .stdin(Stdio::null());
    command
}

impl Served {
    /// Serves the default scenario.
    pub(crate) fn start() -> Self {
        let mut child = command(&["cloud", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .find_map(|line| {
                let line = line.unwrap();
                line.strip_prefix("export AWS_ENDPOINT_URL=")
                    .map(str::to_owned)
            })
            .unwrap();
        Self {
            child,
            url,
            _lines: lines,
        }
    }

    /// Runs the binary against it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        command(arguments)
            .args(["--endpoint-url", &self.url])
            .output()
            .unwrap()
    }

    /// What a command that succeeds prints.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains("table clusterwarden-journal, account 123456789012, Region us-east-1")
                && stderr.contains(&self.url),
            "{stderr}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// `status --json`.
    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.says(&["status", "--json"])).unwrap()
    }
}
