//! SNS: topics with their policies and subscriptions, to be looked at. What services publish is delivered by
//! [`Cloud::take_deliveries`](super::Cloud::take_deliveries), whoever has subscribed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// All topics of the account in its Region.
#[derive(Debug, Default)]
pub struct Sns {
    /// By ARN.
    pub topics: BTreeMap<String, Topic>,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Topic {
    /// Empty: none.
    pub display_name: String,
    /// `None`: the policy that SNS gives a new topic.
    pub policy: Option<Value>,
    /// The key that it is encrypted with; `None`: with none.
    pub kms_key: Option<String>,
    /// Who hears of it.
    pub subscriptions: Vec<Subscription>,
}

/// One subscription, confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `lambda`, `email`, …
    pub protocol: String,
    /// A function's ARN, an address.
    pub endpoint: String,
}

impl Topic {
    /// The policy's document. That of a new topic admits the owner's account (the actions are abridged, ASSUMED).
    pub fn document(&self, arn: &str, account: &str) -> Value {
        let default = || {
            json!({
                "Version": "2008-10-17",
                "Id": "__default_policy_ID",
                "Statement": [{
                    "Sid": "__default_statement_ID",
                    "Effect": "Allow",
                    "Principal": { "AWS": "*" },
                    "Action": ["SNS:GetTopicAttributes", "SNS:Subscribe", "SNS:Publish"],
                    "Resource": arn,
                    "Condition": { "StringEquals": { "AWS:SourceOwner": account } },
                }],
            })
        };
        self.policy.clone().unwrap_or_else(default)
    }
}
