//! Text messages that are too long to be sent.

use super::Warnings;
use super::view::{View, figure};
use crate::facts::sns::endpoints;
use crate::units::Bytes;

/// The part of the messages up to which a size is not looked at.
const MOST: f64 = 0.99;

/// Warns when messages are larger than the longest text message: these are lost.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for topic in view.nodes() {
        let Some(texts) = topic.traits.texts else { continue };
        let Some(push) = topic.traits.pushes.iter().find(|push| push.is_text) else { continue };
        let longest = f64::from(texts.max_bytes);
        let is_long = |(flow, jobs): &(&crate::traffic::Flow, f64)| *jobs > 0.0 && flow.size.quantile(MOST) > longest;
        let Some((flow, _)) = view.jobs(topic).find(is_long) else { continue };
        let most = &endpoints::SMS_CHARACTERS_MAX;
        let how_many = if flow.size.quantile(0.5) > longest { "most" } else { "some" };
        warnings
            .warn(
                push.to.span,
                format!("{how_many} messages of `{}` are too long for the text messages of `{}`", flow.name, view.name(push.to.value)),
            )
            .note(format!(
                "a text message has at most {} characters, here {}; a message of `{}` has {} bytes on average, and what is \
                 longer is lost (fact {}; {}; read {})",
                most.value,
                Bytes::new(texts.max_bytes.into()),
                flow.name,
                figure(flow.size.mean()),
                most.name,
                most.source,
                most.read
            ))
            .hint(format!("shorten it: `size = \"160B\"` in `[traffic.{}]` is one part in Latin letters", flow.name));
    }
}
