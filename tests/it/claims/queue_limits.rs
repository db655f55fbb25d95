//! Amazon SQS, standard queues: what is delivered twice, where the limits are, what an operator does, who is served first.

use super::queues::{FAILED, ONE, at, crew, down, failing, queue};
use crate::bench::{about, run, run_seeded};
use surgetank::metrics::Fate;

/// A service through which everything goes to the queue, in place of traffic that goes there directly.
pub fn sender(text: &str, sends: &str) -> String {
    text.replacen("kind = 'sqs'\nfrom = 'jobs'", "kind = 'sqs'", 1)
        + &format!(
            "[pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100000\n\
             sends = {{ to = 'jobs', latency = '0s', retries = {{ attempts = 1 }}, {sends} }}\n"
        )
}

#[test]
fn claim_11_a_message_with_a_delay_of_its_own_does_not_wait_for_that_of_the_queue() {
    let text = queue("duration = '2s'\ndrain = '2min'\nsample_every = '1s'", ONE, "delay = '45s'", "");
    let none = run(&sender(&text, "delay = '0s'"));
    assert_eq!((at(&none, "jobs.visible", 1.0), none.figure("jobs.delayed_max")), (1.0, 0.0));
    let longer = run(&sender(&text, "delay = '90s'"));
    assert_eq!((at(&longer, "jobs.delayed", 90.0), at(&longer, "jobs.visible", 91.0)), (1.0, 1.0));
    let own = run(&sender(&text, "batch = { entries = 1 }"));
    assert_eq!((at(&own, "jobs.visible", 45.0), at(&own, "jobs.visible", 46.0)), (0.0, 1.0));
}

#[test]
fn claim_11_the_senders_of_a_flow_may_delay_its_messages() {
    let text = |queue_delay: &str, from: &str| {
        let text = queue("duration = '2s'\ndrain = '2min'\nsample_every = '1s'", ONE, queue_delay, "");
        text.replacen("from = 'jobs'", &format!("from = {from}"), 1)
    };
    let none = run(&text("delay = '45s'", "{ flow = 'jobs', delay = '0s' }"));
    assert_eq!((at(&none, "jobs.visible", 1.0), none.figure("jobs.delayed_max")), (1.0, 0.0));
    let own = run(&text("", "[{ flow = 'jobs', delay = '45s' }]"));
    assert_eq!((at(&own, "jobs.delayed", 45.0), at(&own, "jobs.visible", 46.0)), (1.0, 1.0));
    // Of two flows each has its own, or that of the queue; the one that came later is seen first.
    let two = text("delay = '30s'", "[{ flow = 'jobs', delay = '90s' }, 'later']")
        .replace("[work.job]", "[traffic.later]\nspike = { at = '2s', count = 1 }\n[work.job]")
        .replace("duration = '2s'", "duration = '3s'");
    let two = run(&two);
    let visible = [31.0, 32.0, 90.0, 91.0].map(|second| at(&two, "jobs.visible", second));
    assert_eq!(visible, [0.0, 1.0, 1.0, 2.0]);
}

#[test]
fn a_queue_says_how_long_receives_wait_that_do_not_say_so_themselves() {
    let empty = |wait: &str, own: &str| {
        let allow = "duration = '2s'\ndrain = '59s'\nallow = ['A010']";
        let text = queue(allow, ONE, wait, &crew(1, &format!("pause_when_empty = '1s'\n{own}")));
        run(&text).figure("jobs.empty_receives")
    };
    // A job keeps the run going for a minute: nobody takes it.
    let hidden = |wait: &str, own: &str| empty(&format!("delay = '10min'\n{wait}"), own);
    // Who waits 20 s and then pauses for one asks at 0, 21 and 42 s; a short poll asks every second.
    assert_eq!(hidden("", ""), 2.0);
    assert_eq!(hidden("receive_message_wait_time = '5s'", ""), 10.0);
    assert!(hidden("receive_message_wait_time = '0s'", "") >= 60.0);
    assert_eq!(hidden("receive_message_wait_time = '0s'", "wait_time = '20s'"), 2.0);
}

#[test]
fn claim_18_beyond_120_000_in_flight_a_short_poll_fails_and_a_long_poll_finds_nothing() {
    let with = |wait: &str| {
        let text = queue(
            "duration = '2s'\ndrain = '8s'\nallow = ['A010']",
            "spike = { at = '1s', count = 120010 }",
            "visibility_timeout = '12h'\nhosts = 1\nhosts_sampled = 1\nduplicate_probability = '0%'",
            &(crew(12_001, &format!("work = 'job'\nspeed = 0.001\nmax_number_of_messages = 10\n{wait}"))
                + &down("0s", "3s")),
        );
        run(&text)
    };
    let short = with("wait_time = '0s'\npause_when_empty = '1s'");
    assert_eq!((short.figure("jobs.in_flight_max"), short.figure("jobs.messages_received")), (120_000.0, 120_000.0));
    assert!(short.figure("jobs.over_limit") >= 1.0);
    assert_eq!(short.figure("jobs.over_limit"), short.figure("crew.failed_polls"));
    let long = with("");
    assert_eq!((long.figure("jobs.over_limit"), long.figure("crew.failed_polls")), (0.0, 0.0));
    assert_eq!((long.figure("jobs.in_flight_max"), long.figure("jobs.messages_received")), (120_000.0, 120_000.0));
}

#[test]
fn claim_18_a_queue_with_a_limit_of_its_own_does_the_same() {
    let with = |wait: &str| {
        let text = queue(
            "duration = '2s'\ndrain = '10min'\nallow = ['A010']",
            "spike = { at = '1s', count = 20 }",
            "in_flight_limit = 2\nhosts = 1\nhosts_sampled = 1",
            &crew(5, &format!("work = 'job'\n{wait}")),
        );
        run(&text)
    };
    let short = with("wait_time = '0s'\npause_when_empty = '1s'");
    assert!(short.figure("jobs.over_limit") > 10.0);
    assert_eq!(short.figure("jobs.over_limit"), short.figure("crew.failed_polls"));
    let long = with("");
    assert_eq!((long.figure("jobs.over_limit"), long.figure("crew.failed_polls")), (0.0, 0.0));
    // Two at a time.
    assert_eq!((long.summary("latency_max"), long.figure("jobs.in_flight_max")), (10.0, 2.0));
}

#[test]
fn a_batch_that_is_not_full_goes_out_when_its_first_message_has_waited_long_enough() {
    let text = queue(
        "duration = '10s'\ndrain = '1min'\nsample_every = '100ms'",
        "spike = { at = '1s', count = 3 }",
        "",
        &crew(3, ""),
    );
    let ran = run(&sender(&text, "batch = { linger = '500ms' }"));
    assert_eq!((ran.summary("latency_max"), ran.figure("jobs.messages_sent")), (0.5, 3.0));
    // Three receives wait from the beginning on; one call sends, three delete, and three ask again.
    assert_eq!(ran.figure("jobs.requests"), 3.0 + 1.0 + 3.0 + 3.0);
}

#[test]
fn a_batch_holds_no_more_than_a_mebibyte() {
    let text = queue("duration = '10s'\ndrain = '1min'", "spike = { at = '1s', count = 10 }\nsize = '400KiB'", "", "");
    let ran = run(&sender(&text, "batch = { entries = 10 }"));
    // Two in each call: 800 KiB are 13 pieces of 64.
    assert_eq!((ran.figure("jobs.requests"), ran.figure("jobs.billed_requests")), (5.0, 65.0));
}

#[test]
fn a_redrive_sends_dead_letters_back_as_new_messages_at_its_rate() {
    // 100 messages fail; what made them fail is mended after an hour, and they are sent back at 2 a second.
    let text = queue(
        "duration = '3h'\ndrain = '1h'\nsample_every = '1s'\nallow = ['A032']",
        "spike = { at = '1s', count = 100 }",
        "message_retention_period = '2h'\ndead_letter = { queue = 'failed', max_receive_count = 1 }\n\
         visibility_timeout = '10s'",
        &(crew(1, "work = 'job'\nspeed = 1000") + FAILED + &failing("0s", "1h")),
    ) + "[[fault]]\nnode = 'p.failed'\nkind = 'redrive'\nat = '1h'\nrate = '2/s'\n";
    let ran = run(&text);
    assert_eq!((at(&ran, "failed.visible", 3599.0), at(&ran, "failed.visible", 3600.0)), (100.0, 99.0));
    assert_eq!((at(&ran, "failed.visible", 3610.0), at(&ran, "failed.visible", 3650.0)), (79.0, 0.0));
    assert_eq!((ran.figure("failed.messages_redriven"), ran.jobs(Fate::DoneInTime)), (100.0, 100));
    // They are new: received once each, and the two hours of their retention begin anew.
    assert_eq!((ran.figure("jobs.messages_received_again"), ran.figure("jobs.messages_sent")), (0.0, 200.0));
    assert_eq!(ran.lost("jobs", "older than the retention"), 0);
    // Besides the call that asks for it, each is received there and deleted, and sent to its queue.
    assert_eq!(ran.figure("failed.requests"), 1.0 + 2.0 * 100.0);
}

#[test]
fn only_one_redrive_runs_at_a_time_and_without_dead_letters_there_is_nothing_to_do() {
    let redrive = |at: &str| format!("[[fault]]\nnode = 'p.failed'\nkind = 'redrive'\nat = '{at}'\nrate = '1/s'\n");
    let text = queue(
        "duration = '3min'\ndrain = '1h'\nallow = ['A032']",
        "spike = { at = '1s', count = 10 }",
        "dead_letter = { queue = 'failed', max_receive_count = 1 }\nvisibility_timeout = '10s'",
        &(crew(1, "") + FAILED + &failing("0s", "1min") + &redrive("1min") + &redrive("65s")),
    );
    let ran = run(&text);
    assert_eq!((ran.figure("failed.messages_redriven"), ran.figure("failed.refused_tasks")), (10.0, 1.0));
    assert_eq!(ran.jobs(Fate::DoneInTime), 10);
    let nowhere = text.replace("'p.failed'\nkind = 'redrive'", "'p.jobs'\nkind = 'redrive'");
    assert_eq!(run(&nowhere).figure("jobs.refused_tasks"), 2.0);
}

#[test]
fn a_purge_deletes_everything_within_a_minute_and_the_next_one_has_to_wait() {
    let purge = |at: &str| format!("[[fault]]\nnode = 'p.jobs'\nkind = 'purge'\nat = '{at}'\n");
    // Some are in flight, for as long as the purge takes and longer.
    let text = queue(
        "duration = '10min'\ndrain = '1h'\nsample_every = '1s'",
        "spike = { at = '1s', count = 1000 }",
        "visibility_timeout = '5min'",
        &(crew(10, "work = 'job'\nspeed = 0.001") + &purge("2min") + &purge("150s")),
    );
    let ran = run(&text);
    let left: Vec<f64> = [119.0, 150.0, 180.0].iter().map(|&second| at(&ran, "jobs.visible", second)).collect();
    assert_eq!((left[0], left[2], at(&ran, "jobs.in_flight", 180.0)), (990.0, 0.0, 0.0));
    assert!(left[1] > 0.0 && left[1] < 990.0, "{left:?}");
    assert_eq!((ran.figure("jobs.messages_purged"), ran.figure("jobs.refused_tasks")), (1000.0, 1.0));
    assert_eq!(ran.lost("jobs", "purged"), 990);
}

#[test]
fn claim_21_a_message_that_failed_three_times_goes_behind_the_others() {
    // Everything fails until 35 s; one message came before the others.
    let text = queue(
        "duration = '40s'\ndrain = '10min'\nsample_every = '1s'",
        "spike = { at = '1s', count = 1 }\nrate = '0/s'",
        "visibility_timeout = '10s'\nhosts = 1\nhosts_sampled = 1",
        &(crew(1, "work = 'job'\nspeed = 0.2") + &failing("0s", "35s") + &down("31s", "36s")),
    )
    .replace("[work.job]", "[traffic.later]\nspike = { at = '30s', count = 5 }\n[work.job]")
    .replace("from = 'jobs'", "from = ['jobs', 'later']");
    let received = |text: &str| run(text).summary("latency_max");
    // Three times in vain, at 1, 11 and 21 s: visible again at 31 s, behind the five that came at 30 s.
    assert_eq!(received(&text), 36.0 + 6.0 * 5.0 - 1.0);
    // Twice in vain: it is the first of them when the worker is back.
    let twice = text.replace("at = '1s'", "at = '11s'");
    assert_eq!(received(&twice), 36.0 + 6.0 * 5.0 - 30.0);
}

#[test]
fn what_the_service_itself_delivers_twice_is_counted_by_its_cause() {
    for seed in 1..4 {
        let text = queue(
            "duration = '2s'\ndrain = '2h'",
            "spike = { at = '1s', count = 2000 }",
            "visibility_timeout = '10min'\nduplicate_probability = '10%'",
            &crew(50, "work = 'job'"),
        );
        let ran = run_seeded(&text, seed);
        let [kept, both] =
            ["jobs.duplicates_missed_delete", "jobs.duplicates_missed_receive"].map(|name| ran.figure(name));
        // Half of 2000 / 0.9 x 0.1 each: 111, and five standard deviations are 53.
        for count in [kept, both] {
            assert!((count - 111.0).abs() < 53.0, "seed {seed}: {kept} and {both}");
        }
        assert_eq!(ran.figure("jobs.messages_received_again"), kept + both, "seed {seed}");
        assert_eq!(ran.figure("jobs.messages_received"), 2000.0 + kept + both, "seed {seed}");
        let twice = ran.jobs(Fate::DoneTwice);
        assert!(twice > 100 && ran.jobs(Fate::DoneInTime) + twice == 2000, "seed {seed}: {twice}");
    }
}

#[test]
fn what_was_sent_twice_for_want_of_an_answer_is_counted_apart() {
    let with = |attempts: u32, work: &str| {
        let text = format!(
            "[run]\nduration = '2s'\ndrain = '1min'\n[traffic.jobs]\nspike = {{ at = '1s', count = 10 }}\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\n\
             sends = {{ to = 'jobs', latency = '2s', timeout = '1500ms',\
             \x20retries = {{ attempts = {attempts}, backoff = 'none' }} }}\n[pipeline.p.jobs]\nkind = 'sqs'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 20\nwork = 'job'\n[work.job]\ntime = '{work}'\n"
        );
        let ran = run(&text);
        assert_eq!(ran.figure("jobs.messages_received_again"), 0.0);
        (ran.figure("jobs.messages_sent"), ran.figure("jobs.duplicates_sent_again"))
    };
    // All attempts of each were taken in, and nobody heard of it. All but the first are duplicates: of two attempts ten,
    // and not twenty, as it was when every message counted whose answer was lost.
    assert_eq!((with(1, "1s"), with(2, "1s"), with(3, "1s")), ((10.0, 0.0), (20.0, 10.0), (30.0, 20.0)));
    // So they are if the work is over before the sender gives up.
    assert_eq!((with(3, "300ms"), with(3, "600ms")), ((30.0, 20.0), (30.0, 20.0)));
}

#[test]
fn an_outdated_receipt_may_delete_now_and_then() {
    let text = queue(
        "duration = '2s'\ndrain = '1h'",
        "spike = { at = '1s', count = 1000 }",
        "visibility_timeout = '500ms'\nstale_handle_delete = '30%'\n\
         dead_letter = { queue = 'failed', max_receive_count = 3 }",
        &(crew(4000, "work = 'job'") + FAILED),
    );
    let ran = run(&text);
    let (deleted, stale) = (ran.figure("jobs.messages_deleted"), ran.figure("jobs.stale_deletes"));
    // Every delete comes when the message has been handed out again, or has moved away.
    let share = deleted / 1000.0;
    assert!(stale > 1000.0 && share > 0.25 && share < 0.6, "{deleted} of {stale}");
}

#[test]
fn a_long_poll_that_finds_nothing_is_counted_and_billed_like_a_short_one() {
    let text = queue("duration = '61s'\ndrain = '0s'", ONE, "", &crew(1, ""));
    let ran = run(&text);
    // The first poll gets the message of 1 s; then each waits for 20 s, and the third is under way at the end.
    assert_eq!((ran.figure("jobs.empty_receives"), ran.figure("jobs.requests")), (2.0, 1.0 + 1.0 + 1.0 + 3.0));
}

#[test]
fn claim_22_a_quiet_tenant_does_not_wait_for_a_noisy_one_in_a_fair_queue() {
    let with = |fair: bool, loud: u32| {
        let text = format!(
            "[run]\nduration = '20s'\ndrain = '1h'\nsample_every = '1s'\nseed = 3\n\
             [traffic.loud]\nspike = {{ at = '1s', count = {loud} }}\nkey = {{ constant = 'loud' }}\n\
             [traffic.quiet]\nspike = {{ at = '10s', count = 10, over = '5s' }}\nkey = {{ constant = 'quiet' }}\n\
             [work.job]\ntime = '1s'\n\
             [pipeline.p.jobs]\nkind = 'sqs'\nfrom = ['loud', 'quiet']\nfair_queue = {fair}\nvisibility_timeout = '1min'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 100\nwork = 'job'\n\
             receive_latency = '0s'\ndelete_latency = '0s'\n"
        );
        run(&text)
    };
    let together = |ran: &crate::bench::Ran| ran.summary("latency_mean");
    // 10,000 messages keep 100 workers busy for 100 s; those of the quiet tenant come while they do.
    let (fair, alone, none) = (with(true, 10_000), with(true, 1), with(false, 10_000));
    assert!((together(&alone) - 1.0).abs() < 1e-9);
    // The work is the same: what the quiet ones gain the loud ones lose, a second or so among ten thousand.
    about(together(&fair), together(&none), 0.01);
    about(fair.summary("latency_max"), 100.0, 0.02);
    about(none.summary("latency_max"), 100.0, 0.02);
    // At 10 to 15 s the quiet ones come; in a fair queue all are done by 17 s, and nobody but the loud waits.
    let waits = |fair: bool| {
        let text = format!(
            "[run]\nduration = '20s'\ndrain = '1h'\n[objective]\nwithin = '3s'\n\
             [traffic.loud]\nspike = {{ at = '1s', count = 10000 }}\nkey = {{ constant = 'loud' }}\n\
             [traffic.quiet]\nspike = {{ at = '10s', count = 10, over = '5s' }}\nkey = {{ constant = 'quiet' }}\n\
             [work.job]\ntime = '1s'\n\
             [pipeline.p.jobs]\nkind = 'sqs'\nfrom = ['loud', 'quiet']\nfair_queue = {fair}\nvisibility_timeout = '1min'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 100\nwork = 'job'\n\
             receive_latency = '0s'\ndelete_latency = '0s'\n"
        );
        run(&text).jobs(Fate::DoneInTime)
    };
    // Within three seconds: the first three hundred of the loud tenant, and all of the quiet one if it is fair.
    assert_eq!((waits(true), waits(false)), (310, 300));
}

#[test]
fn which_poll_gets_the_next_message_is_a_choice() {
    let text = |which: &str| {
        queue(
            "duration = '2s'\ndrain = '1min'",
            ONE,
            &format!("waiting_polls = '{which}'"),
            &(crew(1, "") + &crew(1, "").replace("p.crew", "p.others")),
        )
    };
    let first = |which: &str| -> f64 {
        crate::bench::over_seeds(&text(which), 0..200, |ran| ran.figure("crew.handled")).iter().sum()
    };
    assert_eq!(first("longest"), 200.0);
    // Binomial(200, 1/2): five standard deviations are 35.
    let any = first("any");
    assert!((any - 100.0).abs() < 36.0, "{any}");
}
