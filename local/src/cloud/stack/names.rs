//! Physical names, and what `Ref` and `Fn::GetAtt` say of a resource.

use serde_json::Value;

use super::{StackError, Template, text};
use crate::cloud::arn;

/// Types with the property that names them.
const NAMED: [(&str, &str); 9] = [
    ("AWS::Serverless::Function", "FunctionName"),
    ("AWS::Serverless::LayerVersion", "LayerName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::KMS::Alias", "AliasName"),
];

impl Template {
    pub(super) fn partition(&self) -> &'static str {
        arn::partition(&self.region)
    }

    /// The ARN of something in this account and Region.
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    }

    /// Whether the stack has the resource: it stands under no condition, or under one that holds.
    pub(super) fn has(&self, logical: &str) -> Result<bool, StackError> {
        let Some(resource) = self.resources.get(logical) else {
            return Ok(false);
        };
        match resource.get("Condition") {
            Some(condition) => self.named_condition(&text(condition), logical),
            None => Ok(true),
        }
    }

    fn kind(&self, logical: &str, place: &str) -> Result<&str, StackError> {
        if !self.has(logical)? {
            let message = format!("the stack has no resource or parameter {logical}");
            return Err(StackError::wrong(place, message));
        }
        let kind = self.resources.get(logical).and_then(|one| one.get("Type"));
        kind.and_then(Value::as_str)
            .ok_or_else(|| StackError::wrong(logical, "the resource has no type"))
    }

    /// The physical name of a resource.
    pub(super) fn physical(&self, logical: &str, place: &str) -> Result<String, StackError> {
        let kind = self.kind(logical, place)?;
        if let Some(name) = self.settings.names.get(logical) {
            return Ok(name.clone());
        }
        let property = NAMED.iter().find(|(one, _)| *one == kind);
        let property = property.and_then(|(_, property)| {
            self.resources
                .get(logical)?
                .get("Properties")?
                .get(*property)
        });
        let place = format!("Resources.{logical}");
        let written = match property {
            Some(property) => self.resolve(property, &place)?,
            None => None,
        };
        Ok(written.as_ref().map_or_else(
            || {
                let stack = &self.settings.name;
                format!(
                    "{stack}-{logical}-{}",
                    suffix(&format!("{stack}/{logical}"))
                )
            },
            text,
        ))
    }

    /// What `Ref` says. ASSUMED for types that are not listed: the physical name, as it is for most.
    pub(super) fn referred(&self, logical: &str, place: &str) -> Result<String, StackError> {
        let kind = self.kind(logical, place)?;
        let name = self.physical(logical, place)?;
        Ok(match kind {
            "AWS::SNS::Topic" => self.arn("sns", &name),
            "AWS::SQS::Queue" => {
                let (region, account) = (&self.region, &self.account);
                format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
            }
            // Each deployment of SAM's makes a version of its own; this is the first.
            "AWS::Serverless::LayerVersion" => self.arn("lambda", &format!("layer:{name}:1")),
            _ => name,
        })
    }

    /// What `Fn::GetAtt` says.
    pub(super) fn attribute(
        &self,
        logical: &str,
        attribute: &str,
        place: &str,
    ) -> Result<String, StackError> {
        let kind = self.kind(logical, place)?;
        let name = self.physical(logical, place)?;
        Ok(match (kind, attribute) {
            ("AWS::Serverless::Function", "Arn") => self.arn("lambda", &format!("function:{name}")),
            ("AWS::IAM::Role", "Arn") => {
                format!("arn:{}:iam::{}:role/{name}", self.partition(), self.account)
            }
            ("AWS::SQS::Queue", "Arn") => self.arn("sqs", &name),
            ("AWS::SQS::Queue", "QueueName") | ("AWS::SNS::Topic", "TopicName") => name,
            ("AWS::SNS::Topic", "TopicArn") => self.arn("sns", &name),
            ("AWS::DynamoDB::Table", "Arn") => self.arn("dynamodb", &format!("table/{name}")),
            ("AWS::Logs::LogGroup", "Arn") => self.arn("logs", &format!("log-group:{name}:*")),
            ("AWS::CloudWatch::Alarm", "Arn") => self.arn("cloudwatch", &format!("alarm:{name}")),
            ("AWS::KMS::Key", "Arn") => self.arn("kms", &format!("key/{name}")),
            _ => {
                return Err(StackError::Unknown {
                    what: format!("the attribute {attribute} of a resource of type {kind}"),
                    place: place.to_owned(),
                });
            }
        })
    }
}

/// Twelve letters and digits, as CloudFormation appends to names; here the same for the same resource each time.
fn suffix(of: &str) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    // FNV-1a, 64 bits.
    let mut hash = of.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut signs = String::new();
    for _ in 0..12 {
        let place = usize::try_from(hash % 36).unwrap_or_default();
        signs.extend(SIGNS.get(place).copied().map(char::from));
        hash /= 36;
    }
    signs
}
