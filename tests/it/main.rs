//! Tests of the whole program through its public interface.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    unreachable_pub,
    reason = "nobody reaches into a test; tests look at files, and compare counts with rates"
)]

mod advice;
mod bad;
mod bench;
mod bounds;
mod claims;
mod dead_letters;
mod determinism;
mod fixture;
mod kinesis;
mod kinesis_fan_out;
mod kinesis_readers;
mod measures;
mod messages;
mod mutations;
mod outages;
mod readme;
mod reference;
mod repeat;
mod scenarios;
mod study;
mod swarm;
mod theory;
mod tidy;
