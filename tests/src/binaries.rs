//! The binaries under test: built once per test process, found beside the test executable.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the binaries of one profile are.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The proxy.
    #[must_use]
    pub fn proxy(&self) -> PathBuf {
        self.folder.join("tracker-proxy")
    }

    /// The receiving app.
    #[must_use]
    pub fn shop(&self) -> PathBuf {
        self.folder.join("axum-app")
    }

    /// The smallest program that uses the SDK.
    #[must_use]
    pub fn quickstart(&self) -> PathBuf {
        self.folder.join("quickstart")
    }

    /// Proxy, shop and shoppers in one run.
    #[must_use]
    pub fn full_loop(&self) -> PathBuf {
        self.folder.join("full-loop")
    }

    /// The profile's folder name: `debug`, `release`.
    #[must_use]
    pub fn profile(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// The binaries of the profile that the tests themselves are built with.
///
/// # Panics
///
/// They cannot be built.
#[must_use]
pub fn of_this_profile() -> &'static Binaries {
    static BUILT: OnceLock<Binaries> = OnceLock::new();
    BUILT.get_or_init(|| build(&own_folder()))
}

/// The release binaries where somebody has built such before, else those of this profile. They
/// are brought up to date first: a stale binary proves nothing.
///
/// # Panics
///
/// They cannot be built.
#[must_use]
pub fn release_if_built() -> &'static Binaries {
    static BUILT: OnceLock<Binaries> = OnceLock::new();
    BUILT.get_or_init(|| {
        let release = own_folder().with_file_name("release");
        if release.join("tracker-proxy").exists() {
            build(&release)
        } else {
            of_this_profile().clone()
        }
    })
}

/// `target/debug` of `target/debug/deps/it-0123`.
fn own_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its executable");
    let deps = own.parent().expect("an executable is in a folder");
    let folder = if deps.ends_with("deps") {
        deps.parent()
    } else {
        Some(deps)
    };
    folder.expect("a build has a folder").to_owned()
}

fn build(folder: &Path) -> Binaries {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let target = folder.parent().expect("a profile is in a target folder");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", profile])
        .args(["-p", "segue-tracker-proxy", "-p", "axum-app"])
        .args(["-p", "quickstart", "-p", "full-loop"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .status()
        .expect("cargo can be run");
    assert!(built.success(), "the binaries under test do not build");
    Binaries {
        folder: folder.to_owned(),
    }
}
