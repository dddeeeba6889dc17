//! The look at an account: the only room here that names an SDK type. Reads only.

mod alarms;
mod functions;
mod metrics;
mod others;
mod roles;
mod topics;

use std::{collections::BTreeMap, error::Error};

use aws_config::SdkConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use chrono::{DateTime, Utc};
use clusterwarden::{
    aws::{ServiceError, account::Account, causes},
    policy::PolicyFile,
};
use serde_json::Value;

use super::{Clocks, Function, FunctionSeen, Read, Seen, Unread, statement::statements};

/// Everything that a look needs to be allowed. Of a caller who may not, the report says which it was.
pub const PERMISSIONS: [&str; 21] = [
    "application-autoscaling:DescribeScalableTargets",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetPolicy",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "servicequotas:ListAWSDefaultServiceQuotas",
    "servicequotas:ListServiceQuotas",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
];

/// The clients of a look.
struct Clients {
    account: Account,
    elasticache: aws_sdk_elasticache::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
    iam: aws_sdk_iam::Client,
    sns: aws_sdk_sns::Client,
    quotas: aws_sdk_servicequotas::Client,
    scaling: aws_sdk_applicationautoscaling::Client,
}

/// Looks at a stack, and at what a policy's file is about. `clock` is this machine's.
pub async fn look(
    file: &PolicyFile,
    stack: &str,
    config: &SdkConfig,
    clock: fn() -> DateTime<Utc>,
) -> Seen {
    let clients = Clients {
        account: Account::new(config),
        elasticache: aws_sdk_elasticache::Client::new(config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(config),
        dynamodb: aws_sdk_dynamodb::Client::new(config),
        lambda: aws_sdk_lambda::Client::new(config),
        iam: aws_sdk_iam::Client::new(config),
        sns: aws_sdk_sns::Client::new(config),
        quotas: aws_sdk_servicequotas::Client::new(config),
        scaling: aws_sdk_applicationautoscaling::Client::new(config),
    };
    // Boxed, all of them: side by side the SDK's futures would fill a thread's stack.
    let ((groups, clocks), db_clusters) = tokio::join!(
        Box::pin(clients.groups(clock)),
        Box::pin(clients.db_clusters())
    );
    let at = clocks.map_or_else(clock, |clocks| clocks.aws);
    let (functions, alarms, newest, notifications, quotas, scalable, scaling_alarms) = tokio::join!(
        Box::pin(clients.functions(file.policy(), stack)),
        Box::pin(clients.alarms(file.policy())),
        Box::pin(clients.newest(
            file.policy(),
            groups.as_ref().ok(),
            db_clusters.as_ref().ok(),
            at
        )),
        Box::pin(clients.notifications()),
        Box::pin(clients.quotas()),
        Box::pin(clients.scalable()),
        Box::pin(clients.scaling_alarms()),
    );
    let (tables, topics) = tokio::join!(
        Box::pin(clients.tables(&functions)),
        Box::pin(clients.topics(&functions))
    );
    Seen {
        stack: stack.to_owned(),
        region: config.region().map(|region| region.as_ref().to_owned()),
        clocks,
        at,
        functions,
        tables,
        topics,
        alarms,
        groups,
        notifications,
        db_clusters,
        quotas,
        scalable,
        scaling_alarms,
        newest,
    }
}

/// The functions that are there.
fn found(
    functions: &BTreeMap<Function, Read<Option<FunctionSeen>>>,
) -> impl Iterator<Item = &FunctionSeen> {
    let read = functions.values().filter_map(|read| read.as_ref().ok());
    read.filter_map(Option::as_ref)
}

/// Codes with which services refuse a caller who may not (\[BC\]; of SNS `AuthorizationError`).
fn is_denial(code: &str) -> bool {
    code.starts_with("AccessDenied")
        || matches!(code, "AuthorizationError" | "UnauthorizedOperation")
}

/// Why a call failed.
fn unread<E: ProvideErrorMetadata + Error + 'static>(permission: &str, error: &E) -> Unread {
    let code = error.code();
    let cause = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => causes(error),
    };
    Unread {
        permission: permission.to_owned(),
        denied: code.is_some_and(is_denial),
        cause,
    }
}

/// The statements of a resource's policy; none where there is no policy. Of what is no JSON nobody knows what it admits.
fn policy(permission: &str, text: Option<&str>) -> Read<Vec<Value>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let document: Value = serde_json::from_str(text).map_err(|error| Unread {
        permission: permission.to_owned(),
        denied: false,
        cause: format!("the policy is no JSON: {error}"),
    })?;
    Ok(statements(&document))
}

/// Why a read of the core's adapters failed. They say the operation in brackets, and the code somewhere in their text.
fn unread_by_core(service: &str, error: &ServiceError) -> Unread {
    let cause = error.to_string();
    let operation = cause
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map_or("?", |(operation, _)| operation);
    Unread {
        permission: format!("{service}:{operation}"),
        denied: cause.contains("AccessDenied"),
        cause,
    }
}

impl Clients {
    async fn groups(
        &self,
        clock: fn() -> DateTime<Utc>,
    ) -> (Read<Vec<clusterwarden::cluster::Group>>, Option<Clocks>) {
        let read = self.account.groups().await;
        // At once, so that both times are of one moment.
        let here = clock();
        let clocks = self.account.now().map(|aws| Clocks { aws, here });
        let read = read.map_err(|error| unread_by_core("elasticache", &error));
        (read, clocks)
    }

    async fn db_clusters(&self) -> Read<Vec<clusterwarden::db_cluster::DbCluster>> {
        let read = self.account.db_clusters().await;
        read.map_err(|error| unread_by_core("rds", &error))
    }

    async fn scaling_alarms(&self) -> Read<Vec<String>> {
        let read = self.account.auto_scaling_alarms().await;
        read.map_err(|error| unread_by_core("cloudwatch", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_is_no_json_is_not_one_that_admits_nobody() {
        let unread = policy("sns:GetTopicAttributes", Some("{\"Statement\": [")).unwrap_err();
        assert!(
            !unread.denied && unread.cause.contains("is no JSON"),
            "{unread:?}"
        );
        assert_eq!(policy("x:y", None), Ok(Vec::new()));
        let one = policy("x:y", Some("{\"Statement\": {\"Effect\": \"Allow\"}}"));
        assert_eq!(one.unwrap().len(), 1);
    }
}
