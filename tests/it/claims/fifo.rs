//! Amazon SQS, FIFO queues.

use crate::bench::{about, run};
use surgetank::metrics::Fate;

/// A FIFO queue with workers whose calls take no time; `flows` are the tables of the traffic without `[traffic.NAME]`.
fn fifo(drain: &str, flows: &[(&str, &str)], queue: &str, crew: &str) -> String {
    let tables: Vec<String> = flows.iter().map(|(name, flow)| format!("[traffic.{name}]\n{flow}\n")).collect();
    let names: Vec<&str> = flows.iter().map(|&(name, _)| name).collect();
    format!(
        "[run]\nduration = '100s'\ndrain = '{drain}'\nsample_every = '1s'\n{}[work.job]\ntime = '1s'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\nfrom = {names:?}\n{queue}\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\nreceive_latency = '0s'\ndelete_latency = '0s'\n{crew}\n",
        tables.concat()
    )
}

fn one(key: &str, at: &str) -> String {
    format!("spike = {{ at = '{at}', count = 1 }}\nkey = {{ constant = '{key}' }}")
}

#[test]
fn claim_25_ten_groups_are_worked_on_at_once() {
    let names: Vec<String> = (0..10).map(|group| format!("g{group}")).collect();
    let flows: Vec<String> = names.iter().map(|name| one(name, "1s")).collect();
    let flows: Vec<(&str, &str)> = names.iter().zip(&flows).map(|(name, flow)| (&name[..], &flow[..])).collect();
    let ran = run(&fifo("1min", &flows, "", "count = 10\nwork = 'job'"));
    assert_eq!((ran.figure("crew.busy_max"), ran.summary("latency_max")), (10.0, 1.0));
}

#[test]
fn messages_of_one_group_follow_each_other_whichever_flow_brings_them() {
    let (a, b) = (one("same", "1s"), one("same", "1s"));
    let ran = run(&fifo("1min", &[("a", &a), ("b", &b)], "", "count = 10\nwork = 'job'"));
    assert_eq!((ran.figure("crew.busy_max"), ran.summary("latency_max")), (1.0, 2.0));
}

#[test]
fn claim_26_what_fails_holds_up_its_group_until_it_is_dead_lettered_and_no_other() {
    // Everything fails until 85 s; the other group's message comes after that, while the first still blocks its own.
    let (bad, next, other) = (one("g", "1s"), one("g", "2s"), one("h", "86s"));
    let text = fifo(
        "1min",
        &[("bad", &bad), ("next", &next), ("other", &other)],
        "visibility_timeout = '30s'\ndead_letter = { queue = 'failed', max_receive_count = 3 }",
        "count = 3",
    ) + "[pipeline.p.failed]\nkind = 'sqs'\nfifo_queue = true\n\
         [[fault]]\nnode = 'p.crew'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '85s'\n";
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_dead_lettered"), ran.jobs(Fate::DoneInTime)), (1.0, 2));
    // `next` came at 2 s and is delivered at 91 s, `other` at once.
    assert_eq!((ran.summary("latency_max"), ran.summary("latency_mean")), (89.0, 44.5));
}

#[test]
fn claim_28_a_message_that_was_deleted_is_not_delivered_again_when_it_is_sent_again() {
    let text = "[run]\nduration = '2s'\ndrain = '10min'\n[traffic.jobs]\nspike = { at = '1s', count = 1 }\n\
        [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nsends = { to = 'jobs', latency = '2s', timeout = '1500ms',\
        \x20retries = { attempts = 2, backoff = 'fixed', base = '60s', jitter = 'none' } }\n\
        [pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\n\
        [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nreceive_latency = '0s'\ndelete_latency = '0s'\n";
    let ran = run(text);
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("jobs.messages_deduplicated")), (2.0, 1.0));
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("jobs.messages_deleted")), (1.0, 1.0));
}

#[test]
fn claim_27_five_minutes_after_the_first_send_the_same_id_is_a_new_message() {
    let with = |attempts: u32, pause: &str| {
        let text = format!(
            "[run]\nduration = '2s'\ndrain = '20min'\n[traffic.jobs]\nspike = {{ at = '1s', count = 1 }}\n\
             [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nsends = {{ to = 'jobs', latency = '2s', timeout = '1s', \
             retries = {{ attempts = {attempts}, backoff = 'fixed', base = '{pause}', jitter = 'none' }} }}\n\
             [pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 1\nreceive_latency = '0s'\n\
             delete_latency = '0s'\n"
        );
        let ran = run(&text);
        (ran.figure("jobs.messages_deduplicated"), ran.figure("jobs.messages_received"))
    };
    // The second send comes a second and the pause after the first.
    assert_eq!((with(2, "298999ms"), with(2, "299s")), ((1.0, 1.0), (0.0, 2.0)));
    // One that is not delivered does not begin the five minutes anew: sent at 0, 200 and 400 s.
    assert_eq!(with(3, "199s"), (1.0, 2.0));
}

#[test]
fn claim_31_of_a_thousand_single_sends_in_a_second_three_hundred_succeed() {
    let text = "[run]\nduration = '1s'\ndrain = '0s'\n[traffic.jobs]\nrate = '1000/s'\narrivals = 'regular'\n\
        key = { distinct = 1000 }\n[pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\nfrom = 'jobs'\n";
    let ran = run(text);
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("jobs.throttled")), (300.0, ran.sent() as f64 - 300.0));
    assert_eq!(ran.lost("jobs", "throttled"), ran.sent() - 300);
}

#[test]
fn claim_32_one_group_does_not_scale() {
    let throughput = |count: u32| {
        let text = format!(
            "[run]\nduration = '200s'\nwarmup = '100s'\ndrain = '0s'\n\
             [traffic.jobs]\nspike = {{ at = '0s', count = 3000, over = '20s' }}\nkey = {{ constant = 'g' }}\n\
             [work.job]\ntime = '100ms'\n[pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\nfrom = 'jobs'\n\
             [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = {count}\nwork = 'job'\n\
             receive_latency = '20ms'\ndelete_latency = '20ms'\n"
        );
        run(&text).figure("crew.handled") / 200.0
    };
    about(throughput(1), 1.0 / 0.140, 0.01);
    about(throughput(100), 1.0 / 0.120, 0.01);
}

/// A service through which everything goes to the queue.
fn through_a_service(text: &str, sends: &str) -> String {
    let from = text.lines().find(|line| line.starts_with("from = ")).expect("a line");
    text.replacen(&format!("{from}\n"), "", 1)
        + &format!(
            "[pipeline.p.web]\nkind = 'service'\n{from}\nslots = 100000\n\
             sends = {{ to = 'jobs', latency = '0s', {sends} }}\n"
        )
}

#[test]
fn claim_24_a_receive_takes_as_much_of_one_group_as_it_can_and_locks_it() {
    // Six of one group and six of another; the first receive gets six and four, and nobody gets the rest before it is done.
    let (a, b) = (one("a", "1s").replace("count = 1", "count = 6"), one("b", "2s").replace("count = 1", "count = 6"));
    let crew = "count = 2\nwork = 'job'\nmax_number_of_messages = 10\ndelete_together = true";
    let text = fifo("5min", &[("a", &a), ("b", &b)], "visibility_timeout = '1min'", crew)
        + "[[fault]]\nnode = 'p.crew'\nkind = 'down'\nfrom = '0s'\nto = '10s'\n";
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("crew.busy_max")), (12.0, 1.0));
    assert_eq!((ran.summary("latency_max"), ran.jobs(Fate::DoneInTime)), (20.0, 12));
    // Two calls receive, two delete; twelve send, and three polls waited or wait for nothing.
    assert_eq!(ran.figure("jobs.in_flight_max"), 10.0);
}

#[test]
fn claim_33_a_delete_that_comes_after_the_visibility_timeout_is_refused() {
    let text = fifo("5min", &[("a", &one("a", "1s"))], "visibility_timeout = '700ms'", "count = 1\nwork = 'job'")
        .replace("[run]\n", "[run]\nmax_events = 100000\n");
    let ran = run(&text);
    // The message is visible again when the worker is done with it; a standard queue would let it go.
    assert!(ran.figure("jobs.refused_deletes") > 100.0);
    assert_eq!((ran.figure("jobs.messages_deleted"), ran.jobs(Fate::DoneTwice)), (0.0, 1));
    let standard = run(&text.replace("fifo_queue = true", "fifo_queue = false"));
    assert_eq!((standard.figure("jobs.messages_deleted"), standard.figure("jobs.messages_received")), (1.0, 1.0));
}

#[test]
fn claim_29_equal_bodies_are_delivered_once_whatever_else_they_carry() {
    let (small, large) = (one("a", "1s") + "\nsize = '1KiB'", one("a", "2s") + "\nsize = '9KiB'");
    let flows = [("small", &small[..]), ("large", &large[..])];
    let by_content = "content_based_deduplication = true\nmessage_body = 'key'";
    let text = fifo("1min", &flows, by_content, "count = 1");
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_received"), ran.figure("jobs.messages_deduplicated")), (1.0, 1.0));
    // An id that the sender gives counts more than the body.
    let explicit = fifo("1min", &flows, "content_based_deduplication = true\ndeduplication_id = 'job'", "count = 1");
    assert_eq!(run(&explicit).figure("jobs.messages_received"), 2.0);
    let different = fifo("1min", &flows, "content_based_deduplication = true", "count = 1");
    assert_eq!(run(&different).figure("jobs.messages_received"), 2.0);
}

#[test]
fn claim_29_the_same_body_in_another_group_is_the_same_unless_the_scope_is_the_group() {
    let flows = [("a", &one("a", "1s")[..]), ("b", &one("b", "2s")[..]), ("again", &one("a", "3s")[..])];
    let received = |scope: &str| {
        let same = "content_based_deduplication = true\nmessage_body = 'same'";
        let ran = run(&fifo("1min", &flows, &format!("{same}\ndeduplication_scope = '{scope}'"), "count = 1"));
        ran.figure("jobs.messages_received")
    };
    assert_eq!((received("queue"), received("message_group")), (1.0, 2.0));
}

#[test]
fn claim_29_a_job_taken_for_another_is_lost_though_its_send_succeeds() {
    let flows = [("a", &one("g", "1s")[..]), ("b", &one("g", "2s")[..])];
    let straight = fifo("1min", &flows, "content_based_deduplication = true\nmessage_body = 'same'", "count = 1");
    let sent =
        straight.replace("from = [\"a\", \"b\"]", "") + "[pipeline.p.web]\nkind = 'service'\nfrom = ['a', 'b']\n";
    for text in [straight, sent + "sends = 'jobs'\n"] {
        let ran = run(&text);
        assert_eq!((ran.jobs(Fate::DoneInTime), ran.jobs(Fate::Lost)), (1, 1));
    }
    // The same job sent again is the same: its first message is the one that is worked on.
    let again = "sends = { to = 'jobs', latency = '10ms', timeout = '8ms', retries = { backoff = 'none' } }\n";
    let alone = fifo("1min", &flows[..1], "content_based_deduplication = true\nmessage_body = 'same'", "count = 1");
    let ran = run(&(alone.replace("from = [\"a\"]", "") + "[pipeline.p.web]\nkind = 'service'\nfrom = 'a'\n" + again));
    assert_eq!(ran.jobs(Fate::Lost), 0);
    assert!(ran.figure("jobs.messages_deduplicated") > 0.0);
}

#[test]
fn claim_30_a_receive_whose_answer_was_lost_gets_the_same_messages_again() {
    let with = |repeat: bool| {
        let flow = "spike = { at = '1s', count = 200 }\nkey = { distinct = 100 }";
        let crew = format!(
            "count = 5\nwork = 'job'\nspeed = 100\nlost_responses = '30%'\nreceive_request_attempt_id = {repeat}"
        );
        run(&fifo("1h", &[("a", flow)], "visibility_timeout = '30s'", &crew))
    };
    let repeated = with(true);
    let lost = repeated.figure("crew.lost_responses");
    assert!(lost > 40.0, "{lost}");
    // Each of them is repeated, and no receive count rises: within a few seconds everything is done.
    assert_eq!((repeated.figure("jobs.repeated_receives"), repeated.figure("jobs.messages_received")), (lost, 200.0));
    assert!(repeated.summary("latency_max") < 29.0, "{}", repeated.summary("latency_max"));
    // Without it the group is locked until the visibility timeout is over.
    let anew = with(false);
    assert_eq!(anew.figure("jobs.repeated_receives"), 0.0);
    assert_eq!(anew.figure("jobs.messages_received_again"), anew.figure("crew.lost_responses"));
    assert!(anew.summary("latency_max") > 30.0);
}

#[test]
fn claim_31_in_batches_of_ten_all_of_a_thousand_sends_succeed_with_a_hundred_calls() {
    let flow = "rate = '1000/s'\narrivals = 'regular'\nkey = { distinct = 1000 }";
    let text = fifo("10s", &[("a", flow)], "", "count = 1").replace("duration = '100s'", "duration = '1s'");
    let once = "retries = { attempts = 1 }";
    let single = run(&through_a_service(&text, once));
    assert_eq!((single.figure("jobs.messages_sent"), single.lost("jobs", "throttled")), (300.0, single.sent() - 300));
    let batched = through_a_service(&text, &format!("{once}, batch = {{ entries = 10 }}"));
    // Nobody receives, so that only the sends are counted.
    let only_sends =
        batched.replace("count = 1", "count = 1\n[[fault]]\nnode = 'p.crew'\nkind = 'down'\nfrom = '0s'\nto = '1h'\n");
    let ran = run(&only_sends);
    assert_eq!((ran.figure("jobs.messages_sent"), ran.figure("jobs.throttled")), (ran.sent() as f64, 0.0));
    let calls = (ran.sent() as f64 / 10.0).ceil();
    // And the one poll before the worker went down.
    assert_eq!(ran.figure("jobs.requests"), calls + 1.0);
}

#[test]
fn senders_that_are_throttled_try_again() {
    let flow = "spike = { at = '1s', count = 900 }\nkey = { distinct = 1000 }";
    let text = fifo("1min", &[("a", flow)], "", "count = 100\nmax_number_of_messages = 10\ndelete_together = true");
    let retries = "retries = { attempts = 10, backoff = 'fixed', base = '1100ms', jitter = 'none' }";
    let ran = run(&through_a_service(&text, retries));
    assert_eq!((ran.figure("jobs.messages_sent"), ran.jobs(Fate::DoneInTime)), (900.0, 900));
    assert!(ran.figure("jobs.throttled") >= 900.0);
}

#[test]
fn high_throughput_grows_with_the_load_but_not_for_a_single_group() {
    let sent = |key: &str, mode: &str| {
        let flow = format!("rate = '2000/s'\narrivals = 'regular'\nkey = {key}");
        let text = fifo("1s", &[("a", &flow)], mode, "count = 1").replace("duration = '100s'", "duration = '20s'");
        run(&text).figure("jobs.messages_sent") / 20.0
    };
    let high = "deduplication_scope = 'message_group'\nfifo_throughput_limit = 'per_message_group_id'";
    let spread = "{ distinct = 10000 }";
    about(sent(spread, ""), 300.0, 0.02);
    let grown = sent(spread, high);
    assert!(grown > 1700.0, "{grown}");
    about(sent(spread, &format!("{high}\npartitions = 32")), 2000.0, 0.02);
    about(sent("{ constant = 'g' }", high), 300.0, 0.02);
}

#[test]
fn a_long_backlog_of_one_group_hides_the_groups_behind_it() {
    // One group is locked by a message that takes an hour; the others come behind its backlog.
    let with = |backlog: u32| {
        let hot = format!("spike = {{ at = '1s', count = {backlog} }}\nkey = {{ constant = 'hot' }}\nsize = '1B'");
        let text = fifo(
            "0s",
            &[("hot", &hot), ("other", &one("other", "50s"))],
            "visibility_timeout = '12h'\ndeduplication_scope = 'message_group'\n\
             fifo_throughput_limit = 'per_message_group_id'\npartitions = 256",
            "count = 2\nwork = 'job'\nspeed = 0.001",
        )
        .replace("from = [\"hot\", \"other\"]\n", "from = [\"other\"]\n");
        let senders = "[pipeline.p.web]\nkind = 'service'\nfrom = 'hot'\nslots = 1000000\n\
            sends = { to = 'jobs', latency = '0s', timeout = '1h', batch = { entries = 10 }, \
            retries = { attempts = 1000, backoff = 'fixed', base = '1s', jitter = 'none' } }\n";
        run(&(text + senders))
    };
    let (near, far) = (with(20_000), with(130_000));
    // It is received if its place is among the first 120,000.
    let sent = far.figure("jobs.messages_sent");
    assert_eq!(near.figure("jobs.messages_received"), 2.0);
    assert_eq!((far.figure("jobs.messages_received"), sent > 120_001.0), (1.0, sent > 120_001.0), "{sent}");
    assert!(sent > 120_001.0, "{sent}");
}

#[test]
fn a_fifo_queue_beyond_its_limit_in_flight_says_nothing() {
    let flow = "spike = { at = '1s', count = 20 }\nkey = { distinct = 1000 }";
    let crew = "count = 5\nwork = 'job'\nwait_time = '0s'\npause_when_empty = '1s'";
    let text =
        fifo("1min", &[("a", flow)], "in_flight_limit = 2", crew).replace("[run]\n", "[run]\nallow = ['A010']\n");
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.over_limit"), ran.figure("crew.failed_polls")), (0.0, 0.0));
    assert_eq!((ran.figure("jobs.in_flight_max"), ran.jobs(Fate::DoneInTime)), (2.0, 20));
}

#[test]
fn a_dead_letter_frees_its_group_and_breaks_its_order() {
    // The first message of the group is done after the second, because it went through the dead-letter queue.
    let (first, second) = (one("g", "1s"), one("g", "2s"));
    let text = fifo(
        "10min",
        &[("first", &first), ("second", &second)],
        "visibility_timeout = '5s'\ndead_letter = { queue = 'failed', max_receive_count = 2 }",
        "count = 1",
    ) + "[pipeline.p.failed]\nkind = 'sqs'\nfifo_queue = true\n\
         [[fault]]\nnode = 'p.crew'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '10s'\n\
         [[fault]]\nnode = 'p.failed'\nkind = 'redrive'\nat = '50s'\n";
    let ran = run(&text);
    assert_eq!((ran.figure("jobs.messages_dead_lettered"), ran.figure("failed.messages_redriven")), (1.0, 1.0));
    // Received at 1 and 6 s in vain; at 11 s it moves away, and the second one has its turn.
    assert_eq!((ran.summary("latency_max"), ran.summary("latency_mean")), (49.0, 29.0));
}

#[test]
fn claim_30_a_fifo_queue_refuses_every_delete_after_the_visibility_timeout() {
    // Hidden for two seconds, worked on for ten, given out eight times: every delete comes too late, those of receipts
    // that are outdated by then and those after the message has moved away.
    let text = fifo(
        "1min",
        &[("a", &one("g", "1s"))],
        "visibility_timeout = '2s'\ndead_letter = { queue = 'failed', max_receive_count = 8 }",
        "count = 20\nwork = 'job'\nspeed = 0.1",
    ) + "[pipeline.p.failed]\nkind = 'sqs'\nfifo_queue = true\n";
    let ran = run(&text);
    let deletes = ["messages_received", "refused_deletes", "stale_deletes", "messages_deleted"];
    assert_eq!(deletes.map(|name| ran.figure(&format!("jobs.{name}"))), [8.0, 8.0, 0.0, 0.0]);
}

#[test]
fn a_fifo_queue_counts_throttled_calls_and_not_their_messages() {
    // 5,000 messages of one group in 500 calls within a second: 300 calls are taken, with either limit.
    for more in ["", "deduplication_scope = 'message_group'\nfifo_throughput_limit = 'per_message_group_id'"] {
        let text = "[run]\nduration = '3s'\ndrain = '1min'\n\
            [traffic.jobs]\nspike = { at = '1s', count = 5000 }\nkey = { constant = 'g' }\n\
            [pipeline.p.web]\nkind = 'service'\nfrom = 'jobs'\nslots = 100000\n\
            sends = { to = 'jobs', latency = '0s', batch = { entries = 10 }, retries = { attempts = 1 } }\n\
            [pipeline.p.jobs]\nkind = 'sqs'\nfifo_queue = true\n";
        let ran = run(&format!("{text}{more}\n"));
        assert_eq!((ran.figure("jobs.throttled"), ran.figure("jobs.messages_sent")), (200.0, 3000.0), "{more}");
        assert_eq!(ran.figure("jobs.requests"), 500.0, "{more}");
    }
}

#[test]
fn what_was_received_three_times_has_no_age_whether_it_is_in_flight_or_not() {
    // The first message of the group is received in vain at 1, 31, 61 and 91 s; from the third time on the second one
    // counts, which waits behind it.
    let (bad, next) = (one("g", "1s"), one("g", "2s"));
    let text = fifo("1min", &[("bad", &bad), ("next", &next)], "visibility_timeout = '30s'", "count = 1")
        + "[[fault]]\nnode = 'p.crew'\nkind = 'fails'\nshare = '100%'\nfrom = '0s'\nto = '1h'\n";
    let ran = run(&text);
    let ages = [10.0, 60.0, 70.0, 90.0, 95.0].map(|second| super::queues::at(&ran, "jobs.age_of_oldest", second));
    assert_eq!(ages, [9.0, 59.0, 68.0, 88.0, 93.0]);
}
