//! CloudWatch's Embedded Metric Format, as its specification states the rules: what a line publishes, if it keeps to them.
//!
//! Written from the CloudWatch user guide ("Specification: Embedded metric format", with its JSON schema) and the API reference
//! of `MetricDatum` and `Dimension`, not from the code that writes the lines.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The most metrics of a directive.
const MOST_METRICS: usize = 100;

/// The most dimensions of a set.
const MOST_DIMENSIONS: usize = 30;

/// The most values of a metric in one document.
const MOST_VALUES: usize = 100;

/// The longest name of a namespace, a metric or a dimension.
const LONGEST_NAME: usize = 255;

/// The longest value of a dimension.
const LONGEST_VALUE: usize = 1024;

/// The largest event of CloudWatch Logs, by the older and smaller of its documented limits.
const LARGEST_LINE: usize = 256 * 1024;

/// CloudWatch takes metrics from 14 days ago to two hours ahead, in milliseconds.
const TAKEN: std::ops::Range<i64> = -14 * 86_400_000..2 * 3_600_000;

/// `MetricDatum`'s units.
const UNITS: &str = "Seconds|Microseconds|Milliseconds|Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits|\
    Terabits|Percent|Count|Bytes/Second|Kilobytes/Second|Megabytes/Second|Gigabytes/Second|Terabytes/Second|Bits/Second|\
    Kilobits/Second|Megabits/Second|Gigabits/Second|Terabits/Second|Count/Second|None";

/// One series: what CloudWatch bills.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// The namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Its dimensions with their values.
    pub dimensions: BTreeMap<String, String>,
}

impl Series {
    /// The series as a sentence of tests: `Shards target=orders`.
    pub fn short(&self) -> String {
        let dimensions = self.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| format!(" {name}={value}"));
        format!("{}{}", self.metric, dimensions.collect::<String>())
    }
}

/// What a line publishes, each series with its values. `None`: it is no document of the format. `now` is CloudWatch's time, in
/// milliseconds.
///
/// # Panics
///
/// The line is a document that breaks a rule.
pub fn read(line: &str, now: i64) -> Option<BTreeMap<Series, Vec<f64>>> {
    let root: Value = serde_json::from_str(line).ok()?;
    let root = root.as_object()?;
    let metadata = root.get("_aws")?.as_object().expect("_aws is an object");
    assert!(
        line.len() <= LARGEST_LINE && !line.contains('\n'),
        "one event"
    );
    // Parsed and written again it is as long as before (but for the last digits of numbers), or a key stands twice; which of two a
    // reader takes is anybody's guess.
    let again = serde_json::to_string(root).expect("it was read");
    let length = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_digit()).count();
    assert_eq!(length(&again), length(line), "{line}");
    let at = metadata["Timestamp"].as_i64().expect("whole milliseconds");
    assert!(TAKEN.contains(&(at - now)), "{at} is not near {now}");
    assert_eq!(metadata.len(), 2, "no further members: {line}");
    let mut published = BTreeMap::new();
    let mut named = BTreeSet::new();
    for directive in metadata["CloudWatchMetrics"]
        .as_array()
        .expect("directives")
    {
        let directive = directive.as_object().expect("a directive is an object");
        assert_eq!(directive.len(), 3, "no further members: {line}");
        let namespace = name(&directive["Namespace"]);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._#:/-".contains(&byte);
        assert!(namespace.bytes().all(fits), "{namespace}");
        let sets = directive["Dimensions"].as_array().expect("sets");
        assert!(!sets.is_empty(), "an empty set is a set: {line}");
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=MOST_METRICS).contains(&metrics.len()), "{line}");
        for set in sets {
            let dimensions = dimensions(set, root);
            for metric in metrics {
                let definition = metric.as_object().expect("a definition is an object");
                assert_eq!(definition.len(), 2, "no further members: {line}");
                let unit = metric["Unit"].as_str().expect("a unit").to_owned();
                assert!(UNITS.split('|').any(|known| known == unit), "{unit}");
                let metric = name(&metric["Name"]);
                let series = Series {
                    namespace: namespace.clone(),
                    unit,
                    dimensions: dimensions.clone(),
                    metric,
                };
                let values = values(&root[&series.metric]);
                named.insert(series.metric.clone());
                assert_eq!(
                    published.insert(series, values),
                    None,
                    "published twice: {line}"
                );
            }
        }
    }
    // Every member that is written like a metric is one that a directive names.
    for key in root.keys() {
        let is_metric = key.starts_with(|first: char| first.is_ascii_uppercase());
        assert_eq!(is_metric, named.contains(key), "{key}: {line}");
    }
    Some(published)
}

fn name(value: &Value) -> String {
    let name = value.as_str().expect("a name is a string");
    assert!((1..=LONGEST_NAME).contains(&name.len()), "{name}");
    name.to_owned()
}

fn dimensions(set: &Value, root: &Map<String, Value>) -> BTreeMap<String, String> {
    let set = set.as_array().expect("a set of dimensions");
    assert!(set.len() <= MOST_DIMENSIONS, "{set:?}");
    let dimensions: BTreeMap<String, String> = set
        .iter()
        .map(|key| {
            let key = name(key);
            let value = root.get(&key).and_then(Value::as_str);
            let value = value.unwrap_or_else(|| panic!("{key} is no string at the root"));
            let is_plain = value.is_ascii() && !value.bytes().any(|byte| byte.is_ascii_control());
            assert!(is_plain && !value.trim().is_empty(), "{key} is {value:?}");
            assert!(value.len() <= LONGEST_VALUE, "{key} is long");
            assert!(!key.starts_with(':'), "{key}");
            (key, value.to_owned())
        })
        .collect();
    assert_eq!(dimensions.len(), set.len(), "a dimension stands twice");
    dimensions
}

fn values(value: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().expect("a metric is a number");
    let values = match value {
        Value::Array(several) => several.iter().map(number).collect(),
        one => vec![number(one)],
    };
    assert!((1..=MOST_VALUES).contains(&values.len()), "{value}");
    values
}
