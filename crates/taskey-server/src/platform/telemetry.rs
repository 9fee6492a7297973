//! Metrics for Prometheus, at `/metrics`.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::App;

/// Samples are kept one by one until they are summed up, whether or not anybody asks for the metrics.
const SUM_UP_EVERY: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The process's recorder; the first call installs it, later ones (several servers in one test process) share it.
    pub fn install() -> Self {
        static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another recorder of metrics is installed; /metrics stays empty");
            }
            handle
        });
        Self(handle.clone())
    }

    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

pub async fn sum_up(app: App) {
    loop {
        app.clock.sleep(SUM_UP_EVERY).await;
        app.metrics.0.run_upkeep();
    }
}
