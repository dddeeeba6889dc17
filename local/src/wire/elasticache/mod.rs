//! ElastiCache over AWS Query XML.

mod groups;
mod nodes;
mod requests;
mod tags;

use super::{
    WireError,
    form::{self, Form},
    query::Params,
    xml::{Element, paged, time},
};
use crate::cloud::{
    Cloud,
    elasticache::{log::Event, refusal::Refusal, reshard::GroupAnswer},
};

/// The namespace of every answer.
pub const XMLNS: &str = "http://elasticache.amazonaws.com/doc/2015-02-02/";

/// Answers one operation with the children of its `…Result` element.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(
    cloud: &mut Cloud,
    operation: &str,
    params: &Params,
) -> Result<Vec<Element>, WireError> {
    serve(cloud, operation, &Form(params)).map_err(|refusal| WireError {
        status: refusal.code.status(),
        code: refusal.code.wire().to_owned(),
        message: refusal.message,
    })
}

fn serve(cloud: &mut Cloud, operation: &str, form: &Form<'_>) -> Result<Vec<Element>, Refusal> {
    let now = cloud.now();
    let Cloud {
        elasticache,
        parameters,
        ..
    } = cloud;
    let parameters = &*parameters;
    let changed = match operation {
        "CreateReplicationGroup" => {
            elasticache.create_replication_group(&requests::create(form)?, now, parameters)?
        }
        "DeleteReplicationGroup" => elasticache.delete_replication_group(
            form.required("ReplicationGroupId")?,
            form.flag("RetainPrimaryCluster")?.unwrap_or(false),
            form.text("FinalSnapshotIdentifier"),
            now,
            parameters,
        )?,
        "ModifyReplicationGroup" => {
            elasticache.modify_replication_group(&requests::modify(form)?, now, parameters)?
        }
        "ModifyReplicationGroupShardConfiguration" => {
            let request = requests::modify_shards(form)?;
            elasticache.modify_shard_configuration(&request, now, parameters)?
        }
        "TestFailover" => elasticache.test_failover(
            form.required("ReplicationGroupId")?,
            form.required("NodeGroupId")?,
            now,
            parameters,
        )?,
        "ListTagsForResource" | "AddTagsToResource" | "RemoveTagsFromResource" => {
            return tags::answer(elasticache, operation, form, now);
        }
        "DescribeReplicationGroups" => {
            let page = elasticache.describe_replication_groups(
                form.text("ReplicationGroupId"),
                &requests::paging(form)?,
            )?;
            let place = groups::Place::of(elasticache);
            let listed = page
                .items
                .into_iter()
                .map(|group| groups::replication_group(group, &place, now));
            return Ok(paged(
                page.marker,
                Element::list("ReplicationGroups", listed),
            ));
        }
        "DescribeCacheClusters" => {
            let alone = form
                .flag("ShowCacheClustersNotInReplicationGroups")?
                .unwrap_or(false);
            let detail = form.flag("ShowCacheNodeInfo")?.unwrap_or(false);
            let page = elasticache.describe_cache_clusters(
                form.text("CacheClusterId"),
                alone,
                &requests::paging(form)?,
            )?;
            let place = groups::Place::of(elasticache);
            let listed = page
                .items
                .into_iter()
                .map(|entry| nodes::cache_cluster(entry, detail, &place));
            return Ok(paged(page.marker, Element::list("CacheClusters", listed)));
        }
        "DescribeEvents" => {
            let page = elasticache.describe_events(&requests::events(form)?, now, parameters)?;
            let listed = page.items.into_iter().map(event);
            return Ok(paged(page.marker, Element::list("Events", listed)));
        }
        _ => {
            return Err(Refusal::new(
                crate::cloud::elasticache::Code::InvalidAction,
                format!("The action {operation} is not valid for this web service."),
            ));
        }
    };
    let GroupAnswer(group) = changed;
    let place = groups::Place::of(elasticache);
    Ok(vec![groups::replication_group(&group, &place, now)])
}

fn event(event: &Event) -> Element {
    Element::new("Event")
        .with("Message", &event.message)
        .with("SourceType", event.source_type.wire())
        .with("SourceIdentifier", &event.source)
        .with("Date", time(event.at))
}

#[cfg(test)]
mod tests;
