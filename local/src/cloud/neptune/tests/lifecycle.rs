//! Facts about clusters and instances that are made, tagged and deleted.

use super::*;
use crate::cloud::neptune::create::{CreateDbCluster, CreateDbInstance};

fn cluster(id: &str) -> CreateDbCluster {
    CreateDbCluster {
        id: id.to_owned(),
        engine: "neptune".to_owned(),
        ..CreateDbCluster::default()
    }
}

fn instance(id: &str) -> CreateDbInstance {
    CreateDbInstance {
        id: id.to_owned(),
        class: "db.r6g.large".to_owned(),
        engine: "neptune".to_owned(),
        cluster: "graph".to_owned(),
        ..CreateDbInstance::default()
    }
}

impl World {
    fn create(&mut self, request: &CreateDbCluster) -> Result<(), Code> {
        let made = self
            .neptune
            .create_db_cluster(request, self.now, &self.parameters);
        made.map(|_| ()).map_err(|refusal| refusal.code)
    }

    fn add(&mut self, request: &CreateDbInstance) -> Result<(), Code> {
        let made = self
            .neptune
            .create_db_instance(request, self.now, &self.parameters);
        made.map(|_| ()).map_err(|refusal| refusal.code)
    }

    fn remove(&mut self, instance: &str) -> Result<(), Code> {
        let gone = self
            .neptune
            .delete_db_instance(instance, self.now, &self.parameters);
        gone.map(|_| ()).map_err(|refusal| refusal.code)
    }

    fn delete(&mut self, cluster: &str) -> Result<(), Code> {
        let (now, parameters) = (self.now, &self.parameters);
        let gone = self
            .neptune
            .delete_db_cluster(cluster, true, None, now, parameters);
        gone.map(|_| ()).map_err(|refusal| refusal.code)
    }
}

#[test]
fn the_first_instance_of_a_new_cluster_is_its_writer_and_the_next_goes_to_another_zone() {
    let mut world = World::with([]);
    world.create(&cluster("Graph")).unwrap();
    assert_eq!(world.status(), "creating");
    world.add(&instance("w")).unwrap();
    world.add(&instance("r")).unwrap();
    world.pass(310);
    assert_eq!(
        (world.status(), world.writer("graph")),
        ("available".into(), "w".into())
    );
    let zones: Vec<String> = world
        .view("graph")
        .instances
        .into_iter()
        .map(|one| one.availability_zone)
        .collect();
    assert_eq!(zones, ["us-east-1a", "us-east-1b"]);
    let sources: Vec<(String, String)> = world
        .events(&EventQuery::default())
        .into_iter()
        .map(|event| (event.1, event.2))
        .collect();
    for (source, text) in [
        ("graph", "DB cluster created"),
        ("w", "DB instance created"),
        ("r", "DB instance created"),
    ] {
        assert!(
            sources.contains(&(source.to_owned(), text.to_owned())),
            "{sources:?}"
        );
    }
}

#[test]
fn what_cannot_be_made_is_refused() {
    let mut world = World::graph();
    assert_eq!(
        world.create(&cluster("graph")),
        Err(Code::DbClusterAlreadyExists)
    );
    for id in ["", "1graph", "gr--aph", "graph-", "gr_aph", &"g".repeat(64)] {
        assert_eq!(
            world.create(&cluster(id)),
            Err(Code::InvalidParameterValue),
            "{id}"
        );
    }
    let mysql = CreateDbCluster {
        engine: "mysql".to_owned(),
        ..cluster("shop")
    };
    assert_eq!(world.create(&mysql), Err(Code::InvalidParameterValue));
    assert_eq!(
        world.add(&instance("graph-w")),
        Err(Code::DbInstanceAlreadyExists)
    );
    let change = |change: fn(&mut CreateDbInstance)| {
        let mut request = instance("new");
        change(&mut request);
        request
    };
    for (request, code) in [
        (
            change(|one| one.cluster = "absent".into()),
            Code::DbClusterNotFound,
        ),
        (
            change(|one| one.engine = "docdb".into()),
            Code::InvalidParameterCombination,
        ),
        (
            change(|one| one.promotion_tier = Some(16)),
            Code::InvalidParameterValue,
        ),
        (
            change(|one| one.class = "cache.r7g.large".into()),
            Code::InvalidParameterValue,
        ),
        (
            change(|one| one.zone = Some("eu-west-1a".into())),
            Code::InvalidParameterValue,
        ),
    ] {
        assert_eq!(world.add(&request), Err(code), "{request:?}");
    }
}

#[test]
fn a_reader_in_the_making_is_not_promoted() {
    let mut world = World::of(&[("w", "db.r6g.large", 'a', 1)]);
    world.add(&instance("r")).unwrap();
    assert_eq!(world.refused("graph", None), Code::InvalidDbClusterState);
    assert_eq!(
        world.refused("graph", Some("r")),
        Code::InvalidDbInstanceState
    );
    world.pass(300);
    world.fail_over("graph", None).unwrap();
}

#[test]
fn a_deleted_writer_hands_over_first() {
    let mut world = World::graph();
    world.remove("graph-w").unwrap();
    assert_eq!(world.instance_status("graph-w"), "deleting");
    world.pass(60);
    assert_eq!(world.writer("graph"), "graph-r1");
    assert_eq!(world.remove("graph-w"), Err(Code::InvalidDbInstanceState));
    world.pass(300);
    let ids: Vec<String> = world
        .view("graph")
        .instances
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(ids, ["graph-r1", "graph-r2"]);
    assert_eq!(world.remove("graph-w"), Err(Code::DbInstanceNotFound));
}

#[test]
fn whether_the_only_instance_may_go_is_a_parameter() {
    let mut world = World::of(&[("w", "db.r6g.large", 'a', 1)]);
    world.parameters.neptune.only_instance_can_go = false;
    assert_eq!(world.remove("w"), Err(Code::InvalidDbClusterState));
    world.parameters.neptune.only_instance_can_go = true;
    world.remove("w").unwrap();
    world.pass(300);
    assert_eq!(world.view("graph").instances, []);
}

#[test]
fn a_cluster_goes_once_its_instances_do() {
    let mut world = World::of(&[("w", "db.r6g.large", 'a', 1)]);
    assert_eq!(world.delete("graph"), Err(Code::InvalidDbClusterState));
    world.remove("w").unwrap();
    world.delete("graph").unwrap();
    assert_eq!(world.status(), "deleting");
    assert_eq!(world.delete("graph"), Err(Code::InvalidDbClusterState));
    assert_eq!(
        world.add(&instance("late")),
        Err(Code::InvalidDbClusterState)
    );
    world.pass(310);
    assert_eq!(world.neptune.cluster("graph"), None);
    let last = world.events(&EventQuery::default()).pop().unwrap();
    assert_eq!(
        (last.1.as_str(), last.2.as_str()),
        ("graph", "DB cluster deleted")
    );
    assert_eq!(world.delete("graph"), Err(Code::DbClusterNotFound));
}

#[test]
fn protected_clusters_members_of_a_global_database_and_unsaid_snapshots_are_not_deleted() {
    let global = DbClusterSpec {
        id: "global".to_owned(),
        instances: Vec::new(),
        global_cluster: Some("world".to_owned()),
        ..DbClusterSpec::default()
    };
    let mut world = World::with([global]);
    let protected = CreateDbCluster {
        deletion_protection: Some(true),
        ..cluster("graph")
    };
    world.create(&protected).unwrap();
    world.pass(300);
    assert_eq!(world.delete("global"), Err(Code::InvalidDbClusterState));
    assert_eq!(
        world.delete("graph"),
        Err(Code::InvalidParameterCombination)
    );
    let (now, parameters) = (world.now, &world.parameters);
    for (skip, snapshot) in [(false, None), (true, Some("last"))] {
        let answer = world
            .neptune
            .delete_db_cluster("global", skip, snapshot, now, parameters);
        assert_eq!(answer.unwrap_err().code, Code::InvalidParameterCombination);
    }
}

#[test]
fn clusters_and_instances_have_tags_of_their_own() {
    let mut world = World::graph();
    let neptune = &mut world.neptune;
    let cluster = "arn:aws:rds:us-east-1:123456789012:cluster:graph";
    let instance = "arn:aws:rds:us-east-1:123456789012:db:graph-w";
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    neptune
        .add_tags(cluster, &[tag("team", "a"), tag("tier", "1")])
        .unwrap();
    neptune.add_tags(cluster, &[tag("team", "b")]).unwrap();
    neptune.add_tags(instance, &[tag("on", "host")]).unwrap();
    neptune
        .remove_tags(cluster, &["tier".to_owned(), "absent".to_owned()])
        .unwrap();
    let read = |neptune: &mut Neptune, arn: &str| -> Vec<(String, String)> {
        neptune.list_tags(arn).unwrap().into_iter().collect()
    };
    assert_eq!(read(neptune, cluster), [tag("team", "b")]);
    assert_eq!(read(neptune, instance), [tag("on", "host")]);
    let many: Vec<(String, String)> = (0..50).map(|n| tag(&format!("k{n}"), "")).collect();
    for tags in [&many[..], &[tag("aws:x", "")]] {
        let code = neptune.add_tags(cluster, tags).unwrap_err().code;
        assert_eq!(code, Code::InvalidParameterValue);
    }
    for (arn, code) in [
        (
            "arn:aws:rds:us-east-1:123456789012:cluster:absent",
            Code::DbClusterNotFound,
        ),
        (
            "arn:aws:rds:us-east-1:123456789012:db:absent",
            Code::DbInstanceNotFound,
        ),
        (
            "arn:aws:rds:eu-west-1:123456789012:cluster:graph",
            Code::InvalidParameterValue,
        ),
        ("nonsense", Code::InvalidParameterValue),
    ] {
        assert_eq!(neptune.list_tags(arn).unwrap_err().code, code, "{arn}");
    }
}
