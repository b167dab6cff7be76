//! `/metrics` for Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// How often histograms are folded: without it they grow when nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of the process. There can be one only, also when tests start several proxies.
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is set: /metrics stays empty");
        }
        handle
    })
}

/// Installs the recorder and keeps it small.
pub(super) async fn keep_up() {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        recorder().run_upkeep();
    }
}

/// `/metrics`.
pub(super) fn router() -> Router {
    let handle = recorder();
    Router::new().route("/metrics", get(async || handle.render()))
}
