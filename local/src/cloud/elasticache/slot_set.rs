//! A set of slots as a bit map: simulations copy and compare these sets at every step.

use super::slots::SLOT_COUNT;

/// Bits in one word.
const WORD: u16 = 64;

/// A set of slots, 0 to 16,383.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotSet(Vec<u64>);

impl SlotSet {
    /// No slots.
    pub fn new() -> Self {
        Self(vec![0; usize::from(SLOT_COUNT / WORD)])
    }

    /// How many slots.
    pub fn len(&self) -> usize {
        let ones: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        usize::try_from(ones).unwrap_or(usize::MAX)
    }

    /// Whether there is no slot.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether `slot` is in the set.
    pub fn contains(&self, slot: &u16) -> bool {
        self.0
            .get(usize::from(slot / WORD))
            .is_some_and(|word| word & bit(*slot) != 0)
    }

    /// Adds a slot; `false`: it was there already, or does not exist.
    pub fn insert(&mut self, slot: u16) -> bool {
        match self.0.get_mut(usize::from(slot / WORD)) {
            Some(word) if *word & bit(slot) == 0 => {
                *word |= bit(slot);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Takes a slot out; `false`: it was not there.
    pub fn remove(&mut self, slot: &u16) -> bool {
        match self.0.get_mut(usize::from(slot / WORD)) {
            Some(word) if *word & bit(*slot) != 0 => {
                *word &= !bit(*slot);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Whether no slot is in both sets.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, two)| one & two == 0)
    }

    /// Adds every slot of `other`.
    pub fn union_with(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// The slots in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u16> {
        (0..SLOT_COUNT).filter(|slot| self.contains(slot))
    }
}

/// The slot's bit in its word.
fn bit(slot: u16) -> u64 {
    1 << (slot % WORD)
}

impl Default for SlotSet {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<u16> for SlotSet {
    fn from_iter<I: IntoIterator<Item = u16>>(slots: I) -> Self {
        let mut set = Self::new();
        for slot in slots {
            set.insert(slot);
        }
        set
    }
}

impl<const N: usize> From<[u16; N]> for SlotSet {
    fn from(slots: [u16; N]) -> Self {
        slots.into_iter().collect()
    }
}

impl std::fmt::Debug for SlotSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SlotSet({})", super::slots::spell(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_there_once_and_slots_beyond_the_last_never() {
        let mut set = SlotSet::from([0, 63, 64, 16_383]);
        assert!(!set.insert(64) && !set.insert(16_384));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 16_383]);
        assert!(set.remove(&63) && !set.remove(&63));
        assert_eq!((set.len(), set.contains(&63)), (3, false));
    }
}
