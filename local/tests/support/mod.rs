//! A function in the shape of a thread or a test: it speaks the Runtime API by hand, over plain TCP.

// Each test program uses its own part of this.
#![allow(dead_code)]

pub(crate) mod served;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

/// An HTTP answer.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    head: String,
    /// The body's text.
    pub(crate) body: String,
}

impl Answer {
    /// A header's value by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// Sends one request on a connection of its own and waits for the whole answer.
pub(crate) fn send(
    address: SocketAddr,
    line: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    // A server that refuses a body may close before it has read it all.
    let _ = stream.write_all(body);
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| io::Error::other(format!("no status in {head:?}")))?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// `GET next`.
pub(crate) fn next(address: SocketAddr) -> io::Result<Answer> {
    send(address, "GET /2018-06-01/runtime/invocation/next", "", b"")
}

/// `POST response` or `error` for an id.
pub(crate) fn post(address: SocketAddr, id: &str, what: &str, body: &[u8]) -> io::Result<Answer> {
    let line = format!("POST /2018-06-01/runtime/invocation/{id}/{what}");
    send(address, &line, "", body)
}
