//! What a function is written in.

use crate::facts::{self, Fact, lambda};
use crate::site::ToToml;
use serde::Deserialize;

/// What a function is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum RuntimeSpec {
    /// Python.
    Python,
    /// JavaScript.
    Node,
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// Java.
    Java,
    /// Java with `SnapStart`.
    JavaSnapStart,
}

impl RuntimeSpec {
    const fn word(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::Java => "java",
            Self::JavaSnapStart => "java_snap_start",
        }
    }

    pub(super) const fn init(self) -> &'static Fact<facts::Latency> {
        match self {
            Self::Python => &lambda::INIT_PYTHON,
            Self::Node => &lambda::INIT_NODE,
            Self::Go => &lambda::INIT_GO,
            Self::Rust => &lambda::INIT_RUST,
            Self::Java => &lambda::INIT_JAVA,
            Self::JavaSnapStart => &lambda::INIT_JAVA_SNAP_START,
        }
    }
}

impl ToToml for RuntimeSpec {
    fn to_toml(&self) -> String {
        self.word().to_toml()
    }
}
