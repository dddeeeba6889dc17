//! Starts that happen twice: random wakes, duplicates, copies at once, crashes, lost answers and late events. Whatever happens,
//! no group and no cluster is failed over within its cooldown, by the embedded services' own logs, and the account's quota of test
//! failovers is never exceeded.
//!
//! `CLUSTERWARDEN_RUNS=500` tries more sequences.

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::record::Mode;
use clusterwarden_local::cloud::{
    Call, Fault,
    elasticache::{ClusterMode, GroupSpec, Quotas},
    neptune::{DbClusterSpec, DbInstanceSpec},
};
use clusterwarden_tests::{
    draw::Draw,
    failovers::{Failovers, Function, Told},
    fixture::scheduled,
    line::{Cut, Line, Plan},
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// As many as run in a debug build in well under a minute.
const RUNS: u32 = 8;

/// The calls that fail over, with their function.
const CALLS: [(Function, &str); 3] = [
    (Function::Shard, "TestFailover"),
    (Function::DbCluster, "FailoverDBCluster"),
    (Function::Promote, "ModifyReplicationGroup"),
];

/// Calls that go wrong now and then.
const FRAGILE: [&str; 9] = [
    "TestFailover",
    "FailoverDBCluster",
    "ModifyReplicationGroup",
    "PutItem",
    "PutItem",
    "BatchGetItem",
    "DescribeEvents",
    "GetMetricData",
    "DescribeDBClusters",
];

/// Alarms with what they watch.
const ALARMS: [(&str, &[(&str, &str)]); 5] = [
    ("orders-sick", &[("CacheClusterId", "orders-0001-001")]),
    ("carts-sick", &[("CacheClusterId", "carts-0001-002")]),
    (
        "graph-sick",
        &[("DBClusterIdentifier", "graph"), ("Role", "WRITER")],
    ),
    ("web-sick", &[("DBInstanceIdentifier", "web-w")]),
    ("plain-sick", &[("CacheClusterId", "plain-001")]),
];

/// Why a function wakes.
#[derive(Debug, Clone)]
enum Wake {
    Schedule(usize),
    /// A person asks to leave the primary or writer there is, or that there was at first.
    Request {
        of: usize,
        stale: bool,
    },
}

#[derive(Debug, Clone)]
enum Step {
    Minutes(u8),
    Day,
    Wake(Wake),
    /// A duplicate, right after the first.
    Again(Wake),
    /// Two copies at once, whose calls interleave by the seed.
    AtOnce(Wake, Wake, u64),
    /// A crash right after the call, or at the call of this number, before or after AWS has served it.
    CrashAfterTheCall(Wake),
    Crash {
        wake: Wake,
        number: usize,
        served: bool,
    },
    Fault {
        operation: usize,
        kind: usize,
    },
    Alarm {
        which: usize,
        on: bool,
    },
    /// A host breaks, and the service fails over by itself.
    Breaks(usize),
}

fn wake() -> impl Strategy<Value = Wake> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Wake::Schedule),
        1 => (0..4_usize, any::<bool>()).prop_map(|(of, stale)| Wake::Request { of, stale }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..25_u8).prop_map(Step::Minutes),
        1 => Just(Step::Day),
        4 => wake().prop_map(Step::Wake),
        1 => wake().prop_map(Step::Again),
        2 => (wake(), wake(), any::<u64>()).prop_map(|(one, other, seed)| Step::AtOnce(one, other, seed)),
        2 => wake().prop_map(Step::CrashAfterTheCall),
        2 => (wake(), 0..30_usize, any::<bool>()).prop_map(|(wake, number, served)| Step::Crash { wake, number, served }),
        2 => (0..FRAGILE.len(), 0..5_usize).prop_map(|(operation, kind)| Step::Fault { operation, kind }),
        2 => (0..ALARMS.len(), any::<bool>()).prop_map(|(which, on)| Step::Alarm { which, on }),
        1 => (0..4_usize).prop_map(Step::Breaks),
    ]
}

/// One drawn account.
struct World {
    inner: Failovers,
    cooldown: TimeDelta,
    quota: usize,
    reserve: usize,
    people_ask: bool,
}

impl World {
    fn draw(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let parameters = draw.parameters();
        let cooldown = *draw.one(&[10_u32, 15, 30, 60]);
        let quota = draw.from(2..16);
        let reserve = draw.below(quota);
        let policy = policy(cooldown, quota, reserve, draw.from(1..4));
        let world = Self {
            inner: Failovers::new(parameters, &policy),
            cooldown: TimeDelta::minutes(i64::from(cooldown)),
            quota: usize::try_from(quota).expect("small"),
            reserve: usize::try_from(reserve).expect("small"),
            people_ask: draw.chance(50),
        };
        world.furnish();
        world
    }

    fn furnish(&self) {
        for (id, shards, replicas) in [("orders", 2, 1), ("carts", 1, 2)] {
            self.inner.add_group(GroupSpec {
                id: id.to_owned(),
                shards,
                replicas_per_shard: replicas,
                ..GroupSpec::default()
            });
        }
        self.inner.add_group(GroupSpec {
            id: "plain".to_owned(),
            shards: 1,
            replicas_per_shard: 2,
            cluster_mode: ClusterMode::Disabled,
            automatic_failover: false,
            multi_az: false,
            ..GroupSpec::default()
        });
        self.inner.add_cluster(DbClusterSpec::default());
        self.inner.add_cluster(DbClusterSpec {
            id: "web".to_owned(),
            instances: ["w", "r"]
                .map(|role| {
                    DbInstanceSpec::new(&format!("web-{role}"), "db.r6g.large", "us-east-1a", 1)
                })
                .to_vec(),
            ..DbClusterSpec::default()
        });
        for (name, dimensions) in ALARMS {
            self.inner.add_alarm(name, dimensions);
        }
        self.inner.cloud.lock().elasticache.set_quotas(Quotas {
            failovers_per_day: self.quota,
            ..Quotas::default()
        });
        self.inner.cloud.advance(15);
    }

    fn event(&self, wake: &Wake) -> (Function, Value) {
        let (of, stale) = match wake {
            Wake::Request { of, stale } if self.people_ask => (*of, *stale),
            Wake::Schedule(which) | Wake::Request { of: which, .. } => {
                return (CALLS[which % 3].0, scheduled());
            }
        };
        let expires = self.inner.now() + TimeDelta::minutes(30);
        let of_shard = |group: &str, shard: &str| {
            let first = format!("{group}-{shard}-001");
            let from = if stale {
                first
            } else {
                self.inner.primary(group, shard).id
            };
            json!({ "replication_group": group, "shard": shard, "from": from })
        };
        let (function, mut body) = match of {
            0 => (Function::Shard, of_shard("orders", "0001")),
            1 => (Function::Shard, of_shard("orders", "0002")),
            2 => {
                let from = if stale {
                    "graph-w".to_owned()
                } else {
                    self.inner.writer("graph")
                };
                (
                    Function::DbCluster,
                    json!({ "db_cluster": "graph", "from": from }),
                )
            }
            _ => {
                let first = "plain-001".to_owned();
                let from = if stale {
                    first
                } else {
                    self.inner.primary("plain", "0001").id
                };
                (
                    Function::Promote,
                    json!({ "replication_group": "plain", "from": from }),
                )
            }
        };
        body["reason"] = json!("because");
        body["expires"] = json!(expires.to_rfc3339());
        (function, json!({ "request": { "failover": body } }))
    }

    async fn run(&self, wake: &Wake, plan: Plan) {
        let (function, event) = self.event(wake);
        let line = Line::new(&self.inner.cloud, plan);
        self.inner
            .pass_over(&line, function, Mode::Apply, &event)
            .await;
    }

    async fn carry_out(&self, step: &Step) {
        match step {
            Step::Minutes(minutes) => self.inner.cloud.advance(i64::from(*minutes)),
            Step::Day => self.inner.skip_hours(23),
            Step::Wake(wake) => self.run(wake, Plan::default()).await,
            Step::Again(wake) => {
                self.run(wake, Plan::default()).await;
                self.run(wake, Plan::default()).await;
            }
            Step::AtOnce(one, other, seed) => {
                let plan = |seed: u64| Plan {
                    seed,
                    ..Plan::default()
                };
                tokio::join!(
                    self.run(one, plan(*seed)),
                    self.run(other, plan(seed.wrapping_add(1)))
                );
            }
            Step::CrashAfterTheCall(wake) => {
                let (function, _) = self.event(wake);
                let call = CALLS
                    .iter()
                    .find(|(one, _)| *one == function)
                    .expect("a call")
                    .1;
                let plan = Plan {
                    cut: Some(Cut::After(call)),
                    ..Plan::default()
                };
                self.run(wake, plan).await;
            }
            Step::Crash {
                wake,
                number,
                served,
            } => {
                let cut = Cut::Call {
                    number: *number,
                    served: *served,
                };
                self.run(
                    wake,
                    Plan {
                        cut: Some(cut),
                        ..Plan::default()
                    },
                )
                .await;
            }
            Step::Fault { operation, kind } => {
                let error = |status: u16, code: &str| Fault::Error {
                    status,
                    code: code.to_owned(),
                    message: "trouble".to_owned(),
                };
                let fault = match kind {
                    0 => Fault::LoseAnswer,
                    1 => Fault::LoseRequest,
                    2 => error(400, "Throttling"),
                    3 => error(500, "InternalFailure"),
                    _ => error(400, "ConditionalCheckFailedException"),
                };
                self.inner
                    .cloud
                    .lock()
                    .faults
                    .push(FRAGILE[*operation], fault);
            }
            Step::Alarm { which, on } => {
                self.inner
                    .set_alarm(ALARMS[*which].0, if *on { "ALARM" } else { "OK" });
            }
            Step::Breaks(which) => self.break_one(*which),
        }
    }

    fn break_one(&self, which: usize) {
        let mut cloud = self.inner.cloud.lock();
        let now = cloud.now();
        match which {
            0 => cloud.elasticache.fail_primary("orders", "0001", now),
            1 => cloud.elasticache.fail_primary("carts", "0001", now),
            2 => cloud.neptune.fail_writer("graph", now),
            _ => cloud.neptune.fail_writer("web", now),
        };
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let told = self.inner.told().await;
        for group in ["orders", "carts"] {
            let happened = times(&told, group, "to replica node");
            let called = times(&told, group, "Test Failover API called");
            self.check_apart(group, &called, &happened)?;
        }
        for cluster in ["graph", "web"] {
            let happened = times(&told, cluster, "Completed");
            let called = self.accepted("FailoverDBCluster", "DBClusterIdentifier", cluster);
            self.check_apart(cluster, &called, &happened)?;
        }
        let called = self.accepted("ModifyReplicationGroup", "ReplicationGroupId", "plain");
        // A promotion takes a minute.
        let happened: Vec<_> = called
            .iter()
            .map(|at| *at + TimeDelta::minutes(1))
            .collect();
        self.check_apart("plain", &called, &happened)?;
        self.check_budget()
    }

    /// The times of our calls about a target that the service carried out, whether or not the answer got through.
    fn accepted(&self, operation: &str, key: &str, id: &str) -> Vec<DateTime<Utc>> {
        let calls = self.inner.calls(operation).into_iter();
        let ours = calls.filter(|call| call.parameters[key] == id && call.error_code.is_none());
        // A lost request is counted as well: nothing here tells it from a lost answer.
        ours.map(|call| call.at).collect()
    }

    /// No call of ours within the cooldown after a failover, whoever caused it, or after another call.
    fn check_apart(
        &self,
        target: &str,
        called: &[DateTime<Utc>],
        happened: &[DateTime<Utc>],
    ) -> Result<(), TestCaseError> {
        for call in called {
            for before in happened.iter().chain(called).filter(|at| *at < call) {
                prop_assert!(
                    *call - *before >= self.cooldown,
                    "{target} was failed over at {before}, and a call at {call} came within {}",
                    self.cooldown
                );
            }
        }
        Ok(())
    }

    /// Every call counts here, also one that was refused or lost; the reserve is for people.
    fn check_budget(&self) -> Result<(), TestCaseError> {
        let calls: Vec<Call> = self.inner.calls("TestFailover");
        let limit = if self.people_ask {
            self.quota
        } else {
            self.quota - self.reserve
        };
        for call in &calls {
            prop_assert_ne!(
                call.error_code.as_deref(),
                Some("APICallRateForCustomerExceeded")
            );
            let within_a_day = calls
                .iter()
                .filter(|one| one.at <= call.at && call.at - one.at < TimeDelta::hours(24));
            let count = within_a_day.count();
            prop_assert!(
                count <= limit,
                "{count} calls in a day, {limit} allowed: {calls:?}"
            );
        }
        Ok(())
    }
}

/// The times of a target's own events with these words.
fn times(told: &[Told], source: &str, part: &str) -> Vec<DateTime<Utc>> {
    let of_source = told.iter().filter(|one| one.source == source);
    let wanted = of_source.filter(|one| one.message.contains(part));
    wanted.map(|one| one.at).collect()
}

fn policy(cooldown: u32, quota: u32, reserve: u32, per_pass: u32) -> String {
    let drill = "every_days = 1\ntime_zone = \"UTC\"\nfrom = \"00:00\"\nto = \"24:00\"\n";
    format!(
        "version = 1\n[fleet]\nmax_failovers_per_pass = {per_pass}\ntest_failovers_per_day = {quota}\ntest_failover_reserve = {reserve}\n\
         [[failover_shard]]\nreplication_group = \"orders\"\napply = \"all\"\ncooldown_minutes = {cooldown}\nstale_after_minutes = 15\n\
         alarms.evacuate = [\"orders-sick\"]\n[failover_shard.drill]\n{drill}\
         [[failover_shard]]\nreplication_group = \"carts\"\napply = \"all\"\ncooldown_minutes = {cooldown}\nstale_after_minutes = 15\n\
         alarms.evacuate = [\"carts-sick\"]\n[failover_shard.drill]\n{drill}\
         [[failover_db_cluster]]\ndb_cluster = \"graph\"\napply = \"all\"\ncooldown_minutes = {cooldown}\nstale_after_minutes = 15\n\
         alarms.evacuate = [\"graph-sick\"]\n[failover_db_cluster.drill]\n{drill}\
         [[failover_db_cluster]]\ndb_cluster = \"web\"\napply = \"all\"\ncooldown_minutes = {cooldown}\nstale_after_minutes = 15\n\
         alarms.evacuate = [\"web-sick\"]\n[failover_db_cluster.drill]\n{drill}\
         [[promote_replica]]\nreplication_group = \"plain\"\napply = \"all\"\ncooldown_minutes = {cooldown}\nstale_after_minutes = 15\n\
         alarms.evacuate = [\"plain-sick\"]\n"
    )
}

/// Whether a sequence led to a failover at all, so that the property says something.
async fn live(seed: u64, steps: &[Step]) -> Result<usize, TestCaseError> {
    let world = World::draw(seed);
    // The schedule has looked at everything before trouble begins.
    for which in 0..3 {
        world.run(&Wake::Schedule(which), Plan::default()).await;
    }
    for step in steps {
        world.carry_out(step).await;
    }
    world.check().await?;
    Ok(world.inner.changes().len())
}

#[expect(clippy::disallowed_methods, reason = "a person asks for more runs")]
fn runs() -> u32 {
    let asked = std::env::var("CLUSTERWARDEN_RUNS").ok();
    asked.map_or(RUNS, |text| text.parse().expect("a whole number"))
}

#[test]
fn no_sequence_of_wakes_and_crashes_fails_over_within_the_cooldown_or_beyond_the_quota() {
    let config = ProptestConfig {
        cases: runs(),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let sequences = (any::<u64>(), prop::collection::vec(step(), 20..40));
    let sent = std::cell::Cell::new(0);
    let outcome = runner.run(&sequences, |(seed, steps)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let lived = runtime.expect("a runtime").block_on(live(seed, &steps));
        // Said at once: a smaller sequence takes minutes to find.
        let calls = lived.inspect_err(|failure| eprintln!("seed {seed}: {failure}"))?;
        sent.set(sent.get() + calls);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(sent.get() > 3, "only {} failovers were tried", sent.get());
}
