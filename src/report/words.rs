//! Times in words, for sentences.

/// A time as a person says it: `40 ms`, `2.5 s`, `3 min 20 s`, `2 h 5 min`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a run")]
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
