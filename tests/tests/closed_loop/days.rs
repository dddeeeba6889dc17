//! The days of a world: trouble, then a load that stays, then quiet; and one wake after another.

use chrono::TimeDelta;
use clusterwarden::record::{Mode, Report};
use clusterwarden_local::cloud::workload::Demand;
use clusterwarden_tests::{
    fixture::scheduled,
    line::{Carried, Line},
};
use serde_json::{Value, json};

use crate::world::World;

/// Rounds of five minutes without a change after which none will come: longer than any cooldown and window drawn here.
const QUIET_ROUNDS: u32 = 15;

impl World {
    /// Six hours in which everything goes wrong that can.
    pub(crate) async fn live_through_trouble(&mut self) {
        for _ in 0..72 {
            for wake in self.pass_five_minutes() {
                self.make_trouble();
                self.wake(&wake, true).await;
            }
        }
        self.end_trouble();
    }

    /// A load over the target that stays: in bounded time there are enough shards for it, or as many as allowed.
    pub(crate) async fn meet_a_load_that_stays(&mut self) {
        let shards = f64::from(self.draw.from(self.rules.min..self.rules.max + 2));
        let demand = self.demand_for(shards, 1.05);
        self.cloud.lock().workload.load_mut("orders").demand = Demand {
            noise: 0.01,
            seed: self.seed,
            ..Demand::constant(demand)
        };
        self.note(format!("from now on {demand:.0} operations a second"));
        self.until_settled(1, |world| world.carries_its_load())
            .await;
    }

    /// A load that falls for good: in bounded time there are as few shards as the rule says.
    pub(crate) async fn meet_quiet_for_good(&mut self) {
        let before = self.count();
        let shards = f64::from(self.draw.from(1..self.rules.max + 1));
        let demand = self.demand_for(shards - 0.4, 0.75);
        self.cloud.lock().workload.load_mut("orders").demand = Demand {
            noise: 0.01,
            seed: self.seed,
            ..Demand::constant(demand)
        };
        self.note(format!(
            "from now on {demand:.0} operations a second, for good"
        ));
        self.directions.clear();
        self.until_settled(QUIET_ROUNDS, |world| {
            world.has_as_few_shards_as_the_rule_says()
        })
        .await;
        self.check_no_flapping();
        if self.count() < before.min(self.fewest(0.95)) {
            self.fail("the scale-in went further than the rule says");
        }
    }

    /// Passes without trouble until it is so, for at most two days: the longest backoff is four hours, and a step takes one.
    pub(crate) async fn until_settled(&mut self, rounds: u32, so: impl Fn(&Self) -> bool) {
        let mut still = 0;
        for _ in 0..576 {
            let changes = self.directions.len();
            for wake in self.pass_five_minutes() {
                self.wake(&wake, false).await;
            }
            // A change just begun does not show at once.
            let group = self.group();
            let moves = group.shards.iter().any(|shard| shard.migrating);
            let calm = !moves && group.status == "available" && self.directions.len() == changes;
            still = if calm && so(self) { still + 1 } else { 0 };
            if still >= rounds {
                return;
            }
        }
        self.fail("two days without trouble were not enough");
    }

    /// Lets time pass, and gives the wakes that fall due: the schedule's, and the alarms' actions.
    pub(crate) fn pass_five_minutes(&mut self) -> Vec<Value> {
        for _ in 0..5 {
            self.cloud.advance(1);
            self.check_minute();
            let now = self.now();
            let (back, down): (Vec<_>, Vec<_>) = std::mem::take(&mut self.down)
                .into_iter()
                .partition(|(_, until)| *until <= now);
            self.down = down;
            for (node, _) in back {
                self.cloud
                    .lock()
                    .elasticache
                    .set_node_status(&node, "available");
                self.note(format!("node {node} is back"));
            }
        }
        let sent = self.cloud.lock().take_deliveries();
        let alarms: Vec<Value> = sent
            .into_iter()
            .filter(|one| one.target.contains(":lambda:"))
            .map(|one| one.event)
            .collect();
        self.delivered.extend(alarms.iter().cloned());
        let mut wakes = alarms;
        wakes.push(scheduled());
        if self.draw.chance(5) {
            wakes.push(
                self.draw
                    .one(&[
                        json!({}),
                        json!([]),
                        json!(null),
                        json!("x"),
                        json!(7),
                        json!({"Records": [1]}),
                    ])
                    .clone(),
            );
        }
        if self.draw.chance(5) && !self.delivered.is_empty() {
            wakes.push(self.draw.one(&self.delivered).clone());
        }
        wakes
    }

    /// One wake: a pass, or two at once, undisturbed or not.
    pub(crate) async fn wake(&mut self, event: &Value, trouble: bool) {
        let forced = trouble && self.has_forced_status();
        let (mut plan, mut other) = (self.plan(trouble), None);
        if trouble && self.draw.chance(10) {
            other = Some(self.plan(false));
            plan.cut = None;
        }
        let line = Line::new(&self.cloud, plan);
        let run = |line: Line| {
            let (cloud, policy) = (self.cloud.clone(), self.policy.clone());
            async move { cloud.pass_over(&line, &policy, Mode::Apply, event).await }
        };
        let mut reports: Vec<(Option<Report>, Vec<Carried>)> = Vec::new();
        match other {
            None => {
                let report = run(line.clone()).await;
                reports.push((report, line.carried()));
            }
            Some(plan) => {
                let second = Line::new(&self.cloud, plan);
                let (one, two) = tokio::join!(run(line.clone()), run(second.clone()));
                reports.push((one, line.carried()));
                reports.push((two, second.carried()));
            }
        }
        let by_hand = self
            .by_hand
            .is_some_and(|at| self.now() - at < TimeDelta::minutes(2));
        let disturbed = line.changes_planned() || by_hand;
        let at_once = reports.len() > 1;
        for (report, carried) in reports {
            match &report {
                None => self.note("the pass was cut off"),
                Some(report) => {
                    let said: Vec<String> = report
                        .records
                        .iter()
                        .map(|record| {
                            let failure = record
                                .failure
                                .as_ref()
                                .map(|failure| failure.code.clone())
                                .unwrap_or_default();
                            format!(
                                "{:?} {} {failure}",
                                record.outcome, record.decision["sentence"]
                            )
                        })
                        .collect();
                    self.note(format!(
                        "{} {}",
                        said.join("; "),
                        report.failures.join("; ")
                    ));
                }
            }
            self.check_pass(report.as_ref(), &carried, forced && !at_once, disturbed);
        }
        self.check_minute();
        self.drop_faults();
    }
}
