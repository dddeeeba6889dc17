//! Percent encoding, as RFC 3986 has it: a blank is `%20`, not `+`.

/// Encodes all but unreserved characters, as IAM does with documents of policies.
pub(super) fn encoded(text: &str) -> String {
    let mut said = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            said.push(char::from(byte));
        } else {
            said.push_str(&format!("%{byte:02X}"));
        }
    }
    said
}

/// Decodes a segment of a path. What is no escape stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let text = "{\"a\": \"arn:aws:x:*/ü\"}";
        assert_eq!(encoded("a b:*"), "a%20b%3A%2A");
        assert_eq!(decoded(&encoded(text)), text);
        assert_eq!(decoded("100%"), "100%");
    }
}
