//! AWS Query requests: a form whose dotted keys spell nested structures.

use std::collections::BTreeSet;

/// The parameters of one AWS Query request, as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a form body (or a query string).
    pub fn parse(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// The value of exactly this key. `None`: the client did not send it (an empty text is `Some("")`).
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// All pairs in the order sent.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether any key is `prefix` or lies below it.
    pub fn has(&self, prefix: &str) -> bool {
        self.0.iter().any(|(key, _)| below(key, prefix).is_some())
    }

    /// The prefixes of a list's members in numeric order: for `list("NodeGroupsToRemove", "NodeGroupToRemove")` the
    /// keys `NodeGroupsToRemove.NodeGroupToRemove.1…`, and `NodeGroupsToRemove.member.1…` which older clients and the
    /// user guide write.
    pub fn list(&self, key: &str, member: &str) -> Vec<String> {
        let mut found = Vec::new();
        // Lists without a member name of their own are spelled `member` once, not twice.
        let names = if member == "member" {
            vec![member]
        } else {
            vec![member, "member"]
        };
        for name in names {
            let prefix = format!("{key}.{name}");
            let numbers: BTreeSet<u32> = self
                .0
                .iter()
                .filter_map(|(key, _)| below(key, &prefix))
                .filter_map(|rest| rest.split('.').next()?.parse().ok())
                .collect();
            found.extend(
                numbers
                    .into_iter()
                    .map(|number| format!("{prefix}.{number}")),
            );
        }
        found
    }

    /// The texts of a list of scalars; empty when the client sent none.
    pub fn texts(&self, key: &str, member: &str) -> Vec<String> {
        self.list(key, member)
            .iter()
            .filter_map(|prefix| self.get(prefix))
            .map(str::to_owned)
            .collect()
    }

    /// The request as flat JSON, for the log of calls.
    pub fn to_json(&self) -> serde_json::Value {
        self.pairs()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// What follows `prefix.` in `key`; the empty text when they are equal; `None` when `key` lies elsewhere.
fn below<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(prefix)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_numeric_order_under_either_spelling() {
        let params = Params::parse(b"A.B.10=x&A.B.2=y&A.member.1=z&AB.B.1=no");
        assert_eq!(params.texts("A", "B"), ["y", "x", "z"]);
        assert_eq!(params.texts("A", "member"), ["z"]);
    }

    #[test]
    fn an_empty_text_is_not_an_absent_one() {
        let params = Params::parse(b"A=&B.C=1");
        assert_eq!(params.get("A"), Some(""));
        assert_eq!(params.get("C"), None);
        assert!(params.has("B") && !params.has("C"));
    }
}
