//! IAM: what a role may do.

use serde_json::Value;

use super::{Clients, unread};
use crate::doctor::{Read, RoleSeen, Unread};

impl Clients {
    /// A role by its ARN, whose last part is its name whatever its path.
    pub(super) async fn role(&self, arn: &str) -> RoleSeen {
        let name = arn.rsplit_once('/').map_or("", |(_, name)| name);
        let (documents, attached, boundary) = tokio::join!(
            Box::pin(self.documents(name)),
            Box::pin(self.attached(name)),
            Box::pin(self.boundary(name))
        );
        RoleSeen {
            name: name.to_owned(),
            arn: arn.to_owned(),
            documents,
            attached,
            boundary,
        }
    }

    async fn documents(&self, role: &str) -> Read<Vec<(String, Value)>> {
        let listed = self.iam.list_role_policies().role_name(role);
        let mut names = listed.into_paginator().items().send();
        let mut documents = Vec::new();
        while let Some(name) = names.next().await {
            let name = name.map_err(|error| unread("iam:ListRolePolicies", &error))?;
            let permission = "iam:GetRolePolicy";
            let asked = self
                .iam
                .get_role_policy()
                .role_name(role)
                .policy_name(&name);
            let read = asked
                .send()
                .await
                .map_err(|error| unread(permission, &error))?;
            let document = serde_json::from_str(&decoded(read.policy_document()));
            let document = document.map_err(|error| Unread {
                permission: permission.to_owned(),
                denied: false,
                cause: format!("the document of {name} is no JSON: {error}"),
            })?;
            documents.push((name, document));
        }
        Ok(documents)
    }

    async fn attached(&self, role: &str) -> Read<Vec<String>> {
        let listed = self.iam.list_attached_role_policies().role_name(role);
        let mut policies = listed.into_paginator().items().send();
        let mut arns = Vec::new();
        while let Some(policy) = policies.next().await {
            let policy = policy.map_err(|error| unread("iam:ListAttachedRolePolicies", &error))?;
            arns.extend(policy.policy_arn().map(str::to_owned));
        }
        Ok(arns)
    }

    async fn boundary(&self, role: &str) -> Read<Option<String>> {
        let read = self.iam.get_role().role_name(role).send().await;
        let read = read.map_err(|error| unread("iam:GetRole", &error))?;
        let boundary = read.role().and_then(|role| role.permissions_boundary());
        let arn = boundary.and_then(|boundary| boundary.permissions_boundary_arn());
        Ok(arn.map(str::to_owned))
    }
}

/// A document as IAM sends it, percent-encoded (\[BC\] GetRolePolicy). What is no escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut pieces = text.split('%');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let escape = piece
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(piece.bytes().skip(2));
            }
            None => {
                bytes.push(b'%');
                bytes.extend(piece.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_percent_encoded() {
        assert_eq!(
            decoded("%7B%22a%22%3A%20%22%C3%BC%2B+100%\"}"),
            "{\"a\": \"ü++100%\"}"
        );
    }
}
