//! Tags in requests and answers; names of lists and members are those of the service's model ([BC]).

use chrono::{DateTime, Utc};

use super::form::Form;
use crate::{
    cloud::elasticache::{
        ElastiCache,
        refusal::{Code, Outcome, Refusal},
    },
    wire::xml::Element,
};

/// The three operations on tags; each answers all tags that there are then.
pub(super) fn answer(
    elasticache: &mut ElastiCache,
    operation: &str,
    form: &Form<'_>,
    now: DateTime<Utc>,
) -> Outcome<Vec<Element>> {
    let arn = form.required("ResourceName")?;
    let missing = |name: &str| {
        let words = format!("The request must contain the parameter {name}.");
        Refusal::new(Code::MissingParameter, words)
    };
    let tags = match operation {
        "AddTagsToResource" => {
            let tags = form.tags();
            if tags.is_empty() {
                return Err(missing("Tags"));
            }
            elasticache.add_tags(arn, tags, now)?
        }
        "RemoveTagsFromResource" => {
            let keys = form.texts("TagKeys", "member");
            if keys.is_empty() {
                return Err(missing("TagKeys"));
            }
            elasticache.remove_tags(arn, &keys, now)?
        }
        _ => elasticache.list_tags(arn, now)?,
    };
    let listed = tags
        .iter()
        .map(|(key, value)| Element::new("Tag").with("Key", key).with("Value", value));
    Ok(vec![Element::list("TagList", listed)])
}
