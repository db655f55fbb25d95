//! Times in words, for sentences.

use crate::stats::Estimate;

/// A time as a person says it: `40 ms`, `2.5 s`, `3 min 20 s`, `2 h 5 min`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a run")]
pub(super) fn seconds(seconds: f64) -> String {
    // Each limit is where rounding would reach the next unit: there is no `60.0 s` and no `1000 ms`.
    if seconds < 0.9995 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        return match (whole / 60, whole % 60) {
            (minutes, 0) => format!("{minutes} min"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        };
    }
    let minutes = (seconds / 60.0).round() as u64;
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The last places that a time can be said to.
const PLACES: [f64; 6] = [36_000.0, 3600.0, 600.0, 60.0, 10.0, 1.0];

/// An estimated time, said no finer than its interval is wide.
pub(super) fn estimate(time: &Estimate) -> String {
    let width = 2.0 * time.half_width.unwrap_or(0.0);
    let Some(place) = PLACES.into_iter().find(|place| *place <= width) else { return seconds(time.mean) };
    let rounded = (time.mean / place).round() * place;
    if rounded < place {
        format!("under {}", seconds(place).replace(".0 s", " s"))
    } else {
        seconds(rounded).replace(".0 s", " s")
    }
}

#[cfg(test)]
mod tests {
    use super::{estimate, seconds};
    use crate::stats::Estimate;

    #[test]
    fn an_estimated_time_is_said_no_finer_than_its_interval_is_wide() {
        for (mean, half_width, words) in [
            (2261.0, None, "37 min 41 s"),
            (2261.0, Some(0.0), "37 min 41 s"),
            (2261.4, Some(0.5), "37 min 41 s"),
            (2261.0, Some(7.0), "37 min 40 s"),
            (2261.0, Some(40.0), "38 min"),
            (2261.0, Some(400.0), "40 min"),
            (7500.0, Some(90.0), "2 h 5 min"),
            (7500.0, Some(2000.0), "2 h"),
            (1000.0, Some(2000.0), "under 1 h"),
            (12.34, Some(0.2), "12.3 s"),
            (12.34, Some(0.6), "12 s"),
            (0.2, Some(0.6), "under 1 s"),
        ] {
            assert_eq!(estimate(&Estimate { mean, half_width, replications: 10 }), words, "{mean} {half_width:?}");
        }
    }

    #[test]
    fn a_time_is_rounded_once_and_to_its_last_unit() {
        for (time, words) in [
            (0.0404, "40 ms"),
            (0.9996, "1.0 s"),
            (59.94, "59.9 s"),
            (59.97, "1 min"),
            (200.4, "3 min 20 s"),
            (3599.7, "1 h"),
            (3899.0, "1 h 5 min"),
            (7530.0, "2 h 6 min"),
        ] {
            assert_eq!(seconds(time), words, "{time}");
        }
    }
}
