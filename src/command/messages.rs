//! `--messages`: what became of every single job, through the disk and never all in memory.
//!
//! Jobs end in another order than they arrive in, and replications run side by side. So each replication writes short
//! records into a file of its own, each at the place of its job; when all are through, the files are read one after the
//! other and become `messages.csv`. They lie in the folder in the making, so an interrupted run leaves nothing behind.

use crate::engine::{LossId, SimDuration, SimTime};
use crate::metrics::{Fate, JobEnd, JobSink};
use crate::output::csv::messages::{FILE, Messages, Row};
use crate::output::folder::{OutputError, OutputFolder};
use crate::scenario::{CaseModel, Model};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// One replication: indices of its case and its pipeline, and its number.
pub(super) type Task = (usize, usize, u32);

/// The records of a run while it goes on.
#[derive(Debug)]
pub(super) struct Records {
    /// Where they lie.
    folder: PathBuf,
    /// The first error in writing one.
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Records {
    /// Makes room for them in the folder of the run.
    pub(super) fn begin(folder: &OutputFolder) -> Result<Self, OutputError> {
        Ok(Self { folder: folder.scratch()?, failed: Arc::default() })
    }

    /// Takes the jobs of one replication.
    pub(super) fn of(&self, task: Task) -> Box<dyn JobSink> {
        let failed = Arc::clone(&self.failed);
        let mut sink = Sink { file: None, window: VecDeque::new(), first: 0, failed };
        match File::create(self.place(task)) {
            Ok(file) => sink.file = Some(file),
            Err(error) => sink.fail(error),
        }
        Box::new(sink)
    }

    fn place(&self, (case, pipeline, replication): Task) -> PathBuf {
        self.folder.join(format!("{case}-{pipeline}-{replication}"))
    }

    /// Writes `messages.csv` from the records of the replications that came to their end, in that order.
    pub(super) fn write(
        self,
        scenario: &str,
        model: &Model,
        done: &[Task],
        folder: &mut OutputFolder,
    ) -> Result<(), OutputError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        folder.write(FILE, |out| {
            failed.map_or(Ok(()), Err)?;
            let mut messages = Messages::new(out)?;
            for &task in done {
                self.replay(scenario, model, task, &mut messages)?;
            }
            messages.finish()?;
            fs::remove_dir_all(&self.folder)
        })
    }

    fn replay(&self, scenario: &str, model: &Model, task: Task, messages: &mut Messages<'_>) -> io::Result<()> {
        let place = self.place(task);
        let file = File::open(&place)?;
        let jobs = file.metadata()?.len() / RECORD as u64;
        let mut records = BufReader::new(file);
        let mut record = [0; RECORD];
        for job in 0..jobs {
            records.read_exact(&mut record)?;
            row(scenario, &model.cases[task.0], task, &decode(job, &record), messages)?;
        }
        fs::remove_file(place)
    }
}

fn row(
    scenario: &str,
    case: &CaseModel,
    (_, pipeline, replication): Task,
    end: &JobEnd,
    messages: &mut Messages<'_>,
) -> io::Result<()> {
    let pipeline = &case.pipelines[pipeline];
    let flow = &case.flows[usize::from(end.flow)];
    let key = flow.keys.as_ref().map(|keys| keys.text(end.key)).unwrap_or_default();
    let loss = &pipeline.losses[usize::from(end.loss.0)];
    let fate = end.done.map_or(Fate::from(loss.kind), |(fate, _)| fate);
    let node = pipeline.plan.nodes.get(loss.node.index()).map_or("", |node| node.name.as_str());
    let cause = match fate {
        _ if end.done.is_some() => ["", ""],
        // The end of the run is at no node.
        Fate::Unfinished => [loss.reason, ""],
        _ => [loss.reason, node],
    };
    messages.row(&Row {
        context: [scenario, &case.name, &pipeline.name],
        replication,
        flow: &flow.name,
        job: end.place,
        arrival_s: end.born.as_secs_f64(),
        size: end.size,
        key: &key,
        work_s: end.work.as_secs_f64(),
        fate: fate.name(),
        cause,
        done_s: end.done.map(|(_, at)| (at.as_secs_f64(), at.since(end.born).as_secs_f64())),
    })
}

/// Records are kept in memory until so many later jobs have ended; what ends later still is written where it belongs.
const WINDOW: usize = 1 << 14;

/// Bytes of a record.
const RECORD: usize = 8 + 8 + 8 + 4 + 4 + 2 + 2 + 1;

/// Writes the records of one replication.
#[derive(Debug)]
struct Sink {
    /// `None` after an error: the run fails, and nothing more needs to be written.
    file: Option<File>,
    /// The records from `first` on; a gap where a job has not ended yet.
    window: VecDeque<[u8; RECORD]>,
    /// The place of the first of them.
    first: u64,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Sink {
    fn fail(&mut self, error: io::Error) {
        self.file = None;
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn write_at(&mut self, place: u64, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        let written = file.seek(SeekFrom::Start(place * RECORD as u64)).and_then(|_| file.write_all(bytes));
        if let Err(error) = written {
            self.fail(error);
        }
    }

    /// Writes the first `count` records of the window; gaps are filled when their jobs end.
    fn write_front(&mut self, count: usize) {
        let bytes: Vec<u8> = self.window.drain(..count).flatten().collect();
        self.write_at(self.first, &bytes);
        self.first += count as u64;
    }
}

impl JobSink for Sink {
    fn ended(&mut self, end: &JobEnd) {
        let record = encode(end);
        let Some(ahead) = end.place.checked_sub(self.first) else {
            self.write_at(end.place, &record);
            return;
        };
        // Whoever is farther ahead pushes the front out, so the window has a bounded length.
        let mut ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        while ahead >= WINDOW {
            if self.window.len() < WINDOW {
                self.window.resize(WINDOW, [0; RECORD]);
            }
            self.write_front(WINDOW / 2);
            ahead -= WINDOW / 2;
        }
        if self.window.len() <= ahead {
            self.window.resize(ahead + 1, [0; RECORD]);
        }
        self.window[ahead] = record;
    }

    fn finish(&mut self) {
        self.write_front(self.window.len());
    }
}

fn encode(end: &JobEnd) -> [u8; RECORD] {
    let done = end.done.map_or(SimTime::ZERO, |(_, at)| at);
    let fate = end.done.and_then(|(fate, _)| Fate::ALL.iter().position(|&other| other == fate));
    let fate = fate.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0);
    let mut record = [0; RECORD];
    let mut rest = &mut record[..];
    for bytes in [
        &end.born.as_nanos().to_le_bytes()[..],
        &end.work.as_nanos().to_le_bytes(),
        &done.as_nanos().to_le_bytes(),
        &end.size.to_le_bytes(),
        &end.key.to_le_bytes(),
        &end.flow.to_le_bytes(),
        &end.loss.0.to_le_bytes(),
        &[fate],
    ] {
        let (here, after) = rest.split_at_mut(bytes.len());
        here.copy_from_slice(bytes);
        rest = after;
    }
    record
}

fn decode(place: u64, record: &[u8; RECORD]) -> JobEnd {
    let mut rest = &record[..];
    let mut number = |bytes: usize| {
        let (here, after) = rest.split_at(bytes);
        rest = after;
        here.iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let (born, work, done) = (number(8), number(8), number(8));
    let (size, key) = (number(4), number(4));
    let (flow, loss, fate) = (number(2), number(2), number(1));
    #[allow(clippy::cast_possible_truncation, reason = "each was written with so many bytes")]
    JobEnd {
        place,
        flow: flow as u16,
        born: SimTime::from_nanos(born),
        size: size as u32,
        key: key as u32,
        work: SimDuration::from_nanos(work),
        done: (fate > 0).then(|| (Fate::ALL[fate as usize - 1], SimTime::from_nanos(done))),
        loss: LossId(loss as u16),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(place: u64) -> JobEnd {
        let done = (!place.is_multiple_of(3)).then(|| (Fate::DoneLate, SimTime::from_nanos(place + 7)));
        JobEnd {
            place,
            flow: 2,
            born: SimTime::from_nanos(place),
            size: u32::MAX,
            key: 77,
            work: SimDuration::from_nanos(u64::MAX),
            done,
            loss: LossId(if done.is_none() { 513 } else { 0 }),
        }
    }

    /// What is in the file after jobs have ended in this order.
    fn written(order: impl IntoIterator<Item = u64>) -> Vec<JobEnd> {
        let place = tempfile::tempdir().expect("a temporary folder");
        let failed = Arc::default();
        let records = Records { folder: place.path().to_path_buf(), failed: Arc::clone(&failed) };
        let mut sink = records.of((0, 1, 2));
        order.into_iter().for_each(|job| sink.ended(&end(job)));
        sink.finish();
        assert!(failed.lock().expect("no thread died").is_none());
        let bytes = fs::read(place.path().join("0-1-2")).expect("the file of the replication");
        let records = bytes.chunks_exact(RECORD).map(|record| record.try_into().expect("of that length"));
        (0..).zip(records).map(|(place, record)| decode(place, &record)).collect()
    }

    #[test]
    fn whatever_the_order_of_ends_the_file_has_the_order_of_arrivals() {
        let jobs = 3 * WINDOW as u64 + 5;
        let expected: Vec<JobEnd> = (0..jobs).map(end).collect();
        assert_eq!(written(0..jobs), expected);
        assert_eq!(written((0..jobs).rev()), expected);
        // One waits until the end of the run, as in a dead-letter queue.
        assert_eq!(written((1..jobs).chain([0])), expected);
    }

    #[test]
    fn the_window_stays_small_when_one_job_outlasts_all_others() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let file = Some(File::create(place.path().join("records")).expect("a file"));
        let mut sink = Sink { file, window: VecDeque::new(), first: 0, failed: Arc::default() };
        for job in 1..10 * WINDOW as u64 {
            sink.ended(&end(job));
            assert!(sink.window.len() <= WINDOW);
        }
    }

    #[test]
    fn an_error_of_the_disk_is_kept_for_the_end() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let records = Records { folder: place.path().join("missing"), failed: Arc::default() };
        let mut sink = records.of((0, 0, 0));
        sink.ended(&end(0));
        sink.finish();
        let failed = records.failed.lock().expect("no thread died").take();
        assert_eq!(failed.expect("an error").kind(), io::ErrorKind::NotFound);
    }
}
