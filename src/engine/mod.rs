//! The engine.
pub mod random;
pub mod time;
