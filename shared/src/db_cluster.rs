//! The nouns of a Neptune cluster: its engine, its members, who writes.

use serde::{Deserialize, Serialize};

use crate::{
    cluster::{DbClusterId, InstanceId, Status},
    window::WeeklyWindow,
};

/// The one engine whose clusters are failed over, as the service spells it. The same endpoint answers for Aurora and for
/// DocumentDB.
pub const NEPTUNE: &str = "neptune";

/// One cluster as the service describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DbCluster {
    /// Its id.
    pub id: DbClusterId,
    /// Its engine. `None`: the service did not say, and then it is not taken for Neptune.
    pub engine: Option<String>,
    /// Its own status; members have theirs.
    pub status: Status,
    /// The Global Database it belongs to. `None`: to none.
    pub global_database: Option<String>,
    /// When weekly maintenance runs. `None`: the service did not say, and then it may run at any time.
    pub maintenance_window: Option<WeeklyWindow>,
    /// Its instances, in the service's order.
    pub members: Vec<Member>,
}

/// One instance of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its id.
    pub id: InstanceId,
    /// Whether it is the writer. `None`: the service did not say.
    pub is_writer: Option<bool>,
    /// 0 is promoted first, 15 last. `None`: the service did not say, which ranks behind 15.
    pub promotion_tier: Option<u32>,
    /// Its status.
    pub status: Status,
    /// Such as `db.r6g.2xlarge`. `None`: the service did not say.
    pub class: Option<String>,
    /// Where it runs. `None`: the service did not say.
    pub availability_zone: Option<String>,
}

impl DbCluster {
    /// Whether the engine is exactly Neptune's.
    pub fn is_neptune(&self) -> bool {
        self.engine.as_deref() == Some(NEPTUNE)
    }

    /// The writer, if exactly one member is said to be it and every other is said not to be.
    pub fn writer(&self) -> Option<&Member> {
        let mut writers = self
            .members
            .iter()
            .filter(|one| one.is_writer != Some(false));
        match (writers.next(), writers.next()) {
            (Some(only), None) if only.is_writer == Some(true) => Some(only),
            _ => None,
        }
    }

    /// What is not available, and the service's word for it: the cluster, or the first member. `None`: all is.
    pub fn not_available(&self) -> Option<(String, String)> {
        let own = std::iter::once((format!("cluster {}", self.id), &self.status));
        let members = self
            .members
            .iter()
            .map(|one| (format!("instance {}", one.id), &one.status));
        own.chain(members)
            .find(|(_, status)| **status != Status::Available)
            .map(|(what, status)| (what, status.to_string()))
    }
}

impl Member {
    /// How large its class is, in units of `large`: `2xlarge` is 4, `large` is 1. `None`: not a size that we know, such as
    /// `db.serverless`.
    pub fn size(&self) -> Option<u32> {
        let size = self.class.as_deref()?.rsplit('.').next()?;
        match size {
            "large" => Some(1),
            "xlarge" => Some(2),
            _ => size
                .strip_suffix("xlarge")
                .and_then(|times| times.parse::<u32>().ok())
                .and_then(|times| times.checked_mul(2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, is_writer: Option<bool>, class: &str) -> Member {
        Member {
            id: InstanceId::new(id),
            is_writer,
            promotion_tier: Some(0),
            status: Status::Available,
            class: Some(class.to_owned()),
            availability_zone: None,
        }
    }

    fn cluster(engine: Option<&str>, members: Vec<Member>) -> DbCluster {
        DbCluster {
            id: DbClusterId::new("graph"),
            engine: engine.map(str::to_owned),
            status: Status::Available,
            global_database: None,
            maintenance_window: None,
            members,
        }
    }

    #[test]
    fn only_the_exact_word_is_neptune() {
        assert!(cluster(Some("neptune"), Vec::new()).is_neptune());
        for other in [
            None,
            Some(""),
            Some("Neptune"),
            Some("neptune "),
            Some("neptune-analytics"),
            Some("aurora-mysql"),
            Some("aurora-postgresql"),
            Some("docdb"),
        ] {
            assert!(!cluster(other, Vec::new()).is_neptune(), "{other:?}");
        }
    }

    #[test]
    fn there_is_a_writer_only_where_one_is_said_to_be_and_all_others_not() {
        let of = |roles: &[Option<bool>]| {
            let members = roles
                .iter()
                .enumerate()
                .map(|(place, role)| member(&format!("i{place}"), *role, "db.r6g.large"));
            cluster(Some("neptune"), members.collect())
                .writer()
                .map(|one| one.id.to_string())
        };
        assert_eq!(of(&[Some(false), Some(true)]), Some("i1".to_owned()));
        assert_eq!(of(&[Some(true), Some(true)]), None);
        assert_eq!(of(&[Some(true), None]), None);
        assert_eq!(of(&[Some(false), Some(false)]), None);
    }

    #[test]
    fn sizes_compare_and_unknown_ones_do_not() {
        let size = |class: &str| member("i", None, class).size();
        assert!(size("db.r6g.large") < size("db.r5.xlarge"));
        assert!(size("db.r5.xlarge") < size("db.r6g.2xlarge"));
        assert_eq!(size("db.serverless"), None);
        assert_eq!(size("db.t3.medium"), None);
    }
}
