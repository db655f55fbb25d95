//! Kinesis, the readers: catching up, falling behind, checkpoints, leases; the claims of the fact sheet by number.

use crate::bench::{Ran, about, model, over_seeds, run};
use surgetank::metrics::Fate;

/// When a series was last at `level` or above, in seconds.
fn last_at_least(series: &[(f64, f64)], level: f64) -> f64 {
    series.iter().rev().find(|&&(_, value)| value >= level).map_or(0.0, |&(at, _)| at)
}

/// 1 MiB a second into one shard, and readers that are stopped from 100 s to 400 s.
fn stopped(readers: &[&str], duration: u32) -> String {
    let mut text = format!(
        "[run]\nduration = '{duration}s'\ndrain = '1s'\nsample_every = '1s'\n\
         [traffic.puts]\nrate = '64/s'\narrivals = 'regular'\nsize = '16383B'\nkey = {{ constant = 'a' }}\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\n"
    );
    for name in readers {
        text.push_str(
            "[pipeline.p.NAME]\nkind = 'reader'\nreads = 'clicks'\n\
             [[fault]]\nnode = 'p.NAME'\nkind = 'down'\nfrom = '100s'\nto = '400s'\n",
        );
        text = text.replace("NAME", name);
    }
    text
}

#[test]
fn claim_25_one_reader_catches_up_in_the_time_that_it_was_away() {
    let ran = run(&stopped(&["app"], 1000));
    assert_eq!(ran.figure("clicks.write_provisioned_throughput_exceeded"), 0.0);
    about(ran.figure("app.iterator_age_max"), 300.0, 0.02);
    // Less the ten seconds that the shard had saved up meanwhile: it gives its first 10 MiB at once.
    about(last_at_least(&ran.series("app.iterator_age"), 4.0) - 400.0, 300.0, 0.05);
}

#[test]
fn claim_25_of_two_readers_that_are_both_behind_neither_catches_up() {
    let lags = over_seeds(&stopped(&["app", "other"], 1600), 1..7, |ran| {
        let read = ran.figure("clicks.bytes_read") - 2.0 * 100.0 * 1_048_576.0;
        about(read / 1200.0, 2.0 * 1_048_576.0, 0.05);
        ["app", "other"].map(|reader| ran.series(&format!("{reader}.iterator_age"))[420..1600].to_vec())
    });
    // What one makes up the other loses, and each answer of 10 MiB, ten seconds of the stream, is won by chance: after
    // n answers a reader is off its place by 10 s * sqrt(n) / 2, which is 77 s after these 1200 s.
    for [app, other] in &lags {
        for (app, other) in app.iter().zip(other) {
            about(app.1 + other.1, 580.0, 0.06);
            assert!(app.1.min(other.1) > 10.0, "at {} s one is {} s behind and one {} s", app.0, app.1, other.1);
        }
    }
    let ends: f64 = lags.iter().map(|[app, _]| app[app.len() - 1].1).sum();
    about(ends / lags.len() as f64, 290.0, 3.0 * 77.0 / (lags.len() as f64).sqrt() / 290.0);
}

#[test]
fn a_refused_read_is_tried_again_as_often_as_its_attempts_allow_and_then_at_the_usual_pace() {
    let refused = |retries: &str| {
        let text = format!(
            "[run]\nduration = '1000s'\ndrain = '0s'\n[traffic.puts]\nrate = '1/s'\n\
             [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\n\
             [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nidle_time_between_reads = '10s'\n\
             get_records_latency = '0s'\nretries = {retries}\n\
             [[fault]]\nnode = 'p.clicks'\nkind = 'down'\nfrom = '0s'\nto = '1000s'\n"
        );
        run(&text).figure("clicks.get_records_calls")
    };
    // So many reads every ten seconds and the pauses between them.
    about(refused("{ attempts = 1 }"), 100.0, 0.02);
    about(refused("{ attempts = 3, backoff = 'fixed', base = '1s', jitter = 'none' }"), 3.0 * 1000.0 / 12.0, 0.02);
    about(refused("{ attempts = 3, base = '1s', jitter = 'none' }"), 3.0 * 1000.0 / 13.0, 0.02);
    // Without a word three, after pauses of which only a throttled one is long: 25 ms and 50 ms on average.
    about(refused("{}"), 3.0 * 1000.0 / 10.075, 0.02);
}

#[test]
fn while_a_reader_reads_the_largest_answers_each_is_followed_by_five_seconds_of_refusals() {
    let refused = |retries: &str| {
        let ran = run(&format!(
            "[run]\nduration = '400s'\ndrain = '1s'\nsample_every = '1s'\n\
             [traffic.puts]\nrate = '16/s'\narrivals = 'regular'\nsize = '65535B'\nkey = {{ constant = 'a' }}\n\
             [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\n\
             [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nidle_time_between_reads = '200ms'\n\
             get_records_latency = '0s'\ncheckpoint_latency = '0s'\nretries = {retries}\n\
             [[fault]]\nnode = 'p.app'\nkind = 'down'\nfrom = '1s'\nto = '301s'\n"
        ));
        ran.figure("clicks.read_provisioned_throughput_exceeded")
    };
    // Behind from 301 s to the end: an answer every 5 s, and 24 of 25 reads refused.
    about(refused("{ attempts = 1 }"), 500.0 * 24.0 / 25.0, 0.02);
    // A read after 0.2 s, and then one each second until the fifth has passed; errors of another kind do not matter.
    let each_second = "{ attempts = 9, backoff = 'fixed', base = '1ms', base_throttled = '1s', jitter = 'none' }";
    about(refused(each_second), 5.0 * 100.0 / 5.2, 0.06);
}

#[test]
fn claim_34_a_reader_that_is_too_slow_falls_behind_in_a_straight_line() {
    let ran = run("[run]\nduration = '600s'\ndrain = '1s'\nsample_every = '1s'\n\
         [traffic.puts]\nrate = '200/s'\narrivals = 'regular'\nkey = { constant = 'a' }\n\
         [work.look]\ntime = '10ms'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nwork = 'look'\nbatch = 100\n\
         idle_time_between_reads = '200ms'\nget_records_latency = '0s'\ncheckpoint_latency = '0s'\n");
    // 100 of 200 records a second: half a second of age each second, and the line bends nowhere.
    for metric in ["app.iterator_age", "clicks.iterator_age", "app.millis_behind_latest"] {
        let age = ran.series(metric);
        let slope = |from: usize, to: usize| (age[to].1 - age[from].1) / (to - from) as f64;
        for (from, to) in [(100, 300), (300, 600)] {
            about(slope(from, to), 0.5, 0.03);
        }
    }
    about(ran.figure("app.utilisation"), 1.0, 0.01);
}

/// Ten thousand records that a reader of two workers reads at once, at some time after 60 s; then a worker dies.
fn killed_at(at: &str, checkpoint: &str) -> Ran {
    run(&format!(
        "[run]\nduration = '10min'\ndrain = '10min'\n\
         [traffic.puts]\nspike = {{ at = '0s', count = 10000, over = '20s', spread = 'even' }}\nsize = '100B'\n\
         key = {{ constant = 'a' }}\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nworkers = 2\ncheckpoint = {checkpoint}\n\
         idle_time_between_reads = '40s'\nlease_takeover = '20s'\n\
         [[fault]]\nnode = 'p.app'\nkind = 'down'\nfrom = '0s'\nto = '60s'\n\
         [[fault]]\nnode = 'p.app'\nkind = 'kill'\nat = '{at}'\ncount = 1\n"
    ))
}

#[test]
fn claim_38_the_successor_of_a_dead_worker_repeats_exactly_what_was_not_checkpointed() {
    let ran = killed_at("70s", "{ records = 20000 }");
    assert_eq!(ran.figure("app.repeated"), 10_000.0);
    assert_eq!(ran.jobs(Fate::DoneTwice), 10_000);
    assert_eq!(ran.figure("app.lost_leases"), 2.0);
    // With a checkpoint after the batch there is nothing to repeat.
    let ran = killed_at("70s", "'batch'");
    assert_eq!(ran.figure("app.repeated"), 0.0);
    assert_eq!(ran.jobs(Fate::DoneInTime), 10_000);
}

#[test]
fn a_worker_that_dies_in_the_middle_repeats_what_it_did_since_its_last_checkpoint() {
    let ran = run("[run]\nduration = '10min'\ndrain = '10min'\n\
         [traffic.puts]\nspike = { at = '0s', count = 100 }\nkey = { constant = 'a' }\n\
         [work.look]\ntime = '1s'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\nvisible_latency = '0s'\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nwork = 'look'\nlease_takeover = '20s'\n\
         checkpoint = { records = 10 }\nget_records_latency = '0s'\ncheckpoint_latency = '0s'\n\
         [[fault]]\nnode = 'p.app'\nkind = 'kill'\nat = '30s'\n");
    // It began within 1.5 s: 28 or 29 records were done, of which 8 or 9 were not checkpointed.
    let repeated = ran.figure("app.repeated");
    assert!((8.0..=9.0).contains(&repeated), "{repeated}");
    assert_eq!(ran.jobs(Fate::DoneTwice) as f64, repeated);
    assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::DoneTwice), 100);
    // The time of the record that it died over is spent as well.
    let busy = ran.figure("app.busy_time");
    assert!(busy > 100.0 + repeated && busy < 101.0 + repeated, "{busy}");
}

#[test]
fn claim_40_workers_beyond_the_number_of_shards_stand_by() {
    let text = "[run]\nduration = '10min'\ndrain = '1s'\n[traffic.puts]\nrate = '1/s'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 4\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nworkers = 6\n";
    let ran = run(text);
    assert_eq!((ran.figure("app.standby_workers_mean"), ran.figure("app.standby_workers_max")), (2.0, 2.0));
    // One dies and starts again without a lease; until its shard is taken over, three have none.
    let ran = run(&format!("{text}[[fault]]\nnode = 'p.app'\nkind = 'kill'\nat = '5min'\ncount = 1\n"));
    assert_eq!(ran.figure("app.standby_workers_max"), 3.0);
    assert_eq!(ran.series("app.standby_workers").last().expect("samples").1, 2.0);
}

#[test]
fn a_dead_workers_shards_stand_still_for_17_to_40_seconds_and_no_others_do() {
    let ran = run("[run]\nduration = '10min'\ndrain = '1s'\nsample_every = '1s'\n\
         [traffic.puts]\nrate = '100/s'\nkey = { distinct = 1000 }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 4\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nworkers = 4\n\
         [[fault]]\nnode = 'p.app'\nkind = 'kill'\nat = '100s'\ncount = 1\n");
    assert_eq!(ran.figure("app.lost_leases"), 1.0);
    let age = ran.figure("app.iterator_age_max");
    assert!(age > 17.0 && age < 42.0, "{age}");
    assert!(last_at_least(&ran.series("app.iterator_age"), 5.0) < 142.0);
}

#[test]
fn claim_29_a_reader_that_begins_at_the_tip_never_sees_what_is_there_already() {
    let begun = |position: &str| {
        run(&format!(
            "[run]\nduration = '200s'\ndrain = '60s'\n[traffic.puts]\nrate = '10/s'\narrivals = 'regular'\n\
             [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n\
             [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nstarting_position = '{position}'\n\
             [[fault]]\nnode = 'p.app'\nkind = 'down'\nfrom = '0s'\nto = '100s'\n"
        ))
    };
    let latest = begun("LATEST");
    assert_eq!(latest.lost("clicks", "older than the starting position"), 1000);
    assert_eq!(latest.jobs(Fate::Lost) + latest.jobs(Fate::DoneInTime), latest.sent());
    let horizon = begun("TRIM_HORIZON");
    assert_eq!(horizon.jobs(Fate::DoneInTime), horizon.sent());
}

#[test]
fn a_record_whose_call_fails_is_passed_over() {
    let ran = run("[run]\nduration = '100s'\ndrain = '10min'\n[traffic.puts]\nrate = '10/s'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\ncalls = 'shop'\n\
         [pipeline.p.shop]\nkind = 'service'\n\
         [[fault]]\nnode = 'p.shop'\nkind = 'down'\nfrom = '40s'\nto = '60s'\n");
    let failed = ran.figure("app.failed");
    about(failed, 200.0, 0.3);
    assert_eq!(ran.lost("clicks", "a reader failed to process it") as f64, failed);
    assert_eq!(ran.jobs(Fate::DoneInTime) as f64, ran.sent() as f64 - failed);
}

#[test]
fn a_reader_sends_what_it_made_of_a_record() {
    let ran = run("[run]\nduration = '100s'\ndrain = '10min'\n[traffic.puts]\nrate = '10/s'\n\
         [work.look]\ntime = '5ms'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nsends = 'jobs'\n\
         [pipeline.p.jobs]\nkind = 'sqs'\n\
         [pipeline.p.crew]\nkind = 'workers'\npolls = 'jobs'\ncount = 5\nwork = 'look'\n");
    assert_eq!(ran.figure("crew.handled"), ran.sent() as f64);
    assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
}

#[test]
fn a_stream_that_is_down_refuses_puts_and_answers_no_read() {
    let ran = run("[run]\nduration = '100s'\ndrain = '60s'\n[traffic.puts]\nrate = '10/s'\narrivals = 'regular'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\n\
         [[fault]]\nnode = 'p.clicks'\nkind = 'down'\nfrom = '40s'\nto = '60s'\n\
         [[fault]]\nnode = 'p.clicks'\nkind = 'fails'\nfrom = '80s'\nto = '90s'\nshare = '50%'\n");
    about(ran.lost("clicks", "down") as f64, 200.0, 0.01);
    about(ran.lost("clicks", "answered with an error") as f64, 50.0, 0.4);
    assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::Rejected), ran.sent());
}

#[test]
fn claim_41_what_a_reader_fails_to_process_is_never_processed_and_its_checkpoints_move_on() {
    let ran = run("[run]\nduration = '500s'\ndrain = '60s'\n[traffic.puts]\nrate = '100/s'\n\
         [work.look]\ntime = '5ms'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 4\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nwork = 'look'\n\
         [[fault]]\nnode = 'p.app'\nkind = 'fails'\nfrom = '0s'\nto = '560s'\nshare = '10%'\n\
         [[fault]]\nnode = 'p.app'\nkind = 'slow'\nfrom = '0s'\nto = '560s'\nfactor = 2\n");
    about(ran.figure("app.failed") / ran.sent() as f64, 0.1, 0.05);
    about(ran.figure("app.busy_time") / ran.sent() as f64, 0.010, 0.001);
    assert_eq!(ran.lost("clicks", "a reader failed to process it"), ran.jobs(Fate::Lost));
    assert_eq!(ran.jobs(Fate::Lost) as f64, ran.figure("app.failed"));
    assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::Lost), ran.sent());
    assert_eq!(ran.figure("clicks.records_read"), ran.sent() as f64);
    assert!(ran.figure("app.iterator_age_max") < 5.0, "no shard waits for a record that failed");
}

#[test]
fn what_a_reader_cannot_be_is_told() {
    let told = |reader: &str| {
        model(&format!(
            "[run]\nduration = '1s'\n[traffic.puts]\nrate = '1/s'\n[pipeline.p.clicks]\nkind = 'kinesis'\n\
             from = 'puts'\nshards = 1\n[pipeline.p.jobs]\nkind = 'sqs'\n\
             [pipeline.p.app]\nkind = 'reader'\n{reader}\n"
        ))
        .expect_err(reader)
    };
    for (reader, said) in [
        ("workers = 1", "`pipeline.p.app` needs `reads`"),
        ("reads = 'jobs'", "`app` reads `jobs`, but `jobs` is a queue"),
        ("reads = 'clicks'\nbatch = 10001", "kinesis.get_records_max"),
        ("reads = 'clicks'\nworkers = 0", "`workers` is `0`"),
        ("reads = 'clicks'\nretries = { attempts = 0 }", "`attempts` counts the first attempt as well"),
        ("reads = 'clicks'\nidle_time_between_reads = '100ms'", "kinesis.kcl_idle_time_min"),
        ("reads = 'clicks'\nstarting_position = 'NOW'", "TRIM_HORIZON"),
        ("reads = 'clicks'\ncheckpoint = 'often'", "`batch`, or a table with `records` or `every`"),
        ("reads = 'clicks'\ncheckpoint = { records = 0 }", "a checkpoint is made after a number of records"),
        ("reads = 'clicks'\ncheckpoint = {}", "a checkpoint is made after a number of records"),
        ("reads = 'clicks'\ncheckpoint = { record = 1 }", "did you mean `records`?"),
    ] {
        let told = told(reader);
        assert!(told.contains(said), "{reader}: {told}");
    }
}
