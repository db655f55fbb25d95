//! The list of all facts, and how a person finds one in it.

use super::{FactRow, calls, ec2, firehose, http, kinesis, lambda, mq, s3, sns, sqs};

/// So many names are offered when nothing matches.
const NEAREST: usize = 5;

/// Names less alike than this are not worth offering.
const ALIKE: f64 = 0.5;

/// Every fact there is: by service in alphabetical order, within a service in the order of its table.
pub fn all() -> Vec<FactRow> {
    [
        calls::rows(),
        ec2::rows(),
        firehose::rows(),
        http::rows(),
        kinesis::rows(),
        lambda::rows(),
        mq::rows(),
        mq::instances::rows(),
        s3::rows(),
        sns::rows(),
        sns::endpoints::rows(),
        sns::fifo::rows(),
        sqs::rows(),
    ]
    .concat()
}

/// The facts that a person means by `text`, in the order of [`all`].
///
/// A full name gives that fact, a service gives its table. Otherwise all words of the text must occur in a name, or if
/// that finds nothing, anywhere in a fact. If that finds nothing either, the names that look most like it, best first.
pub fn find(text: &str) -> Vec<FactRow> {
    let text = text.trim().to_lowercase();
    let rows = all();
    if let Some(row) = rows.iter().find(|row| row.name == text) {
        return vec![row.clone()];
    }
    let of_service = only(&rows, |row| service(row) == text);
    if !of_service.is_empty() {
        return of_service;
    }
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let named = only(&rows, |row| words.iter().all(|word| row.name.contains(word)));
    if !named.is_empty() {
        return named;
    }
    let told = only(&rows, |row| {
        let fact = [row.name, &row.value, row.what, row.note, row.source].join(" ").to_lowercase();
        words.iter().all(|word| fact.contains(word))
    });
    if told.is_empty() { nearest(rows, &text) } else { told }
}

/// The part of a fact's name before the dot.
fn service(row: &FactRow) -> &str {
    row.name.split('.').next().unwrap_or_default()
}

fn only(rows: &[FactRow], keep: impl Fn(&FactRow) -> bool) -> Vec<FactRow> {
    rows.iter().filter(|row| keep(row)).cloned().collect()
}

/// The facts whose names look most like `text`, with or without their service.
fn nearest(rows: Vec<FactRow>, text: &str) -> Vec<FactRow> {
    let likeness = |row: &FactRow| {
        let word = row.name.split_once('.').map_or(row.name, |(_, word)| word);
        let text = text.replace([' ', '-'], "_");
        [row.name, word].map(|name| strsim::normalized_damerau_levenshtein(name, &text)).into_iter().fold(0.0, f64::max)
    };
    let mut alike: Vec<(f64, FactRow)> = rows.into_iter().map(|row| (likeness(&row), row)).collect();
    alike.retain(|(likeness, _)| *likeness >= ALIKE);
    // A stable sort: facts that are equally alike stay in the order of the list.
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    alike.into_iter().take(NEAREST).map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Class;
    use super::*;

    fn names(rows: &[FactRow]) -> Vec<&str> {
        rows.iter().map(|row| row.name).collect()
    }

    #[test]
    fn every_fact_says_what_it_is_and_where_and_when_it_was_read() {
        for row in all() {
            assert!(!row.what.is_empty() && !row.source.is_empty() && !row.value.is_empty(), "{row:?}");
            let parts: Vec<u32> = row.read.split('-').filter_map(|part| part.parse().ok()).collect();
            assert!(row.read.len() == 10 && parts.len() == 3, "`{}` of {} is not a date", row.read, row.name);
            assert!((2020..=2026).contains(&parts[0]) && (1..=12).contains(&parts[1]) && (1..=31).contains(&parts[2]));
        }
    }

    #[test]
    fn what_a_fact_is_fits_on_one_line_and_is_a_sentence() {
        for row in all() {
            assert!(row.what.chars().count() <= 120 && row.what.ends_with('.'), "{}: {}", row.name, row.what);
            assert!(row.note.is_empty() || row.note.ends_with('.'), "{}: {}", row.name, row.note);
            assert!(!row.what.contains("  ") && !row.note.contains("  "), "{} has a double space", row.name);
        }
    }

    #[test]
    fn every_limit_says_what_happens_beyond_it_and_every_assumption_why_it_is_made() {
        for row in all().iter().filter(|row| matches!(row.class, Class::Quota | Class::Assumption)) {
            assert!(row.note.len() >= 15, "{} has no note", row.name);
        }
    }

    #[test]
    fn names_are_a_service_and_words_and_occur_once() {
        let rows = all();
        for row in &rows {
            let (service, words) = row.name.split_once('.').expect("a dot between service and words");
            let plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            assert!(plain(service) && !service.is_empty(), "{}", row.name);
            assert!(words.split('_').all(|word| !word.is_empty() && plain(word)), "{}", row.name);
        }
        assert_eq!(rows.iter().map(|row| row.name).collect::<BTreeSet<_>>().len(), rows.len());
    }

    #[test]
    fn the_list_is_sorted_by_service() {
        assert!(all().is_sorted_by(|a, b| service(a) <= service(b)));
    }

    #[test]
    fn prices_are_the_only_facts_about_money_but_for_limits_on_spending() {
        for row in all().iter().filter(|row| row.kind == "price") {
            assert!(matches!(row.class, Class::Price | Class::Quota), "{}", row.name);
        }
    }

    #[test]
    fn a_full_name_finds_that_fact_alone() {
        assert_eq!(names(&find("sqs.visibility_timeout")), ["sqs.visibility_timeout"]);
    }

    #[test]
    fn a_service_finds_its_own_facts_and_not_those_that_mention_it() {
        let rows = find("sqs");
        assert!(rows.len() > 30 && rows.iter().all(|row| row.name.starts_with("sqs.")));
    }

    #[test]
    fn words_in_any_order_and_case_find_the_names_that_have_them() {
        assert_eq!(names(&find("Timeout VISIBILITY")), ["sqs.visibility_timeout", "sqs.visibility_timeout_max"]);
    }

    #[test]
    fn a_word_that_is_in_no_name_is_looked_for_in_the_text() {
        assert!(names(&find("spillover")).contains(&"http.surge_queue"));
    }

    #[test]
    fn a_misspelt_name_offers_the_nearest_ones() {
        assert_eq!(names(&find("visibilty_timeuot"))[0], "sqs.visibility_timeout");
        assert!(find("visibilty_timeuot").len() <= NEAREST);
    }

    #[test]
    fn what_is_like_nothing_finds_nothing() {
        assert_eq!(find("zzzzqqqq"), []);
        assert_eq!(find(" .. "), []);
    }
}
