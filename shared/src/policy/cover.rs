//! Whether one glob matches every id that another matches, among the ids that a service gives.

use std::collections::{HashSet, VecDeque};

/// Places in a pattern are bits of a `u128`.
const LONGEST_PATTERN: usize = 127;

/// Real globs need a few hundred. Beyond this the answer is "no", which costs a warning and nothing else.
const MOST_STATES: usize = 20_000;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789-";

/// A set of places in a pattern: where a match may have got to.
type Places = u128;

/// Whether `wide` matches every possible id of at most `longest` characters that `narrow` matches.
///
/// Both patterns are walked together, letter by letter, looking for an id that only `narrow` matches.
pub(super) fn covers(wide: &str, narrow: &str, longest: usize) -> bool {
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    if wide.len() > LONGEST_PATTERN || narrow.len() > LONGEST_PATTERN {
        return false;
    }
    let start = (reach(&narrow, 1), reach(&wide, 1), None::<char>);
    let mut seen = HashSet::from([start]);
    let mut open = VecDeque::from([(start, 0)]);
    while let Some(((narrow_at, wide_at, last), length)) = open.pop_front() {
        let is_id = last.is_some_and(|last| last != '-');
        if is_id && ends(&narrow, narrow_at) && !ends(&wide, wide_at) {
            return false;
        }
        if length == longest {
            continue;
        }
        for letter in LETTERS.chars().filter(|&letter| may_follow(last, letter)) {
            let narrow_at = step(&narrow, narrow_at, letter);
            if narrow_at == 0 {
                continue;
            }
            // What may follow depends on the last letter only in being a hyphen or not.
            let kind = if letter == '-' { '-' } else { 'a' };
            let next = (narrow_at, step(&wide, wide_at, letter), Some(kind));
            if seen.insert(next) {
                open.push_back((next, length + 1));
            }
        }
        if seen.len() > MOST_STATES {
            return false;
        }
    }
    true
}

/// Ids start with a letter and have no two hyphens in a row.
fn may_follow(last: Option<char>, letter: char) -> bool {
    match last {
        None => letter.is_ascii_alphabetic(),
        Some('-') => letter != '-',
        Some(_) => true,
    }
}

fn ends(pattern: &[char], places: Places) -> bool {
    places & (1 << pattern.len()) != 0
}

/// The places after one more letter.
fn step(pattern: &[char], places: Places, letter: char) -> Places {
    let mut next = 0;
    for (place, &wanted) in pattern.iter().enumerate() {
        if places & (1 << place) == 0 {
            continue;
        }
        if wanted == '*' {
            next |= 1 << place;
        } else if wanted == '?' || wanted == letter {
            next |= 1 << (place + 1);
        }
    }
    reach(pattern, next)
}

/// The places and those behind a `*`, which may stand for nothing.
fn reach(pattern: &[char], mut places: Places) -> Places {
    for (place, &wanted) in pattern.iter().enumerate() {
        if wanted == '*' && places & (1 << place) != 0 {
            places |= 1 << (place + 1);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::policy::names::{GROUP_IDS, impossible_id};

    fn covers(wide: &str, narrow: &str) -> bool {
        super::covers(wide, narrow, GROUP_IDS.longest)
    }

    #[test]
    fn a_glob_covers_what_it_matches_and_nothing_else() {
        for (wide, narrow) in [
            ("*", "orders-*"),
            ("orders-*", "orders-e?"),
            ("orders-**", "orders-*"),
            ("o?*", "or*"),
            ("orders", "orders"),
            // No id ends with a hyphen, so something follows it.
            ("orders-?*", "orders-*"),
            // No id is longer than 40 characters.
            ("*", "a*"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("orders-*", "*"),
            ("orders-e?", "orders-*"),
            ("orders", "orders*"),
            ("orders-??*", "orders-*"),
            ("a?", "?a"),
        ] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }

    proptest! {
        /// An id that one matches and the other does not is a proof that the other does not cover.
        #[test]
        fn what_is_covered_is_matched(wide in "[ab*?-]{1,6}", narrow in "[ab*?-]{1,6}", id in "[ab-]{1,6}") {
            prop_assume!(impossible_id(&GROUP_IDS, &id).is_none());
            let matches = |glob: &str| wildmatch::WildMatch::new(glob).matches(&id);
            if covers(&wide, &narrow) && matches(&narrow) {
                prop_assert!(matches(&wide));
            }
        }

        /// Short globs over two letters, compared with trying every short id: what is not covered has a witness.
        #[test]
        fn what_is_not_covered_has_an_id_to_show_for_it(wide in "[ab*?]{1,3}", narrow in "[ab*?]{1,3}") {
            let ids = (1..=5).flat_map(words);
            let matches = |glob: &str, id: &str| wildmatch::WildMatch::new(glob).matches(id);
            let witness = ids.into_iter().any(|id| matches(&narrow, &id) && !matches(&wide, &id));
            prop_assert_eq!(covers(&wide, &narrow), !witness);
        }
    }

    /// Every word of a length over three letters, one of them in no pattern.
    fn words(length: usize) -> Vec<String> {
        (0..length).fold(vec![String::new()], |words, _| {
            let longer = |word: &String| ["a", "b", "c"].map(|letter| format!("{word}{letter}"));
            words.iter().flat_map(longer).collect()
        })
    }
}
