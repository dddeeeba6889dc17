//! A stack: what CloudFormation makes of `template.yaml`, as far as the services here have it.
//!
//! The template itself is read, with its parameters, conditions and intrinsic functions, so that what a client sees here of
//! functions, roles and topics is what deploys. Only resources that a service here can show are made; the rest is listed in
//! [`Deployed::left_out`].

mod deploy;
mod intrinsic;
mod names;
mod permission;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use deploy::Deployed;

use super::Cloud;

/// What a stack is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The stack's name.
    pub name: String,
    /// Values of parameters; the others have their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Physical names by logical id, for resources to which the template gives none. CloudFormation would make one up; a
    /// name of one's own stands for a resource that was imported.
    pub names: BTreeMap<String, String>,
}

impl Settings {
    /// A stack of this name with the default of every parameter.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            parameters: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }

    /// With a parameter.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.parameters
            .insert(parameter.to_owned(), value.to_owned());
        self
    }

    /// With a physical name.
    #[must_use]
    pub fn naming(mut self, logical: &str, physical: &str) -> Self {
        self.names.insert(logical.to_owned(), physical.to_owned());
        self
    }
}

/// Why there is no such stack.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The text is no YAML.
    #[error("the template is no YAML: {0}")]
    NotYaml(String),
    /// Something that this reader would have to guess at.
    #[error("{what} is not known to the embedded CloudFormation, at {place}")]
    Unknown {
        /// The intrinsic function, the attribute, the name.
        what: String,
        /// Where the template says so.
        place: String,
    },
    /// Something that CloudFormation would refuse.
    #[error("{place}: {message}")]
    Wrong {
        /// Where the template says so.
        place: String,
        /// What is wrong.
        message: String,
    },
}

impl StackError {
    fn wrong(place: &str, message: impl Into<String>) -> Self {
        Self::Wrong {
            place: place.to_owned(),
            message: message.into(),
        }
    }
}

/// A template with the values that one stack gives it.
#[derive(Debug)]
struct Template {
    settings: Settings,
    account: String,
    region: String,
    parameters: BTreeMap<String, Value>,
    conditions: Map<String, Value>,
    mappings: Map<String, Value>,
    globals: Map<String, Value>,
    resources: Map<String, Value>,
}

/// Makes the stack in a cloud.
///
/// # Errors
///
/// The template is none, or says something that this reader does not know; then nothing of the stack counts.
pub fn deploy(cloud: &mut Cloud, text: &str, settings: Settings) -> Result<Deployed, StackError> {
    let template = Template::read(text, settings, &cloud.account_id, &cloud.region)?;
    template.deploy(cloud)
}

impl Template {
    fn read(
        text: &str,
        settings: Settings,
        account: &str,
        region: &str,
    ) -> Result<Self, StackError> {
        let read = yaml::read(text)?;
        let part = |name: &str| {
            let part = read.get(name).and_then(Value::as_object);
            part.cloned().unwrap_or_default()
        };
        let parameters = given(&part("Parameters"), &settings)?;
        let resources = part("Resources");
        if resources.is_empty() {
            return Err(StackError::wrong("Resources", "there are none"));
        }
        let globals = part("Globals");
        Ok(Self {
            settings,
            account: account.to_owned(),
            region: region.to_owned(),
            parameters,
            conditions: part("Conditions"),
            mappings: part("Mappings"),
            globals: globals
                .get("Function")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            resources,
        })
    }
}

/// The value of each parameter: the one given, else its default. CloudFormation knows numbers as texts.
fn given(
    declared: &Map<String, Value>,
    settings: &Settings,
) -> Result<BTreeMap<String, Value>, StackError> {
    if let Some(unknown) = settings
        .parameters
        .keys()
        .find(|name| !declared.contains_key(*name))
    {
        let message = "the template has no such parameter";
        return Err(StackError::wrong(unknown, message));
    }
    let mut values = BTreeMap::new();
    for (name, parameter) in declared {
        let value = settings
            .parameters
            .get(name)
            .cloned()
            .or_else(|| parameter.get("Default").map(text))
            .ok_or_else(|| StackError::wrong(name, "the parameter has no default and no value"))?;
        let allowed = parameter.get("AllowedValues").and_then(Value::as_array);
        if allowed.is_some_and(|allowed| !allowed.iter().any(|one| text(one) == value)) {
            let message = format!("`{value}` is not one of the parameter's allowed values");
            return Err(StackError::wrong(name, message));
        }
        let kind = parameter.get("Type").and_then(Value::as_str);
        let is_list =
            kind.is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
        let value = if is_list {
            value.split(',').map(str::trim).map(Value::from).collect()
        } else {
            Value::from(value)
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// A scalar as CloudFormation compares and joins it.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
