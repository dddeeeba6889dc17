//! The settings of a function, from its environment.

use std::time::Duration;

use crate::{metrics::Publication, record::Mode};

/// Seconds between two looks for a new primary, unless `WATCH_SECONDS` says otherwise: a failover takes one to two minutes.
const WATCH_SECONDS: u64 = 10;

/// The longest sensible pause between two looks.
const LONGEST_WATCH_SECONDS: u64 = 60;

/// CloudWatch's longest namespace.
const LONGEST_NAMESPACE: usize = 255;

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MODE`: `plan` (default) or `apply`.
    pub mode: Mode,
    /// `POLICY_FILE`: where the policy is; a layer puts it at `/opt/policy.toml` (default).
    pub policy_file: String,
    /// `JOURNAL_TABLE`: the name of the journal's DynamoDB table.
    pub journal_table: String,
    /// `WATCH_SECONDS`: how long to wait between two looks for the new primary or writer of a failover just started. 10 by
    /// default; 0 is for an embedded AWS whose time passes with each answer.
    pub watch_every: Duration,
    /// `ENDPOINT_URL`: where all services answer, for `sam local invoke`, whose containers see only variables that the template
    /// has. `None`: AWS's own endpoints, or what the SDK's own variables say. The SDK's `AWS_ENDPOINT_URL` can't be in the
    /// template: it panics where that is empty.
    pub endpoint_url: Option<String>,
    /// `METRICS_NAMESPACE`: the namespace in CloudWatch of the metrics that the log lines carry, and `TARGET_METRICS`: whether there
    /// are metrics per target, `yes` (default) or `no`. `None`: no namespace is set, and the log has records alone, without
    /// metrics and heartbeat.
    pub metrics: Option<Publication>,
}

impl Settings {
    /// Reads the settings through `variable`, which looks one up. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// Every mistake at once, a sentence each.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let mut mistakes = Vec::new();
        let mode = variable("MODE")
            .map_or(Ok(Mode::Plan), |text| text.parse())
            .unwrap_or_else(|mistake: String| {
                mistakes.push(format!("MODE: {mistake}"));
                Mode::Plan
            });
        let journal_table = variable("JOURNAL_TABLE").unwrap_or_else(|| {
            mistakes.push(
                "JOURNAL_TABLE is not set; set it to the name of the journal's DynamoDB table"
                    .to_owned(),
            );
            String::new()
        });
        let policy_file = variable("POLICY_FILE").unwrap_or_else(|| "/opt/policy.toml".to_owned());
        let watch_seconds = variable("WATCH_SECONDS").map_or(WATCH_SECONDS, |text| {
            let seconds = text.trim().parse().ok();
            seconds
                .filter(|seconds| *seconds <= LONGEST_WATCH_SECONDS)
                .unwrap_or_else(|| {
                    mistakes.push(format!(
                        "WATCH_SECONDS is {text:?}; it must be a whole number from 0 to {LONGEST_WATCH_SECONDS}"
                    ));
                    WATCH_SECONDS
                })
        });
        let endpoint_url = variable("ENDPOINT_URL");
        if let Some(url) = &endpoint_url
            && !["http://", "https://"]
                .iter()
                .any(|scheme| url.starts_with(scheme))
        {
            mistakes.push(format!(
                "ENDPOINT_URL is {url:?}; it must begin with http:// or https://, or be left empty for AWS itself"
            ));
        }
        let per_target = match variable("TARGET_METRICS").as_deref() {
            None | Some("yes") => true,
            Some("no") => false,
            Some(other) => {
                mistakes.push(format!(
                    "TARGET_METRICS is {other:?}; it must be \"yes\" or \"no\""
                ));
                true
            }
        };
        let metrics = variable("METRICS_NAMESPACE").map(|namespace| {
            mistakes.extend(mistake_of_namespace(&namespace));
            Publication {
                namespace,
                per_target,
            }
        });
        if mistakes.is_empty() {
            Ok(Self {
                mode,
                policy_file,
                journal_table,
                watch_every: Duration::from_secs(watch_seconds),
                endpoint_url,
                metrics,
            })
        } else {
            Err(mistakes.join("; "))
        }
    }
}

/// What CloudWatch would not take of a namespace. `None`: it would take it.
fn mistake_of_namespace(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._#:/-".contains(&byte);
    let is_good =
        text.len() <= LONGEST_NAMESPACE && text.bytes().all(fits) && !text.starts_with("AWS/");
    (!is_good).then(|| {
        format!(
            "METRICS_NAMESPACE is {text:?}; it must be at most {LONGEST_NAMESPACE} letters, digits and . _ # : / -, and not begin \
             with AWS/, which is AWS's own"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| {
            let mut all = variables.iter().chain(&[("JOURNAL_TABLE", "journal")]);
            let found = all.find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn metrics_go_to_the_namespace_that_is_set_and_nowhere_without_one() {
        assert_eq!(read(&[("TARGET_METRICS", "no")]).unwrap().metrics, None);
        for (switch, per_target) in [("", true), ("yes", true), ("no", false)] {
            let settings = read(&[
                ("METRICS_NAMESPACE", "clusterwarden/prod-eu"),
                ("TARGET_METRICS", switch),
            ]);
            let namespace = "clusterwarden/prod-eu".to_owned();
            let wanted = Publication {
                namespace,
                per_target,
            };
            assert_eq!(settings.unwrap().metrics, Some(wanted));
        }
    }

    #[test]
    fn settings_of_metrics_that_cloudwatch_would_not_take_are_mistakes() {
        let long = "x".repeat(LONGEST_NAMESPACE + 1);
        for namespace in ["AWS/Lambda", "two words", "größe", long.as_str()] {
            let mistakes = read(&[("METRICS_NAMESPACE", namespace)]).unwrap_err();
            assert!(mistakes.starts_with("METRICS_NAMESPACE is "), "{mistakes}");
        }
        let mistakes = read(&[("TARGET_METRICS", "false")]).unwrap_err();
        assert_eq!(
            mistakes,
            r#"TARGET_METRICS is "false"; it must be "yes" or "no""#
        );
    }

    #[test]
    fn plan_is_the_default_and_every_mistake_is_named() {
        let settings =
            Settings::read(|name| (name == "JOURNAL_TABLE").then(|| "journal".to_owned())).unwrap();
        assert_eq!(
            (settings.mode, settings.policy_file.as_str()),
            (Mode::Plan, "/opt/policy.toml")
        );
        let mistakes =
            Settings::read(|name| (name == "MODE").then(|| "dry-run".to_owned())).unwrap_err();
        assert!(
            mistakes.contains("MODE") && mistakes.contains("JOURNAL_TABLE"),
            "{mistakes}"
        );
    }

    #[test]
    fn an_endpoint_is_a_url_and_an_empty_one_is_awss_own() {
        let read = |url: &'static str| {
            Settings::read(move |name| match name {
                "JOURNAL_TABLE" => Some("journal".to_owned()),
                "ENDPOINT_URL" => Some(url.to_owned()),
                _ => None,
            })
        };
        assert_eq!(read("").unwrap().endpoint_url, None);
        let url = "http://10.89.0.1:4577";
        assert_eq!(read(url).unwrap().endpoint_url.as_deref(), Some(url));
        assert!(read("localhost:4577").unwrap_err().contains("ENDPOINT_URL"));
    }
}
