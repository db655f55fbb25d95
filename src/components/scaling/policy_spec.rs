//! What a scenario may say about a scaling policy.

use super::policy::{Adjustment, AdjustmentType, Alarm, Comparison, Metric, Policy, Rule, Step};
use crate::components::spec::words;
use crate::diagnostic::Span;
use crate::engine::SimDuration;
use crate::facts::ec2;
use crate::site::{At, Site, ToToml};
use crate::units::{Duration, Share};
use serde::Deserialize;

/// A scaling policy.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PolicySpec {
    /// What kind of policy it is.
    policy_type: Option<At<TypeSpec>>,
    /// What it looks at.
    metric: Option<At<MetricSpec>>,
    /// Target tracking: the value that the metric is kept near.
    target_value: Option<At<f64>>,
    /// Target tracking: whether it never takes machines away.
    disable_scale_in: Option<At<bool>>,
    /// Target tracking: measures in a row above the target before the group grows.
    scale_out_points: Option<At<u32>>,
    /// Target tracking: measures in a row below the target before the group shrinks.
    scale_in_points: Option<At<u32>>,
    /// Target tracking: how far below the target a measure must lie to count as below it.
    scale_in_margin: Option<At<Share>>,
    /// Step and simple: the value at which the alarm goes off.
    threshold: Option<At<f64>>,
    /// Step and simple: on which side of it.
    comparison_operator: Option<At<ComparisonSpec>>,
    /// Step and simple: for how many measures in a row.
    evaluation_periods: Option<At<u32>>,
    /// Step and simple: what the number of an adjustment means.
    adjustment_type: Option<At<AdjustmentTypeSpec>>,
    /// Step and simple: a change by per cent is at least so many machines.
    min_adjustment_magnitude: Option<At<u32>>,
    /// Step: what is done at which distance from the threshold.
    step_adjustments: Option<At<Vec<At<StepSpec>>>>,
    /// Simple: what is done.
    scaling_adjustment: Option<At<i32>>,
    /// Simple: the pause after that.
    cooldown: Option<At<Duration>>,
    /// Target tracking and step: how long the machines that it orders count as warming up.
    estimated_instance_warmup: Option<At<Duration>>,
}

/// One step: the distance of the metric from the threshold, and what is done then.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct StepSpec {
    /// From this distance on. Default: any below the upper one.
    metric_interval_lower_bound: Option<At<f64>>,
    /// Up to this distance. Default: any above the lower one.
    metric_interval_upper_bound: Option<At<f64>>,
    /// What is done.
    scaling_adjustment: Option<At<i32>>,
}

words! {
    /// What kind of policy it is.
    TypeSpec {
        /// Keeps a metric near a target.
        Tracking = "target_tracking_scaling",
        /// Acts by how far a metric is beyond a threshold.
        Step = "step_scaling",
        /// Does always the same, and then nothing for a while.
        Simple = "simple_scaling",
    }
}

words! {
    /// What a policy looks at.
    MetricSpec {
        /// Messages that wait, for each machine in service.
        BacklogPerInstance = "backlog_per_instance",
        /// Messages that wait or are worked on, for each machine in service.
        MessagesPerInstance = "messages_per_instance",
        /// Messages that wait.
        Visible = "visible_messages",
        /// Messages that wait or are worked on.
        All = "all_messages",
    }
}

words! {
    /// On which side of its threshold an alarm goes off.
    ComparisonSpec {
        /// Above it.
        Above = "greater_than_threshold",
        /// Above it or on it.
        AtOrAbove = "greater_than_or_equal_to_threshold",
        /// Below it.
        Below = "less_than_threshold",
        /// Below it or on it.
        AtOrBelow = "less_than_or_equal_to_threshold",
    }
}

words! {
    /// What the number of an adjustment means.
    AdjustmentTypeSpec {
        /// So many machines more, or fewer.
        Change = "change_in_capacity",
        /// Exactly so many machines.
        Exact = "exact_capacity",
        /// So many per cent more, or fewer.
        Percent = "percent_change_in_capacity",
    }
}

impl PolicySpec {
    /// Builds the policy. Machines that it orders warm up for as long as the group says, or else the policy, or else for
    /// the default cooldown; a simple policy knows only the cooldown.
    pub(super) fn build(self, group: Option<SimDuration>, cooldown: SimDuration, s: &mut Site<'_>) -> Option<Policy> {
        let errors = s.errors();
        let kind = s.required("policy_type", self.policy_type)?;
        self.refuse_others(kind, s);
        let (default, why) = match kind {
            TypeSpec::Tracking => (MetricSpec::BacklogPerInstance, "what the guide advises for a queue"),
            TypeSpec::Step | TypeSpec::Simple => (MetricSpec::Visible, "defined without any machine, too"),
        };
        let metric = s.or_default("metric", self.metric, default, why).metric();
        let warmups = Duration::from_secs(0)..=ec2::INSTANCE_WARMUP_MAX.value;
        let written = self.estimated_instance_warmup;
        s.within("estimated_instance_warmup", written.as_ref(), warmups, &ec2::INSTANCE_WARMUP_MAX);
        if let Some(at) = written.filter(|_| group.is_some()) {
            s.error(at.span, "S032", "`estimated_instance_warmup` has no effect with `default_instance_warmup`")
                .hint("say it once, for the group or for its policies");
        }
        let own = s.optional("estimated_instance_warmup", written).map(Duration::get);
        let rule = match kind {
            TypeSpec::Tracking => self.tracking(s),
            TypeSpec::Step => self.steps(s),
            TypeSpec::Simple => self.simple(cooldown, s),
        };
        let warmup = match kind {
            TypeSpec::Simple => group.unwrap_or(SimDuration::ZERO),
            TypeSpec::Tracking | TypeSpec::Step => group.or(own).unwrap_or(cooldown),
        };
        (s.errors() == errors).then_some(Policy { metric, rule: rule?, warmup })
    }

    fn tracking(&self, s: &mut Site<'_>) -> Option<Rule> {
        let target = s.required("target_value", self.target_value);
        if let Some(at) = self.target_value.filter(|at| !(at.value > 0.0 && at.value.is_finite())) {
            s.error(at.span, "S031", "`target_value` is positive").hint(
                "messages for each machine: the time a job may take, divided by the work of one on all its workers",
            );
        }
        let target = target?;
        let out = s.or_fact("scale_out_points", self.scale_out_points, &ec2::SCALE_OUT_POINTS);
        let stays = s.or_default("disable_scale_in", self.disable_scale_in, false, "as the API has it");
        let high = Alarm::new(Comparison::Above, target, out);
        at_least_one("scale_out_points", self.scale_out_points, s);
        if stays {
            for (key, span) in [
                ("scale_in_points", self.scale_in_points.map(|at| at.span)),
                ("scale_in_margin", self.scale_in_margin.map(|at| at.span)),
            ] {
                if let Some(span) = span {
                    s.error(span, "S032", format!("`{key}` has no effect with `disable_scale_in`"))
                        .hint("leave it out");
                }
            }
            return Some(Rule::Tracking { target, high, low: None });
        }
        let into = s.or_fact("scale_in_points", self.scale_in_points, &ec2::SCALE_IN_POINTS);
        at_least_one("scale_in_points", self.scale_in_points, s);
        let margin = s.or_fact("scale_in_margin", self.scale_in_margin, &ec2::SCALE_IN_MARGIN).get();
        let low = Some(Alarm::new(Comparison::Below, target * (1.0 - margin), into));
        Some(Rule::Tracking { target, high, low })
    }

    fn alarm(&self, s: &mut Site<'_>) -> Option<(Alarm, Comparison)> {
        let threshold = s.required("threshold", self.threshold);
        if let Some(at) = self.threshold.filter(|at| !at.value.is_finite()) {
            s.error(at.span, "S031", "`threshold` is a number");
        }
        let why = "too much makes a group grow";
        let comparison =
            s.or_default("comparison_operator", self.comparison_operator, ComparisonSpec::AtOrAbove, why).comparison();
        let periods = s.or_default("evaluation_periods", self.evaluation_periods, 1, "it acts on the first");
        at_least_one("evaluation_periods", self.evaluation_periods, s);
        Some((Alarm::new(comparison, threshold?, periods), comparison))
    }

    /// How an adjustment is meant, its amount left open.
    fn adjustment(&self, s: &mut Site<'_>) -> Adjustment {
        let why = "so many more, or fewer";
        let kind = s.or_default("adjustment_type", self.adjustment_type, AdjustmentTypeSpec::Change, why);
        let is_percent = kind == AdjustmentTypeSpec::Percent;
        if let Some(at) = self.min_adjustment_magnitude.filter(|_| !is_percent) {
            s.error(at.span, "S032", "`min_adjustment_magnitude` has no effect but on a change by per cent")
                .hint("leave it out");
        }
        let at_least = s.optional("min_adjustment_magnitude", self.min_adjustment_magnitude).unwrap_or(0);
        Adjustment { kind: kind.kind(), amount: 0, at_least }
    }

    fn steps(&self, s: &mut Site<'_>) -> Option<Rule> {
        let (alarm, _) = self.alarm(s)?;
        let adjustment = self.adjustment(s);
        let written = self.step_adjustments.as_ref().map_or(&[][..], |at| &at.value);
        if written.is_empty() {
            let span = self.step_adjustments.as_ref().map_or(s.span(), |at| at.span);
            s.error(span, "S012", "a step policy needs `step_adjustments`").hint(
                "for instance `step_adjustments = [{ metric_interval_lower_bound = 0, scaling_adjustment = 1 }]`",
            );
        }
        let most = ec2::STEP_ADJUSTMENTS_MAX.value;
        if let Some(at) = self.step_adjustments.as_ref().filter(|at| at.value.len() > most as usize) {
            s.error(at.span, "S030", format!("a step policy has at most {most} steps"))
                .note(ec2::STEP_ADJUSTMENTS_MAX.note);
        }
        let mut steps: Vec<Step> = Vec::new();
        for (index, at) in written.iter().enumerate() {
            let mut part = s.item("step_adjustments", index, at.span);
            let Some(step) = at.value.build(adjustment, &mut part) else { continue };
            if steps.iter().any(|other| step.lower < other.upper && other.lower < step.upper) {
                s.error(at.span, "S035", "two steps are for the same distance from the threshold")
                    .hint("let one end where the next begins");
            }
            steps.push(step);
        }
        Some(Rule::Steps { alarm, steps })
    }

    fn simple(&self, default: SimDuration, s: &mut Site<'_>) -> Option<Rule> {
        let alarm = self.alarm(s);
        let adjustment = self.adjustment(s);
        let amount = s.required("scaling_adjustment", self.scaling_adjustment);
        let amount = amount?;
        if let Some(at) = self.scaling_adjustment {
            check_amount(adjustment, at, s);
        }
        let cooldown = s.or_default("cooldown", self.cooldown, Duration::from(default), "that of the group").get();
        Some(Rule::Simple { alarm: alarm?.0, adjustment: Adjustment { amount, ..adjustment }, cooldown })
    }

    /// Keys of another kind of policy would be ignored, so they are errors.
    fn refuse_others(&self, kind: TypeSpec, s: &mut Site<'_>) {
        use TypeSpec::{Simple, Step, Tracking};
        let keys: [(&str, Option<Span>, &[TypeSpec]); 14] = [
            ("target_value", self.target_value.map(|at| at.span), &[Tracking]),
            ("disable_scale_in", self.disable_scale_in.map(|at| at.span), &[Tracking]),
            ("scale_out_points", self.scale_out_points.map(|at| at.span), &[Tracking]),
            ("scale_in_points", self.scale_in_points.map(|at| at.span), &[Tracking]),
            ("scale_in_margin", self.scale_in_margin.map(|at| at.span), &[Tracking]),
            ("threshold", self.threshold.map(|at| at.span), &[Step, Simple]),
            ("comparison_operator", self.comparison_operator.map(|at| at.span), &[Step, Simple]),
            ("evaluation_periods", self.evaluation_periods.map(|at| at.span), &[Step, Simple]),
            ("adjustment_type", self.adjustment_type.map(|at| at.span), &[Step, Simple]),
            ("min_adjustment_magnitude", self.min_adjustment_magnitude.map(|at| at.span), &[Step, Simple]),
            ("step_adjustments", self.step_adjustments.as_ref().map(|at| at.span), &[Step]),
            ("scaling_adjustment", self.scaling_adjustment.map(|at| at.span), &[Simple]),
            ("cooldown", self.cooldown.map(|at| at.span), &[Simple]),
            ("estimated_instance_warmup", self.estimated_instance_warmup.map(|at| at.span), &[Tracking, Step]),
        ];
        for (key, at, kinds) in keys {
            if let Some(at) = at.filter(|_| !kinds.contains(&kind)) {
                let words: Vec<String> = kinds.iter().map(ToToml::to_toml).collect();
                s.error(at, "S032", format!("`{key}` means nothing for a policy of this type"))
                    .label(format!("only for {}", words.join(" and ")));
            }
        }
    }
}

impl StepSpec {
    fn build(&self, adjustment: Adjustment, s: &mut Site<'_>) -> Option<Step> {
        let bound = |key: &str, written, open, s: &mut Site<'_>| s.optional(key, written).unwrap_or(open);
        let lower = bound("metric_interval_lower_bound", self.metric_interval_lower_bound, f64::NEG_INFINITY, s);
        let upper = bound("metric_interval_upper_bound", self.metric_interval_upper_bound, f64::INFINITY, s);
        if lower.is_nan() || upper.is_nan() || lower >= upper {
            let span = self.metric_interval_upper_bound.or(self.metric_interval_lower_bound);
            s.error(span.map_or(s.span(), |at| at.span), "S031", "the step ends before it begins");
            return None;
        }
        let amount = s.required("scaling_adjustment", self.scaling_adjustment)?;
        if let Some(at) = self.scaling_adjustment {
            check_amount(adjustment, at, s);
        }
        Some(Step { lower, upper, adjustment: Adjustment { amount, ..adjustment } })
    }
}

/// An exact size cannot be negative.
fn check_amount(adjustment: Adjustment, at: At<i32>, s: &mut Site<'_>) {
    if adjustment.kind == AdjustmentType::Exact && at.value < 0 {
        s.error(at.span, "S031", format!("a group cannot have exactly {} machines", at.value));
    }
}

fn at_least_one(key: &str, written: Option<At<u32>>, s: &mut Site<'_>) {
    if let Some(at) = written.filter(|at| at.value == 0) {
        s.error(at.span, "S031", format!("`{key}` is at least 1"));
    }
}

impl MetricSpec {
    const fn metric(self) -> Metric {
        Metric {
            counts_held: matches!(self, Self::MessagesPerInstance | Self::All),
            is_per_instance: matches!(self, Self::BacklogPerInstance | Self::MessagesPerInstance),
        }
    }
}

impl ComparisonSpec {
    const fn comparison(self) -> Comparison {
        match self {
            Self::Above => Comparison::Above,
            Self::AtOrAbove => Comparison::AtOrAbove,
            Self::Below => Comparison::Below,
            Self::AtOrBelow => Comparison::AtOrBelow,
        }
    }
}

impl AdjustmentTypeSpec {
    const fn kind(self) -> AdjustmentType {
        match self {
            Self::Change => AdjustmentType::Change,
            Self::Exact => AdjustmentType::Exact,
            Self::Percent => AdjustmentType::Percent,
        }
    }
}
