//! Who can be on the other side of a subscription. The protocol follows from the kind of the node, and decides what
//! success is, how a delivery is retried, and what may be said about it.

use crate::components::NodeSite;
use crate::facts::Fact;
use crate::facts::sns::{self, RetrySchedule};
use crate::site::At;
use std::fmt;

/// Who is on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A queue, managed by AWS: success is that it keeps the message.
    Queue,
    /// A function, managed by AWS: success is that the event was taken in, whatever the function then does.
    Function,
    /// A delivery stream, managed by AWS: success is that it accepts the record.
    Stream,
    /// A web endpoint: success is an answer of 2xx in time.
    Http,
    /// A mailbox: success is that the mail system accepts the e-mail.
    Email,
    /// A phone that gets text messages: success is that the carrier accepts them.
    Text,
    /// An app on a phone: success is that the push service accepts the notification.
    Push,
}

impl Protocol {
    /// The protocol for a kind of node.
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "sqs" => Self::Queue,
            "lambda" => Self::Function,
            "firehose" => Self::Stream,
            "email" => Self::Email,
            "sms" => Self::Text,
            "push" => Self::Push,
            _ => Self::Http,
        }
    }

    /// How the API calls it; the first is what is meant without a word.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Queue => &["sqs"],
            Self::Function => &["lambda"],
            Self::Stream => &["firehose"],
            Self::Http => &["https", "http"],
            Self::Email => &["email", "email-json"],
            Self::Text => &["sms"],
            Self::Push => &["application"],
        }
    }

    /// Whether AWS runs the endpoint, which then takes everything as it comes.
    pub(super) const fn is_managed(self) -> bool {
        matches!(self, Self::Queue | Self::Function | Self::Stream)
    }

    /// Whether the endpoint itself has to confirm the subscription.
    pub(super) const fn needs_confirmation(self) -> bool {
        matches!(self, Self::Http | Self::Email)
    }

    /// Whether a subscription may ask for the message alone.
    pub(super) const fn may_be_raw(self) -> bool {
        matches!(self, Self::Queue | Self::Stream | Self::Http)
    }

    /// The schedule of its retries, if that cannot be changed.
    pub(super) const fn retries(self) -> Option<&'static Fact<RetrySchedule>> {
        match self {
            Self::Queue | Self::Function | Self::Stream => Some(&sns::AWS_MANAGED_RETRIES),
            Self::Email | Self::Text | Self::Push => Some(&sns::CUSTOMER_MANAGED_RETRIES),
            Self::Http => None,
        }
    }

    /// Resolves `protocol`: says the variant, and whether the endpoint gets the JSON around a message.
    pub(super) fn build(self, written: Option<At<String>>, site: &mut NodeSite<'_, '_>) -> Option<bool> {
        let names = self.names();
        if let Some(at) = written.as_ref().filter(|at| !names.contains(&at.value.as_str())) {
            let message = format!("the protocol of {self} is not `{}`", at.value);
            site.site
                .error(at.span, "S035", message)
                .label(format!("must be `{}`", names.join("` or `")))
                .note("the kind of the node that subscribes decides the protocol")
                .hint("leave it out");
            return None;
        }
        let name = site.site.or_default("protocol", written, names[0].to_owned(), "by the kind of the node");
        Some(match self {
            Self::Queue | Self::Function | Self::Stream | Self::Http => true,
            Self::Email => name == "email-json",
            Self::Text | Self::Push => false,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "a queue",
            Self::Function => "a function",
            Self::Stream => "a delivery stream",
            Self::Http => "a web endpoint",
            Self::Email => "a mailbox",
            Self::Text => "a phone",
            Self::Push => "an app on a phone",
        })
    }
}
