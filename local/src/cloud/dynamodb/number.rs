//! DynamoDB's numbers: decimals of up to 38 digits, never binary floats.

use std::cmp::Ordering;

/// `digits` × 10^`exponent`, without trailing zeros in `digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    exponent: i32,
}

/// "Numbers can have up to 38 digits of precision."
const MOST_DIGITS: usize = 38;

impl Decimal {
    /// Reads `-12.5e3` and the like. `None`: no number, or too precise for DynamoDB.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let all = format!("{whole}{fraction}");
        if !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let kept = all.trim_end_matches('0').trim_start_matches('0');
        if kept.len() > MOST_DIGITS {
            return None;
        }
        let exponent = exponent
            .checked_sub(i32::try_from(fraction.len()).ok()?)?
            .checked_add(i32::try_from(all.len() - all.trim_end_matches('0').len()).ok()?)?;
        let digits: i128 = if kept.is_empty() {
            0
        } else {
            kept.parse().ok()?
        };
        // (DDB-DG) magnitudes from 1E-130 to 9.99…E+125.
        let size = exponent.checked_add(i32::try_from(kept.len()).ok()?)?;
        if digits != 0 && !(-129..=126).contains(&size) {
            return None;
        }
        Some(
            Self {
                digits: if negative { -digits } else { digits },
                exponent,
            }
            .trimmed(),
        )
    }

    fn trimmed(mut self) -> Self {
        if self.digits == 0 {
            self.exponent = 0;
        }
        while self.digits != 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.exponent += 1;
        }
        self
    }

    /// Both as digits of the same exponent. `None`: they lie too far apart for 38 digits.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let shifted = |number: Self| {
            let shift = u32::try_from(number.exponent - exponent).ok()?;
            number.digits.checked_mul(10_i128.checked_pow(shift)?)
        };
        Some((shifted(self)?, shifted(other)?, exponent))
    }

    /// The sum; `None`: it would need more than 38 digits.
    pub fn plus(self, other: Self) -> Option<Self> {
        // Zero is aligned with everything.
        if self.digits == 0 {
            return Some(other);
        }
        if other.digits == 0 {
            return Some(self);
        }
        let (left, right, exponent) = self.aligned(other)?;
        let sum = Self {
            digits: left.checked_add(right)?,
            exponent,
        }
        .trimmed();
        (sum.digits.unsigned_abs() < 10_u128.pow(38)).then_some(sum)
    }

    /// The number of the opposite sign.
    pub fn negated(self) -> Self {
        Self {
            digits: -self.digits,
            exponent: self.exponent,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.digits.signum().cmp(&other.digits.signum());
        if signs != Ordering::Equal {
            return signs;
        }
        match self.aligned(*other) {
            Some((left, right, _)) => left.cmp(&right),
            // Too far apart to align: the one with the greater exponent is farther from zero.
            None => {
                let magnitude = self.exponent.cmp(&other.exponent);
                if self.digits < 0 {
                    magnitude.reverse()
                } else {
                    magnitude
                }
            }
        }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        match usize::try_from(self.exponent) {
            Ok(zeros) => write!(f, "{sign}{digits}{}", "0".repeat(zeros)),
            Err(_) => {
                let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or_default();
                let padded = format!("{digits:0>width$}", width = places + 1);
                let (whole, fraction) = padded.split_at(padded.len() - places);
                write!(f, "{sign}{whole}.{fraction}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect("a number")
    }

    #[test]
    fn sums_are_exact_where_floats_are_not() {
        assert_eq!(number("0.1").plus(number("0.2")), Some(number("0.3")));
        assert_eq!(
            number("9007199254740993")
                .plus(number("1"))
                .map(|sum| sum.to_string()),
            Some("9007199254740994".to_owned())
        );
        assert_eq!(number("10").plus(number("10").negated()), Some(number("0")));
    }

    #[test]
    fn spelling_does_not_matter() {
        for (text, shown) in [
            ("1.50", "1.5"),
            ("-0.0", "0"),
            ("+12e2", "1200"),
            (".05", "0.05"),
            ("00700", "700"),
            ("-1200e-4", "-0.12"),
        ] {
            assert_eq!(number(text).to_string(), shown);
        }
        for text in ["", "-", "1a", "1.2.3", "NaN", "1e999", "0x1"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(39)), None);
    }

    #[test]
    fn order_is_by_value_not_by_text() {
        assert!(number("9") < number("10"));
        assert!(number("-10") < number("-9"));
        assert!(number("1e100") > number("2e-100"));
        assert!(number("-1e100") < number("-2e-100"));
        assert_eq!(number("5").cmp(&number("5.000")), Ordering::Equal);
    }
}
