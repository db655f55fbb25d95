//! Values that must lie within limits: what is told of one that does not, and which fact it breaks.

use super::{At, Site, ToToml};
use crate::facts::{Class, Fact};
use std::ops::RangeInclusive;

/// A side on which a value can leave its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Less than the least.
    Below,
    /// More than the most.
    Above,
}

/// The facts behind the ends of a range: one, or the least and the most.
pub trait Limits {
    /// The fact behind an end, in words; `ends` are the least and the most as they are written.
    fn broken(&self, side: Side, ends: [&str; 2]) -> Option<String>;
}

impl<T: ToToml> Limits for Fact<T> {
    /// A fact whose value is an end of the range is about that end, and any other quota about the upper one. What is
    /// neither limits nothing: a default, for instance.
    fn broken(&self, side: Side, [least, most]: [&str; 2]) -> Option<String> {
        let value = plain(&self.value);
        let about = match value.as_str() {
            value if value == most => Side::Above,
            value if value == least => Side::Below,
            _ if self.class == Class::Quota => Side::Above,
            _ => return None,
        };
        (about == side).then(|| cited(self))
    }
}

impl<T, U> Limits for (&Fact<T>, &Fact<U>) {
    fn broken(&self, side: Side, _: [&str; 2]) -> Option<String> {
        Some(match side {
            Side::Below => cited(self.0),
            Side::Above => cited(self.1),
        })
    }
}

fn cited<T>(fact: &Fact<T>) -> String {
    format!("{} (fact {}; {}; read {})", fact.what, fact.name, fact.source, fact.read)
}

fn plain<T: ToToml>(value: &T) -> String {
    value.to_toml().trim_matches('"').to_owned()
}

impl Site<'_> {
    /// Whether a written value lies in `range`; an error that names the limit and its source if not.
    /// What is not written is a default, and defaults are legal.
    pub fn within<T: PartialOrd + ToToml>(
        &mut self,
        key: &str,
        written: Option<&At<T>>,
        range: RangeInclusive<T>,
        limits: &impl Limits,
    ) -> bool {
        let Some(at) = written.filter(|at| !range.contains(&at.value)) else { return true };
        let (value, low, high) = (plain(&at.value), plain(range.start()), plain(range.end()));
        let side = if at.value < *range.start() { Side::Below } else { Side::Above };
        let note = limits.broken(side, [&low, &high]);
        let told = self.error(at.span, "S030", format!("`{key}` is `{value}`, outside its range"));
        told.label(format!("must lie between {low} and {high}"));
        if let Some(note) = note {
            told.note(note);
        }
        // Who copies 128 MB out of the documentation of a service means what is written as 128MiB here.
        if let Some(thousands) = value.strip_suffix('B')
            && low == format!("{thousands}iB")
        {
            told.hint(format!("write `{low}`: `{value}` is a little less"));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Look, SourceMap, Span, render};
    use crate::facts::Sure;
    use crate::site::Resolution;
    use crate::units::Duration;

    const fn fact(name: &'static str, minutes: u64, class: Class) -> Fact<Duration> {
        let (what, source) = ("how long a received message stays hidden", "SQS Developer Guide");
        let value = Duration::from_secs(60 * minutes);
        Fact { name, value, class, what, source, read: "2026-01-01", sure: Sure::Stated, note: "" }
    }
    const LEAST: Fact<Duration> = fact("sqs.least", 1, Class::Quota);
    const MOST: Fact<Duration> = fact("sqs.most", 10, Class::Quota);
    const ELSE: Fact<Duration> = fact("sqs.else", 20, Class::Quota);
    const USUAL: Fact<Duration> = fact("sqs.usual", 5, Class::Default);

    /// What is told of a value of so many seconds that must lie between one and ten minutes.
    fn told(seconds: u64, limits: &impl Limits) -> String {
        let mut sources = SourceMap::new();
        sources.add("a.toml", "timeout = \"13h\"\n");
        let (mut found, mut resolution) = (Diagnostics::new(), Resolution::new());
        let mut site = Site::new("pipeline.q.jobs", Span::new(0, 1), &sources, &mut found, &mut resolution);
        let written = At::new(Duration::from_secs(seconds), Span::new(10, 15));
        let fits = site.within("timeout", Some(&written), LEAST.value..=MOST.value, limits);
        assert!(site.within("timeout", None, LEAST.value..=MOST.value, &MOST), "a default is legal");
        assert_eq!(fits, found.is_empty());
        render(&found, &sources, Look::Plain)
    }

    #[test]
    fn a_value_outside_its_range_names_the_limit_and_its_source() {
        let shown = told(1_200, &MOST);
        assert!(shown.contains("`timeout` is `20min`, outside its range"), "{shown}");
        assert!(shown.contains("must lie between 1min and 10min"), "{shown}");
        assert!(shown.contains("fact sqs.most; SQS Developer Guide; read 2026-01-01"), "{shown}");
        assert!(told(60, &MOST).is_empty() && told(600, &MOST).is_empty());
    }

    #[test]
    fn only_the_fact_is_told_that_is_about_the_end_that_was_crossed() {
        let named = |shown: String| shown.split_once("fact sqs.").map(|(_, name)| name[..4].to_owned());
        let (below, above) = (30, 700);
        let told_of = |limits: &Fact<Duration>| [named(told(below, limits)), named(told(above, limits))];
        assert_eq!(told_of(&MOST), [None, Some("most".to_owned())]);
        assert_eq!(told_of(&LEAST), [Some("leas".to_owned()), None]);
        assert_eq!(told_of(&ELSE), [None, Some("else".to_owned())]);
        assert_eq!(told_of(&USUAL), [None, None]);
        let both = [below, above].map(|seconds| named(told(seconds, &(&LEAST, &MOST))));
        assert_eq!(both, [Some("leas".to_owned()), Some("most".to_owned())]);
    }
}
