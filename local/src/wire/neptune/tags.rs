//! Tags in requests and answers; names of lists and members are those of the service's model (\[BC\]).

use crate::{
    cloud::neptune::{
        Code, Neptune,
        refusal::{Outcome, Refusal},
    },
    wire::{form::Form, xml::Element},
};

/// The three operations on tags; only a list answers any.
pub(super) fn answer(
    neptune: &mut Neptune,
    operation: &str,
    form: &Form<'_>,
) -> Outcome<Vec<Element>> {
    let arn = form.required("ResourceName")?;
    let missing = |name: &str| {
        let words = format!("The request must contain the parameter {name}.");
        Refusal::new(Code::MissingParameter, words)
    };
    match operation {
        "AddTagsToResource" => {
            let tags = form.tags();
            if tags.is_empty() {
                return Err(missing("Tags"));
            }
            neptune.add_tags(arn, &tags)?;
            Ok(Vec::new())
        }
        "RemoveTagsFromResource" => {
            let keys = form.texts("TagKeys", "member");
            if keys.is_empty() {
                return Err(missing("TagKeys"));
            }
            neptune.remove_tags(arn, &keys)?;
            Ok(Vec::new())
        }
        _ => {
            let tags = neptune.list_tags(arn)?;
            let listed = tags
                .iter()
                .map(|(key, value)| Element::new("Tag").with("Key", key).with("Value", value));
            Ok(vec![Element::list("TagList", listed)])
        }
    }
}
