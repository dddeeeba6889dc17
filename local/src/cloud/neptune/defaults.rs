//! Defaults: what a cluster gets that asks for nothing, by its engine.

use super::{Neptune, model::Settings};

/// The engines whose clusters this control plane holds.
pub(crate) const ENGINES: [&str; 4] = ["neptune", "aurora-mysql", "aurora-postgresql", "docdb"];

/// What AWS gives a cluster that asks for none. ASSUMED: it chooses at random.
pub(crate) const BACKUP_WINDOW: &str = "02:00-02:30";
pub(crate) const MAINTENANCE_WINDOW: &str = "sun:05:00-sun:05:30";
/// Stands for the VPC's default group.
pub(crate) const SECURITY_GROUP: &str = "sg-0a1b2c3d4e5f60718";

impl Neptune {
    /// The Region's zones: three, without limit.
    pub(crate) fn zones(&self) -> [String; 3] {
        ["a", "b", "c"].map(|zone| format!("{}{zone}", self.place.region))
    }
}

/// Ports of the engines' own documentation.
pub(crate) fn default_port(engine: &str) -> u16 {
    match engine {
        "neptune" => 8182,
        "docdb" => 27017,
        "aurora-postgresql" => 5432,
        _ => 3306,
    }
}

pub(crate) fn default_version(engine: &str) -> &'static str {
    match engine {
        "neptune" => "1.4.5.1",
        "docdb" => "5.0.0",
        "aurora-postgresql" => "16.6",
        _ => "8.0.mysql_aurora.3.08.0",
    }
}

/// `default.neptune1.4`: the engine with the first two numbers of its version.
pub(crate) fn default_parameter_group(engine: &str, version: &str) -> String {
    let numbers: Vec<&str> = version.split('.').take(2).collect();
    match engine {
        "aurora-postgresql" => format!("default.{engine}{}", numbers.first().unwrap_or(&"")),
        _ => format!("default.{engine}{}", numbers.join(".")),
    }
}

/// A cluster's settings as AWS's defaults make them.
pub(crate) fn default_settings(neptune: &Neptune, engine: &str, version: &str) -> Settings {
    Settings {
        engine: engine.to_owned(),
        engine_version: version.to_owned(),
        parameter_group: default_parameter_group(engine, version),
        subnet_group: "default".to_owned(),
        security_groups: vec![SECURITY_GROUP.to_owned()],
        zones: neptune.zones().to_vec(),
        port: default_port(engine),
        backup_window: BACKUP_WINDOW.to_owned(),
        maintenance_window: MAINTENANCE_WINDOW.to_owned(),
        backup_retention: 1,
        encrypted: true,
        network_type: "IPV4".to_owned(),
        ..Settings::default()
    }
}
