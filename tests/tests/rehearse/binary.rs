//! The real binary as a child process: without the flag, through to the end, stopped by signals, and cleaned up after.

use std::{
    path::Path,
    process::{Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use clusterwarden_account::rehearse::{capture::Capture, capture::How, plan::PREFIX};
use clusterwarden_local::{
    cloud::{Cloud, Fault, Parameters},
    wire::http_server::CloudServer,
};
use clusterwarden_tests::{monday_morning, programs::programs};
use tokio::process::{Child, Command};

struct Served {
    cloud: Arc<Mutex<Cloud>>,
    server: CloudServer,
    folder: tempfile::TempDir,
}

impl Served {
    /// A cloud whose clock moves with each answer.
    fn start(answer_seconds: i64) -> Self {
        let parameters = Parameters {
            answer_time: TimeDelta::seconds(answer_seconds),
            ..Parameters::default()
        };
        let cloud = Arc::new(Mutex::new(Cloud::new(monday_morning(), parameters)));
        let server = CloudServer::start(Arc::clone(&cloud), 0).expect("a free port");
        Self {
            cloud,
            server,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    async fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&programs().await.clusterwarden);
        command
            .arg("rehearse")
            .args(arguments)
            .args(["--endpoint-url", &self.server.url])
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).await.output();
        let output = tokio::time::timeout(Duration::from_secs(120), output).await;
        told(output.expect("done in time").expect("it runs"))
    }

    /// Starts a rehearsal that looks fifty times a second.
    async fn begin(&self) -> Child {
        let mut command = self
            .command(&[
                "--yes-create-resources",
                "--poll",
                "0.02",
                "--out",
                "seen.json",
            ])
            .await;
        command.spawn().expect("it runs")
    }

    fn status(&self) -> Option<String> {
        let cloud = self.cloud.lock().unwrap_or_else(PoisonError::into_inner);
        let mut groups = cloud.elasticache.groups();
        groups
            .find(|group| group.id.starts_with(PREFIX))
            .map(|group| group.status)
    }

    async fn until(&self, status: &str) {
        for _ in 0..2000 {
            if self.status().as_deref() == Some(status) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never was {status}");
    }

    fn capture(&self) -> Capture {
        capture(&self.folder.path().join("seen.json"))
    }
}

fn capture(file: &Path) -> Capture {
    Capture::read(&std::fs::read_to_string(file).expect("the file")).expect("a capture")
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        output.status.code().expect("a code"),
        text(output.stdout),
        text(output.stderr),
    )
}

async fn finish(child: Child) -> (i32, String, String) {
    let output = tokio::time::timeout(Duration::from_secs(120), child.wait_with_output()).await;
    told(output.expect("done in time").expect("it ran"))
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("/bin/kill")
        .args([&format!("-{name}"), &id])
        .status()
        .await;
    assert!(sent.expect("kill runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_it_tells_and_calls_nothing() {
    let served = Served::start(5);
    let (code, stdout, stderr) = served.run(&[]).await;
    assert_eq!((code, stderr.as_str()), (0, ""));
    for words in [
        "6 nodes × 4 h",
        "2026-10-02",
        "elasticache:DeleteReplicationGroup",
        "--yes-create-resources",
        "us-east-1",
    ] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    let (code, stdout, _) = served.run(&["--node-type", "cache.z1.huge"]).await;
    assert_eq!(code, 0);
    assert!(
        stdout.contains("the price of cache.z1.huge with valkey is not known here"),
        "{stdout}"
    );
    assert_eq!(served.cloud.lock().expect("no panic").calls, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_ends_with_no_difference_and_its_file_can_be_compared_later() {
    let served = Served::start(4);
    let (code, stdout, stderr) = finish(served.begin().await).await;
    assert_eq!(
        (code, stdout.as_str()),
        (0, "Differences from the embedded AWS: none.\n"),
        "{stderr}"
    );
    assert_eq!(served.status(), None);
    assert!(stderr.contains("What was seen is in seen.json"), "{stderr}");
    assert_eq!(
        served.capture().ending.map(|ending| ending.how),
        Some(How::Completed)
    );

    let (code, _, stderr) = served
        .run(&["--yes-create-resources", "--out", "seen.json"])
        .await;
    assert_eq!(code, 2, "an existing file is not overwritten: {stderr}");
    assert!(
        stderr.contains("cannot write seen.json, so nothing was created"),
        "{stderr}"
    );

    let programs = programs().await;
    let compare = |file: &'static str| {
        let mut command = Command::new(&programs.clusterwarden);
        command
            .args(["rehearse", "--compare", file])
            .current_dir(served.folder.path())
            .env_clear();
        async move { told(command.output().await.expect("it runs")) }
    };
    let (code, stdout, stderr) = compare("seen.json").await;
    assert_eq!(
        (code, stdout.as_str()),
        (0, "Differences from the embedded AWS: none.\n"),
        "{stderr}"
    );
    std::fs::write(
        served.folder.path().join("other.json"),
        "{\"format\": \"other/1\"}",
    )
    .expect("written");
    let (code, _, stderr) = compare("other.json").await;
    assert_eq!(code, 2);
    assert!(stderr.contains("its format is `other/1`"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_in_the_middle_deletes_before_it_leaves() {
    for (name, status) in [
        ("INT", "creating"),
        ("TERM", "modifying"),
        ("HUP", "available"),
    ] {
        let served = Served::start(4);
        let child = served.begin().await;
        served.until(status).await;
        signal(&child, name).await;
        let (code, _, stderr) = finish(child).await;
        assert_eq!(code, 1, "{name}: {stderr}");
        assert_eq!(served.status(), None, "{name} while {status}: {stderr}");
        let last = stderr.lines().last().unwrap_or_default();
        assert!(
            last.contains("left nothing: somebody stopped it"),
            "{stderr}"
        );
        let ending = served.capture().ending.expect("an ending");
        assert_eq!((ending.how, ending.deleted), (How::Stopped, true), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_leaves_with_the_command_that_cleans_up() {
    let served = Served::start(1);
    let child = served.begin().await;
    served.until("modifying").await;
    for _ in 0..1000 {
        let fault = Fault::Error {
            status: 400,
            code: "InvalidReplicationGroupState".to_owned(),
            message: "not now".to_owned(),
        };
        served
            .cloud
            .lock()
            .expect("no panic")
            .faults
            .push("DeleteReplicationGroup", fault);
    }
    signal(&child, "INT").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    signal(&child, "INT").await;
    let (code, _, stderr) = finish(child).await;
    assert_eq!(code, 1, "{stderr}");
    let run = served.capture().run;
    let ours = format!(
        "clusterwarden rehearse --clean --run {run} --region us-east-1 --endpoint-url {}",
        served.server.url
    );
    let aws = format!(
        "aws elasticache delete-replication-group --replication-group-id {PREFIX}{run} --no-retain-primary-cluster"
    );
    assert!(stderr.contains(&ours) && stderr.contains(&aws), "{stderr}");

    served.cloud.lock().expect("no panic").faults = Default::default();
    let (code, stdout, stderr) = served
        .run(&["--clean", "--run", &run, "--poll", "0.02"])
        .await;
    assert_eq!(
        (code, stdout.as_str()),
        (0, "us-east-1: 1 group deleted, nothing is left.\n"),
        "{stderr}"
    );
    assert_eq!(served.status(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_without_a_chance_it_leaves_a_group_that_a_cleaning_finds() {
    let served = Served::start(2);
    let mut child = served.begin().await;
    served.until("modifying").await;
    // Until the answer to the reshard is written down too.
    while !served
        .capture()
        .calls
        .iter()
        .any(|call| call.name == "scale_out")
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().await.expect("killed");
    assert_eq!(served.status().as_deref(), Some("modifying"));
    let capture = served.capture();
    assert_eq!(capture.ending, None);
    assert!(
        capture.calls.iter().any(|call| call.name == "scale_out"),
        "what was seen is kept"
    );
    let (code, stdout, stderr) = served.run(&["--clean", "--poll", "0.02"]).await;
    assert_eq!(
        (code, stdout.as_str()),
        (0, "us-east-1: 1 group deleted, nothing is left.\n"),
        "{stderr}"
    );
    assert!(
        stderr.contains(&format!("{PREFIX}{}", capture.run)),
        "{stderr}"
    );
    assert_eq!(served.status(), None);
}
