//! SNS: the topics that may wake the functions.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sns::error::ProvideErrorMetadata;

use super::{Clients, found, policy, unread};
use crate::doctor::{Function, FunctionSeen, Read, TopicAttributes, TopicSeen, check::topics_of};

impl Clients {
    /// Each topic that a function's own policy names. One with a wildcard names none in particular.
    pub(super) async fn topics(
        &self,
        functions: &BTreeMap<Function, Read<Option<FunctionSeen>>>,
    ) -> BTreeMap<String, TopicSeen> {
        let named: BTreeSet<String> = found(functions)
            .filter_map(|seen| seen.statements.as_ref().ok())
            .flat_map(|statements| topics_of(statements))
            .filter(|arn| !arn.contains(['*', '?']))
            .collect();
        let mut topics = BTreeMap::new();
        for arn in named {
            let (attributes, subscriptions) =
                tokio::join!(self.attributes(&arn), self.subscriptions(&arn));
            let seen = TopicSeen {
                attributes,
                subscriptions,
            };
            topics.insert(arn, seen);
        }
        topics
    }

    async fn attributes(&self, arn: &str) -> Read<Option<TopicAttributes>> {
        let asked = self.sns.get_topic_attributes().topic_arn(arn);
        let read = match asked.send().await {
            Ok(read) => read,
            Err(error) if error.code() == Some("NotFound") => return Ok(None),
            Err(error) => return Err(unread("sns:GetTopicAttributes", &error)),
        };
        let attribute = |name: &str| read.attributes().and_then(|all| all.get(name));
        let text = attribute("Policy").map(String::as_str);
        Ok(Some(TopicAttributes {
            statements: policy("sns:GetTopicAttributes", text)?,
            kms_key: attribute("KmsMasterKeyId")
                .filter(|key| !key.is_empty())
                .cloned(),
        }))
    }

    async fn subscriptions(&self, arn: &str) -> Read<BTreeSet<(String, String)>> {
        let asked = self.sns.list_subscriptions_by_topic().topic_arn(arn);
        let mut pages = asked.into_paginator().items().send();
        let mut all = BTreeSet::new();
        while let Some(one) = pages.next().await {
            match one {
                Ok(one) => {
                    // One that nobody confirmed has a word instead of an ARN, and delivers nothing.
                    let confirmed = one
                        .subscription_arn()
                        .is_some_and(|arn| arn.starts_with("arn:"));
                    if let (true, Some(protocol), Some(endpoint)) =
                        (confirmed, one.protocol(), one.endpoint())
                    {
                        all.insert((protocol.to_owned(), endpoint.to_owned()));
                    }
                }
                // A topic that is not there has no subscriptions either; that it is not there is told of it.
                Err(error) if error.code() == Some("NotFound") => break,
                Err(error) => return Err(unread("sns:ListSubscriptionsByTopic", &error)),
            }
        }
        Ok(all)
    }
}
