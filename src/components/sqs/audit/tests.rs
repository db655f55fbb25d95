//! Histories that must not be, each told to a book that has to stop at it; and beside each one that may be.

use super::Event::{
    Buried, DeadLettered, Deduplicated, Deleted, Doubled, Expired, Hidden, Left, Purged, Received, Redriven, Repeated,
    Sent, SentBack, Shown, ShownAgain,
};
use super::book::{Book, Rules, Seen};
use super::ids::{Id, Text};
use super::{Cause, Event};
use crate::engine::{Kernel, MsgId, NewJob, NodeId, SimDuration, SimTime};

/// A consumer that says nothing of its own about visibility, and one that hides for ten seconds.
const WORKERS: NodeId = NodeId(1);
const HASTY: NodeId = NodeId(2);
const NOW: SimDuration = SimDuration::ZERO;

/// What happens to which message, at which second.
type History<'a> = &'a [(u64, usize, Event)];

const fn secs(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

const fn receive(receive: u16) -> Event {
    Received { by: WORKERS, receive, more: false }
}

const fn hide(seconds: u64) -> Event {
    Hidden { length: secs(seconds), granted: true }
}

/// A queue that hides for half a minute, keeps for an hour, and has a dead-letter queue after three receives.
fn standard() -> Rules {
    Rules {
        name: "jobs".to_owned(),
        is_fifo: false,
        visibility_timeout: secs(30),
        asked: vec![(HASTY, secs(10))],
        retention: Some(secs(3600)),
        max_receive_count: Some(3),
        in_flight_limit: 2,
        stale_deletes: false,
    }
}

fn fifo() -> Rules {
    Rules { is_fifo: true, ..standard() }
}

/// Some messages, as a kernel makes them.
fn messages() -> Vec<MsgId> {
    let mut kernel = Kernel::<()>::new(1, Vec::new());
    let job = NewJob { number: 0, work: SimDuration::ZERO, flow: 0, size: 1, key: 0 };
    (0..4).map(|_| kernel.create(NodeId(0), || job)).collect()
}

/// Tells a book a history: what it says to the last event, having said nothing before. Messages 0 to 2 are of one group
/// and say different things; message 3 is of another group and says what message 0 says.
fn told(rules: Rules, history: History<'_>) -> Option<String> {
    let messages = messages();
    let mut book = Book::new(rules);
    for (index, &(second, msg, event)) in history.iter().enumerate() {
        let now = SimTime::ZERO + secs(second);
        let (group, job) = (u32::from(msg == 3), msg as u64 % 3);
        let (receives, former) = match event {
            Buried => (3, 0),
            Redriven(_) => (3, 3),
            _ => (0, 0),
        };
        let seen = Seen { now, msg: messages[msg], job, group, sent: now, receives, former };
        let id = Id { says: Text::Job(job), within: None };
        let enter = std::panic::AssertUnwindSafe(|| book.enter(&seen, event, Some(id)));
        if let Err(panic) = std::panic::catch_unwind(enter) {
            let said = *panic.downcast::<String>().expect("a text");
            assert_eq!(index + 1, history.len(), "stopped too early: {said}");
            return Some(said);
        }
    }
    None
}

/// The history may be.
fn may(rules: Rules, history: History<'_>) {
    assert_eq!(told(rules, history), None);
}

/// The last event of the history must not be, and the book says why.
fn must_not(rules: Rules, history: History<'_>, why: &str) {
    let said = told(rules, history).unwrap_or_else(|| panic!("the book says nothing: {why}"));
    assert!(said.starts_with("the queue `jobs` at ") && said.contains(why), "`{why}` is not in: {said}");
}

#[test]
fn a_message_is_not_handed_out_while_it_is_hidden() {
    let came = [(0, 0, Sent(secs(10)))];
    must_not(standard(), &[came[0], (9, 0, Shown)], "its delay ends at 10 s");
    must_not(standard(), &[came[0], (9, 0, receive(1))], "received while hidden until 10 s");
    let received = [came[0], (10, 0, Shown), (10, 0, receive(1))];
    let and = |rest: History<'_>| [&received, rest].concat();
    may(standard(), &and(&[(40, 0, ShownAgain), (40, 0, receive(2))]));
    must_not(standard(), &and(&[(39, 0, receive(2))]), "received while hidden until 40 s");
    must_not(standard(), &and(&[(39, 0, ShownAgain)]), "hidden until 40 s");
    must_not(standard(), &and(&[(41, 0, ShownAgain)]), "hidden until 40 s");
    let hasty = Received { by: HASTY, receive: 1, more: false };
    may(standard(), &[(0, 0, Sent(NOW)), (0, 0, Shown), (0, 0, hasty), (10, 0, ShownAgain)]);
}

#[test]
fn a_change_of_visibility_counts_from_itself_and_for_this_receive_only() {
    let received = [(0, 0, Sent(NOW)), (0, 0, Shown), (0, 0, receive(1))];
    let and = |rest: History<'_>| [&received, rest].concat();
    may(standard(), &and(&[(15, 0, hide(10)), (25, 0, ShownAgain), (25, 0, receive(2)), (55, 0, ShownAgain)]));
    must_not(standard(), &and(&[(15, 0, hide(10)), (30, 0, ShownAgain)]), "hidden until 25 s");
    may(standard(), &and(&[(5, 0, hide(0)), (5, 0, ShownAgain)]));
    must_not(standard(), &and(&[(30, 0, ShownAgain), (31, 0, hide(10))]), "not in flight");
    let half_a_day = 12 * 3600;
    may(standard(), &and(&[(1, 0, hide(half_a_day - 1))]));
    must_not(standard(), &and(&[(1, 0, hide(half_a_day))]), "granted is true, allowed false");
    let refused = Hidden { length: secs(10), granted: false };
    must_not(standard(), &and(&[(1, 0, refused)]), "granted is false, allowed true");
}

#[test]
fn what_a_standard_queue_does_twice_has_to_be_declared() {
    let came = [(0, 0, Sent(NOW)), (0, 0, Shown)];
    let and = |rest: History<'_>| [&came, rest].concat();
    let missed = (0, 0, Doubled(Cause::MissedReceive));
    may(standard(), &and(&[missed, (0, 0, receive(1)), (0, 0, ShownAgain), (0, 0, receive(2))]));
    must_not(standard(), &and(&[missed, (0, 0, receive(1)), (1, 0, ShownAgain)]), "hidden until 30 s");
    must_not(fifo(), &and(&[missed]), "a FIFO queue does nothing twice");
    let deleted = [(0, 0, receive(1)), (9, 0, Deleted { receive: 1 }), (30, 0, ShownAgain)];
    must_not(standard(), &and(&deleted), "comes back after its delete");
    let kept = [&[(0, 0, Doubled(Cause::MissedDelete))], &deleted[..], &[(31, 0, receive(2)), (61, 0, ShownAgain)]];
    may(standard(), &and(&kept.concat()));
    must_not(standard(), &and(&[(0, 0, receive(1)), (1, 0, Repeated { by: WORKERS })]), "a receive is repeated");
    may(fifo(), &and(&[(0, 0, receive(1)), (1, 0, Repeated { by: WORKERS }), (31, 0, ShownAgain)]));
    must_not(fifo(), &and(&[(0, 0, receive(1)), (1, 0, hide(9)), (2, 0, Repeated { by: WORKERS })]), "is repeated");
}

#[test]
fn a_message_counts_its_receives_and_is_put_aside_after_the_last_of_them() {
    let once = [(0, 0, Sent(NOW)), (0, 0, Shown), (0, 0, receive(1)), (30, 0, ShownAgain)];
    let and = |rest: History<'_>| [&once, rest].concat();
    must_not(standard(), &and(&[(30, 0, receive(3))]), "receive 3 comes after 1");
    must_not(standard(), &and(&[(30, 0, receive(1))]), "receive 1 comes after 1");
    must_not(standard(), &and(&[(30, 0, DeadLettered)]), "does not follow");
    let thrice = and(&[(30, 0, receive(2)), (60, 0, ShownAgain), (60, 0, receive(3)), (90, 0, ShownAgain)]);
    let then = |rest: History<'_>| [&thrice, rest].concat();
    must_not(standard(), &then(&[(90, 0, receive(4))]), "received 4 times, 3 are allowed");
    // After a redrive it has three receives again, and no receipt that it has had before.
    let back = then(&[(90, 0, DeadLettered), (95, 0, Redriven(NOW)), (95, 0, Shown)]);
    let again = |rest: History<'_>| [&back, rest].concat();
    must_not(standard(), &again(&[(95, 0, receive(1))]), "receive 1 comes after 3");
    let lax = || Rules { stale_deletes: true, ..standard() };
    must_not(lax(), &again(&[(95, 0, Deleted { receive: 3 })]), "deleted with receipt 3");
    must_not(lax(), &again(&[(95, 0, receive(4)), (96, 0, Deleted { receive: 3 })]), "deleted with receipt 3");
    let twice = [(95, 0, receive(4)), (125, 0, ShownAgain), (125, 0, receive(5)), (155, 0, ShownAgain)];
    must_not(standard(), &again(&[&twice[..], &[(155, 0, DeadLettered)]].concat()), "does not follow");
    let thrice = [&twice[..], &[(155, 0, receive(6)), (185, 0, ShownAgain)]].concat();
    may(standard(), &again(&[&thrice[..], &[(185, 0, DeadLettered)]].concat()));
    must_not(standard(), &again(&[&thrice[..], &[(185, 0, receive(7))]].concat()), "received 4 times, 3 are allowed");
    // In the dead-letter queue the count goes on.
    let rules = || Rules { max_receive_count: None, ..standard() };
    may(rules(), &[(0, 0, Buried), (0, 0, Shown), (0, 0, receive(4))]);
    must_not(rules(), &[(0, 0, Buried), (0, 0, Shown), (0, 0, receive(1))], "receive 1 comes after 3");
}

#[test]
fn a_group_is_handed_out_in_order_and_one_batch_at_a_time() {
    let came = [0, 1, 2, 3].map(|msg| (0, msg, if msg == 3 { Buried } else { Sent(NOW) }));
    let shown = [0, 1, 2, 3].map(|msg| (0, msg, Shown));
    let all = [came, shown].concat();
    let rules = || Rules { in_flight_limit: 9, max_receive_count: None, ..fifo() };
    let and = |rest: History<'_>| [&all, rest].concat();
    let first = (1, 0, Received { by: WORKERS, receive: 1, more: true });
    may(rules(), &and(&[first, (1, 1, receive(1)), (1, 3, receive(4)), (2, 0, Deleted { receive: 1 })]));
    must_not(rules(), &and(&[(1, 1, receive(1))]), "received before an earlier message of group 0");
    must_not(rules(), &and(&[first, (1, 2, receive(1))]), "received before an earlier message of group 0");
    must_not(rules(), &and(&[(1, 0, receive(1)), (2, 1, receive(1))]), "another batch of group 0 is in flight");
    let gone = [(1, 0, receive(1)), (2, 0, Deleted { receive: 1 }), (2, 0, Left), (2, 1, receive(1))];
    may(rules(), &and(&gone));
    let back = [(1, 0, receive(1)), (31, 0, ShownAgain), (31, 1, receive(1))];
    must_not(rules(), &and(&back), "received before an earlier message of group 0");
    must_not(
        rules(),
        &and(&[(1, 0, receive(1)), (31, 0, ShownAgain), (31, 0, Deleted { receive: 1 })]),
        "after its time",
    );
    // A standard queue owes nobody any order.
    may(Rules { is_fifo: false, ..rules() }, &and(&[(1, 1, receive(1)), (1, 0, receive(1))]));
}

#[test]
fn an_id_is_taken_in_once_in_five_minutes() {
    let once = [(0, 0, Sent(NOW)), (0, 0, Shown), (0, 0, receive(1)), (5, 0, Deleted { receive: 1 }), (5, 0, Left)];
    let and = |rest: History<'_>| [&once, rest].concat();
    must_not(fifo(), &and(&[(299, 3, Sent(NOW))]), "taken in, but one with its id came");
    may(fifo(), &and(&[(299, 3, Deduplicated), (300, 3, Sent(NOW))]));
    must_not(fifo(), &and(&[(300, 3, Deduplicated)]), "none with its id came lately");
    must_not(fifo(), &and(&[(299, 1, Deduplicated)]), "none with its id came lately");
}

#[test]
fn nothing_leaves_without_a_reason_or_comes_twice() {
    let came = [(0, 0, Sent(NOW)), (0, 0, Shown)];
    let and = |rest: History<'_>| [&came, rest].concat();
    must_not(standard(), &and(&[(1, 0, Buried)]), "has been here all the time");
    must_not(standard(), &and(&[(1, 0, Left)]), "does not follow");
    must_not(standard(), &and(&[(3599, 0, Expired)]), "does not follow");
    may(standard(), &and(&[(3600, 0, Expired)]));
    must_not(standard(), &and(&[(3601, 0, receive(1))]), "received too late");
    must_not(standard(), &and(&[(1, 0, Purged), (2, 0, receive(1))]), "it is not here, but received");
    let received =
        and(&[(1, 0, receive(1)), (31, 0, ShownAgain), (31, 0, receive(2)), (32, 0, Deleted { receive: 1 })]);
    must_not(standard(), &received, "deleted with receipt 1, the newest is 2");
    may(Rules { stale_deletes: true, ..standard() }, &received);
    must_not(standard(), &and(&[(1, 0, receive(1)), (2, 0, SentBack)]), "does not follow");
}

#[test]
fn no_more_is_in_flight_than_may_be_and_the_gauges_show_it() {
    let one = |msg: usize| [(0, msg, Sent(NOW)), (0, msg, Shown), (0, msg, receive(1))];
    may(standard(), &[one(0), one(1)].concat());
    must_not(standard(), &[one(0), one(1), one(2)].concat(), "3 are in flight, 2 may be");
    let mut book = Book::new(standard());
    let seen =
        Seen { now: SimTime::ZERO, msg: messages()[0], job: 0, group: 0, sent: SimTime::ZERO, receives: 0, former: 0 };
    book.enter(&seen, Sent(secs(1)), None);
    book.compare([0, 0, 1], SimTime::ZERO);
    let compare = std::panic::catch_unwind(|| book.compare([1, 0, 0], SimTime::ZERO));
    assert!(compare.is_err());
}
