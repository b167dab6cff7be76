//! The whole loop on one screen: `cargo run --release -p full-loop`
//!
//! Starts a proxy and a shop. Simulated shoppers browse, fill baskets and buy; the shop's backend
//! tracks that with the SDK, the proxy matches audiences, and the receiver in the shop keeps
//! segments equal to them. In the end every member of every audience is compared.
//!
//! `--seconds` and `--seed` change how long and what the shoppers do. The exit code is not zero
//! when an event was lost or proxy and shop disagree on anybody.
#![forbid(unsafe_code)]

mod crowd;
mod members;
mod options;
mod proxy;
mod screen;
mod shop;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser as _;
use segue_sdk::Client;

use crowd::Crowd;
use members::Both;
use options::Options;
use proxy::Proxy;
use screen::Screen;
use shop::Shop;

/// How often the table is drawn again.
const REFRESH: Duration = Duration::from_millis(500);
/// How long nothing may change before it counts as quiet: windows of time still run out.
const QUIET: Duration = Duration::from_secs(6);

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to tell when this cannot be written either.
            drop(writeln!(std::io::stderr(), "full-loop: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says whether all is well in the end.
async fn run(options: &Options) -> anyhow::Result<bool> {
    let shop = Shop::open().await?;
    let proxy = Proxy::start(&shop).await?;
    let client = Client::builder(proxy.url(), proxy::WRITE_KEY).build()?;
    let mut screen = Screen::new();

    let shopping = tokio::spawn(crowd::shop(
        Crowd::seeded(options.seed),
        client.clone(),
        options.seconds,
    ));
    let begun = Instant::now();
    while !shopping.is_finished() {
        let both = Both::read(&proxy, &shop).await?;
        screen.draw(begun.elapsed(), &client.stats(), &both)?;
        tokio::time::sleep(REFRESH).await;
    }
    shopping.await.context("the shoppers fell over")?;

    let report = client.shutdown(Duration::from_secs(10)).await;
    if options.stranger {
        shop.let_a_stranger_in(&proxy.audiences().await?).await?;
    }
    let patience = Duration::from_secs(options.patience);
    let both = until_quiet(&proxy, &shop, patience, |both| {
        screen.draw(begun.elapsed(), &report, both)
    })
    .await?;
    let agreed = screen::summary(&report, &both)?;
    proxy.stop().await?;
    Ok(agreed && report.is_complete())
}

/// Waits until neither side changes and both say the same, or the patience ends.
async fn until_quiet(
    proxy: &Proxy,
    shop: &Shop,
    patience: Duration,
    mut show: impl FnMut(&Both) -> std::io::Result<()>,
) -> anyhow::Result<Both> {
    let waiting = Instant::now();
    let mut both = Both::read(proxy, shop).await?;
    let mut changed = Instant::now();
    loop {
        tokio::time::sleep(REFRESH).await;
        let now = Both::read(proxy, shop).await?;
        if now != both || !now.agree() {
            changed = Instant::now();
        }
        both = now;
        show(&both)?;
        if changed.elapsed() >= QUIET || waiting.elapsed() >= patience {
            return Ok(both);
        }
    }
}
