//! A process under test: started, awaited, ended one way or the other.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::environment::say;
use crate::wait::PATIENCE;

/// How much of a log is shown when a test fails, in bytes.
const SHOWN_BYTES_MAX: usize = 4_000;

/// A running process that is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command` and waits for a line on its stdout that has `sign` in it. What it says on
    /// stderr is added to the file `log`.
    pub fn start(command: &mut Command, sign: &str, log: &Path) -> Self {
        let stderr = OpenOptions::new().create(true).append(true).open(log);
        let stderr = stderr.expect("a log can be written into a temporary folder");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the binary under test can be run");
        let stdout = child.stdout.take().expect("stdout is piped");
        let running = Self {
            child,
            log: log.to_owned(),
        };
        let (tell, told) = mpsc::channel();
        let sign = sign.to_owned();
        std::thread::spawn(move || {
            // Reads on after the sign, so that the process never waits for a full pipe.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.contains(&sign) {
                    // Whoever waits may have lost patience.
                    tell.send(()).unwrap_or_default();
                }
            }
        });
        assert!(
            told.recv_timeout(PATIENCE).is_ok(),
            "{command:?} does not come up"
        );
        running
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing of the process runs after this.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGTERM, and the exit code; none where a signal ended it.
    #[must_use]
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "kill cannot be run");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                return status.code();
            }
            assert!(started.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(&mut self) {
        // It may have ended by itself, which is as good.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            let text = std::fs::read(&self.log).unwrap_or_default();
            let from = text.len().saturating_sub(SHOWN_BYTES_MAX);
            let shown = String::from_utf8_lossy(&text[from..]);
            say(&format!("--- the end of its log:\n{shown}---"));
        }
    }
}
