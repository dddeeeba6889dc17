//! What a template may not lack, as checks that name each fault: an alarm that can invoke its function, a topic that its services
//! can publish to and nobody else, a place for what could not be delivered or failed, on every way in.
//!
//! The checks read the template as CloudFormation would for given parameters, with every function deployed.

use std::collections::BTreeMap;

use clusterwarden_tests::{
    iam::{self, Request, Resource},
    template::{ACCOUNT, REGION, Stack},
};
use serde_json::Value;

/// Who publishes to a topic of the stack, and whether its pages also ask for the account's own statement.
const PUBLISHERS: [(&str, &str, bool); 3] = [
    ("NotificationTopic", "elasticache.amazonaws.com", true),
    ("DatabaseEventsTopic", "events.rds.amazonaws.com", true),
    ("OperatorTopic", "cloudwatch.amazonaws.com", false),
];

/// Another account than that of the stack.
const STRANGER: &str = "999999999999";

/// Every fault of a template.
pub(crate) fn faults(template: &Value) -> Vec<String> {
    let given = [
        ("PromoteReplica", "yes"),
        ("AlarmNamePattern", "orders-*"),
        ("KmsKeyArn", "arn:aws:kms:us-east-1:123456789012:key/1"),
    ];
    let stack = Made(Stack::new(template, &given).resources());
    let mut faults = Vec::new();
    for (id, function) in stack.of("AWS::Serverless::Function") {
        stack.alarms_invoke(id, function, &mut faults);
        stack.failures_are_kept(id, function, &mut faults);
        for (event, source) in function["Properties"]["Events"]
            .as_object()
            .expect("events")
        {
            stack.way_in(id, event, source, &mut faults);
        }
    }
    for (id, _) in stack.of("AWS::SNS::Topic") {
        stack.topic_admits(id, &mut faults);
    }
    faults
}

/// The resources of a stack, worked out.
struct Made(BTreeMap<String, Value>);

impl Made {
    fn of(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.iter();
        all.filter(move |(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), resource))
    }

    /// The resource of a kind that an ARN names.
    fn named(&self, kind: &str, arn: &Value) -> Option<&Value> {
        let id = arn.as_str()?.rsplit(['-', ':', '/']).next()?;
        let resource = self.0.get(id)?;
        (resource["Type"] == kind).then_some(resource)
    }

    fn alarms_invoke(&self, id: &str, function: &Value, faults: &mut Vec<String>) {
        let name = function["Properties"]["FunctionName"]
            .as_str()
            .expect("a name");
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
        let permissions = self.of("AWS::Lambda::Permission");
        let mut of_alarms = permissions.filter(|(_, permission)| {
            let properties = &permission["Properties"];
            properties["FunctionName"] == arn.as_str()
                && properties["Principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
                && properties["Action"] == "lambda:InvokeFunction"
        });
        let Some((permission, found)) = of_alarms.next() else {
            faults.push(format!("{id}: no alarm may invoke it"));
            return;
        };
        let properties = &found["Properties"];
        if properties["SourceAccount"] != ACCOUNT {
            faults.push(format!(
                "{permission}: alarms of any account may invoke {id} (SourceAccount)"
            ));
        }
        let pattern = properties["SourceArn"].as_str().unwrap_or("*");
        let alarm = |region: &str, account: &str, name: &str| {
            format!("arn:aws:cloudwatch:{region}:{account}:alarm:{name}")
        };
        if !iam::matches(pattern, &alarm(REGION, ACCOUNT, "orders-engine-cpu-high")) {
            faults.push(format!(
                "{permission}: the alarms of AlarmNamePattern may not invoke {id}"
            ));
        }
        for (region, account, name) in [
            (REGION, ACCOUNT, "carts-engine-cpu-high"),
            (REGION, STRANGER, "orders-engine-cpu-high"),
            ("eu-west-1", ACCOUNT, "orders-engine-cpu-high"),
        ] {
            if iam::matches(pattern, &alarm(region, account, name)) {
                faults.push(format!(
                    "{permission}: {name} of {account} in {region} may invoke {id} (SourceArn)"
                ));
            }
        }
    }

    /// That Lambda has a place for what failed, and the role for it.
    fn failures_are_kept(&self, id: &str, function: &Value, faults: &mut Vec<String>) {
        let config = &function["Properties"]["EventInvokeConfig"];
        let queue = &config["DestinationConfig"]["OnFailure"]["Destination"];
        if self.named("AWS::SQS::Queue", queue).is_none() {
            faults.push(format!("{id}: what failed in it goes nowhere (OnFailure)"));
            return;
        }
        self.may_keep(
            &format!("{id}'s role"),
            &function["Properties"]["Role"],
            queue,
            faults,
        );
    }

    /// That a role may write to the queue, and use the key that it is encrypted with.
    fn may_keep(&self, who: &str, role: &Value, queue: &Value, faults: &mut Vec<String>) {
        let Some(role) = self.named("AWS::IAM::Role", role) else {
            faults.push(format!("{who} is none of this template"));
            return;
        };
        let policies = role["Properties"]["Policies"].as_array().expect("policies");
        let statements: Vec<_> = policies
            .iter()
            .flat_map(|policy| iam::statements(&policy["PolicyDocument"]))
            .collect();
        let key =
            &self.named("AWS::SQS::Queue", queue).expect("a queue")["Properties"]["KmsMasterKeyId"];
        for (action, on) in [
            ("sqs:SendMessage", queue),
            ("kms:GenerateDataKey", key),
            ("kms:Decrypt", key),
        ] {
            let Some(arn) = on.as_str() else { continue };
            let request = request(
                action,
                arn,
                &[("kms:ViaService", "sqs.us-east-1.amazonaws.com")],
            );
            if iam::allowed(&statements, &request).is_err() {
                faults.push(format!(
                    "{who} may not {action} for the dead letters of {arn}"
                ));
            }
        }
    }

    /// That what could not be handed over on this way is kept.
    fn way_in(&self, id: &str, event: &str, source: &Value, faults: &mut Vec<String>) {
        let what = format!("{id}.{event}");
        let properties = &source["Properties"];
        match source["Type"].as_str() {
            Some("ScheduleV2") => {
                let queue = &properties["DeadLetterConfig"]["Arn"];
                if self.named("AWS::SQS::Queue", queue).is_none() {
                    faults.push(format!(
                        "{what}: a missed wake goes nowhere (DeadLetterConfig)"
                    ));
                    return;
                }
                self.may_keep(
                    &format!("{what}'s role"),
                    &properties["RoleArn"],
                    queue,
                    faults,
                );
                self.schedule_wakes(id, &what, &properties["RoleArn"], faults);
            }
            Some("SNS") => {
                let queue = &properties["RedrivePolicy"]["deadLetterTargetArn"];
                if self.named("AWS::SQS::Queue", queue).is_none() {
                    faults.push(format!(
                        "{what}: a lost notification goes nowhere (RedrivePolicy)"
                    ));
                    return;
                }
                self.queue_admits(&what, queue, &properties["Topic"], faults);
            }
            other => faults.push(format!(
                "{what}: nobody has said what becomes of a lost {other:?}"
            )),
        }
    }

    fn schedule_wakes(&self, id: &str, what: &str, role: &Value, faults: &mut Vec<String>) {
        let name = self.0[id]["Properties"]["FunctionName"]
            .as_str()
            .expect("a name");
        let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
        let Some(role) = self.named("AWS::IAM::Role", role) else {
            return;
        };
        let properties = &role["Properties"];
        let policies = properties["Policies"].as_array().expect("policies");
        let statements: Vec<_> = policies
            .iter()
            .flat_map(|policy| iam::statements(&policy["PolicyDocument"]))
            .collect();
        if iam::allowed(
            &statements,
            &request("lambda:InvokeFunction", &function, &[]),
        )
        .is_err()
        {
            faults.push(format!("{what}: its role may not invoke {id}"));
        }
        let trust = &properties["AssumeRolePolicyDocument"]["Statement"][0];
        if trust["Principal"]["Service"] != "scheduler.amazonaws.com"
            || trust["Condition"]["StringEquals"]["aws:SourceAccount"] != ACCOUNT
        {
            faults.push(format!(
                "{what}: its role is not for this account's schedules alone"
            ));
        }
    }

    /// That a queue takes what a topic could not deliver, and nothing of other topics.
    fn queue_admits(&self, what: &str, queue: &Value, topic: &Value, faults: &mut Vec<String>) {
        let topic = topic.as_str().expect("an ARN");
        let documents = self.of("AWS::SQS::QueuePolicy");
        let statements: Vec<Value> = documents
            .flat_map(|(_, policy)| policy["Properties"]["PolicyDocument"]["Statement"].as_array())
            .flatten()
            .filter(|statement| statement["Principal"]["Service"] == "sns.amazonaws.com")
            .cloned()
            .collect();
        let statements = iam::statements(&serde_json::json!({ "Statement": statements }));
        let queue = queue.as_str().expect("an ARN");
        let from = |topic: &str| request("sqs:SendMessage", queue, &[("aws:SourceArn", topic)]);
        if iam::allowed(&statements, &from(topic)).is_err() {
            faults.push(format!("{what}: the queue does not admit SNS for {topic}"));
        }
        let other = topic.replace(ACCOUNT, STRANGER);
        if iam::allowed(&statements, &from(&other)).is_ok() {
            faults.push(format!("{what}: the queue admits topics of other accounts"));
        }
    }

    /// That a topic admits who is to publish, in each way that is documented, and nobody of another account.
    fn topic_admits(&self, id: &str, faults: &mut Vec<String>) {
        let Some((_, service, by_owner)) = PUBLISHERS.iter().find(|(topic, ..)| *topic == id)
        else {
            faults.push(format!("{id}: nobody has said who publishes to it"));
            return;
        };
        let arn = format!("arn:aws:sns:{REGION}:{ACCOUNT}:clusterwarden-{id}");
        let mut policies = self.of("AWS::SNS::TopicPolicy");
        let policy = policies.find(|(_, policy)| policy["Properties"]["Topics"][0] == arn.as_str());
        let Some((_, policy)) = policy else {
            faults.push(format!("{id} has no policy: nobody may publish to it"));
            return;
        };
        let all = policy["Properties"]["PolicyDocument"]["Statement"]
            .as_array()
            .expect("a list");
        let alarm = |account: &str| format!("arn:aws:cloudwatch:{REGION}:{account}:alarm:any");
        let mut by = |principal: Value, key: &str, who: &str| {
            let of = all
                .iter()
                .filter(|statement| statement["Principal"] == principal)
                .cloned();
            let of: Vec<Value> = of.collect();
            let of = iam::statements(&serde_json::json!({ "Statement": of }));
            let from = |account: &str| {
                let keys = [(key, account), ("aws:SourceArn", &alarm(account))];
                iam::allowed(&of, &request("sns:Publish", &arn, &keys)).is_ok()
            };
            if !from(ACCOUNT) {
                faults.push(format!("{id} does not admit {who}"));
            }
            if from(STRANGER) || iam::allowed(&of, &request("sns:Publish", &arn, &[])).is_ok() {
                faults.push(format!("{id} admits {who} of other accounts"));
            }
        };
        let service_words = format!("{service} (aws:SourceAccount)");
        by(
            serde_json::json!({ "Service": service }),
            "aws:SourceAccount",
            &service_words,
        );
        if *by_owner {
            let everybody = serde_json::json!({ "AWS": "*" });
            by(
                everybody,
                "AWS:SourceOwner",
                "the account's own services (AWS:SourceOwner)",
            );
        }
    }
}

fn request(action: &str, arn: &str, keys: &[(&str, &str)]) -> Request {
    let keys = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Request {
        action: action.to_owned(),
        on: vec![Resource {
            arn: arn.to_owned(),
            keys: keys.collect(),
        }],
    }
}
