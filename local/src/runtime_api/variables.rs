//! The function's environment variables: Lambda's, nothing of the caller's, and no way to an AWS nobody named.

use std::{collections::BTreeMap, net::IpAddr, net::SocketAddr, path::PathBuf, time::Duration};

use http::Uri;

/// A function as it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name, in ARNs and in `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// Its executable, which Lambda calls `bootstrap`.
    pub binary: PathBuf,
    /// Memory in MB, as reported; nothing here limits it.
    pub memory_megabytes: u32,
    /// An invocation ends after this.
    pub timeout: Duration,
    /// Its own variables, such as `MODE`. They cannot replace Lambda's nor those that decide where requests go.
    pub variables: BTreeMap<String, String>,
}

impl Function {
    /// A function with 256 MB, 60 s and no variables of its own.
    pub fn new(name: &str, binary: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            binary,
            memory_megabytes: 256,
            timeout: Duration::from_secs(60),
            variables: BTreeMap::new(),
        }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The function's ARN in an account and Region.
    pub(super) fn arn(&self, region: &str) -> String {
        format!(
            "arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{}",
            self.name
        )
    }
}

/// The account of the embedded AWS.
const ACCOUNT_ID: &str = "123456789012";

/// Where there is no word of a Region.
const DEFAULT_REGION: &str = "us-east-1";

/// Services that the functions call, as `AWS_ENDPOINT_URL_<SERVICE>` spells them. Each is set, because a service's own
/// setting in a profile would win over the general variable.
const SERVICES: [&str; 5] = ["CLOUDWATCH", "DYNAMODB", "ELASTICACHE", "NEPTUNE", "STS"];

/// What of the caller's environment says who the caller is. Not in the list, on purpose: `AWS_ENDPOINT_URL*` and
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, which would send requests elsewhere than to the URL that the person named.
const CREDENTIALS: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HOME",
];

/// Where the function's AWS requests go, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    /// The caller's environment; `None` for the embedded AWS, which takes any credentials.
    caller: Option<BTreeMap<String, String>>,
}

/// A URL that no request may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL of the form `http://host:port` or `https://host`.
    #[error("`{0}` is not an endpoint URL such as http://127.0.0.1:4577")]
    NotAUrl(String),
    /// An embedded AWS listens on this machine only.
    #[error("`{0}` is not on this machine, and only a person may name an AWS elsewhere")]
    NotLoopback(String),
}

impl Endpoint {
    /// An AWS embedded in this process or another one of this machine. Credentials are made up.
    ///
    /// # Errors
    /// The URL is none, or not a loopback address.
    pub fn embedded(url: &str) -> Result<Self, EndpointError> {
        if is_loopback(&host(url)?) {
            let (url, caller) = (url.to_owned(), None);
            Ok(Self { url, caller })
        } else {
            Err(EndpointError::NotLoopback(url.to_owned()))
        }
    }

    /// An endpoint that a person named, reached with the credentials and the Region in the `caller`'s environment.
    ///
    /// # Errors
    /// The URL is none.
    pub fn named(url: &str, caller: BTreeMap<String, String>) -> Result<Self, EndpointError> {
        let caller = if is_loopback(&host(url)?) && !caller.keys().any(|name| identifies(name)) {
            None
        } else {
            Some(caller)
        };
        let url = url.to_owned();
        Ok(Self { url, caller })
    }

    /// The Region that requests are signed for.
    pub fn region(&self) -> &str {
        let caller = |name: &str| self.caller.as_ref().and_then(|caller| caller.get(name));
        caller("AWS_REGION")
            .or_else(|| caller("AWS_DEFAULT_REGION"))
            .map_or(DEFAULT_REGION, String::as_str)
    }
}

/// Whether a variable is a source of credentials by itself.
fn identifies(name: &str) -> bool {
    matches!(
        name,
        "AWS_ACCESS_KEY_ID" | "AWS_PROFILE" | "AWS_WEB_IDENTITY_TOKEN_FILE"
    )
}

fn host(url: &str) -> Result<String, EndpointError> {
    let wrong = || EndpointError::NotAUrl(url.to_owned());
    let parsed: Uri = url.parse().map_err(|_| wrong())?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err(wrong());
    }
    match parsed.host() {
        Some(host) if !host.is_empty() => Ok(host.to_owned()),
        Some(_) | None => Err(wrong()),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// All variables of the function's process, which starts with these and no others.
pub(super) fn variables(
    function: &Function,
    endpoint: &Endpoint,
    runtime_api: SocketAddr,
) -> BTreeMap<String, String> {
    let mut all = function.variables.clone();
    let mut set = |name: &str, value: &str| all.insert(name.to_owned(), value.to_owned());

    set("AWS_LAMBDA_RUNTIME_API", &runtime_api.to_string());
    set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    set(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        &function.memory_megabytes.to_string(),
    );
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    set(
        "AWS_LAMBDA_LOG_GROUP_NAME",
        &format!("/aws/lambda/{}", function.name),
    );
    set("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]");
    set("_HANDLER", "bootstrap");
    let task_root = function
        .binary
        .parent()
        .map(|folder| folder.to_string_lossy());
    set("LAMBDA_TASK_ROOT", &task_root.unwrap_or_default());
    set("LAMBDA_RUNTIME_DIR", "/var/runtime");
    set("TZ", ":UTC");
    set("LANG", "en_US.UTF-8");
    set("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin");

    // From here on: where requests go. The order matters, what is set last holds.
    set("AWS_ACCESS_KEY_ID", "embedded");
    set("AWS_SECRET_ACCESS_KEY", "embedded");
    set("AWS_CONFIG_FILE", "/dev/null");
    set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    if let Some(caller) = &endpoint.caller {
        // Made-up keys must not hide the caller's profile.
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        ] {
            all.remove(name);
        }
        for name in CREDENTIALS {
            if let Some(value) = caller.get(name) {
                all.insert(name.to_owned(), value.clone());
            }
        }
    }
    let mut set = |name: &str, value: &str| all.insert(name.to_owned(), value.to_owned());
    set("AWS_REGION", endpoint.region());
    set("AWS_DEFAULT_REGION", endpoint.region());
    set("AWS_ENDPOINT_URL", &endpoint.url);
    for service in SERVICES {
        set(&format!("AWS_ENDPOINT_URL_{service}"), &endpoint.url);
    }
    set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false");
    set("AWS_EC2_METADATA_DISABLED", "true");
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:4577";

    fn all(function: &Function, endpoint: &Endpoint) -> BTreeMap<String, String> {
        variables(function, endpoint, SocketAddr::from(([127, 0, 0, 1], 9001)))
    }

    fn caller(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        pairs.iter().map(owned).collect()
    }

    fn reshard() -> Function {
        Function::new("reshard", PathBuf::from("/task/bootstrap"))
    }

    #[test]
    fn a_functions_own_variables_cannot_redirect_requests() {
        let function = reshard()
            .with("MODE", "plan")
            .with(
                "AWS_ENDPOINT_URL",
                "https://elasticache.us-east-1.amazonaws.com",
            )
            .with(
                "AWS_ENDPOINT_URL_ELASTICACHE",
                "https://elasticache.us-east-1.amazonaws.com",
            )
            .with("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
        let all = all(&function, &Endpoint::embedded(URL).unwrap());
        assert_eq!(all["MODE"], "plan");
        assert_eq!(all["AWS_ENDPOINT_URL"], URL);
        assert_eq!(all["AWS_ENDPOINT_URL_ELASTICACHE"], URL);
        assert_eq!(all["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"], "false");
        assert_eq!(all["AWS_EC2_METADATA_DISABLED"], "true");
        assert_eq!(all["LAMBDA_TASK_ROOT"], "/task");
    }

    #[test]
    fn an_embedded_aws_is_on_this_machine() {
        for url in ["http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1"] {
            assert!(Endpoint::embedded(url).is_ok(), "{url}");
        }
        for url in [
            "http://10.0.0.1:1",
            "https://elasticache.us-east-1.amazonaws.com",
            "http://127.0.0.1.evil.test",
        ] {
            let refused = Endpoint::embedded(url).unwrap_err();
            assert_eq!(refused, EndpointError::NotLoopback(url.to_owned()));
        }
        for url in [
            "",
            "localhost:4577",
            "ftp://localhost",
            "/path",
            "http://",
            "not a url",
        ] {
            let refused = Endpoint::named(url, BTreeMap::new()).unwrap_err();
            assert_eq!(refused, EndpointError::NotAUrl(url.to_owned()), "{url}");
        }
    }

    #[test]
    fn a_named_endpoint_gets_the_callers_credentials_and_nothing_that_leads_elsewhere() {
        let caller = caller(&[
            ("AWS_PROFILE", "prod"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "https://elsewhere.test"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ("SECRET", "s"),
        ]);
        let endpoint = Endpoint::named("https://gateway.test", caller).unwrap();
        let all = all(&reshard(), &endpoint);
        assert_eq!(all["AWS_PROFILE"], "prod");
        assert_eq!(all["AWS_REGION"], "eu-west-1");
        assert_eq!(all["AWS_ENDPOINT_URL_DYNAMODB"], "https://gateway.test");
        assert_eq!(all["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"], "false");
        for hidden in ["SECRET", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE"] {
            assert!(!all.contains_key(hidden), "{hidden}");
        }
    }

    #[test]
    fn made_up_keys_serve_a_named_endpoint_on_this_machine_when_the_caller_has_none() {
        let keyless = Endpoint::named(URL, caller(&[("HOME", "/home/a")])).unwrap();
        assert_eq!(all(&reshard(), &keyless)["AWS_ACCESS_KEY_ID"], "embedded");
        let keyed = Endpoint::named(URL, caller(&[("AWS_ACCESS_KEY_ID", "AKIA")])).unwrap();
        assert_eq!(all(&reshard(), &keyed)["AWS_ACCESS_KEY_ID"], "AKIA");
        let away = Endpoint::named("https://gateway.test", BTreeMap::new()).unwrap();
        assert!(!all(&reshard(), &away).contains_key("AWS_ACCESS_KEY_ID"));
    }
}
