//! Neptune over AWS Query XML.

mod clusters;
mod instances;
mod requests;
mod tags;

use super::{
    WireError,
    form::Form,
    query::Params,
    xml::{Element, paged, time},
};
use crate::cloud::{
    Cloud,
    neptune::{
        Code, Neptune, Place,
        log::Event,
        model::{DbClusterAnswer, DbInstanceAnswer},
        refusal::{Outcome, Refusal},
    },
};

/// The namespace of every answer: RDS's (\[BC\]).
pub const XMLNS: &str = "http://rds.amazonaws.com/doc/2014-10-31/";

/// The part of host names that differs between accounts.
const UNIQUE: &str = "abc123";

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
    let form = Form(params);
    let answered = if operation.starts_with("Describe") {
        describe(cloud, operation, &form)
    } else {
        change(cloud, operation, &form)
    };
    answered.map_err(|refusal| WireError {
        status: refusal.code.status(),
        code: refusal.code.wire().to_owned(),
        message: refusal.message,
    })
}

fn describe(cloud: &Cloud, operation: &str, form: &Form<'_>) -> Outcome<Vec<Element>> {
    let now = cloud.now();
    let Cloud {
        neptune,
        parameters,
        ..
    } = cloud;
    let place = neptune.place();
    match operation {
        "DescribeDBClusters" => {
            let page = neptune.describe_db_clusters(
                form.text("DBClusterIdentifier"),
                &requests::filters(form),
                &requests::paging(form)?,
                parameters,
            )?;
            let listed = page
                .items
                .into_iter()
                .map(|cluster| clusters::db_cluster(cluster, place, now, parameters));
            Ok(paged(page.marker, Element::list("DBClusters", listed)))
        }
        "DescribeDBInstances" => {
            let page = neptune.describe_db_instances(
                form.text("DBInstanceIdentifier"),
                &requests::filters(form),
                &requests::paging(form)?,
                parameters,
            )?;
            let listed = page
                .items
                .into_iter()
                .map(|entry| instances::db_instance(entry.instance, entry.cluster, place, now));
            Ok(paged(page.marker, Element::list("DBInstances", listed)))
        }
        "DescribeEvents" => {
            let page = neptune.describe_events(&requests::events(form)?, now, parameters)?;
            let listed = page.items.into_iter().map(event);
            Ok(paged(page.marker, Element::list("Events", listed)))
        }
        _ => Err(no_action(operation)),
    }
}

fn change(cloud: &mut Cloud, operation: &str, form: &Form<'_>) -> Outcome<Vec<Element>> {
    let now = cloud.now();
    let Cloud {
        neptune,
        parameters,
        ..
    } = cloud;
    let parameters = &*parameters;
    let changed = match operation {
        // The model marks no parameter as required (\[BC\]), but without the cluster there is nothing to fail over.
        "FailoverDBCluster" => neptune.failover_db_cluster(
            form.required("DBClusterIdentifier")?,
            form.text("TargetDBInstanceIdentifier"),
            now,
            parameters,
        )?,
        "CreateDBCluster" => {
            neptune.create_db_cluster(&requests::create_cluster(form)?, now, parameters)?
        }
        "DeleteDBCluster" => neptune.delete_db_cluster(
            form.required("DBClusterIdentifier")?,
            form.flag("SkipFinalSnapshot")?.unwrap_or(false),
            form.text("FinalDBSnapshotIdentifier"),
            now,
            parameters,
        )?,
        "CreateDBInstance" => {
            let made =
                neptune.create_db_instance(&requests::create_instance(form)?, now, parameters)?;
            return Ok(vec![instance_answer(neptune, &made, now)]);
        }
        "DeleteDBInstance" => {
            requests::check_instance_snapshot(form)?;
            let id = form.required("DBInstanceIdentifier")?;
            let deleted = neptune.delete_db_instance(id, now, parameters)?;
            return Ok(vec![instance_answer(neptune, &deleted, now)]);
        }
        "ListTagsForResource" | "AddTagsToResource" | "RemoveTagsFromResource" => {
            return tags::answer(neptune, operation, form);
        }
        _ => return Err(no_action(operation)),
    };
    let DbClusterAnswer(cluster) = changed;
    let place = neptune.place();
    Ok(vec![clusters::db_cluster(&cluster, place, now, parameters)])
}

fn instance_answer(
    neptune: &Neptune,
    answer: &DbInstanceAnswer,
    now: chrono::DateTime<chrono::Utc>,
) -> Element {
    instances::db_instance(&answer.instance, &answer.cluster, neptune.place(), now)
}

fn no_action(operation: &str) -> Refusal {
    Refusal::new(
        Code::InvalidAction,
        format!("The action {operation} is not valid for this web service."),
    )
}

fn event(event: &Event) -> Element {
    Element::new("Event")
        .with("SourceIdentifier", &event.source)
        .with("SourceType", event.source_type.wire())
        .with("Message", &event.message)
        .child(Element::list(
            "EventCategories",
            [Element::text("EventCategory", event.category)],
        ))
        .with("Date", time(event.at))
        .with("SourceArn", &event.source_arn)
}

/// A host name of an endpoint: clusters of Neptune and of DocumentDB have domains of their own.
fn host(place: &Place, name: &str, engine: &str) -> String {
    let domain = match engine {
        "neptune" => "neptune",
        "docdb" => "docdb",
        _ => "rds",
    };
    format!("{name}.{}.{domain}.amazonaws.com", place.region)
}

/// The security groups of a cluster, which its instances have too.
fn security_groups(groups: &[String]) -> Element {
    let member = |id: &String| {
        Element::new("VpcSecurityGroupMembership")
            .with("VpcSecurityGroupId", id)
            .with("Status", "active")
    };
    Element::list("VpcSecurityGroups", groups.iter().map(member))
}

/// A list of texts.
fn texts(name: &str, member: &str, values: &[String]) -> Element {
    Element::list(
        name,
        values.iter().map(|value| Element::text(member, value)),
    )
}

#[cfg(test)]
mod tests;
