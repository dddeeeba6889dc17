//! What a rehearsal costs at the most. Pure.

use chrono::TimeDelta;

/// Where [`PRICES`] are from.
pub const SOURCE: &str = "AWS Price List (AmazonElastiCache, on-demand nodes in us-east-1), as read on 2026-10-02 and published by a third \
     party; not read from AWS by this program";

/// Node type, then the price of a node-hour with Valkey and with Redis OSS, in ten-thousandths of a dollar.
const PRICES: &[(&str, u64, u64)] = &[
    ("cache.t3.micro", 136, 170),
    ("cache.t3.small", 272, 340),
    ("cache.t3.medium", 544, 680),
    ("cache.t4g.micro", 128, 160),
    ("cache.t4g.small", 256, 320),
    ("cache.t4g.medium", 520, 650),
    ("cache.m6g.large", 1192, 1490),
    ("cache.m7g.large", 1264, 1580),
    ("cache.r6g.large", 1648, 2060),
    ("cache.r7g.large", 1752, 2190),
];

/// The price of a node-hour in ten-thousandths of a dollar. `None`: not in the table.
pub fn node_hour(node_type: &str, engine: &str) -> Option<u64> {
    let (_, valkey, redis) = PRICES.iter().find(|(name, _, _)| *name == node_type)?;
    match engine {
        "valkey" => Some(*valkey),
        "redis" => Some(*redis),
        _ => None,
    }
}

/// The cost of so many nodes for so long, in sentences. A begun hour is billed as a whole one.
pub fn estimate(node_type: &str, engine: &str, nodes: u32, longest: TimeDelta) -> String {
    let hours = u64::try_from((longest.num_minutes() + 59) / 60).unwrap_or(0);
    let Some(price) = node_hour(node_type, engine) else {
        return format!(
            "{nodes} nodes for {hours} h at the most; the price of {node_type} with {engine} is not known here. See \
             https://aws.amazon.com/elasticache/pricing/"
        );
    };
    let cents = (price * u64::from(nodes) * hours).div_ceil(100);
    format!(
        "{nodes} nodes × {hours} h × ${} = ${} at the most, on demand, without tax, begun hours as whole ones.\n  Prices: \
         {SOURCE}. Other Regions cost more or less.",
        dollars(price, 4),
        dollars(cents, 2)
    )
}

fn dollars(amount: u64, digits: u32) -> String {
    let unit = 10_u64.pow(digits);
    let width = usize::try_from(digits).unwrap_or(0);
    format!("{}.{:0width$}", amount / unit, amount % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_counts_begun_hours_and_names_its_source() {
        let told = estimate("cache.t4g.small", "valkey", 6, TimeDelta::minutes(150));
        assert!(
            told.starts_with("6 nodes × 3 h × $0.0256 = $0.47 at the most"),
            "{told}"
        );
        assert!(told.contains("2026-10-02"), "{told}");
        let whole = estimate("cache.t4g.small", "redis", 6, TimeDelta::minutes(120));
        assert!(
            whole.starts_with("6 nodes × 2 h × $0.0320 = $0.39"),
            "{whole}"
        );
    }

    #[test]
    fn a_price_that_is_not_in_the_table_is_not_made_up() {
        for (node_type, engine) in [
            ("cache.x9.large", "valkey"),
            ("cache.t4g.small", "memcached"),
        ] {
            let told = estimate(node_type, engine, 6, TimeDelta::minutes(90));
            assert!(
                told.contains("not known here") && !told.contains('$'),
                "{told}"
            );
        }
    }
}
