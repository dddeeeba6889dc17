//! A way to the embedded AWS on which each call, by its number, meets a fate.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use clusterwarden_tests::SharedCloud;
use tokio::sync::Notify;

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Serve,
    /// The caller dies before AWS hears of it.
    DieBefore,
    /// The caller dies after AWS has done it.
    DieAfter,
    /// It never arrives.
    LoseRequest,
    /// It is done, and the answer is lost.
    LoseAnswer,
    /// It is refused with this status and code, and not done.
    Refuse(u16, &'static str),
}

/// Chooses the fate of the call of this number, counted from 0; may change the world first.
type Fates = Box<dyn Fn(usize, &SharedCloud) -> Fate + Send + Sync>;

/// Chooses it by the operation too.
type OperationFates = Box<dyn Fn(usize, &str) -> Fate + Send + Sync>;

/// A client's way to the embedded AWS.
#[derive(Clone)]
pub(crate) struct Way(Arc<Inner>);

struct Inner {
    cloud: SharedCloud,
    calls: AtomicUsize,
    fates: Fates,
    by_operation: Option<OperationFates>,
    dead: Notify,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Way")
    }
}

impl Way {
    pub(crate) fn new(
        cloud: &SharedCloud,
        fates: impl Fn(usize, &SharedCloud) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            cloud: cloud.clone(),
            calls: AtomicUsize::new(0),
            fates: Box::new(fates),
            by_operation: None,
            dead: Notify::new(),
        }))
    }

    /// A way on which each call's fate follows from its number and its operation, such as `DescribeEvents`.
    pub(crate) fn by_operation(
        cloud: &SharedCloud,
        fates: impl Fn(usize, &str) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let mut way = Self::new(cloud, |_, _| Fate::Serve);
        if let Some(inner) = Arc::get_mut(&mut way.0) {
            inner.by_operation = Some(Box::new(fates));
        }
        way
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// Returns when the caller is to die.
    pub(crate) async fn dies(&self) {
        self.0.dead.notified().await;
    }

    async fn carry(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let number = self.0.calls.fetch_add(1, Ordering::SeqCst);
        let serve = |request| HttpConnector::call(&self.0.cloud, request);
        let lost = || ConnectorError::io("the connection ended without an answer".into());
        let fate = match &self.0.by_operation {
            Some(fates) => fates(number, &operation(&request)),
            None => (self.0.fates)(number, &self.0.cloud),
        };
        match fate {
            Fate::Serve => serve(request).await,
            Fate::DieBefore => self.die().await,
            Fate::DieAfter => {
                _ = serve(request).await;
                self.die().await
            }
            Fate::LoseRequest => Err(lost()),
            Fate::LoseAnswer => {
                _ = serve(request).await;
                Err(lost())
            }
            Fate::Refuse(status, code) => {
                // An answer takes time whatever it says.
                let mut cloud = self.0.cloud.lock();
                let takes = cloud.parameters.answer_time;
                cloud.advance(takes);
                let is_cbor = request.uri().contains("/operation/");
                let response = http::Response::builder()
                    .status(status)
                    .header("date", cloud.now().to_rfc2822().replace("+0000", "GMT"));
                let response = if is_cbor {
                    response
                        .header("smithy-protocol", "rpc-v2-cbor")
                        .header("content-type", "application/cbor")
                        .body(SdkBody::from(cbor(&[
                            ("__type", code),
                            ("message", "injected"),
                        ])))
                } else {
                    response.body(SdkBody::from(format!(
                        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>injected</Message></Error>\
                         <RequestId>1</RequestId></ErrorResponse>"
                    )))
                };
                let response = response.expect("a response");
                Ok(HttpResponse::try_from(response).expect("a response"))
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.0.dead.notify_one();
        std::future::pending().await
    }
}

/// A map of texts in CBOR: each of its keys and values is shorter than 24 bytes.
fn cbor(map: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(map.len()).expect("few")];
    for text in map.iter().flat_map(|(key, value)| [key, value]) {
        assert!(text.len() < 24, "{text}");
        bytes.push(0x60 | u8::try_from(text.len()).expect("short"));
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// The operation that a request names: in a header (JSON, CBOR), in the path (CBOR), or as `Action` (query).
fn operation(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    if let Some((_, operation)) = request.uri().rsplit_once("/operation/") {
        return operation.to_owned();
    }
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    let mut fields = body.split('&');
    let action = fields.find_map(|field| field.strip_prefix("Action="));
    action.unwrap_or_default().to_owned()
}

impl HttpClient for Way {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Way {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry(request))
    }
}
