//! The floors: the same queueing systems written by hand for nothing but speed, with the standard library's heap and
//! nothing recorded but what keeps the optimiser honest.

use rand_distr::{Distribution, Exp1};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use surgetank::engine::random::{Draws, StreamKey};

/// Events by time; ties in the order of scheduling.
struct Events<E> {
    heap: BinaryHeap<Reverse<(u64, u64, E)>>,
    sequence: u64,
}

impl<E: Ord> Events<E> {
    fn new() -> Self {
        Self { heap: BinaryHeap::new(), sequence: 0 }
    }

    fn push(&mut self, time: u64, event: E) {
        self.sequence += 1;
        self.heap.push(Reverse((time, self.sequence, event)));
    }

    fn pop(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|Reverse((time, _, event))| (time, event))
    }
}

fn exponential(draws: &mut Draws, mean: f64) -> u64 {
    let unit: f64 = Exp1.sample(draws);
    (unit * mean * 1e9) as u64
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Queueing {
    Arrival,
    Departure,
}

/// M/M/c with mean service of one second: the sum of all waits.
pub fn mmc(servers: u32, load: f64, jobs: u64, seed: u64) -> u64 {
    let mut draws = StreamKey::new(seed, 0).stream(0);
    let gap = 1.0 / (load * f64::from(servers));
    let mut events = Events::new();
    let mut queue: VecDeque<u64> = VecDeque::new();
    let (mut busy, mut left, mut waited) = (0, jobs, 0);
    events.push(exponential(&mut draws, gap), Queueing::Arrival);
    while let Some((now, event)) = events.pop() {
        match event {
            Queueing::Arrival => {
                left -= 1;
                if left > 0 {
                    events.push(now + exponential(&mut draws, gap), Queueing::Arrival);
                }
                if busy < servers {
                    busy += 1;
                    events.push(now + exponential(&mut draws, 1.0), Queueing::Departure);
                } else {
                    queue.push_back(now);
                }
            }
            Queueing::Departure => match queue.pop_front() {
                Some(arrived) => {
                    waited += now - arrived;
                    events.push(now + exponential(&mut draws, 1.0), Queueing::Departure);
                }
                None => busy -= 1,
            },
        }
    }
    waited
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum FanOut {
    Arrival,
    Departure(usize),
}

/// One stream into ten queues with two servers each, mean service of one second: the sum of all waits.
pub fn fan_out(queues: usize, servers: u32, load: f64, jobs: u64, seed: u64) -> u64 {
    let mut draws = StreamKey::new(seed, 0).stream(0);
    let gap = 1.0 / (load * f64::from(servers));
    let mut events = Events::new();
    let mut waiting: Vec<VecDeque<u64>> = vec![VecDeque::new(); queues];
    let mut busy = vec![0; queues];
    let (mut left, mut waited) = (jobs, 0);
    events.push(exponential(&mut draws, gap), FanOut::Arrival);
    while let Some((now, event)) = events.pop() {
        match event {
            FanOut::Arrival => {
                left -= 1;
                if left > 0 {
                    events.push(now + exponential(&mut draws, gap), FanOut::Arrival);
                }
                for queue in 0..queues {
                    if busy[queue] < servers {
                        busy[queue] += 1;
                        events.push(now + exponential(&mut draws, 1.0), FanOut::Departure(queue));
                    } else {
                        waiting[queue].push_back(now);
                    }
                }
            }
            FanOut::Departure(queue) => match waiting[queue].pop_front() {
                Some(arrived) => {
                    waited += now - arrived;
                    events.push(now + exponential(&mut draws, 1.0), FanOut::Departure(queue));
                }
                None => busy[queue] -= 1,
            },
        }
    }
    waited
}

/// A chain of three services, each with its slots, by hand.
pub mod chain {
    use super::{Draws, Events, StreamKey, exponential};
    use std::collections::VecDeque;

    const TIERS: usize = 3;

    /// What the chain is made of.
    #[derive(Clone, Copy)]
    pub struct Chain {
        /// Slots of each tier.
        pub slots: [usize; TIERS],
        /// Mean work of each tier in seconds.
        pub work: [f64; TIERS],
        /// How long a caller waits, in seconds.
        pub timeout: f64,
        /// Attempts in all.
        pub attempts: u32,
        /// First pause in seconds; doubled each time, full jitter.
        pub base: f64,
        /// Requests per second.
        pub rate: f64,
    }

    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Event {
        Arrival,
        /// The work of a request at its tier is done.
        Worked(usize),
        /// The attempt of a request to its callee has waited long enough.
        Timeout(usize, u32),
        /// The pause of a request is over.
        Paused(usize, u32),
    }

    /// A request at a tier.
    struct Request {
        tier: usize,
        /// Who waits for the answer, and which attempt of its it is.
        caller: Option<(usize, u32)>,
        /// Number of the attempt that it waits for.
        attempt: u32,
        tries: u32,
    }

    struct State {
        chain: Chain,
        draws: Draws,
        events: Events<Event>,
        requests: Vec<Request>,
        free: Vec<usize>,
        busy: [usize; TIERS],
        waiting: [VecDeque<usize>; TIERS],
        attempts: u32,
        answered: u64,
        failed: u64,
    }

    /// Runs `jobs` requests: answered and failed.
    pub fn run(chain: Chain, jobs: u64, seed: u64) -> (u64, u64) {
        let mut state = State {
            chain,
            draws: StreamKey::new(seed, 0).stream(0),
            events: Events::new(),
            requests: Vec::new(),
            free: Vec::new(),
            busy: [0; TIERS],
            waiting: Default::default(),
            attempts: 0,
            answered: 0,
            failed: 0,
        };
        let gap = 1.0 / chain.rate;
        let mut left = jobs;
        let first = exponential(&mut state.draws, gap);
        state.events.push(first, Event::Arrival);
        while let Some((now, event)) = state.events.pop() {
            match event {
                Event::Arrival => {
                    left -= 1;
                    if left > 0 {
                        let next = now + exponential(&mut state.draws, gap);
                        state.events.push(next, Event::Arrival);
                    }
                    state.enter(0, None, now);
                }
                Event::Worked(request) => state.worked(request, now),
                Event::Timeout(request, attempt) => {
                    if state.requests[request].attempt == attempt {
                        state.attempt_failed(request, now);
                    }
                }
                Event::Paused(request, attempt) => {
                    if state.requests[request].attempt == attempt {
                        state.call(request, now);
                    }
                }
            }
        }
        (state.answered, state.failed)
    }

    impl State {
        fn enter(&mut self, tier: usize, caller: Option<(usize, u32)>, now: u64) {
            let request = Request { tier, caller, attempt: 0, tries: 0 };
            let id = match self.free.pop() {
                Some(id) => {
                    self.requests[id] = request;
                    id
                }
                None => {
                    self.requests.push(request);
                    self.requests.len() - 1
                }
            };
            if self.busy[tier] < self.chain.slots[tier] {
                self.begin(id, now);
            } else {
                self.waiting[tier].push_back(id);
            }
        }

        fn begin(&mut self, id: usize, now: u64) {
            let tier = self.requests[id].tier;
            self.busy[tier] += 1;
            let work = exponential(&mut self.draws, self.chain.work[tier]);
            self.events.push(now + work, Event::Worked(id));
        }

        fn worked(&mut self, id: usize, now: u64) {
            if self.requests[id].tier + 1 < TIERS { self.call(id, now) } else { self.end(id, true, now) }
        }

        fn call(&mut self, id: usize, now: u64) {
            self.attempts += 1;
            let attempt = self.attempts;
            let request = &mut self.requests[id];
            request.attempt = attempt;
            request.tries += 1;
            let tier = request.tier + 1;
            self.events.push(now + (self.chain.timeout * 1e9) as u64, Event::Timeout(id, attempt));
            self.enter(tier, Some((id, attempt)), now);
        }

        fn attempt_failed(&mut self, id: usize, now: u64) {
            let tries = self.requests[id].tries;
            if tries >= self.chain.attempts {
                return self.end(id, false, now);
            }
            self.attempts += 1;
            self.requests[id].attempt = self.attempts;
            let pause = self.chain.base * f64::from(1_u32 << (tries - 1)) * self.draws.uniform();
            self.events.push(now + (pause * 1e9) as u64, Event::Paused(id, self.attempts));
        }

        fn end(&mut self, id: usize, good: bool, now: u64) {
            let Request { tier, caller, .. } = self.requests[id];
            self.requests[id].attempt = 0;
            self.free.push(id);
            self.busy[tier] -= 1;
            if let Some(next) = self.waiting[tier].pop_front() {
                self.begin(next, now);
            }
            match caller {
                None if good => self.answered += 1,
                None => self.failed += 1,
                Some((caller, attempt)) if self.requests[caller].attempt == attempt => {
                    if good {
                        self.end(caller, true, now);
                    } else {
                        self.attempt_failed(caller, now);
                    }
                }
                Some(_) => {}
            }
        }
    }
}
