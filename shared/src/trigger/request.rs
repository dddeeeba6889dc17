//! An operator's request: a person's intent, the one wake that is an input and not only a label.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::text::{clip, clipped_at, resources, time};

/// What a person asks for: `{"request": {"failover": {…, "expires": "…", "reason": "…"}}}`, invoked synchronously.
///
/// Only the function that carries a request out reads its body; every safety check applies to it as to any other change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// What is asked for, such as `failover` or `reshard`. `None`: the request does not say, so nobody may carry it out.
    #[serde(rename = "request", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What stands under that name, as the person wrote it; the whole request where no name can be told. Not part of the label.
    #[serde(skip)]
    pub body: Value,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Expiry::is_not_given")]
    pub expires: Expiry,
    /// Why, in the person's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who asks, as they say themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// Ids of groups, clusters and nodes that it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

/// Until when a request holds. Three cases, since an expiry that cannot be read must not pass for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// The request names none.
    NotGiven,
    /// The request names one that is no time.
    Unreadable,
    /// The first instant at which it no longer holds.
    #[serde(untagged)]
    At(DateTime<Utc>),
}

impl Expiry {
    fn is_not_given(&self) -> bool {
        matches!(self, Self::NotGiven)
    }
}

impl Request {
    /// Reads what stands under the key `request`.
    pub(super) fn read(request: &Value) -> Self {
        // Exactly one thing is asked for at a time: of two, nobody could say which was carried out.
        let mut things = request.as_object().into_iter().flatten();
        let (kind, body) = match (things.next(), things.next()) {
            (Some((kind, body)), None) if body.is_object() => (Some(clip(kind)), body),
            _ => (None, request),
        };
        let expires = match body.get("expires") {
            None | Some(Value::Null) => Expiry::NotGiven,
            Some(written) => time(written).map_or(Expiry::Unreadable, Expiry::At),
        };
        Self {
            kind,
            body: body.clone(),
            expires,
            reason: clipped_at(body, &["reason"]),
            requested_by: clipped_at(body, &["requested_by"]),
            resources: body.as_object().map(resources).unwrap_or_default(),
        }
    }

    /// Whether the request no longer holds. An unreadable expiry has passed: nobody can say that it has not.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        match self.expires {
            Expiry::NotGiven => false,
            Expiry::Unreadable => true,
            Expiry::At(end) => now >= end,
        }
    }

    /// The request in a few words.
    pub(super) fn sentence(&self) -> String {
        let kind = self.kind.as_deref().unwrap_or("of no known kind");
        match &self.reason {
            Some(reason) => clip(&format!("operator request {kind}: {reason}")),
            None => format!("operator request {kind}"),
        }
    }
}
