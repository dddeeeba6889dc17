//! IAM over AWS Query XML: the reads of a role.

use super::{
    WireError,
    form::Form,
    percent,
    query::Params,
    xml::{Element, time},
};
use crate::cloud::{Cloud, iam::Role, request::Invalid};

/// The namespace of every answer (\[BC\]).
pub const XMLNS: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Answers one operation with the children of its `…Result` element.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(cloud: &Cloud, operation: &str, params: &Params) -> Result<Vec<Element>, WireError> {
    let form = Form(params);
    if !matches!(
        operation,
        "GetRole" | "ListRolePolicies" | "GetRolePolicy" | "ListAttachedRolePolicies"
    ) {
        let text = format!("The embedded IAM has no {operation}.");
        return Err(error(400, "InvalidAction", &text));
    }
    let name = form.required("RoleName").map_err(invalid)?;
    let role = cloud.iam.roles.get(name).ok_or_else(|| {
        let text = format!("The role with name {name} cannot be found.");
        error(404, "NoSuchEntity", &text)
    })?;
    match operation {
        "GetRole" => Ok(vec![shown(name, role)]),
        "ListRolePolicies" => {
            let names = role.inline.keys().map(|name| Element::text("member", name));
            Ok(whole(Element::list("PolicyNames", names)))
        }
        "GetRolePolicy" => {
            let policy = form.required("PolicyName").map_err(invalid)?;
            let document = role.inline.get(policy).ok_or_else(|| {
                let text = format!("The role policy with name {policy} cannot be found.");
                error(404, "NoSuchEntity", &text)
            })?;
            Ok(vec![
                Element::text("RoleName", name),
                Element::text("PolicyName", policy),
                // (BC GetRolePolicy: "URL-encoded compliant with RFC 3986")
                Element::text("PolicyDocument", percent::encoded(&document.to_string())),
            ])
        }
        _ => {
            let policies = role.attached.iter().map(|arn| {
                let name = arn.rsplit_once('/').map_or(arn.as_str(), |(_, name)| name);
                Element::new("member")
                    .with("PolicyName", name)
                    .with("PolicyArn", arn)
            });
            Ok(whole(Element::list("AttachedPolicies", policies)))
        }
    }
}

/// A list that fits one page: a hundred is the default of all lists here (\[BC\]), more than a role may have.
fn whole(list: Element) -> Vec<Element> {
    vec![list, Element::text("IsTruncated", false)]
}

fn shown(name: &str, role: &Role) -> Element {
    let mut shown = Element::new("Role")
        .with("Path", "/")
        .with("RoleName", name)
        .with("RoleId", "AROAEXAMPLEEXAMPLE001")
        .with("Arn", &role.arn)
        .with("CreateDate", time(role.created))
        .with(
            "AssumeRolePolicyDocument",
            percent::encoded(&role.trust.to_string()),
        );
    if let Some(arn) = &role.boundary {
        let boundary = Element::new("PermissionsBoundary")
            .with("PermissionsBoundaryType", "PermissionsBoundaryPolicy")
            .with("PermissionsBoundaryArn", arn);
        shown = shown.child(boundary);
    }
    shown
}

fn invalid(invalid: Invalid) -> WireError {
    match invalid {
        Invalid::Missing(text) | Invalid::Value(text) | Invalid::Combination(text) => {
            error(400, "ValidationError", &text)
        }
    }
}

fn error(status: u16, code: &str, message: &str) -> WireError {
    WireError {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
