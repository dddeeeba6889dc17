//! Tags of alarms and mute rules.

use super::{
    input::{Input, Read},
    tree::{Structure, Tree},
};
use crate::cloud::{Cloud, cloudwatch::Refusal};

/// Reads a `Tags` list.
pub(super) fn read(input: Input<'_>, key: &str) -> Read<Vec<(String, String)>> {
    input
        .list(key)?
        .unwrap_or_default()
        .iter()
        .map(|member| {
            let member = Input(member);
            let value = member.text("Value")?.unwrap_or_default();
            Ok((member.required_text("Key")?.to_owned(), value.to_owned()))
        })
        .collect()
}

pub(super) fn list_tags_for_resource(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let arn = input.required_text("ResourceARN")?;
    let tags = cloud
        .cloudwatch
        .tags(arn)
        .ok_or_else(|| Refusal::ResourceNotFoundException(format!("Unknown resource: {arn}")))?;
    let tags: Vec<Structure> = tags
        .into_iter()
        .map(|(key, value)| Structure::new().with("Key", key).with("Value", value))
        .collect();
    Ok(Structure::new().with("Tags", tags).into())
}

pub(super) fn tag_resource(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let arn = input.required_text("ResourceARN")?;
    let given = read(input, "Tags")?;
    let given = given.into_iter().map(|(key, value)| (key, Some(value)));
    cloud.cloudwatch.set_tags(arn, given)?;
    Ok(Tree::Map(Vec::new()))
}

pub(super) fn untag_resource(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let arn = input.required_text("ResourceARN")?;
    let keys = input.texts("TagKeys")?;
    cloud
        .cloudwatch
        .set_tags(arn, keys.into_iter().map(|key| (key, None)))?;
    Ok(Tree::Map(Vec::new()))
}
