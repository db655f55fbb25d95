//! Names that may become files and folders.

/// The longest name; file systems allow 255 bytes, and the temporary folder beside needs some of them.
const LONGEST: usize = 100;

/// Names that are devices on Windows, with or without an extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Why a name may not be used for a file or a folder on any system, if it may not.
///
/// A name is letters, digits, `-`, `_`, `.` and blanks, starts with a letter, a digit or `_`, and does not end in a dot
/// or blank. It is one name: what could lead out of a folder (`..`, `/`, `\`, a drive) is no such name.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|port| {
        stem.strip_prefix(port).is_some_and(|rest| rest.chars().count() == 1 && !rest.starts_with(char::is_alphabetic))
    });
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > LONGEST {
        Some("it is longer than 100 bytes")
    } else if !name.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c)) {
        Some("it has characters other than letters, digits, `-`, `_`, `.` and blanks")
    } else if !name.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        Some("it does not start with a letter or digit")
    } else if name.ends_with(['.', ' ']) {
        Some("it ends in a dot or blank")
    } else if numbered || DEVICES.contains(&stem.trim_end()) {
        Some("it is the name of a device on Windows")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn ordinary_names_are_fine() {
        for name in
            ["video-encoding", "a", "10_jobs", "v1.2", "Bestellung für zwei", "コンピュータ", "compute", "com10"]
        {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_could_lead_elsewhere_or_break_a_system_are_refused() {
        let hostile = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/etc",
            "C:x",
            "C:\\x",
            "~",
            ".hidden",
            "-rf",
            " x",
            "x ",
            "x.",
            "a\0b",
            "a\nb",
            "con",
            "CON.txt",
            "nul",
            "COM1",
            "lpt9.csv",
            "com¹",
            "a:b",
            "a*",
            "a?b",
            "x\u{202e}y",
            "\u{1b}[2J",
        ];
        for name in hostile.into_iter().chain([&*"x".repeat(101)]) {
            assert!(fault(name).is_some(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_without_fault_is_one_step_down(name in "\\PC{0,12}|[./\\\\a:]{0,6}") {
            if fault(&name).is_none() {
                let components: Vec<Component<'_>> = Path::new(&name).components().collect();
                prop_assert_eq!(components, [Component::Normal(name.as_ref())]);
            }
        }
    }
}
