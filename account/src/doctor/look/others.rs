//! What else there is to look at: nodes' topics, tables, quotas, scalers.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue, TableDescription},
};
use aws_sdk_servicequotas::types::ServiceQuota;

use super::{Clients, found, unread};
use crate::doctor::{
    Function, FunctionSeen, NodeNotification, QuotaSeen, Read, Scalable, TableDescribed, TableSeen,
};

/// ElastiCache, as Service Quotas calls it.
const SERVICE: &str = "elasticache";

impl Clients {
    pub(super) async fn notifications(&self) -> Read<Vec<NodeNotification>> {
        let asked = self.elasticache.describe_cache_clusters();
        let mut nodes = asked.into_paginator().items().send();
        let mut seen = Vec::new();
        while let Some(node) = nodes.next().await {
            let node = node.map_err(|error| unread("elasticache:DescribeCacheClusters", &error))?;
            let Some(group) = node.replication_group_id() else {
                continue;
            };
            let topic = node.notification_configuration().and_then(|one| {
                let status = one.topic_status().unwrap_or("unsaid");
                Some((one.topic_arn()?.to_owned(), status.to_owned()))
            });
            let group = group.to_owned();
            seen.push(NodeNotification { group, topic });
        }
        Ok(seen)
    }

    pub(super) async fn tables(
        &self,
        functions: &BTreeMap<Function, Read<Option<FunctionSeen>>>,
    ) -> BTreeMap<String, TableSeen> {
        let named: BTreeSet<String> = found(functions)
            .filter_map(|seen| seen.variables.get("JOURNAL_TABLE").cloned())
            .collect();
        let mut tables = BTreeMap::new();
        for name in named {
            let (described, readable) = tokio::join!(self.described(&name), self.readable(&name));
            let seen = TableSeen {
                described,
                readable,
            };
            tables.insert(name, seen);
        }
        tables
    }

    async fn described(&self, table: &str) -> Read<Option<TableDescribed>> {
        match self
            .dynamodb
            .describe_table()
            .table_name(table)
            .send()
            .await
        {
            Ok(read) => Ok(read.table().map(described)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(unread("dynamodb:DescribeTable", &error)),
        }
    }

    /// Asks for the item of the pause of everything, which need not be there.
    async fn readable(&self, table: &str) -> Read<()> {
        let key = AttributeValue::S("*".to_owned());
        let asked = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key("target", key);
        let read = asked.send().await;
        read.map(|_| ())
            .map_err(|error| unread("dynamodb:GetItem", &error))
    }

    /// The values that were applied, and the defaults of quotas for which none was.
    pub(super) async fn quotas(&self) -> Read<Vec<QuotaSeen>> {
        let asked = self.quotas.list_service_quotas().service_code(SERVICE);
        let mut applied = asked.into_paginator().items().send();
        let mut seen: Vec<QuotaSeen> = Vec::new();
        while let Some(quota) = applied.next().await {
            let quota = quota.map_err(|error| unread("servicequotas:ListServiceQuotas", &error))?;
            seen.extend(read_quota(&quota));
        }
        let asked = self
            .quotas
            .list_aws_default_service_quotas()
            .service_code(SERVICE);
        let mut defaults = asked.into_paginator().items().send();
        while let Some(quota) = defaults.next().await {
            let permission = "servicequotas:ListAWSDefaultServiceQuotas";
            let quota = quota.map_err(|error| unread(permission, &error))?;
            let quota = read_quota(&quota);
            seen.extend(quota.filter(|quota| !seen.iter().any(|one| one.code == quota.code)));
        }
        Ok(seen)
    }

    pub(super) async fn scalable(&self) -> Read<Vec<Scalable>> {
        let asked = self.scaling.describe_scalable_targets();
        let asked = asked.service_namespace(ServiceNamespace::Elasticache);
        let mut targets = asked.into_paginator().items().send();
        let mut seen = Vec::new();
        while let Some(target) = targets.next().await {
            let permission = "application-autoscaling:DescribeScalableTargets";
            let target = target.map_err(|error| unread(permission, &error))?;
            seen.push(Scalable {
                resource: target.resource_id().to_owned(),
                dimension: target.scalable_dimension().as_str().to_owned(),
            });
        }
        Ok(seen)
    }
}

fn described(table: &TableDescription) -> TableDescribed {
    let kind_of = |name: &str| {
        let mut definitions = table.attribute_definitions().iter();
        let found = definitions.find(|one| one.attribute_name() == name);
        found
            .map_or("?", |one| one.attribute_type().as_str())
            .to_owned()
    };
    let key = table.key_schema().iter().map(|one| {
        let name = one.attribute_name();
        (
            name.to_owned(),
            one.key_type().as_str().to_owned(),
            kind_of(name),
        )
    });
    TableDescribed {
        status: table
            .table_status()
            .map_or("unsaid", |status| status.as_str())
            .to_owned(),
        key: key.collect(),
    }
}

fn read_quota(quota: &ServiceQuota) -> Option<QuotaSeen> {
    Some(QuotaSeen {
        code: quota.quota_code()?.to_owned(),
        name: quota.quota_name()?.to_owned(),
        value: quota.value()?,
    })
}
