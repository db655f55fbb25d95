//! Whether an expectation held, and what was found instead.

use super::parse::{Comparison, Node, Value};
use super::reference::Reference;
use crate::units::Dimension;

/// An expectation, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it held.
    pub held: bool,
    /// What was found, for a person: `queued.lost is 12`.
    pub found: String,
}

/// Figures are means over replications, so sums of them carry rounding errors of this relative size.
const ROUNDING: f64 = 1e-9;

impl Comparison {
    /// Judges it: `lookup` gives the value of a figure in base units, or nothing if it was not measured, in which case
    /// the expectation did not hold. Values that differ by rounding alone count as equal.
    pub fn judge(&self, lookup: &dyn Fn(&Reference) -> Option<f64>) -> Verdict {
        let (left, right) = match (value(&self.left, lookup), value(&self.right, lookup)) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(missing), _) | (_, Err(missing)) => {
                return Verdict { held: false, found: format!("{missing} was not measured") };
            }
        };
        let sides = [(&self.left, left), (&self.right, right)];
        let told = sides.iter().filter(|(node, _)| !matches!(node.value, Value::Number(_))).map(|(node, value)| {
            let shown = if value.is_finite() { show(*value, node.dimension) } else { "not defined".to_owned() };
            format!("{} is {shown}", &self.text[node.at.clone()])
        });
        let found = told.collect::<Vec<_>>().join(", ");
        let equal = (left - right).abs() <= ROUNDING * left.abs().max(right.abs());
        let held = match self.compare {
            "==" => equal,
            "!=" => !equal,
            "<" => left < right && !equal,
            "<=" => left < right || equal,
            ">" => left > right && !equal,
            _ => left > right || equal,
        };
        Verdict { held: held && left.is_finite() && right.is_finite(), found }
    }

    /// Every figure it needs, in the order of the text.
    pub fn references(&self) -> Vec<&Reference> {
        let mut out = Vec::new();
        references(&self.left, &mut out);
        references(&self.right, &mut out);
        out
    }
}

fn references<'n>(node: &'n Node, out: &mut Vec<&'n Reference>) {
    match &node.value {
        Value::Number(_) => {}
        Value::Figure(reference) => out.push(reference),
        Value::Negative(inner) => references(inner, out),
        Value::Binary(_, left, right) => {
            references(left, out);
            references(right, out);
        }
    }
}

fn value<'n>(node: &'n Node, lookup: &dyn Fn(&Reference) -> Option<f64>) -> Result<f64, &'n Reference> {
    Ok(match &node.value {
        Value::Number(number) => *number,
        Value::Figure(reference) => lookup(reference).ok_or(reference)?,
        Value::Negative(inner) => -value(inner, lookup)?,
        Value::Binary(sign, left, right) => {
            let (left, right) = (value(left, lookup)?, value(right, lookup)?);
            match sign {
                '+' => left + right,
                '-' => left - right,
                '*' => left * right,
                _ => left / right,
            }
        }
    })
}

/// A value for a person, with four digits and the unit that suits its size.
fn show(value: f64, dimension: Option<Dimension>) -> String {
    let size = value.abs();
    let (factor, unit) = match dimension {
        Some(Dimension::Time) if value == 0.0 => (1.0, "s"),
        Some(Dimension::Time) if size < 1e-3 => (1e6, "us"),
        Some(Dimension::Time) if size < 1.0 => (1e3, "ms"),
        Some(Dimension::Time) if size < 120.0 => (1.0, "s"),
        Some(Dimension::Time) if size < 7_200.0 => (1.0 / 60.0, "min"),
        Some(Dimension::Time) => (1.0 / 3_600.0, "h"),
        Some(Dimension::Fraction) => (100.0, "%"),
        Some(Dimension::Frequency) => (1.0, "/s"),
        Some(Dimension::Data) if size >= 1_048_576.0 => (1.0 / 1_048_576.0, "MiB"),
        Some(Dimension::Data) if size >= 1_024.0 => (1.0 / 1_024.0, "KiB"),
        Some(Dimension::Data) => (1.0, "B"),
        Some(Dimension::Number) | None => (1.0, ""),
    };
    format!("{}{unit}", four_digits(value * factor))
}

/// At least four significant digits; whole numbers stay whole.
fn four_digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let mut decimals = 3;
    let mut size = value.abs();
    while size >= 10.0 && decimals > 0 {
        size /= 10.0;
        decimals -= 1;
    }
    while size < 1.0 && decimals < 12 {
        size *= 10.0;
        decimals += 1;
    }
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_with_a_unit_that_suits() {
        for (value, dimension, shown) in [
            (0.0, Dimension::Time, "0s"),
            (0.000_012_5, Dimension::Time, "12.5us"),
            (0.25, Dimension::Time, "250ms"),
            (119.96, Dimension::Time, "120s"),
            (300.0, Dimension::Time, "5min"),
            (9_000.0, Dimension::Time, "2.5h"),
            (0.45678, Dimension::Fraction, "45.68%"),
            (1_234.0, Dimension::Number, "1234"),
            (123_456.0, Dimension::Number, "123456"),
            (-2.5, Dimension::Number, "-2.5"),
            (0.001_234_5, Dimension::Number, "0.001234"),
            (262_144.0, Dimension::Data, "256KiB"),
            (12.0, Dimension::Frequency, "12/s"),
        ] {
            assert_eq!(show(value, Some(dimension)), shown);
        }
    }
}
