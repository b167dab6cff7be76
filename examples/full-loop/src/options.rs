//! The command line.

use clap::Parser;

/// Proxy, shop and shoppers in one run
#[derive(Debug, Parser)]
#[command(name = "full-loop")]
pub(crate) struct Options {
    /// How long the shoppers shop
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,

    /// What they do: the same for the same seed
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// How long both sides may take to agree in the end, in seconds
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) patience: u64,

    /// Lets somebody who knows the shop's secrets put a stranger into a segment: see it noticed
    #[arg(long)]
    pub(crate) stranger: bool,
}
