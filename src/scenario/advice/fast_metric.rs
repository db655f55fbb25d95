//! A measure that is taken more often than a queue tells it.

use super::Warnings;
use super::view::View;
use crate::facts::ec2;
use crate::units::Duration;

/// Warns when a group looks at its queue more often than the metrics of a queue are taken.
pub(super) fn give(view: &View<'_>, warnings: &mut Warnings<'_>) {
    for fleet in view.nodes() {
        let Some(period) = fleet.traits.scaling.and_then(|scaling| scaling.fast_metric) else { continue };
        let message = format!(
            "`{}` looks at its queue every {}, and a queue tells its numbers once a minute",
            fleet.name,
            Duration::from(period.value)
        );
        warnings
            .warn(period.span, message)
            .note("shorter periods are for metrics of your own that something publishes so often")
            .hint(format!("leave it out: it is {} then", ec2::METRIC_PERIOD.value));
    }
}
