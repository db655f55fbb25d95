//! The command line: exactly what was typed, no work done.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Puts the same traffic, job by job, through several designs, and tells what happened to every job.
#[derive(Debug, Parser)]
#[command(name = "surgetank", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done; 1 a run or a file failed; 2 wrong command line; 99 an expectation failed;\n\
                        104 invalid scenario; 105 interrupted."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios: print a comparison, write CSV files and charts.
    Run(RunArguments),
    /// Check scenarios without running them.
    Check(CheckArguments),
    /// List scenarios, components, metrics, templates or advice.
    List(ListArguments),
    /// Write a commented scenario to start from.
    New(NewArguments),
    /// Print the JSON Schema of the scenario language.
    Schema,
    /// Print quotas, defaults, prices and assumptions with their sources.
    Facts(FactsArguments),
    /// Print completions for a shell.
    Completions(CompletionsArguments),
}

/// What `run` takes.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Folder in which each scenario gets a folder of its own.
    #[arg(short, long, value_name = "DIR", default_value = "output")]
    pub out: PathBuf,
    /// Base seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Replications instead of the scenario's.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub replications: Option<u32>,
    /// Replications simulated at the same time; all processors unless given.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Set a value of the scenario: `traffic.uploads.spike.count=500`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// Run only this case.
    #[arg(long = "case", value_name = "NAME")]
    pub cases: Vec<String>,
    /// Run only this pipeline.
    #[arg(long = "pipeline", value_name = "NAME")]
    pub pipelines: Vec<String>,
    /// Percentiles of the latency, in percent: `50,90,99.9`.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = percentile)]
    pub percentiles: Vec<f64>,
    /// Form of the result on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Print nothing but errors and failed expectations.
    #[arg(short, long)]
    pub quiet: bool,
    /// Write no charts.
    #[arg(long)]
    pub no_charts: bool,
    /// Write `messages.csv`: one row per job with its fate.
    #[arg(long)]
    pub messages: bool,
}

/// A number of percent; whether there is such a percentile is checked with the scenario.
fn percentile(text: &str) -> Result<f64, String> {
    let plain = text.trim().trim_end_matches('%');
    plain.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        "percentiles are numbers between 0 and 100 with commas between them, such as 50,90,99.9".to_owned()
    })
}

/// Form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and sentences for a person.
    Text,
    /// One JSON document.
    Json,
    /// The wide table as CSV.
    Csv,
    /// Markdown.
    Md,
}

/// What `check` takes.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print every value with its origin.
    #[arg(long)]
    pub resolved: bool,
    /// Set a value of the scenario: `traffic.uploads.spike.count=500`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// Form of what was found.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// Form of what `check` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// Lines of the file with marks below them.
    Text,
    /// A JSON list of findings.
    Json,
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// What to list.
    #[arg(value_enum)]
    pub what: Listing,
    /// Of `keys`: of what, such as `sqs`, `fault` or `service.calls.retries`.
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// The scenarios in the folder `scenarios`.
    Scenarios,
    /// The kinds of nodes.
    Components,
    /// What can be written in a section or at a kind of node.
    Keys,
    /// The metrics that an expectation can name.
    Metrics,
    /// The templates of `new`.
    Templates,
    /// The advice that `check` gives, with the codes for `allow`.
    Advice,
}

/// What `new` takes.
#[derive(Debug, Args)]
pub struct NewArguments {
    /// The file to write; `-` for standard output.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which template: see `list templates`.
    #[arg(long, value_name = "NAME", default_value = "queue")]
    pub template: String,
}

/// What `facts` takes.
#[derive(Debug, Args)]
pub struct FactsArguments {
    /// A service (`sqs`), a name (`sqs.visibility_timeout`) or words of one; everything unless given.
    #[arg(value_name = "WHAT")]
    pub what: Option<String>,
    /// Form of the list.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What `completions` takes.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn percentiles_are_numbers_or_it_is_said_that_they_are() {
        let parsed = |list: &str| Arguments::try_parse_from(["surgetank", "run", "a.toml", "--percentiles", list]);
        assert!(parsed("50,99.9").is_ok() && parsed("50%").is_ok());
        for wrong in ["a,b", "nan", "1e999"] {
            let told = parsed(wrong).expect_err("it is no number").to_string();
            assert!(told.contains("between 0 and 100 with commas between them, such as 50,90,99.9"), "{told}");
        }
    }
}
