use rand_distr::{Distribution, Exp1};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Instant;
use surgetank::components::sqs;
use surgetank::components::*;
use surgetank::components::{handler::*, latency::*, service::*, sqs::*, workers::*};
use surgetank::engine::random::*;
use surgetank::engine::*;
use surgetank::metrics::*;
use surgetank::scenario::PipelineWorld;
use surgetank::traffic::*;

fn exp(d: &mut Draws) -> f64 {
    let x: f64 = Exp1.sample(d);
    x
}

fn floor(servers: usize, load: f64, jobs: u64, seed: u64) -> f64 {
    let mut d = StreamKey::new(seed, 0).stream(1);
    let rate = load * servers as f64;
    let mut heap: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let mut queue: VecDeque<u64> = VecDeque::new();
    let mut busy = 0;
    let mut left = jobs;
    let mut seq = 0u32;
    let _ = &mut seq;
    let mut wait = 0u64;
    let mut done = 0u64;
    heap.push(Reverse(((exp(&mut d) / rate * 1e9) as u64, 0)));
    while let Some(Reverse((t, kind))) = heap.pop() {
        if kind == 0 {
            left -= 1;
            if left > 0 {
                heap.push(Reverse((t + (exp(&mut d) / rate * 1e9) as u64, 0)));
            }
            if busy < servers {
                busy += 1;
                heap.push(Reverse((t + (exp(&mut d) * 1e9) as u64, 1)));
            } else {
                queue.push_back(t);
            }
        } else {
            done += 1;
            if let Some(born) = queue.pop_front() {
                wait += t - born;
                heap.push(Reverse((t + (exp(&mut d) * 1e9) as u64, 1)));
            } else {
                busy -= 1;
            }
        }
    }
    assert_eq!(done, jobs);
    wait as f64 / jobs as f64
}

fn shared(cat: &Catalogue, losses: usize, nodes: usize, root: StreamKey) -> Shared {
    let works: Arc<[Work]> = vec![Work { name: "w".into(), time: Law::exponential(1.0).unwrap() }].into();
    let frame =
        Frame { step: SimDuration::from_secs(1000), warmup: SimTime::ZERO, objective: SimDuration::from_secs(10) };
    Shared {
        recorder: Recorder::new(cat, losses, &frame),
        works: Works::new(works, root),
        faults: vec![],
        keys: (0..nodes).map(|i| root.child(&format!("n{i}"))).collect(),
    }
}
fn flow(rate: f64) -> Arc<[Flow]> {
    vec![Flow {
        name: "f".into(),
        sources: vec![Source {
            name: "rate".into(),
            pattern: AnyPattern::Steady(Steady { rate, spacing: Spacing::Poisson }),
            size: None,
        }],
        size: Law::constant(2048.0).unwrap(),
        keys: None,
    }]
    .into()
}
fn run_nodes(mut nodes: Vec<AnyNode>, cat: &Catalogue, losses: usize, rate: f64, jobs: u64, seed: u64) -> (f64, u64) {
    let root = StreamKey::new(seed, 0);
    let mut sh = shared(cat, losses, nodes.len(), root);
    let until = SimTime::ZERO + SimDuration::from_secs_f64(jobs as f64 / rate);
    let mut kernel = Kernel::new(nodes.len(), vec![LossKind::Unfinished; losses]);
    for (i, n) in nodes.iter_mut().enumerate() {
        n.start(NodeId(i as u16), &mut kernel, &mut sh);
    }
    let mut go = |_| true;
    let mut w = PipelineWorld {
        nodes,
        shared: sh,
        arrivals: Arrivals::new(flow(rate), root, until),
        entries: vec![vec![Endpoint { node: NodeId(0), port: 0 }]],
        goes_on: &mut go,
    };
    let b = Bounds { duration: until, horizon: SimTime::MAX, events: u64::MAX, live: 100_000_000, lane: 10_000_000 };
    let f = surgetank::engine::run(&mut w, &mut kernel, &b, LossId(1));
    w.shared.recorder.finish(f.at);
    (w.shared.recorder.jobs.latency().mean().unwrap(), w.shared.recorder.jobs.sent())
}
fn mmc(servers: usize, load: f64, jobs: u64, seed: u64) -> (f64, u64) {
    let mut cat = Catalogue::default();
    let n = NodeId(0);
    let m = ServiceMetrics {
        busy: cat.gauge(n, "busy", "1"),
        waiting: cat.gauge(n, "w", "1"),
        served: cat.counter(n, "s", "1"),
        busy_time: cat.counter(n, "b", "s"),
        ghost_time: cat.counter(n, "g", "s"),
    };
    let l = ServiceLosses { queue_full: LossId(2), down: LossId(3), failing: LossId(4) };
    let s = Service::new(servers, usize::MAX, Latency::None, Handler::new(Some(WorkId(0)), vec![], None), l, m);
    run_nodes(vec![s.into()], &cat, 5, load * servers as f64, jobs, seed)
}
fn queued(servers: u32, load: f64, jobs: u64, seed: u64) -> (f64, u64) {
    let mut cat = Catalogue::default();
    let n = NodeId(0);
    let g = |cat: &mut Catalogue| cat.gauge(n, "x", "1");
    let visible = g(&mut cat);
    let in_flight = g(&mut cat);
    let delayed = g(&mut cat);
    let age_of_oldest = g(&mut cat);
    let busy = g(&mut cat);
    let prefetched = g(&mut cat);
    let c = |cat: &mut Catalogue| cat.counter(n, "x", "1");
    let m = SqsMetrics {
        visible,
        in_flight,
        delayed,
        age_of_oldest,
        sent: c(&mut cat),
        received: c(&mut cat),
        received_again: c(&mut cat),
        deleted: c(&mut cat),
        stale_deletes: c(&mut cat),
        empty_receives: c(&mut cat),
        throttled: c(&mut cat),
        deduplicated: c(&mut cat),
        dead_lettered: c(&mut cat),
        requests: c(&mut cat),
    };
    let p = SqsParameters {
        visibility_timeout: SimDuration::from_secs(30),
        message_retention_period: None,
        delay: SimDuration::ZERO,
        max_message_size: 1 << 20,
        in_flight_limit: 120_000,
        dead_letter: None,
        stale_handle_delete: StaleDelete::Ignored,
        answer: Latency::None,
    };
    let l = SqsLosses { throttled: LossId(2), too_large: LossId(3), expired: LossId(4), down: LossId(5) };
    let q = Sqs::new(p, l, m, sqs::Order::Standard(Hosts::new(10, 5)), SimDuration::from_secs(1000));
    let wm = WorkersMetrics {
        busy,
        prefetched,
        handled: c(&mut cat),
        failed: c(&mut cat),
        repeated: c(&mut cat),
        busy_time: c(&mut cat),
        repeated_time: c(&mut cat),
    };
    let wp = WorkersParameters {
        source: NodeId(0),
        count: servers,
        max_number_of_messages: 1,
        wait_ms: 20_000,
        pause_when_empty: SimDuration::ZERO,
        receive_latency: Latency::None,
        delete_latency: Latency::None,
        speed: 1.0,
    };
    let w = Workers::new(wp, wm, Handler::new(Some(WorkId(0)), vec![], None));
    run_nodes(vec![q.into(), w.into()], &cat, 6, load * servers as f64, jobs, seed)
}
fn time<R>(jobs: u64, mut f: impl FnMut(u64) -> R) -> f64 {
    let mut best = f64::MAX;
    for s in 0..12 {
        let t = Instant::now();
        std::hint::black_box(f(s));
        best = best.min(t.elapsed().as_secs_f64() / jobs as f64 * 1e9);
    }
    best
}
fn main() {
    if std::env::args().nth(1).as_deref() == Some("mm1") {
        for s in 0..40 {
            std::hint::black_box(mmc(1, 0.8, 200_000, s));
        }
        return;
    }
    let j = 200_000;
    let a = time(j, |s| floor(1, 0.8, j, s));
    let b = time(j, |s| mmc(1, 0.8, j, s));
    println!("M/M/1 floor {a:.1} ours {b:.1} ratio {:.2}  sojourn {:?}", b / a, mmc(1, 0.8, 1_000_000, 9));
    let a = time(j, |s| floor(50, 0.9, j, s));
    let b = time(j, |s| mmc(50, 0.9, j, s));
    println!("M/M/50 floor {a:.1} ours {b:.1} ratio {:.2} {:?}", b / a, mmc(50, 0.9, 1_000_000, 9));
    let b = time(j, |s| queued(50, 0.9, j, s));
    println!("queued {b:.1} ratio {:.2} {:?}", b / a, queued(50, 0.9, 1_000_000, 9));
}
