//! What `template.yaml` promises: one function and one narrow role per folder, plan by default, every way in and out kept.

mod alarms;
mod dashboard;
mod functions;
mod roles;
mod told;
mod ways_in;

use std::{fs, path::PathBuf};

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template with CloudFormation's short tags in their long form: `!Ref X` becomes `{"Ref": "X"}`.
fn template() -> Value {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    to_json(&Yaml::load_from_str(&text).unwrap()[0])
}

fn to_json(node: &Yaml) -> Value {
    match node {
        Yaml::Tagged(tag, inner) => {
            let name = tag.suffix.trim_start_matches('!');
            let key = match name {
                "Ref" | "Condition" => name.to_owned(),
                _ => format!("Fn::{name}"),
            };
            json!({ key: to_json(inner) })
        }
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), to_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        scalar => {
            if let Some(text) = scalar.as_str() {
                text.into()
            } else if let Some(number) = scalar.as_integer() {
                number.into()
            } else if let Some(flag) = scalar.as_bool() {
                flag.into()
            } else if scalar.is_null() {
                Value::Null
            } else {
                panic!("unexpected node in the template: {scalar:?}")
            }
        }
    }
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

/// What SAM makes of a global and a function's own value: maps are merged, anything else is replaced.
fn merge(global: &mut Value, own: &Value) {
    match (global, own) {
        (Value::Object(global), Value::Object(own)) => {
            for (key, value) in own {
                merge(global.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (global, own) => *global = own.clone(),
    }
}

/// The resource that `attribute` (`Name.Arn`) is of.
fn resource_of<'a>(template: &'a Value, attribute: &Value) -> &'a Value {
    let name = attribute["Fn::GetAtt"]
        .as_str()
        .and_then(|attribute| attribute.strip_suffix(".Arn"));
    &template["Resources"][name.expect("a resource of this template")]
}

fn role_of<'a>(template: &'a Value, function: &Function) -> &'a Value {
    let role = &function.properties["Role"];
    assert!(
        role.get("Fn::GetAtt").is_some(),
        "{} names a role of this template, so that SAM adds none",
        function.id
    );
    resource_of(template, role)
}

fn actions(statement: &Value) -> Vec<&str> {
    match &statement["Action"] {
        Value::String(one) => vec![one],
        many => many
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap())
            .collect(),
    }
}
