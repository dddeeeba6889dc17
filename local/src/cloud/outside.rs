//! Outside hands: what somebody else does to a group at times of their own, such as a pipeline that runs `terraform apply`.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Parameters,
    elasticache::{ElastiCache, reshard::ModifyShards},
};

/// Somebody who wants a group to have so many shards, and sees to it at certain minutes. As Terraform does, they look first
/// and leave alone what is as they want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub by: String,
    /// When first, to the minute.
    pub at: DateTime<Utc>,
    /// Again after every such span; `None`: once only.
    pub every: Option<TimeDelta>,
    /// `ReplicationGroupId`.
    pub group: String,
    /// How many shards they want. Where there are more, the first stay.
    pub shards: u32,
}

/// An act that was carried out.
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

/// All outside hands, and what they did.
#[derive(Debug, Default)]
pub struct Outside {
    acts: Vec<Act>,
    done: Vec<Acted>,
}

impl Outside {
    /// Somebody will act from now on.
    pub fn expect(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// What was done since the last call, oldest first.
    pub fn take_done(&mut self) -> Vec<Acted> {
        std::mem::take(&mut self.done)
    }

    /// Carries out what falls due in the minute that begins at `now`.
    pub fn act(&mut self, now: DateTime<Utc>, service: &mut ElastiCache, parameters: &Parameters) {
        let due = self.acts.iter().filter(|act| act.is_due(now));
        let done = due.filter_map(|act| act.carry_out(now, service, parameters));
        self.done.extend(done);
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
    fn carry_out(
        &self,
        now: DateTime<Utc>,
        service: &mut ElastiCache,
        parameters: &Parameters,
    ) -> Option<Acted> {
        let group = service.groups().find(|group| group.id == self.group)?;
        let listed: Vec<String> = group
            .shards
            .into_iter()
            .filter(|shard| shard.listed)
            .map(|shard| shard.id)
            .collect();
        let from = u32::try_from(listed.len()).ok()?;
        let mut request = ModifyShards {
            group: self.group.clone(),
            count: i32::try_from(self.shards).ok()?,
            apply_immediately: true,
            ..ModifyShards::default()
        };
        if self.shards < from {
            let stay = usize::try_from(self.shards).ok()?;
            request.retain = listed.into_iter().take(stay).collect();
        }
        let refused = if self.shards == from {
            None
        } else {
            let answer = service.modify_shard_configuration(&request, now, parameters);
            answer.err().map(|refusal| refusal.code.wire())
        };
        Some(Acted {
            at: now,
            by: self.by.clone(),
            group: self.group.clone(),
            from,
            to: self.shards,
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
            group: "orders".to_owned(),
            shards: 2,
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
}
