//! The execution environment of one function: one process, cold at first, warm from event to event.

use std::{fmt, io, path::PathBuf, time::Duration};

use chrono::Utc;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    outcome::{Invocation, Outcome, describe, milliseconds},
    process::{LogLine, Logs, Process, Source, Step},
    server::{FunctionError, RuntimeApi, Signal, Work},
    variables::{Endpoint, Function, variables},
};

/// Lambda's limit for the initialisation of an on-demand function (facts: LDG, "Init phase").
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A trace header, which Lambda always sends; nothing here is traced.
const TRACE_ID: &str = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0";

/// The execution environment of one function.
///
/// It runs one event at a time, as Lambda's do: `invoke` takes `&mut self`. Its process starts with the first event,
/// stays for the next ones, and is replaced after it ended, crashed or timed out. Dropping the environment kills it.
///
/// An initialisation that fails or takes over 10 s is tried once more as a part of the invocation, within the
/// function's timeout, as at Lambda.
pub struct Environment {
    function: Function,
    endpoint: Endpoint,
    logs: Logs,
    process: Option<Process>,
}

/// Why an event did not even run, or its end can't be told: this machine's fault, not the function's.
#[derive(Debug, thiserror::Error)]
pub enum InvokeFailure {
    /// The process could not be started.
    #[error("cannot start {}", binary.display())]
    Start {
        /// The function's executable.
        binary: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The Runtime API found no port.
    #[error("cannot serve the Runtime API on 127.0.0.1")]
    RuntimeApi(#[source] io::Error),
    /// The process can't be watched.
    #[error("cannot watch the function's process")]
    Watch(#[source] io::Error),
    /// The function answered with something other than JSON.
    #[error("the function's response is not JSON")]
    ResponseNotJson(#[source] serde_json::Error),
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("function", &self.function)
            .field("endpoint", &self.endpoint)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

/// What an initialisation came to, and how long it took.
enum Init {
    Ready(Process, Duration),
    Failed(Outcome, Duration),
}

impl Environment {
    /// A cold environment: nothing runs before the first event. `logs` takes every line of the function and of Lambda.
    pub fn new(function: Function, endpoint: Endpoint, logs: Logs) -> Self {
        Self {
            function,
            endpoint,
            logs,
            process: None,
        }
    }

    /// Whether a process waits for the next event.
    pub fn is_warm(&mut self) -> bool {
        self.process
            .as_mut()
            .is_some_and(|process| !process.has_ended())
    }

    /// Runs the function on one event and returns when it is done with it: when it answered and asks for the next.
    ///
    /// # Errors
    /// Only what this machine could not do; how the function fared is the [`Invocation`]'s outcome.
    pub async fn invoke(
        &mut self,
        event: &(impl Serialize + ?Sized),
        request_id: &str,
    ) -> Result<Invocation, InvokeFailure> {
        // Taken out, so that the process is gone too when this future is dropped half-way.
        let mut process = self.process.take();
        if process.as_mut().is_some_and(Process::has_ended) {
            process = None;
        }
        let mut init_duration = None;
        if process.is_none() {
            match self.init(INIT_TIMEOUT).await? {
                Init::Ready(ready, took) => {
                    process = Some(ready);
                    init_duration = Some(took);
                }
                Init::Failed(outcome, took) => self.report_init("init", &outcome, took),
            }
        }
        self.platform(format!("START RequestId: {request_id} Version: $LATEST"));
        let started = Instant::now();
        let deadline = started + self.function.timeout;
        let ready = match process {
            Some(process) => Ok(process),
            None => match self.init(self.function.timeout).await? {
                Init::Ready(process, _) => Ok(process),
                Init::Failed(outcome, took) => {
                    self.report_init("invoke", &outcome, took);
                    Err(outcome)
                }
            },
        };
        let mut invocation = Invocation {
            request_id: request_id.to_owned(),
            outcome: Outcome::TimedOut {
                after: self.function.timeout,
            },
            duration: Duration::ZERO,
            init_duration,
            max_memory_megabytes: None,
        };
        match ready {
            Ok(mut process) => {
                process.api.offer(self.work(event, request_id, deadline));
                let (outcome, stays) = self.watch(&mut process, deadline).await?;
                invocation.outcome = outcome;
                invocation.duration = started.elapsed();
                invocation.max_memory_megabytes = process.peak_memory_megabytes();
                if stays {
                    process.settle().await;
                    self.process = Some(process);
                } else {
                    process.end().await;
                }
            }
            Err(outcome) => {
                invocation.outcome = outcome;
                invocation.duration = started.elapsed();
            }
        }
        self.report(&invocation);
        Ok(invocation)
    }

    /// Starts a process and waits until it asks for its first event, for `limit` at the longest.
    async fn init(&self, limit: Duration) -> Result<Init, InvokeFailure> {
        let api = RuntimeApi::start()
            .await
            .map_err(InvokeFailure::RuntimeApi)?;
        let variables = variables(&self.function, &self.endpoint, api.address());
        let started = Instant::now();
        let binary = &self.function.binary;
        let mut process =
            Process::start(binary, &variables, api, &self.logs).map_err(|source| {
                InvokeFailure::Start {
                    binary: binary.clone(),
                    source,
                }
            })?;
        let outcome = loop {
            match process
                .step(started + limit)
                .await
                .map_err(InvokeFailure::Watch)?
            {
                Step::Signal(Signal::Ready) => {
                    return Ok(Init::Ready(process, started.elapsed()));
                }
                Step::Signal(Signal::InitError(error)) => {
                    break Outcome::InitError {
                        error_type: error.error_type,
                        message: error.message,
                    };
                }
                // The Runtime API refuses an answer before there is an event.
                Step::Signal(Signal::Response(_) | Signal::Error(_)) => {}
                Step::Exited(status) => break Outcome::Exited { status },
                Step::Deadline => break Outcome::TimedOut { after: limit },
            }
        };
        let took = started.elapsed();
        process.end().await;
        Ok(Init::Failed(outcome, took))
    }

    /// Waits until the function is done with its event. The flag says whether the process stays for the next one.
    async fn watch(
        &self,
        process: &mut Process,
        deadline: Instant,
    ) -> Result<(Outcome, bool), InvokeFailure> {
        let mut answered = None;
        loop {
            match process.step(deadline).await.map_err(InvokeFailure::Watch)? {
                Step::Signal(Signal::Response(bytes)) => {
                    let response =
                        serde_json::from_slice(&bytes).map_err(InvokeFailure::ResponseNotJson)?;
                    answered = Some(Outcome::Response(response));
                }
                Step::Signal(Signal::Error(error)) => answered = Some(failed(error)),
                // Ready without an answer, and a late initialisation error: the Runtime API refuses both.
                Step::Signal(Signal::Ready | Signal::InitError(_)) => {
                    if let Some(outcome) = answered {
                        return Ok((outcome, true));
                    }
                }
                Step::Exited(status) => {
                    return Ok((answered.unwrap_or(Outcome::Exited { status }), false));
                }
                // Also for a function that answered but never asked for more: the invocation ends with that request.
                Step::Deadline => {
                    let after = self.function.timeout;
                    return Ok((Outcome::TimedOut { after }, false));
                }
            }
        }
    }

    fn work(&self, event: &(impl Serialize + ?Sized), request_id: &str, deadline: Instant) -> Work {
        let left = deadline.saturating_duration_since(Instant::now());
        let left_ms = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        Work {
            request_id: request_id.to_owned(),
            deadline_ms: wall_clock_ms().saturating_add(left_ms),
            function_arn: self.function.arn(self.endpoint.region()),
            trace_id: TRACE_ID.to_owned(),
            // Text and values always serialize.
            event: serde_json::to_vec(event).unwrap_or_default().into(),
        }
    }

    fn platform(&self, text: String) {
        let source = Source::Platform;
        (self.logs)(LogLine { source, text });
    }

    fn report_init(&self, phase: &str, outcome: &Outcome, took: Duration) {
        let status = match outcome {
            Outcome::TimedOut { .. } => "timeout".to_owned(),
            Outcome::Exited { status } => {
                format!(
                    "error\tError Type: Runtime.ExitError ({})",
                    describe(*status)
                )
            }
            Outcome::InitError { error_type, .. } | Outcome::Error { error_type, .. } => {
                format!("error\tError Type: {error_type}")
            }
            Outcome::Response(_) => "success".to_owned(),
        };
        let took = milliseconds(took);
        self.platform(format!(
            "INIT_REPORT Init Duration: {took}\tPhase: {phase}\tStatus: {status}"
        ));
    }

    fn report(&self, invocation: &Invocation) {
        match &invocation.outcome {
            // The function logs its own errors, if it cares to.
            Outcome::Response(_) | Outcome::Error { .. } => {}
            Outcome::TimedOut { .. } | Outcome::Exited { .. } | Outcome::InitError { .. } => {
                if let Some(failure) = invocation.failure() {
                    self.platform(failure);
                }
            }
        }
        self.platform(format!("END RequestId: {}", invocation.request_id));
        self.platform(invocation.report(self.function.memory_megabytes));
    }
}

fn failed(error: FunctionError) -> Outcome {
    Outcome::Error {
        error_type: error.error_type,
        message: error.message,
        stack: error.stack,
    }
}

/// Real time, for the deadline's header: the function's process reads the same clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the Runtime API states deadlines in real time"
)]
fn wall_clock_ms() -> i64 {
    Utc::now().timestamp_millis()
}
