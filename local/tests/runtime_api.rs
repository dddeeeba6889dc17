//! The Runtime API as a function's process sees it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{io, net::SocketAddr, time::Duration};

use clusterwarden_local::runtime_api::{FunctionError, RuntimeApi, Signal, Work};
use support::{Answer, next, post, send};
use tokio::{task::spawn_blocking, time::timeout};

fn work(request_id: &str) -> Work {
    Work {
        request_id: request_id.to_owned(),
        deadline_ms: 1_795_000_003_000,
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:reshard".to_owned(),
        trace_id: "Root=1-2-3".to_owned(),
        event: "{\"a\":1}".into(),
    }
}

/// Runs a blocking request beside the server.
async fn ask<F>(request: F) -> Answer
where
    F: FnOnce() -> io::Result<Answer> + Send + 'static,
{
    spawn_blocking(request).await.unwrap().unwrap()
}

/// A server that has handed out the work `id-1`.
async fn running() -> (RuntimeApi, SocketAddr) {
    let mut api = RuntimeApi::start().await.unwrap();
    let address = api.address();
    api.offer(work("id-1"));
    assert_eq!(ask(move || next(address)).await.status, 200);
    assert_eq!(api.signal().await, Signal::Ready);
    (api, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn next_waits_for_an_event_and_carries_lambdas_headers() {
    let mut api = RuntimeApi::start().await.unwrap();
    let address = api.address();
    assert!(address.ip().is_loopback());
    let waiting = tokio::spawn(ask(move || next(address)));
    assert_eq!(api.signal().await, Signal::Ready);
    assert!(!waiting.is_finished());

    api.offer(work("id-1"));
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"a\":1}"));
    for (name, value) in [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", "id-1"),
        ("lambda-runtime-deadline-ms", "1795000003000"),
        ("lambda-runtime-trace-id", "Root=1-2-3"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:reshard",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_accepted_once_and_only_for_the_event_under_way() {
    let (mut api, address) = running().await;
    let other = ask(move || post(address, "id-2", "response", b"{}")).await;
    assert_eq!(other.status, 400);
    assert!(other.body.contains("InvalidRequestID"), "{}", other.body);

    let first = ask(move || post(address, "id-1", "response", b"{\"b\":2}")).await;
    assert_eq!(
        (first.status, first.body.as_str()),
        (202, "{\"status\":\"OK\"}")
    );
    assert_eq!(api.signal().await, Signal::Response("{\"b\":2}".into()));

    for what in ["response", "error"] {
        let again = ask(move || post(address, "id-1", what, b"{}")).await;
        assert_eq!(again.status, 403, "{what}");
        assert!(
            again.body.contains("InvalidStateTransition"),
            "{}",
            again.body
        );
    }
    let silence = timeout(Duration::from_millis(50), api.signal()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn next_is_refused_while_an_event_is_unanswered() {
    let (_api, address) = running().await;
    assert_eq!(ask(move || next(address)).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_over_six_megabytes_fails_the_invocation() {
    let (mut api, address) = running().await;
    let limit = 6 * 1024 * 1024 + 100;
    let answer = ask(move || post(address, "id-1", "response", &vec![b'1'; limit + 1])).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("(6291556 bytes)"), "{}", answer.body);
    let signal = api.signal().await;
    assert!(
        matches!(&signal, Signal::Error(error) if error.error_type == "Function.ResponseSizeTooLarge"),
        "{signal:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_of_exactly_the_limit_passes() {
    let (mut api, address) = running().await;
    let limit = 6 * 1024 * 1024 + 100;
    let answer = ask(move || post(address, "id-1", "response", &vec![b'1'; limit])).await;
    assert_eq!(answer.status, 202);
    assert!(matches!(api.signal().await, Signal::Response(bytes) if bytes.len() == limit));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_read_from_its_body_and_its_header() {
    for (headers, body, expected) in [
        (
            "",
            r#"{"errorType":"T","errorMessage":"m","stackTrace":["a","b"]}"#,
            ("T", "m", vec!["a", "b"]),
        ),
        (
            "lambda-runtime-function-error-type: H\r\n",
            "plain",
            ("H", "plain", vec![]),
        ),
        ("", "", ("Runtime.Unknown", "", vec![])),
    ] {
        let (mut api, address) = running().await;
        let line = "POST /2018-06-01/runtime/invocation/id-1/error";
        let answer = ask(move || send(address, line, headers, body.as_bytes())).await;
        assert_eq!(answer.status, 202);
        let (error_type, message, stack) = expected;
        let report = FunctionError {
            error_type: error_type.to_owned(),
            message: message.to_owned(),
            stack: stack.into_iter().map(str::to_owned).collect(),
        };
        assert_eq!(api.signal().await, Signal::Error(report));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initialisation_error_counts_before_the_first_next_only() {
    let mut api = RuntimeApi::start().await.unwrap();
    let address = api.address();
    let line = "POST /2018-06-01/runtime/init/error";
    let report = br#"{"errorType":"Policy","errorMessage":"no file"}"#;
    assert_eq!(
        ask(move || send(address, line, "", report)).await.status,
        202
    );
    assert!(matches!(api.signal().await, Signal::InitError(error) if error.message == "no file"));
    assert_eq!(ask(move || next(address)).await.status, 403);

    let (_api, address) = running().await;
    assert_eq!(
        ask(move || send(address, line, "", report)).await.status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_any_event_is_out_of_turn() {
    let api = RuntimeApi::start().await.unwrap();
    let address = api.address();
    let answer = ask(move || post(address, "id-1", "response", b"{}")).await;
    assert_eq!(answer.status, 403);
}
