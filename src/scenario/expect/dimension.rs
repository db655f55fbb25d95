//! What may be compared with, added to and divided by what: a time with a time, never with a plain number.

use crate::units::Dimension;

/// What a figure measures, by the unit at the end of its name.
pub(super) fn of_metric(name: &str) -> Dimension {
    for (suffix, dimension) in [
        ("_per_s", Dimension::Frequency),
        ("_s", Dimension::Time),
        ("_share", Dimension::Fraction),
        ("_bytes", Dimension::Data),
    ] {
        if name.ends_with(suffix) {
            return dimension;
        }
    }
    Dimension::Number
}

/// The units that the name of a metric may end with, and that an expectation may leave out.
pub(super) const SUFFIXES: [&str; 5] = ["_s", "_share", "_bytes", "_per_s", "_usd"];

/// With its article, for messages.
pub(super) fn noun(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Number => "a plain number",
        Dimension::Time => "a time",
        Dimension::Data => "an amount of data",
        Dimension::Frequency => "a rate",
        Dimension::Fraction => "a share",
    }
}

/// Whether two things measure the same. A share is a number too, so that a quotient can be compared with one.
pub(super) fn same(left: Dimension, right: Dimension) -> Option<Dimension> {
    use Dimension::{Fraction, Number};
    match (left, right) {
        _ if left == right => Some(left),
        (Number, Fraction) | (Fraction, Number) => Some(Number),
        _ => None,
    }
}

/// What a product measures, if it is anything that a scenario can speak of.
pub(super) fn product(left: Dimension, right: Dimension) -> Option<Dimension> {
    use Dimension::{Fraction, Frequency, Number, Time};
    match (left, right) {
        (Number | Fraction, other) | (other, Number | Fraction) => Some(other),
        (Time, Frequency) | (Frequency, Time) => Some(Number),
        _ => None,
    }
}

/// What a quotient measures, if it is anything that a scenario can speak of.
pub(super) fn quotient(left: Dimension, right: Dimension) -> Option<Dimension> {
    use Dimension::{Fraction, Frequency, Number, Time};
    match (left, right) {
        _ if left == right => Some(Number),
        (other, Number | Fraction) => Some(other),
        (Number, Time) => Some(Frequency),
        (Number, Frequency) => Some(Time),
        _ => None,
    }
}
