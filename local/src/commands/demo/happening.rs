//! What happens to groups without anybody's asking for another count: broken hosts, AWS's maintenance, AWS's blocks.

use super::{
    story::{Kind, Line},
    text::clock,
};
use crate::cloud::outside::{Deed, Happened};

/// What happened, as lines. What came to nothing is not worth one.
pub(super) fn lines(happened: &[Happened]) -> Vec<Line> {
    let worth = happened.iter().filter(|one| one.took_effect);
    let line = |one: &Happened| {
        Some(Line {
            at: one.at,
            kind: Kind::Other,
            text: sentence(one)?,
        })
    };
    worth.filter_map(line).collect()
}

/// `None`: a count is told elsewhere, with what became of it.
fn sentence(one: &Happened) -> Option<String> {
    let by = &one.by;
    match &one.deed {
        Deed::Count { .. } => None,
        Deed::FailPrimary { group, shard } => Some(format!(
            "{group}: the primary of shard {shard} fails ({by})"
        )),
        Deed::ScheduleReplacement {
            node,
            starts_after,
            length,
        } => {
            let start = one.at + *starts_after;
            Some(format!(
                "{node}: {by} schedules its replacement from {} to {}",
                clock(start),
                clock(start + *length)
            ))
        }
        Deed::Lag { node, seconds } => {
            Some(format!("{node} lags {seconds} s behind its primary ({by})"))
        }
        Deed::BlockTestFailover(true) => Some(format!("{by} blocks TestFailover")),
        Deed::BlockTestFailover(false) => Some(format!("{by} frees TestFailover again")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn each_happening_is_a_sentence_and_one_that_came_to_nothing_is_none() {
        let happened = |deed, took_effect| Happened {
            at: "2026-11-23T10:00:00Z".parse().unwrap(),
            by: "AWS".to_owned(),
            deed,
            took_effect,
        };
        let fails = Deed::FailPrimary {
            group: "orders".to_owned(),
            shard: "0002".to_owned(),
        };
        let replaces = Deed::ScheduleReplacement {
            node: "orders-0001-001".to_owned(),
            starts_after: TimeDelta::minutes(90),
            length: TimeDelta::minutes(60),
        };
        let told = lines(&[
            happened(fails.clone(), true),
            happened(fails, false),
            happened(replaces, true),
            happened(
                Deed::Lag {
                    node: "orders-0001-002".to_owned(),
                    seconds: 42.0,
                },
                true,
            ),
            happened(Deed::BlockTestFailover(true), true),
            happened(Deed::BlockTestFailover(false), true),
        ]);
        let texts: Vec<&str> = told.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "orders: the primary of shard 0002 fails (AWS)",
                "orders-0001-001: AWS schedules its replacement from 11:30 to 12:30",
                "orders-0001-002 lags 42 s behind its primary (AWS)",
                "AWS blocks TestFailover",
                "AWS frees TestFailover again",
            ]
        );
    }
}
