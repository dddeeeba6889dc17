//! The Runtime API itself: what a function's process calls to fetch events and to hand back answers.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header};
use http_body_util::LengthLimitError;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
};

/// The largest response: 6 MB and a margin, as in RIE's `MaxPayloadSize`.
const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024 + 100;

/// The Runtime API for one process, on a port of 127.0.0.1 of its own: what a process of the past still sends can't be
/// mistaken for the present one's.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    work: mpsc::UnboundedSender<Work>,
    signals: mpsc::UnboundedReceiver<Signal>,
    // Dropping it stops the server.
    _stop: oneshot::Sender<()>,
}

/// One event on its way to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The invocation's id, a UUID at Lambda.
    pub request_id: String,
    /// When the invocation times out, in milliseconds since 1970.
    pub deadline_ms: i64,
    /// The ARN that was invoked.
    pub function_arn: String,
    /// The X-Ray trace header.
    pub trace_id: String,
    /// The event's bytes, JSON.
    pub event: Bytes,
}

/// What a function's process tells through the Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// It asks for the next event: initialised, or done with the last one.
    Ready,
    /// It answered the event.
    Response(Bytes),
    /// It failed on the event, or its answer was too large.
    Error(FunctionError),
    /// It could not initialise.
    InitError(FunctionError),
}

/// An error as a function reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The body's `errorType`, else the header `Lambda-Runtime-Function-Error-Type`, else `Runtime.Unknown`.
    pub error_type: String,
    /// The body's `errorMessage`, else the whole body.
    pub message: String,
    /// The body's `stackTrace`; empty when the runtime sends none (Rust's does not).
    pub stack: Vec<String>,
}

/// Where the process stands in the protocol. RIE's states and their names in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Started,
    Ready,
    Running(String),
    Answered,
    InitFailed,
}

impl Phase {
    fn name(&self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Ready => "Ready",
            Self::Running(_) => "Running",
            Self::Answered => "ResponseSent",
            Self::InitFailed => "InitError",
        }
    }
}

/// The server's side of the exchange.
struct Desk {
    phase: Mutex<Phase>,
    work: AsyncMutex<mpsc::UnboundedReceiver<Work>>,
    signals: mpsc::UnboundedSender<Signal>,
}

impl RuntimeApi {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port could be bound.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (work, work_in) = mpsc::unbounded_channel();
        let (signals_out, signals) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let desk = Desk {
            phase: Mutex::new(Phase::Started),
            work: AsyncMutex::new(work_in),
            signals: signals_out,
        };
        let routes = Router::new()
            .route("/invocation/next", get(next))
            .route("/invocation/{id}/response", post(response))
            .route("/invocation/{id}/error", post(error))
            .route("/init/error", post(init_error))
            .with_state(Arc::new(desk));
        let service = Router::new().nest("/2018-06-01/runtime", routes);
        tokio::spawn(async move {
            tokio::select! {
                // It never ends by itself.
                _ = axum::serve(listener, service) => {}
                // A dropped sender is the signal.
                _ = stopped => {}
            }
        });
        Ok(Self {
            address,
            work,
            signals,
            _stop: stop,
        })
    }

    /// Host and port, as `AWS_LAMBDA_RUNTIME_API` spells them.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the process its next event, whenever it asks.
    pub fn offer(&self, work: Work) {
        // The receiver lives as long as the server, which lives as long as `self`.
        let _ = self.work.send(work);
    }

    /// What the process says next; waits as long as it is silent.
    pub async fn signal(&mut self) -> Signal {
        match self.signals.recv().await {
            Some(signal) => signal,
            // The server ended, which it only does with `self`; then there is nothing more to hear.
            None => std::future::pending().await,
        }
    }
}

impl Desk {
    /// Moves on if `allowed` by the present phase; else says which phase that is.
    fn enter(&self, next: Phase, allowed: impl Fn(&Phase) -> bool) -> Result<Phase, Phase> {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if allowed(&phase) {
            Ok(std::mem::replace(&mut phase, next))
        } else {
            Err(phase.clone())
        }
    }

    fn tell(&self, signal: Signal) {
        // Nobody listens only when the environment is going away.
        let _ = self.signals.send(signal);
    }

    /// Refuses an answer to an event other than the one under way: 400 for another id, 403 out of turn.
    fn require_running(&self, id: &str, to: &str) -> Result<(), Box<Response>> {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        match &*phase {
            Phase::Running(current) if current == id => Ok(()),
            Phase::Running(_) => Err(Box::new(refuse(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "Invalid request ID",
            ))),
            other @ (Phase::Started | Phase::Ready | Phase::Answered | Phase::InitFailed) => {
                Err(Box::new(out_of_turn(other, to)))
            }
        }
    }
}

async fn next(State(desk): State<Arc<Desk>>) -> Response {
    let waiting = |phase: &Phase| matches!(phase, Phase::Started | Phase::Ready | Phase::Answered);
    match desk.enter(Phase::Ready, waiting) {
        // A client that lost its connection while it waited asks again; that is no news.
        Ok(Phase::Ready) => {}
        Ok(Phase::Started | Phase::Running(_) | Phase::Answered | Phase::InitFailed) => {
            desk.tell(Signal::Ready);
        }
        Err(phase) => return out_of_turn(&phase, "Ready"),
    }
    let Some(work) = desk.work.lock().await.recv().await else {
        return refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "Internal Server Error",
        );
    };
    // The phase is `Ready`: only this place leaves it, and the lock on `work` lets one request in at a time.
    let _ = desk.enter(Phase::Running(work.request_id.clone()), |_| true);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", work.request_id),
        ("lambda-runtime-deadline-ms", work.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", work.function_arn),
        ("lambda-runtime-trace-id", work.trace_id),
    ];
    (headers, work.event).into_response()
}

async fn response(State(desk): State<Arc<Desk>>, Path(id): Path<String>, body: Body) -> Response {
    if let Err(refusal) = desk.require_running(&id, "InvocationResponse") {
        return *refusal;
    }
    let (signal, answer) = match to_bytes(body, PAYLOAD_LIMIT).await {
        Ok(bytes) => (Signal::Response(bytes), accepted()),
        Err(error) if is_over_limit(&error) => too_large(),
        // The sender broke off in the middle: it may try again, or its end is what counts.
        Err(_) => {
            let text = "HTTP request detected as truncated";
            return refuse(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", text);
        }
    };
    let under_way = |phase: &Phase| matches!(phase, Phase::Running(current) if *current == id);
    match desk.enter(Phase::Answered, under_way) {
        Ok(_) => {
            desk.tell(signal);
            answer
        }
        Err(phase) => out_of_turn(&phase, "InvocationResponse"),
    }
}

fn is_over_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<LengthLimitError>())
}

/// A response over the limit: the invocation fails, and the process is told why.
fn too_large() -> (Signal, Response) {
    let signal = Signal::Error(FunctionError {
        error_type: "Function.ResponseSizeTooLarge".to_owned(),
        message: format!(
            "Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
        ),
        stack: Vec::new(),
    });
    let answer = refuse(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        &format!("Exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."),
    );
    (signal, answer)
}

async fn error(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refusal) = desk.require_running(&id, "InvocationErrorResponse") {
        return *refusal;
    }
    let report = FunctionError::read(&headers, body).await;
    let under_way = |phase: &Phase| matches!(phase, Phase::Running(current) if *current == id);
    match desk.enter(Phase::Answered, under_way) {
        Ok(_) => {
            desk.tell(Signal::Error(report));
            accepted()
        }
        Err(phase) => out_of_turn(&phase, "InvocationErrorResponse"),
    }
}

async fn init_error(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Body) -> Response {
    let report = FunctionError::read(&headers, body).await;
    match desk.enter(Phase::InitFailed, |phase| *phase == Phase::Started) {
        Ok(_) => {
            desk.tell(Signal::InitError(report));
            accepted()
        }
        Err(phase) => out_of_turn(&phase, "InitError"),
    }
}

impl FunctionError {
    async fn read(headers: &HeaderMap, body: Body) -> Self {
        // An error too large to read is still an error; its text is what is lost.
        let bytes = to_bytes(body, PAYLOAD_LIMIT).await.unwrap_or_default();
        let report: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let named = headers
            .get("lambda-runtime-function-error-type")
            .and_then(|value| value.to_str().ok());
        let text = |key: &str| report.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            error_type: text("errorType")
                .or_else(|| named.map(str::to_owned))
                .unwrap_or_else(|| "Runtime.Unknown".to_owned()),
            message: text("errorMessage")
                .unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned()),
            stack: report
                .get("stackTrace")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|frame| {
                    frame
                        .as_str()
                        .map_or_else(|| frame.to_string(), str::to_owned)
                })
                .collect(),
        }
    }
}

fn accepted() -> Response {
    reply(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn out_of_turn(from: &Phase, to: &str) -> Response {
    let text = format!(
        "State transition from {} to {to} failed for runtime. Error: State transition is not allowed",
        from.name()
    );
    refuse(StatusCode::FORBIDDEN, "InvalidStateTransition", &text)
}

fn refuse(status: StatusCode, error_type: &str, message: &str) -> Response {
    reply(
        status,
        &json!({ "errorMessage": message, "errorType": error_type }),
    )
}

fn reply(status: StatusCode, body: &Value) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, body.to_string()).into_response()
}
