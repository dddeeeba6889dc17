//! Slots: which of the 16,384 parts of the keyspace a shard owns, and how an answer spells them.

/// Slots of one group, numbered from 0.
pub const SLOT_COUNT: u16 = 16_384;

pub use super::slot_set::SlotSet;

/// Spells slots as `NodeGroup.Slots` does: `0-324,5462-5692,7000` ([EC-DG]). Empty when the shard owns none.
pub fn spell(slots: &SlotSet) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for slot in slots.iter() {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(slot) => *last = slot,
            Some(_) | None => runs.push((slot, slot)),
        }
    }
    runs.iter()
        .map(|&(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

/// Reads what [`spell`] writes; `None` for anything else, slots beyond 16,383 and slots named twice.
pub fn parse(text: &str) -> Option<SlotSet> {
    let mut slots = SlotSet::new();
    for run in text.split(',') {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last >= SLOT_COUNT {
            return None;
        }
        for slot in first..=last {
            if !slots.insert(slot) {
                return None;
            }
        }
    }
    Some(slots)
}

/// How many slots each of `shards` owns when they are spread evenly: the first ones own one more where the division
/// leaves a rest. Empty for no shards.
pub fn even_counts(shards: usize) -> Vec<usize> {
    let total = usize::from(SLOT_COUNT);
    (0..shards)
        .map(|at| total / shards + usize::from(at < total % shards))
        .collect()
}

/// The contiguous ranges that a new group's shards own.
pub fn even_ranges(shards: usize) -> Vec<SlotSet> {
    let mut next = 0..SLOT_COUNT;
    even_counts(shards)
        .into_iter()
        .map(|count| next.by_ref().take(count).collect())
        .collect()
}

/// One slot on its way between two shards, given by their places in the caller's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The slot.
    pub slot: u16,
    /// Place of the shard that owns it now.
    pub from: usize,
    /// Place of the shard that will own it.
    pub to: usize,
}

/// The moves after which shards that stay own slots evenly and shards that go own none: `owned[i]` is what shard `i`
/// owns, `stays[i]` whether it stays. Slots leave from the upper end of what a shard owns, and a donor's surplus goes to
/// every receiver in contiguous runs (ASSUMED: AWS does not say which slots it picks).
pub fn plan_moves(owned: &[SlotSet], stays: &[bool]) -> Vec<Move> {
    let staying: Vec<usize> = (0..owned.len()).filter(|&at| stays[at]).collect();
    // Those that own most keep the rest of the division, so that no slot moves without need.
    let mut by_size = staying.clone();
    by_size.sort_by_key(|&at| std::cmp::Reverse(owned[at].len()));
    let mut target = vec![0; owned.len()];
    for (at, count) in by_size.into_iter().zip(even_counts(staying.len())) {
        target[at] = count;
    }
    let mut missing: Vec<usize> = (0..owned.len())
        .map(|at| target[at].saturating_sub(owned[at].len()))
        .collect();
    let mut moves = Vec::new();
    for (from, slots) in owned.iter().enumerate() {
        let surplus: Vec<u16> = slots
            .iter()
            .rev()
            .take(slots.len().saturating_sub(target[from]))
            .collect();
        let wanted: usize = missing.iter().sum();
        let mut rest = surplus.into_iter();
        let shares: Vec<usize> = missing
            .iter()
            .map(|&lacks| (rest.len() * lacks).div_ceil(wanted.max(1)).min(lacks))
            .collect();
        for (to, share) in shares.into_iter().enumerate() {
            for slot in rest.by_ref().take(share) {
                missing[to] -= 1;
                moves.push(Move { slot, from, to });
            }
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_spelled_as_ranges_and_single_numbers() {
        let slots: SlotSet = [0, 1, 2, 7, 9, 10].into();
        assert_eq!(spell(&slots), "0-2,7,9-10");
        assert_eq!(parse("0-2,7,9-10"), Some(slots));
        assert_eq!(spell(&SlotSet::new()), "");
    }

    #[test]
    fn slots_that_cannot_be_are_not_read() {
        for text in ["", "5-4", "0-16384", "1,1", "a"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_plan_moves_no_more_than_needed_and_ends_even() {
        for (before, staying) in [
            (2, vec![true; 3]),
            (3, vec![true, false, true]),
            (5, vec![true, true, false, false, true]),
        ] {
            let mut owned = even_ranges(before);
            owned.resize(staying.len(), SlotSet::new());
            let moves = plan_moves(&owned, &staying);
            for step in &moves {
                assert!(owned[step.from].remove(&step.slot));
                assert!(owned[step.to].insert(step.slot));
            }
            let sizes: Vec<usize> = (0..owned.len())
                .filter(|&at| staying[at])
                .map(|at| owned[at].len())
                .collect();
            assert_eq!(sizes.iter().sum::<usize>(), usize::from(SLOT_COUNT));
            assert!(
                sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1,
                "{sizes:?}"
            );
        }
        assert!(plan_moves(&even_ranges(3), &[true; 3]).is_empty());
    }
}
