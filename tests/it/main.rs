//! Tests of the whole program through its public interface.

#![allow(clippy::cast_precision_loss, reason = "tests compare counts with rates")]

mod bench;
mod fixture;
mod kinesis;
mod kinesis_readers;
mod scenarios;
