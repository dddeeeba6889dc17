//! What `template.yaml` promises: one function and one narrow role per folder, plan by default, every way in and out kept.

mod alarms;
mod dashboard;
mod faults;
mod functions;
mod group_alarms;
mod parameters;
mod people;
mod refused;
mod roles;
mod told;
mod ways_in;

use std::{path::PathBuf, sync::LazyLock};

use clusterwarden_tests::template::{self, merge};
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template with CloudFormation's short tags in their long form: `!Ref X` becomes `{"Ref": "X"}`.
fn template() -> Value {
    static READ: LazyLock<Value> = LazyLock::new(|| template::read("template.yaml"));
    READ.clone()
}

/// The resources of one type with their logical ids.
fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), resource))
        .collect()
}

/// One function, with what it takes from the template's `Globals`.
struct Function {
    /// Its logical id.
    id: String,
    /// The folder in functions/.
    folder: String,
    /// The condition that it stands under; `None`: it is always deployed.
    condition: Option<String>,
    properties: Value,
    metadata: Value,
}

fn functions(template: &Value) -> Vec<Function> {
    let found = resources(template, "AWS::Serverless::Function");
    assert!(!found.is_empty(), "no function in the template");
    let read = |(id, function): (&str, &Value)| {
        let mut properties = template["Globals"]["Function"].clone();
        merge(&mut properties, &function["Properties"]);
        let folder = properties["CodeUri"].as_str().unwrap();
        Function {
            id: id.to_owned(),
            folder: folder.trim_start_matches("functions/").to_owned(),
            condition: function["Condition"].as_str().map(str::to_owned),
            metadata: function["Metadata"].clone(),
            properties,
        }
    };
    found.into_iter().map(read).collect()
}
