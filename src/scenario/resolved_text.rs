//! The resolved scenario as one text: what the first case came to, and how the other cases differ from it.

use super::load::Loaded;
use super::resolve::Resolved;
use crate::site::{Record, Resolution, toml_key, toml_string};
use std::collections::BTreeMap;
use std::fmt::Write as _;

impl Resolved {
    /// A scenario with every value written out and its origin behind it; running it gives the same results.
    pub fn to_toml(&self, loaded: &Loaded) -> String {
        let Some((_, first)) = self.resolutions.first() else { return String::new() };
        let mut text = first.to_toml(&loaded.sources);
        if self.resolutions.len() == 1 && self.resolutions[0].0 == "base" {
            return text;
        }
        let base = values(first);
        for (case, resolution) in &self.resolutions {
            let _ = writeln!(text, "\n[case.{}]", toml_key(case));
            let changes: Vec<String> = resolution
                .iter()
                .filter(|record| base.get(&path(record)) != Some(&record.toml))
                .map(|record| format!("{} = {}", toml_string(&path(record)), record.toml))
                .collect();
            if !changes.is_empty() {
                let _ = writeln!(text, "set = {{ {} }}", changes.join(", "));
            }
        }
        text
    }
}

fn path(record: &Record) -> String {
    if record.path.is_empty() { record.key.clone() } else { format!("{}.{}", record.path, record.key) }
}

fn values(resolution: &Resolution) -> BTreeMap<String, String> {
    resolution.iter().map(|record| (path(record), record.toml.clone())).collect()
}
