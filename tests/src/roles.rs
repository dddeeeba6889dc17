//! What template.yaml lets each function do, and the fence around every call that a test makes a function make.

use std::{collections::BTreeSet, sync::LazyLock};

use clusterwarden::record::Mode;
use clusterwarden_local::cloud::{Call, Cloud};
use serde_json::Value;

use crate::{
    iam::{self, Request, Statement},
    requests::request,
    template::{self, Stack},
};

/// What is granted for calls that no request of a function shows: the service that makes them, by action.
pub const MADE_BY_OTHERS: [(&str, &str); 12] = [
    (
        "ec2:CreateNetworkInterface",
        "ElastiCache, on the role's behalf, if Ec2DependentActions says so",
    ),
    ("ec2:DeleteNetworkInterface", "the same"),
    ("ec2:DescribeNetworkInterfaces", "the same"),
    ("ec2:DescribeSubnets", "the same"),
    ("ec2:DescribeVpcs", "the same"),
    (
        "kms:Decrypt",
        "DynamoDB, SQS and Lambda, where the stack has a key",
    ),
    ("kms:GenerateDataKey", "SQS, where the stack has a key"),
    (
        "logs:CreateLogStream",
        "Lambda, for what the function prints",
    ),
    ("logs:PutLogEvents", "the same"),
    ("sqs:SendMessage", "Lambda, for an event whose runs failed"),
    (
        "xray:PutTelemetryRecords",
        "Lambda, where Tracing is Active",
    ),
    ("xray:PutTraceSegments", "the same"),
];

/// The role of one function under certain parameters.
#[derive(Debug, Clone)]
pub struct Role {
    /// The function, by the name of its folder.
    pub function: String,
    /// Everything that its policies say.
    pub statements: Vec<Statement>,
}

/// The parameter that says which mode a stack is deployed in.
pub fn mode(mode: Mode) -> (&'static str, &'static str) {
    match mode {
        Mode::Plan => ("Mode", "plan"),
        Mode::Apply => ("Mode", "apply"),
    }
}

/// A function's role as the template has it with these parameters; `promote-replica` is always deployed.
///
/// # Panics
///
/// There is no such function, or no such parameter.
pub fn role(template: &Value, function: &str, parameters: &[(&str, &str)]) -> Role {
    let parameters = [&[("PromoteReplica", "yes")], parameters].concat();
    let stack = Stack::new(template, &parameters);
    let resources = stack.resources();
    let code = format!("functions/{function}");
    let mut functions = resources.values();
    let deployed = functions.find(|one| one["Properties"]["CodeUri"] == code.as_str());
    let deployed = deployed.unwrap_or_else(|| panic!("no function {function}"));
    let arn = deployed["Properties"]["Role"].as_str().expect("an ARN");
    let id = arn.rsplit('-').next().unwrap_or_default();
    let properties = &resources[id]["Properties"];
    assert!(
        properties.get("ManagedPolicyArns").is_none(),
        "{id}: a managed policy grants what the template does not show"
    );
    let policies = properties["Policies"].as_array().expect("policies");
    Role {
        function: function.to_owned(),
        statements: policies
            .iter()
            .flat_map(|policy| iam::statements(&policy["PolicyDocument"]))
            .collect(),
    }
}

impl Role {
    /// Whether it may do this.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may(&self, request: &Request) -> Result<(), String> {
        let answer = iam::allowed(&self.statements, request);
        answer.map_err(|why| format!("the role of {} may not {why}", self.function))
    }

    /// Every action that some statement allows.
    pub fn actions(&self) -> BTreeSet<&str> {
        let allowing = self.statements.iter().filter(|one| one.allows);
        allowing
            .flat_map(|one| one.actions.iter().map(String::as_str))
            .collect()
    }
}

/// A function with what it may do in apply mode, wherever it acts.
struct Fenced {
    role: Role,
    change: String,
}

static FENCES: LazyLock<Vec<Fenced>> = LazyLock::new(|| {
    let template = template::read("template.yaml");
    let functions = clusterwarden_local::runtime_api::binaries::FUNCTIONS;
    let fence = |function: &&str| {
        let plan = role(&template, function, &[mode(Mode::Plan)]);
        let apply = role(&template, function, &[mode(Mode::Apply)]);
        let changes: Vec<&str> = apply
            .actions()
            .difference(&plan.actions())
            .copied()
            .collect();
        let [change] = changes.as_slice() else {
            panic!("{function} is there for one change, not for {changes:?}");
        };
        Fenced {
            change: (*change).to_owned(),
            role: apply,
        }
    };
    functions.iter().map(fence).collect()
});

fn fenced(function: &str) -> &'static Fenced {
    let mut all = FENCES.iter();
    let found = all.find(|one| one.role.function == function);
    found.unwrap_or_else(|| panic!("no role for {function}"))
}

/// The operation that a function is there for: what its role may do in apply mode only.
///
/// # Panics
///
/// There is no such function.
pub fn change(function: &str) -> &'static str {
    let action = &fenced(function).change;
    action.split_once(':').expect("service:Operation").1
}

/// Holds a call of a function against its role in apply mode, and gives it as IAM sees it.
///
/// # Panics
///
/// The role does not allow it.
pub fn fence(function: &str, call: &Call, cloud: &Cloud) -> Request {
    let request = request(call, cloud);
    if let Err(why) = fenced(function).role.may(&request) {
        panic!("{why}");
    }
    request
}
