//! One process of a function: started in a clean environment, listened to, killed when dropped.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::server::{RuntimeApi, Signal};

/// A pipe this long silent is taken to be empty. The process wrote its lines before it reported to the Runtime API, so
/// they are in the pipe already and only this process's scheduling lies between.
const QUIET: Duration = Duration::from_millis(5);

/// How long to wait for the end of the pipes of a process that ended; a process that it started may hold them open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Takes the lines that a function and Lambda itself write, in order.
pub type Logs = Arc<dyn Fn(LogLine) + Send + Sync>;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Who wrote it.
    pub source: Source,
    /// Its text, without the end of line.
    pub text: String,
}

/// Who wrote a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The function, to its standard output.
    Stdout,
    /// The function, to its standard error.
    Stderr,
    /// Lambda: START, END, REPORT, timeouts and exits.
    Platform,
}

/// What happens next to a process.
pub(super) enum Step {
    /// It spoke.
    Signal(Signal),
    /// It ended.
    Exited(ExitStatus),
    /// Neither, until the deadline.
    Deadline,
}

/// A running process with its Runtime API.
pub(super) struct Process {
    child: Child,
    pub(super) api: RuntimeApi,
    pipes: Vec<Pipe>,
}

/// One of the process's output pipes.
struct Pipe {
    settle: mpsc::UnboundedSender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.child.id())
            .field("api", &self.api.address())
            .finish_non_exhaustive()
    }
}

impl Process {
    /// Starts `binary` with exactly `variables`, in its own folder, as Lambda does in `/var/task`.
    pub(super) fn start(
        binary: &Path,
        variables: &BTreeMap<String, String>,
        api: RuntimeApi,
        logs: &Logs,
    ) -> io::Result<Self> {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = binary
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            command.current_dir(folder);
        }
        let mut child = command.spawn()?;
        let mut pipes = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            pipes.push(Pipe::new(stdout, Source::Stdout, logs));
        }
        if let Some(stderr) = child.stderr.take() {
            pipes.push(Pipe::new(stderr, Source::Stderr, logs));
        }
        Ok(Self { child, api, pipes })
    }

    /// What happens next, at the latest at `deadline`. A word counts before an end: who answers and then exits has
    /// answered.
    pub(super) async fn step(&mut self, deadline: Instant) -> io::Result<Step> {
        tokio::select! {
            biased;
            signal = self.api.signal() => Ok(Step::Signal(signal)),
            status = self.child.wait() => status.map(Step::Exited),
            () = sleep_until(deadline) => Ok(Step::Deadline),
        }
    }

    /// Whether it ended by now, unasked.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns when the lines written so far have been handed on.
    pub(super) async fn settle(&self) {
        for pipe in &self.pipes {
            let (done, settled) = oneshot::channel();
            if pipe.settle.send(done).is_ok() {
                // An error says that the pipe has ended, which settles it too.
                let _ = settled.await;
            }
        }
    }

    /// Kills it, if it still runs, and hands on its last lines.
    pub(super) async fn end(mut self) {
        // An error says that it ended by itself.
        let _ = self.child.kill().await;
        for pipe in &mut self.pipes {
            if timeout(LAST_WORDS, &mut pipe.task).await.is_err() {
                pipe.task.abort();
            }
        }
    }

    /// The most memory it has had resident so far, in MB rounded up. `None`: it ended, or the system does not say.
    pub(super) fn peak_memory_megabytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes.div_ceil(1024))
    }
}

impl Pipe {
    fn new(pipe: impl AsyncRead + Unpin + Send + 'static, source: Source, logs: &Logs) -> Self {
        let (settle, requests) = mpsc::unbounded_channel();
        let task = tokio::spawn(forward(
            BufReader::new(pipe),
            source,
            Arc::clone(logs),
            requests,
        ));
        Self { settle, task }
    }
}

/// Hands on a pipe's lines until it ends; a last one without an end of line counts too.
async fn forward(
    mut pipe: BufReader<impl AsyncRead + Unpin>,
    source: Source,
    logs: Logs,
    mut requests: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
) {
    let mut line = Vec::new();
    // Someone waits for the pipe to fall silent.
    let mut settling: Option<oneshot::Sender<()>> = None;
    loop {
        // An interrupted read leaves what it has read in `line`.
        let read = tokio::select! {
            biased;
            read = pipe.read_until(b'\n', &mut line) => read,
            () = tokio::time::sleep(QUIET), if settling.is_some() => {
                if let Some(settled) = settling.take() {
                    // Whoever asked may have gone away.
                    let _ = settled.send(());
                }
                continue;
            }
            Some(request) = requests.recv(), if settling.is_none() => {
                settling = Some(request);
                continue;
            }
        };
        let ended = !matches!(read, Ok(1..));
        if !(ended && line.is_empty()) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']).to_owned();
            logs(LogLine { source, text });
            line.clear();
        }
        if ended {
            return;
        }
    }
}
