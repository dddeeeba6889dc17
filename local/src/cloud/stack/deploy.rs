//! What a stack puts into the services.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{StackError, Template, permission::Permission, text};
use crate::cloud::{Cloud, iam::Role, lambda::Function, sns::Subscription};

/// What a stack made, and what it did not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployed {
    /// Names of functions.
    pub functions: Vec<String>,
    /// ARNs of topics.
    pub topics: Vec<String>,
    /// Names of tables.
    pub tables: Vec<String>,
    /// Types of resources that nothing here can show, such as log groups and dashboards.
    pub left_out: BTreeSet<String>,
}

impl Template {
    pub(super) fn deploy(&self, cloud: &mut Cloud) -> Result<Deployed, StackError> {
        let mut done = Deployed::default();
        // What others refer to comes first; among those of a rank the order is that of their ids.
        let mut present = Vec::new();
        for (logical, resource) in &self.resources {
            if self.has(logical)? {
                present.push((logical.as_str(), resource));
            }
        }
        let rank = |kind: &str| match kind {
            "AWS::Serverless::Function" => 1,
            "AWS::Lambda::Permission" | "AWS::SNS::TopicPolicy" | "AWS::SNS::Subscription" => 2,
            _ => 0,
        };
        let kind = |resource: &Value| resource.get("Type").map(text).unwrap_or_default();
        present.sort_by_key(|(_, resource)| rank(&kind(resource)));
        for (logical, resource) in present {
            let properties = resource.get("Properties").cloned().unwrap_or(json!({}));
            let kind = kind(resource);
            let resolve = || self.required(&properties, &format!("Resources.{logical}"));
            match kind.as_str() {
                "AWS::Serverless::Function" => {
                    let name = self.function(logical, &properties, cloud)?;
                    done.functions.push(name);
                }
                "AWS::Lambda::Permission" => self.permission(logical, &resolve()?, cloud)?,
                "AWS::IAM::Role" => self.role(logical, &resolve()?, cloud)?,
                "AWS::SNS::Topic" => {
                    let arn = self.topic(logical, &resolve()?, cloud)?;
                    done.topics.push(arn);
                }
                "AWS::SNS::TopicPolicy" => topic_policy(&resolve()?, cloud),
                "AWS::SNS::Subscription" => {
                    let properties = resolve()?;
                    subscribe(
                        cloud,
                        &member(&properties, "TopicArn"),
                        &member(&properties, "Protocol"),
                        &member(&properties, "Endpoint"),
                    );
                }
                "AWS::DynamoDB::Table" => {
                    let name = self.table(logical, &resolve()?, cloud)?;
                    done.tables.push(name);
                }
                _ => {
                    done.left_out.insert(kind);
                }
            }
        }
        Ok(done)
    }

    /// Of SAM's `AWS::Serverless::Function`: the function, its configuration for asynchronous invocations, and the
    /// subscriptions of its events. Schedules are a service's that is not here.
    fn function(
        &self,
        logical: &str,
        own: &Value,
        cloud: &mut Cloud,
    ) -> Result<String, StackError> {
        let place = format!("Resources.{logical}");
        let mut properties = Value::Object(self.globals.clone());
        merge(&mut properties, own);
        // Events refer to what SAM makes of them; they are resolved one by one.
        let events = properties
            .as_object_mut()
            .and_then(|members| members.remove("Events"));
        let properties = self.required(&properties, &place)?;
        let name = self.physical(logical, &place)?;
        let arn = self.arn("lambda", &format!("function:{name}"));
        let function = Function {
            configuration: configuration(&name, &arn, &properties, cloud),
            statements: Vec::new(),
            event_invoke: event_invoke(&arn, &properties, cloud),
            reserved_concurrency: properties
                .get("ReservedConcurrentExecutions")
                .and_then(|count| text(count).parse().ok()),
        };
        cloud.lambda.functions.insert(name.clone(), function);
        let events = events.as_ref().and_then(Value::as_object);
        for (event, described) in events.into_iter().flatten() {
            if described.get("Type").map(text).as_deref() != Some("SNS") {
                continue;
            }
            let place = format!("{place}.Events.{event}");
            let topic = described
                .get("Properties")
                .and_then(|one| one.get("Topic"))
                .ok_or_else(|| StackError::wrong(&place, "an SNS event needs a topic"))?;
            let topic = text(&self.required(topic, &place)?);
            subscribe(cloud, &topic, "lambda", &arn);
            // [SAM] adds a permission of this shape for each SNS event.
            let permission = Permission {
                sid: format!("{}-{logical}{event}Permission", self.settings.name),
                function: arn.clone(),
                action: "lambda:InvokeFunction".to_owned(),
                principal: "sns.amazonaws.com".to_owned(),
                source_account: None,
                source_arn: Some(topic),
            };
            if let Some(function) = cloud.lambda.function_mut(&name) {
                function.statements.push(permission.statement());
            }
        }
        Ok(name)
    }

    fn permission(
        &self,
        logical: &str,
        properties: &Value,
        cloud: &mut Cloud,
    ) -> Result<(), StackError> {
        let optional = |key: &str| properties.get(key).map(text);
        let permission = Permission {
            sid: format!("{}-{logical}", self.settings.name),
            function: member(properties, "FunctionName"),
            action: member(properties, "Action"),
            principal: member(properties, "Principal"),
            source_account: optional("SourceAccount"),
            source_arn: optional("SourceArn"),
        };
        let function = cloud.lambda.function_mut(&permission.function);
        let function = function.ok_or_else(|| {
            let message = format!("there is no function {}", permission.function);
            StackError::wrong(&format!("Resources.{logical}"), message)
        })?;
        function.statements.push(permission.statement());
        Ok(())
    }

    fn role(&self, logical: &str, properties: &Value, cloud: &mut Cloud) -> Result<(), StackError> {
        let place = format!("Resources.{logical}");
        let inline: BTreeMap<String, Value> = properties
            .get("Policies")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|policy| {
                let document = policy.get("PolicyDocument").cloned().unwrap_or_default();
                (member(policy, "PolicyName"), document)
            })
            .collect();
        let attached = properties
            .get("ManagedPolicyArns")
            .and_then(Value::as_array);
        let role = Role {
            arn: self.attribute(logical, "Arn", &place)?,
            trust: properties
                .get("AssumeRolePolicyDocument")
                .cloned()
                .unwrap_or_default(),
            inline,
            attached: attached.into_iter().flatten().map(text).collect(),
            boundary: properties.get("PermissionsBoundary").map(text),
            created: cloud.now(),
        };
        cloud
            .iam
            .roles
            .insert(self.physical(logical, &place)?, role);
        Ok(())
    }

    fn topic(
        &self,
        logical: &str,
        properties: &Value,
        cloud: &mut Cloud,
    ) -> Result<String, StackError> {
        let arn = self.referred(logical, &format!("Resources.{logical}"))?;
        let topic = cloud.sns.topics.entry(arn.clone()).or_default();
        topic.display_name = member(properties, "DisplayName");
        topic.kms_key = properties.get("KmsMasterKeyId").map(text);
        for one in properties
            .get("Subscription")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            topic.subscriptions.push(Subscription {
                protocol: member(one, "Protocol"),
                endpoint: member(one, "Endpoint"),
            });
        }
        Ok(arn)
    }

    /// A table that is there already is the one that was imported.
    fn table(
        &self,
        logical: &str,
        properties: &Value,
        cloud: &mut Cloud,
    ) -> Result<String, StackError> {
        let place = format!("Resources.{logical}");
        let name = self.physical(logical, &place)?;
        let keys = properties.get("KeySchema").and_then(Value::as_array);
        let hash_key = match keys.map(Vec::as_slice) {
            Some([only]) => member(only, "AttributeName"),
            _ => {
                return Err(StackError::Unknown {
                    what: "a table with a sort key".to_owned(),
                    place,
                });
            }
        };
        if cloud.dynamodb.table(&name).is_err() {
            let now = cloud.now();
            cloud
                .dynamodb
                .create_table_at(Some(now), &name, &hash_key)
                .map_err(|refusal| StackError::wrong(&place, refusal.message))?;
        }
        Ok(name)
    }
}

fn topic_policy(properties: &Value, cloud: &mut Cloud) {
    let document = properties.get("PolicyDocument");
    let topics = properties.get("Topics").and_then(Value::as_array);
    for arn in topics.into_iter().flatten().map(text) {
        if let Some(topic) = cloud.sns.topics.get_mut(&arn) {
            topic.policy = document.cloned();
        }
    }
}

fn subscribe(cloud: &mut Cloud, topic: &str, protocol: &str, endpoint: &str) {
    let topic = cloud.sns.topics.entry(topic.to_owned()).or_default();
    topic.subscriptions.push(Subscription {
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
    });
}

/// `GetFunctionConfiguration` of a function that nobody has touched since it was deployed (\[BC\]).
fn configuration(name: &str, arn: &str, properties: &Value, cloud: &Cloud) -> Value {
    let number = |key: &str, default: i64| {
        let given = properties.get(key).map(text);
        given
            .and_then(|text| text.parse::<i64>().ok())
            .unwrap_or(default)
    };
    let layers: Vec<Value> = properties
        .get("Layers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|layer| json!({ "Arn": layer, "CodeSize": 4096 }))
        .collect();
    let tracing = properties.get("Tracing").map(text);
    let mut shown = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Runtime": member(properties, "Runtime"),
        "Role": member(properties, "Role"),
        "Handler": member(properties, "Handler"),
        "CodeSize": 4_194_304,
        "Description": member(properties, "Description"),
        "Timeout": number("Timeout", 3),
        "MemorySize": number("MemorySize", 128),
        "LastModified": cloud.now().format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
        "CodeSha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "Version": "$LATEST",
        "TracingConfig": { "Mode": tracing.unwrap_or_else(|| "PassThrough".to_owned()) },
        "RevisionId": "00000000-0000-4000-8000-000000000000",
        "Layers": layers,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": properties.get("Architectures").cloned().unwrap_or(json!(["x86_64"])),
        "EphemeralStorage": { "Size": 512 },
    });
    if let Some(members) = shown.as_object_mut() {
        let variables = properties
            .get("Environment")
            .and_then(|environment| environment.get("Variables"))
            .and_then(Value::as_object);
        if let Some(variables) = variables {
            let texts: Map<String, Value> = variables
                .iter()
                .map(|(name, value)| (name.clone(), text(value).into()))
                .collect();
            members.insert("Environment".to_owned(), json!({ "Variables": texts }));
        }
        for (ours, theirs) in [
            ("LoggingConfig", "LoggingConfig"),
            ("KmsKeyArn", "KMSKeyArn"),
        ] {
            if let Some(value) = properties.get(ours) {
                members.insert(theirs.to_owned(), value.clone());
            }
        }
    }
    shown
}

/// `GetFunctionEventInvokeConfig` (\[BC\]).
fn event_invoke(arn: &str, properties: &Value, cloud: &Cloud) -> Option<Value> {
    let given = properties.get("EventInvokeConfig")?;
    let mut destinations = Map::new();
    for way in ["OnFailure", "OnSuccess"] {
        let destination = given
            .get("DestinationConfig")
            .and_then(|one| one.get(way)?.get("Destination"));
        if let Some(destination) = destination {
            destinations.insert(way.to_owned(), json!({ "Destination": destination }));
        }
    }
    let mut shown = json!({
        "LastModified": cloud.now().timestamp(),
        "FunctionArn": format!("{arn}:$LATEST"),
        "DestinationConfig": destinations,
    });
    for key in ["MaximumRetryAttempts", "MaximumEventAgeInSeconds"] {
        let number = given
            .get(key)
            .and_then(|value| text(value).parse::<i64>().ok());
        if let (Some(number), Some(members)) = (number, shown.as_object_mut()) {
            members.insert(key.to_owned(), number.into());
        }
    }
    Some(shown)
}

/// What SAM makes of a global and a function's own value: maps are merged, lists are joined, anything else is replaced.
fn merge(global: &mut Value, own: &Value) {
    if let (Some(global), Some(own)) = (global.as_object_mut(), own.as_object()) {
        for (key, value) in own {
            merge(global.entry(key.as_str()).or_insert(Value::Null), value);
        }
    } else if let (Some(global), Some(own)) = (global.as_array_mut(), own.as_array()) {
        global.extend(own.iter().cloned());
    } else {
        *global = own.clone();
    }
}

/// A member's text; empty where there is none.
fn member(of: &Value, key: &str) -> String {
    of.get(key).map(text).unwrap_or_default()
}
