//! What the account really has, to compare a policy file with. Reads only.

use std::collections::BTreeSet;

use super::{
    Aws, ServiceError,
    access::{Access, configuration},
};
use crate::policy::{AccountSeen, Policy};

/// Looks at the groups of the account and Region, and at the alarms that the policy names.
///
/// # Errors
///
/// What could not be read; half an account would be warned about as a whole one.
pub async fn look(policy: &Policy, access: &Access) -> Result<AccountSeen, ServiceError> {
    // The table's name is not used: the journal is not looked at.
    let aws = Aws::new(&configuration(access).await, "");
    let resharding = policy.reshard.iter().flat_map(|entry| entry.alarms.names());
    let failovers = policy.failovers().flat_map(|entry| entry.alarms.names());
    let names: BTreeSet<&String> = resharding.chain(failovers).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    let described = aws.groups().await?;
    Ok(AccountSeen {
        groups: described.into_iter().map(|seen| seen.group).collect(),
        alarms: aws.alarms(&names).await?.into_keys().collect(),
        auto_scaling: aws.auto_scaling_alarms().await?,
    })
}
