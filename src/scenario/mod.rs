//! Text to model, and model to run.

mod world;

pub use world::PipelineWorld;
