//! Pages of lists.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::input::{Input, Read};
use crate::cloud::cloudwatch::Refusal;

/// Where the asked-for page begins. Tokens are opaque to clients: here the operation and a place in its list.
pub(super) fn start(input: Input<'_>, operation: &str) -> Read<usize> {
    let Some(token) = input.text("NextToken")? else {
        return Ok(0);
    };
    let place = STANDARD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            text.strip_prefix(operation)?
                .strip_prefix('/')?
                .parse()
                .ok()
        });
    place
        .ok_or_else(|| Refusal::InvalidNextToken(format!("The token '{token}' is invalid.")).into())
}

/// The token of the page that begins at `place`.
pub(super) fn token(operation: &str, place: usize) -> String {
    STANDARD.encode(format!("{operation}/{place}"))
}

/// How many records a page may hold.
pub(super) fn most(input: Input<'_>, default: usize, limit: usize) -> Read<usize> {
    let Some(asked) = input.integer("MaxRecords")? else {
        return Ok(default);
    };
    match usize::try_from(asked) {
        Ok(asked) if (1..=limit).contains(&asked) => Ok(asked),
        Ok(_) | Err(_) => Err(Refusal::Validation(format!(
            "1 validation error detected: Value '{asked}' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and {limit}"
        ))
        .into()),
    }
}

/// One page of `all` and the token of the next, if there is one.
pub(super) fn page<T>(
    input: Input<'_>,
    operation: &str,
    all: Vec<T>,
    most: usize,
) -> Read<(Vec<T>, Option<String>)> {
    let start = start(input, operation)?;
    let end = start.saturating_add(most);
    let next = (end < all.len()).then(|| token(operation, end));
    Ok((all.into_iter().skip(start).take(most).collect(), next))
}
