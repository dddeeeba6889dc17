//! AWS Query: dotted keys become a tree, a tree becomes XML.

use chrono::SecondsFormat;

use super::tree::Tree;
use crate::wire::{query::Params, xml::Element};

/// The request's dotted keys as a tree, without `Action` and `Version`. `X.member.N` becomes a list, in order of N.
pub(super) fn from_form(params: &Params) -> Tree {
    let mut root = Node::default();
    for (key, value) in params.pairs() {
        if key != "Action" && key != "Version" {
            root.insert(key.split('.'), value);
        }
    }
    root.tree()
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    children: Vec<(String, Node)>,
}

impl Node {
    fn insert<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, value: &str) {
        let Some(first) = path.next() else {
            self.value = Some(value.to_owned());
            return;
        };
        let place = self.children.iter().position(|(name, _)| name == first);
        let place = place.unwrap_or_else(|| {
            self.children.push((first.to_owned(), Self::default()));
            self.children.len() - 1
        });
        if let Some((_, child)) = self.children.get_mut(place) {
            child.insert(path, value);
        }
    }

    fn tree(self) -> Tree {
        if self.children.is_empty() {
            return Tree::Form(self.value.unwrap_or_default());
        }
        let mut children = self.children;
        if children.len() == 1
            && let Some((_, members)) = children.pop_if(|(name, _)| name == "member")
        {
            let mut numbered: Vec<(u32, Node)> = members
                .children
                .into_iter()
                .filter_map(|(number, node)| Some((number.parse().ok()?, node)))
                .collect();
            numbered.sort_by_key(|(number, _)| *number);
            return Tree::List(numbered.into_iter().map(|(_, node)| node.tree()).collect());
        }
        Tree::Map(
            children
                .into_iter()
                .map(|(name, node)| (name, node.tree()))
                .collect(),
        )
    }
}

/// An answer's structure as the children of its result element.
pub(super) fn elements(tree: &Tree) -> Vec<Element> {
    match tree {
        Tree::Map(members) => members
            .iter()
            .map(|(name, value)| element(name, value))
            .collect(),
        Tree::Dictionary(entries) => entries
            .iter()
            .map(|(key, value)| {
                Element::new("entry")
                    .with("key", key)
                    .child(element("value", value))
            })
            .collect(),
        Tree::List(members) => members
            .iter()
            .map(|member| element("member", member))
            .collect(),
        Tree::Null
        | Tree::Bool(_)
        | Tree::Integer(_)
        | Tree::Float(_)
        | Tree::Text(_)
        | Tree::Time(_)
        | Tree::Form(_) => Vec::new(),
    }
}

fn element(name: &str, value: &Tree) -> Element {
    match value {
        Tree::Null => Element::new(name),
        Tree::Bool(truth) => Element::text(name, truth),
        Tree::Integer(number) => Element::text(name, number),
        // Debug keeps the `.0` of whole numbers, as the service does.
        Tree::Float(number) => Element::text(name, format!("{number:?}")),
        Tree::Text(text) | Tree::Form(text) => Element::text(name, text),
        Tree::Time(at) => Element::text(name, at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        Tree::List(_) | Tree::Map(_) | Tree::Dictionary(_) => Element::list(name, elements(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_keys_become_lists_and_structures() {
        let params = Params::parse(
            b"Action=X&Version=2010-08-01&A.member.2.B=two&A.member.1.B=one&A.member.10.B=ten&C=&D.E=5",
        );
        let text = |text: &str| Tree::Form(text.to_owned());
        let structure = |value: &str| Tree::Map(vec![("B".to_owned(), text(value))]);
        assert_eq!(
            from_form(&params),
            Tree::Map(vec![
                (
                    "A".to_owned(),
                    Tree::List(vec![structure("one"), structure("two"), structure("ten")])
                ),
                ("C".to_owned(), text("")),
                ("D".to_owned(), Tree::Map(vec![("E".to_owned(), text("5"))])),
            ])
        );
    }
}
