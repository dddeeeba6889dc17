//! `clusterwarden replay`: decisions of the past made again, from a function's log and the policy file.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use clap::Args;
use clusterwarden::{
    policy::Policy,
    replay::{Comparison, Difference, compare, replay},
    seen::Sight,
};
use serde_json::{Map, Value, json};

use super::{
    check::{self, print},
    failure::{Failure, counted},
    surroundings::Surroundings,
};

mod log;

use log::{Line, lines};

/// What `clusterwarden replay` may be told.
#[derive(Debug, Args)]
pub(super) struct ReplayOptions {
    /// A function's log: its lines, or the answer of `aws logs filter-log-events`; `-` reads standard input
    log: PathBuf,
    /// The policy file that the decisions followed [default: policy/policy.toml of the checkout]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Only the decisions about this target
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Tell what this policy would have decided where the log followed another one
    #[arg(long)]
    what_if: bool,
    /// Print a JSON object per decision
    #[arg(long)]
    json: bool,
}

/// One decision made again.
struct Replayed {
    /// What is decided now, in one sentence.
    sentence: String,
    outcome: Outcome,
}

/// What came of it.
enum Outcome {
    /// Compared with the record of the log.
    Compared(Comparison),
    /// The log has the line of what was seen, and not the record.
    NoRecord,
    /// It followed another policy, so that it may differ; with the sentence of its record, if the log has that.
    WhatIf(Option<String>),
    /// It cannot be made again, and why.
    Failed(String),
}

/// A record's function, target and time: what links it with the line of what was seen.
type Key = (String, String, String);

/// Makes the decisions of a log again.
///
/// # Errors
///
/// The log or the policy cannot be read, the log has nothing to replay, or something came out otherwise.
pub(super) fn run(options: &ReplayOptions, surroundings: &Surroundings) -> Result<(), Failure> {
    let (name, text) = read(&options.log)?;
    let (_, file, _) = check::read(options.policy.as_deref(), surroundings)?;
    let policy = file.policy();
    let mut records: HashMap<Key, Map<String, Value>> = HashMap::new();
    let (mut sights, mut strange) = (Vec::new(), 0);
    for (place, line) in lines(&text) {
        match line {
            Line::Sight(sight) => sights.push(*sight),
            // The first record of a look is the decision's; a second one tells of a new primary.
            Line::Record(record) => {
                records.entry(key_of(&record)).or_insert(record);
            }
            Line::LeftOut(what) | Line::Unreadable(what) => {
                strange += 1;
                eprintln!("{name}, {place}: {what}");
            }
            Line::Other => {}
        }
    }
    if let Some(target) = &options.target {
        sights.retain(|sight| sight.observation_of == *target);
    }
    if sights.is_empty() {
        return Err(Failure::NothingToReplay { name });
    }
    let mut failed = 0;
    let mut report = String::new();
    for sight in &sights {
        let replayed = again(policy, sight, records.get(&key(sight)), options.what_if);
        failed += usize::from(replayed.outcome.fails());
        report.push_str(&if options.json {
            format!("{}\n", replayed.to_json(sight))
        } else {
            replayed.in_words(sight)
        });
    }
    print(&report)?;
    let made = counted(sights.len(), "decision");
    eprintln!("{made} made again with policy {}", policy.version);
    if failed > 0 || strange > 0 {
        return Err(Failure::NotReplayed { failed, strange });
    }
    Ok(())
}

/// The log with the name to call it by.
fn read(file: &Path) -> Result<(String, String), Failure> {
    let piped = file.as_os_str() == "-";
    let name = if piped {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let text = if piped {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    match text {
        Ok(text) => Ok((name, text)),
        Err(source) => Err(Failure::Unreadable {
            what: "the log",
            name,
            source,
        }),
    }
}

fn key_of(record: &Map<String, Value>) -> Key {
    let word = |key: &str| {
        record
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (word("function"), word("target"), word("at"))
}

fn key(sight: &Sight) -> Key {
    // As a record spells it.
    let at = json!(sight.at).as_str().unwrap_or_default().to_owned();
    (
        sight.seen.function().to_owned(),
        sight.observation_of.clone(),
        at,
    )
}

fn again(
    policy: &Policy,
    sight: &Sight,
    recorded: Option<&Map<String, Value>>,
    what_if: bool,
) -> Replayed {
    let is_another = sight.policy != policy.version;
    if is_another && !what_if {
        let why = format!(
            "it followed policy {}, and this one is {}: give that one with --policy, or --what-if",
            sight.policy, policy.version
        );
        return Replayed {
            sentence: String::new(),
            outcome: Outcome::Failed(why),
        };
    }
    let now = match replay(policy, sight) {
        Ok(now) => now,
        Err(error) => {
            return Replayed {
                sentence: String::new(),
                outcome: Outcome::Failed(error.to_string()),
            };
        }
    };
    let sentence = |decision: &Value| {
        decision
            .get("sentence")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let outcome = match recorded {
        _ if is_another => {
            Outcome::WhatIf(recorded.and_then(|record| Some(sentence(record.get("decision")?))))
        }
        Some(recorded) => Outcome::Compared(compare(recorded, &now)),
        None => Outcome::NoRecord,
    };
    Replayed {
        sentence: sentence(&now.decision),
        outcome,
    }
}

impl Outcome {
    fn fails(&self) -> bool {
        matches!(
            self,
            Self::Failed(_) | Self::Compared(Comparison::Different(_))
        )
    }

    /// Its name for programs.
    fn name(&self) -> &'static str {
        match self {
            Self::Compared(Comparison::Same) => "same",
            Self::Compared(Comparison::HeldAfterwards { .. }) => "held_afterwards",
            Self::Compared(Comparison::Different(_)) => "different",
            Self::NoRecord => "no_record",
            Self::WhatIf(_) => "what_if",
            Self::Failed(_) => "failed",
        }
    }
}

impl Replayed {
    fn in_words(&self, sight: &Sight) -> String {
        let (target, function) = (&sight.observation_of, sight.seen.function());
        let at = sight.at.format("%F %T");
        let said = match &self.outcome {
            Outcome::Compared(Comparison::Same) => format!("the same: {}", self.sentence),
            Outcome::Compared(Comparison::HeldAfterwards { reason, sentence }) => {
                format!(
                    "the same: {}\n    then held ({reason}): {sentence}",
                    self.sentence
                )
            }
            Outcome::Compared(Comparison::Different(differences)) => {
                let told = differences.iter().map(told);
                format!("DIFFERENT{}", told.collect::<String>())
            }
            Outcome::NoRecord => format!("{} (its record is not in this log)", self.sentence),
            Outcome::WhatIf(Some(was)) if *was == self.sentence => format!("the same: {was}"),
            Outcome::WhatIf(Some(was)) => format!("{}\n    it was: {was}", self.sentence),
            Outcome::WhatIf(None) => format!("{} (its record is not in this log)", self.sentence),
            Outcome::Failed(why) => format!("NOT MADE AGAIN: {why}"),
        };
        format!("{at}  {function} {target}: {said}\n")
    }

    fn to_json(&self, sight: &Sight) -> Value {
        let mut line = json!({
            "at": sight.at, "function": sight.seen.function(), "target": sight.observation_of,
            "result": self.outcome.name(), "sentence": self.sentence,
        });
        let more = match &self.outcome {
            Outcome::Compared(Comparison::Different(differences)) => {
                Some(("differences", json!(differences)))
            }
            Outcome::Compared(Comparison::HeldAfterwards { reason, sentence }) => {
                Some(("held", json!({ "reason": reason, "sentence": sentence })))
            }
            Outcome::WhatIf(was) => Some(("was", json!(was))),
            Outcome::Failed(why) => Some(("why", json!(why))),
            Outcome::Compared(Comparison::Same) | Outcome::NoRecord => None,
        };
        if let (Some((key, value)), Some(map)) = (more, line.as_object_mut()) {
            map.insert(key.to_owned(), value);
        }
        line
    }
}

/// A difference on lines of its own: of lists only the first element that is not the same.
fn told(difference: &Difference) -> String {
    let (mut was, mut now) = (&difference.recorded, &difference.replayed);
    if let (Value::Array(left), Value::Array(right)) = (was, now) {
        let longest = left.len().max(right.len());
        let of = |list: &'_ [Value], place: usize| list.get(place).cloned();
        if let Some(place) = (0..longest).find(|place| of(left, *place) != of(right, *place)) {
            was = left.get(place).unwrap_or(&Value::Null);
            now = right.get(place).unwrap_or(&Value::Null);
        }
    }
    format!(
        "\n    {}\n      recorded {was}\n      now      {now}",
        difference.field
    )
}

#[cfg(test)]
mod tests;
