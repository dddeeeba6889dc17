//! `clusterwarden check --online`: a policy file against the account that it is for. Reads only.

use clusterwarden::{
    aws::{access::Access, account},
    policy::{PolicyFile, Warnings},
};

use super::failure::Failure;

/// What the file says that does not fit the account, at its places in the file.
pub(super) async fn findings(file: &PolicyFile, access: &Access) -> Result<Warnings, Failure> {
    let seen = account::look(file.policy(), access).await;
    Ok(file.warnings_about(&seen.map_err(Failure::Account)?))
}
