//! Queueing theory: what is known exactly must come out, for every design that the theory speaks of.

mod exact;
mod spike;
mod stations;
mod tandem;
