//! `trace` as it is written: a CSV file with one time per job, or with one count per interval.

use super::spike::{Spread, SpreadSpec};
use super::trace::{Rows, Trace, Volume};
use super::{instant, more_than_zero};
use crate::engine::time::SimTime;
use crate::site::{At, Site};
use crate::traffic::columns::{Cell, CsvFile, ReadFile};
use crate::traffic::law::{Law, Order};
use crate::units::Duration;
use serde::Deserialize;
use std::sync::Arc;

/// `{ file = "data/x.csv", times = "t_s" }` or `{ file = "data/x.csv", counts = "count", interval = "5min" }`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TraceSpec {
    /// A CSV file beside the scenario, whose first line names its columns.
    pub file: Option<At<String>>,
    /// The column with the time of each job: seconds since the start, rising.
    pub times: Option<At<String>>,
    /// The column with the number of jobs in each interval.
    pub counts: Option<At<String>>,
    /// How long an interval of `counts` is.
    pub interval: Option<At<Duration>>,
    /// How many times faster than measured it is replayed: 2 takes half the time.
    pub speed: Option<At<f64>>,
    /// How many jobs there are for each one measured: 0.5 leaves out every second one at random.
    pub volume: Option<At<f64>>,
    /// How the jobs of `counts` lie within their interval.
    pub spread: Option<At<SpreadSpec>>,
    /// The column with the bytes of each job of `times`.
    pub size: Option<At<String>>,
}

/// A trace, and the sizes of its jobs if the file has them.
pub(crate) struct TraceParts {
    pub(crate) trace: Trace,
    pub(crate) size: Option<Law>,
}

impl TraceSpec {
    pub(crate) fn build(mut self, site: &mut Site<'_>, read: &ReadFile<'_>) -> Option<TraceParts> {
        let sound = self.check_combination(site);
        let speed_at = self.speed;
        let speed = site.or_default("speed", self.speed, 1.0, "as fast as measured");
        let volume = self.volume(site);
        let file = CsvFile::open(site, self.file.take(), read);
        if !(sound & more_than_zero(site, "speed", speed_at, speed)) {
            return None;
        }
        let (file, volume) = (file?, volume?);
        let whole = site.span();
        let rows = if self.counts.is_some() {
            self.counted(&file, speed, site)?
        } else {
            Rows::Times(self.timed(&file, speed, site)?)
        };
        let sizes = match self.size.take() {
            Some(name) => Some(sizes(&file, name, site)?),
            None => None,
        };
        let Some(trace) = Trace::new(rows, volume) else {
            let message = format!("`{}` at this volume has more than {} jobs", file.name(), u32::MAX);
            site.error(whole, "S031", message).hint("use a shorter file or a smaller `volume`");
            return None;
        };
        Some(TraceParts { trace, size: sizes })
    }

    /// Reports keys that contradict each other or would have no effect.
    fn check_combination(&self, site: &mut Site<'_>) -> bool {
        let whole = site.span();
        let mut sound = true;
        let mut refuse = |span, message: &str, hint: &str| {
            site.error(span, "S032", message).hint(hint);
            sound = false;
        };
        match (&self.times, &self.counts) {
            (Some(_), None) => {
                let hint = "keep it with `counts`, or leave it out";
                if let Some(at) = &self.interval {
                    refuse(at.span, "`interval` has no effect on a trace of `times`", hint);
                }
                if let Some(at) = &self.spread {
                    refuse(at.span, "`spread` has no effect on a trace of `times`", hint);
                }
            }
            (None, Some(_)) => {
                if let Some(at) = &self.size {
                    refuse(
                        at.span,
                        "`size` needs one row for each job, and `counts` has one for each interval",
                        "give the flow a `size`",
                    );
                }
            }
            (Some(_), Some(at)) => {
                refuse(at.span, "a trace has either `times` or `counts`", "keep the one whose column the file has");
            }
            (None, None) => {
                refuse(
                    whole,
                    "a trace needs `times` or `counts`",
                    "name the column with the time of each job, or the one with the number of jobs per interval",
                );
            }
        }
        sound
    }

    fn volume(&self, site: &mut Site<'_>) -> Option<Volume> {
        let factor = site.or_default("volume", self.volume, 1.0, "as many jobs as measured");
        if (0.0..=Volume::MAX).contains(&factor) {
            return Some(Volume::new(factor));
        }
        let span = self.volume.map_or(site.span(), |at| at.span);
        site.error(span, "S031", format!("`volume` must lie between 0 and {}", Volume::MAX))
            .hint("0.5 leaves out half of the jobs at random, 2 replays each twice");
        None
    }

    /// The instants of `times`.
    fn timed(&mut self, file: &CsvFile, speed: f64, site: &mut Site<'_>) -> Option<Arc<[SimTime]>> {
        let span = self.times.as_ref().map_or(site.span(), |at| at.span);
        let name = self.times.as_ref().map(|at| at.value.clone()).unwrap_or_default();
        let cells = file.column(site, "times", self.times.take())?;
        if let Some(pair) = cells.windows(2).find(|pair| pair[1].value < pair[0].value) {
            let (file, line, late, early) = (file.name(), pair[1].line, pair[1].value, pair[0].value);
            site.error(span, "S044", format!("`{file}` line {line}, column `{name}`: {late} comes after {early}"))
                .hint("times must rise: sort the rows of the file, the earliest first");
            return None;
        }
        Some(cells.iter().map(|cell| instant(cell.value / speed)).collect())
    }

    /// The rows of `counts`.
    fn counted(&mut self, file: &CsvFile, speed: f64, site: &mut Site<'_>) -> Option<Rows> {
        let span = self.counts.as_ref().map_or(site.span(), |at| at.span);
        let name = self.counts.as_ref().map(|at| at.value.clone()).unwrap_or_default();
        let interval = site.required("interval", self.interval);
        let spread: Spread = SpreadSpec::resolve(self.spread, site);
        let cells = file.column(site, "counts", self.counts.take());
        let (interval, cells) = (interval?.as_secs_f64(), cells?);
        if !more_than_zero(site, "interval", self.interval, interval) {
            return None;
        }
        match cells.iter().map(whole).collect::<Result<_, _>>() {
            Ok(counts) => Some(Rows::Counts { counts, interval: interval / speed, spread }),
            Err(Cell { value, line }) => {
                let file = file.name();
                site.error(
                    span,
                    "S044",
                    format!("`{file}` line {line}, column `{name}`: {value} is not a count of jobs"),
                )
                .hint(format!("a count is a whole number of at most {}", u32::MAX));
                None
            }
        }
    }
}

/// A cell as a whole number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with the original afterwards")]
fn whole(cell: &Cell) -> Result<u32, Cell> {
    let count = cell.value as u32;
    if f64::from(count).to_bits() == cell.value.to_bits() { Ok(count) } else { Err(*cell) }
}

/// The sizes of the jobs, row by row.
fn sizes(file: &CsvFile, name: At<String>, site: &mut Site<'_>) -> Option<Law> {
    let span = name.span;
    let values = file.column(site, "size", Some(name))?.into_iter().map(|cell| cell.value).collect();
    Law::empirical(values, Order::Job).map_err(|unfit| site.error(span, "S031", unfit.problem).hint(unfit.advice)).ok()
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use crate::engine::random::StreamKey;
    use crate::engine::time::SimTime;
    use crate::traffic::check::flow;
    use crate::traffic::{Arrivals, Works};

    fn replay(text: &str) -> Vec<(f64, u32)> {
        let flow = flow(text).expect("sound");
        let root = StreamKey::new(1, 0);
        let jobs = Arrivals::new([flow].into(), Works::new(Vec::new().into(), root), root, SimTime::MAX);
        jobs.map(|job| (job.at.as_secs_f64(), job.size)).collect()
    }

    #[test]
    fn times_and_sizes_are_those_of_the_file() {
        let measured = [(0.0, 100), (1.5, 200), (1.5, 300), (9.0, 400)];
        let trace = "trace = { file = 'data/x.csv', times = 't_s', size = 'bytes'";
        assert_eq!(replay(&format!("{trace} }}")), measured);
        assert_eq!(replay(&format!("{trace}, speed = 2 }}")), measured.map(|(at, size)| (at / 2.0, size)));
        let twice: Vec<_> = measured.iter().flat_map(|job| [*job, *job]).collect();
        assert_eq!(replay(&format!("{trace}, volume = 2 }}")), twice);
    }

    #[test]
    fn counts_fill_their_intervals() {
        let text = "trace = { file = 'data/x.csv', counts = 'count', interval = '5min', speed = 0.5, spread = 'even' }";
        let jobs = replay(text);
        let within = |i: f64| jobs.iter().filter(|job| (job.0 / 600.0).floor() == i).count();
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(within), [94, 0, 187, 3]);
        let flow = flow(text).expect("sound");
        assert!((flow.sources[0].pattern.expected(300.0) - 47.0).abs() < 1e-9);
    }

    #[test]
    fn what_contradicts_or_has_no_effect_is_refused() {
        for (keys, said) in [
            ("times = 't_s', counts = 'count'", "either `times` or `counts`"),
            ("speed = 1", "a trace needs `times` or `counts`"),
            ("times = 't_s', interval = '5min'", "`interval` has no effect"),
            ("times = 't_s', spread = 'even'", "`spread` has no effect"),
            ("counts = 'count'", "needs `interval`"),
            ("counts = 'count', interval = '0s'", "`interval` must be more than zero"),
            ("counts = 'count', interval = '1s', size = 'bytes'", "`size` needs one row for each job"),
            ("times = 't_s', speed = 0", "`speed` must be more than zero"),
            ("times = 't_s', speed = nan", "`speed` must be more than zero"),
            ("times = 't_s', volume = -1", "`volume` must lie between 0 and 1000000"),
            ("counts = 'count', interval = '1s', volume = 1e6, spread = 'odd'", "`odd` is not known here"),
        ] {
            let shown = flow(&format!("trace = {{ file = 'data/x.csv', {keys} }}")).expect_err(keys);
            assert!(shown.contains(said), "{keys}: {shown}");
        }
    }

    #[test]
    fn a_bad_file_is_reported_with_line_and_column() {
        for (trace, said) in [
            (
                "file = 'data/unsorted.csv', times = 't_s'",
                "`data/unsorted.csv` line 3, column `t_s`: 3.2 comes after 3.5",
            ),
            (
                "file = 'data/x.csv', counts = 'half', interval = '1s'",
                "`data/x.csv` line 3, column `half`: 2.5 is not a count",
            ),
            ("file = 'data/x.csv', times = 'ts'", "`data/x.csv` has no column `ts`"),
            ("file = 'data/y.csv', times = 't_s'", "`data/y.csv` cannot be read: there is no such file"),
            ("times = 't_s'", "`traffic.uploads.trace` needs `file`"),
        ] {
            let shown = flow(&format!("trace = {{ {trace} }}")).expect_err(trace);
            assert!(shown.contains(said), "{trace}: {shown}");
        }
    }
}
