//! Kinesis, enhanced fan-out: what is pushed to a reader is nobody else's; the claims of the fact sheet by number.

use crate::bench::{about, model, run};
use std::fmt::Write as _;
use surgetank::metrics::Fate;

/// A shard with 1 MiB a second, and so many readers of the kind, all stopped from 100 s to 400 s.
fn stopped(readers: usize, more: &str) -> String {
    let mut text = "[run]\nduration = '900s'\ndrain = '10s'\nsample_every = '1s'\n\
         [traffic.puts]\nrate = '64/s'\narrivals = 'regular'\nsize = '16383B'\nkey = { constant = 'a' }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 1\n\
         [[fault]]\nnode = 'p.app0'\nkind = 'down'\nfrom = '100s'\nto = '400s'\n"
        .to_owned();
    for reader in 0..readers {
        writeln!(text, "[pipeline.p.app{reader}]\nkind = 'reader'\nreads = 'clicks'\n{more}").expect("a string");
        if reader > 0 {
            writeln!(text, "[[fault]]\nnode = 'p.app{reader}'\nkind = 'down'\nfrom = '100s'\nto = '400s'")
                .expect("a string");
        }
    }
    text
}

const FAN_OUT: &str = "retrieval_mode = 'FANOUT'";

#[test]
fn claim_26_with_fan_out_each_reader_catches_up_in_the_time_that_it_was_away_however_many_there_are() {
    for readers in [1, 2, 5] {
        let ran = run(&stopped(readers, FAN_OUT));
        for reader in 0..readers {
            let age = ran.series(&format!("app{reader}.iterator_age"));
            about(age[400].1, 300.0, 0.02);
            let caught_up = age.iter().rev().find(|&&(_, age)| age >= 2.0).expect("it was behind").0;
            about(caught_up - 400.0, 300.0, 0.05);
        }
        // Twice is done what a reader had in hand and had not stored when it was stopped.
        assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::DoneTwice), ran.sent());
        assert!(ran.jobs(Fate::DoneTwice) < 100);
        assert_eq!(ran.figure("clicks.get_records_calls"), 0.0);
    }
}

#[test]
fn readers_with_fan_out_leave_the_limits_of_the_others_alone() {
    let mut text = stopped(3, FAN_OUT).replace("'100s'", "'0s'").replace("'400s'", "'1s'");
    for reader in 0..5 {
        writeln!(
            text,
            "[pipeline.p.poller{reader}]\nkind = 'reader'\nreads = 'clicks'\nidle_time_between_reads = '1s'\n\
             get_records_latency = '0s'\ncheckpoint_latency = '0s'"
        )
        .expect("a string");
    }
    let text = text.replace("rate = '64/s'", "rate = '1/s'");
    assert_eq!(run(&text).figure("clicks.read_provisioned_throughput_exceeded"), 0.0);
}

#[test]
fn what_is_pushed_is_there_after_70_milliseconds_on_average() {
    let text = "[run]\nduration = '2000s'\ndrain = '1min'\n[traffic.puts]\nrate = '2/s'\nkey = { distinct = 100 }\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 10\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\nretrieval_mode = 'FANOUT'\n";
    let pushed = run(text).summary("latency_mean");
    about(pushed, 0.070, 0.05);
    let polled = run(&text.replace("'FANOUT'", "'POLLING'")).summary("latency_mean");
    assert!(polled > 10.0 * pushed, "{polled} s");
}

#[test]
fn a_reader_that_was_pushed_its_last_record_still_makes_its_last_checkpoint() {
    for checkpoint in ["'batch'", "{ records = 100 }", "{ every = '2s' }"] {
        let ran = run(&format!(
            "[run]\nduration = '60s'\ndrain = '1h'\n[traffic.puts]\nrate = '5/s'\narrivals = 'regular'\n\
             [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n\
             [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\n{FAN_OUT}\ncheckpoint = {checkpoint}\n"
        ));
        assert_eq!(ran.jobs(Fate::DoneInTime), ran.sent());
        let backlog = ran.backlog();
        assert_eq!(backlog.last().expect("samples").1, 0.0, "{checkpoint}");
        assert!(ran.summary("latency_max") < 10.0);
    }
}

#[test]
fn a_stream_that_is_down_is_subscribed_to_again() {
    let ran = run(&format!(
        "[run]\nduration = '100s'\ndrain = '60s'\n[traffic.puts]\nrate = '10/s'\narrivals = 'regular'\n\
         [pipeline.p.clicks]\nkind = 'kinesis'\nfrom = 'puts'\nshards = 2\n\
         [pipeline.p.app]\nkind = 'reader'\nreads = 'clicks'\n{FAN_OUT}\npush_latency = '0s'\n\
         retries = {{ attempts = 1 }}\n\
         [[fault]]\nnode = 'p.clicks'\nkind = 'down'\nfrom = '40s'\nto = '60s'\n"
    ));
    about(ran.lost("clicks", "down") as f64, 200.0, 0.01);
    assert_eq!(ran.jobs(Fate::DoneInTime) + ran.jobs(Fate::Rejected), ran.sent());
    // What came before it was noticed that the stream is back waited for the next attempt, five seconds at most.
    let waited = ran.summary("latency_max");
    assert!(waited > 0.5 && waited < 5.1, "{waited} s");
}

#[test]
fn claim_31_a_stream_has_twenty_readers_with_fan_out_and_not_one_more() {
    let with = |readers| model(&stopped(readers, FAN_OUT));
    assert!(with(20).is_ok());
    let told = with(21).expect_err("one too many");
    assert!(told.contains("kinesis.fan_out_readers_max") && told.contains("there are 20 before it"), "{told}");
}

#[test]
fn keys_of_the_other_way_to_read_are_refused() {
    for (more, said) in [
        ("retrieval_mode = 'FANOUT'\nidle_time_between_reads = '1s'", "`idle_time_between_reads` has no effect"),
        ("retrieval_mode = 'FANOUT'\nget_records_latency = '1s'", "`get_records_latency` has no effect"),
        ("push_latency = '1s'", "`push_latency` has no effect with `retrieval_mode = \"POLLING\"`"),
        ("retrieval_mode = 'PUSH'", "FANOUT"),
    ] {
        let told = model(&stopped(1, more)).expect_err(more);
        assert!(told.contains(said), "{more}: {told}");
    }
}
