//! Amazon SNS: filter policies, held against a recording of two emulators that agree with each other and with the guide.
//!
//! The recording has nine policies and seven messages, and says which message came to which queue. What it says of the
//! JSON around a message is not held here: a simulated message has a size and no text.

use super::topics::{LONG, ONE, topic};
use crate::bench::{Ran, ran_all, run};
use crate::fixture::text_of;
use crate::study::{Expected, Study, expected};
use serde_json::Value;
use surgetank::metrics::Fate;

/// A value of the recording as TOML.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let entries: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// How many of one message, with these attributes and this body, come to each queue of a topic.
fn delivered(contents: &str, subscribers: &[(String, String)]) -> Vec<f64> {
    let list: Vec<String> = subscribers.iter().map(|(name, policy)| format!("{{ to = '{name}'{policy} }}")).collect();
    let queues: Vec<String> =
        subscribers.iter().map(|(name, _)| format!("[pipeline.p.{name}]\nkind = 'sqs'\n")).collect();
    let queues = queues.concat();
    let ran = run(&topic(LONG, &format!("{ONE}\n{contents}"), &format!("[{}]", list.join(", ")), &queues));
    subscribers.iter().map(|(name, _)| ran.figure(&format!("{name}.messages_sent"))).collect()
}

#[test]
fn a_policy_can_name_networks_and_let_one_of_several_policies_match() {
    let queue = |name: &str, policy: &str| (name.to_owned(), format!(", filter_policy = {policy}"));
    let got = |attributes: &str| {
        let subscribers = [
            queue("near", "{ from = [{ cidr = '10.0.0.0/24' }] }"),
            queue("either", "{ '$or' = [{ kind = ['video'] }, { size = [{ numeric = ['>', 100] }] }] }"),
            queue("both", "{ from = ['10.0.0.7'], '$or' = [{ kind = ['video'] }, { size = [1] }] }"),
        ];
        delivered(&format!("attributes = {attributes}"), &subscribers)
    };
    assert_eq!(got("{ from = '10.0.0.7', kind = 'video', size = 1 }"), [1.0, 1.0, 1.0]);
    assert_eq!(got("{ from = '10.0.1.7', kind = 'audio', size = 200 }"), [0.0, 1.0, 0.0]);
    assert_eq!(got("{ from = '10.0.0.7', kind = 'audio', size = 2 }"), [1.0, 0.0, 0.0]);
}

#[test]
fn every_message_of_the_recording_comes_to_the_same_queues() {
    let recording: Value = serde_json::from_str(&text_of("tests/data/sns/fan-out-filter.json")).expect("a recording");
    let mut pairs = 0;
    for emulator in ["moto", "localstack"] {
        let recorded = &recording[emulator];
        let policies = recorded["policies"].as_object().expect("policies");
        let written = |policy: &Value| match policy {
            Value::Null => String::new(),
            policy => format!(", filter_policy = {}", toml(policy)),
        };
        let subscribers: Vec<(String, String)> =
            policies.iter().map(|(name, policy)| (name.clone(), written(policy))).collect();
        for message in recorded["messages"].as_array().expect("messages") {
            let got = delivered(&format!("attributes = {}", toml(message)), &subscribers);
            for ((name, _), got) in subscribers.iter().zip(got) {
                let ids = recorded["delivered"][name].as_array().expect("a list of messages");
                let expected = f64::from(u8::from(ids.contains(&message["id"])));
                assert_eq!(got, expected, "{emulator}: {} at {name}", message["id"]);
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 2 * 63);
}

#[test]
fn a_policy_on_the_body_looks_into_nested_tables() {
    let recording: Value = serde_json::from_str(&text_of("tests/data/sns/fan-out-filter.json")).expect("a recording");
    let policy = toml(&recording["moto"]["body_scope"]["policy"]);
    let scope = "filter_policy_scope = 'MessageBody'";
    let subscribers = [("jobs".to_owned(), format!(", {scope}, filter_policy = {policy}"))];
    let got = |contents: &str| delivered(contents, &subscribers)[0];
    assert_eq!(got("body = { job = { kind = 'encode' } }"), 1.0);
    assert_eq!(got("body = { job = { kind = 'index' } }"), 0.0);
    assert_eq!(got("body = { job = 'encode' }"), 0.0);
    assert_eq!(got("body = { kind = 'encode' }"), 0.0);
    assert_eq!(got("attributes = { job = 'encode' }"), 0.0);
    assert_eq!(got(""), 0.0);
}

#[test]
fn each_operator_lets_through_what_the_guide_says() {
    let matches = |attributes: &str, policy: &str| {
        let subscribers = [("jobs".to_owned(), format!(", filter_policy = {{ {policy} }}"))];
        delivered(&format!("attributes = {{ {attributes} }}"), &subscribers)[0] > 0.0
    };
    for (attributes, policy, expected) in [
        ("type = 'video'", "type = ['audio', 'video']", true),
        ("type = 'Video'", "type = ['video']", false),
        ("type = 'Video'", "type = [{ equals-ignore-case = 'video' }]", true),
        ("type = 'a.mp4'", "type = [{ suffix = '.mp4' }]", true),
        ("type = 'a.mp4'", "type = [{ wildcard = 'a*4' }]", true),
        ("type = 'b.mp4'", "type = [{ wildcard = 'a*4' }]", false),
        ("type = 'order-7'", "type = [{ anything-but = { prefix = 'order-' } }]", false),
        ("type = 'bill-7'", "type = [{ anything-but = { prefix = 'order-' } }]", true),
        ("size = 150", "size = [{ numeric = ['>', 0, '<=', 150] }]", true),
        ("size = 151", "size = [{ numeric = ['>', 0, '<=', 150] }]", false),
        ("size = 7", "size = [{ numeric = ['=', 7] }]", true),
        ("size = 7", "size = [7, 8]", true),
        ("size = '7'", "size = [7]", false),
        ("size = 7", "size = [{ anything-but = [7, 8] }]", false),
        ("size = 9", "size = [{ anything-but = [7, 8] }]", true),
        ("urgent = true", "urgent = [true]", true),
        ("urgent = false", "urgent = [true]", false),
        ("tags = ['a', 'b']", "tags = ['b']", true),
        ("tags = ['a', 'b']", "tags = ['c']", false),
        ("type = 'video'", "type = ['video'], lang = [{ exists = false }]", true),
        ("type = 'video', lang = 'en'", "type = ['video'], lang = [{ exists = false }]", false),
    ] {
        assert_eq!(matches(attributes, policy), expected, "{attributes} against {policy}");
    }
}

#[test]
fn attributes_by_shares_give_each_policy_its_share_of_the_messages() {
    let text = topic(
        "duration = '1000s'\ndrain = '0s'",
        "rate = '10/s'\narrivals = 'regular'\nattributes = { type = { video = '60%', audio = '30%' }, size = { 1 = '50%', 500 = '50%' } }",
        "[{ to = 'video', filter_policy = { type = ['video'] } }, { to = 'rest', filter_policy = { type = [{ exists = false }] } }, \
         { to = 'big', filter_policy = { type = ['video'], size = [{ numeric = ['>', 100] }] } }]",
        "[pipeline.p.video]\nkind = 'sqs'\n[pipeline.p.rest]\nkind = 'sqs'\n[pipeline.p.big]\nkind = 'sqs'\n",
    );
    let look = |ran: &Ran| {
        ["video", "rest", "big"].map(|name| ran.figure(&format!("{name}.messages_sent")) / ran.sent() as f64).to_vec()
    };
    let figures = [expected("video", 0.6), expected("without a type", 0.1), expected("video and big", 0.3)];
    Study::of(&text, 1..21, look).holds(&figures.map(|figure| Expected { precision: 0.03, ..figure }));
}

#[test]
fn what_a_message_says_is_the_same_in_every_design() {
    let design = |name: &str| {
        format!(
            "[pipeline.{name}.topic-of-{name}]\nkind = 'sns'\nfrom = 'news'\n\
             subscribers = {{ to = 'video', filter_policy = {{ type = ['video'] }} }}\n\
             [pipeline.{name}.video]\nkind = 'sqs'\n"
        )
    };
    let traffic =
        "[run]\nduration = '100s'\n[traffic.news]\nrate = '10/s'\nattributes = { type = { video = '50%' } }\n";
    let ran = ran_all(&format!("{traffic}{}{}", design("one"), design("other")));
    let got: Vec<f64> = ran.iter().map(|ran| ran.figure("video.messages_sent")).collect();
    assert!(got[0] == got[1] && got[0] > 300.0, "{got:?}");
}

#[test]
fn only_a_policy_on_the_body_is_billed_by_what_it_looks_through() {
    let scanned = |scope: &str| {
        let subscriber =
            format!("{{ to = 'jobs', filter_policy = {{ kind = ['x'] }}, filter_policy_scope = '{scope}' }}");
        run(&topic(LONG, &format!("{ONE}\nsize = '1000B'"), &subscriber, "[pipeline.p.jobs]\nkind = 'sqs'\n"))
    };
    let body = scanned("MessageBody");
    assert_eq!((body.figure("events.body_filter_bytes"), body.jobs(Fate::DoneInTime)), (1000.0, 1));
    assert_eq!(body.figure("events.notifications_filtered_out"), 1.0);
    assert_eq!(scanned("MessageAttributes").figure("events.notifications_filtered_out"), 1.0);
}
