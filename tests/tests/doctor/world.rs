//! The default scenario with the stack deployed, and the doctor's look at it.

use std::fs;

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use clusterwarden::policy::PolicyFile;
use clusterwarden_account::doctor::{Finding, Report, Seen, Severity, examine, look};
use clusterwarden_local::cloud::{
    Cloud, Parameters, scenario,
    stack::{self, Settings},
};
use clusterwarden_tests::{SharedCloud, monday_morning, programs::checkout};
use http::Request;

pub(crate) const STACK: &str = "clusterwarden";

/// An embedded AWS to look at.
pub(crate) struct World {
    pub(crate) cloud: SharedCloud,
    pub(crate) policy: PolicyFile,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the SDK compares answers with this clock, whatever a test would like"
)]
pub(crate) fn real_time() -> DateTime<Utc> {
    Utc::now()
}

/// What a look found.
pub(crate) struct Looked {
    pub(crate) seen: Seen,
    pub(crate) findings: Vec<Finding>,
}

/// The stack as `clusterwarden cloud` deploys it.
pub(crate) fn plan() -> Settings {
    Settings::named(STACK)
        .naming("Journal", "clusterwarden-journal")
        .naming("NotificationTopic", "clusterwarden-notifications")
        .naming("DatabaseEventsTopic", "clusterwarden-database-events")
}

/// The same in apply mode, as narrow as the default policy allows.
pub(crate) fn apply() -> Settings {
    plan()
        .with("Mode", "apply")
        .with("DbClusterPattern", "graph-prod")
        .with("MaxShardsCeiling", "12")
}

fn text_of(path: &str) -> String {
    fs::read_to_string(checkout().join(path)).expect("a file of the checkout")
}

impl World {
    /// The default scenario, changed by a replacement in its text.
    pub(crate) fn changed(settings: Settings, from: &str, to: &str) -> Self {
        Self::changed_at(monday_morning(), settings, from, to)
    }

    /// A world of this very moment. Where an answer's `Date` is days off, the SDK takes a refusal for a clock that is wrong
    /// and asks again.
    pub(crate) fn of_now(settings: Settings) -> Self {
        Self::changed_at(real_time(), settings, "", "")
    }

    fn changed_at(start: DateTime<Utc>, settings: Settings, from: &str, to: &str) -> Self {
        let text = text_of("local/scenarios/default.toml");
        let text = if from.is_empty() {
            text
        } else {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        };
        let cloud = scenario::parse("default", &text, start, Parameters::default());
        let mut cloud = cloud.expect("a scenario");
        stack::deploy(&mut cloud, &text_of("template.yaml"), settings).expect("a stack");
        let policy = text_of("policy/policy.toml");
        Self {
            cloud: SharedCloud::new(cloud),
            policy: PolicyFile::parse("policy.toml", &policy).expect("a policy"),
        }
    }

    pub(crate) fn new(settings: Settings) -> Self {
        Self::changed(settings, "", "")
    }

    /// With the cloud changed.
    pub(crate) fn with(self, change: impl FnOnce(&mut Cloud)) -> Self {
        change(&mut self.cloud.lock());
        self
    }

    pub(crate) async fn look(&self) -> Looked {
        self.look_as(&self.cloud.sdk_config(), monday_morning).await
    }

    /// A look at a world of now.
    pub(crate) async fn look_as_now(&self) -> Looked {
        self.look_as(&self.cloud.sdk_config(), real_time).await
    }

    pub(crate) async fn look_as(&self, config: &SdkConfig, clock: fn() -> DateTime<Utc>) -> Looked {
        let seen = look(&self.policy, STACK, config, clock).await;
        let findings = examine(&self.policy, &seen);
        Looked { seen, findings }
    }
}

impl Looked {
    /// What is not as it should be.
    pub(crate) fn bad(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.findings.iter().collect();
        all.retain(|one| one.severity != Severity::Ok);
        all
    }

    pub(crate) fn report(&self) -> Report<'_> {
        Report {
            policy: "policy/policy.toml",
            seen: &self.seen,
            findings: &self.findings,
        }
    }
}

/// Sends CloudWatch or ElastiCache an AWS Query request, as somebody's hand would, and forgets that there was a call.
pub(crate) fn by_hand(cloud: &mut Cloud, version: &str, form: &str) {
    let body = format!("Version={version}&{form}");
    let request = Request::post("/").body(body.into()).expect("a request");
    let answer = clusterwarden_local::wire::answer(cloud, &request).expect("an answer");
    let said = String::from_utf8_lossy(answer.body());
    assert_eq!(answer.status().as_u16(), 200, "{form}: {said}");
    cloud.calls.clear();
}
