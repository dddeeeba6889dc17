//! ElastiCache over AWS Query XML.

use super::{WireError, query::Params, xml::Element};
use crate::cloud::Cloud;

/// The namespace of every answer.
pub const XMLNS: &str = "http://elasticache.amazonaws.com/doc/2015-02-02/";

/// Answers one operation with the children of its `…Result` element.
///
/// # Errors
///
/// The service's refusal.
pub fn answer(
    _cloud: &mut Cloud,
    operation: &str,
    _params: &Params,
) -> Result<Vec<Element>, WireError> {
    Err(WireError {
        status: 400,
        code: "InvalidAction".to_owned(),
        message: format!("The action {operation} is not valid for this web service."),
    })
}
