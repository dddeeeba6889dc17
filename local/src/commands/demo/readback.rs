//! Reads back what the services have: shard counts as any client would, by `DescribeReplicationGroups` over HTTP with the
//! answer parsed as XML, and what CloudWatch kept.

use std::{collections::BTreeMap, io};

use chrono::{DateTime, Utc};
use quick_xml::{Reader, events::Event};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{failovers::Reported, failure::DemoFailure, measured::Told};
use crate::cloud::{
    Call, Cloud,
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

/// What the services say of failovers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Services {
    /// By reported drill, in order.
    pub(super) told: Vec<Told>,
    /// Every call that asks for a failover, also those that were refused, in order.
    pub(super) sent: Vec<Sent>,
}

/// A call that asked for a failover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// The operation.
    pub(super) operation: String,
    /// The group or cluster; empty if the call named none.
    pub(super) target: String,
}

/// Every call that asked for a failover.
pub(super) fn sent(cloud: &Cloud) -> Vec<Sent> {
    let sent = |call: &Call| {
        let target = match call.operation.as_str() {
            "TestFailover" => "ReplicationGroupId",
            "FailoverDBCluster" => "DBClusterIdentifier",
            _ => return None,
        };
        let target = call.parameters.get(target).and_then(|id| id.as_str());
        Some(Sent {
            operation: call.operation.clone(),
            target: target.unwrap_or_default().to_owned(),
        })
    };
    cloud.calls.iter().filter_map(sent).collect()
}

/// What ElastiCache's events of the last day say of reported drills of shards.
pub(super) async fn told(url: &str, drills: &[Reported]) -> Result<Vec<Told>, DemoFailure> {
    let mut all = Vec::new();
    for drill in drills {
        let of_group = events(url, "replication-group", &drill.target).await;
        let of_node = events(url, "cache-cluster", &drill.report.from).await;
        let (of_group, of_node) = (
            of_group.map_err(DemoFailure::ReadBack)?,
            of_node.map_err(DemoFailure::ReadBack)?,
        );
        all.push(told_of(drill, &of_group, &of_node));
    }
    Ok(all)
}

/// What these events, oldest first, say of a drill: of all calls for its shard it is the one nearest to the report.
fn told_of(drill: &Reported, of_group: &[Happened], of_node: &[Happened]) -> Told {
    let report = &drill.report;
    let called = format!("Test Failover API called for node group {}", report.unit);
    let calls = of_group.iter().filter(|(_, message)| *message == called);
    let Some((call, _)) = calls.min_by_key(|(at, _)| (*at - report.accepted).abs()) else {
        return Told::default();
    };
    let after = |events: &[Happened], begins: &str| {
        let mut events = events.iter();
        events
            .find(|(at, message)| at >= call && message.starts_with(begins))
            .cloned()
    };
    let completed = after(of_group, "Failover ").and_then(|(at, message)| {
        let to = message.split("replica node ").nth(1)?;
        Some((at, to.strip_suffix(" completed")?.to_owned()))
    });
    Told {
        called: Some(*call),
        completed,
        recovery_started: after(of_node, "Recovering cache nodes").map(|(at, _)| at),
        recovery_finished: after(of_node, "Finished recovery for cache nodes").map(|(at, _)| at),
    }
}

/// When something happened, and the service's words.
type Happened = (DateTime<Utc>, String);

/// The events of the last day about one source, oldest first.
async fn events(url: &str, source_type: &str, id: &str) -> io::Result<Vec<Happened>> {
    let form = format!(
        "Action=DescribeEvents&Version=2015-02-02&SourceType={source_type}&SourceIdentifier={id}&Duration=1440"
    );
    let mut events = parse_events(&post(url, &form).await?)?;
    events.sort();
    Ok(events)
}

/// The `Date` and the `Message` of each `Event`.
fn parse_events(xml: &str) -> io::Result<Vec<Happened>> {
    let mut reader = Reader::from_str(xml);
    let mut events = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let (mut message, mut date) = (String::new(), String::new());
    loop {
        match reader.read_event().map_err(io::Error::other)? {
            Event::Start(element) => path.push(element.name().as_ref().to_owned()),
            Event::Text(text) => match parent(&path) {
                "Message" => message.push_str(&text),
                "Date" => date.push_str(&text),
                "Marker" => return Err(malformed("more than one page")),
                _ => {}
            },
            Event::End(element) => {
                path.pop();
                if element.name().as_ref() == "Event" {
                    let at = std::mem::take(&mut date).parse();
                    let at = at.map_err(|_| malformed("a date"))?;
                    events.push((at, std::mem::take(&mut message)));
                }
            }
            Event::Eof if path.is_empty() => return Ok(events),
            Event::Eof => return Err(malformed("it ends in the middle")),
            Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
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
        commands::demo::{
            fixture::{at, drill_report},
            function::Job,
            play::DAY,
        },
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

    #[tokio::test]
    async fn a_drill_is_told_by_the_services_words_in_each_wording() {
        for wording in crate::cloud::FailoverWording::ALL {
            let parameters = Parameters {
                failover_wording: wording,
                ..Parameters::default()
            };
            let mut cloud = Cloud::new(at(14, 4), parameters.clone());
            let spec = GroupSpec {
                id: "catalog".to_owned(),
                ..GroupSpec::default()
            };
            cloud.elasticache.seed_group(spec, at(14, 4));
            cloud.advance_to(at(14, 5));
            let asked = cloud
                .elasticache
                .test_failover("catalog", "0001", at(14, 5), &parameters);
            asked.unwrap();
            cloud.advance_to(at(14, 30));
            let server = CloudServer::start(Arc::new(Mutex::new(cloud)), 0).unwrap();
            let reported = Reported {
                at: at(14, 20),
                job: Job::FailoverShard,
                target: "catalog".to_owned(),
                report: drill_report(),
            };
            let told = told(&server.url, &[reported]).await.unwrap();
            let after = |seconds| at(14, 5) + chrono::TimeDelta::seconds(seconds);
            assert_eq!(
                told,
                [Told {
                    called: Some(at(14, 5)),
                    completed: Some((after(63), "catalog-0001-002".to_owned())),
                    recovery_started: Some(after(146)),
                    recovery_finished: Some(after(764)),
                }],
                "{wording:?}"
            );
        }
    }

    #[test]
    fn half_an_answer_is_no_answer() {
        let half =
            "<A><ReplicationGroups><ReplicationGroup><ReplicationGroupId>x</ReplicationGroupId>";
        assert!(parse(half).is_err());
    }
}
