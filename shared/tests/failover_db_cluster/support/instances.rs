//! Instances in words.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clusterwarden::{
    cluster::{InstanceId, Status},
    db_cluster::Member,
    failover::Sample,
};

use super::{CLUSTER, at, said};

type Instance = (Member, Option<(InstanceId, Sample<f64>)>);

/// The usual instances, changed and joined by what is said: `writer`, `reader`, `role unsaid`, `tier 3`, `lag 1500`, `lag 40 @-12`,
/// `class db.r6g.large`, `zone c`, `status modifying`, `gone`; the word `unsaid` in place of a value is none.
pub(super) fn read(differs: &BTreeMap<String, String>, now: DateTime<Utc>) -> Vec<Instance> {
    let usual = [
        ("w", "writer, tier 0, zone a, lag unsaid"),
        ("r1", "tier 1, zone b"),
        ("r2", "tier 2, zone c"),
    ];
    let mut words: BTreeMap<&str, Vec<&str>> = usual
        .into_iter()
        .map(|(name, text)| (name, text.split(", ").collect()))
        .collect();
    for (name, text) in differs {
        words.entry(name).or_default().extend(text.split(", "));
    }
    words
        .into_iter()
        .filter(|(_, words)| !words.contains(&"gone"))
        .map(|(name, words)| instance(name, &words, now))
        .collect()
}

fn instance(name: &str, words: &[&str], now: DateTime<Utc>) -> Instance {
    let mut member = Member {
        id: InstanceId::new(&format!("{CLUSTER}-{name}")),
        is_writer: Some(false),
        promotion_tier: Some(1),
        status: Status::Available,
        class: Some("db.r6g.2xlarge".to_owned()),
        availability_zone: Some("us-east-1b".to_owned()),
    };
    let mut lag = Some((at("@-2", now), 40.0));
    for word in words {
        match word.split(' ').collect::<Vec<_>>().as_slice() {
            ["writer"] => member.is_writer = Some(true),
            ["reader"] => member.is_writer = Some(false),
            ["role", "unsaid"] => member.is_writer = None,
            ["tier", tier] => member.promotion_tier = said(tier).map(|tier| tier.parse().unwrap()),
            ["class", class] => member.class = said(class).map(str::to_owned),
            ["zone", zone] => {
                member.availability_zone = said(zone).map(|zone| format!("us-east-1{zone}"));
            }
            ["status", status] => member.status = Status::read(said(status)),
            ["lag", millis] => {
                lag = said(millis).map(|millis| (at("@-2", now), millis.parse().unwrap()));
            }
            ["lag", millis, time] => lag = Some((at(time, now), millis.parse().unwrap())),
            other => panic!("an instance has no {other:?}"),
        }
    }
    let id = member.id.clone();
    (
        member,
        lag.map(|(time, millis)| (id, (time, millis / 1000.0))),
    )
}
