//! Like subscribers in lanes: each lane is a subscription of its own with so many members.

use super::Subscription;
use super::special::Special;
use super::subscriber::LANES;
use crate::engine::random::mix;

/// The same subscription in as many lanes as it needs; each has its own draws.
pub(super) fn lanes(first: &Subscription, most: u32) -> Vec<Subscription> {
    let count = first.members.min(most);
    let (each, rest) = (first.members / count, first.members % count);
    let lane = |lane: u32| {
        let mut subscription = first.clone();
        subscription.lane = lane;
        subscription.members = each + u32::from(lane < rest);
        if lane > 0 {
            subscription.salt = mix(first.salt.wrapping_add(lane.into()));
            if let Some(Special::Push(devices)) = subscription.special.as_deref_mut() {
                devices.salt = subscription.salt;
            }
        }
        subscription
    };
    (0..count).map(lane).collect()
}

/// Lanes for each of so many subscriptions that stand for many, so that together they are not too many.
pub(super) fn lanes_for(groups: usize) -> u32 {
    const ALL: u32 = 16_384;
    let groups = u32::try_from(groups).unwrap_or(u32::MAX).max(1);
    (ALL / groups).clamp(1, LANES)
}
