//! Noise that is the same in every run: a hash of what it belongs to instead of a generator with a state.

/// A number from −1 to 1 for these words, each of which changes it entirely.
pub(super) fn noise(words: &[u64]) -> f64 {
    let mixed = words.iter().fold(0, |state, word| mix(state ^ word));
    let high = u32::try_from(mixed >> 32).unwrap_or(u32::MAX);
    f64::from(high) / f64::from(u32::MAX) * 2.0 - 1.0
}

/// A text as a word of noise (FNV-1a).
pub(super) fn word(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// SplitMix64's step, which spreads any change over all bits.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_repeats_stays_in_its_range_and_is_about_nothing_on_average() {
        assert_eq!(noise(&[1, 2]).to_bits(), noise(&[1, 2]).to_bits());
        assert_ne!(noise(&[1, 2]).to_bits(), noise(&[2, 1]).to_bits());
        let many: Vec<f64> = (0..10_000).map(|at| noise(&[7, at])).collect();
        assert!(many.iter().all(|one| (-1.0..=1.0).contains(one)));
        assert!((many.iter().sum::<f64>() / 10_000.0).abs() < 0.02);
    }
}
