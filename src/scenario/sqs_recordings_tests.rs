//! Recordings of two programs that imitate SQS (moto 5 and `LocalStack` 4.3.0), replayed call by call.
//!
//! What is compared is the sequence of the answers; times within what the recorded client needed for its calls. `LocalStack`
//! looks at the ends of invisibility once a second, so that there a message comes back up to a second late. Both delete a
//! message whose receipt is outdated, of which the service says only that it might not: there the queue is told to do so
//! too, and what it does of itself is told as well.

#![allow(clippy::disallowed_methods, clippy::float_cmp, reason = "a recording is a file of a few rows")]

use super::sqs_calls::{Answer, Script};
use serde_json::Value;

/// The program that was recorded, and by how much its messages may come back late.
const RECORDED: [(&str, f64); 2] = [("moto", 0.2), ("localstack", 1.1)];

fn recording(id: &str, program: &str) -> Value {
    let path = [env!("CARGO_MANIFEST_DIR"), "tests/data/sqs", id, "data.json"].iter().collect::<std::path::PathBuf>();
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let all: Value = serde_json::from_str(&text).expect("a recording is JSON");
    all[program].clone()
}

/// Seconds.
fn time(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no time"))
}

/// The event of this name, with its time.
fn event<'r>(recording: &'r Value, name: &str) -> (f64, &'r Value) {
    let events = recording["events"].as_array().expect("a list of events");
    let event = events.iter().find(|event| event["ev"] == name).unwrap_or_else(|| panic!("no event {name}"));
    (time(&event["t"]), event)
}

fn counts(event: &Value) -> [u64; 3] {
    ["visible", "in_flight", "delayed"].map(|count| event[count].as_u64().expect("a count"))
}

/// A queue that gives out what it has, as both programs do.
fn queue(name: &str, more: &str) -> String {
    format!("[pipeline.p.{name}]\nkind = 'sqs'\nhosts = 1\nhosts_sampled = 1\nduplicate_probability = '0%'\n{more}\n")
}

/// Short polls at these distances, from one time to another.
fn polls(script: &mut Script, queue: &str, from: f64, to: f64, every: f64) -> Vec<usize> {
    let mut at = from;
    let mut calls = Vec::new();
    while at < to {
        calls.push(script.receive(at, queue, 1, 0.0));
        at += every;
    }
    calls
}

/// Those that got something: when, and the receive count.
fn received(answers: &[Answer], polls: &[usize]) -> Vec<(f64, u16)> {
    let got = polls.iter().map(|&poll| &answers[poll]).filter(|answer| !answer.got.is_empty());
    got.map(|answer| (answer.called, answer.got[0].receive)).collect()
}

#[test]
fn a_message_that_is_never_deleted_comes_back_until_it_is_a_dead_letter() {
    for (program, late) in RECORDED {
        let recorded = recording("S1_visibility_dlq", program);
        let visibility = &recorded["visibility_timeout"];
        let max = &recorded["max_receive_count"];
        let more = format!(
            "visibility_timeout = '{visibility}s'\ndead_letter = {{ queue = 'failed', max_receive_count = {max} }}"
        );
        let mut script = Script::of(&(queue("jobs", &more) + &queue("failed", "")));
        let (sent, first) = (event(&recorded, "send"), event(&recorded, "receive"));
        script.send(sent.0, "jobs", 7, 0);
        let after_send = script.count(sent.0 + 0.001, "jobs");
        let every = time(&recorded["polling_every"]);
        let calls = polls(&mut script, "jobs", first.0, 10.0, every);
        let in_flight = script.count(first.0 + 0.05, "jobs");
        let (_, buried) = event(&recorded, "in_dlq");
        let ends = [script.count(10.0, "jobs"), script.count(10.0, "failed")];
        let grave = script.receive(10.1, "failed", 1, 0.0);
        let answers = script.run();
        assert_eq!(answers[after_send].counts, counts(sent.1), "{program}");
        assert_eq!(answers[in_flight].counts, counts(first.1), "{program}");
        let events = recorded["events"].as_array().expect("a list");
        let theirs: Vec<(f64, u64)> = events
            .iter()
            .filter(|event| event["ev"] == "receive")
            .map(|event| (time(&event["t"]), event["receive_count"].as_u64().expect("a count")))
            .collect();
        let ours = received(&answers, &calls);
        assert_eq!(ours.len(), theirs.len(), "{program}: {ours:?}");
        for pair in ours.iter().zip(&theirs).collect::<Vec<_>>().windows(2) {
            let [(before, their_before), (this, theirs)] = [pair[0], pair[1]];
            assert_eq!(u64::from(this.1), theirs.1, "{program}");
            let (gap, their_gap) = (this.0 - before.0, theirs.0 - their_before.0);
            assert!(their_gap > gap - every && their_gap < gap + late, "{program}: {gap} and {their_gap}");
        }
        assert_eq!(ends.map(|end| answers[end].counts), [counts(&buried["src"]), counts(&buried["dlq"])], "{program}");
        let (_, taken) = event(&recorded, "receive_from_dlq");
        let letter = &answers[grave].got[0];
        assert_eq!((u64::from(letter.receive), letter.number), (taken["receive_count"].as_u64().expect("a count"), 7));
    }
}

#[test]
fn a_change_of_visibility_counts_from_its_own_call() {
    for (program, late) in RECORDED {
        let recorded = recording("S2_visibility_change_delete", program);
        let (first_at, first) = event(&recorded, "receive1");
        let (second_at, second) = event(&recorded, "receive2_after_change_to_1s");
        let changed = second_at - time(&second["after_change_s"]);
        for stale in ["succeeds", "ignored"] {
            let more = format!("visibility_timeout = '30s'\nstale_handle_delete = '{stale}'");
            let mut script = Script::of(&queue("jobs", &more));
            script.send(0.0, "jobs", 7, 0);
            let receive = script.receive(first_at, "jobs", 1, 0.0);
            let in_flight = script.count(first_at + 0.001, "jobs");
            script.change(changed, "jobs", receive, 0, 1);
            let calls = polls(&mut script, "jobs", changed + 0.05, second_at + 0.2, 0.05);
            let answers = script.run();
            assert_eq!(answers[in_flight].counts, counts(first), "{program}");
            let again = received(&answers, &calls);
            assert_eq!(again.len(), 1, "{program}");
            let (ours, theirs) = (again[0].0 - changed, time(&second["after_change_s"]));
            assert!(
                (0.999..1.051).contains(&ours) && theirs > ours - 0.05 && theirs < ours + late,
                "{program}: {ours}"
            );
        }
    }
}

#[test]
fn an_outdated_receipt_deletes_nothing_unless_the_queue_is_told_so() {
    for (program, _) in RECORDED {
        let recorded = recording("S2_visibility_change_delete", program);
        for stale in ["succeeds", "ignored"] {
            let more = format!("visibility_timeout = '1s'\nstale_handle_delete = '{stale}'");
            let mut script = Script::of(&queue("jobs", &more));
            script.send(0.0, "jobs", 7, 0);
            let old = script.receive(0.1, "jobs", 1, 0.0);
            let new = script.receive(1.2, "jobs", 1, 0.0);
            let before = script.count(1.3, "jobs");
            script.delete(1.4, "jobs", old, 0);
            let deleted = script.count(1.5, "jobs");
            script.change(1.6, "jobs", new, 0, 0);
            let changed = script.count(1.7, "jobs");
            let third = script.receive(1.8, "jobs", 1, 0.0);
            let end = script.count(1.9, "jobs");
            let answers = script.run();
            assert_eq!(answers[before].counts, counts(event(&recorded, "receive2_after_change_to_1s").1), "{program}");
            let ours = [deleted, changed, end].map(|call| answers[call].counts);
            if stale == "succeeds" {
                let events = ["delete_with_old_handle", "visibility_0_with_new_handle", "receive3"];
                assert_eq!(ours, events.map(|name| counts(event(&recorded, name).1)), "{program}");
                let got = event(&recorded, "receive3").1["got"].as_u64();
                assert_eq!(Some(answers[third].got.len() as u64), got, "{program}");
            } else {
                // The new receipt is still good: it makes the message visible at once.
                assert_eq!(ours, [[0, 1, 0], [1, 0, 0], [0, 1, 0]]);
                assert_eq!(answers[third].got[0].receive, 3);
            }
        }
    }
}

#[test]
fn a_message_stays_hidden_for_as_long_as_somebody_asks_for_more_time() {
    for (program, late) in RECORDED {
        let recorded = recording("S2_visibility_change_delete", program)["heartbeat"].clone();
        let own = &recorded["vt"];
        let mut script = Script::of(&queue("jobs", &format!("visibility_timeout = '{own}s'")));
        script.send(0.0, "jobs", 7, 0);
        let first = script.receive(0.0, "jobs", 1, 0.0);
        let beats: Vec<f64> = recorded["extended_at"].as_array().expect("a list").iter().map(time).collect();
        for &at in &beats {
            script.change(at, "jobs", first, 0, u16::try_from(own.as_u64().expect("seconds")).expect("small"));
        }
        let calls = polls(&mut script, "jobs", 0.05, 5.0, 0.05);
        let again = received(&script.run(), &calls);
        let theirs = time(&recorded["reappeared_at"][0]);
        let last = beats.last().expect("it beat") + 1.0;
        assert!((last..last + 0.051).contains(&again[0].0), "{program}: {again:?}");
        assert!((again[0].0 - 0.05..again[0].0 + late).contains(&theirs), "{program}: {theirs}");
    }
}

#[test]
fn a_message_may_have_a_delay_of_its_own() {
    let sender = |name: &str, more: &str| {
        let to = "to = 'jobs', latency = '0s'";
        format!("[pipeline.p.{name}]\nkind = 'service'\nsends = {{ {to}{more} }}\n")
    };
    for (program, late) in RECORDED {
        let recorded = recording("S3_delay_longpoll_counts", program);
        let nodes = queue("jobs", "delay = '1s'")
            + &sender("delay0", ", delay = '0s'")
            + &sender("default_delay", "")
            + &sender("delay2", ", delay = '2s'");
        let mut script = Script::of(&nodes);
        let theirs = recorded["received"].as_array().expect("a list");
        let (sent, event_sent) = event(&recorded, "sent 3");
        for (number, row) in (0..).zip(theirs) {
            script.send(sent, row[0].as_str().expect("a name"), number, 0);
        }
        let after = script.count(sent + 0.001, "jobs");
        let calls = polls(&mut script, "jobs", sent + 0.01, sent + 3.0, 0.05);
        let end = script.count(sent + 3.0, "jobs");
        let answers = script.run();
        assert_eq!(answers[after].counts, counts(event_sent), "{program}");
        let got: Vec<(f64, u64)> = calls
            .iter()
            .map(|&call| &answers[call])
            .filter(|answer| !answer.got.is_empty())
            .map(|answer| (answer.called, answer.got[0].number))
            .collect();
        assert_eq!(got.len(), theirs.len(), "{program}");
        for (place, (&(at, number), row)) in got.iter().zip(theirs).enumerate() {
            let their = time(&row[1]);
            assert_eq!(number, place as u64, "{program}");
            assert!(their > at - 0.1 && their < at + late, "{program}: {at} and {their}");
        }
        assert_eq!(answers[end].counts, counts(event(&recorded, "drained").1), "{program}");
    }
}

#[test]
fn a_long_poll_returns_with_the_first_message_and_a_short_one_at_once() {
    for (program, _) in RECORDED {
        let recorded = recording("S3_delay_longpoll_counts", program);
        let long = &recorded["long_poll"];
        let sent = time(&long["returned_after"]) - time(&long["after_send"]);
        let mut script = Script::of(&queue("jobs", ""));
        let waits = script.receive(0.0, "jobs", 10, time(&long["wait"]));
        script.send(sent, "jobs", 7, 0);
        let empty = script.receive(20.0, "jobs", 1, 1.0);
        let short = script.receive(30.0, "jobs", 1, 0.0);
        let answers = script.run();
        let after = |call: usize| answers[call].answered.expect("it was answered") - answers[call].called;
        assert_eq!(answers[waits].got.len() as u64, long["got"].as_u64().expect("a count"));
        let [theirs, one, none] = ["long_poll", "empty_long_poll_1s", "empty_short_poll"]
            .map(|key| recorded[key].as_f64().unwrap_or_else(|| time(&recorded[key]["returned_after"])));
        for (ours, theirs) in [(after(waits), theirs), (after(empty), one), (after(short), none)] {
            assert!((theirs - ours).abs() < 0.05, "{program}: {ours} and {theirs}");
        }
        assert!(answers[empty].got.is_empty() && answers[short].got.is_empty());
    }
}

/// The same desk for FIFO queues: groups by key, deduplication ids by number.
#[test]
fn a_fifo_queue_answers_call_by_call_as_its_documentation_says() {
    let fifo = "fifo_queue = true\nvisibility_timeout = '10s'\n\
                dead_letter = { queue = 'failed', max_receive_count = 2 }";
    let nodes =
        format!("[pipeline.p.jobs]\nkind = 'sqs'\n{fifo}\n[pipeline.p.failed]\nkind = 'sqs'\nfifo_queue = true\n");
    let mut script = Script::of(&nodes);
    for (number, group) in [(1, 5), (2, 5), (3, 6), (1, 5)] {
        script.send(0.0, "jobs", number, group);
    }
    let counted = script.count(0.1, "jobs");
    let one = script.receive(1.0, "jobs", 1, 0.0);
    // The group of what was received is locked.
    let other = script.receive(1.0, "jobs", 10, 0.0);
    let nothing = script.receive(1.0, "jobs", 10, 0.0);
    script.delete(2.0, "jobs", other, 0);
    script.change(3.0, "jobs", one, 0, 0);
    let both = script.receive(3.0, "jobs", 10, 0.0);
    // Too late: the message is visible again.
    script.delete(13.5, "jobs", both, 1);
    let late = script.count(13.6, "jobs");
    // What was received twice moves away, and the next message of its group is given out.
    let next = script.receive(14.0, "jobs", 10, 0.0);
    let grave = script.receive(14.1, "failed", 1, 0.0);
    let answers = script.run();
    let numbers = |call: usize| answers[call].got.iter().map(|got| (got.number, got.receive)).collect::<Vec<_>>();
    assert_eq!(answers[counted].counts, [3, 0, 0]);
    assert_eq!((numbers(one), numbers(other), numbers(nothing)), (vec![(1, 1)], vec![(3, 1)], vec![]));
    assert_eq!((numbers(both), answers[late].counts), (vec![(1, 2), (2, 1)], [2, 0, 0]));
    assert_eq!((numbers(next), numbers(grave)), (vec![(2, 2)], vec![(1, 3)]));
}
