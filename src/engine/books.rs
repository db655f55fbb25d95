//! The books of the nodes: what came to each, what left it, and how often it reacted.

use super::signal::NodeId;
use super::time::SimTime;

/// An account for each node.
#[derive(Debug, Clone)]
pub(super) struct Books {
    accounts: Vec<Account>,
    /// Messages that came to nodes less those that left them since the last check. As narrow as the number of messages
    /// allows: next to another counter of its width both would be read at once, and the one that was just written waited for.
    moved: i32,
}

/// What is known of one node. The moments at which messages left, less those at which they came, give the time that they
/// spent inside. The integral of the node's own count over time gives the same, and up to `t` it is the count at `t` times
/// `t` less the sum over its changes of change times moment: Little's law as an identity in whole nanoseconds. All
/// arithmetic is modulo 2^64, which an identity does not mind.
#[derive(Debug, Clone, Default)]
struct Account {
    inside: u64,
    held: u64,
    /// The sum over the changes of the node's own count.
    changes: u64,
    reactions: u64,
}

/// Apart from the check, which is made after every reaction: what is only to be said would have to be in memory each time.
#[cold]
#[inline(never)]
fn broken(node: NodeId, holding: u64, held: u64, moved: i32, now: SimTime) -> ! {
    panic!(
        "ledger broken at {now}: {node:?} says it holds {holding} messages after {held} and {moved} more came than went"
    )
}

impl Books {
    pub(super) fn new(nodes: usize) -> Self {
        Self { accounts: vec![Account::default(); nodes], moved: 0 }
    }

    /// A message came to `node`.
    #[inline(always)]
    pub(super) fn enter(&mut self, node: NodeId, now: SimTime) {
        self.moved += 1;
        let account = &mut self.accounts[node.index()];
        account.inside = account.inside.wrapping_sub(now.as_nanos());
    }

    /// A message left `node`.
    #[inline(always)]
    pub(super) fn leave(&mut self, node: NodeId, now: SimTime) {
        self.moved -= 1;
        let account = &mut self.accounts[node.index()];
        account.inside = account.inside.wrapping_add(now.as_nanos());
    }

    /// Compares what `node` says it holds with what came and went. Called after every event of the node: nobody else
    /// moves messages during it.
    ///
    /// # Panics
    /// If a message was lost or made outside the ledger: an error in surgetank, never in a scenario.
    #[inline(always)]
    pub(super) fn check(&mut self, node: NodeId, holding: u64, now: SimTime) {
        let account = &mut self.accounts[node.index()];
        account.reactions += 1;
        let moved = i64::from(self.moved).cast_unsigned();
        if holding != account.held.wrapping_add(moved) {
            broken(node, holding, account.held, self.moved, now);
        }
        if self.moved != 0 {
            // By the assertion that is the change of its own count, too.
            account.changes = account.changes.wrapping_add(moved.wrapping_mul(now.as_nanos()));
            account.held = holding;
            self.moved = 0;
        }
    }

    /// How many messages each node holds.
    pub(super) fn held(&self) -> Vec<u64> {
        self.accounts.iter().map(|account| account.held).collect()
    }

    /// Holds Little's law as an identity up to `now`.
    ///
    /// # Panics
    /// If it does not hold to the nanosecond.
    pub(super) fn close(&self, now: SimTime) {
        for (index, account) in self.accounts.iter().enumerate() {
            let as_if_always = account.held.wrapping_mul(now.as_nanos());
            let inside = account.inside.wrapping_add(as_if_always);
            let area = as_if_always.wrapping_sub(account.changes);
            assert!(
                inside == area,
                "Little's law broken at node {index}: {inside} ns spent inside, {area} ns by its own count"
            );
        }
    }

    /// Reactions of all nodes.
    pub(super) fn reactions(&self) -> u64 {
        self.accounts.iter().map(|account| account.reactions).sum()
    }

    /// The node that reacted most often; the first of them.
    pub(super) fn busiest(&self) -> NodeId {
        let reactions = self.accounts.iter().map(|account| account.reactions);
        let most = (0_u16..).zip(reactions).max_by_key(|&(index, reactions)| (reactions, std::cmp::Reverse(index)));
        NodeId(most.map_or(0, |(index, _)| index))
    }
}
