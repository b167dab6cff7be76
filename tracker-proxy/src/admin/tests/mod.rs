//! Stories of the calls, over a real pipeline.

mod access;
mod activations;
mod deliveries;
mod failing;
mod lists;
mod people;
mod preview;
