//! Exit codes. Those of k6 where the meaning is the same.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, and every expectation held.
    Done,
    /// A run, or reading or writing, failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// An expectation failed; all files were written.
    Expectation,
    /// The scenario is invalid.
    Scenario,
    /// Interrupted; what was finished was written and marked partial.
    Interrupted,
}

impl Exit {
    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Expectation => 99,
            Self::Scenario => 104,
            Self::Interrupted => 105,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
