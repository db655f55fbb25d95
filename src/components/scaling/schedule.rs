//! Scheduled actions: at a time that is known beforehand a group gets other sizes, whatever its measures say.
//!
//! Fact: `ec2.scheduled_actions_max`. An action that gives the group a size outside its limits by then is refused, as the
//! service refuses it; one that moves a limit past the size takes the size along.
//!
//! Simplified: it happens at its time, where the service may take up to two minutes. It is repeated after a time, where
//! the service has days of the week and hours.

use super::spec::{INSTANCES_MAX, Sizes};
use super::{Group, GroupAlarm, IsBusy, Timer};
use crate::components::context::Ctx;
use crate::components::traits::Moment;
use crate::engine::{SimDuration, SimTime};
use crate::facts::ec2;
use crate::site::{At, Site};
use crate::units::Duration;
use serde::Deserialize;

/// What a group is to be at a time.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ActionSpec {
    /// When, counted from the beginning of the run.
    start_time: Option<At<Duration>>,
    /// After which time it is repeated, again and again. Default: it is not.
    every: Option<At<Duration>>,
    /// From when on it is not repeated any more. Default: it is repeated until the run ends.
    end_time: Option<At<Duration>>,
    /// The fewest machines from then on. Default: as before.
    min_size: Option<At<u32>>,
    /// The most machines from then on. Default: as before.
    max_size: Option<At<u32>>,
    /// Machines that it is to have then. Default: as before, within its limits.
    desired_capacity: Option<At<u32>>,
}

/// What a group is to be at a time -- parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    /// When, and where that is written.
    at: At<SimDuration>,
    every: Option<SimDuration>,
    end: SimTime,
    min: Option<u32>,
    max: Option<u32>,
    desired: Option<u32>,
}

impl Action {
    /// The smallest, the largest and the desired size after it; none: it is refused.
    fn applied(&self, [min, max, desired]: [u32; 3]) -> Option<[u32; 3]> {
        let (min, max) = (self.min.unwrap_or(min), self.max.unwrap_or(max));
        if min > max || self.desired.is_some_and(|desired| !(min..=max).contains(&desired)) {
            return None;
        }
        Some([min, max, self.desired.unwrap_or(desired).clamp(min, max)])
    }

    /// When it comes in a run that lasts no longer than `horizon`; of what is repeated the first has a label.
    pub(super) fn moments(&self, group: &str, horizon: SimDuration) -> Vec<Moment> {
        let sizes = [("min", self.min), ("max", self.max), ("desired", self.desired)];
        let sizes = sizes.into_iter().filter_map(|(name, size)| Some(format!("{name} {}", size?)));
        let label = format!("{group} scheduled: {}", sizes.collect::<Vec<String>>().join(", "));
        let first = SimTime::ZERO + self.at.value;
        let end = self.end.min(SimTime::ZERO + horizon);
        let again = |at: &SimTime| self.every.map(|every| *at + every).filter(|next| *next < end);
        let times = std::iter::successors(Some(first), again).take(REPEATS_SHOWN);
        let moment = |(index, at)| Moment {
            at: At::new(at, self.at.span),
            label: if index == 0 { label.clone() } else { String::new() },
            what: "this action comes".to_owned(),
            is_for_newcomers: false,
        };
        times.enumerate().map(moment).collect()
    }

    /// Whether it can make a group grow that has no machines.
    pub(super) fn wakes(&self) -> bool {
        self.min.max(self.desired).is_some_and(|size| size > 0)
    }

    /// The most machines that it allows, if it says so.
    pub(super) const fn max(&self) -> Option<u32> {
        self.max
    }
}

/// More lines for one action would hide a chart.
const REPEATS_SHOWN: usize = 60;

/// The scheduled actions of a group of these sizes, in order of time.
pub(super) fn build(written: Option<&At<Vec<At<ActionSpec>>>>, sizes: Option<Sizes>, s: &mut Site<'_>) -> Vec<Action> {
    let Some(written) = written else { return Vec::new() };
    let most = ec2::SCHEDULED_ACTIONS_MAX.value;
    if written.value.len() > most as usize {
        s.error(written.span, "S030", format!("a group has at most {most} scheduled actions"))
            .note(ec2::SCHEDULED_ACTIONS_MAX.note);
    }
    let mut actions: Vec<At<Action>> = Vec::new();
    for (index, at) in written.value.iter().enumerate() {
        let mut part = s.item("scheduled_actions", index, at.span);
        let Some(action) = at.value.build(&mut part) else { continue };
        if actions.iter().any(|other| other.value.at.value == action.at.value) {
            s.error(at.span, "S035", "two scheduled actions of a group at the same time")
                .hint("write what both of them say into one of them");
        }
        actions.push(At::new(action, at.span));
    }
    actions.sort_by_key(|at| at.value.at.value);
    check(&actions, sizes, s);
    actions.into_iter().map(|at| at.value).collect()
}

/// Follows the sizes from action to action: one that would be refused the first time is a mistake.
fn check(actions: &[At<Action>], sizes: Option<Sizes>, s: &mut Site<'_>) {
    let Some(Sizes { min, max, desired, workers }) = sizes else { return };
    let mut now = [min, max, desired];
    for At { value: action, span } in actions {
        if let Some(max) = action.max.filter(|max| !Sizes::are_possible(*max, workers)) {
            s.error(*span, "S031", format!("a group cannot have {max} machines of {workers} workers each"))
                .label(format!("at most {INSTANCES_MAX} machines"));
        }
        let Some(next) = action.applied(now) else {
            let [min, max, _] = [action.min.unwrap_or(now[0]), action.max.unwrap_or(now[1]), 0];
            let told = s.error(*span, "S031", "the service refuses this action: its sizes do not fit together");
            if min > max {
                told.label(format!("`min_size` is {min} then, and `max_size` {max}"));
            } else {
                told.label(format!("`desired_capacity` must lie between {min} and {max} then"));
            }
            continue;
        };
        now = next;
    }
}

impl ActionSpec {
    fn build(self, s: &mut Site<'_>) -> Option<Action> {
        let errors = s.errors();
        let start = s.required("start_time", self.start_time);
        if self.min_size.is_none() && self.max_size.is_none() && self.desired_capacity.is_none() {
            let span = s.span();
            s.error(span, "S012", "a scheduled action without a size changes nothing")
                .hint("say `min_size`, `max_size` or `desired_capacity`");
        }
        if let Some(at) = self.every.filter(|at| at.value < ec2::SCHEDULED_ACTION_EVERY_MIN.value) {
            s.error(at.span, "S031", "an action is not repeated that often")
                .label(format!("must be at least {}", ec2::SCHEDULED_ACTION_EVERY_MIN.value));
        }
        match (self.end_time, self.every) {
            (Some(at), None) => {
                s.error(at.span, "S032", "`end_time` has no effect on an action that is not repeated")
                    .hint("leave it out, or say `every`");
            }
            (Some(at), Some(_)) if start.is_some_and(|start| at.value <= start) => {
                s.error(at.span, "S031", "the action ends before it begins");
            }
            _ => {}
        }
        let action = Action {
            at: At::new(start?.get(), self.start_time?.span),
            every: s.optional("every", self.every).map(Duration::get),
            end: s.optional("end_time", self.end_time).map_or(SimTime::MAX, |at| SimTime::ZERO + at.get()),
            min: s.optional("min_size", self.min_size),
            max: s.optional("max_size", self.max_size),
            desired: s.optional("desired_capacity", self.desired_capacity),
        };
        (s.errors() == errors).then_some(action)
    }
}

impl Group {
    /// Sets an alarm for each action.
    pub(super) fn plan<T: Timer>(&self, cx: &mut Ctx<'_, T>) {
        for (index, action) in (0..).zip(&self.schedule) {
            cx.alarm_after(action.at.value, T::from(GroupAlarm::Scheduled { index }));
        }
    }

    /// It is time for this action. It waits for no warm-up and for no pause.
    pub(super) fn act<T: Timer>(&mut self, index: u16, is_busy: IsBusy<'_>, cx: &mut Ctx<'_, T>) {
        let action = self.schedule[usize::from(index)];
        if let Some(every) = action.every.filter(|every| cx.now() + *every < action.end) {
            cx.alarm_after(every, T::from(GroupAlarm::Scheduled { index }));
        }
        let Some([min, max, desired]) = action.applied([self.min, self.max, self.desired]) else { return };
        (self.min, self.max) = (min, max);
        if let Some(pool) = &mut self.pool {
            pool.group_may_have(max);
        }
        let shrinks = desired < self.desired;
        self.desired = desired;
        if shrinks {
            self.at_once = true;
            self.take_away(is_busy, cx);
        }
        self.order(self.p.warmup, cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn a_chart_shows_every_time_and_names_the_first() {
        let minutes = |minutes: u64| SimDuration::from_secs(60 * minutes);
        let every = Some(minutes(10));
        let (min, max, desired) = (Some(2), None, Some(4));
        let action = Action { at: At::new(minutes(5), Span::default()), every, end: SimTime::MAX, min, max, desired };
        let shown = action.moments("crew", minutes(30));
        let times: Vec<SimTime> = [5, 15, 25].map(|at| SimTime::ZERO + minutes(at)).to_vec();
        assert_eq!(shown.iter().map(|moment| moment.at.value).collect::<Vec<_>>(), times);
        assert_eq!(shown[0].label, "crew scheduled: min 2, desired 4");
        assert!(shown[1..].iter().all(|moment| moment.label.is_empty()));
        let once = Action { every: None, ..action }.moments("crew", minutes(30));
        assert_eq!(once.len(), 1);
    }
}
