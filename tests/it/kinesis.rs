//! Kinesis, writing and reading: the claims of the fact sheet that concern a provisioned stream, by their numbers.

use crate::bench::{about, model, run};
use surgetank::metrics::Fate;

/// A stream that is written to directly for `seconds` and cut a second later.
fn written(seconds: u32, stream: &str, traffic: &str) -> String {
    format!(
        "[run]\nduration = '{seconds}s'\ndrain = '1s'\n[traffic.puts]\n{traffic}\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\n{stream}\n"
    )
}

/// Readers that poll each shard at a fixed pace, without any latency, whatever they are told.
fn poller(name: &str, pace: &str) -> String {
    format!(
        "[pipeline.p.{name}]\nkind = 'reader'\nreads = 'clicks'\nidle_time_between_reads = '{pace}'\n\
         get_records_latency = '0s'\ncheckpoint_latency = '0s'\n\
         retries = {{ attempts = 1 }}\n"
    )
}

#[test]
fn claim_01_a_shard_takes_1000_records_a_second_and_no_more() {
    let puts = |rate| format!("rate = '{rate}/s'\narrivals = 'regular'\nsize = '100B'\nkey = {{ constant = 'a' }}");
    let just = run(&written(60, "shards = 1", &puts(1000)));
    assert_eq!(just.figure("clicks.write_provisioned_throughput_exceeded"), 0.0);
    let over = run(&written(60, "shards = 1", &puts(1500)));
    about(over.figure("clicks.incoming_records") / 60.0, 1000.0, 0.05);
    about(over.figure("clicks.write_provisioned_throughput_exceeded") / 60.0, 500.0, 0.05);
    assert_eq!(over.lost("clicks", "throttled"), over.jobs(Fate::Rejected));
}

#[test]
fn claim_02_the_bytes_of_a_shard_bind_before_its_records() {
    // 2 KiB with the one byte of the key.
    let puts = "rate = '1000/s'\narrivals = 'regular'\nsize = '2047B'\nkey = { constant = 'a' }";
    let ran = run(&written(60, "shards = 1", puts));
    about(ran.figure("clicks.incoming_records") / 60.0, 512.0, 0.05);
    about(ran.figure("clicks.incoming_bytes") / 60.0, 1_048_576.0, 0.05);
}

#[test]
fn claim_04_of_a_thousand_keys_one_shard_gets_too_many() {
    // About 10 KiB with the key: 409.6 of them make 4 MiB.
    let puts = "rate = '409.6/s'\nsize = '10230B'\nkey = { distinct = 1000, prefix = 'video-' }";
    let ran = run(&written(300, "shards = 4", puts));
    about(ran.figure("clicks.hottest_shard_share"), 0.275, 0.02);
    // The full buckets of two shards at the start let 2 MiB more through in 300 s.
    let (hot, warm) = (4.0 * 0.275 - 1.0, 4.0 * 0.259 - 1.0);
    let refused = ran.figure("clicks.write_provisioned_throughput_exceeded") / ran.figure("clicks.put_records");
    about(refused, (hot + warm - 2.0 / 300.0) / 4.0, 0.1);
}

#[test]
fn claim_05_ten_keys_leave_two_shards_nearly_idle() {
    let puts = "rate = '100/s'\nkey = { distinct = 10, prefix = 'video-' }";
    let ran = run(&written(600, "shards = 4", puts));
    about(ran.figure("clicks.hottest_shard_share"), 0.4, 0.03);
}

#[test]
fn claim_08_a_client_that_ignores_failures_loses_exactly_those() {
    let ran = run("[run]\nduration = '60s'\ndrain = '1min'\n\
         [traffic.puts]\nrate = '1500/s'\nsize = '100B'\nkey = { constant = 'a' }\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'puts'\n\
         sends = { to = 'clicks', retries = { attempts = 1 } }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nshards = 1\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\n");
    let refused = ran.figure("clicks.write_provisioned_throughput_exceeded");
    about(refused / 60.0, 500.0, 0.1);
    assert_eq!(ran.lost("clicks", "throttled") as f64, refused);
    assert_eq!(ran.jobs(Fate::DoneInTime) as f64, ran.sent() as f64 - refused);
}

#[test]
fn a_client_that_tries_again_loses_nothing_in_a_short_burst() {
    let ran = run("[run]\nduration = '60s'\ndrain = '1min'\n\
         [traffic.puts]\nspike = { at = '1s', count = 1500 }\nsize = '100B'\nkey = { constant = 'a' }\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'puts'\nslots = 2000\n\
         sends = { to = 'clicks', retries = { attempts = 20 } }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nshards = 1\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\n");
    assert!(ran.figure("clicks.write_provisioned_throughput_exceeded") > 400.0);
    assert_eq!(ran.jobs(Fate::DoneInTime), 1500);
}

#[test]
fn claim_10_a_client_that_gives_up_too_early_and_tries_once_more_stores_its_record_twice() {
    let ran = run("[run]\nduration = '60s'\ndrain = '1min'\n\
         [traffic.puts]\nrate = '10/s'\nsize = '100B'\nkey = { distinct = 10 }\n\
         [pipeline.p.web]\nkind = 'service'\nfrom = 'puts'\n\
         sends = { to = 'clicks', latency = '200ms', timeout = '150ms', retries = { attempts = 2 } }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nshards = 2\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\n");
    assert_eq!(ran.figure("web.timeouts"), 2.0 * ran.sent() as f64);
    assert_eq!(ran.figure("clicks.incoming_records"), 2.0 * ran.sent() as f64);
    // For the stream these are two records, and the reader does what each asks for: once too often, though it may be
    // quicker with the first than the sender is in giving up the second.
    let (once, again) = (ran.figure("app.records_processed"), ran.figure("app.repeated"));
    assert_eq!(once + again, 2.0 * ran.sent() as f64);
    about(again, ran.sent() as f64, 0.05);
}

#[test]
fn claim_11_a_record_that_is_too_large_uses_up_nothing() {
    let text = "[run]\nduration = '60s'\ndrain = '1s'\n\
         [traffic.large]\nrate = '10/s'\narrivals = 'regular'\nsize = '1536KiB'\nkey = { constant = 'a' }\n\
         [traffic.small]\nrate = '16/s'\narrivals = 'regular'\nsize = '65535B'\nkey = { constant = 'a' }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = ['large', 'small']\nshards = 1\n";
    let ran = run(text);
    assert_eq!(ran.lost("clicks", "record too large"), 600);
    assert_eq!(ran.figure("clicks.write_provisioned_throughput_exceeded"), 0.0);
    // A stream can be told to take them; then they use up what they need.
    let ran = run(&format!("{text}max_record_size = '10MiB'\n"));
    assert_eq!(ran.lost("clicks", "record too large"), 0);
    about(ran.figure("clicks.incoming_bytes") / 60.0, 1_048_576.0, 0.2);
    assert!(ran.figure("clicks.write_provisioned_throughput_exceeded") > 500.0);
}

#[test]
fn claim_20_what_a_stopped_reader_comes_too_late_for_is_gone_without_an_error() {
    let text = format!(
        "[run]\nduration = '30h'\ndrain = '1h'\n[traffic.puts]\nrate = '1/s'\narrivals = 'regular'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n{}\
         [[fault]]\nnode = 'p.app'\nkind = 'down'\nfrom = '0s'\nto = '25h'\n",
        poller("app", "1s")
    );
    let ran = run(&text);
    about(ran.lost("clicks", "trimmed unread") as f64, 3600.0, 0.001);
    assert_eq!(ran.figure("clicks.records_trimmed"), ran.jobs(Fate::Expired) as f64);
    assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::Expired), ran.sent());
    let worst = ran.figure("app.iterator_age_max");
    about(worst, 24.0 * 3600.0, 0.01);
}

#[test]
fn claim_22_two_readers_of_five_calls_a_second_halve_each_other() {
    let stream = "shards = 1\nvisible_latency = '0s'\n";
    let one = run(&written(100, &format!("{stream}{}", poller("app", "200ms")), "rate = '10/s'"));
    about(one.figure("clicks.get_records_calls"), 500.0, 0.02);
    assert_eq!(one.figure("clicks.read_provisioned_throughput_exceeded"), 0.0);
    let both = format!("{stream}{}{}", poller("app", "200ms"), poller("other", "200ms"));
    let two = run(&written(100, &both, "rate = '10/s'"));
    let share = two.figure("clicks.read_provisioned_throughput_exceeded") / two.figure("clicks.get_records_calls");
    about(share, 0.5, 0.05);
}

#[test]
fn claim_23_the_sixth_reader_of_a_call_a_second_is_one_too_many() {
    let refused = |readers: usize| {
        let pollers: Vec<String> = (0..readers).map(|reader| poller(&format!("app{reader}"), "1s")).collect();
        let stream = format!("shards = 2\n{}", pollers.concat());
        let ran = run(&written(300, &stream, "rate = '10/s'"));
        ran.figure("clicks.read_provisioned_throughput_exceeded") / ran.figure("clicks.get_records_calls")
    };
    assert_eq!(refused(5), 0.0);
    about(refused(6), 1.0 / 6.0, 0.05);
}

#[test]
fn a_record_is_processed_once_by_every_reader() {
    let ran = run(&format!(
        "[run]\nduration = '60s'\ndrain = '1min'\n[traffic.puts]\nrate = '50/s'\nkey = {{ distinct = 20 }}\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 3\n{}{}",
        poller("fast", "1s"),
        poller("slow", "7s")
    ));
    assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
    for reader in ["fast", "slow"] {
        assert_eq!(ran.figure(&format!("{reader}.records_processed")), ran.sent() as f64);
    }
    assert_eq!(ran.figure("clicks.records_read"), 2.0 * ran.sent() as f64);
}

#[test]
fn records_without_a_key_are_spread_evenly() {
    let ran = run(&written(600, "shards = 4", "rate = '100/s'"));
    about(ran.figure("clicks.hottest_shard_share"), 0.25, 0.03);
}

#[test]
fn two_flows_have_keys_of_their_own() {
    // `a` and `b` are key number 0 of their flows and live in different shards.
    let ran = run("[run]\nduration = '60s'\ndrain = '1s'\n\
         [traffic.one]\nrate = '600/s'\nsize = '100B'\nkey = { constant = 'a' }\n\
         [traffic.two]\nrate = '600/s'\nsize = '100B'\nkey = { constant = 'b' }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = ['one', 'two']\nshards = 4\n");
    assert_eq!(ran.figure("clicks.write_provisioned_throughput_exceeded"), 0.0);
    about(ran.figure("clicks.hottest_shard_share"), 0.5, 0.02);
}

#[test]
fn what_a_stream_cannot_be_is_told_with_its_limit() {
    let told = model(&written(
        60,
        "shards = 20001\nretention_period = '1h'\nmax_record_size = '20MiB'\nbucket_depth = '1h'",
        "rate = '1/s'",
    ))
    .expect_err("all wrong");
    for fact in ["kinesis.shards_max", "kinesis.retention_period_min", "kinesis.max_record_size_max"] {
        assert!(told.contains(fact), "{fact}: {told}");
    }
    assert!(told.contains("`bucket_depth` is `1h`"), "{told}");
    let told = model(&written(60, "", "rate = '1/s'")).expect_err("no shards");
    assert!(told.contains("`pipeline.p.clicks` needs `shards`"), "{told}");
}
