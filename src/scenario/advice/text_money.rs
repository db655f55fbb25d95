//! Text messages that cost more than may be spent.

use super::Warnings;
use super::view::{View, figure};

/// Warns when the text messages of a run cost more than the account may spend on them.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        let Some(texts) = topic.traits.texts else { continue };
        let receivers: f64 = topic
            .traits
            .pushes
            .iter()
            .filter(|push| push.is_text)
            .map(|push| push.share * f64::from(push.members))
            .sum();
        // What is too long is not sent, and costs nothing.
        let parts: f64 = view
            .jobs(topic)
            .filter(|(flow, _)| flow.size.mean() <= f64::from(texts.max_bytes))
            .map(|(flow, jobs)| jobs * (flow.size.mean() / f64::from(texts.part_bytes)).ceil().max(1.0))
            .sum();
        let cost = receivers * parts * texts.price;
        if cost <= texts.limit.value {
            continue;
        }
        warnings
            .warn(
                texts.limit.span,
                format!("the text messages of `{}` cost ${}, and ${} may be spent", topic.name, figure(cost), texts.limit.value),
            )
            .note(format!(
                "{} parts at ${} each; when the money is spent sending stops, and what is left is lost",
                figure(receivers * parts),
                texts.price
            ))
            .hint("raise `sms_attributes = { monthly_spend_limit = ... }`, shorten the text, or filter so that few messages match");
    }
}
