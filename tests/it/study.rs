//! The same scenario over many seeds, and what must lie within the interval that they give.

use crate::bench::{Ran, over_seeds};
use std::fmt::Write;
use std::ops::Range;
use surgetank::stats::confidence_interval;

/// The confidence level of every comparison: one true statement in a thousand is refuted by bad luck, and with fixed
/// seeds it would be so from the day it was written.
pub const LEVEL: f64 = 0.999;

/// What a figure must come to.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The figure.
    pub name: String,
    /// Its exact value.
    pub exact: f64,
    /// Half the interval may be at most this part of the value: a wider one would hold anything.
    pub precision: f64,
}

/// A figure by its name, its exact value, and the precision that theory is held to.
pub fn expected(name: &str, exact: f64) -> Expected {
    Expected { name: name.to_owned(), exact, precision: 0.03 }
}

/// One row of values per seed.
pub struct Study {
    text: String,
    seeds: Range<u64>,
    rows: Vec<Vec<f64>>,
}

impl Study {
    /// Runs the first pipeline of a scenario with each seed and keeps what `look` reads.
    pub fn of(text: &str, seeds: Range<u64>, look: impl Fn(&Ran) -> Vec<f64> + Sync) -> Self {
        let rows = over_seeds(text, seeds.clone(), look);
        Self { text: text.to_owned(), seeds, rows }
    }

    /// Holds that the interval of each column contains its exact value and is narrow enough.
    ///
    /// # Panics
    /// If one does not, with everything that is needed to see why.
    #[track_caller]
    pub fn holds(&self, columns: &[Expected]) {
        let failed: Vec<String> =
            columns.iter().enumerate().filter_map(|(index, expected)| self.refutes(index, expected)).collect();
        let Self { text, seeds, .. } = self;
        assert!(failed.is_empty(), "{}\nseeds {seeds:?}, scenario:\n{text}", failed.join("\n"));
    }

    /// What speaks against a figure, if anything does.
    fn refutes(&self, index: usize, expected: &Expected) -> Option<String> {
        let Expected { name, exact, precision } = expected;
        let values: Vec<f64> = self.rows.iter().map(|row| row[index]).collect();
        let interval = confidence_interval(&values, LEVEL).expect("more than one seed");
        let (low, high) = (interval.low, interval.high);
        let share = interval.half_width() / exact.abs();
        let mut told = format!("{name}: exactly {exact:.6}, measured {low:.6} to {high:.6}, half-width {share:.4}");
        let wrong = !interval.contains(*exact);
        if wrong {
            let rows: Vec<String> = self.seeds.clone().zip(&values).map(|(s, v)| format!("{s}: {v:.6}")).collect();
            write!(told, "; by seed {}", rows[..rows.len().min(50)].join(", ")).expect("a string takes everything");
        }
        (wrong || share > *precision).then_some(told)
    }
}

/// Holds figures that are read by their names to their exact values.
#[track_caller]
pub fn holds(text: &str, seeds: Range<u64>, figures: &[Expected]) {
    let look = |ran: &Ran| figures.iter().map(|figure| ran.value(&figure.name)).collect();
    Study::of(text, seeds, look).holds(figures);
}

#[test]
fn a_wrong_value_and_a_wide_interval_are_refuted() {
    let text = "[run]\nduration = '1000s'\ndrain = '0s'\n[traffic.jobs]\nrate = '1/s'\n[work.serve]\ntime = '500ms'\n\
                [pipeline.p.server]\nkind = 'service'\nfrom = 'jobs'\nslots = 1000\nwork = 'serve'\n";
    let study = Study::of(text, 1..21, |ran| vec![ran.summary("backlog_mean")]);
    assert_eq!(study.refutes(0, &Expected { precision: 0.1, ..expected("jobs", 0.5) }), None);
    let wrong = study.refutes(0, &expected("jobs", 1.0)).expect("it is half as many");
    assert!(wrong.starts_with("jobs: exactly 1.000000, measured 0.") && wrong.contains("by seed 1: 0."), "{wrong}");
    assert!(study.refutes(0, &Expected { precision: 1e-4, ..expected("jobs", 0.5) }).is_some());
}
