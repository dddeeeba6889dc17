//! The dashboard: valid JSON in every deployment, a grid without overlaps, and no metric that nobody publishes.

use std::collections::{BTreeMap, BTreeSet};

use clusterwarden::metrics::{Dimension, METRICS};
use serde_json::Value;

use crate::{alarms::alarms, functions, template};

/// The stack's name in these tests.
const STACK: &str = "prod-eu";

/// Columns of a dashboard's grid.
const COLUMNS: i64 = 24;

/// AWS's metrics that the dashboard may name, with their dimensions.
const OF_AWS: [(&str, &str, &[&str]); 4] = [
    // CloudWatch user guide, "Metrics that support resource tags": per shard.
    (
        "AWS/ElastiCache",
        "EngineCPUUtilization",
        &["NodeGroupId", "ReplicationGroupId"],
    ),
    (
        "AWS/ElastiCache",
        "DatabaseMemoryUsageCountedForEvictPercentage",
        &["NodeGroupId", "ReplicationGroupId"],
    ),
    // Lambda developer guide, "Types of metrics for Lambda functions".
    ("AWS/Lambda", "Errors", &["FunctionName"]),
    ("AWS/Lambda", "Duration", &["FunctionName"]),
];

/// A deployment: which conditions hold.
type Deployment<'a> = &'a dyn Fn(&str) -> bool;

/// What CloudFormation makes of a value: text, with references as `<Name>` and attributes as `<Name.Arn>`.
fn resolved(value: &Value, holds: Deployment<'_>) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(parts) = value["Fn::If"].as_array() {
        let condition = parts[0].as_str().unwrap();
        let chosen = if holds(condition) {
            &parts[1]
        } else {
            &parts[2]
        };
        return resolved(chosen, holds);
    }
    let (text, variables) = match &value["Fn::Sub"] {
        Value::String(text) => (text.as_str(), BTreeMap::new()),
        Value::Array(parts) => {
            let variables = parts[1].as_object().unwrap().iter();
            let variables = variables.map(|(name, value)| (name.as_str(), resolved(value, holds)));
            (parts[0].as_str().unwrap(), variables.collect())
        }
        other => panic!("not text: {other}"),
    };
    substituted(text, &variables)
}

fn substituted(text: &str, variables: &BTreeMap<&str, String>) -> String {
    let mut pieces = text.split("${");
    let mut whole = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}').expect("a closing brace");
        if let Some(literal) = name.strip_prefix('!') {
            whole.push_str(&format!("${{{literal}}}"));
        } else {
            match (name, variables.get(name)) {
                (_, Some(value)) => whole.push_str(value),
                ("AWS::StackName", None) => whole.push_str(STACK),
                ("AWS::Region", None) => whole.push_str("eu-central-1"),
                (other, None) => whole.push_str(&format!("<{other}>")),
            }
        }
        whole.push_str(rest);
    }
    whole
}

/// The widgets of the dashboard in a deployment.
fn widgets(template: &Value, holds: Deployment<'_>) -> Vec<Value> {
    let dashboard = &template["Resources"]["OperatorDashboard"];
    assert_eq!(dashboard["Condition"], "WithDashboard");
    let body = resolved(&dashboard["Properties"]["DashboardBody"], holds);
    let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    body["widgets"].as_array().unwrap().clone()
}

/// Everything deployed, and as little as can be.
fn deployments() -> [Deployment<'static>; 2] {
    [&|_| true, &|_| false]
}

#[test]
fn nothing_on_the_dashboard_overlaps_or_leaves_the_grid() {
    let template = template();
    for holds in deployments() {
        let mut taken = BTreeSet::new();
        for widget in widgets(&template, holds) {
            let [x, y, width, height] =
                ["x", "y", "width", "height"].map(|key| widget[key].as_i64().unwrap());
            assert!(x >= 0 && y >= 0 && width >= 6 && height >= 3, "{widget}");
            assert!(x + width <= COLUMNS, "{widget}");
            for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{cell:?} is taken: {widget}");
            }
        }
        // No holes either: every row is full.
        let rows = taken.iter().map(|(_, y)| y).max().unwrap() + 1;
        assert_eq!(i64::try_from(taken.len()).unwrap(), rows * COLUMNS);
    }
}

#[test]
fn the_first_widget_says_where_to_look_and_how_to_stop_it() {
    let template = template();
    let first = &widgets(&template, &|_| true)[0];
    assert_eq!(first["type"], "text");
    let text = first["properties"]["markdown"].as_str().unwrap();
    for words in [
        "clusterwarden pause",
        "--everything",
        "--journal-table <Journal>",
        "resume",
        "put-function-concurrency --function-name prod-eu-reshard",
        "docs/operations.md",
    ] {
        assert!(text.contains(words), "{words} is not in: {text}");
    }
}

#[test]
fn every_graph_has_a_sentence_a_region_and_a_unit() {
    let template = template();
    for widget in widgets(&template, &|_| true) {
        let properties = &widget["properties"];
        if widget["type"] == "text" {
            continue;
        }
        let title = properties["title"].as_str().unwrap();
        assert!(title.split(' ').count() >= 3, "{title} is no sentence");
        if widget["type"] == "metric" {
            assert_eq!(properties["region"], "eu-central-1", "{title}");
            let unit = properties["yAxis"]["left"]["label"].as_str();
            assert!(unit.is_some_and(|unit| !unit.is_empty()), "{title}");
        }
    }
}

#[test]
fn the_alarm_widget_shows_exactly_the_alarms_that_are_deployed() {
    let template = template();
    for holds in deployments() {
        let shown: BTreeSet<String> = widgets(&template, holds)
            .iter()
            .filter(|widget| widget["type"] == "alarm")
            .flat_map(|widget| widget["properties"]["alarms"].as_array().unwrap().clone())
            .map(|arn| arn.as_str().unwrap().to_owned())
            .collect();
        let alarms = alarms(&template);
        let deployed = alarms
            .iter()
            .filter(|(_, alarm)| alarm["Condition"].as_str().is_none_or(holds));
        let deployed: BTreeSet<String> = deployed.map(|(id, _)| format!("<{id}.Arn>")).collect();
        assert_eq!(shown, deployed);
    }
}

/// A metric as a widget names it: namespace, name, dimensions.
type Named = (String, String, BTreeSet<String>);

/// Every metric of a widget, by itself or in a search.
fn metrics_of(widget: &Value) -> Vec<Named> {
    let metrics = widget["properties"]["metrics"].as_array();
    let metrics = metrics.into_iter().flatten();
    metrics
        .map(|one| {
            let parts = one.as_array().unwrap();
            match parts[0]["expression"].as_str() {
                Some(expression) => searched(expression),
                None => {
                    let mut texts = parts.iter().filter_map(Value::as_str).map(str::to_owned);
                    let (namespace, name) = (texts.next().unwrap(), texts.next().unwrap());
                    (namespace, name, texts.step_by(2).collect())
                }
            }
        })
        .collect()
}

/// What a search finds: `SEARCH('{namespace,dimension,…} MetricName="name"', 'statistic', period)`.
fn searched(expression: &str) -> Named {
    let inner = expression.strip_prefix("SEARCH('{").unwrap();
    let (schema, rest) = inner.split_once("} MetricName=\"").unwrap();
    let (name, rest) = rest.split_once("\"', '").unwrap();
    let (statistic, period) = rest.split_once("', ").unwrap();
    assert!(
        ["Maximum", "Minimum", "Sum", "Average"].contains(&statistic),
        "{expression}"
    );
    let period: u32 = period.strip_suffix(')').unwrap().parse().unwrap();
    assert_eq!(period % 60, 0, "{expression}");
    let mut schema = schema.split(',').map(|part| part.trim_matches('"'));
    let namespace = schema.next().unwrap().to_owned();
    (
        namespace,
        name.to_owned(),
        schema.map(str::to_owned).collect(),
    )
}

#[test]
fn every_metric_on_the_dashboard_is_published_under_exactly_these_dimensions() {
    let template = template();
    let names = |set: &[Dimension]| set.iter().map(|one| one.name().to_owned()).collect();
    let mut known: BTreeSet<Named> = METRICS
        .iter()
        .flat_map(|metric| metric.sets.iter().map(|set| (metric.name, names(set))))
        .map(|(name, set)| (format!("clusterwarden/{STACK}"), name.to_owned(), set))
        .collect();
    known.extend(OF_AWS.map(|(namespace, name, set)| {
        let set = set.iter().map(|name| (*name).to_owned()).collect();
        (namespace.to_owned(), name.to_owned(), set)
    }));
    for holds in deployments() {
        let widgets = widgets(&template, holds);
        let named: BTreeSet<Named> = widgets.iter().flat_map(metrics_of).collect();
        assert!(named.len() > 15, "few metrics: {named:?}");
        for metric in named {
            assert!(known.contains(&metric), "nobody publishes {metric:?}");
        }
    }
}

#[test]
fn every_metric_but_those_that_only_feed_an_alarm_is_on_the_dashboard() {
    let template = template();
    let widgets = widgets(&template, &|_| true);
    let shown: BTreeSet<String> = widgets
        .iter()
        .flat_map(metrics_of)
        .map(|(_, name, _)| name)
        .collect();
    for metric in METRICS {
        let feeds_an_alarm = metric.sets.iter().all(|set| set.is_empty());
        assert!(
            feeds_an_alarm || shown.contains(metric.name),
            "{} is not shown",
            metric.name
        );
    }
}

#[test]
fn every_function_is_on_the_graphs_of_errors_and_durations() {
    let template = template();
    let body = widgets(&template, &|_| false);
    for metric in ["Errors", "Duration"] {
        let of_functions: BTreeSet<String> = body
            .iter()
            .flat_map(|widget| widget["properties"]["metrics"].as_array().cloned())
            .flatten()
            .filter(|one| one[1] == metric)
            .map(|one| one[3].as_str().unwrap().to_owned())
            .collect();
        let functions = functions(&template);
        let wanted: BTreeSet<String> = functions
            .iter()
            .map(|function| format!("{STACK}-{}", function.folder))
            .collect();
        assert_eq!(of_functions, wanted, "{metric}");
    }
}
