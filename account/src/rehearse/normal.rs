//! Texts without what differs from run to run: ids, zones, times; and without what must not leave the account. Pure.

/// After these an ARN names a person or a role.
const IDENTITIES: [&str; 4] = [":user/", ":federated-user/", ":role/", ":assumed-role/"];

/// Hides what must not leave the account: these names, identities in ARNs, and account ids.
pub(super) fn redacted(text: &str, names: &[Name]) -> String {
    let mut text = text.to_owned();
    for name in names {
        text = name.hidden_in(&text);
    }
    for begin in IDENTITIES {
        text = without_identity(&text, begin);
    }
    without_accounts(&text)
}

/// A name of the account's, and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) name: String,
    pub(super) placeholder: &'static str,
}

impl Name {
    /// AWS keeps names of subnet groups in lower case, so that case does not count.
    fn hidden_in(&self, text: &str) -> String {
        let name = self.name.to_ascii_lowercase();
        if name.is_empty() {
            return text.to_owned();
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(at) = rest.to_ascii_lowercase().find(&name) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            out.push_str(self.placeholder);
            rest = from.get(name.len()..).unwrap_or_default();
        }
        out + rest
    }
}

/// What follows `begin`, up to the next space or quote, is replaced.
fn without_identity(text: &str, begin: &str) -> String {
    let mut parts = text.split(begin);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |letter: char| letter.is_whitespace() || "\"'`".contains(letter);
        let end = part.find(ends).unwrap_or(part.len());
        out.push_str(begin);
        out.push_str("<identity>");
        out.push_str(part.get(end..).unwrap_or_default());
    }
    out
}

/// Hides account ids, wherever they stand: every run of exactly twelve digits.
fn without_accounts(text: &str) -> String {
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
            &[],
        );
        assert_eq!(
            told,
            "arn:aws:elasticache:us-east-1:<account>:x of 12345678901234 at 1795420800"
        );
        assert_eq!(redacted("123456789012", &[]), "<account>");
    }

    #[test]
    fn names_of_networks_and_identities_are_hidden() {
        let name = |name: &str, placeholder| Name {
            name: name.to_owned(),
            placeholder,
        };
        let names = [
            name("Prod-Private", "<subnet-group>"),
            name("sg-0a1", "<security-group>"),
            name("", "<nothing>"),
        ];
        let told = redacted(
            "User: arn:aws:sts::123456789012:assumed-role/Admins/alice@example.com is not authorized to use prod-private, \
             Prod-Private or 'sg-0a1'; ask \"arn:aws:iam::123456789012:user/ops/bob\" or arn:aws:iam::123456789012:role/x",
            &names,
        );
        assert_eq!(
            told,
            "User: arn:aws:sts::<account>:assumed-role/<identity> is not authorized to use <subnet-group>, \
             <subnet-group> or '<security-group>'; ask \"arn:aws:iam::<account>:user/<identity>\" or \
             arn:aws:iam::<account>:role/<identity>"
        );
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
