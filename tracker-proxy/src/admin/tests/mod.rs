//! Stories of the calls, over a real pipeline.

mod access;
mod activations;
mod deliveries;
mod failing;
mod people;
mod preview;
