//! Connections that can end without an answer, as they do when a network or a service loses one.
//!
//! Neither axum nor hyper lets a handler close its connection silently, so the stream itself is told to refuse the
//! answer: the write fails, hyper gives up, and the client sees the connection end before the first byte.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// A listener whose connections can be hung up by their handler.
pub(super) struct Loopback(TcpListener);

impl Loopback {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self(listener)
    }
}

impl Listener for Loopback {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The inner listener retries what can be retried, such as too many open files.
        let (stream, address) = Listener::accept(&mut self.0).await;
        let line = Line {
            stream,
            hang_up: HangUp::default(),
        };
        (line, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A handler's means to end its connection without an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct HangUp(Arc<AtomicBool>);

impl HangUp {
    /// Whatever the handler returns after this is not sent; the connection ends instead.
    pub(super) fn before_answering(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn refused(&self) -> Option<io::Error> {
        self.0
            .load(Ordering::Acquire)
            .then(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl Connected<IncomingStream<'_, Loopback>> for HangUp {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().hang_up.clone()
    }
}

/// One connection.
pub(super) struct Line {
    stream: TcpStream,
    hang_up: HangUp,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.hang_up.refused() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.hang_up.refused() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
