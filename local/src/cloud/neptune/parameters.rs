//! What AWS leaves unsaid of Neptune.

use chrono::TimeDelta;

/// What `Status` of a cluster shows while it fails over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusInFailover {
    /// `available` all the time.
    Available,
    /// `failing-over` until the new writer is there.
    UntilSwitched,
    /// `failing-over` until the old writer is back as a reader.
    UntilRecovered,
}

impl StatusInFailover {
    /// Every plausible answer.
    pub const ALL: [Self; 3] = [Self::Available, Self::UntilSwitched, Self::UntilRecovered];
}

/// One choice for each behaviour of Neptune that AWS leaves unsaid.
#[derive(Debug, Clone, PartialEq)]
pub struct NeptuneParameters {
    /// What a cluster's `Status` shows during a failover. UNKNOWN: the guide only says that a failover is complete once
    /// there is a new writer and the status is `available`; Aurora's guide has `failing-over`.
    pub status_in_failover: StatusInFailover,
    /// From an accepted call until `IsClusterWriter` moves. ASSUMED 35 s: "typically less than 120 seconds, and often less
    /// than 60" ([NEP-DG] fault tolerance).
    pub failover_switch: TimeDelta,
    /// From the new writer until the old one is back as a reader. ASSUMED.
    pub writer_restart: TimeDelta,
    /// Whether a failover without any reader to promote is refused with `InvalidDBInstanceState` (`true`) or with
    /// `InvalidDBClusterStateFault`. UNKNOWN.
    pub no_reader_blames_instance: bool,
    /// Whether a failover of a cluster that is not available is refused with `InvalidDBInstanceState` (`true`), as a
    /// third party's runbook shows, or with `InvalidDBClusterStateFault`.
    pub busy_cluster_blames_instance: bool,
    /// How long after a completed failover another one is accepted and then not carried out, with event RDS-EVENT-0034 on
    /// the writer; `None`: never. UNKNOWN.
    pub ignores_failover_within: Option<TimeDelta>,
    /// Whether the event of a failover that nobody asked for reads "Completed RDS initiated failover to DB instance: X"
    /// ([GH fleetdm/fleet#39228], of Aurora) or like that of a call. UNKNOWN for Neptune.
    pub completion_names_initiator: bool,
    /// Whether `DescribeEvents` lists the newest event first. UNKNOWN; published answers of RDS list the oldest first.
    pub events_newest_first: bool,
    /// Time to make or delete a cluster or an instance. ASSUMED.
    pub creation: TimeDelta,
    /// Whether the only instance of a cluster can be deleted. \[BC\] says no; Terraform does so to every cluster it destroys.
    pub only_instance_can_go: bool,
    /// Whether a describe of one id that its filters exclude is refused as not found (`true`) or answered with an empty
    /// list. UNKNOWN.
    pub filtered_out_is_not_found: bool,
}

impl Default for NeptuneParameters {
    fn default() -> Self {
        Self {
            status_in_failover: StatusInFailover::UntilRecovered,
            failover_switch: TimeDelta::seconds(35),
            writer_restart: TimeDelta::seconds(50),
            no_reader_blames_instance: false,
            busy_cluster_blames_instance: false,
            ignores_failover_within: None,
            completion_names_initiator: false,
            events_newest_first: false,
            creation: TimeDelta::minutes(5),
            only_instance_can_go: true,
            filtered_out_is_not_found: false,
        }
    }
}
