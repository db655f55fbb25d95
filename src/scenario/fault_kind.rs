//! What a fault can do, and how it is written.

use crate::diagnostic::{clip, nearest};
use crate::facts::sqs;
use crate::site::{At, Site};
use crate::units::{Rate, Share};

/// The kinds of faults, as written.
pub const FAULT_KINDS: [&str; 11] =
    ["down", "hangs", "slow", "fails", "kill", "interrupt", "standby", "reboot", "crash", "redrive", "purge"];

/// Slower than this a redrive would not come to an end in any run.
const LEAST_REDRIVE_RATE: f64 = 0.001;

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// The node does nothing.
    Down,
    /// It stands still, and goes on where it was.
    Hangs,
    /// Its work takes longer.
    Slow {
        /// How many times as long; above zero.
        factor: f64,
    },
    /// Some of its requests fail.
    Fails {
        /// How large a part, from 0 to 1.
        share: f64,
    },
    /// Consumers vanish in the middle of their work.
    Kill {
        /// How many; nothing: all.
        count: Option<u32>,
    },
    /// Machines are taken away after a notice.
    Interrupt {
        /// How many; nothing: all.
        count: Option<u32>,
    },
    /// Machines go out of service, and come back at the end.
    Standby {
        /// How many; nothing: all.
        count: Option<u32>,
        /// Whether others are ordered for them.
        replaced: bool,
    },
    /// The node is rebooted, and is back when it is ready.
    Reboot,
    /// The node crashes, and is back when it is ready.
    Crash,
    /// The dead letters in it are sent back to where they came from.
    Redrive {
        /// Messages a second at most.
        rate: f64,
    },
    /// Everything in it is deleted.
    Purge,
}

impl FaultKind {
    /// As a scenario writes it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Hangs => "hangs",
            Self::Slow { .. } => "slow",
            Self::Fails { .. } => "fails",
            Self::Kill { .. } => "kill",
            Self::Interrupt { .. } => "interrupt",
            Self::Standby { .. } => "standby",
            Self::Reboot => "reboot",
            Self::Crash => "crash",
            Self::Redrive { .. } => "redrive",
            Self::Purge => "purge",
        }
    }

    /// Whether it happens in an instant.
    pub(super) const fn is_instant(self) -> bool {
        matches!(
            self,
            Self::Kill { .. }
                | Self::Interrupt { .. }
                | Self::Reboot
                | Self::Crash
                | Self::Redrive { .. }
                | Self::Purge
        )
    }
}

/// What the keys of a fault say that belong to its kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub factor: Option<At<f64>>,
    pub share: Option<At<Share>>,
    pub count: Option<At<u32>>,
    pub should_decrement_desired_capacity: Option<At<bool>>,
    pub rate: Option<At<Rate>>,
}

/// Checks them.
pub(super) fn kind(written: Option<At<String>>, keys: Keys, site: &mut Site<'_>) -> Option<FaultKind> {
    let Keys { factor, share, count, should_decrement_desired_capacity, rate } = keys;
    let span = written.as_ref().map(|kind| kind.span);
    let kind = site.required("kind", written)?;
    match kind.as_str() {
        "down" => Some(FaultKind::Down),
        "hangs" => Some(FaultKind::Hangs),
        "slow" => {
            let wrong = factor.filter(|at| !(at.value > 0.0 && at.value.is_finite()));
            let factor = site.required("factor", factor)?;
            if let Some(wrong) = wrong {
                site.error(wrong.span, "S031", format!("work cannot take {} times as long", wrong.value))
                    .label("must be above zero");
                return None;
            }
            Some(FaultKind::Slow { factor })
        }
        "reboot" => Some(FaultKind::Reboot),
        "crash" => Some(FaultKind::Crash),
        "redrive" => {
            let rates = Rate::per_second(LEAST_REDRIVE_RATE)..=sqs::REDRIVE_RATE_MAX.value;
            if !site.within("rate", rate.as_ref(), rates, &sqs::REDRIVE_RATE_MAX) {
                return None;
            }
            Some(FaultKind::Redrive { rate: site.or_fact("rate", rate, &sqs::REDRIVE_RATE).get() })
        }
        "purge" => Some(FaultKind::Purge),
        "standby" => standby(count, should_decrement_desired_capacity, site),
        "fails" => Some(FaultKind::Fails { share: site.required("share", share)?.get() }),
        "kill" | "interrupt" => {
            let kills = kind == "kill";
            if let Some(wrong) = count.filter(|at| at.value == 0) {
                let doing = if kills { "killing" } else { "interrupting" };
                site.error(wrong.span, "S031", format!("{doing} nobody is no fault")).label("must be at least 1");
                return None;
            }
            let count = site.optional("count", count);
            Some(if kills { FaultKind::Kill { count } } else { FaultKind::Interrupt { count } })
        }
        _ => {
            site.error(span?, "S013", format!("there is no fault `{}`", clip(&kind, 60)))
                .did_you_mean(nearest(&kind, FAULT_KINDS))
                .note(format!("faults: {}", FAULT_KINDS.join(", ")));
            None
        }
    }
}

fn standby(count: Option<At<u32>>, decrements: Option<At<bool>>, site: &mut Site<'_>) -> Option<FaultKind> {
    if let Some(wrong) = count.filter(|at| at.value == 0) {
        site.error(wrong.span, "S031", "nobody on standby is no change").label("must be at least 1");
        return None;
    }
    let count = site.optional("count", count);
    let why = "nothing is ordered for them; the API has no default";
    let decrements = site.or_default("should_decrement_desired_capacity", decrements, true, why);
    Some(FaultKind::Standby { count, replaced: !decrements })
}

/// What a chart writes beside it.
pub(super) fn label(node: &str, kind: FaultKind) -> String {
    let node = node.rsplit('.').next().unwrap_or(node);
    match kind {
        FaultKind::Down => format!("{node} down"),
        FaultKind::Hangs => format!("{node} hangs"),
        FaultKind::Slow { .. } => format!("{node} slow"),
        FaultKind::Fails { .. } => format!("{node} fails"),
        FaultKind::Kill { .. } => format!("{node} killed"),
        FaultKind::Interrupt { .. } => format!("{node} interrupted"),
        FaultKind::Standby { .. } => format!("{node} on standby"),
        FaultKind::Reboot => format!("{node} reboots"),
        FaultKind::Crash => format!("{node} crashes"),
        FaultKind::Redrive { .. } => format!("{node} redriven"),
        FaultKind::Purge => format!("{node} purged"),
    }
}
