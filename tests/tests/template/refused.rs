//! Ours has no fault, and each way of breaking it is found: a check that finds nothing in a broken template proves nothing.

use serde_json::{Value, json};

use crate::{faults::faults, functions, template};

#[test]
fn ours_has_no_fault() {
    assert_eq!(faults(&template()), Vec::<String>::new());
}

/// Takes out what a JSON pointer names.
fn remove(template: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = template.pointer_mut(parent);
    let gone = match parent.unwrap_or_else(|| panic!("no {pointer}")) {
        Value::Object(entries) => entries.remove(name).is_some(),
        Value::Array(items) => {
            items.remove(name.parse::<usize>().expect("a place"));
            true
        }
        other => panic!("{pointer} is in {other}"),
    };
    assert!(gone, "no {pointer}");
}

fn set(template: &mut Value, pointer: &str, value: Value) {
    let place = template.pointer_mut(pointer);
    *place.unwrap_or_else(|| panic!("no {pointer}")) = value;
}

/// Where in a role's only policy the statement of this name is.
fn statement(template: &Value, role: &str, sid: &str) -> String {
    let list = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
    let all = template
        .pointer(&list)
        .and_then(Value::as_array)
        .expect("statements");
    let of = |one: &Value| one["Sid"] == sid || one["Fn::If"][1]["Sid"] == sid;
    let place = all.iter().position(of).expect("the statement");
    format!("{list}/{place}")
}

#[track_caller]
fn assert_refused(what: &str, broken: &Value, fault: &str) {
    let found = faults(broken);
    assert!(
        found.iter().any(|one| one.contains(fault)),
        "{what}: {fault:?} is not in {found:?}"
    );
}

#[test]
fn a_template_whose_alarm_cannot_invoke_its_function_is_refused() {
    for function in functions(&template()) {
        let id = function.id.as_str();
        let permission = format!(
            "/Resources/{}AlarmPermission",
            id.strip_suffix("Function").unwrap()
        );
        let property = |name: &str| format!("{permission}/Properties/{name}");
        let alarm = |region: &str, account: &str, name: &str| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:cloudwatch:{region}:{account}:alarm:{name}") });
        let (region, account) = ("${AWS::Region}", "${AWS::AccountId}");
        let mut cases: Vec<(&str, Value, &str)> = Vec::new();
        let mut case = |what, change: &dyn Fn(&mut Value), fault| {
            let mut broken = template();
            change(&mut broken);
            cases.push((what, broken, fault));
        };
        case(
            "no permission",
            &|it| remove(it, &permission),
            "no alarm may invoke it",
        );
        case(
            "another principal",
            &|it| {
                set(
                    it,
                    &property("Principal"),
                    json!("cloudwatch.amazonaws.com"),
                )
            },
            "no alarm may invoke it",
        );
        case(
            "another action",
            &|it| set(it, &property("Action"), json!("lambda:GetFunction")),
            "no alarm may invoke it",
        );
        case(
            "another function",
            &|it| set(it, &property("FunctionName"), json!("somebody-elses")),
            "no alarm may invoke it",
        );
        case(
            "another condition",
            &|it| it.pointer_mut(&permission).unwrap()["Condition"] = json!("HasOperatorTopic"),
            "no alarm may invoke it",
        );
        case(
            "any account",
            &|it| remove(it, &property("SourceAccount")),
            "alarms of any account",
        );
        case(
            "any source",
            &|it| remove(it, &property("SourceArn")),
            "may invoke",
        );
        case(
            "any Region",
            &|it| {
                set(
                    it,
                    &property("SourceArn"),
                    alarm("*", account, "${AlarmNamePattern}"),
                )
            },
            "in eu-west-1",
        );
        case(
            "any name",
            &|it| set(it, &property("SourceArn"), alarm(region, account, "*")),
            "carts-engine-cpu-high",
        );
        case(
            "a name of its own",
            &|it| {
                set(
                    it,
                    &property("SourceArn"),
                    alarm(region, account, "clusterwarden-*"),
                )
            },
            "the alarms of AlarmNamePattern may not invoke",
        );
        for (what, broken, fault) in cases {
            assert_refused(&format!("{id}: {what}"), &broken, fault);
        }
    }
}

#[test]
fn a_template_whose_topic_policy_misses_a_statement_is_refused() {
    for (topic, statements) in [
        ("NotificationTopic", 2),
        ("DatabaseEventsTopic", 2),
        ("OperatorTopic", 1),
    ] {
        let policy = format!("/Resources/{topic}Policy");
        let list = format!("{policy}/Properties/PolicyDocument/Statement");
        let mut broken = template();
        remove(&mut broken, &policy);
        assert_refused(topic, &broken, "has no policy");
        for place in 0..statements {
            let mut broken = template();
            remove(&mut broken, &format!("{list}/{place}"));
            assert_refused(topic, &broken, &format!("{topic} does not admit"));
            let mut broken = template();
            remove(&mut broken, &format!("{list}/{place}/Condition"));
            assert_refused(topic, &broken, "of other accounts");
            let mut broken = template();
            set(
                &mut broken,
                &format!("{list}/{place}/Action"),
                json!("sns:Subscribe"),
            );
            assert_refused(topic, &broken, &format!("{topic} does not admit"));
        }
        // The account in the condition is what keeps others out, whatever else there is.
        for place in 0..statements {
            let mut broken = template();
            let equals = format!("{list}/{place}/Condition/StringEquals");
            let keys = broken.pointer_mut(&equals).and_then(Value::as_object_mut);
            for account in keys.expect("keys").values_mut() {
                *account = json!("999999999999");
            }
            assert_refused(topic, &broken, &format!("{topic} does not admit"));
        }
    }
    let mut broken = template();
    broken["Resources"]["Another"] = json!({ "Type": "AWS::SNS::Topic" });
    assert_refused(
        "a new topic",
        &broken,
        "nobody has said who publishes to it",
    );
}

#[test]
fn a_template_whose_function_lacks_a_dead_letter_path_is_refused() {
    let mut broken = template();
    remove(
        &mut broken,
        "/Globals/Function/EventInvokeConfig/DestinationConfig/OnFailure",
    );
    for function in functions(&broken) {
        let fault = format!("{}: what failed in it goes nowhere", function.id);
        assert_refused("no destination", &broken, &fault);
    }
    let mut broken = template();
    remove(&mut broken, "/Resources/FailedEvents");
    remove(&mut broken, "/Resources/FailedEventsPolicy");
    remove(&mut broken, "/Resources/FailedEventsAlarm");
    remove(&mut broken, "/Resources/OperatorDashboard");
    set(
        &mut broken,
        "/Globals/Function/EventInvokeConfig/DestinationConfig/OnFailure/Destination",
        json!("arn:aws:sqs:us-east-1:123456789012:gone"),
    );
    // What else names the queue would not deploy without it.
    let text = broken.to_string().replace(
        r#"{"Fn::GetAtt":"FailedEvents.Arn"}"#,
        r#""arn:aws:sqs:::gone""#,
    );
    let text = text.replace(r#"{"Ref":"FailedEvents"}"#, r#""gone""#);
    assert_refused(
        "no queue",
        &serde_json::from_str(&text).unwrap(),
        "goes nowhere",
    );

    for function in functions(&template()) {
        let (id, name) = (&function.id, function.id.strip_suffix("Function").unwrap());
        let role = format!("{name}Role");
        for (sid, fault) in [
            ("KeepFailedEvents", "may not sqs:SendMessage"),
            ("UseKey", "may not kms:GenerateDataKey"),
        ] {
            let mut broken = template();
            let place = statement(&broken, &role, sid);
            remove(&mut broken, &place);
            assert_refused(&role, &broken, &format!("{id}'s role {fault}"));
        }
        let events = function.properties["Events"].as_object().unwrap();
        for (event, source) in events {
            let properties = format!("/Resources/{id}/Properties/Events/{event}/Properties");
            let path = match source["Type"].as_str().unwrap() {
                "ScheduleV2" => "DeadLetterConfig",
                "SNS" => "RedrivePolicy",
                other => panic!("{other} is new here"),
            };
            let mut broken = template();
            remove(&mut broken, &format!("{properties}/{path}"));
            assert_refused(event, &broken, &format!("{id}.{event}: a"));
        }
        let mut broken = template();
        broken["Resources"][id]["Properties"]["Events"]["Rule"] =
            json!({ "Type": "EventBridgeRule" });
        assert_refused(id, &broken, "nobody has said what becomes of");
    }
}

#[test]
fn a_template_whose_queue_or_schedules_role_is_wrong_is_refused() {
    let list = "/Resources/FailedEventsPolicy/Properties/PolicyDocument/Statement/0";
    let topics = format!("{list}/Condition/ArnEquals/aws:SourceArn");
    for (pointer, fault) in [
        ("/Resources/FailedEventsPolicy", "does not admit SNS"),
        (
            &format!("{topics}/0"),
            "does not admit SNS for arn:aws:sns:us-east-1:123456789012:clusterwarden-Notif",
        ),
        (
            &format!("{topics}/1"),
            "does not admit SNS for arn:aws:sns:us-east-1:123456789012:clusterwarden-Datab",
        ),
        (
            &format!("{list}/Condition"),
            "admits topics of other accounts",
        ),
    ] {
        let mut broken = template();
        remove(&mut broken, pointer);
        assert_refused(pointer, &broken, fault);
    }
    for (sid, fault) in [
        ("Wake", "its role may not invoke"),
        ("KeepMissedWakes", "may not sqs:SendMessage"),
        ("UseKey", "may not kms:Decrypt"),
    ] {
        let mut broken = template();
        let place = statement(&broken, "ScheduleRole", sid);
        remove(&mut broken, &place);
        assert_refused(sid, &broken, fault);
    }
    for pointer in ["Condition", "Principal"] {
        let mut broken = template();
        let trust = "/Resources/ScheduleRole/Properties/AssumeRolePolicyDocument/Statement/0";
        remove(&mut broken, &format!("{trust}/{pointer}"));
        assert_refused(pointer, &broken, "not for this account's schedules alone");
    }
    let wake = statement(&template(), "ScheduleRole", "Wake");
    for place in 0..4 {
        let mut broken = template();
        remove(&mut broken, &format!("{wake}/Resource/{place}"));
        assert_refused(
            "a function that no schedule may wake",
            &broken,
            "its role may not invoke",
        );
    }
}
