//! Where an axis has its ticks and what stands beside them: round numbers, round times, never fewer digits than the
//! step between two ticks has.

/// A place on an axis and the words beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// The place, in the unit of the data.
    pub at: f64,
    /// What stands there.
    pub label: String,
}

/// Seconds in the units that ticks of time are written in, with the name of each.
const UNITS: [(f64, &str); 7] =
    [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];

/// Ticks from zero to `high`, at steps of 1, 2 or 5 times a power of ten, about `most` of them and at least two. The
/// axis itself may end between two ticks.
pub(super) fn numbers(high: f64, most: usize) -> Vec<Tick> {
    let high = if high.is_finite() && high > 0.0 { high.clamp(1e-12, 1e18) } else { 1.0 };
    // With very few ticks the round step may be longer than the axis: then one more tick.
    let mut steps = (most.max(1)..most + 4).map(|most| round_up(high / count(most)));
    let step = steps.find(|step| *step <= high).unwrap_or(high);
    let last = (high / step + 1e-9).floor();
    let upto = (0_u32..).map(f64::from).take_while(|index| *index <= last);
    upto.map(|index| Tick { at: index * step, label: number(index * step, step, last * step) }).collect()
}

/// Ticks of simulated time from `low` to `high` seconds, at steps of 1, 2, 5, 10, 15 or 30 of a unit that people use;
/// the last one carries the unit. The axis itself may end between two ticks.
pub(super) fn times(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let high = if high.is_finite() && high > 0.0 { high.clamp(1e-9, 1e15) } else { 1.0 };
    let low = if (0.0..high).contains(&low) { low } else { 0.0 };
    let step = time_step((high - low) / count(most.max(1)));
    let unit = UNITS.iter().rev().find(|(unit, _)| {
        let digit = step / unit * 10.0;
        (high >= 3.0 * unit || step >= *unit) && step >= 0.5 * unit && (digit - digit.round()).abs() < 1e-6
    });
    let (unit, name) = unit.copied().unwrap_or(UNITS[3]);
    let last = (high / step + 1e-9).floor();
    let first = (low / step - 1e-9).ceil().max(0.0);
    let upto = (0_u32..).map(|index| first + f64::from(index)).take_while(|index| *index <= last);
    upto.map(|index| {
        let value = number(index * step / unit, step / unit, 0.0);
        let label = if index < last || last == 0.0 { value } else { format!("{value} {name}") };
        Tick { at: index * step, label }
    })
    .collect()
}

/// How finely a logarithmic axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Division {
    /// 1, 2, 5, 10, and for times 30 s and 30 min.
    Fine,
    /// One a decade, and 30 s and 30 min.
    Medium,
    /// One a decade; for times 1 and 10 of every unit.
    Decades,
    /// Every second one of those.
    Sparse,
}

/// Ticks of a logarithmic axis of seconds between two times.
pub(super) fn log_times(low: f64, high: f64, division: Division) -> Vec<Tick> {
    let mut ticks = Vec::new();
    for (index, (unit, name)) in UNITS.iter().enumerate() {
        let next = UNITS.get(index + 1).map_or(f64::INFINITY, |(next, _)| *next);
        let counts: &[u32] = match division {
            Division::Fine if (60.0 - next / unit).abs() < 1e-6 => &[1, 2, 5, 10, 30],
            Division::Fine => &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
            Division::Medium if (60.0 - next / unit).abs() < 1e-6 => &[1, 10, 30],
            _ => &[1, 10, 100, 1000, 10_000],
        };
        let here = counts.iter().map(|count| (f64::from(*count), f64::from(*count) * unit));
        for (count, at) in here.take_while(|(_, at)| *at < next * (1.0 - 1e-9)) {
            ticks.push(Tick { at, label: format!("{} {name}", number(count, 1.0, 0.0)) });
        }
    }
    let within = |tick: &Tick| tick.at >= low * (1.0 - 1e-9) && tick.at <= high * (1.0 + 1e-9);
    ticks.retain(within);
    if division == Division::Sparse { ticks.into_iter().step_by(2).collect() } else { ticks }
}

/// The shares 100 %, 10 %, 1 %, ... down to `low`, every `every`-th of them.
pub(super) fn log_shares(low: f64, every: usize) -> Vec<Tick> {
    let labels = ["100 %", "10 %", "1 %", "0.1 %", "0.01 %", "0.001 %", "0.0001 %", "0.00001 %", "0.000001 %"];
    let mut at = 10.0;
    let mut ticks = Vec::new();
    for label in labels {
        at /= 10.0;
        ticks.push(Tick { at, label: label.to_owned() });
    }
    ticks.retain(|tick| tick.at >= low * (1.0 - 1e-9));
    ticks.into_iter().step_by(every.max(1)).collect()
}

/// The ticks 0, knee, 10 knee, ... of an axis that is linear up to the knee and logarithmic above, and 2 or 5 times the
/// last of them where the axis goes on so far: otherwise nothing says what its top is.
pub(super) fn from_knee(knee: f64, high: f64, every: usize) -> Vec<Tick> {
    let mut ticks = vec![Tick { at: 0.0, label: "0".to_owned() }];
    let mut at = knee;
    // A lone decade reads best as `1k`, where a row of round numbers keeps `1000`.
    let label = |at: f64| number(at, at, if (1e3..1e4).contains(&at) { 1e4 } else { at });
    let mut decades = Vec::new();
    while at <= high * (1.0 + 1e-9) && decades.len() < 40 {
        decades.push(Tick { at, label: label(at) });
        at *= 10.0;
    }
    let last = decades.last().map(|tick| tick.at);
    ticks.extend(decades.into_iter().step_by(every.max(1)));
    let beyond = |last: f64| [5.0, 2.0].into_iter().map(|times| times * last).find(|at| *at <= high * (1.0 + 1e-9));
    if let Some(at) = last.and_then(beyond) {
        ticks.push(Tick { at, label: label(at) });
    }
    ticks
}

/// A tick label: as many digits as the step needs; thousands as `k` where the axis reaches 10,000 and so on.
fn number(value: f64, step: f64, top: f64) -> String {
    let (divisor, suffix) = match top.abs() {
        top if top >= 1e16 => return format!("{value:e}"),
        top if top >= 1e12 => (1e12, "T"),
        top if top >= 1e9 => (1e9, "G"),
        top if top >= 1e6 => (1e6, "M"),
        top if top >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    if value == 0.0 {
        return "0".to_owned();
    }
    let (value, step) = (value / divisor, step / divisor);
    let digits = decimals(step);
    if digits > 5 {
        format!("{:.0}e-{digits}", value * libm::exp10(count(digits)))
    } else {
        format!("{value:.digits$}{suffix}")
    }
}

/// A share in percent, to a tenth as on the page of the run; what is not quite nothing and not quite all never reads as such. The sign stays with its number
/// when a line is broken.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        _ if value <= 0.0 => "0\u{a0}%".to_owned(),
        _ if value < 0.01 => "<0.01\u{a0}%".to_owned(),
        _ if value < 0.095 => format!("{value:.2}\u{a0}%"),
        _ if value >= 100.0 => "100\u{a0}%".to_owned(),
        _ if value > 99.95 => ">99.9\u{a0}%".to_owned(),
        _ => format!("{}\u{a0}%", trimmed(value, 1)),
    }
}

/// The name of a unit of time in running text: `second` for `s`.
pub(super) fn unit_name(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "min" => "minute",
        "h" => "hour",
        "d" => "day",
        other => other,
    }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `raw`.
pub(super) fn round_up(raw: f64) -> f64 {
    let power = libm::exp10(libm::floor(libm::log10(raw)));
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= raw * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

fn time_step(raw: f64) -> f64 {
    const STEPS: [f64; 18] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0,
        43_200.0, 86_400.0,
    ];
    if raw <= 0.5 {
        return round_up(raw);
    }
    STEPS.into_iter().find(|step| *step >= raw * (1.0 - 1e-9)).unwrap_or_else(|| round_up(raw / 86_400.0) * 86_400.0)
}

/// Digits behind the point that a step needs.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 12")]
fn decimals(step: f64) -> usize {
    (0..12)
        .find(|digits| {
            let scaled = step * libm::exp10(f64::from(*digits));
            scaled >= 0.999 && (scaled - scaled.round()).abs() < 1e-6 * scaled
        })
        .map_or(12, |digits| digits as usize)
}

#[allow(clippy::cast_precision_loss, reason = "a number of ticks or digits")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn numbers_are_round() {
        assert_eq!(labels(&numbers(1.0, 4)), ["0", "0.5", "1.0"]);
        assert_eq!(labels(&numbers(1008.0, 4)), ["0", "500", "1000"]);
        assert_eq!(labels(&numbers(7.0, 8)), ["0", "1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(labels(&numbers(44_000.0, 5)), ["0", "10k", "20k", "30k", "40k"]);
        assert_eq!(labels(&numbers(2.5e6, 3)), ["0", "1M", "2M"]);
        assert_eq!(labels(&numbers(0.0, 3)), ["0", "0.5", "1.0"]);
        assert_eq!(labels(&numbers(f64::NAN, 3)).len(), 3);
    }

    #[test]
    fn a_label_never_has_fewer_digits_than_the_step() {
        for high in [3e-9, 0.004, 0.07, 0.9, 3.0, 12.0, 470.0, 9_999.0, 12_345.0, 7.7e6, 3e12] {
            for most in 2..10 {
                let ticks = numbers(high, most);
                let mut seen = labels(&ticks);
                seen.dedup();
                assert_eq!(seen.len(), ticks.len(), "{high} in {most}: {seen:?}");
                assert!(
                    (2..=most + 2).contains(&ticks.len())
                        && ticks.last().is_some_and(|tick| tick.at <= high * 1.000_001)
                );
            }
        }
    }

    #[test]
    fn times_step_as_a_clock_does_and_the_last_one_has_the_unit() {
        assert_eq!(labels(&times(0.0, 7200.0, 4)), ["0", "30", "60", "90", "120 min"]);
        assert_eq!(labels(&times(0.0, 600.0, 5)), ["0", "2", "4", "6", "8", "10 min"]);
        assert_eq!(labels(&times(0.0, 43_200.0, 4)), ["0", "3", "6", "9", "12 h"]);
        assert_eq!(labels(&times(0.0, 14_400.0, 9)), ["0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0 h"]);
        assert_eq!(labels(&times(0.0, 45.0, 3)), ["0", "15", "30", "45 s"]);
        assert_eq!(labels(&times(0.0, 0.25, 5)), ["0", "50", "100", "150", "200", "250 ms"]);
        assert_eq!(labels(&times(0.0, 4.0 * 86_400.0, 4)), ["0", "1", "2", "3", "4 d"]);
        assert_eq!(labels(&times(0.0, 0.0, 3)).len(), 3);
        assert_eq!(labels(&times(24_000.0, 30_600.0, 4)), ["7.0", "7.5", "8.0", "8.5 h"]);
    }

    #[test]
    fn logarithmic_times_are_one_and_ten_of_each_unit() {
        let ticks = log_times(0.1, 40_000.0, Division::Decades);
        assert_eq!(labels(&ticks), ["100 ms", "1 s", "10 s", "1 min", "10 min", "1 h", "10 h"]);
        let ticks = log_times(1.0, 120.0, Division::Fine);
        assert_eq!(labels(&ticks), ["1 s", "2 s", "5 s", "10 s", "30 s", "1 min", "2 min"]);
    }

    #[test]
    fn an_axis_with_a_knee_has_zero_and_decades() {
        assert_eq!(labels(&from_knee(1.0, 20_000.0, 1)), ["0", "1", "10", "100", "1k", "10k", "20k"]);
        assert_eq!(labels(&from_knee(0.1, 70.0, 1)), ["0", "0.1", "1", "10", "50"]);
        assert_eq!(labels(&from_knee(1.0, 150.0, 1)), ["0", "1", "10", "100"]);
    }

    #[test]
    fn shares_never_lie_at_the_ends() {
        assert_eq!(percent(0.999_99), ">99.9\u{a0}%");
        assert_eq!(percent(0.000_01), "<0.01\u{a0}%");
        assert_eq!(percent(0.015), "1.5\u{a0}%");
        assert_eq!(percent(1.0), "100\u{a0}%");
        assert_eq!(percent(0.1954), "19.5\u{a0}%");
    }
}
