//! The closing: what the decisions led to beside what the services say, and whether the day showed what it must.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};

use super::{
    function::Cause,
    ledger::{Account, Change, Ledger},
    text::{clock, counted},
};

/// The end of the demo.
#[derive(Debug)]
pub(super) struct Closing<'a> {
    ledger: Ledger,
    /// Shards by group, as the API says.
    seen: &'a BTreeMap<String, u32>,
    ended: DateTime<Utc>,
}

/// The widest that a list of changes may be before it goes on in the next line.
const CHANGES_WIDTH: usize = 46;

impl<'a> Closing<'a> {
    /// Compares the ledger with the shard counts that were read back.
    pub(super) fn new(
        ledger: Ledger,
        seen: &'a BTreeMap<String, u32>,
        ended: DateTime<Utc>,
    ) -> Self {
        Self {
            ledger,
            seen,
            ended,
        }
    }

    /// Whether the counts match and the day showed what it must.
    pub(super) fn holds(&self) -> bool {
        self.missing().is_empty()
    }

    /// What speaks against success, a sentence each.
    fn missing(&self) -> Vec<String> {
        let ledger = &self.ledger;
        let mut missing = Vec::new();
        for (group, account) in &ledger.groups {
            if self.seen.get(group) != Some(&account.decided()) {
                let seen = self
                    .seen
                    .get(group)
                    .map_or("nothing".to_owned(), u32::to_string);
                missing.push(format!(
                    "{group}: the decisions led to {}, ElastiCache says {seen}",
                    account.decided()
                ));
            }
        }
        missing.extend(
            self.seen
                .keys()
                .filter(|group| !ledger.groups.contains_key(*group))
                .map(|group| format!("{group} was not there in the morning")),
        );
        if ledger.scale_out_by_alarm().is_none() {
            missing.push("no alarm led to an accepted scale-out".to_owned());
        }
        if ledger.scale_in_by_schedule().is_none() {
            missing.push("the schedule led to no accepted scale-in".to_owned());
        }
        if ledger.hold.is_none() {
            missing.push("no hold gave a reason".to_owned());
        }
        if let Some(first) = ledger.failures.first() {
            let count = u64::try_from(ledger.failures.len()).unwrap_or(u64::MAX);
            missing.push(format!("{}, the first: {first}", counted(count, "failure")));
        }
        missing
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "group         start  changes{:width$}  end  ElastiCache says",
            "",
            width = CHANGES_WIDTH - 7
        )?;
        for (group, account) in &self.ledger.groups {
            let mut changes = change_lines(account).into_iter();
            let first = changes.next().unwrap_or_default();
            let says = match self.seen.get(group) {
                Some(seen) if *seen == account.decided() => format!("{seen}, a match"),
                Some(seen) => format!("{seen}, NO MATCH"),
                None => "nothing, NO MATCH".to_owned(),
            };
            writeln!(
                f,
                "{group:<12}  {:>5}  {first:<CHANGES_WIDTH$}  {:>3}  {says}",
                account.start,
                account.decided(),
            )?;
            for more in changes {
                writeln!(f, "{:19}  {more}", "")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = &self.ledger;
        let minutes = (self.ended - ledger.began).num_minutes();
        writeln!(
            f,
            "\nThe day is over: {} h {:02} min of virtual time. The function ran {}, of which {} on schedule and {} for an alarm.\n",
            minutes / 60,
            minutes % 60,
            counted(ledger.woken_by_alarm + ledger.woken_by_schedule, "time"),
            ledger.woken_by_schedule,
            ledger.woken_by_alarm,
        )?;
        self.table(f)?;
        writeln!(f)?;
        if let Some((group, change)) = ledger.scale_out_by_alarm() {
            writeln!(f, "An alarm scaled out:    {}", in_words(group, change))?;
        }
        if let Some((group, change)) = ledger.scale_in_by_schedule() {
            writeln!(f, "The schedule scaled in: {}", in_words(group, change))?;
        }
        if let Some((at, group, why)) = &ledger.hold {
            writeln!(f, "A hold said why:        {} {group}: {why}", clock(*at))?;
        }
        let missing = self.missing();
        if missing.is_empty() {
            return writeln!(f, "What was decided is what ElastiCache has.");
        }
        missing
            .iter()
            .try_for_each(|sentence| writeln!(f, "Missing:                {sentence}"))
    }
}

fn in_words(group: &str, change: &Change) -> String {
    let cause = match &change.cause {
        Cause::Alarm(name) => format!(" ({name})"),
        Cause::Schedule => String::new(),
    };
    format!(
        "{} {group} from {} to {} shards{cause}",
        clock(change.at),
        change.from,
        change.to
    )
}

/// The changes as `→ 4 at 09:55`, broken between changes.
fn change_lines(account: &Account) -> Vec<String> {
    if account.changes.is_empty() {
        return vec!["none".to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for change in &account.changes {
        let word = format!("→ {} at {}", change.to, clock(change.at));
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + word.chars().count() <= CHANGES_WIDTH => {
                line.push_str(", ");
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}
