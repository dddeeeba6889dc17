//! Texts without what differs from run to run: ids, zones, times; and without what must not leave the account. Pure.

/// Hides account ids, wherever they stand: every run of exactly twelve digits.
pub(super) fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let flush = |digits: &mut String, out: &mut String| {
        if digits.len() == 12 {
            out.push_str("<account>");
        } else {
            out.push_str(digits);
        }
        digits.clear();
    };
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else {
            flush(&mut digits, &mut out);
            out.push(letter);
        }
    }
    flush(&mut digits, &mut out);
    out
}

/// The text with placeholders, so that two runs can be compared: `<group>`, `<node>`, `<zone>`, `<time>`, `<request>`.
pub(super) fn normal(text: &str, group: &str) -> String {
    let text = text.replace(group, "<group>");
    let words: Vec<String> = text.split(' ').map(word).collect();
    words.join(" ")
}

/// One word; what encloses it stays.
fn word(text: &str) -> String {
    let enclosing = |letter: char| ",.;:()[]'\"`".contains(letter);
    let core = text.trim_matches(enclosing);
    let Some(begin) = text.find(core).filter(|_| !core.is_empty()) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(begin);
    let after = rest.get(core.len()..).unwrap_or_default();
    let placeholder = if is_node(core) {
        "<node>"
    } else if is_zone(core) {
        "<zone>"
    } else if is_time(core) {
        "<time>"
    } else if is_uuid(core) {
        "<request>"
    } else {
        core
    };
    format!("{before}{placeholder}{after}")
}

/// `<group>-0001-002`.
fn is_node(text: &str) -> bool {
    text.strip_prefix("<group>-").is_some_and(|rest| {
        let mut parts = rest.split('-');
        let digits = |part: Option<&str>, length| {
            part.is_some_and(|part| {
                part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        digits(parts.next(), 4) && digits(parts.next(), 3) && parts.next().is_none()
    })
}

/// `us-east-1a`, `us-gov-west-1b`.
fn is_zone(text: &str) -> bool {
    let mut parts: Vec<&str> = text.split('-').collect();
    let last = parts.pop().unwrap_or_default();
    let mut letters = last.chars();
    let number = letters.next().is_some_and(|first| first.is_ascii_digit());
    let zone = letters
        .next()
        .is_some_and(|second| second.is_ascii_lowercase());
    let words =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.len() >= 2 && parts.iter().all(words) && number && zone && letters.next().is_none()
}

/// A date and time in one word.
fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect();
    shape.starts_with("0000-00-00T00:00") || shape.starts_with("00:00:00")
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_hidden_and_other_numbers_stay() {
        let told = redacted(
            "arn:aws:elasticache:us-east-1:123456789012:x of 12345678901234 at 1795420800",
        );
        assert_eq!(
            told,
            "arn:aws:elasticache:us-east-1:<account>:x of 12345678901234 at 1795420800"
        );
        assert_eq!(redacted("123456789012"), "<account>");
    }

    #[test]
    fn what_differs_from_run_to_run_becomes_a_placeholder() {
        let told = normal(
            "Failover from primary node g-1-0001-001 to replica node g-1-0001-002 completed",
            "g-1",
        );
        assert_eq!(
            told,
            "Failover from primary node <node> to replica node <node> completed"
        );
        let told = normal("Added cache node 0001 in availability zone us-east-1a", "g");
        assert_eq!(told, "Added cache node 0001 in availability zone <zone>");
        let told = normal("Replication group g (2026-11-23T08:00:00Z) created.", "g");
        assert!(told.contains("(<time>)"), "{told}");
    }
}
