//! How a person's command reaches AWS: as any AWS tool does, but for what the command line says.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;

/// How AWS is to be reached, where it differs from what the environment says.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The Region.
    pub region: Option<String>,
    /// Another endpoint than AWS's.
    pub endpoint_url: Option<String>,
    /// Sign with credentials that mean nothing, for an embedded AWS; the caller's are not looked for.
    pub embedded: bool,
}

/// The SDK's configuration: the environment's, as for any AWS tool, but for what `access` says.
pub async fn configuration(access: &Access) -> SdkConfig {
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).timeout_config(super::timeouts());
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &access.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if access.embedded {
        let nobody = Credentials::new("embedded", "embedded", None, None, "embedded");
        loader = loader.credentials_provider(nobody);
    }
    loader.load().await
}
