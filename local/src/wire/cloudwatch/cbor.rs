//! rpc-v2-cbor bodies.

use chrono::DateTime;
use ciborium::Value;

use super::tree::{Tree, epoch_seconds, moment};

/// Reads a request's body, with maps of either length style. An empty body is an empty structure; `None`: it is no CBOR.
pub(super) fn decode(body: &[u8]) -> Option<Tree> {
    if body.is_empty() {
        return Some(Tree::Map(Vec::new()));
    }
    tree(ciborium::from_reader(body).ok()?)
}

fn tree(value: Value) -> Option<Tree> {
    if value.is_null() {
        return Some(Tree::Null);
    }
    if let Some(truth) = value.as_bool() {
        return Some(Tree::Bool(truth));
    }
    if let Some(number) = whole(&value) {
        return Some(Tree::Integer(number));
    }
    if let Some(number) = value.as_float() {
        return Some(Tree::Float(number));
    }
    if let Some((tag, inner)) = value.as_tag() {
        let at = match (whole(inner), inner.as_float()) {
            (Some(seconds), _) => DateTime::from_timestamp(seconds, 0),
            (None, Some(seconds)) => moment(seconds),
            (None, None) => None,
        };
        // Tag 1 is the only one in CloudWatch's model.
        return at.filter(|_| tag == 1).map(Tree::Time);
    }
    match value.into_text() {
        Ok(text) => Some(Tree::Text(text)),
        Err(value) => match value.into_array() {
            Ok(members) => members
                .into_iter()
                .map(tree)
                .collect::<Option<_>>()
                .map(Tree::List),
            // Byte strings and whatever ciborium may add end here: nothing in CloudWatch's model.
            Err(value) => value
                .into_map()
                .ok()?
                .into_iter()
                .map(|(key, value)| Some((key.into_text().ok()?, tree(value)?)))
                .collect::<Option<_>>()
                .map(Tree::Map),
        },
    }
}

fn whole(value: &Value) -> Option<i64> {
    i64::try_from(i128::from(value.as_integer()?)).ok()
}

/// Writes an answer's body. Numbers with a fraction are always 64 bits wide, as the service sends them.
pub(super) fn encode(tree: &Tree) -> Vec<u8> {
    let mut body = Vec::new();
    write(tree, &mut body);
    body
}

fn write(tree: &Tree, body: &mut Vec<u8>) {
    match tree {
        Tree::Null => body.push(0xf6),
        Tree::Bool(false) => body.push(0xf4),
        Tree::Bool(true) => body.push(0xf5),
        Tree::Integer(number) => match u64::try_from(*number) {
            Ok(number) => head(0, number, body),
            // CBOR's negative n is written as -1 - n, which is the bitwise complement.
            Err(_) => head(1, (!*number).unsigned_abs(), body),
        },
        Tree::Float(number) => float(*number, body),
        Tree::Text(text) | Tree::Form(text) => string(text, body),
        Tree::Time(at) => {
            body.push(0xc1);
            float(epoch_seconds(*at), body);
        }
        Tree::List(members) => {
            head(4, length(members.len()), body);
            for member in members {
                write(member, body);
            }
        }
        Tree::Map(members) | Tree::Dictionary(members) => {
            head(5, length(members.len()), body);
            for (key, value) in members {
                string(key, body);
                write(value, body);
            }
        }
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn string(text: &str, body: &mut Vec<u8>) {
    head(3, length(text.len()), body);
    body.extend_from_slice(text.as_bytes());
}

fn float(number: f64, body: &mut Vec<u8>) {
    body.push(0xfb);
    body.extend_from_slice(&number.to_be_bytes());
}

/// A major type with its argument in the shortest form.
fn head(major: u8, argument: u64, body: &mut Vec<u8>) {
    let major = major << 5;
    if let Ok(byte) = u8::try_from(argument) {
        if byte < 24 {
            body.push(major | byte);
        } else {
            body.extend_from_slice(&[major | 24, byte]);
        }
    } else if let Ok(short) = u16::try_from(argument) {
        body.push(major | 25);
        body.extend_from_slice(&short.to_be_bytes());
    } else if let Ok(word) = u32::try_from(argument) {
        body.push(major | 26);
        body.extend_from_slice(&word.to_be_bytes());
    } else {
        body.push(major | 27);
        body.extend_from_slice(&argument.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let tree = Tree::Map(vec![
            ("small".to_owned(), Tree::Integer(-1)),
            ("large".to_owned(), Tree::Integer(-70_000)),
            ("most".to_owned(), Tree::Integer(i64::MAX)),
            ("least".to_owned(), Tree::Integer(i64::MIN)),
            ("half".to_owned(), Tree::Float(0.5)),
            ("text".to_owned(), Tree::Text("ü".repeat(300))),
            (
                "at".to_owned(),
                Tree::Time("2026-11-20T10:05:41.213Z".parse().expect("a time")),
            ),
            (
                "list".to_owned(),
                Tree::List(vec![Tree::Bool(true), Tree::Bool(false), Tree::Null]),
            ),
        ]);
        assert_eq!(decode(&encode(&tree)), Some(tree));
    }

    #[test]
    fn whole_floats_stay_64_bits_wide() {
        assert_eq!(
            encode(&Tree::Float(1.0)),
            [0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn a_body_that_is_no_cbor_is_told_from_an_empty_one() {
        assert_eq!(decode(b""), Some(Tree::Map(Vec::new())));
        assert_eq!(decode(&[0xbf, 0xff]), Some(Tree::Map(Vec::new())));
        assert_eq!(decode(b"\xbf\x6aAlarm"), None);
    }
}
