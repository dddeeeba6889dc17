//! Reads back what the services have: shard counts as any client would, by `DescribeReplicationGroups` over HTTP with the
//! answer parsed as XML, and what CloudWatch kept.

use std::{collections::BTreeMap, io};

use chrono::{DateTime, Utc};
use quick_xml::{Reader, events::Event};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::failure::DemoFailure;
use crate::cloud::{
    Cloud,
    cloudwatch::{
        Statistic,
        store::{MINUTE, Window},
    },
};

/// Where a group's id stands; member clusters have elements of the same name elsewhere.
const ID_PATH: [&str; 2] = ["ReplicationGroup", "ReplicationGroupId"];

/// The number of shards of every group, by id.
pub(super) async fn shard_counts(url: &str) -> Result<BTreeMap<String, u32>, DemoFailure> {
    let answer = post(url, "Action=DescribeReplicationGroups&Version=2015-02-02").await;
    answer
        .and_then(|xml| parse(&xml))
        .map_err(DemoFailure::ReadBack)
}

/// Keys that were evicted since a moment, all nodes together, as CloudWatch has it.
pub(super) fn evicted(cloud: &Cloud, since: DateTime<Utc>) -> f64 {
    let store = cloud.cloudwatch.store();
    let now = cloud.now().timestamp();
    let window = Window {
        from: since.timestamp(),
        to: now,
        visible_until: now,
    };
    let of_nodes = store.metrics().filter(|(metric, _)| {
        let names: Vec<&str> = metric
            .dimensions
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        metric.name == "Evictions" && names == ["CacheClusterId"]
    });
    of_nodes
        .flat_map(|(metric, _)| store.read(metric, None, window, MINUTE).into_values())
        .filter_map(|minute| minute.statistic(&Statistic::Sum))
        .sum()
}

/// Sends a form to `http://host:port` and returns the body of the answer. The connection serves one request, so that the
/// body ends where the connection does.
async fn post(url: &str, form: &str) -> io::Result<String> {
    let address = url.strip_prefix("http://").unwrap_or(url);
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len(),
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| malformed("no end of its head"))?;
    if head.starts_with("HTTP/1.1 200 ") {
        Ok(body.to_owned())
    } else {
        Err(malformed(head.lines().next().unwrap_or("an empty answer")))
    }
}

/// Counts the `NodeGroup` elements of each `ReplicationGroup`.
fn parse(xml: &str) -> io::Result<BTreeMap<String, u32>> {
    let mut reader = Reader::from_str(xml);
    let mut counts = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let (mut id, mut shards) = (String::new(), 0_u32);
    loop {
        match reader.read_event().map_err(io::Error::other)? {
            Event::Start(element) => {
                if element.name().as_ref() == "NodeGroup" && parent(&path) == "NodeGroups" {
                    shards += 1;
                }
                path.push(element.name().as_ref().to_owned());
            }
            Event::Text(text) if path.ends_with(&ID_PATH.map(str::to_owned)) => {
                id = text.to_string();
            }
            Event::End(element) => {
                path.pop();
                if element.name().as_ref() == "ReplicationGroup"
                    && parent(&path) == "ReplicationGroups"
                {
                    counts.insert(std::mem::take(&mut id), std::mem::take(&mut shards));
                }
            }
            Event::Eof if path.is_empty() => return Ok(counts),
            Event::Eof => return Err(malformed("it ends in the middle")),
            Event::Text(_)
            | Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn parent(path: &[String]) -> &str {
    path.last().map_or("", String::as_str)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("unexpected answer: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{
        cloud::{Cloud, Parameters, elasticache::GroupSpec},
        commands::demo::play::DAY,
        wire::http_server::CloudServer,
    };

    #[tokio::test]
    async fn shards_are_counted_from_the_served_answer() {
        let mut cloud = Cloud::new(DAY.start(), Parameters::default());
        for (id, shards) in [("orders", 3), ("sessions-eu", 1)] {
            cloud.elasticache.seed_group(
                GroupSpec {
                    id: id.to_owned(),
                    shards,
                    ..GroupSpec::default()
                },
                DAY.start(),
            );
        }
        let server = CloudServer::start(Arc::new(Mutex::new(cloud)), 0).unwrap();
        let counts = shard_counts(&server.url).await.unwrap();
        assert_eq!(
            counts,
            BTreeMap::from([("orders".to_owned(), 3), ("sessions-eu".to_owned(), 1)])
        );
    }

    #[test]
    fn half_an_answer_is_no_answer() {
        let half =
            "<A><ReplicationGroups><ReplicationGroup><ReplicationGroupId>x</ReplicationGroupId>";
        assert!(parse(half).is_err());
    }
}
