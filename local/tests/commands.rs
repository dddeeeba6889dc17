//! The binary `clusterwarden` as a person meets it: what it prints, and how it refuses what it can't do.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// A folder with a policy and an event, in which commands run.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        desk.write("policy/policy.toml", "");
        desk.write("event.json", "{\"source\": \"aws.events\"}");
        desk
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A function `reshard` that is a shell script, in the folder that the environment names.
    fn script(&self, text: &str) {
        let folder = self.folder.path().join("functions");
        fs::create_dir_all(&folder).unwrap();
        // Through a child: see the tests of the environment.
        let status = Command::new("/bin/sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod +x \"$1\"",
                "sh",
            ])
            .arg(folder.join("reshard"))
            .arg(text)
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// The command, free of what cargo and the machine would tell it.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clusterwarden"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env(
                "CLUSTERWARDEN_FUNCTIONS_DIR",
                self.folder.path().join("functions"),
            );
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs what must be refused: exit code `code`, and one sentence on standard error that contains `words`.
    fn refused(&self, arguments: &[&str], code: i32, words: &str) {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        let sentence = stderr.lines().last().unwrap_or_default();
        assert!(
            sentence.starts_with("clusterwarden: "),
            "{arguments:?}: {stderr}"
        );
        assert!(sentence.contains(words), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_unknown_function_is_refused_with_the_known_ones() {
    let words = "there is no function `failover`; the functions are: reshard";
    Desk::new().refused(&["invoke", "failover", "--event", "event.json"], 2, words);
}

#[test]
fn an_event_that_is_missing_or_no_json_is_refused_with_its_place() {
    let desk = Desk::new();
    let words = "cannot read the event missing.json: No such file";
    desk.refused(&["invoke", "reshard", "--event", "missing.json"], 2, words);
    desk.write("bad.json", "{\n  \"a\": nope\n}");
    let words = "the event bad.json is not JSON: expected ident at line 2 column 9";
    desk.refused(&["invoke", "reshard", "--event", "bad.json"], 2, words);
    let words = "the event from standard input is not JSON: EOF";
    desk.refused(&["invoke", "reshard", "--event", "-"], 2, words);
}

#[test]
fn a_missing_policy_is_refused() {
    let desk = Desk::new();
    let invoke = ["invoke", "reshard", "--event", "event.json"];
    let named = [&invoke[..], &["--policy", "other.toml"]].concat();
    desk.refused(&named, 2, "there is no policy at other.toml");
    fs::remove_file(desk.folder.path().join("policy/policy.toml")).unwrap();
    desk.refused(&invoke, 2, "there is no policy at policy/policy.toml");
    desk.refused(&["check"], 2, "there is no policy at policy/policy.toml");
}

#[test]
fn an_unknown_scenario_is_refused() {
    let desk = Desk::new();
    desk.refused(
        &["cloud", "--port", "0", "--scenario", "nowhere"],
        2,
        "nowhere",
    );
    let invoke = [
        "invoke",
        "reshard",
        "--event",
        "event.json",
        "--scenario",
        "nowhere",
    ];
    desk.refused(&invoke, 2, "nowhere");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let words = format!("port {port} on 127.0.0.1 is already in use");
    Desk::new().refused(&["cloud", "--port", &port], 1, &words);
}

#[test]
fn a_bad_url_is_refused() {
    for url in ["localhost:4577", "ftp://localhost", "nonsense"] {
        let invoke = [
            "invoke",
            "reshard",
            "--event",
            "event.json",
            "--endpoint-url",
            url,
        ];
        Desk::new().refused(&invoke, 2, &format!("`{url}` is not an endpoint URL"));
    }
}

#[test]
fn a_folder_without_the_function_is_named() {
    let words = "`reshard` is not in ";
    Desk::new().refused(&["invoke", "reshard", "--event", "event.json"], 1, words);
}

#[test]
fn values_out_of_range_are_refused_by_the_command_line() {
    for arguments in [
        &["cloud", "--speed", "-1"][..],
        &["cloud", "--speed", "NaN"],
        &["cloud", "--port", "65536"],
        &[
            "invoke",
            "reshard",
            "--event",
            "event.json",
            "--timeout",
            "0",
        ],
        &[
            "invoke",
            "reshard",
            "--event",
            "event.json",
            "--timeout",
            "901",
        ],
        &[
            "invoke",
            "reshard",
            "--event",
            "event.json",
            "--mode",
            "yolo",
        ],
        &["invoke", "reshard"],
        &["frobnicate"],
    ] {
        let output = Desk::new().run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_function_that_exits_fails_the_invocation_as_lambda_words_it() {
    let desk = Desk::new();
    desk.script("echo \"mode $MODE journal $JOURNAL_TABLE\" >&2; exit 9");
    let output = desk.run(&[
        "invoke",
        "reshard",
        "--event",
        "event.json",
        "--mode",
        "apply",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let payload: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(payload["errorType"], "Runtime.ExitError");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("mode apply journal clusterwarden-journal"),
        "{stderr}"
    );
    let last = stderr.lines().last().unwrap();
    assert!(
        last.starts_with("clusterwarden: the invocation of `reshard` failed: "),
        "{last}"
    );
    assert!(
        last.ends_with("Runtime exited with error: exit status 9"),
        "{last}"
    );
}

#[test]
fn a_function_gets_the_policy_by_an_absolute_path_and_a_loopback_endpoint() {
    let desk = Desk::new();
    desk.script("echo \"$POLICY_FILE $AWS_ENDPOINT_URL $HOME.\" >&2; exit 1");
    let output = desk.run(&["invoke", "reshard", "--event", "event.json"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let policy = Path::new("policy/policy.toml");
    let told = stderr
        .lines()
        .find(|line| line.contains("policy.toml http://127.0.0.1:"))
        .unwrap();
    assert!(told.starts_with('/') && told.ends_with(" ."), "{told}");
    assert!(
        told.split(' ')
            .next()
            .unwrap()
            .ends_with(policy.to_str().unwrap())
    );
}

#[test]
fn a_policy_without_mistakes_is_named_with_its_version() {
    let desk = Desk::new();
    desk.write(
        "policy/policy.toml",
        "version = 1\n[[reshard]]\nreplication_group = \"orders\"\nmin_shards = 2\nmax_shards = 8\n\
         targets.engine_cpu = 60\n",
    );
    let output = desk.run(&["check"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("policy/policy.toml: version "), "{stdout}");
    assert!(
        stdout.trim_end().ends_with("1 [[reshard]] table"),
        "{stdout}"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_policy_with_mistakes_is_shown_and_refused() {
    let desk = Desk::new();
    desk.write("bad.toml", "nonsense = 1\n");
    let output = desk.run(&["check", "bad.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("bad.toml:1:1"), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("clusterwarden: bad.toml has "), "{last}");
}

#[test]
fn a_cloud_says_how_to_reach_it_and_answers_there() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["cloud", "--port", "0", "--speed", "60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let export = "export AWS_ENDPOINT_URL=http://";
    let address = lines
        .find_map(|line| line.unwrap().strip_prefix(export).map(str::to_owned))
        .unwrap();
    let body = "Action=DescribeReplicationGroups&Version=2015-02-02";
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(answer.contains("x-amzn-requestid: "), "{answer}");

    let killed = Command::new("/bin/sh")
        .args(["-c", &format!("kill -TERM {}", child.id())])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
