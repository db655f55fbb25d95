//! One node for many like subscribers: what is counted, and that nobody gets lost.

use super::topics::{LONG, ONE, topic};
use crate::bench::{about, run, run_seeded};
use surgetank::metrics::Fate;

fn hook(rest: &str) -> String {
    format!("[pipeline.p.hook]\nkind = 'http'\nlatency = '0s'\n{rest}\n")
}

#[test]
fn one_publish_reaches_twelve_and_a_half_million_subscribers() {
    let app = "[pipeline.p.app]\nkind = 'push'\nfails = '1%'\n";
    let ran = run(&topic(LONG, ONE, "{ to = 'app', count = 12_500_000 }", app));
    assert_eq!((ran.figure("events.notifications_delivered"), ran.jobs(Fate::DoneInTime)), (12_500_000.0, 1));
    assert_eq!(ran.figure("events.undelivered_max"), 12_500_000.0);
    // One in a hundred fails, and of these one in a hundred again, and so on.
    about(ran.figure("app.notifications"), 12_500_000.0 / 0.99, 0.0005);
    about(ran.figure("app.errors"), 12_500_000.0 / 99.0, 0.02);
    assert_eq!(ran.figure("app.notifications"), ran.figure("events.delivery_attempts"));
}

#[test]
fn the_members_of_a_crowd_fail_as_often_as_each_on_its_own() {
    let policy = "delivery_policy = { num_retries = 0 }\n";
    let failing = hook("fails = '30%'");
    let one = "spike = { at = '1s', count = 20 }";
    for seed in 1..4 {
        let text = topic(LONG, one, "{ to = 'hook', count = 50_000 }", &format!("{policy}{failing}"));
        let ran = run_seeded(&text, seed);
        let (delivered, lost) = (ran.figure("events.notifications_delivered"), ran.figure("events.notifications_lost"));
        assert_eq!(delivered + lost, 1_000_000.0);
        // Binomial(1000000, 0.7): five standard deviations are 2,291.
        assert!((delivered - 700_000.0).abs() < 2_291.0, "{delivered}");
        assert_eq!((ran.figure("hook.errors"), ran.jobs(Fate::Lost)), (lost, 20));
    }
}

#[test]
fn those_who_fail_are_tried_again_without_those_who_did_not() {
    let ran = run(&topic(LONG, ONE, "{ to = 'hook', count = 100_000 }", &hook("fails = '50%'")));
    // 100,000 the first time, then half as many each time: 187,500 attempts, and one in sixteen is lost.
    about(ran.figure("events.delivery_attempts"), 187_500.0, 0.01);
    about(ran.figure("events.notifications_lost"), 6_250.0, 0.07);
    let all = ran.figure("events.notifications_delivered") + ran.figure("events.notifications_lost");
    assert_eq!((all, ran.figure("events.notifications_failed")), (100_000.0, ran.figure("hook.errors")));
    about(ran.figure("events.retrying_max"), 50_000.0, 0.02);
}

#[test]
fn a_filter_by_share_is_drawn_for_each_member() {
    let traffic = "spike = { at = '1s', count = 1000 }";
    let ran = run(&topic(LONG, traffic, "{ to = 'hook', count = 150, filter = { share = '20%' } }", &hook("")));
    let (got, kept) = (ran.figure("hook.requests"), ran.figure("events.notifications_filtered_out"));
    assert_eq!((got + kept, ran.jobs(Fate::DoneInTime)), (150_000.0, 1000));
    // Binomial(150000, 1/5): five standard deviations are 775.
    assert!((got - 30_000.0).abs() < 775.0, "{got}");
}

#[test]
fn a_crowd_that_is_given_up_leaves_a_dead_letter_for_each_lane() {
    let others = format!("{}[pipeline.p.failed]\nkind = 'sqs'\n", hook("fails = '100%'\nstatus = 404"));
    let subscriber = |count: u32| format!("{{ to = 'hook', count = {count}, dead_letter = 'failed' }}");
    let few = run(&topic(LONG, ONE, &subscriber(40), &others));
    assert_eq!((few.figure("failed.visible_max"), few.figure("events.notifications_redriven_to_dlq")), (40.0, 40.0));
    let many = run(&topic(LONG, ONE, &subscriber(1_000_000), &others));
    assert_eq!((many.figure("failed.visible_max"), many.jobs(Fate::DeadLettered)), (64.0, 1));
    assert_eq!(many.figure("events.notifications_redriven_to_dlq"), 1_000_000.0);
}

#[test]
fn a_crowd_that_does_not_answer_in_time_is_tried_again_as_a_whole() {
    let slow = "[pipeline.p.hook]\nkind = 'http'\nlatency = '40s'\n";
    let ran = run(&topic(LONG, ONE, "{ to = 'hook', count = 1_000 }", slow));
    assert_eq!((ran.figure("hook.requests"), ran.figure("events.delivery_timeouts")), (4_000.0, 4_000.0));
    assert_eq!((ran.figure("events.notifications_lost"), ran.figure("hook.in_progress_max")), (1_000.0, 2_000.0));
}
