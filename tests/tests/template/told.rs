//! The template's alarms over what passes really publish: its definitions, the real lines, and the embedded CloudWatch as judge.

use chrono::TimeDelta;
use clusterwarden_local::cloud::{Fault, Parameters, elasticache::GroupSpec};
use clusterwarden_tests::{
    SharedCloud,
    failovers::Failovers,
    fixture::{Fixture, scheduled},
    printed::{self, publication},
};
use serde_json::Value;

use crate::{alarms::alarms, template};

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

/// A drill once a day, whose objective no failover meets, and one test failover a day.
const DRILLED: &str = "version = 1\n[fleet]\ntest_failovers_per_day = 1\ntest_failover_reserve = 0\n[[failover_shard]]\n\
    replication_group = \"orders\"\napply = \"all\"\n[failover_shard.drill]\nevery_days = 1\ntime_zone = \"UTC\"\n\
    from = \"00:00\"\nto = \"24:00\"\nobjective_seconds = 1\n";

/// The fields of a Query request that say this, `name` before each.
fn fields(name: &str, value: &Value) -> String {
    match value {
        Value::Object(map) if map.contains_key("Fn::Sub") => {
            format!("&{name}={}", publication().namespace)
        }
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match name {
                "" => fields(key, value),
                _ => fields(&format!("{name}.{key}"), value),
            })
            .collect(),
        Value::Array(several) => (1..)
            .zip(several)
            .map(|(place, value)| fields(&format!("{name}.member.{place}"), value))
            .collect(),
        Value::String(text) => format!("&{name}={text}"),
        other => format!("&{name}={other}"),
    }
}

/// Creates the template's alarms on our own metrics, by their logical ids.
fn define(cloud: &SharedCloud, query: impl Fn(&str)) {
    let template = template();
    for (id, alarm) in alarms(&template) {
        let mut properties = alarm["Properties"].as_object().unwrap().clone();
        if properties.get("Namespace").is_some_and(Value::is_string) {
            // AWS's own, which no function publishes.
            continue;
        }
        properties.retain(|name, _| {
            !["AlarmDescription", "AlarmActions", "OKActions"].contains(&name.as_str())
        });
        query(&format!(
            "Action=PutMetricAlarm&AlarmName={id}{}",
            fields("", &properties.into())
        ));
    }
    assert!(cloud.lock().cloudwatch.alarms().count() > 8);
}

/// The alarms that are in ALARM, those on silence of functions that do not run here aside.
fn ringing(cloud: &SharedCloud) -> Vec<String> {
    let cloud = cloud.lock();
    let alarms = cloud.cloudwatch.all_alarms();
    let ringing = alarms.filter(|alarm| alarm.state.value.name() == "ALARM");
    let names = ringing.map(|alarm| alarm.definition.name.clone());
    names
        .filter(|name| {
            ["ReshardSilentAlarm", "FailoverShardSilentAlarm"].contains(&&**name)
                || !name.contains("Silent")
        })
        .collect()
}

/// Runs a pass, lets CloudWatch have its lines, and five minutes pass. Gives what rings then.
async fn reshard(world: &Fixture) -> Vec<String> {
    let printed = printed::reshard(&world.cloud, &world.policy, &scheduled()).await;
    printed.publish(&world.cloud);
    world.cloud.advance(5);
    ringing(&world.cloud)
}

async fn fail_over(world: &Failovers) -> Vec<String> {
    let printed = printed::failover_shard(&world.cloud, &world.policy, &scheduled()).await;
    printed.publish(&world.cloud);
    world.cloud.advance(5);
    ringing(&world.cloud)
}

fn without(mut ringing: Vec<String>, alarm: &str) -> Vec<String> {
    ringing.retain(|name| name != alarm);
    ringing
}

#[tokio::test]
async fn a_reshard_that_fails_rings_then_that_it_ended_unchanged_and_both_stop_ringing() {
    let world = Fixture::new(3);
    world.set_alarm("orders-hot", "OK");
    define(&world.cloud, |form| {
        let (status, text) = world.query("2010-08-01", form);
        assert_eq!(status, 200, "{form}: {text}");
    });
    let mut rang = Vec::new();
    for pass in 0..12 {
        world.carried(30, &[40.0], 40.0);
        if pass == 1 {
            world.carried(30, &[95.0], 40.0);
            world.cloud.lock().faults.push(RESHARD, Fault::LoseRequest);
        }
        let now = reshard(&world).await;
        // Not one of a function that does not run here.
        rang.push(without(now, "FailoverShardSilentAlarm"));
    }
    let rings = |alarm: &str| {
        let rings = rang
            .iter()
            .map(|names| names.iter().any(|name| name == alarm));
        rings.collect::<Vec<bool>>()
    };
    let (failed, incomplete) = (rings("ReshardFailedAlarm"), rings("ReshardIncompleteAlarm"));
    assert!(!failed[0] && failed[1], "{rang:?}");
    assert!(!incomplete[1], "its end is not seen yet: {rang:?}");
    assert!(incomplete.contains(&true), "{rang:?}");
    // Each is heard once, and not for good.
    for heard in [&failed, &incomplete] {
        let times = heard.windows(2).filter(|two| !two[0] && two[1]).count();
        assert_eq!(times, 1, "{rang:?}");
    }
    assert_eq!(rang.last(), Some(&Vec::new()), "{rang:?}");
}

#[tokio::test]
async fn silence_rings_after_fifteen_minutes_without_a_heartbeat_and_not_before() {
    let world = Fixture::new(3);
    define(&world.cloud, |form| {
        world.query("2010-08-01", form);
    });
    let is_silent = |ringing: &[String]| ringing.iter().any(|name| name == "ReshardSilentAlarm");
    for _ in 0..5 {
        assert!(!is_silent(&reshard(&world).await));
    }
    world.cloud.advance(7);
    assert!(!is_silent(&ringing(&world.cloud)), "twelve minutes");
    // Fifteen minutes, the period that was running, and the minutes that data take to arrive.
    world.cloud.advance(9);
    assert!(is_silent(&ringing(&world.cloud)), "twenty-one minutes");
    assert!(!is_silent(&reshard(&world).await), "it is heard again");
}

#[tokio::test]
async fn a_missed_drill_a_spent_budget_and_a_replacement_ring() {
    let world = Failovers::new(Parameters::default(), DRILLED);
    world.add_group(GroupSpec::default());
    world.cloud.advance(15);
    define(&world.cloud, |form| {
        world.query("2010-08-01", form);
    });
    let drilled = without(fail_over(&world).await, "ReshardSilentAlarm");
    assert_eq!(drilled, ["TestFailoverBudgetAlarm"]);
    let mut missed = Vec::new();
    for _ in 0..4 {
        missed.extend(fail_over(&world).await);
    }
    assert!(
        missed.contains(&"DrillMissedAlarm".to_owned()),
        "{missed:?}"
    );
    {
        let mut cloud = world.cloud.lock();
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        let (start, end) = (now + TimeDelta::days(1), now + TimeDelta::hours(25));
        let node = "orders-0001-001";
        let elasticache = &mut cloud.elasticache;
        assert!(elasticache.schedule_replacement(node, start, end, now, &parameters));
    }
    let replacement = "NodeReplacementScheduledAlarm".to_owned();
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(fail_over(&world).await.contains(&replacement));
    }
    // It goes on ringing while it is ahead: no flapping.
    assert!(told[1..].iter().all(|rings| *rings), "{told:?}");
}

#[tokio::test]
async fn a_failover_that_aws_refuses_rings() {
    let world = Failovers::new(Parameters::default(), DRILLED);
    world.add_group(GroupSpec::default());
    world.cloud.advance(15);
    define(&world.cloud, |form| {
        world.query("2010-08-01", form);
    });
    let refused = Fault::Error {
        status: 400,
        code: "APICallRateForCustomerExceeded".to_owned(),
        message: "no".to_owned(),
    };
    world.cloud.lock().faults.push("TestFailover", refused);
    let rang = fail_over(&world).await;
    assert!(rang.contains(&"FailoverFailedAlarm".to_owned()), "{rang:?}");
}
