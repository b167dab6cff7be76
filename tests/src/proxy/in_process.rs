//! The whole proxy within the test, for stories in which only time passes.

use std::time::Duration;

use segue_tracker_proxy::app::App;
use segue_tracker_proxy::clock::{Clock, TimeMs};
use segue_tracker_proxy::config::Config;
use tempfile::TempDir;

use crate::admin::Admin;
use crate::ingest::Ingest;
use crate::ports;
use crate::settings::{ADMIN_TOKEN, Settings, WRITE_KEY};

/// A proxy whose clock stands still until the test moves it.
#[derive(Debug)]
pub struct InProcessProxy {
    app: App,
    clock: Clock,
    _folder: TempDir,
}

impl InProcessProxy {
    /// Starts a proxy at the instant `now`, in milliseconds.
    pub async fn start(settings: &Settings, now: i64) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let text = settings.text(ports::free(), &folder.path().join("data"));
        let config = Config::read(&text, &|_| None);
        let config = config.unwrap_or_else(|mistakes| panic!("bad settings: {mistakes:?}"));
        let clock = Clock::manual(TimeMs(now));
        let app = App::start(config, clock.clone()).await;
        let app = app.expect("the proxy starts on an empty folder");
        Self {
            app,
            clock,
            _folder: folder,
        }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The time, in milliseconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.now().0
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.app.addr())
    }

    /// Its admin API.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(&self.url(), ADMIN_TOKEN)
    }

    /// Its ingest API, as an app backend.
    #[must_use]
    pub fn ingest(&self) -> Ingest {
        Ingest::new(&self.url(), WRITE_KEY)
    }

    /// Stops it in order.
    pub async fn shutdown(self) {
        self.app.shutdown(Duration::from_secs(10)).await;
    }
}
