//! What an attacker may try at an endpoint, one test for each attack.

mod bodies;
mod leaks;
mod replays;
mod signatures;
