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

/// A client's way to the embedded AWS.
#[derive(Clone)]
pub(crate) struct Way(Arc<Inner>);

struct Inner {
    cloud: SharedCloud,
    calls: AtomicUsize,
    fates: Fates,
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
            dead: Notify::new(),
        }))
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
        match (self.0.fates)(number, &self.0.cloud) {
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
                let body = format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>injected</Message></Error>\
                     <RequestId>1</RequestId></ErrorResponse>"
                );
                let response = http::Response::builder()
                    .status(status)
                    .header("date", cloud.now().to_rfc2822().replace("+0000", "GMT"))
                    .body(SdkBody::from(body))
                    .expect("a response");
                Ok(HttpResponse::try_from(response).expect("a response"))
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.0.dead.notify_one();
        std::future::pending().await
    }
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
