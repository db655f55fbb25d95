//! What the nodes of a pipeline share because they belong to one account.

use crate::bench::{Ran, about, run};

/// Two functions, each called by a flow of its own: `batch` with many calls at once, `web` with a call a second.
fn two_functions(batch: &str, web: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '30s'\ndrain = '1h'\n[traffic.reports]\nspike = {{ at = '1s', count = 2000 }}\n\
         [traffic.visits]\nrate = '1/s'\narrivals = 'regular'\n[work.report]\ntime = '5min'\n[work.visit]\ntime = '10ms'\n\
         [pipeline.p.batch]\nkind = 'lambda'\nfrom = 'reports'\nwork = 'report'\ntimeout = '15min'\n\
         init_duration = '0s'\n{batch}\n[pipeline.p.web]\nkind = 'lambda'\nfrom = 'visits'\nwork = 'visit'\n\
         init_duration = '0s'\n{web}\n"
    ))
}

const THROTTLED: &str = "throttled: the account's";

#[test]
fn a_function_that_takes_the_whole_account_leaves_nothing_for_the_others() {
    let ran = two_functions("", "");
    // The thousand of the account are at work from the first second on for five minutes: nobody else gets in.
    assert_eq!((ran.figure("batch.invocations"), ran.lost("batch", THROTTLED)), (1000.0, 1000));
    assert!(ran.figure("web.invocations") <= 1.0, "{}", ran.figure("web.invocations"));
    assert!(ran.lost("web", THROTTLED) >= 28, "{}", ran.lost("web", THROTTLED));
}

#[test]
fn what_a_function_reserves_is_for_it_alone_and_the_others_have_the_rest() {
    let ran = two_functions("", "reserved_concurrent_executions = 50");
    // Its calls find room whatever the other does, and the other finds 50 fewer.
    assert_eq!((ran.figure("batch.invocations"), ran.lost("batch", THROTTLED)), (950.0, 1050));
    assert_eq!(ran.figure("web.throttles"), 0.0);
    // A ceiling for the greedy one does as much for those who share the rest.
    let ran = two_functions("reserved_concurrent_executions = 300", "");
    assert_eq!((ran.figure("batch.invocations"), ran.figure("web.throttles")), (300.0, 0.0));
    // The concurrency of an account is of one size.
    let ran = two_functions("account_concurrency = 400", "account_concurrency = 400");
    assert_eq!((ran.figure("batch.invocations"), ran.lost("batch", THROTTLED)), (400.0, 1600));
}

/// Two functions of a millisecond, each called 80 times a second for ten seconds.
fn two_quick_functions(one: &str, other: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '10s'\ndrain = '1h'\n[traffic.first]\nrate = '80/s'\narrivals = 'regular'\n\
         [traffic.second]\nrate = '80/s'\narrivals = 'regular'\n[work.look]\ntime = '1ms'\n\
         [pipeline.p.one]\nkind = 'lambda'\nfrom = 'first'\nwork = 'look'\ninit_duration = '0s'\n{one}\n\
         [pipeline.p.other]\nkind = 'lambda'\nfrom = 'second'\nwork = 'look'\ninit_duration = '0s'\n{other}\n"
    ))
}

#[test]
fn functions_share_the_requests_a_second_of_their_account_and_what_is_reserved_is_apart() {
    // Ten at once, a hundred a second, for both together.
    let ran = two_quick_functions("account_concurrency = 10", "account_concurrency = 10");
    let taken = ["one", "other"].map(|node| ran.figure(&format!("{node}.invocations")));
    about(taken[0] + taken[1], 1000.0, 0.01);
    assert!(taken.iter().all(|&taken| taken > 300.0), "{taken:?}");
    let refused = ["one", "other"].map(|node| ran.lost(node, "throttled: too many requests a second for the account"));
    assert_eq!(refused.iter().sum::<u64>() as f64 + taken[0] + taken[1], ran.summary("jobs_sent"));
    // Three at once of its own are thirty a second; the other has those of the rest, a hundred at once.
    let account = "account_concurrency = 103";
    let ran = two_quick_functions(&format!("{account}\nreserved_concurrent_executions = 3"), account);
    about(ran.figure("one.invocations"), 300.0, 0.01);
    assert_eq!(ran.figure("other.throttles"), 0.0);
    let reason = "throttled: too many requests a second for its reserved";
    assert_eq!(ran.lost("one", reason) as f64, ran.figure("one.throttles"));
}

#[test]
fn the_requests_of_a_function_do_not_grow_by_more_than_ten_thousand_in_ten_seconds() {
    let ran = run("[run]\nduration = '3s'\ndrain = '1h'\n[traffic.looks]\nrate = '15000/s'\narrivals = 'regular'\n\
         [work.look]\ntime = '1ms'\n[pipeline.p.f]\nkind = 'lambda'\nfrom = 'looks'\nwork = 'look'\n\
         init_duration = '0s'\naccount_concurrency = 10000\n");
    // Ten thousand, and a thousand more for each second that has passed.
    about(ran.figure("f.invocations"), 11_000.0 + 12_000.0 + 13_000.0, 0.01);
    assert!(ran.figure("f.concurrent_executions_max") < 100.0);
}

/// Two topics in Regions of their own or in one, each published to 6,000 times within a second.
fn two_topics(first: &str, second: &str) -> [u64; 2] {
    let topic = |name: &str, lines: &str| {
        format!(
            "[pipeline.p.{name}]\nkind = 'sns'\nfrom = 'from-{name}'\nsubscribers = 'hook'\n{lines}\n\
             [traffic.from-{name}]\nphases = [{{ rate = '6000/s', for = '1s' }}]\narrivals = 'regular'\n"
        )
    };
    let ran = run(&format!(
        "[run]\nduration = '1s'\ndrain = '1h'\n[pipeline.p.hook]\nkind = 'http'\nlatency = '0s'\n{}{}",
        topic("a", first),
        topic("b", second)
    ));
    ["a", "b"].map(|topic| ran.lost(topic, "throttled: more messages"))
}

#[test]
fn claim_46_the_topics_of_a_region_share_what_the_account_may_publish_there() {
    // 9,000 a second in Ireland: each topic alone is within that, both together publish 3,000 too many.
    let [first, second] = two_topics("region = 'eu-west-1'", "region = 'eu-west-1'");
    assert_eq!(first + second, 3000);
    assert!(first.abs_diff(second) <= 1500, "{first} {second}");
    // In two Regions nothing is refused.
    assert_eq!(two_topics("region = 'eu-west-1'", "region = 'us-west-2'"), [0, 0]);
    // To a topic that may publish more, the other one's messages count as well, but leave it room.
    let [first, second] = two_topics("region = 'eu-west-1'", "region = 'eu-west-1'\npublish_rate = '12000/s'");
    assert_eq!((first, second), (1500, 0));
}
