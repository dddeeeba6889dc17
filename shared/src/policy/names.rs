//! Names in a policy file: ids that ElastiCache could have given, names of alarms, and the key a typing slip meant.

use super::keys::{KEYS, Key, Takes, kind};

/// Ids of one kind: what a file and people call them. The rules for letters and hyphens are the same for all.
#[derive(Debug)]
pub(super) struct Ids {
    /// The key that takes one.
    key: &'static str,
    /// What has one.
    pub(super) noun: &'static str,
    /// How many characters the service allows.
    pub(super) longest: usize,
}

/// Ids of ElastiCache.
pub(super) const GROUP_IDS: Ids = Ids {
    key: "replication_group",
    noun: "replication group",
    longest: 40,
};

/// Ids of Neptune.
pub(super) const CLUSTER_IDS: Ids = Ids {
    key: "db_cluster",
    noun: "Neptune cluster",
    longest: 63,
};

/// CloudWatch allows an alarm name of 255 characters.
const LONGEST_ALARM_NAME: usize = 255;

/// What is wrong with a name, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) fix: String,
}

fn refusal(message: String, fix: impl Into<String>) -> Refusal {
    Refusal {
        message,
        fix: fix.into(),
    }
}

/// Why nothing of a kind can have this id, or match this glob. `None`: something can.
pub(super) fn impossible_id(ids: &Ids, id: &str) -> Option<Refusal> {
    let Ids { key, noun, longest } = ids;
    // A `*` may stand for nothing, so it adds nothing to the length of the shortest id that matches.
    let length = id.chars().filter(|&letter| letter != '*').count();
    if id.is_empty() {
        return Some(refusal(
            format!("`{key}` is empty"),
            format!("write the id of a {noun}, or a glob such as \"orders-*\""),
        ));
    }
    if id.starts_with("arn:") {
        return Some(refusal(
            format!("`{key}` is an ARN"),
            "write the id alone, the part after the last colon",
        ));
    }
    if let Some(letter) = id
        .chars()
        .find(|&letter| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '*' | '?'))
    {
        return Some(refusal(
            format!("no {noun} can be called \"{id}\": it holds {letter:?}"),
            "use letters, digits and hyphens only (and * or ? in a glob)",
        ));
    }
    if id.chars().any(|letter| letter.is_ascii_uppercase()) {
        return Some(refusal(
            format!("no {noun} can be called \"{id}\": ids are lower case"),
            format!("write \"{}\"", id.to_ascii_lowercase()),
        ));
    }
    if length > *longest {
        return Some(refusal(
            format!("no {noun} has an id of {length} characters"),
            format!("use at most {longest} characters"),
        ));
    }
    if id.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return Some(refusal(
            format!("no {noun} can be called \"{id}\": ids start with a letter"),
            "start with a letter",
        ));
    }
    if id.contains("--") || id.ends_with('-') {
        return Some(refusal(
            format!("no {noun} can be called \"{id}\": hyphens stand alone inside an id"),
            "do not end with a hyphen, nor write two in a row",
        ));
    }
    None
}

/// Why no alarm can have this name. `None`: one can.
pub(super) fn impossible_alarm(name: &str) -> Option<Refusal> {
    if name.trim().is_empty() {
        return Some(refusal(
            "the name of an alarm is empty".into(),
            "write the alarm's name, or leave it out",
        ));
    }
    if let Some((_, name)) = name
        .starts_with("arn:")
        .then(|| name.split_once(":alarm:"))
        .flatten()
    {
        return Some(refusal(
            "an alarm is given by ARN".into(),
            format!("write its name: \"{name}\""),
        ));
    }
    let length = name.chars().count();
    if length > LONGEST_ALARM_NAME {
        return Some(refusal(
            format!("no alarm has a name of {length} characters"),
            format!("use at most {LONGEST_ALARM_NAME} characters"),
        ));
    }
    None
}

/// What the author of an unknown key most likely meant, in the table of the given path.
pub(super) fn meant(table: &str, written: &str) -> String {
    let siblings = || KEYS.iter().filter(|key| key.table() == table);
    let near = siblings()
        .map(|key| (distance(key.leaf(), written), key.leaf()))
        .min()
        .filter(|&(distance, leaf)| distance <= leaf.len().max(3) / 3);
    if let Some((_, leaf)) = near {
        return format!("did you mean `{leaf}`?");
    }
    let elsewhere = KEYS.iter().filter(|key| key.leaf() == written);
    // Three kinds of entries share most of their keys: the place in the same kind is meant.
    if let Some(place) = elsewhere.min_by_key(|key| key.kind() != kind(table)) {
        let target = siblings().find(|key| key.takes == Takes::Id);
        return match (place.table(), target) {
            (_, Some(target)) if place.takes == Takes::Id => {
                format!("did you mean `{}`?", target.leaf())
            }
            ("", _) => format!("`{written}` belongs to the top of the file"),
            ("reshard", _) => format!("`{written}` belongs to `[[reshard]]` or `[defaults]`"),
            (table, _) if takes_tables(table) => format!("`{written}` belongs to `[[{table}]]`"),
            (table, _) => format!("did you mean `{written}` in `[{table}]`?"),
        };
    }
    let known: Vec<String> = siblings()
        .map(Key::leaf)
        .map(|leaf| format!("`{leaf}`"))
        .collect();
    format!("remove it; known here: {}", known.join(", "))
}

/// Whether a table is written with double brackets.
fn takes_tables(path: &str) -> bool {
    let mut keys = KEYS.iter();
    keys.any(|key| key.path == path && key.takes == Takes::Tables)
}

/// The time zone that the author most likely meant: the nearest name, or the nearest city.
pub(super) fn meant_zone(written: &str) -> String {
    let wanted = written.to_ascii_lowercase().replace(' ', "_");
    let near = chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| {
            let name = zone.name();
            let city = name.rsplit('/').next().unwrap_or(name);
            let far = |name: &str| distance(&name.to_ascii_lowercase(), &wanted);
            // A whole name is the better guess than a city of the same distance.
            (far(name).min(far(city)), far(name), name)
        })
        .min()
        .filter(|(distance, _, _)| *distance <= wanted.len() / 3);
    match near {
        Some((_, _, name)) => format!("did you mean \"{name}\"?"),
        None => "write an IANA time zone, such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
    }
}

/// How many letters must be put in, taken out or changed to make one word the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((to, keep), above) in right.chars().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or_default();
            let changed = keep + usize::from(from != to);
            next.push(changed.min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_elasticache_gives_are_accepted() {
        for id in [
            "orders",
            "a",
            "sessions-*",
            "o?ders-2",
            "*",
            "*-prod",
            &"a".repeat(40),
        ] {
            assert_eq!(impossible_id(&GROUP_IDS, id), None, "{id}");
        }
    }

    #[test]
    fn ids_that_elasticache_never_gives_are_refused() {
        for id in [
            "",
            "Orders",
            "orders_eu",
            "orders-",
            "or--ders",
            "1orders",
            "-orders",
            "órders",
            "arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:orders",
            &"a".repeat(41),
        ] {
            assert!(impossible_id(&GROUP_IDS, id).is_some(), "{id}");
        }
    }

    #[test]
    fn an_id_of_neptune_may_be_longer_than_one_of_elasticache() {
        let [longest, too_long] = [63, 64].map(|length| "a".repeat(length));
        assert_eq!(impossible_id(&CLUSTER_IDS, &longest), None);
        assert!(impossible_id(&GROUP_IDS, &longest).is_some());
        let refusal = impossible_id(&CLUSTER_IDS, &too_long).unwrap();
        assert_eq!(
            refusal.message,
            "no Neptune cluster has an id of 64 characters"
        );
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn a_time_zone_is_meant_by_its_name_or_by_its_city() {
        for (written, name) in [
            ("Europe/Berlni", "Europe/Berlin"),
            ("Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("New York", "America/New_York"),
            ("utc", "UTC"),
        ] {
            assert_eq!(meant_zone(written), format!("did you mean \"{name}\"?"));
        }
        assert!(meant_zone("the office").starts_with("write an IANA time zone"));
        assert!(meant_zone("").starts_with("write an IANA time zone"));
    }

    #[test]
    fn a_key_of_another_table_is_pointed_to_its_place() {
        assert_eq!(
            meant("reshard", "engine_cpu"),
            "did you mean `engine_cpu` in `[reshard.targets]`?"
        );
        assert_eq!(meant("reshard", "max_shard"), "did you mean `max_shards`?");
    }

    #[test]
    fn a_key_of_another_kind_of_entries_is_pointed_to_its_place() {
        for (table, written, fix) in [
            (
                "failover_shard",
                "stop",
                "did you mean `stop` in `[failover_shard.alarms]`?",
            ),
            (
                "failover_db_cluster",
                "every_days",
                "did you mean `every_days` in `[failover_db_cluster.drill]`?",
            ),
            (
                "failover_db_cluster",
                "replication_group",
                "did you mean `db_cluster`?",
            ),
            (
                "promote_replica",
                "db_cluster",
                "did you mean `replication_group`?",
            ),
            (
                "failover_shard",
                "max_lag_milliseconds",
                "did you mean `max_lag_seconds`?",
            ),
            (
                "failover_db_cluster",
                "on_replacement",
                "`on_replacement` belongs to `[[failover_shard]]`",
            ),
            (
                "failover_shard",
                "max_shards",
                "`max_shards` belongs to `[[reshard]]` or `[defaults]`",
            ),
            (
                "failover_shard.drill",
                "freeze",
                "`freeze` belongs to `[[reshard.windows]]`",
            ),
        ] {
            assert_eq!(meant(table, written), fix);
        }
    }
}
