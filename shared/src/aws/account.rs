//! What the account really has, to compare a policy file with. Reads only.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};

use super::{
    Aws, ServiceError,
    access::{Access, configuration},
};
use crate::{
    cluster::Group,
    db_cluster::DbCluster,
    policy::{AccountSeen, Policy},
};

/// An account and Region to look at, a part at a time, as the functions see it. Reads only.
#[derive(Debug)]
pub struct Account(Aws);

impl Account {
    /// The account that a configuration reaches.
    pub fn new(config: &SdkConfig) -> Self {
        // The table's name is not used: the journal is not looked at.
        Self(Aws::new(config, ""))
    }

    /// Every replication group of the Region.
    ///
    /// # Errors
    ///
    /// Groups or nodes could not be read.
    pub async fn groups(&self) -> Result<Vec<Group>, ServiceError> {
        let described = self.0.groups().await?;
        Ok(described.into_iter().map(|seen| seen.group).collect())
    }

    /// Every cluster of the Region that Neptune's API answers for, of whatever engine.
    ///
    /// # Errors
    ///
    /// Clusters or instances could not be read.
    pub async fn db_clusters(&self) -> Result<Vec<DbCluster>, ServiceError> {
        let described = self.0.db_clusters().await?;
        Ok(described.into_iter().map(|seen| seen.cluster).collect())
    }

    /// The names of alarms that look like those of Application Auto Scaling.
    ///
    /// # Errors
    ///
    /// Alarms could not be read.
    pub async fn auto_scaling_alarms(&self) -> Result<Vec<String>, ServiceError> {
        self.0.auto_scaling_alarms().await
    }

    /// The services' time, as of the newest answer of ElastiCache, Neptune or DynamoDB. `None`: none has answered.
    pub fn now(&self) -> Option<DateTime<Utc>> {
        self.0.clock.now()
    }
}

/// Looks at the groups of the account and Region, and at the alarms that the policy names.
///
/// # Errors
///
/// What could not be read; half an account would be warned about as a whole one.
pub async fn look(policy: &Policy, access: &Access) -> Result<AccountSeen, ServiceError> {
    let account = Account::new(&configuration(access).await);
    let resharding = policy.reshard.iter().flat_map(|entry| entry.alarms.names());
    let failovers = policy.failovers().flat_map(|entry| entry.alarms.names());
    let names: BTreeSet<&String> = resharding.chain(failovers).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    Ok(AccountSeen {
        groups: account.groups().await?,
        alarms: account.0.alarms(&names).await?.into_keys().collect(),
        auto_scaling: account.auto_scaling_alarms().await?,
    })
}
