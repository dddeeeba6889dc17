//! The execution environment with real processes: this test program itself as a well-behaved function, and shell scripts
//! as the others.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test measures time, plays a function that reads its environment, and fails by unwrapping"
)]

mod support;

use std::{
    env, fs,
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clusterwarden_local::runtime_api::{
    Endpoint, Environment, Function, InvokeFailure, LogLine, Logs, Outcome, Source,
};
use serde_json::{Value, json};
use support::{next, post};

const URL: &str = "http://127.0.0.1:9";

/// A function with its log.
struct Trial {
    environment: Environment,
    lines: Arc<Mutex<Vec<LogLine>>>,
    // The script lives as long as the trial.
    _folder: tempfile::TempDir,
}

impl Trial {
    /// A function whose executable is a shell script.
    fn script(text: &str, timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("bootstrap");
        write_script(&binary, text);
        let mut function = Function::new("reshard", binary).with("MODE", "plan");
        function.timeout = timeout;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let logs: Logs = Arc::new(move |line| sink.lock().unwrap().push(line));
        Self {
            environment: Environment::new(function, Endpoint::embedded(URL).unwrap(), logs),
            lines,
            _folder: folder,
        }
    }

    /// The function at the end of this file, in a process of its own.
    fn well_behaved(timeout: Duration) -> Self {
        let program = env::current_exe().unwrap();
        let run = "--ignored --exact --nocapture the_function";
        Self::script(&format!("exec '{}' {run}", program.display()), timeout)
    }

    async fn invoke(&mut self, event: Value) -> Outcome {
        let invocation = self.environment.invoke(&event, "id-1").await.unwrap();
        invocation.outcome
    }

    fn lines(&self, source: Source) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let from = |line: &&LogLine| line.source == source;
        lines
            .iter()
            .filter(from)
            .map(|line| line.text.clone())
            .collect()
    }
}

/// Writes through a child: a file that this program held open for writing while another thread starts a process could
/// not be executed for a moment ("text file busy").
fn write_script(path: &Path, text: &str) {
    let status = Command::new("/bin/sh")
        .args([
            "-c",
            "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod +x \"$1\"",
            "sh",
        ])
        .arg(path)
        .arg(text)
        .status()
        .unwrap();
    assert!(status.success());
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_process_stays_warm_from_event_to_event() {
    let mut trial = Trial::well_behaved(LONG);
    assert!(!trial.environment.is_warm());
    let first = trial
        .environment
        .invoke(&json!({ "say": 1 }), "id-1")
        .await
        .unwrap();
    assert!(trial.environment.is_warm());
    let second = trial
        .environment
        .invoke(&json!({ "say": 2 }), "id-2")
        .await
        .unwrap();
    assert!(first.init_duration.is_some() && second.init_duration.is_none());
    assert!(
        first
            .max_memory_megabytes
            .is_none_or(|megabytes| megabytes > 0)
    );
    let (first, second) = (first.payload(), second.payload());
    assert_eq!(
        (&first["echo"]["say"], &second["echo"]["say"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(first["process"], second["process"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_starts_in_a_clean_environment() {
    let mut trial = Trial::well_behaved(LONG);
    let Outcome::Response(answer) = trial.invoke(json!({})).await else {
        panic!("no answer");
    };
    let variables = answer["variables"].as_object().unwrap();
    assert_eq!(variables["AWS_ENDPOINT_URL"], URL);
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "reshard");
    assert_eq!(variables["MODE"], "plan");
    // cargo sets these for this program; HOME leads to profiles.
    for absent in ["CARGO_MANIFEST_DIR", "CARGO", "HOME"] {
        assert!(!variables.contains_key(absent), "{absent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_in_order_and_complete_when_the_invocation_returns() {
    let mut trial = Trial::well_behaved(LONG);
    trial.invoke(json!({ "print": 1000 })).await;
    let lines = trial.lines.lock().unwrap();
    let at = |text: &str| {
        lines
            .iter()
            .position(|line| line.text.starts_with(text))
            .unwrap()
    };
    assert!(at("START RequestId: id-1 Version: $LATEST") < at("line 0"));
    assert!(at("line 999") < at("END RequestId: id-1"));
    assert!(at("END") < at("REPORT RequestId: id-1\tDuration: "));
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.source == Source::Stderr)
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_error_leaves_the_process_warm() {
    let mut trial = Trial::well_behaved(LONG);
    let outcome = trial.invoke(json!({ "fail": "no policy" })).await;
    let expected = Outcome::Error {
        error_type: "Trouble".to_owned(),
        message: "no policy".to_owned(),
        stack: Vec::new(),
    };
    assert_eq!(outcome, expected);
    assert!(trial.environment.is_warm());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_ends_the_process_and_the_next_event_finds_a_new_one() {
    let mut trial = Trial::well_behaved(Duration::from_secs(2));
    let Outcome::Response(before) = trial.invoke(json!({})).await else {
        panic!("no answer");
    };
    let invocation = trial
        .environment
        .invoke(&json!({ "sleep": 60_000 }), "id-1")
        .await
        .unwrap();
    let after = Duration::from_secs(2);
    assert_eq!(invocation.outcome, Outcome::TimedOut { after });
    assert_eq!(
        invocation.failure().unwrap(),
        "RequestId: id-1 Error: Task timed out after 2.00 seconds"
    );
    assert!(
        trial
            .lines(Source::Platform)
            .iter()
            .any(|line| line.ends_with("Status: timeout"))
    );
    assert!(!trial.environment.is_warm());
    assert!(!Path::new(&format!("/proc/{}", before["process"])).exists());

    let Outcome::Response(fresh) = trial.invoke(json!({})).await else {
        panic!("no answer");
    };
    assert_ne!(fresh["process"], before["process"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_is_an_exit_and_the_next_event_finds_a_new_process() {
    let mut trial = Trial::well_behaved(LONG);
    let outcome = trial.invoke(json!({ "exit": 3 })).await;
    assert!(matches!(outcome, Outcome::Exited { status } if status.code() == Some(3)));
    assert!(matches!(
        trial.invoke(json!({})).await,
        Outcome::Response(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_and_then_exits_has_answered() {
    let mut trial = Trial::well_behaved(LONG);
    let outcome = trial.invoke(json!({ "last": true })).await;
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    assert!(!trial.environment.is_warm());
    assert!(matches!(
        trial.invoke(json!({})).await,
        Outcome::Response(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_at_start_is_tried_twice_and_its_words_are_kept() {
    let mut trial = Trial::script("echo words >&2; exit 7", LONG);
    let invocation = trial.environment.invoke(&json!({}), "id-1").await.unwrap();
    assert_eq!(
        invocation.failure().unwrap(),
        "RequestId: id-1 Error: Runtime exited with error: exit status 7"
    );
    assert_eq!(invocation.payload()["errorType"], "Runtime.ExitError");
    assert_eq!(trial.lines(Source::Stderr), ["words", "words"]);
    let platform = trial.lines(Source::Platform);
    let reports = platform
        .iter()
        .filter(|line| line.starts_with("INIT_REPORT"));
    assert_eq!(reports.count(), 2, "{platform:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_told_by_its_signal() {
    let mut trial = Trial::script("kill -9 $$", LONG);
    let outcome = trial.invoke(json!({})).await;
    assert!(matches!(outcome, Outcome::Exited { status } if status.signal() == Some(9)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_hangs_ends_by_lambdas_limit_and_then_by_the_timeout() {
    let mut trial = Trial::script("exec sleep 600", Duration::from_secs(1));
    let begun = Instant::now();
    let outcome = trial.invoke(json!({})).await;
    let after = Duration::from_secs(1);
    assert_eq!(outcome, Outcome::TimedOut { after });
    let took = begun.elapsed();
    assert!((11..16).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_environment_kills_its_process() {
    let mut trial = Trial::well_behaved(LONG);
    let Outcome::Response(answer) = trial.invoke(json!({})).await else {
        panic!("no answer");
    };
    // A killed process that nobody has waited for is a zombie; it has no command line.
    let command_line = PathBuf::from(format!("/proc/{}/cmdline", answer["process"]));
    let running = || fs::read(&command_line).is_ok_and(|words| !words.is_empty());
    assert!(running());
    drop(trial);
    let deadline = Instant::now() + Duration::from_secs(5);
    while running() {
        assert!(Instant::now() < deadline, "still running");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executable_that_is_not_there_is_named() {
    let function = Function::new("reshard", PathBuf::from("/nonexistent/bootstrap"));
    let logs: Logs = Arc::new(|_| ());
    let mut environment = Environment::new(function, Endpoint::embedded(URL).unwrap(), logs);
    let failure = environment.invoke(&json!({}), "id-1").await.unwrap_err();
    assert!(matches!(failure, InvokeFailure::Start { .. }));
    assert_eq!(failure.to_string(), "cannot start /nonexistent/bootstrap");
}

/// The function: it does what its event says, and answers with the event, its process and its variables.
#[test]
#[ignore = "not a test: the process that the tests above start"]
fn the_function() {
    let address: SocketAddr = env::var("AWS_LAMBDA_RUNTIME_API").unwrap().parse().unwrap();
    loop {
        let work = next(address).unwrap();
        let id = work
            .header("lambda-runtime-aws-request-id")
            .unwrap()
            .to_owned();
        let event: Value = serde_json::from_str(&work.body).unwrap();
        if let Some(code) = event["exit"].as_i64() {
            std::process::exit(i32::try_from(code).unwrap());
        }
        if let Some(milliseconds) = event["sleep"].as_u64() {
            std::thread::sleep(Duration::from_millis(milliseconds));
        }
        if let Some(count) = event["print"].as_u64() {
            (0..count).for_each(|number| println!("line {number}"));
            eprintln!("an error line");
        }
        if let Some(message) = event["fail"].as_str() {
            let report = json!({ "errorType": "Trouble", "errorMessage": message });
            post(address, &id, "error", report.to_string().as_bytes()).unwrap();
            continue;
        }
        let variables: Value = env::vars()
            .map(|(name, value)| (name, json!(value)))
            .collect();
        let answer =
            json!({ "echo": event, "process": std::process::id(), "variables": variables });
        post(address, &id, "response", answer.to_string().as_bytes()).unwrap();
        if event["last"] == true {
            std::process::exit(0);
        }
    }
}
