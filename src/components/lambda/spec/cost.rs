//! What a scenario may say about what decides the price of a function.

use super::LambdaSpec;
use crate::components::NodeSite;
use crate::components::lambda::{LambdaMetrics, billing};
use crate::facts::{Fact, Price, lambda};
use crate::site::ToToml;
use crate::units::Bytes;
use serde::Deserialize;

/// The processor that a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum ArchitectureSpec {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86,
    /// ARM.
    #[serde(rename = "arm64")]
    Arm,
}

impl ArchitectureSpec {
    const fn word(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    const fn price(self) -> &'static Fact<Price> {
        match self {
            Self::X86 => &lambda::DURATION_PRICE,
            Self::Arm => &lambda::DURATION_PRICE_ARM,
        }
    }
}

impl ToToml for ArchitectureSpec {
    fn to_toml(&self) -> String {
        self.word().to_toml()
    }
}

impl LambdaSpec {
    /// Puts the prices on what the function counts.
    pub(super) fn price(&self, metrics: &LambdaMetrics, site: &mut NodeSite<'_, '_>) {
        let s = &mut *site.site;
        let (least, most) = (&lambda::MEMORY_MIN, &lambda::MEMORY_MAX);
        let written = self.memory_size.as_ref();
        let fits = s.within("memory_size", written, least.value..=most.value, &(least, most));
        let mebibyte = Bytes::mib(1).get();
        if let Some(at) = self.memory_size.filter(|at| fits && at.value.get() % mebibyte != 0) {
            s.error(at.span, "S031", "the memory of a function is a whole number of MiB")
                .note("what the service calls a MB is a MiB, 1,024 KiB")
                .hint("write MiB where the service says MB, as in `memory_size = \"512MiB\"`");
        }
        let memory = s.or_fact("memory_size", self.memory_size, &lambda::MEMORY);
        let why = "what a function gets that does not say";
        let architecture = s.or_default("architecture", self.architecture, ArchitectureSpec::X86, why);
        billing::price(metrics, memory, architecture.price(), site);
    }
}
