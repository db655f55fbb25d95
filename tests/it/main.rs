//! Tests of the whole program through its public interface.

#![allow(clippy::cast_precision_loss, reason = "tests compare counts with rates")]

mod bench;
mod kinesis;
mod kinesis_readers;
