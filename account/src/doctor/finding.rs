//! What the doctor found: how bad, where, what was seen, and how to mend it.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It will not work, or would do harm.
    Error,
    /// It works, but not as well or not as narrowly as it should.
    Warning,
    /// It could not be read. Never an `Ok`: nobody knows.
    Unknown,
    /// As it should be.
    Ok,
}

impl Severity {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Ok => "ok",
        }
    }
}

/// The part of a report that a check belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The stack's functions.
    Functions,
    /// What they may do.
    Roles,
    /// The table that they share.
    Journal,
    /// What wakes them.
    Alarms,
    /// What else wakes them.
    Notifications,
    /// What they would change.
    Targets,
    /// Room to grow.
    Quotas,
    /// The time.
    Clock,
}

impl Part {
    /// The heading in reports.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Functions => "Functions",
            Self::Roles => "Roles",
            Self::Journal => "Journal",
            Self::Alarms => "Alarms",
            Self::Notifications => "Notifications",
            Self::Targets => "Targets",
            Self::Quotas => "Quotas",
            Self::Clock => "Clock",
        }
    }
}

/// Declares the closed set of checks with the part that each belongs to and its name.
macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $part:ident, $word:literal;)+) => {
        /// What was checked. `docs/doctor.md` has a row for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check { $($(#[$doc])* $name,)+ }

        impl Check {
            /// All of them, in the order of a report.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name in reports and in the page about them.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The part of a report that it belongs to.
            pub fn part(self) -> Part {
                match self { $(Self::$name => Part::$part,)+ }
            }
        }
    };
}

checks! {
    /// A function that the policy has entries for is there.
    FunctionDeployed = Functions, "function_deployed";
    /// It is active, and its last update went through.
    FunctionActive = Functions, "function_active";
    /// It may run at all: nobody reserved it zero runs.
    FunctionConcurrency = Functions, "function_concurrency";
    /// Its mode is one there is, and all functions have the same.
    FunctionMode = Functions, "function_mode";
    /// It finds a policy file in a layer, and all functions have the same layer.
    FunctionPolicy = Functions, "function_policy";
    /// Events whose runs failed are kept.
    FailuresKept = Functions, "failures_kept";
    /// The role may read what the function reads, and write its journal.
    RoleObserves = Roles, "role_observes";
    /// The role may make its change in apply mode, and in plan mode may not.
    RoleChanges = Roles, "role_changes";
    /// The role may change each target of the policy.
    RoleCoversTargets = Roles, "role_covers_targets";
    /// The role may change nothing that the policy does not name.
    RoleCoversOthers = Roles, "role_covers_others";
    /// The role's ceiling is not below what the policy allows.
    RoleCeiling = Roles, "role_ceiling";
    /// Nothing else grants or limits what the role may do.
    RoleOtherPolicies = Roles, "role_other_policies";
    /// All functions have one journal.
    JournalShared = Journal, "journal_shared";
    /// The table is there, active, and keyed by target.
    JournalTable = Journal, "journal_table";
    /// It can be read.
    JournalReadable = Journal, "journal_readable";
    /// An alarm that the policy names is there.
    AlarmExists = Alarms, "alarm_exists";
    /// Its actions are enabled.
    AlarmActionsEnabled = Alarms, "alarm_actions_enabled";
    /// It acts on the function that it should wake.
    AlarmWakes = Alarms, "alarm_wakes";
    /// That function lets it.
    AlarmMayInvoke = Alarms, "alarm_may_invoke";
    /// A function lets a notification topic wake it.
    TopicMayInvoke = Notifications, "topic_may_invoke";
    /// The function has subscribed.
    TopicSubscribed = Notifications, "topic_subscribed";
    /// The topic lets the service publish.
    TopicPolicy = Notifications, "topic_policy";
    /// The topic is not encrypted, or ElastiCache could not publish.
    TopicEncryption = Notifications, "topic_encryption";
    /// A group tells the topic.
    TopicAttached = Notifications, "topic_attached";
    /// And is allowed to go on telling.
    TopicActive = Notifications, "topic_active";
    /// What `check --online` warns of.
    PolicyFitsAccount = Targets, "policy_fits_account";
    /// A group has the cluster mode that its function needs.
    ClusterMode = Targets, "cluster_mode";
    /// Automatic failover and Multi-AZ are as the function needs them.
    FailoverSettings = Targets, "failover_settings";
    /// A group belongs to no Global Datastore.
    GlobalDatastore = Targets, "global_datastore";
    /// A cluster is one of Neptune's, and belongs to no Global Database.
    DbCluster = Targets, "db_cluster";
    /// AWS's own scaler leaves the group alone.
    AutoScaling = Targets, "auto_scaling";
    /// CloudWatch has fresh samples.
    MetricsFresh = Targets, "metrics_fresh";
    /// A group may have as many nodes as its most shards need.
    QuotaClusterNodes = Quotas, "quota_cluster_nodes";
    /// The Region may have as many nodes as the policy counts on.
    QuotaRegionNodes = Quotas, "quota_region_nodes";
    /// The clock here agrees with AWS's.
    Clock = Clock, "clock";
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// Which alarm, role, group, topic.
    pub place: String,
    /// What was seen, in one sentence without its full stop.
    pub saw: String,
    /// How to mend it: a command, a parameter of the template, a change of the policy. Of an `Ok`: what to do next.
    /// `None`: there is nothing to do.
    pub fix: Option<String>,
}

/// What is not there to be seen, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What the read needs, such as `iam:GetRolePolicy`.
    pub permission: String,
    /// Whether the service refused the caller.
    pub denied: bool,
    /// What the service, or the way to it, said.
    pub cause: String,
}

/// Something that was read, or not.
pub type Read<T> = Result<T, Unread>;

impl Unread {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        let (permission, cause) = (&self.permission, &self.cause);
        if self.denied {
            format!("could not be read: the caller lacks {permission} ({cause})")
        } else {
            format!("could not be read ({permission}): {cause}")
        }
    }

    fn fix(&self) -> String {
        let permission = &self.permission;
        if self.denied {
            format!("allow {permission} to whoever runs this; docs/doctor.md has the whole policy")
        } else {
            "run this again; if it fails again, look at --region, --endpoint-url and the network"
                .to_owned()
        }
    }
}

/// Findings as they are collected.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        check: Check,
        severity: Severity,
        place: &str,
        saw: impl Into<String>,
        fix: Option<String>,
    ) {
        self.0.push(Finding {
            check,
            severity,
            place: place.to_owned(),
            saw: saw.into(),
            fix,
        });
    }

    pub(super) fn ok(&mut self, check: Check, place: &str, saw: impl Into<String>) {
        self.add(check, Severity::Ok, place, saw, None);
    }

    /// As it should be, with what comes next.
    pub(super) fn next(
        &mut self,
        check: Check,
        place: &str,
        saw: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(check, Severity::Ok, place, saw, Some(next.into()));
    }

    pub(super) fn warning(
        &mut self,
        check: Check,
        place: &str,
        saw: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(check, Severity::Warning, place, saw, Some(fix.into()));
    }

    pub(super) fn error(
        &mut self,
        check: Check,
        place: &str,
        saw: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(check, Severity::Error, place, saw, Some(fix.into()));
    }

    /// What could be read, but not understood well enough to judge.
    pub(super) fn unjudged(
        &mut self,
        check: Check,
        place: &str,
        saw: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(check, Severity::Unknown, place, saw, Some(fix.into()));
    }

    /// What could not be read.
    pub(super) fn unread(&mut self, check: Check, place: &str, unread: &Unread) {
        self.unjudged(check, place, unread.sentence(), unread.fix());
    }

    /// The value, or a finding that says why there is none.
    pub(super) fn read<'r, T>(
        &mut self,
        check: Check,
        place: &str,
        read: &'r Read<T>,
    ) -> Option<&'r T> {
        match read {
            Ok(value) => Some(value),
            Err(unread) => {
                self.unread(check, place, unread);
                None
            }
        }
    }
}
