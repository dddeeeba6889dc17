//! Every decision of every whole pass is made again from its log lines, and must come out the same.

use clusterwarden::{
    policy::Policy,
    record::Record,
    replay::{Comparison, compare, replay},
    seen::Sight,
};
use serde_json::{Map, Value};

/// Makes a decision again from the lines that the log would hold.
///
/// # Panics
///
/// It does not come out the same.
pub fn replays(policy: &Policy, record: &Record) {
    let Some(line) = record.sight_line() else {
        // Told before; this is the record of a new primary.
        assert!(
            record.switched.is_some(),
            "a record without its sight: {record:?}"
        );
        return;
    };
    let sight: Sight =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
    let recorded: Map<String, Value> = serde_json::from_str(&record.line()).expect("a record");
    let again = replay(policy, &sight).expect("its own policy");
    if let Comparison::Different(differences) = compare(&recorded, &again) {
        panic!(
            "{} decided otherwise when replayed: {differences:#?}\n{line}",
            record.target
        );
    }
}
