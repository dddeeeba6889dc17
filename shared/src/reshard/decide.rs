//! The decision: preconditions, demand, bounds and pace, and for a scale-in the proof that it is safe.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    Demand, Evidence, Hold, KeptShard, Measure, Need, Observation,
    demand::{Low, alarms_are_known, demand, low_enough, low_window, measures, shards_needed},
    drain::shards_to_drain,
    guards::{
        require_below_cpu_gate, require_calm, require_changeable, require_clear_of_backup,
        require_cooled_down, require_quiet_after_change,
    },
    headroom::require_room,
    skew::{Skewed, needed_by_the_rest, not_cooled, rebalanced, skewed, slots_are_uneven},
    words::bytes,
    zones::zones_after_growth,
};
use crate::{
    checks::{Guard, Guards, Input},
    cluster::{Group, ReplicationGroupId, ShardId},
    journal::HotShard,
    load::delta,
    policy::ReshardPolicy,
};

/// What to do about one replication group now.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Send exactly this request.
    Reshard(Reshard),
    /// Do nothing, for this reason.
    Hold(Hold),
}

/// One `ModifyReplicationGroupShardConfiguration` request, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshard {
    /// The group.
    pub group: ReplicationGroupId,
    /// Shards now.
    pub from: u32,
    /// Shards afterwards; equal to `from` for a rebalance.
    pub to: u32,
    /// Shards to drain and remove; empty unless `to` is less than `from`.
    pub remove: Vec<ShardId>,
    /// Availability Zones of every shard afterwards, the present ones first; empty: AWS chooses.
    pub zones: Vec<Vec<String>>,
}

/// A decision with everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What to do.
    pub decision: Decision,
    /// Why, in one sentence with the numbers.
    pub sentence: String,
    /// What load and alarms ask for.
    pub demand: Demand,
    /// Every check made, in order.
    pub guards: Vec<Guard>,
    /// Every input with its value and age.
    pub inputs: Vec<Input>,
    /// For a scale-in, what each shard that stays would receive.
    pub kept: Vec<KeptShard>,
    /// Whether the decision would look further if it had the nodes' evidence.
    pub wants_evidence: bool,
    /// The shard that is hotter than the others, to be remembered with the attempt.
    pub hot: Option<HotShard>,
}

impl Reshard {
    /// `scale_out`, `scale_in` or `rebalance`.
    pub fn kind(&self) -> &'static str {
        match self.to.cmp(&self.from) {
            std::cmp::Ordering::Greater => "scale_out",
            std::cmp::Ordering::Less => "scale_in",
            std::cmp::Ordering::Equal => "rebalance",
        }
    }

    /// The request as the API spells it: what is previewed is what is sent.
    pub fn request(&self) -> Value {
        let mut parameters = json!({
            "ReplicationGroupId": self.group,
            "NodeGroupCount": self.to,
            "ApplyImmediately": true,
        });
        if let (false, Some(map)) = (self.remove.is_empty(), parameters.as_object_mut()) {
            map.insert("NodeGroupsToRemove".to_owned(), json!(self.remove));
        }
        if let (false, Some(map)) = (self.zones.is_empty(), parameters.as_object_mut()) {
            let zones = self
                .zones
                .iter()
                .map(|zones| json!({ "PreferredAvailabilityZones": zones }));
            map.insert("ReshardingConfiguration".to_owned(), zones.collect());
        }
        json!({ "operation": "ModifyReplicationGroupShardConfiguration", "parameters": parameters })
    }
}

/// Decides about one group from what was seen of it. The same arguments always give the same verdict.
pub fn decide(policy: &ReshardPolicy, seen: &Observation) -> Verdict {
    let mut work = Work {
        policy,
        seen,
        guards: Guards::default(),
        demand: Demand::default(),
        kept: Vec::new(),
        hot: None,
    };
    let mut wants_evidence = false;
    let (decision, sentence) = match work.decide() {
        Ok((reshard, sentence)) => (Decision::Reshard(reshard), sentence),
        Err(Refusal::Hold(hold)) => (Decision::Hold(hold.clone()), hold.to_string()),
        Err(Refusal::EvidenceWanted) => {
            wants_evidence = true;
            let hold = Hold::EvidenceMissing("the memory of the nodes".to_owned());
            (Decision::Hold(hold.clone()), hold.to_string())
        }
    };
    let inputs = inputs(policy, seen, &work.demand);
    Verdict {
        decision,
        sentence,
        demand: work.demand,
        guards: work.guards.0,
        inputs,
        kept: work.kept,
        wants_evidence,
        hot: work.hot,
    }
}

/// Why there is no change.
enum Refusal {
    Hold(Hold),
    /// Everything that is known allows a scale-in; the nodes have not been looked at.
    EvidenceWanted,
}

impl From<Hold> for Refusal {
    fn from(hold: Hold) -> Self {
        Self::Hold(hold)
    }
}

/// One decision in progress.
struct Work<'a> {
    policy: &'a ReshardPolicy,
    seen: &'a Observation,
    guards: Guards,
    demand: Demand,
    kept: Vec<KeptShard>,
    hot: Option<HotShard>,
}

impl Work<'_> {
    fn decide(&mut self) -> Result<(Reshard, String), Refusal> {
        let group = require_changeable(self.policy, self.seen, &mut self.guards)?;
        self.demand = demand(self.policy, group, self.seen);
        let shards = group.shard_count();
        if let Some(change) = self.even_out(group)? {
            return Ok(change);
        }
        if self.demand.wanted(shards) > shards {
            return self.scale_out(group).map_err(Refusal::Hold);
        }
        // With no measure at all (alarms only) there is nothing that could be silent, and nothing that could shrink.
        let measured = !measures(self.policy).is_empty();
        if measured && !self.demand.knows_load() {
            return Err(self.silent(missing_shards(&self.demand)).into());
        }
        self.scale_in(group)
    }

    /// What to do about a shard that is hotter than the others: a rebalance, a hold, or (`None`) what demand asks for,
    /// which then asks for a shard more. A rebalance comes before the hold: a growth that left slots uneven has not shown
    /// that the shard cannot be cooled.
    fn even_out(&mut self, group: &Group) -> Result<Option<(Reshard, String)>, Hold> {
        let (policy, seen, shards) = (self.policy, self.seen, group.shard_count());
        let demand = self.demand.clone();
        let Some(skewed) = skewed(&policy.skew, &demand) else {
            return Ok(None);
        };
        self.hot = Some(HotShard {
            shard: skewed.shard.clone(),
            load: skewed.load,
        });
        let measure = skewed.need.measure;
        let others = demand
            .needs
            .iter()
            .filter(|need| need.measure != measure)
            .map(|need| need.shards);
        let scheduled = demand.calendar.as_ref().map_or(0, |(_, least)| *least);
        let rest = others
            .chain([needed_by_the_rest(&skewed), scheduled])
            .max()
            .unwrap_or(0);
        let before = not_cooled(&seen.journal, &skewed, seen.at).filter(|_| rest <= shards);
        let grows = demand.wanted(shards) > shards && before.is_none();
        let may_move = policy.skew.rebalance
            && slots_are_uneven(&policy.skew, group, &seen.journal, seen.at)
            && alarms_are_known(policy, seen);
        if let (false, true, Some(after)) = (grows, may_move, rebalanced(group, &demand, &skewed)) {
            return self.rebalance(group, &skewed, after).map(Some);
        }
        let saw = format!(
            "{measure} of shard {} {:.0} %, mean {:.0} %",
            skewed.shard, skewed.load, skewed.mean
        );
        self.guards
            .require("growth_cools", before.is_none(), saw, || Hold::HotShard {
                measure,
                shard: skewed.shard.clone(),
                load: skewed.load,
                before: before.unwrap_or_default(),
                mean: skewed.mean,
            })?;
        if !grows {
            self.demand.hot = Some(skewed.shard.clone());
        }
        Ok(None)
    }

    fn rebalance(
        &mut self,
        group: &Group,
        skewed: &Skewed<'_>,
        after: f64,
    ) -> Result<(Reshard, String), Hold> {
        let (policy, shards) = (self.policy, group.shard_count());
        require_clear_of_backup(group, self.seen.at, &mut self.guards)?;
        require_cooled_down(policy.scale_out, false, self.seen, &mut self.guards)?;
        require_quiet_after_change(policy, false, self.seen, &mut self.guards)?;
        require_below_cpu_gate(policy, group, &self.demand, &mut self.guards)?;
        let Skewed {
            need,
            shard,
            load,
            mean,
        } = skewed;
        let sentence = format!(
            "rebalance {shards} shards: {} of shard {shard} is {load:.0} % where the mean is {mean:.0} %, and would be {after:.0} % \
             with even slots",
            need.measure
        );
        let reshard = Reshard {
            group: group.id.clone(),
            from: shards,
            to: shards,
            remove: Vec::new(),
            zones: Vec::new(),
        };
        Ok((reshard, sentence))
    }

    /// Why nothing is known of the load: just after a change that is to be expected, at any other time it is not.
    fn silent(&self, missing: String) -> Hold {
        let expected = delta(self.policy.window + self.policy.stale_after);
        let change = self.seen.journal.last_change;
        match change.filter(|change| self.seen.at - change.at < expected) {
            Some(change) => Hold::Settling { since: change.at },
            None => Hold::NoFreshLoad { missing },
        }
    }

    fn scale_out(&mut self, group: &Group) -> Result<(Reshard, String), Hold> {
        let (policy, shards) = (self.policy, group.shard_count());
        let wanted = self.demand.wanted(shards);
        // New shards get as many nodes as the smallest has, but the nodes that there are count as they are.
        let room = policy.node_quota.saturating_sub(group.node_count());
        let quota = shards.saturating_add(room / group.nodes_per_new_shard());
        let step = shards.saturating_add(policy.scale_out.max_step);
        let bounds = [
            (
                policy.max_shards,
                format!("max_shards {}", policy.max_shards),
            ),
            (
                quota,
                format!(
                    "node_quota {} at {} nodes a shard",
                    policy.node_quota,
                    group.nodes_per_new_shard()
                ),
            ),
            (step, format!("max_step {}", policy.scale_out.max_step)),
        ];
        let bound = bounds
            .into_iter()
            .min_by_key(|(limit, _)| *limit)
            .filter(|(limit, _)| *limit < wanted);
        let to = bound.as_ref().map_or(wanted, |(limit, _)| *limit);
        let bound = bound.map(|(_, name)| name);
        let saw = format!(
            "{wanted} wanted, {to} allowed ({})",
            bound.as_deref().unwrap_or("no bound bit")
        );
        self.guards
            .require("room_to_grow", to > shards, saw, || Hold::AtMaximum {
                shards,
                needed: wanted,
                bound: bound.clone().unwrap_or_default(),
            })?;
        require_clear_of_backup(group, self.seen.at, &mut self.guards)?;
        require_cooled_down(policy.scale_out, true, self.seen, &mut self.guards)?;
        require_quiet_after_change(policy, true, self.seen, &mut self.guards)?;
        require_below_cpu_gate(policy, group, &self.demand, &mut self.guards)?;
        let zones = if policy.care.place_zones {
            zones_after_growth(group, to)
        } else {
            None
        };
        let mut reasons: Vec<String> = self
            .demand
            .largest()
            .filter(|need| need.shards > shards)
            .map(|need| vec![needs_in_words(need)])
            .unwrap_or_default();
        reasons.extend(
            self.demand
                .alarms
                .iter()
                .map(|name| format!("alarm {name} is in ALARM")),
        );
        let calendar = self
            .demand
            .calendar
            .iter()
            .filter(|(_, least)| *least > shards);
        reasons.extend(
            calendar.map(|(name, least)| format!("window {name} asks for at least {least}")),
        );
        reasons.extend(
            self.demand
                .hot
                .iter()
                .map(|shard| format!("shard {shard} is hot by itself, and one more may split it")),
        );
        let limited = bound
            .map(|name| format!(" (limited by {name})"))
            .unwrap_or_default();
        let sentence = format!("{shards} → {to} shards: {}{limited}", reasons.join("; "));
        Ok((
            Reshard {
                group: group.id.clone(),
                from: shards,
                to,
                remove: Vec::new(),
                zones: zones.unwrap_or_default(),
            },
            sentence,
        ))
    }

    fn scale_in(&mut self, group: &Group) -> Result<(Reshard, String), Refusal> {
        let (policy, seen) = (self.policy, self.seen);
        let counts = self.counts_low_throughout(group)?;
        require_calm(policy, group, seen, &mut self.guards)?;
        require_clear_of_backup(group, seen.at, &mut self.guards)?;
        require_cooled_down(policy.scale_in, false, seen, &mut self.guards)?;
        require_quiet_after_change(policy, false, seen, &mut self.guards)?;
        require_below_cpu_gate(policy, group, &self.demand, &mut self.guards)?;
        let Some(evidence) = &seen.evidence else {
            return Err(Refusal::EvidenceWanted);
        };
        // Where two fewer shards have no room, one fewer may have. The record keeps the last try's checks.
        let checks = self.guards.0.len();
        let mut refusal = None;
        for (to, peaks) in counts {
            if refusal.is_some() {
                self.guards.0.truncate(checks);
                self.note_low_throughout(&peaks)?;
            }
            match self.prove_room(group, evidence, to, &peaks) {
                Ok(proven) => return Ok(proven),
                Err(hold) => refusal = Some(hold),
            }
        }
        Err(refusal.unwrap_or(Hold::Superseded).into())
    }

    /// The scale-in to `to` shards, if the ones that stay have room for it.
    fn prove_room(
        &mut self,
        group: &Group,
        evidence: &Evidence,
        to: u32,
        peaks: &str,
    ) -> Result<(Reshard, String), Hold> {
        let (policy, seen, shards) = (self.policy, self.seen, group.shard_count());
        let Some(drain) = shards_to_drain(group, evidence, shards - to) else {
            return Err(Hold::EvidenceMissing("the bytes of every shard".to_owned()));
        };
        self.kept = require_room(policy, group, seen, evidence, &drain, &mut self.guards)?;
        let names: Vec<&str> = drain.iter().map(ShardId::as_str).collect();
        let moved: f64 = self.kept.iter().map(|shard| shard.receives).sum();
        let minutes = low_window(policy).as_secs() / 60;
        let sentence = format!(
            "{shards} → {to} shards: {peaks} for {minutes} min; draining {} ({} to move)",
            names.join(", "),
            bytes(moved)
        );
        Ok((
            Reshard {
                group: group.id.clone(),
                from: shards,
                to,
                remove: drain,
                zones: Vec::new(),
            },
            sentence,
        ))
    }

    /// The counts, within bounds and step, that would carry the load throughout the window, lowest first, each with its
    /// peaks in words; never empty.
    fn counts_low_throughout(&mut self, group: &Group) -> Result<Vec<(u32, String)>, Hold> {
        let (policy, shards) = (self.policy, group.shard_count());
        let least = policy.min_shards_at(self.seen.at);
        let lowest = least
            .max(shards.saturating_sub(policy.scale_in.max_step))
            .max(1);
        let fits = |more: &str| Hold::LoadFits {
            because: load_in_words(&self.demand, more),
        };
        if lowest >= shards {
            let now = if least > policy.min_shards {
                " now"
            } else {
                ""
            };
            return Err(fits(&format!(", and {shards} is min_shards{now}")));
        }
        let (mut counts, mut not_yet) = (Vec::new(), None);
        for to in lowest..shards {
            match low_enough(to, policy, group, self.seen) {
                Low::Throughout(peaks) => {
                    let peaks: Vec<String> = peaks
                        .iter()
                        .map(|(measure, peak)| format!("{measure} at most {peak:.0} % a shard"))
                        .collect();
                    counts.push((to, format!("{} on {to}", peaks.join(" and "))));
                }
                Low::NotYet(because) => not_yet = Some((to, because)),
                Low::No => {}
                Low::Unknown(measure) => {
                    let missing =
                        format!("{measure} of every shard throughout the stabilization window");
                    return Err(self.silent(missing));
                }
            }
        }
        match (counts.first(), not_yet) {
            (Some((_, peaks)), _) => {
                self.note_low_throughout(&peaks.clone())?;
                Ok(counts)
            }
            (None, Some((to, because))) => Err(Hold::NotLowLongEnough { to, because }),
            (None, None) => Err(fits("")),
        }
    }

    fn note_low_throughout(&mut self, peaks: &str) -> Result<(), Hold> {
        self.guards
            .require("low_throughout", true, peaks, || Hold::Superseded)
    }
}

fn needs_in_words(need: &Need) -> String {
    if let (Measure::Evictions, Some((shard, keys))) = (need.measure, &need.hottest) {
        return format!(
            "shard {shard} evicts {keys:.0} keys a minute, more than {:.0}",
            need.target
        );
    }
    // With as few decimals as give the same count: "needs 4 (sum 180 % ÷ target 60 %)" would look wrong of 180.4.
    let adds_up = |sum: &String| {
        let sum = sum.parse().unwrap_or(f64::NAN);
        shards_needed(sum, need.target) == need.shards
    };
    let spelled = |decimals: usize| format!("{:.decimals$}", need.sum);
    let sum = (0..3).map(spelled).find(adds_up);
    format!(
        "{} needs {} (sum {} % ÷ target {} %)",
        need.measure,
        need.shards,
        sum.unwrap_or_else(|| spelled(3)),
        need.target
    )
}

fn load_in_words(demand: &Demand, more: &str) -> String {
    // Evictions ask for a shard more or for nothing; the load that fits is the others'.
    let adding_up = demand.needs.iter().filter(|need| match need.measure {
        Measure::Evictions => false,
        Measure::EngineCpu | Measure::Memory | Measure::Network => true,
    });
    let words = adding_up.max_by(|a, b| a.by_size(b)).map_or_else(
        || "no measure that could ask for fewer shards has a target".to_owned(),
        |need| match &need.hottest {
            Some((shard, load)) => {
                format!(
                    "{} peaks at {load:.0} % on shard {shard}, target {:.0} %",
                    need.measure, need.target
                )
            }
            None => format!("{} is not known", need.measure),
        },
    );
    format!("{words}{more}")
}

fn missing_shards(demand: &Demand) -> String {
    let parts: Vec<String> = demand
        .needs
        .iter()
        .map(|need| {
            // Reached only when no shard's load is known, so that there is no shard to name.
            format!("{} of any shard", need.measure)
        })
        .collect();
    parts.join(" and ")
}

fn inputs(policy: &ReshardPolicy, seen: &Observation, demand: &Demand) -> Vec<Input> {
    let mut inputs = Vec::new();
    let input = |name: String, value: Value, age: Option<TimeDelta>| Input::new(name, value, age);
    if let Some(group) = &seen.group {
        let now = Some(TimeDelta::zero());
        inputs.push(input("shards".into(), json!(group.shard_count()), now));
        inputs.push(input("status".into(), json!(group.status.to_string()), now));
    }
    let ids = seen
        .group
        .iter()
        .flat_map(|group| &group.shards)
        .map(|shard| &shard.id);
    for id in ids {
        for need in &demand.needs {
            let settled = seen.journal.last_change.map(|change| change.at);
            let series = seen
                .load
                .get(id)
                .map(|load| need.measure.of(load).since(settled));
            let mean = series
                .as_ref()
                .and_then(|series| series.recent_mean(seen.at, policy.window, policy.stale_after));
            let name = format!("{} of shard {id}", need.measure);
            let value = mean.map_or(Value::Null, |mean| {
                json!((mean.value * 10.0).round() / 10.0)
            });
            let newest = series
                .and_then(|series| series.newest())
                .map(|(at, _)| seen.at - at);
            inputs.push(input(name, value, newest));
        }
    }
    for name in policy.alarms.names() {
        let alarm = seen.alarms.get(name);
        let value = alarm.map_or(Value::Null, |alarm| match &alarm.silence {
            Some(silence) => json!(format!("{} ({silence})", alarm.state)),
            None => json!(alarm.state.to_string()),
        });
        inputs.push(input(
            format!("alarm {name}"),
            value,
            alarm.and_then(|alarm| alarm.since).map(|at| seen.at - at),
        ));
    }
    if let Some(change) = seen.journal.last_change {
        let value = json!({ "from": change.from, "to": change.to, "ours": change.ours });
        inputs.push(input(
            "last change".into(),
            value,
            Some(seen.at - change.at),
        ));
    }
    for (node, evidence) in seen.evidence.iter().flatten() {
        let value = json!({
            "bytes": evidence.bytes, "memory_percent": evidence.memory_percent,
            "evictions": evidence.evictions, "replication_lag": evidence.replication_lag,
        });
        let age = evidence.newest.map(|at| seen.at - at);
        inputs.push(input(format!("memory of node {node}"), value, age));
    }
    inputs
}
