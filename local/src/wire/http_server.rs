//! The embedded AWS over HTTP on 127.0.0.1.

mod clockwork;
mod loopback;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use http::{Request, StatusCode};
use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle};

use crate::{cloud::Cloud, wire};
use loopback::{HangUp, Loopback};

pub use clockwork::Clockwork;

/// The largest request read. The services' own limits are lower (DynamoDB 16 MB for a batch is the exception that the
/// journal does not use; CloudWatch 1 MB).
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// An embedded AWS that listens on 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct CloudServer {
    /// Where it listens, ready to be an `AWS_ENDPOINT_URL`: `http://127.0.0.1:<port>`.
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl CloudServer {
    /// Listens on `port` of 127.0.0.1, or on any free one for 0, and answers every request from `cloud`. To be called
    /// inside a Tokio runtime, in which the answers are given.
    ///
    /// # Errors
    /// The port is in use (the text says so) or can't be bound, or there is no Tokio runtime.
    pub fn start(cloud: Arc<Mutex<Cloud>>, port: u16) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener =
            TcpListener::bind(address).map_err(|error| name_the_port(address, &error))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let listener = {
            let _inside = runtime.enter();
            Loopback::new(tokio::net::TcpListener::from_std(listener)?)
        };
        let service = Router::new()
            .fallback(serve)
            .with_state(cloud)
            .into_make_service_with_connect_info::<HangUp>();
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(async move {
            // It only ends by the signal, never by an error: see the documentation of `axum::serve`.
            let _ = axum::serve(listener, service)
                .with_graceful_shutdown(async move {
                    // A dropped sender means the same as a sent signal.
                    let _ = stopped.await;
                })
                .await;
        });
        Ok(Self {
            url,
            stop: Some(stop),
            task,
        })
    }

    /// Takes no further request and returns when the last one under way is answered.
    pub async fn stop(mut self) {
        self.stop.take();
        // The task neither panics nor is aborted; were it so, the server would be stopped all the same.
        let _ = (&mut self.task).await;
    }
}

fn name_the_port(address: SocketAddr, error: &io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AddrInUse {
        let text = format!(
            "port {} on {} is already in use",
            address.port(),
            address.ip()
        );
        io::Error::new(io::ErrorKind::AddrInUse, text)
    } else {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    }
}

async fn serve(
    State(cloud): State<Arc<Mutex<Cloud>>>,
    ConnectInfo(hang_up): ConnectInfo<HangUp>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    // A body that announces too much is refused unread; one that does not say its size, on the way.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > BODY_LIMIT {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request::from_parts(parts, body);
    // A panic elsewhere while the lock was held leaves a cloud that is still good enough to answer.
    let answer = wire::answer(
        &mut cloud.lock().unwrap_or_else(PoisonError::into_inner),
        &request,
    );
    match answer {
        Some(response) => response.map(Body::from),
        None => {
            hang_up.before_answering();
            // Never reaches the client: the connection refuses to carry it.
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
