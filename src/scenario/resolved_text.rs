//! The resolved scenario as one text: what the first case came to, and how the other cases differ from it.

use super::load::Loaded;
use super::resolve::Resolved;
use crate::site::{toml_key, toml_string};
use std::fmt::Write as _;
use toml::{Table, Value};

impl Resolved {
    /// A scenario with every value written out and its origin behind it; running it gives the same results.
    pub fn to_toml(&self, loaded: &Loaded) -> String {
        let Some((_, first)) = self.resolutions.first() else { return String::new() };
        let mut text = first.to_toml(&loaded.sources);
        if self.resolutions.len() == 1 && self.resolutions[0].0 == "base" {
            return text;
        }
        let base: Table = toml::from_str(&text).unwrap_or_default();
        for (case, resolution) in &self.resolutions {
            let _ = writeln!(text, "\n[case.{}]", toml_key(case));
            let own: Table = toml::from_str(&resolution.to_toml(&loaded.sources)).unwrap_or_default();
            let mut changes = Vec::new();
            compare(&mut Vec::new(), &base, &own, &mut changes);
            if !changes.is_empty() {
                let _ = writeln!(text, "set = {{ {} }}", changes.join(", "));
            }
        }
        text
    }
}

/// The deepest table that a case adds to; from there on it replaces what is there.
const SECTION: usize = 1;

/// What must be set to make `own` of `base`, which are found at `path`. A case can add and replace, but not take away:
/// whatever has lost something is set as a whole.
fn compare(path: &mut Vec<String>, base: &Table, own: &Table, changes: &mut Vec<String>) {
    let has_lost = |base: &Table, own: &Table| base.keys().any(|key| !own.contains_key(key));
    for (key, value) in own {
        path.push(toml_key(key));
        match (base.get(key), value) {
            (Some(before), _) if before == value => {}
            (Some(Value::Table(before)), Value::Table(now)) if path.len() <= SECTION || !has_lost(before, now) => {
                compare(path, before, now, changes);
            }
            _ => changes.push(format!("{} = {value}", toml_string(&path.join(".")))),
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(base: &str, own: &str) -> Vec<String> {
        let table = |text: &str| toml::from_str::<Table>(text).expect("it is TOML");
        let mut changes = Vec::new();
        compare(&mut Vec::new(), &table(base), &table(own), &mut changes);
        changes
    }

    #[test]
    fn what_is_new_or_other_is_set_alone_and_what_has_lost_something_as_a_whole() {
        let base = "[traffic.a]\nrate = \"1/s\"\nspikes = [1, 2]\n[pipeline.p.q]\nfrom = \"a\"\nx = { y = 1, z = 2 }\n";
        assert!(changes(base, base).is_empty());
        let other = base.replace("1/s", "2/s").replace("z = 2", "z = 3");
        assert_eq!(changes(base, &other), ["\"traffic.a.rate\" = \"2/s\"", "\"pipeline.p.q.x.z\" = 3"]);
        assert_eq!(changes(base, &base.replace("[1, 2]", "[]")), ["\"traffic.a.spikes\" = []"]);
        assert_eq!(changes(base, &base.replace("spikes = [1, 2]\n", "")), ["\"traffic.a\" = { rate = \"1/s\" }"]);
        assert_eq!(changes(base, &base.replace(", z = 2", "")), ["\"pipeline.p.q.x\" = { y = 1 }"]);
        let shape = base.replace("from = \"a\"", "from = { flow = \"a\", delay = \"1s\" }");
        assert_eq!(changes(base, &shape), ["\"pipeline.p.q.from\" = { flow = \"a\", delay = \"1s\" }"]);
    }
}
