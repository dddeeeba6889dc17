//! Small words: times, counts, and lines that fit a width.

use chrono::{DateTime, Utc};

/// `12:24`.
pub(super) fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

/// `1 time`, `2 times`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        thousands(count),
        if count == 1 { "" } else { "s" }
    )
}

/// `1,110`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = Vec::new();
    let (head, rest) = digits.split_at(first);
    if !head.is_empty() {
        groups.push(head);
    }
    let mut rest = rest;
    while let Some((group, more)) = rest.split_at_checked(3) {
        groups.push(group);
        rest = more;
    }
    groups.join(",")
}

/// Breaks a text between words so that no line is wider than `width`, if no word is.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(
            [7, 110, 1_110, 16_384, 1_000_000].map(thousands),
            ["7", "110", "1,110", "16,384", "1,000,000"]
        );
        assert_eq!(
            (counted(1, "run"), counted(2_000, "run")),
            ("1 run".to_owned(), "2,000 runs".to_owned())
        );
    }

    #[test]
    fn wrapping_keeps_words_whole() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("toolongword x", 4), ["toolongword", "x"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
