//! The plan of a rehearsal: what is made, in which order what is asked, and who may do that. Pure.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Every group that a rehearsal makes has an id that starts with this.
pub const PREFIX: &str = "clusterwarden-rehearsal-";

/// The tag of a rehearsal's group; its value is the run's id.
pub const TAG: &str = "clusterwarden-rehearsal";

/// The tag that says when the run stops waiting and deletes.
pub const DEADLINE_TAG: &str = "clusterwarden-rehearsal-deadline";

/// Shards at the start. Two, because one shard alone can neither be drained nor show whose status changes.
pub const SHARDS: u32 = 2;

/// The longest id that leaves room in a replication group's 40 characters.
const LONGEST_RUN: usize = 40 - PREFIX.len();

/// Names one run: part of its group's id, and the value of its tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunId(String);

/// An id that cannot be part of a replication group's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the id of a run: it has 1 to {LONGEST_RUN} lower-case letters, digits and single hyphens between them"
)]
pub struct NotARunId(String);

impl RunId {
    /// Reads an id.
    ///
    /// # Errors
    ///
    /// A replication group's id could not end with it.
    pub fn new(text: &str) -> Result<Self, NotARunId> {
        let fits =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let sound = (1..=LONGEST_RUN).contains(&text.len())
            && text.chars().all(fits)
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARunId(text.to_owned()))
        }
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one rehearsal makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The run.
    pub run: RunId,
    /// `CacheNodeType`.
    pub node_type: String,
    /// `valkey` or `redis`.
    pub engine: String,
    /// `None`: AWS picks.
    pub engine_version: Option<String>,
    /// Replicas of each shard, 1 to 5: without one there is nobody to fail over to.
    pub replicas: u32,
    /// `None`: AWS picks the default one.
    pub subnet_group: Option<String>,
    /// Empty: AWS picks the default one.
    pub security_groups: Vec<String>,
    /// How long the run watches; then it deletes.
    pub deadline: TimeDelta,
}

/// How long after the deadline a run goes on trying to delete before it hands over to a person. A reshard under way at the
/// deadline has to end first, and took tens of minutes in a public test ([GH terraform-provider-aws#45893]).
pub const GRACE: TimeDelta = TimeDelta::minutes(60);

/// A part of the rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The group is made.
    Create,
    /// It is there and idle.
    Idle,
    /// A shard is added.
    ScaleOut,
    /// The nodes' roles are read.
    Roles,
    /// A shard is failed over.
    Failover,
    /// A shard is removed.
    ScaleIn,
    /// The group is deleted.
    Delete,
    /// It is gone; late events are waited for.
    After,
}

impl Stage {
    /// As the file spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Idle => "idle",
            Self::ScaleOut => "scale_out",
            Self::Roles => "roles",
            Self::Failover => "failover",
            Self::ScaleIn => "scale_in",
            Self::Delete => "delete",
            Self::After => "after",
        }
    }
}

/// Something asked that AWS should refuse, or that only reads. None of them can change anything: a shard count that is or
/// will be the present one, and shards that do not exist. The exceptions are the two failovers asked for while something else goes
/// on: were they accepted, they would cost a failover of this group and one of the 15 a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// A describe of a group that does not exist.
    UnknownGroup,
    /// A deletion of a group that does not exist: whoever may not delete must not create.
    DeletionOfUnknownGroup,
    /// The tags of a group that is not available.
    TagsWhileCreating,
    /// The tags of a group that is.
    Tags,
    /// A reshard to the present count with even slots.
    PresentCount,
    /// A scale-in that names a shard that does not exist.
    UnknownShardToRemove,
    /// A failover of a shard that does not exist.
    UnknownShardToFailOver,
    /// A second reshard, to the same count, during the first.
    SecondReshard,
    /// A failover during a reshard.
    FailoverDuringReshard,
    /// A second failover of the shard during the first.
    SecondFailover,
    /// A reshard to the present count during a failover.
    ReshardDuringFailover,
}

impl Question {
    /// As the file spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownGroup => "describe_unknown_group",
            Self::DeletionOfUnknownGroup => "delete_unknown_group",
            Self::TagsWhileCreating => "tags_while_creating",
            Self::Tags => "tags_when_available",
            Self::PresentCount => "reshard_to_present_count",
            Self::UnknownShardToRemove => "remove_unknown_shard",
            Self::UnknownShardToFailOver => "fail_over_unknown_shard",
            Self::SecondReshard => "reshard_during_reshard",
            Self::FailoverDuringReshard => "failover_during_reshard",
            Self::SecondFailover => "failover_during_failover",
            Self::ReshardDuringFailover => "reshard_during_failover",
        }
    }
}

impl Question {
    /// Whether it asks for a change that AWS should refuse.
    pub(super) fn is_to_be_refused(self) -> bool {
        match self {
            Self::UnknownGroup | Self::TagsWhileCreating | Self::Tags => false,
            Self::DeletionOfUnknownGroup
            | Self::PresentCount
            | Self::UnknownShardToRemove
            | Self::UnknownShardToFailOver
            | Self::SecondReshard
            | Self::FailoverDuringReshard
            | Self::SecondFailover
            | Self::ReshardDuringFailover => true,
        }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The group, its shards and nodes are available.
    Available,
    /// The reshard has ended.
    Resharded,
    /// Each node's `IsMaster` is known.
    Roles,
    /// Another node is primary and all nodes are available again.
    TakenOver,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asks once for everything that the waiting will read.
    Reads,
    /// Makes the group.
    Create,
    /// Adds a shard.
    ScaleOut,
    /// Fails over the first shard.
    FailOver,
    /// Removes the shard that was added.
    ScaleIn,
    /// Asks something that changes nothing.
    Ask(Question),
    /// Looks until it is so.
    Await(Until),
}

/// The rehearsal, in order. The deletion is not in it: it comes whatever happens.
pub const STEPS: &[(Stage, Step)] = &[
    (Stage::Create, Step::Ask(Question::UnknownGroup)),
    (Stage::Create, Step::Ask(Question::DeletionOfUnknownGroup)),
    (Stage::Create, Step::Reads),
    (Stage::Create, Step::Create),
    (Stage::Create, Step::Ask(Question::TagsWhileCreating)),
    (Stage::Create, Step::Await(Until::Available)),
    (Stage::Idle, Step::Ask(Question::Tags)),
    (Stage::Idle, Step::Ask(Question::PresentCount)),
    (Stage::Idle, Step::Ask(Question::UnknownShardToRemove)),
    (Stage::Idle, Step::Ask(Question::UnknownShardToFailOver)),
    (Stage::ScaleOut, Step::ScaleOut),
    (Stage::ScaleOut, Step::Ask(Question::SecondReshard)),
    (Stage::ScaleOut, Step::Ask(Question::FailoverDuringReshard)),
    (Stage::ScaleOut, Step::Await(Until::Resharded)),
    (Stage::Roles, Step::Await(Until::Roles)),
    (Stage::Failover, Step::FailOver),
    (Stage::Failover, Step::Ask(Question::SecondFailover)),
    (Stage::Failover, Step::Ask(Question::ReshardDuringFailover)),
    (Stage::Failover, Step::Await(Until::TakenOver)),
    (Stage::ScaleIn, Step::ScaleIn),
    (Stage::ScaleIn, Step::Await(Until::Resharded)),
];

/// A shard that no group has: ids have up to four digits and count from 0001.
pub const NO_SHARD: &str = "9999";

impl Plan {
    /// `ReplicationGroupId`.
    pub fn group_id(&self) -> String {
        format!("{PREFIX}{}", self.run.as_str())
    }

    /// `ReplicationGroupDescription`: says in every state of the group whose it is, for tags are not shown in every state.
    pub fn description(&self) -> String {
        description(&self.group_id())
    }

    /// The tags, for a deadline at this time.
    pub fn tags(&self, deadline: DateTime<Utc>) -> [(String, String); 2] {
        let deadline = deadline.to_rfc3339_opts(SecondsFormat::Secs, true);
        [
            (TAG.to_owned(), self.run.as_str().to_owned()),
            (DEADLINE_TAG.to_owned(), deadline),
        ]
    }

    /// Nodes at the start.
    pub fn nodes(&self) -> u32 {
        SHARDS * (1 + self.replicas)
    }

    /// Nodes at the most: with the shard that is added.
    pub fn peak_nodes(&self) -> u32 {
        (SHARDS + 1) * (1 + self.replicas)
    }
}

/// The description of a rehearsal's group of this id.
pub(super) fn description(group_id: &str) -> String {
    format!("{TAG} {group_id}: made by clusterwarden rehearse and safe to delete")
}

/// The policy that whoever rehearses needs, for a partition (`aws`) and a Region.
pub fn permissions(partition: &str, region: &str) -> Value {
    let arn = |kind: &str, id: &str| format!("arn:{partition}:elasticache:{region}:*:{kind}:{id}");
    let ours = arn("replicationgroup", &format!("{PREFIX}*"));
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Look",
                "Effect": "Allow",
                "Action": [
                    "elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters",
                    "elasticache:DescribeEvents", "cloudwatch:GetMetricData",
                ],
                "Resource": "*",
            },
            {
                "Sid": "Make",
                "Effect": "Allow",
                "Action": ["elasticache:CreateReplicationGroup", "elasticache:AddTagsToResource"],
                "Resource": [
                    ours.clone(), arn("cluster", &format!("{PREFIX}*")), arn("parametergroup", "*"),
                    arn("subnetgroup", "*"), arn("securitygroup", "*"),
                ],
            },
            {
                "Sid": "ChangeAndDeleteOnlyItsOwn",
                "Effect": "Allow",
                "Action": [
                    "elasticache:ListTagsForResource", "elasticache:ModifyReplicationGroupShardConfiguration",
                    "elasticache:TestFailover", "elasticache:DeleteReplicationGroup",
                ],
                "Resource": [ours, arn("cluster", &format!("{PREFIX}*"))],
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_fits_into_the_forty_characters_of_a_group() {
        let longest = "a".repeat(LONGEST_RUN);
        let run = RunId::new(&longest).unwrap();
        let plan = Plan {
            run,
            node_type: "cache.t4g.small".to_owned(),
            engine: "valkey".to_owned(),
            engine_version: None,
            replicas: 1,
            subnet_group: None,
            security_groups: Vec::new(),
            deadline: TimeDelta::minutes(90),
        };
        assert_eq!(plan.group_id().len(), 40);
        assert_eq!((plan.nodes(), plan.peak_nodes()), (4, 6));
        for wrong in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a b",
            &"a".repeat(LONGEST_RUN + 1),
        ] {
            assert!(RunId::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_changes_something_is_allowed_on_its_own_groups_only() {
        let policy = permissions("aws", "eu-west-1");
        for statement in policy["Statement"].as_array().unwrap() {
            let text = statement.to_string();
            let changes = ["Modify", "Delete", "TestFailover"]
                .iter()
                .any(|verb| text.contains(verb));
            let resources = statement["Resource"].as_array();
            let own = resources.is_some_and(|all| {
                all.iter().all(|arn| {
                    arn.as_str()
                        .is_some_and(|arn| arn.ends_with(":clusterwarden-rehearsal-*"))
                })
            });
            assert_eq!(changes, own, "{text}");
        }
    }

    #[test]
    fn the_group_is_made_once_and_only_after_it_is_known_that_it_can_be_deleted() {
        let made = STEPS
            .iter()
            .filter(|(_, step)| *step == Step::Create)
            .count();
        assert_eq!(made, 1);
        let before: Vec<Step> = STEPS
            .iter()
            .map(|(_, step)| *step)
            .take_while(|step| *step != Step::Create)
            .collect();
        let expected = [
            Step::Ask(Question::UnknownGroup),
            Step::Ask(Question::DeletionOfUnknownGroup),
            Step::Reads,
        ];
        assert_eq!(before, expected);
    }
}
