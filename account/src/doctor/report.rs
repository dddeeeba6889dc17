//! A report of findings, for people and for programs.

use std::fmt::Write;

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{Finding, Seen, Severity};

/// What nobody looked at, and the command that would: part of every report, so that silence is not taken for health.
pub const NOT_LOOKED_AT: [(&str, &str); 6] = [
    (
        "whether the layer holds this very policy file",
        "aws lambda get-layer-version-by-arn --arn LAYER_ARN --query Content.Location --output text, fetch it, and compare policy.toml",
    ),
    (
        "the schedules that wake the functions",
        "aws scheduler list-schedules --query 'Schedules[].[Name,State,Target.Arn]' --output text",
    ),
    (
        "conditions of roles but the ceiling, boundaries, policies of the organization, keys",
        "aws iam simulate-principal-policy --policy-source-arn ROLE_ARN --action-names ACTION --resource-arns ARN",
    ),
    (
        "statements of topics' policies that deny",
        "aws sns get-topic-attributes --topic-arn TOPIC_ARN --query Attributes.Policy --output text",
    ),
    (
        "whether Neptune tells the stack's topic of failovers",
        "aws neptune describe-event-subscriptions --query 'EventSubscriptionsList[].[CustSubscriptionId,Status,SnsTopicArn]' --output text",
    ),
    (
        "test failovers left of the account's 15 in 24 hours",
        "clusterwarden status shows ours; aws elasticache describe-events --duration 1440 shows all",
    ),
];

/// A report.
#[derive(Debug)]
pub struct Report<'a> {
    /// The policy's file, as the person named it.
    pub policy: &'a str,
    /// What was looked at.
    pub seen: &'a Seen,
    /// What was found, in order.
    pub findings: &'a [Finding],
}

impl Report<'_> {
    /// How many findings of a severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|one| one.severity == severity).count()
    }

    fn account(&self) -> Option<&str> {
        let mut functions = self.seen.functions.values();
        let found = functions.find_map(|read| read.as_ref().ok()?.as_ref());
        found.and_then(|seen| seen.arn.split(':').nth(4))
    }

    /// For a program.
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self
            .findings
            .iter()
            .map(|one| {
                json!({
                    "check": one.check.name(),
                    "part": one.check.part(),
                    "severity": one.severity,
                    "place": one.place,
                    "saw": one.saw,
                    "fix": one.fix,
                })
            })
            .collect();
        let not_looked_at =
            NOT_LOOKED_AT.map(|(what, command)| json!({ "what": what, "command": command }));
        json!({
            "policy": self.policy,
            "stack": self.seen.stack,
            "account": self.account(),
            "region": self.seen.region,
            "at": self.seen.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "unknown": self.count(Severity::Unknown),
            "ok": self.count(Severity::Ok),
            "findings": findings,
            "not_looked_at": not_looked_at,
        })
    }

    /// For a person: part by part, the worst first.
    pub fn text(&self) -> String {
        let mut said = format!(
            "{} against stack {}, account {}, Region {}, at {}\n",
            self.policy,
            self.seen.stack,
            self.account().unwrap_or("unknown"),
            self.seen.region.as_deref().unwrap_or("unknown"),
            self.seen.at.format("%Y-%m-%d %H:%M:%S UTC")
        );
        let mut part = None;
        for finding in self.findings {
            let own = finding.check.part();
            if part != Some(own) {
                part = Some(own);
                _ = writeln!(said, "\n{}", own.heading());
            }
            let (word, check) = (finding.severity.word(), finding.check.name());
            _ = writeln!(
                said,
                "  {word:7}  {}: {} [{check}]",
                finding.place, finding.saw
            );
            if let Some(fix) = &finding.fix {
                let lead = match finding.severity {
                    Severity::Ok => "next",
                    Severity::Error | Severity::Warning | Severity::Unknown => "fix",
                };
                _ = writeln!(said, "           {lead}: {fix}");
            }
        }
        said.push_str("\nNot looked at\n");
        for (what, command) in NOT_LOOKED_AT {
            _ = writeln!(said, "  {what}: {command}");
        }
        let count = |severity, one: &str, many: &str| match self.count(severity) {
            1 => format!("1 {one}"),
            more => format!("{more} {many}"),
        };
        _ = writeln!(
            said,
            "\n{}, {}, {} not known, {} as they should be",
            count(Severity::Error, "error", "errors"),
            count(Severity::Warning, "warning", "warnings"),
            self.count(Severity::Unknown),
            self.count(Severity::Ok),
        );
        said
    }
}
