//! Amazon SQS: what the requests of a queue cost.

use super::queue_limits::sender;
use super::queues::{crew, down, queue};
use crate::bench::{about, run};
use surgetank::metrics::Fate;

#[test]
fn claim_16_a_million_messages_one_by_one_cost_a_dollar_and_twenty_cents_and_in_tens_a_tenth() {
    let text =
        |crews: String| queue("duration = '2s'\ndrain = '10min'", "spike = { at = '1s', count = 1000 }", "", &crews);
    let one = run(&sender(&text(crew(1, "") + &down("0s", "2s")), ""));
    // Besides a thousand of each there is a poll before the workers went down, and one that waits at the end.
    assert_eq!(one.figure("jobs.requests"), 3000.0 + 2.0);
    about(one.figure("jobs.cost_usd") / 3002.0, 1.20 / 3e6, 1e-9);
    let tens = crew(1, "max_number_of_messages = 10\ndelete_together = true") + &down("0s", "2s");
    let ten = run(&sender(&text(tens), "batch = { entries = 10, linger = '200ms' }"));
    assert_eq!((ten.figure("jobs.requests"), ten.jobs(Fate::DoneInTime)), (300.0 + 2.0, 1000));
    about(ten.figure("jobs.cost_usd") / 302.0, 0.12 / 3e5, 1e-9);
}

#[test]
fn a_fair_queue_costs_a_surcharge_and_otherwise_hands_out_everything() {
    let with = |fair: bool| {
        let text = queue(
            "duration = '1min'\ndrain = '10min'",
            "rate = '50/s'\nkey = { distinct = 20, skew = 1.0 }",
            &format!("fair_queue = {fair}"),
            &crew(60, "work = 'job'\nmax_number_of_messages = 10\nwait_time = '0s'\npause_when_empty = '100ms'"),
        )
        .replace("[run]\n", "[run]\nallow = ['A010']\n");
        run(&text)
    };
    let (fair, plain) = (with(true), with(false));
    assert_eq!(fair.summary("done"), plain.summary("done"));
    assert_eq!(fair.figure("jobs.messages_deleted"), fair.figure("jobs.messages_sent"));
    let each = |ran: &crate::bench::Ran| ran.figure("jobs.cost_usd") / ran.figure("jobs.billed_requests") * 1e6;
    assert!(each(&fair) > 0.40 && each(&fair) <= 0.50, "{}", each(&fair));
    about(each(&plain), 0.40, 1e-9);
}

#[test]
fn the_surcharge_is_for_calls_about_messages_with_a_group() {
    // Each is sent, received and deleted alone, 2 pieces, 2 pieces and 1; then polls that find nothing.
    let with = |key: &str| {
        let text = queue(
            "duration = '2s'\ndrain = '1min'\nallow = ['A010']",
            &format!("spike = {{ at = '1s', count = 10 }}\nsize = '100KiB'\n{key}"),
            "fair_queue = true",
            &(crew(1, "work = 'job'\nwait_time = '0s'\npause_when_empty = '1s'") + &down("0s", "2s")),
        );
        run(&text)
    };
    let named = with("key = { distinct = 5 }");
    assert!(named.figure("jobs.empty_receives") > 1.0);
    assert_eq!(named.figure("jobs.surcharged_requests"), 10.0 * (2.0 + 2.0 + 1.0));
    assert_eq!(named.figure("jobs.sent_message_size_bytes"), 10.0 * 100.0 * 1024.0);
    let (billed, dear) = (named.figure("jobs.billed_requests"), named.figure("jobs.surcharged_requests"));
    about(named.figure("jobs.cost_usd"), 0.4e-6 * billed + 0.1e-6 * dear, 1e-9);
    // Without a key there is no group.
    assert_eq!(with("").figure("jobs.surcharged_requests"), 0.0);
    // A poll that waits is answered with what was sent meanwhile: of the ten in one call the first ten receives get one
    // each.
    let text = queue(
        "duration = '2s'\ndrain = '1min'",
        "spike = { at = '1s', count = 10 }\nsize = '30KiB'\nkey = { distinct = 5 }",
        "fair_queue = true",
        &crew(10, "work = 'job'"),
    );
    let ran = run(&sender(&text, "batch = { entries = 10 }"));
    // 300 KiB are 5 pieces.
    assert_eq!(ran.figure("jobs.surcharged_requests"), 5.0 + 10.0 + 10.0);
}

#[test]
fn requests_cost_less_beyond_a_hundred_thousand_million_of_them() {
    let cost = |kind: &str, before: u64| {
        let text = queue(
            "duration = '2s'\ndrain = '10s'",
            "spike = { at = '1s', count = 1000, over = '1s' }\nkey = { distinct = 1000 }",
            &format!("{kind}\nrequests_this_month = {before}"),
            &(crew(1, "") + &down("0s", "2s")),
        );
        let ran = run(&text);
        (ran.figure("jobs.billed_requests"), ran.figure("jobs.cost_usd") * 1e6)
    };
    let step = 100_000_000_000;
    for (kind, each) in [("", [0.40, 0.30, 0.24]), ("fifo_queue = true", [0.50, 0.40, 0.35])] {
        let (requests, first) = cost(kind, 0);
        about(first, requests * each[0], 1e-9);
        about(cost(kind, step - 100).1, 100.0 * each[0] + (requests - 100.0) * each[1], 1e-9);
        about(cost(kind, 2 * step - 100).1, 100.0 * each[1] + (requests - 100.0) * each[2], 1e-9);
        about(cost(kind, 5 * step).1, requests * each[2], 1e-9);
    }
}

#[test]
fn what_a_topic_delivers_costs_a_queue_nothing() {
    let text = "[run]\nduration = '2s'\ndrain = '5s'\n[traffic.jobs]\nspike = { at = '1s', count = 10 }\nsize = '100KiB'\n\
        [pipeline.p.events]\nkind = 'sns'\nfrom = 'jobs'\nsubscribers = 'jobs'\n\
        [pipeline.p.jobs]\nkind = 'sqs'\n";
    let idle = run(text);
    assert_eq!((idle.figure("jobs.messages_sent"), idle.figure("jobs.requests")), (10.0, 0.0));
    assert_eq!((idle.figure("jobs.billed_requests"), idle.figure("jobs.cost_usd")), (0.0, 0.0));
    let ran = run(&(text.to_owned() + &crew(1, "max_number_of_messages = 1") + &down("0s", "3s")));
    // Two pieces for each receive, one for each delete; a poll before the workers went down, and one at the end.
    assert_eq!(ran.figure("jobs.billed_requests"), 10.0 * (2.0 + 1.0) + 2.0);
}

/// A fault of the queue itself.
fn failing_queue(share: &str, to: &str) -> String {
    format!("[[fault]]\nnode = 'p.jobs'\nkind = 'fails'\nshare = '{share}'\nfrom = '0s'\nto = '{to}'\n")
}

#[test]
fn every_call_is_a_request_and_what_fails_or_is_refused_is_billed_as_one() {
    let sent = |traffic: &str, sends: &str, more: &str| {
        let text = queue("duration = '2s'\ndrain = '0s'", &format!("spike = {{ at = '1s', count = {traffic}"), "", "");
        let text = if sends.is_empty() { text } else { sender(&text, sends) };
        let ran = run(&(text + more));
        (ran.figure("jobs.requests"), ran.figure("jobs.billed_requests"))
    };
    let half = failing_queue("50%", "1h");
    // Sent one by one, or in tens of which some fail, the first ones too.
    assert_eq!(sent("1000 }", "batch = { entries = 1 }", &half), (1000.0, 1000.0));
    assert_eq!(sent("1000 }", "batch = { entries = 10 }", &half), (100.0, 100.0));
    assert_eq!(sent("1000 }", "", &half).0, 1000.0);
    // Ten of 10 MiB are refused: not 160 pieces each.
    assert_eq!(sent("10 }\nsize = '10MiB'", "batch = { entries = 1 }", ""), (10.0, 10.0));
}

#[test]
fn a_delete_that_fails_is_tried_again_twice_and_then_the_message_comes_back() {
    let text = queue(
        "duration = '2s'\ndrain = '30min'",
        "spike = { at = '1s', count = 4000 }",
        "visibility_timeout = '10min'\nduplicate_probability = '0%'",
        &crew(4000, "work = 'job'"),
    );
    // The messages come before the queue begins to fail.
    let fault = failing_queue("50%", "5min").replace("from = '0s'", "from = '1500ms'");
    let ran = run(&(text + &fault));
    // Half of a half of a half: 500, and five standard deviations are 105. Nobody worked on them for too long.
    let again = ran.figure("jobs.messages_received_again");
    assert!((again - 500.0).abs() < 105.0, "{again}");
    assert_eq!((ran.figure("jobs.duplicates_overrun"), ran.figure("jobs.messages_deleted")), (0.0, 4000.0));
}
