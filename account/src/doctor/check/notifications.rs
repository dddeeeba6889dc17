//! Notification topics: attached to the groups, admitting the service, heard by the functions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::case::{Case, listed, place_of};
use crate::doctor::{
    Check, Function,
    finding::Findings,
    seen::{FunctionSeen, TopicAttributes, TopicSeen},
    statement::{
        Source, allows, asks_for, names_action, names_everybody, names_service, source, texts,
    },
};

/// The topics that a function's own policy lets wake it, as written.
pub(in crate::doctor) fn topics_of(statements: &[Value]) -> BTreeSet<String> {
    let mut topics = BTreeSet::new();
    let of_sns = |one: &&Value| allows(one) && names_service(one, "sns.amazonaws.com");
    for statement in statements.iter().filter(of_sns) {
        let conditions = statement.get("Condition").and_then(Value::as_object);
        for (_, tests) in conditions.into_iter().flatten() {
            for (key, _) in tests.as_object().into_iter().flatten() {
                if key.eq_ignore_ascii_case("AWS:SourceArn") {
                    topics.extend(texts(tests, key).into_iter().map(str::to_owned));
                }
            }
        }
    }
    topics
}

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    // Topics of groups, and that of database clusters: who publishes to them differs.
    let (mut of_groups, mut of_clusters) = (BTreeSet::new(), BTreeSet::new());
    for (function, seen) in case.functions() {
        let place = format!("function {}", seen.name);
        let Some(statements) = findings.read(Check::TopicMayInvoke, &place, &seen.statements)
        else {
            continue;
        };
        let topics = topics_of(statements);
        if topics.is_empty() {
            let fix = format!(
                "deploy template.yaml again; by hand: aws lambda add-permission --function-name {} --statement-id notifications \
                 --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn TOPIC_ARN",
                seen.name
            );
            let saw = "no topic may invoke it: it hears of failovers on its schedule only";
            findings.error(Check::TopicMayInvoke, &place, saw, fix);
            continue;
        }
        let named: Vec<&String> = topics.iter().collect();
        findings.ok(
            Check::TopicMayInvoke,
            &place,
            format!("lets {} invoke it", listed(&named)),
        );
        for topic in &topics {
            require_subscribed(topic, case.seen.topics.get(topic), seen, findings);
        }
        if function.is_of_groups() {
            of_groups.extend(topics);
        } else {
            of_clusters.extend(topics);
        }
    }
    for topic in of_groups.union(&of_clusters) {
        let publisher = if of_groups.contains(topic) {
            Publisher::ElastiCache
        } else {
            Publisher::Rds
        };
        require_published(topic, publisher, case.seen.topics.get(topic), findings);
    }
    if !of_groups.is_empty() {
        require_attached(case, &of_groups, findings);
    }
}

fn require_subscribed(
    topic: &str,
    seen: Option<&TopicSeen>,
    function: &FunctionSeen,
    findings: &mut Findings,
) {
    let place = format!("topic {topic}, function {}", function.name);
    let Some(seen) = seen else {
        let saw = "the statement names a pattern, and which topic that is cannot be told";
        let fix = "deploy template.yaml again, which names its topic";
        findings.unjudged(Check::TopicSubscribed, &place, saw, fix);
        return;
    };
    // Of a topic that is not there, topic_policy says so.
    if matches!(seen.attributes, Ok(None)) {
        return;
    }
    let Some(subscriptions) = findings.read(Check::TopicSubscribed, &place, &seen.subscriptions)
    else {
        return;
    };
    if subscriptions.contains(&("lambda".to_owned(), function.arn.clone())) {
        findings.ok(
            Check::TopicSubscribed,
            &place,
            "the function has subscribed",
        );
    } else {
        let saw = "the function has not subscribed: it hears nothing of what is published";
        let fix = format!(
            "aws sns subscribe --topic-arn {topic} --protocol lambda --notification-endpoint {}, or deploy template.yaml again",
            function.arn
        );
        findings.error(Check::TopicSubscribed, &place, saw, fix);
    }
}

/// Who publishes to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Publisher {
    ElastiCache,
    Rds,
}

impl Publisher {
    fn principal(self) -> &'static str {
        match self {
            Self::ElastiCache => "elasticache.amazonaws.com",
            Self::Rds => "events.rds.amazonaws.com",
        }
    }
}

fn require_published(
    topic: &str,
    publisher: Publisher,
    seen: Option<&TopicSeen>,
    findings: &mut Findings,
) {
    let place = format!("topic {topic}");
    let Some(seen) = seen else {
        return;
    };
    match findings.read(Check::TopicPolicy, &place, &seen.attributes) {
        Some(Some(attributes)) => {
            require_policy(topic, publisher, attributes, findings);
            require_unencrypted(topic, publisher, attributes, findings);
        }
        Some(None) => {
            let saw = "is not there, though a function's policy names it";
            let fix = "deploy template.yaml again, and attach the output NotificationTopicArn to the groups";
            findings.error(Check::TopicPolicy, &place, saw, fix);
        }
        None => {}
    }
}

/// ElastiCache's page says of this policy both that the account must be named as `AWS:SourceOwner`, and that the service must
/// be named with `aws:SourceAccount`; one of them is what it really asks for.
fn require_policy(
    topic: &str,
    publisher: Publisher,
    attributes: &TopicAttributes,
    findings: &mut Findings,
) {
    let place = format!("topic {topic}");
    let (_, _, account) = place_of(topic);
    let keys = [("aws:sourceowner", account), ("aws:sourceaccount", account)];
    let publishes = |one: &&Value| allows(one) && names_action(one, "sns:Publish");
    let mut admitting: Vec<&Value> = attributes.statements.iter().filter(publishes).collect();
    let principal = publisher.principal();
    // Stricter than ours, and perhaps right: what a notification carries besides the account is not documented.
    let unjudged = admitting.iter().find_map(|one| match source(one, &keys) {
        Source::Unjudged(key) if names_everybody(one) || names_service(one, principal) => Some(key),
        Source::Unjudged(_) | Source::Admitted | Source::Refused { .. } => None,
    });
    admitting.retain(|one| source(one, &keys) == Source::Admitted);
    let for_account = admitting
        .iter()
        .any(|one| names_everybody(one) && asks_for(one, "AWS:SourceOwner"));
    let for_service = admitting.iter().any(|one| {
        if names_everybody(one) {
            asks_for(one, "aws:SourceAccount")
        } else {
            names_service(one, principal)
        }
    });
    let for_anybody = admitting
        .iter()
        .any(|one| names_everybody(one) && one.get("Condition").is_none());
    let fix = format!(
        "deploy template.yaml again, which writes both statements; by hand: add these statements to the topic's policy, which aws sns \
         get-topic-attributes --topic-arn {topic} shows (set-topic-attributes replaces all of it): {}",
        both(topic, publisher, account)
    );
    let check = Check::TopicPolicy;
    match (for_account, for_service) {
        _ if for_anybody => {
            let saw = "anybody may publish to it: a forged notification wakes the functions";
            findings.warning(check, &place, saw, fix);
        }
        (true, true) => {
            let saw = format!("lets this account and {principal} publish");
            findings.ok(check, &place, saw);
        }
        _ if unjudged.is_some() => {
            let key = unjudged.unwrap_or_default();
            let saw = format!(
                "a condition on {key} decides whether {principal} may publish, which is not judged here"
            );
            let fix = format!("look whether notifications arrive; if not: {fix}");
            findings.unjudged(check, &place, saw, fix);
        }
        (true, false) => {
            let saw = format!(
                "lets this account publish, but not {principal}; which of the two is needed AWS does not say plainly"
            );
            findings.warning(check, &place, saw, fix);
        }
        (false, true) => {
            let saw = format!(
                "lets {principal} publish, but not this account (AWS:SourceOwner); which of the two is needed AWS does not say plainly"
            );
            findings.warning(check, &place, saw, fix);
        }
        (false, false) => {
            let saw = format!(
                "lets neither this account (AWS:SourceOwner) nor {principal} publish: nothing is delivered, and AWS makes the topic inactive"
            );
            findings.error(check, &place, saw, fix);
        }
    }
}

/// The statements that template.yaml writes.
fn both(topic: &str, publisher: Publisher, account: &str) -> Value {
    let statement = |principal: Value, key: &str| {
        json!({
            "Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": topic,
            "Condition": { "StringEquals": { key: account } },
        })
    };
    json!([
        statement(json!({ "AWS": "*" }), "AWS:SourceOwner"),
        statement(
            json!({ "Service": publisher.principal() }),
            "aws:SourceAccount"
        ),
    ])
}

fn require_unencrypted(
    topic: &str,
    publisher: Publisher,
    attributes: &TopicAttributes,
    findings: &mut Findings,
) {
    let place = format!("topic {topic}");
    match &attributes.kms_key {
        Some(key) if publisher == Publisher::ElastiCache => {
            let saw = format!(
                "is encrypted with {key}: ElastiCache cannot publish to an encrypted topic"
            );
            let fix = format!(
                "aws sns set-topic-attributes --topic-arn {topic} --attribute-name KmsMasterKeyId --attribute-value ''"
            );
            findings.error(Check::TopicEncryption, &place, saw, fix);
        }
        Some(_) => {}
        None => findings.ok(
            Check::TopicEncryption,
            &place,
            "is not encrypted with a key",
        ),
    }
}

fn require_attached(case: &Case<'_>, ours: &BTreeSet<String>, findings: &mut Findings) {
    let Some(nodes) = findings.read(Check::TopicAttached, "nodes", &case.seen.notifications) else {
        return;
    };
    let mut topics: BTreeMap<&str, BTreeSet<Option<(&str, &str)>>> = BTreeMap::new();
    for node in nodes {
        let topic = node
            .topic
            .as_ref()
            .map(|(arn, status)| (arn.as_str(), status.as_str()));
        topics.entry(&node.group).or_default().insert(topic);
    }
    let targets: BTreeSet<String> = Function::ALL
        .into_iter()
        .filter(|one| one.is_of_groups())
        .flat_map(|one| case.targets(one))
        .map(|target| target.id)
        .collect();
    let topic = ours.iter().next().map_or("TOPIC_ARN", String::as_str);
    for id in &targets {
        let place = format!("group {id}");
        // A group without a node has nothing to tell, and is told of elsewhere.
        let Some(seen) = topics.get(id.as_str()) else {
            continue;
        };
        let fix = format!(
            "aws elasticache modify-replication-group --replication-group-id {id} --notification-topic-arn {topic} \
             --notification-topic-status active --apply-immediately"
        );
        let foreign = seen.iter().flatten().find(|(arn, _)| !ours.contains(*arn));
        let inactive = seen
            .iter()
            .flatten()
            .find(|(_, status)| *status != "active");
        if let Some((arn, _)) = foreign {
            let saw =
                format!("notifies {arn}, to which no function listens; a group has one topic");
            let fix = format!("{fix}; or let {arn} invoke the functions, and subscribe them");
            findings.warning(Check::TopicAttached, &place, saw, fix);
        } else if seen.contains(&None) {
            let saw =
                "notifies no topic: failovers and replacements are heard of on the schedule only";
            findings.warning(Check::TopicAttached, &place, saw, fix);
        } else {
            findings.ok(Check::TopicAttached, &place, "notifies the stack's topic");
            if let Some((arn, status)) = inactive {
                let saw = format!("its topic {arn} is {status}: nothing is delivered");
                let fix = format!("mend what topic_policy says of the topic, then {fix}");
                findings.error(Check::TopicActive, &place, saw, fix);
            } else {
                findings.ok(Check::TopicActive, &place, "its topic is active");
            }
        }
    }
}
