//! How an invocation ended, and the lines that Lambda writes about it.

use std::{process::ExitStatus, time::Duration};

use serde_json::{Value, json};

/// One finished invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The id it ran under.
    pub request_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// From the event's hand-over until the function was done with it. After a failed first initialisation this contains
    /// the second one, as at Lambda.
    pub duration: Duration,
    /// How long the process took to initialise. `None`: it was warm, or did not get that far.
    pub init_duration: Option<Duration>,
    /// The process's peak resident memory in MB, rounded up. `None`: this system does not say.
    pub max_memory_megabytes: Option<u64>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The function answered.
    Response(Value),
    /// The function reported an error.
    Error {
        /// Its class, such as `Runtime.Unknown` or `Function.ResponseSizeTooLarge`.
        error_type: String,
        /// Its text.
        message: String,
        /// Where it happened; empty when the runtime does not say.
        stack: Vec<String>,
    },
    /// The function was not done in time; its process is gone.
    TimedOut {
        /// The function's timeout.
        after: Duration,
    },
    /// The process ended before it answered.
    Exited {
        /// How.
        status: ExitStatus,
    },
    /// The process could not initialise.
    InitError {
        /// Its class.
        error_type: String,
        /// Its text.
        message: String,
    },
}

impl Invocation {
    /// Whether the function answered.
    pub fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Response(_))
    }

    /// What Lambda answers the caller: the function's response, or an error with `errorType` and `errorMessage`.
    pub fn payload(&self) -> Value {
        let error = |error_type: &str, message: &str| json!({ "errorType": error_type, "errorMessage": message });
        match &self.outcome {
            Outcome::Response(response) => response.clone(),
            Outcome::Error {
                error_type,
                message,
                stack,
            } => {
                let mut payload = error(error_type, message);
                if let (false, Some(fields)) = (stack.is_empty(), payload.as_object_mut()) {
                    fields.insert("stackTrace".to_owned(), json!(stack));
                }
                payload
            }
            Outcome::InitError {
                error_type,
                message,
            } => error(error_type, message),
            Outcome::TimedOut { .. } => error("Sandbox.Timedout", &self.platform_error()),
            Outcome::Exited { .. } => error("Runtime.ExitError", &self.platform_error()),
        }
    }

    /// What went wrong, in one sentence; `None` when nothing did.
    pub fn failure(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Response(_) => None,
            Outcome::Error {
                error_type,
                message,
                ..
            } => Some(format!("{error_type}: {message}")),
            Outcome::InitError {
                error_type,
                message,
            } => Some(format!("initialisation failed, {error_type}: {message}")),
            Outcome::TimedOut { .. } | Outcome::Exited { .. } => Some(self.platform_error()),
        }
    }

    fn platform_error(&self) -> String {
        let what = match &self.outcome {
            Outcome::TimedOut { after } => {
                format!("Task timed out after {:.2} seconds", after.as_secs_f64())
            }
            Outcome::Exited { status } if status.success() => {
                "Runtime exited without providing a reason".to_owned()
            }
            Outcome::Exited { status } => {
                format!("Runtime exited with error: {}", describe(*status))
            }
            Outcome::Response(_) | Outcome::Error { .. } | Outcome::InitError { .. } => {
                String::new()
            }
        };
        format!("RequestId: {} Error: {what}", self.request_id)
    }

    /// The REPORT line. Billed is the duration rounded up to a millisecond, with the initialisation, as since 2025.
    pub(super) fn report(&self, memory_megabytes: u32) -> String {
        let billed = self.duration + self.init_duration.unwrap_or_default();
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {}\tBilled Duration: {} ms\tMemory Size: {memory_megabytes} MB",
            self.request_id,
            milliseconds(self.duration),
            billed.as_nanos().div_ceil(1_000_000),
        );
        if let Some(megabytes) = self.max_memory_megabytes {
            line.push_str(&format!("\tMax Memory Used: {megabytes} MB"));
        }
        if let Some(init) = self.init_duration {
            line.push_str(&format!("\tInit Duration: {}", milliseconds(init)));
        }
        match &self.outcome {
            // An error that the function itself reported leaves the line as it is.
            Outcome::Response(_) | Outcome::Error { .. } => {}
            Outcome::TimedOut { .. } => line.push_str("\tStatus: timeout"),
            Outcome::Exited { .. } => {
                line.push_str("\tStatus: error\tError Type: Runtime.ExitError");
            }
            Outcome::InitError { error_type, .. } => {
                line.push_str(&format!("\tStatus: error\tError Type: {error_type}"));
            }
        }
        line
    }
}

/// A duration as the report spells it.
pub(super) fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

/// `exit status 1` or `signal: killed`, as Lambda (in Go) spells them.
pub(super) fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            2 => "interrupt",
            4 => "illegal instruction",
            6 => "aborted",
            9 => "killed",
            11 => "segmentation fault",
            15 => "terminated",
            _ => return format!("signal: {signal}"),
        };
        return format!("signal: {name}");
    }
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "unknown".to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn invocation(outcome: Outcome) -> Invocation {
        Invocation {
            request_id: "id-1".to_owned(),
            outcome,
            duration: Duration::from_micros(3_210),
            init_duration: Some(Duration::from_micros(12_300)),
            max_memory_megabytes: Some(20),
        }
    }

    #[test]
    fn a_report_reads_as_lambdas() {
        assert_eq!(
            invocation(Outcome::Response(Value::Null)).report(256),
            "REPORT RequestId: id-1\tDuration: 3.21 ms\tBilled Duration: 16 ms\tMemory Size: 256 MB\
             \tMax Memory Used: 20 MB\tInit Duration: 12.30 ms"
        );
    }

    #[test]
    fn timeouts_and_exits_are_worded_as_lambda_words_them() {
        let after = Duration::from_secs(3);
        let payload = invocation(Outcome::TimedOut { after }).payload();
        let text = "RequestId: id-1 Error: Task timed out after 3.00 seconds";
        assert_eq!(payload["errorMessage"], text);
        for (raw, text) in [
            (1 << 8, "Runtime exited with error: exit status 1"),
            (9, "Runtime exited with error: signal: killed"),
            (0, "Runtime exited without providing a reason"),
        ] {
            let status = ExitStatus::from_raw(raw);
            let failure = invocation(Outcome::Exited { status }).failure().unwrap();
            assert_eq!(failure, format!("RequestId: id-1 Error: {text}"));
        }
    }

    #[test]
    fn a_stack_is_in_the_payload_only_when_there_is_one() {
        let error = |stack: Vec<String>| Outcome::Error {
            error_type: "T".to_owned(),
            message: "m".to_owned(),
            stack,
        };
        let bare = invocation(error(Vec::new())).payload();
        assert_eq!(bare, json!({ "errorType": "T", "errorMessage": "m" }));
        let full = invocation(error(vec!["main.rs:1".to_owned()])).payload();
        assert_eq!(full["stackTrace"], json!(["main.rs:1"]));
    }
}
