//! Outside hands: what somebody else does to a group at times of their own, such as a pipeline that runs `terraform apply`,
//! a host that breaks, or AWS with its maintenance.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Parameters,
    elasticache::{ElastiCache, reshard::ModifyShards},
};

/// Somebody who does the same at certain minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Who.
    pub by: String,
    /// When first, to the minute.
    pub at: DateTime<Utc>,
    /// Again after every such span; `None`: once only.
    pub every: Option<TimeDelta>,
    /// What they do.
    pub deed: Deed,
}

/// What others do.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Somebody wants a group to have so many shards. As Terraform does, they look first and leave alone what is as they
    /// want it.
    Count {
        /// `ReplicationGroupId`.
        group: String,
        /// How many shards they want. Where there are more, the first stay.
        shards: u32,
    },
    /// The host of a shard's primary breaks.
    FailPrimary {
        /// `ReplicationGroupId`.
        group: String,
        /// `NodeGroupId`.
        shard: String,
    },
    /// AWS schedules the replacement of a node.
    ScheduleReplacement {
        /// `CacheClusterId`.
        node: String,
        /// From the act to the begin of the window.
        starts_after: TimeDelta,
        /// How long the window is.
        length: TimeDelta,
    },
    /// AWS blocks `TestFailover` (`true`), or frees it.
    BlockTestFailover(bool),
    /// A node that is a replica lags so far behind its primary from now on, for whatever cause.
    Lag {
        /// `CacheClusterId`.
        node: String,
        /// Seconds.
        seconds: f64,
    },
}

/// An act on a group's count that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// `ReplicationGroupId`.
    pub group: String,
    /// Shards that answers listed before.
    pub from: u32,
    /// Shards that were asked for; equal to `from` when there was nothing to do.
    pub to: u32,
    /// The error code, if the service refused; it does while the group is busy.
    pub refused: Option<&'static str>,
}

/// An act on something else than a group's count that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// What; never [`Deed::Count`].
    pub deed: Deed,
    /// Whether anything came of it: a primary that is down already does not fail, and a replacement is scheduled once.
    pub took_effect: bool,
}

/// All outside hands, and what they did.
#[derive(Debug, Default)]
pub struct Outside {
    acts: Vec<Act>,
    done: Vec<Acted>,
    happened: Vec<Happened>,
}

impl Outside {
    /// Somebody will act from now on.
    pub fn expect(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// What was done about counts since the last call, oldest first.
    pub fn take_done(&mut self) -> Vec<Acted> {
        std::mem::take(&mut self.done)
    }

    /// What else happened since the last call, oldest first.
    pub fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// Carries out what falls due in the minute that begins at `now`.
    pub fn act(&mut self, now: DateTime<Utc>, service: &mut ElastiCache, parameters: &Parameters) {
        for act in self.acts.iter().filter(|act| act.is_due(now)) {
            let took_effect = match &act.deed {
                Deed::Count { group, shards } => {
                    let done = act.set_count(group, *shards, now, service, parameters);
                    self.done.extend(done);
                    continue;
                }
                Deed::FailPrimary { group, shard } => service.fail_primary(group, shard, now),
                Deed::ScheduleReplacement {
                    node,
                    starts_after,
                    length,
                } => {
                    let start = now + *starts_after;
                    service.schedule_replacement(node, start, start + *length, now, parameters)
                }
                Deed::BlockTestFailover(blocked) => {
                    service.block_test_failover(*blocked);
                    true
                }
                Deed::Lag { node, seconds } => service.set_lag(node, Some(*seconds)),
            };
            self.happened.push(Happened {
                at: now,
                by: act.by.clone(),
                deed: act.deed.clone(),
                took_effect,
            });
        }
    }
}

impl Act {
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        let minutes = (now - self.at).num_minutes();
        match self.every {
            None => minutes == 0,
            Some(every) => minutes >= 0 && minutes % every.num_minutes().max(1) == 0,
        }
    }

    /// `None`: there is no such group.
    fn set_count(
        &self,
        group_id: &str,
        shards: u32,
        now: DateTime<Utc>,
        service: &mut ElastiCache,
        parameters: &Parameters,
    ) -> Option<Acted> {
        let group = service.group(group_id)?;
        let listed: Vec<String> = group
            .shards
            .into_iter()
            .filter(|shard| shard.listed)
            .map(|shard| shard.id)
            .collect();
        let from = u32::try_from(listed.len()).ok()?;
        let mut request = ModifyShards {
            group: group_id.to_owned(),
            count: i32::try_from(shards).ok()?,
            apply_immediately: true,
            ..ModifyShards::default()
        };
        if shards < from {
            let stay = usize::try_from(shards).ok()?;
            request.retain = listed.into_iter().take(stay).collect();
        }
        let refused = if shards == from {
            None
        } else {
            let answer = service.modify_shard_configuration(&request, now, parameters);
            answer.err().map(|refusal| refusal.code.wire())
        };
        Some(Acted {
            at: now,
            by: self.by.clone(),
            group: group_id.to_owned(),
            from,
            to: shards,
            refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Cloud, elasticache::GroupSpec};

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_410_000, 0).unwrap()
    }

    /// A group of three shards, and somebody who wants two from minute 5 on, every 20 minutes.
    fn contested() -> Cloud {
        let mut cloud = Cloud::new(start(), Parameters::default());
        let spec = GroupSpec {
            shards: 3,
            ..GroupSpec::default()
        };
        cloud.elasticache.seed_group(spec, start());
        cloud.outside.expect(Act {
            by: "terraform".to_owned(),
            at: start() + TimeDelta::minutes(5),
            every: Some(TimeDelta::minutes(20)),
            deed: Deed::Count {
                group: "orders".to_owned(),
                shards: 2,
            },
        });
        cloud
    }

    fn told(cloud: &mut Cloud, minutes: i64) -> Vec<(i64, u32, u32, Option<&'static str>)> {
        cloud.advance(TimeDelta::minutes(minutes));
        let done = cloud.outside.take_done();
        done.iter()
            .map(|done| {
                let minute = (done.at - start()).num_minutes();
                (minute, done.from, done.to, done.refused)
            })
            .collect()
    }

    #[test]
    fn an_outside_hand_changes_the_count_once_and_finds_nothing_to_do_afterwards() {
        let mut cloud = contested();
        assert_eq!(told(&mut cloud, 4), []);
        assert_eq!(told(&mut cloud, 60)[..1], [(5, 3, 2, None)]);
        let group = cloud.elasticache.groups().next().unwrap();
        let ids: Vec<&str> = group.shards.iter().map(|shard| shard.id.as_str()).collect();
        assert_eq!(ids, ["0001", "0002"]);
        assert_eq!(told(&mut cloud, 20), [(65, 2, 2, None)]);
    }

    #[test]
    fn an_outside_hand_is_refused_while_the_group_is_busy() {
        let mut cloud = contested();
        cloud.advance(TimeDelta::minutes(4));
        let grow = ModifyShards {
            group: "orders".to_owned(),
            count: 4,
            apply_immediately: true,
            ..ModifyShards::default()
        };
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        cloud
            .elasticache
            .modify_shard_configuration(&grow, now, &parameters)
            .unwrap();
        let refused = Some("InvalidReplicationGroupState");
        assert_eq!(told(&mut cloud, 2), [(5, 3, 2, refused)]);
    }

    #[test]
    fn what_else_happens_is_told_apart_from_counts_with_whether_it_took_effect() {
        let mut cloud = contested();
        let fails = |minute| Act {
            by: "a broken host".to_owned(),
            at: start() + TimeDelta::minutes(minute),
            every: None,
            deed: Deed::FailPrimary {
                group: "orders".to_owned(),
                shard: "0001".to_owned(),
            },
        };
        cloud.outside.expect(fails(1));
        cloud.outside.expect(fails(2));
        cloud.advance(TimeDelta::minutes(3));
        let happened = cloud.outside.take_happened();
        let told: Vec<(i64, bool)> = happened
            .iter()
            .map(|one| ((one.at - start()).num_minutes(), one.took_effect))
            .collect();
        assert_eq!(told, [(1, true), (2, false)]);
        assert_eq!(cloud.outside.take_done(), []);
        let shards = cloud.elasticache.group("orders").unwrap().shards;
        assert!(shards[0].nodes[1].is_primary && !shards[0].nodes[0].available);
    }

    #[test]
    fn a_replacement_of_an_outside_hand_has_a_window_from_the_act_on() {
        let mut cloud = contested();
        cloud.outside.expect(Act {
            by: "AWS".to_owned(),
            at: start() + TimeDelta::minutes(1),
            every: None,
            deed: Deed::ScheduleReplacement {
                node: "orders-0002-001".to_owned(),
                starts_after: TimeDelta::minutes(30),
                length: TimeDelta::minutes(60),
            },
        });
        cloud.advance(TimeDelta::minutes(2));
        let minute = |minutes| start() + TimeDelta::minutes(minutes);
        assert_eq!(
            cloud.elasticache.scheduled_replacement("orders-0002-001"),
            Some((minute(31), minute(91)))
        );
    }

    #[test]
    fn a_node_lags_from_the_act_on_and_an_unknown_one_does_not() {
        let mut cloud = contested();
        for (minute, node) in [(1, "orders-0001-002"), (2, "orders-0009-001")] {
            cloud.outside.expect(Act {
                by: "an import".to_owned(),
                at: start() + TimeDelta::minutes(minute),
                every: None,
                deed: Deed::Lag {
                    node: node.to_owned(),
                    seconds: 42.0,
                },
            });
        }
        cloud.advance(TimeDelta::minutes(3));
        let happened = cloud.outside.take_happened();
        let effects: Vec<bool> = happened.iter().map(|one| one.took_effect).collect();
        assert_eq!(effects, [true, false]);
        let nodes = cloud.elasticache.group("orders").unwrap().shards[0]
            .nodes
            .clone();
        assert_eq!(nodes[1].lag, Some(42.0));
        assert!(nodes[0].lag.is_some_and(|lag| lag < 42.0));
    }

    #[test]
    fn aws_blocks_test_failovers_and_frees_them() {
        let mut cloud = contested();
        for (minute, blocked) in [(1, true), (3, false)] {
            cloud.outside.expect(Act {
                by: "AWS".to_owned(),
                at: start() + TimeDelta::minutes(minute),
                every: None,
                deed: Deed::BlockTestFailover(blocked),
            });
        }
        let asked = |cloud: &mut Cloud| {
            cloud.advance(TimeDelta::minutes(2));
            let (now, parameters) = (cloud.now(), cloud.parameters.clone());
            let answer = cloud
                .elasticache
                .test_failover("orders", "0001", now, &parameters);
            answer.err().map(|refusal| refusal.code.wire())
        };
        assert_eq!(asked(&mut cloud), Some("TestFailoverNotAvailableFault"));
        assert_eq!(asked(&mut cloud), None);
    }
}
