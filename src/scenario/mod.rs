//! From the texts of a scenario to what it asks for: extended, overridden, split into cases, decoded and checked.
//!
//! ```text
//! file + extends + --set ─load▶ Loaded ─case▶ Table ─ScenarioSpec::read▶ parts ─▶ Run, Fault, Expectation, ...
//! ```
//! No file is opened here: texts come in as strings, and a base file through a function of the caller.

mod assign;
mod load;

pub use assign::Setting;
pub use load::{Case, Loaded, load};
