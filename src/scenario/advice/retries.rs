//! Attempts that follow each other without a pause.

use super::Warnings;
use super::view::View;

/// From so many attempts on, a failure that lasts multiplies the load enough to keep itself alive.
const MANY: u64 = 3;

/// Warns of several attempts without a pause between them. Attempts of callers multiply: who is told that a call failed
/// calls again as well.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    let mut chains = vec![None; view.pipeline.plan.nodes.len()];
    for (index, caller) in view.nodes().enumerate() {
        for request in &caller.traits.requests {
            let attempts = request.attempts;
            if request.pauses || attempts.value < 2 {
                continue;
            }
            let mut chain = chain(index, view, &mut chains);
            chain.push((index, attempts.value));
            let load = product(&chain);
            if load < MANY {
                continue;
            }
            let name = |index: usize| view.pipeline.plan.nodes[index].name.as_str();
            let callee = name(request.to.index());
            let message = format!("`{}` tries {} times at once when `{callee}` fails", caller.name, attempts.value);
            let mut note = format!("while `{callee}` is slow or away, it gets {load} times the load");
            if chain.len() > 1 {
                let each = chain.iter().map(|&(node, attempts)| format!("{attempts} of `{}`", name(node)));
                note = format!("{note}: the attempts multiply, {}", each.collect::<Vec<_>>().join(" x "));
            }
            warnings
                .warn(attempts.span, message)
                .note(note)
                .hint("write `backoff = \"exponential\"` and `jitter = \"full\"`, as client libraries do");
        }
    }
}

/// Nodes that call one after the other, the first one first, each with its attempts at the next.
type Chain = Vec<(usize, u32)>;

fn product(chain: &Chain) -> u64 {
    chain.iter().fold(1, |product, &(_, attempts)| product.saturating_mul(attempts.into()))
}

/// Of the chains of calls that end at `node`, the one with the most attempts; a caller that tries once is not in it.
/// There is no way round in a circle of calls: that was checked.
fn chain(node: usize, view: &View<'_>, known: &mut Vec<Option<Chain>>) -> Chain {
    if let Some(chain) = &known[node] {
        return chain.clone();
    }
    let mut most = Chain::new();
    for (index, caller) in view.nodes().enumerate() {
        for request in caller.traits.requests.iter().filter(|request| request.calls && request.to.index() == node) {
            let mut candidate = chain(index, view, known);
            candidate.extend((request.attempts.value > 1).then_some((index, request.attempts.value)));
            if product(&candidate) > product(&most) {
                most = candidate;
            }
        }
    }
    known[node] = Some(most.clone());
    most
}
