//! CloudFormation templates of this repository: as their files say, and as CloudFormation would read them for given parameters.

use std::{collections::BTreeMap, fs};

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

use crate::{JOURNAL, programs::checkout};

/// The account that stacks are read for; the embedded AWS's too.
pub const ACCOUNT: &str = "123456789012";

/// The Region that stacks are read for; the embedded AWS's too.
pub const REGION: &str = "us-east-1";

/// The name of the stack.
const STACK: &str = "clusterwarden";

/// A template by its path in the repository, with CloudFormation's short tags in their long form: `!Ref X` is `{"Ref": "X"}`.
///
/// # Panics
///
/// There is none, or it is not YAML.
pub fn read(path: &str) -> Value {
    let text = fs::read_to_string(checkout().join(path));
    let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    to_json(&documents[0])
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
            } else if let Some(number) = scalar.as_floating_point() {
                number.into()
            } else if scalar.is_null() {
                Value::Null
            } else {
                panic!("unexpected node in the template: {scalar:?}")
            }
        }
    }
}

/// A template with the values of its parameters.
#[derive(Debug, Clone)]
pub struct Stack<'t> {
    template: &'t Value,
    parameters: BTreeMap<String, String>,
}

impl<'t> Stack<'t> {
    /// A stack with these parameters, and the defaults of the others.
    ///
    /// # Panics
    ///
    /// The template has no such parameter, or one has neither a default nor a value.
    pub fn new(template: &'t Value, given: &[(&str, &str)]) -> Self {
        let known = template["Parameters"].as_object().expect("parameters");
        for (name, _) in given {
            assert!(known.contains_key(*name), "no parameter {name}");
        }
        let value = |name: &str, parameter: &Value| {
            let given = given.iter().find(|(one, _)| *one == name);
            let given = given.map(|(_, value)| (*value).to_owned());
            given.unwrap_or_else(|| text_of(&parameter["Default"]).expect("a value"))
        };
        let parameters = known
            .iter()
            .map(|(name, parameter)| (name.clone(), value(name, parameter)))
            .collect();
        Self {
            template,
            parameters,
        }
    }

    /// The value of a parameter.
    ///
    /// # Panics
    ///
    /// There is none of this name.
    pub fn parameter(&self, name: &str) -> &str {
        &self.parameters[name]
    }

    /// The sentences with which the template's rules refuse these parameters.
    pub fn refusals(&self) -> Vec<String> {
        let rules = self.template["Rules"].as_object();
        let rules = rules.into_iter().flat_map(Map::values);
        let applies = |rule: &&Value| {
            let condition = rule.get("RuleCondition");
            condition.is_none_or(|condition| self.holds(condition))
        };
        let assertions = rules
            .filter(applies)
            .flat_map(|rule| rule["Assertions"].as_array().expect("assertions"));
        assertions
            .filter(|assertion| !self.holds(&assertion["Assert"]))
            .map(|assertion| text_of(&assertion["AssertDescription"]).expect("a sentence"))
            .collect()
    }

    /// The resources that are made, by logical id, with everything in their properties worked out. A function has what the
    /// template's `Globals` give it. A policy that is written as a text is read.
    pub fn resources(&self) -> BTreeMap<String, Value> {
        let all = self.template["Resources"].as_object().expect("resources");
        all.iter()
            .filter(|(_, resource)| {
                let condition = resource["Condition"].as_str();
                condition.is_none_or(|name| self.condition(name))
            })
            .map(|(id, resource)| {
                let mut whole = resource.clone();
                if resource["Type"] == "AWS::Serverless::Function" {
                    whole["Properties"] = self.template["Globals"]["Function"].clone();
                    merge(&mut whole["Properties"], &resource["Properties"]);
                }
                (id.clone(), self.value(&whole).unwrap_or_default())
            })
            .collect()
    }

    /// Whether a condition of the template holds.
    ///
    /// # Panics
    ///
    /// There is none of this name.
    pub fn condition(&self, name: &str) -> bool {
        let condition = &self.template["Conditions"][name];
        assert!(condition.is_object(), "no condition {name}");
        self.holds(condition)
    }

    fn holds(&self, condition: &Value) -> bool {
        let (function, arguments) = single(condition).expect("a condition function");
        let all = || arguments.as_array().expect("a list").iter();
        match function {
            "Condition" => self.condition(arguments.as_str().expect("a name")),
            "Fn::Equals" => {
                let sides: Vec<_> = all()
                    .map(|side| text_of(&self.value(side).expect("a value")))
                    .collect();
                sides[0] == sides[1]
            }
            "Fn::Not" => !all().all(|one| self.holds(one)),
            "Fn::And" => all().all(|one| self.holds(one)),
            "Fn::Or" => all().any(|one| self.holds(one)),
            other => panic!("{other} is new here"),
        }
    }

    /// A value worked out. `None`: `AWS::NoValue`.
    fn value(&self, node: &Value) -> Option<Value> {
        match node {
            Value::Array(items) => Some(items.iter().filter_map(|one| self.value(one)).collect()),
            Value::Object(entries) => self.function(node).unwrap_or_else(|| {
                let entries = entries.iter().filter_map(|(key, value)| {
                    let value = self.value(value)?;
                    Some((key.clone(), read_policy(key, value)))
                });
                Some(Value::Object(entries.collect()))
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Some(node.clone())
            }
        }
    }

    /// What an intrinsic function gives. `None`: the node is none.
    fn function(&self, node: &Value) -> Option<Option<Value>> {
        let (function, arguments) = single(node)?;
        let given = match function {
            "Ref" if arguments == "AWS::NoValue" => None,
            "Ref" => Some(self.reference(arguments.as_str().expect("a name")).into()),
            "Fn::If" => {
                let name = arguments[0].as_str().expect("a condition's name");
                self.value(&arguments[if self.condition(name) { 1 } else { 2 }])
            }
            "Fn::GetAtt" => {
                let name = arguments.as_str().expect("Resource.Attribute");
                Some(self.attribute(name).into())
            }
            "Fn::Sub" => Some(self.substituted(arguments).into()),
            _ => return None,
        };
        Some(given)
    }

    /// A text with its places filled, and what it brings along for some of them.
    fn substituted(&self, arguments: &Value) -> String {
        let (text, own) = match arguments {
            Value::Array(both) => (&both[0], both.get(1)),
            _ => (arguments, None),
        };
        let own = |name: &str| text_of(&self.value(own?.get(name)?)?);
        let mut pieces = text.as_str().expect("a text").split("${");
        let mut done = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').expect("a closing brace");
            done += &match name.strip_prefix('!') {
                // Written so to be left alone.
                Some(name) => format!("${{{name}}}"),
                None => own(name).unwrap_or_else(|| match name.contains('.') {
                    true => self.attribute(name),
                    false => self.reference(name),
                }),
            };
            done += rest;
        }
        done
    }

    fn reference(&self, name: &str) -> String {
        match name {
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            _ => match self.parameters.get(name) {
                Some(value) => value.clone(),
                None => self.made(name, true),
            },
        }
    }

    fn attribute(&self, name: &str) -> String {
        let (id, attribute) = name.split_once('.').expect("Resource.Attribute");
        match attribute {
            "Arn" => self.made(id, false),
            "QueueName" => format!("{STACK}-{id}"),
            other => panic!("{other} is new here"),
        }
    }

    /// What `Ref` of a resource gives, or else its ARN.
    fn made(&self, id: &str, reference: bool) -> String {
        let resource = &self.template["Resources"][id];
        let kind = resource["Type"].as_str();
        let kind = kind.unwrap_or_else(|| panic!("no resource {id}"));
        let named = |property: &str| {
            let name = self.value(&resource["Properties"][property]);
            name.as_ref().and_then(text_of).expect("a name")
        };
        let arn =
            |service: &str, rest: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}");
        match (kind, reference) {
            ("AWS::Serverless::Function", true) => named("FunctionName"),
            ("AWS::Serverless::Function", false) => {
                arn("lambda", &format!("function:{}", named("FunctionName")))
            }
            ("AWS::Logs::LogGroup", true) => named("LogGroupName"),
            ("AWS::Logs::LogGroup", false) => {
                arn("logs", &format!("log-group:{}:*", named("LogGroupName")))
            }
            ("AWS::DynamoDB::Table", true) => JOURNAL.to_owned(),
            ("AWS::DynamoDB::Table", false) => arn("dynamodb", &format!("table/{JOURNAL}")),
            ("AWS::SNS::Topic", _) => arn("sns", &format!("{STACK}-{id}")),
            ("AWS::SQS::Queue", false) => arn("sqs", &format!("{STACK}-{id}")),
            ("AWS::CloudWatch::Alarm", false) => arn("cloudwatch", &format!("alarm:{STACK}-{id}")),
            ("AWS::IAM::Role", false) => format!("arn:aws:iam::{ACCOUNT}:role/{STACK}-{id}"),
            (_, true) => format!("{STACK}-{id}"),
            (other, false) => panic!("the ARN of {other} is new here"),
        }
    }
}

/// What SAM makes of a global and a function's own value: maps are merged, anything else is replaced.
pub fn merge(global: &mut Value, own: &Value) {
    match (global, own) {
        (Value::Object(global), Value::Object(own)) => {
            for (key, value) in own {
                merge(global.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (global, own) => *global = own.clone(),
    }
}

/// The only entry of an object that has one.
fn single(node: &Value) -> Option<(&str, &Value)> {
    let entries = node.as_object().filter(|entries| entries.len() == 1)?;
    let (key, value) = entries.iter().next()?;
    Some((key, value))
}

/// A scalar as CloudFormation compares it.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn read_policy(key: &str, value: Value) -> Value {
    match (key, value.as_str()) {
        ("PolicyDocument", Some(text)) => serde_json::from_str(text).expect("a policy is JSON"),
        _ => value,
    }
}
