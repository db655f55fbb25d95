//! The adaptive retry mode of the AWS SDKs: a client that is told to slow down sends less.
//!
//! Until the first such answer nothing is limited. Then each attempt takes a token, and the rate of the tokens follows a
//! cubic curve: cut by a factor when told to slow down, back to what it was fast, and slowly beyond it. It never is more than
//! twice the rate that the client measures (facts `http.sdk_send_*`).

use super::pool::Waiter;
use crate::engine::{SimDuration, SimTime};
use std::collections::VecDeque;

/// How such a client sets its rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendParameters {
    /// What is left of the rate when it is told to slow down.
    pub cut: f64,
    /// How fast the rate grows again.
    pub cubic: f64,
    /// How many times the measured rate it sends at most.
    pub measured_max: f64,
    /// The lowest rate, per second.
    pub min: f64,
    /// What part the newest measurement is.
    pub smoothing: f64,
    /// The time over which it measures.
    pub window: SimDuration,
}

/// A client that may send less.
#[derive(Debug, Clone)]
pub(super) struct SendRate {
    parameters: SendParameters,
    /// Whether it has been told to slow down -- state.
    is_limited: bool,
    /// Tokens: a second's, the most, those there are, and at which moment -- state.
    rate: f64,
    most: f64,
    tokens: f64,
    at: SimTime,
    /// The rate at which it was told last to slow down, when, and how long the curve needs back to it -- state.
    rate_then: f64,
    told: SimTime,
    back_in: f64,
    /// The measured rate, answers since then, and in which window that was -- state.
    measured: f64,
    answers: u32,
    window: u64,
    /// Who waits, and when an alarm is set -- state.
    waiting: VecDeque<Waiter>,
    alarm: Option<SimTime>,
}

/// What rounding may take from a token.
const ROUNDING: f64 = 1e-9;

impl SendRate {
    /// A client that has not been told anything.
    pub(super) fn new(parameters: SendParameters) -> Self {
        let min = parameters.min;
        let mut new = Self {
            parameters,
            is_limited: false,
            rate: min,
            most: 1.0,
            tokens: 0.0,
            at: SimTime::ZERO,
            rate_then: min,
            told: SimTime::ZERO,
            back_in: 0.0,
            measured: 0.0,
            answers: 0,
            window: 0,
            waiting: VecDeque::new(),
            alarm: None,
        };
        new.back_in = new.time_back();
        new
    }

    /// How long the curve needs back to the rate at which the client was told to slow down.
    fn time_back(&self) -> f64 {
        let SendParameters { cut, cubic, .. } = self.parameters;
        libm::cbrt(self.rate_then * (1.0 - cut) / cubic)
    }

    fn refill(&mut self, now: SimTime) {
        self.tokens = (self.tokens + self.rate * now.since(self.at).as_secs_f64()).min(self.most);
        self.at = now;
    }

    /// Whether an attempt may leave now; if so, it has taken its token.
    pub(super) fn takes(&mut self, now: SimTime) -> bool {
        if !self.is_limited {
            return true;
        }
        self.refill(now);
        let takes = self.waiting.is_empty() && self.tokens >= 1.0 - ROUNDING;
        if takes {
            self.tokens -= 1.0;
        }
        takes
    }

    /// An attempt waits for its token. Returns the time of an alarm, if one must be set.
    pub(super) fn wait(&mut self, now: SimTime, waiter: Waiter) -> Option<SimTime> {
        self.waiting.push_back(waiter);
        self.alarm(now)
    }

    /// The next that gets a token now.
    pub(super) fn next(&mut self, now: SimTime, is_waiting: impl Fn(Waiter) -> bool) -> Option<Waiter> {
        self.alarm = self.alarm.filter(|&at| at > now);
        self.refill(now);
        while self.waiting.front().is_some_and(|&first| !is_waiting(first)) {
            self.waiting.pop_front();
        }
        if self.tokens < 1.0 - ROUNDING {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.tokens -= 1.0;
        Some(next)
    }

    /// When there will be a token for who waits, if no alarm is set for then or before.
    pub(super) fn alarm(&mut self, now: SimTime) -> Option<SimTime> {
        if self.waiting.is_empty() {
            return None;
        }
        self.refill(now);
        let wait = SimDuration::from_secs_f64(((1.0 - self.tokens) / self.rate).max(0.0));
        // A nanosecond more: what is rounded down would ring for nothing.
        let at = now + wait + SimDuration::from_nanos(1);
        let is_new = self.alarm.is_none_or(|set| at < set);
        if is_new {
            self.alarm = Some(at);
        }
        is_new.then_some(at)
    }

    /// An attempt has ended, well or not; `throttled` tells the client to slow down.
    pub(super) fn answered(&mut self, now: SimTime, throttled: bool) {
        let SendParameters { cut, cubic, measured_max, min, .. } = self.parameters;
        let measured = self.measure(now);
        let new = if throttled {
            self.rate_then = if self.is_limited { measured.min(self.rate) } else { measured };
            self.told = now;
            self.back_in = self.time_back();
            self.is_limited = true;
            self.rate_then * cut
        } else {
            let since = now.since(self.told).as_secs_f64() - self.back_in;
            cubic * since * since * since + self.rate_then
        };
        self.refill(now);
        let new = new.min(measured_max * measured);
        self.rate = new.max(min);
        self.most = new.max(1.0);
        self.tokens = self.tokens.min(self.most);
    }

    /// One answer more: the rate of answers.
    fn measure(&mut self, now: SimTime) -> f64 {
        let SendParameters { smoothing, window, .. } = self.parameters;
        let current = now.as_nanos() / window.as_nanos().max(1);
        self.answers += 1;
        if current > self.window {
            #[allow(clippy::cast_precision_loss, reason = "windows of a run")]
            let newest = f64::from(self.answers) / ((current - self.window) as f64 * window.as_secs_f64());
            self.measured = newest * smoothing + self.measured * (1.0 - smoothing);
            self.answers = 0;
            self.window = current;
        }
        self.measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    /// A client that has been answered a hundred times a second for ten seconds.
    fn busy() -> SendRate {
        let (measured_max, window) = (2.0, SimDuration::from_millis(500));
        let mut client =
            SendRate::new(SendParameters { cut: 0.7, cubic: 0.4, measured_max, min: 0.5, smoothing: 0.8, window });
        (0..1000).for_each(|answer| client.answered(at(10 * answer), false));
        client
    }

    #[test]
    fn nothing_is_limited_before_the_first_answer_that_says_so() {
        let mut client = busy();
        assert!((0..1000).all(|_| client.takes(at(10_000))));
        client.answered(at(10_000), true);
        assert!((client.rate - 70.0).abs() < 1e-6, "{}", client.rate);
    }

    #[test]
    fn the_rate_comes_back_by_a_cubic_curve() {
        let mut client = busy();
        client.answered(at(10_000), true);
        // It needs the third root of 100 x 0.3 / 0.4 back to a hundred a second: 4.217 s.
        assert!((client.back_in - 4.217).abs() < 1e-3);
        let mut rates = Vec::new();
        for answer in 1..=800 {
            client.answered(at(10_000 + 10 * answer), false);
            rates.push(client.rate);
        }
        assert!((rates[420] - 100.0).abs() < 0.01, "{}", rates[420]);
        assert!(rates[100] < 95.0 && rates[799] > 110.0, "{} {}", rates[100], rates[799]);
        assert!(rates.windows(2).all(|pair| pair[1] >= pair[0]));
    }

    #[test]
    fn it_is_never_more_than_twice_what_is_measured_nor_less_than_the_least() {
        let mut client = busy();
        client.answered(at(10_000), true);
        client.answered(at(100_000), false);
        // One answer in ninety seconds, and a hundred a second before: that counts for a fifth.
        assert!((client.rate - 2.0 * (0.8 / 90.0 + 0.2 * 100.0)).abs() < 1e-9, "{}", client.rate);
        (0..50).for_each(|_| client.answered(at(100_000), true));
        assert!((client.rate - 0.5).abs() < 1e-9);
    }

    #[test]
    fn who_waits_goes_in_turn_as_tokens_come() {
        let mut client = busy();
        client.answered(at(10_000), true);
        (0..200).for_each(|_| {
            client.takes(at(10_000));
        });
        client.tokens = 0.0;
        assert!(!client.takes(at(10_000)));
        let first = client.wait(at(10_000), (1, 1)).expect("an alarm");
        assert_eq!(client.wait(at(10_000), (2, 2)), None, "one alarm for all");
        assert!((first.since(at(10_000)).as_secs_f64() - 1.0 / 70.0).abs() < 1e-6);
        assert_eq!(client.next(first, |(task, _)| task != 1), Some((2, 2)));
        assert_eq!(client.next(first, |_| true), None);
        assert_eq!(client.alarm(first), None, "nobody waits");
    }
}
