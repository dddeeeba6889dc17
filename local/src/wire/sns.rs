//! SNS over AWS Query XML: the reads of a topic.

use super::{WireError, query::Params, xml::Element};
use crate::cloud::{Cloud, sns::Topic};

/// The namespace of every answer (\[BC\]).
pub const XMLNS: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Answers one operation with the children of its `…Result` element.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(cloud: &Cloud, operation: &str, params: &Params) -> Result<Vec<Element>, WireError> {
    if !matches!(operation, "GetTopicAttributes" | "ListSubscriptionsByTopic") {
        let text = format!("The embedded SNS has no {operation}.");
        return Err(error(400, "InvalidAction", &text));
    }
    let arn = params.get("TopicArn").unwrap_or_default();
    if !arn.starts_with("arn:") {
        // ASSUMED wording.
        let text = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements";
        return Err(error(400, "InvalidParameter", text));
    }
    let topic = cloud.sns.topics.get(arn);
    let topic = topic.ok_or_else(|| error(404, "NotFound", "Topic does not exist"))?;
    Ok(vec![if operation == "GetTopicAttributes" {
        attributes(cloud, arn, topic)
    } else {
        subscriptions(cloud, arn, topic)
    }])
}

/// The attributes that botocore's documentation of `GetTopicAttributes` lists, as far as this topic has them.
fn attributes(cloud: &Cloud, arn: &str, topic: &Topic) -> Element {
    let policy = topic.document(arn, &cloud.account_id).to_string();
    let confirmed = topic.subscriptions.len().to_string();
    let mut entries = vec![
        ("TopicArn", arn.to_owned()),
        ("Owner", cloud.account_id.clone()),
        ("DisplayName", topic.display_name.clone()),
        ("Policy", policy),
        ("SubscriptionsConfirmed", confirmed),
        ("SubscriptionsPending", "0".to_owned()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ];
    entries.extend(topic.kms_key.clone().map(|key| ("KmsMasterKeyId", key)));
    let entry =
        |(key, value): (&str, String)| Element::new("entry").with("key", key).with("value", value);
    Element::list("Attributes", entries.into_iter().map(entry))
}

/// All on one page; AWS's has a hundred.
fn subscriptions(cloud: &Cloud, arn: &str, topic: &Topic) -> Element {
    let members = topic.subscriptions.iter().zip(1..).map(|(one, number)| {
        let id = format!("{arn}:00000000-0000-4000-8000-{number:012}");
        Element::new("member")
            .with("SubscriptionArn", id)
            .with("Owner", &cloud.account_id)
            .with("Protocol", &one.protocol)
            .with("Endpoint", &one.endpoint)
            .with("TopicArn", arn)
    });
    Element::list("Subscriptions", members)
}

fn error(status: u16, code: &str, message: &str) -> WireError {
    WireError {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
