//! What the proxy is compared with: it parses the same batches and throws them away.

use std::io::Write as _;

use segue_tracker_proxy::clock::Clock;
use segue_tracker_proxy::config::Limits;
use segue_tracker_proxy::ingest::discard_router;
use tokio::net::TcpListener;

/// Serves until it is told to stop, with as many threads as the proxy.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        writeln!(std::io::stdout(), "baseline listens on http://{addr}")?;
        let router = discard_router(Clock::system(), Limits::default());
        Ok(axum::serve(listener, router).await?)
    })
}
