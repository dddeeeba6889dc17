//! Tests with a plain TCP client, which sees a connection end.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::cloud::{Fault, Parameters};

fn cloud() -> Arc<Mutex<Cloud>> {
    let start = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    Arc::new(Mutex::new(Cloud::new(start, Parameters::default())))
}

/// Sends one Query request and returns everything that comes back before the connection ends.
async fn post(url: &str, body: &str) -> String {
    let address = url.trim_start_matches("http://").to_owned();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap()
}

const DESCRIBE: &str = "Action=DescribeReplicationGroups&Version=2015-02-02";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_with_virtual_time_and_counted() {
    let cloud = cloud();
    let server = CloudServer::start(Arc::clone(&cloud), 0).unwrap();
    let answer = post(&server.url, DESCRIBE).await;
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(
        answer.contains("date: Wed, 18 Nov 2026 11:06:40 GMT"),
        "{answer}"
    );
    assert_eq!(cloud.lock().unwrap().calls.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_ends_the_connection_without_a_byte() {
    let cloud = cloud();
    cloud
        .lock()
        .unwrap()
        .faults
        .push("DescribeReplicationGroups", Fault::LoseAnswer);
    let server = CloudServer::start(Arc::clone(&cloud), 0).unwrap();
    assert_eq!(post(&server.url, DESCRIBE).await, "");
    assert_ne!(post(&server.url, DESCRIBE).await, "");
    assert_eq!(cloud.lock().unwrap().calls.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_over_the_limit_is_refused_unread() {
    let cloud = cloud();
    let server = CloudServer::start(Arc::clone(&cloud), 0).unwrap();
    let address = server.url.trim_start_matches("http://").to_owned();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        BODY_LIMIT + 1
    );
    let status = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        String::from_utf8_lossy(&status).into_owned()
    })
    .await
    .unwrap();
    assert_eq!(status, "HTTP/1.1 413");
    assert!(cloud.lock().unwrap().calls.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let first = CloudServer::start(cloud(), 0).unwrap();
    let port: u16 = first.url.rsplit(':').next().unwrap().parse().unwrap();
    let error = CloudServer::start(cloud(), port).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let text = format!("port {port} on 127.0.0.1 is already in use");
    assert_eq!(error.to_string(), text);
    first.stop().await;
    CloudServer::start(cloud(), port).unwrap();
}

#[test]
fn a_server_outside_a_runtime_is_an_error_and_not_a_panic() {
    assert!(CloudServer::start(cloud(), 0).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clockwork_moves_the_clock_until_it_is_dropped() {
    let cloud = cloud();
    let start = cloud.lock().unwrap().now();
    let clockwork = Clockwork::start(Arc::clone(&cloud), 600.0);
    tokio::time::sleep(Duration::from_millis(350)).await;
    drop(clockwork);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopped = cloud.lock().unwrap().now();
    assert!(stopped - start > TimeDelta::seconds(30), "{stopped}");
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(cloud.lock().unwrap().now(), stopped);
}
