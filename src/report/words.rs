//! Times in words, for sentences.

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

#[cfg(test)]
mod tests {
    use super::seconds;

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
