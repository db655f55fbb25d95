//! Advice about the meaning of a scenario: what can be run, but may not mean what its author thinks. Each piece is one
//! function in a file of its own and looks at what the nodes say about themselves ([`crate::components::Traits`]), so
//! that it holds for every service that says it.
//!
//! Advice never stops a run. A scenario that does on purpose what is warned of says so: `allow = ["A003"]` in `[run]`.

mod asleep;
mod batch_time;
mod cut_off;
mod dead_letters;
mod dead_retention;
mod drain;
mod fast_metric;
mod few_receives;
mod few_timeouts;
mod flood;
mod group_rate;
mod heartbeat;
mod held;
mod hopeless;
mod hot_group;
mod idle_work;
mod late_copy;
mod load;
mod loose_ends;
mod lost_members;
mod mail_rate;
mod no_letters;
mod nobody_left;
mod once_only;
mod over_polling;
mod patience;
mod prefetch;
mod raw_target;
mod retries;
mod sees_little;
mod shards;
mod short_polls;
mod text_length;
mod text_money;
mod timeout;
mod too_late;
mod too_many;
mod unkept;
mod unmoved;
mod unreachable;
mod view;
mod visibility;

use self::view::View;
use super::model::CaseModel;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::site::Resolution;

/// A piece of advice.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// Stable code, as in `allow = ["A003"]`.
    pub code: &'static str,
    /// What it warns of, in a line.
    pub about: &'static str,
    /// Looks at one design of one case.
    give: fn(&View<'_>, &mut Warnings<'_>),
}

/// All of them.
pub const ADVICE: &[Advice] = &[
    Advice { code: "A001", about: "a message comes back while it is still worked on", give: visibility::give },
    Advice { code: "A002", about: "more work comes than the servers can do", give: load::give },
    Advice { code: "A003", about: "a message that always fails is never put aside", give: dead_letters::give },
    Advice { code: "A004", about: "one message group needs more than one worker", give: hot_group::give },
    Advice { code: "A005", about: "a stream gets more than its shards take", give: shards::give },
    Advice { code: "A006", about: "a caller gives up while the work is still done", give: timeout::give },
    Advice { code: "A007", about: "retries without a pause multiply the load", give: retries::give },
    Advice { code: "A008", about: "the run ends before the last messages come back", give: drain::give },
    Advice { code: "A009", about: "a slow consumer holds messages that others could do", give: prefetch::give },
    Advice { code: "A010", about: "idle workers ask again and again", give: short_polls::give },
    Advice { code: "A011", about: "something is planned for when everything is over", give: too_late::give },
    Advice { code: "A012", about: "a broker takes back a message that is still worked on", give: held::give },
    Advice { code: "A013", about: "nobody fetches from a queue, or nothing comes to a node", give: loose_ends::give },
    Advice { code: "A014", about: "a fault is meant for more than there are", give: too_many::give },
    Advice { code: "A015", about: "no job can be done within the objective", give: unreachable::give },
    Advice { code: "A016", about: "a redrive finds no dead letters to send back", give: no_letters::give },
    Advice { code: "A017", about: "a kind of work that nobody does", give: idle_work::give },
    Advice { code: "A018", about: "faults leave nobody at a node", give: nobody_left::give },
    Advice {
        code: "A020",
        about: "a throttled batch of a function has no time to be tried again",
        give: few_timeouts::give,
    },
    Advice { code: "A021", about: "a few throttles make a dead letter of a message", give: few_receives::give },
    Advice { code: "A022", about: "pollers fetch more than their function may work on", give: over_polling::give },
    Advice { code: "A023", about: "a function is stopped before its work is done", give: batch_time::give },
    Advice { code: "A030", about: "more time for a message is asked for too late", give: heartbeat::give },
    Advice { code: "A031", about: "dead letters are gone before anybody looks at them", give: dead_retention::give },
    Advice { code: "A032", about: "one lost answer is enough to put a message aside", give: once_only::give },
    Advice { code: "A040", about: "e-mails come so fast that they are switched off", give: mail_rate::give },
    Advice { code: "A041", about: "what a topic cannot deliver is lost", give: unkept::give },
    Advice { code: "A042", about: "a topic pushes a spike to who cannot take it", give: flood::give },
    Advice { code: "A043", about: "text messages cost more than may be spent", give: text_money::give },
    Advice { code: "A044", about: "one message group is more than a FIFO topic takes", give: group_rate::give },
    Advice { code: "A045", about: "a message is too long for a text message", give: text_length::give },
    Advice { code: "A046", about: "some of many like subscribers are never reached", give: lost_members::give },
    Advice { code: "A050", about: "a group of machines never comes back from nothing", give: asleep::give },
    Advice { code: "A051", about: "a group of machines shrinks in the middle of the work", give: cut_off::give },
    Advice { code: "A052", about: "a group follows a target that more machines do not change", give: raw_target::give },
    Advice { code: "A053", about: "a launch hook gives up every new machine", give: hopeless::give },
    Advice { code: "A054", about: "a group of machines cannot change its size", give: unmoved::give },
    Advice { code: "A055", about: "a group looks at its queue more often than that tells", give: fast_metric::give },
    Advice { code: "A060", about: "a server's queue is longer than its callers are patient", give: patience::give },
    Advice { code: "A061", about: "a breaker never sees enough calls to judge", give: sees_little::give },
    Advice { code: "A062", about: "a second copy of a request comes when nobody waits", give: late_copy::give },
];

/// The codes of all advice.
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    ADVICE.iter().map(|advice| advice.code)
}

/// Where a piece of advice reports.
struct Warnings<'w> {
    code: &'static str,
    found: &'w mut Diagnostics,
}

impl Warnings<'_> {
    fn warn(&mut self, span: Span, message: String) -> &mut Diagnostic {
        self.found.warn(span, self.code, message)
    }
}

/// Tells what may be unwise in a case, but for what it allows.
pub(super) fn advise(case: &CaseModel, resolution: &Resolution, found: &mut Diagnostics) {
    for pipeline in &case.pipelines {
        let view = View::new(case, pipeline, resolution);
        for advice in ADVICE.iter().filter(|advice| case.run.allow.iter().all(|code| code != advice.code)) {
            (advice.give)(&view, &mut Warnings { code: advice.code, found });
        }
    }
}

/// Keeps the first warning of each kind at each place: two cases differ in figures, not in what there is to learn.
pub(super) fn once_each(found: &mut Diagnostics) {
    let mut told: Vec<(&str, Option<Span>)> = Vec::new();
    found.retain(|diagnostic| {
        let this = (diagnostic.code, diagnostic.span);
        let again = codes().any(|code| code == this.0) && told.contains(&this);
        told.push(this);
        !again
    });
}
