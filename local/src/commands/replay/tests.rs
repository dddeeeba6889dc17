use super::{
    log::{Line, lines},
    *,
};

const SIGHT: &str = r#"{"observation_of":"orders","at":"2026-11-20T10:05:43Z","policy":"p","format":1,"program":"0.1.0","function":"reshard","seen":{"at":"2026-11-20T10:05:43Z","group":null,"load":{},"alarms":{},"auto_scaling":null,"journal":{},"pauses":[],"unreadable":null,"evidence":null}}"#;
const RECORD: &str = r#"{"function":"reshard","mode":"plan","target":"orders","at":"2026-11-20T10:05:43Z","decision":{"kind":"hold"}}"#;

/// What the lines are, in letters.
fn kinds(text: &str) -> String {
    let letter = |(_, line): (String, Line)| match line {
        Line::Sight(_) => 's',
        Line::Record(_) => 'r',
        Line::LeftOut(_) => 'l',
        Line::Unreadable(_) => 'u',
        Line::Other => '.',
    };
    lines(text).into_iter().map(letter).collect()
}

#[test]
fn a_log_is_read_however_aws_hands_it_out() {
    assert_eq!(
        kinds(&format!(
            "START RequestId: 1\n{RECORD}\n{SIGHT}\n{{\"type\":\"platform.report\"}}\n"
        )),
        ".rs."
    );
    let stream = "2026-11-20T10:05:43.213000+00:00 2026/11/20/[$LATEST]0f1e";
    assert_eq!(kinds(&format!("{stream} {RECORD}\n{stream} {SIGHT}")), "rs");
    let filtered = json!({ "events": [{ "message": RECORD }, { "message": SIGHT }], "searchedLogStreams": [] });
    assert_eq!(kinds(&filtered.to_string()), "rs");
    assert_eq!(kinds(&format!("{filtered:#}")), "rs");
    let insights = json!([{ "@timestamp": "x", "@message": RECORD }, { "@timestamp": "x", "@message": SIGHT }]);
    assert_eq!(kinds(&insights.to_string()), "rs");
    assert_eq!(kinds(SIGHT), "s");
}

#[test]
fn lines_that_cannot_be_read_are_told_and_not_skipped() {
    let cut: String = SIGHT.chars().take(90).collect();
    let foreign = SIGHT.replace(r#""load":{}"#, r#""load":7"#);
    let left_out = r#"{"observation_of":"orders","at":"2026-11-20T10:05:43Z","policy":"p","function":"reshard","left_out":"too long"}"#;
    assert_eq!(
        kinds(&format!(
            "{cut}\n{foreign}\n{left_out}\n{{broken\nhello {{}}\n"
        )),
        "uul.."
    );
    let told = lines(&foreign).remove(0);
    let (place, Line::Unreadable(why)) = told else {
        unreachable!("it is not readable");
    };
    assert_eq!(place, "line 1");
    assert!(
        why.starts_with("what clusterwarden 0.1.0 saw of orders cannot be read: "),
        "{why}"
    );
}

#[test]
fn another_form_names_the_program_that_reads_it() {
    let newer = SIGHT.replace(
        r#""format":1,"program":"0.1.0""#,
        r#""format":9,"program":"3.0.0""#,
    );
    let Ok(sight) = serde_json::from_str::<Sight>(&newer) else {
        unreachable!("it is a sight");
    };
    let policy = Policy::parse(
        "p",
        "version = 1\n[[reshard]]\nreplication_group = \"orders\"\nmin_shards = 1\nmax_shards = 4\n[reshard.targets]\nengine_cpu = 60\n",
    );
    let Ok(policy) = policy else {
        unreachable!("{policy:?}");
    };
    let replayed = again(&policy, &sight, None, true);
    assert!(
        replayed
            .in_words(&sight)
            .contains("replay it with clusterwarden 3.0.0")
    );
    assert!(replayed.outcome.fails());
}
