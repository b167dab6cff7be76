//! A PostgreSQL server of our own, from the binaries that are on the machine.
//!
//! One server serves all tests; each gets a schema of its own. The server ends with the
//! process of the tests, however that ends: a shell waits for its standard input to close.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

const USER: &str = "segue";

/// Waits, then stops the server and removes its folder.
const GUARD: &str = r#"
"$1/postgres" -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c ssl=on -c "ssl_cert_file=$2/server.pem" -c "ssl_key_file=$2/server.key" \
    -c max_connections=300 -c fsync=off -c full_page_writes=off -c jit=off >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$2"
"#;

struct Server {
    port: u16,
    /// Of the address that it listens on, signed by itself.
    certificate: CertificateDer<'static>,
    /// Its standard input closes with this process.
    guard: Child,
}

static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
static SCHEMAS: AtomicU64 = AtomicU64::new(1);

/// The URL of an empty schema, or none where PostgreSQL is not installed.
pub(crate) async fn database() -> Option<String> {
    let server = SERVER.get_or_init(start).await.as_ref()?;
    let name = format!("test_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let client = connect(&server.url()).await.expect("it runs");
    let create = format!("CREATE SCHEMA {name}");
    client
        .batch_execute(&create)
        .await
        .expect("the name is new");
    Some(format!("{}?options=-csearch_path%3D{name}", server.url()))
}

/// The certificate of the server, where there is one.
pub(crate) async fn certificate() -> Option<CertificateDer<'static>> {
    let server = SERVER.get_or_init(start).await.as_ref()?;
    Some(server.certificate.clone())
}

impl Server {
    fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }
}

pub(crate) async fn connect(url: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with its client.
    drop(tokio::spawn(connection));
    Ok(client)
}

async fn start() -> Option<Server> {
    let Some(binaries) = binaries() else {
        let said = writeln!(
            std::io::stderr(),
            "no PostgreSQL on this machine: its stores are not tested (apt-get install postgresql)"
        );
        said.expect("there is a standard error");
        return None;
    };
    let folder = tempfile::tempdir()
        .expect("a temporary folder can be made")
        .keep();
    let owner = owner(&folder);
    let mut certificate = initialise(&binaries, &folder, owner);
    for _ in 0..5 {
        let port = free_port();
        let mut guard = as_owner(Command::new("sh"), owner);
        let guard = guard
            .args(["-c", GUARD, "guard"])
            .args([&binaries, &folder])
            .arg(port.to_string())
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        let mut server = Server {
            port,
            certificate,
            guard: guard.expect("there is a shell"),
        };
        if answers(&server).await {
            return Some(server);
        }
        drop(server.guard.stdin.take());
        server.guard.wait().expect("it is ours");
        // Somebody else was faster on this port; the guard has removed the data.
        fs::create_dir_all(&folder).expect("it was ours");
        hand_over(&folder, owner);
        certificate = initialise(&binaries, &folder, owner);
    }
    panic!("PostgreSQL does not start");
}

fn initialise(binaries: &Path, folder: &Path, owner: Option<u32>) -> CertificateDer<'static> {
    let mut initdb = as_owner(Command::new(binaries.join("initdb")), owner);
    let output = initdb
        .args([
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
            "-D",
        ])
        .arg(folder.join("data"))
        .current_dir(folder)
        .output()
        .expect("initdb can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "initdb failed: {said}");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
    let made = made.expect("the name is an address");
    let key = made.signing_key.serialize_pem();
    for (name, text) in [("server.pem", made.cert.pem()), ("server.key", key)] {
        let file = folder.join(name);
        fs::write(&file, text).expect("it is ours");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
        if let Some(owner) = owner {
            chown(&file, Some(owner), None).expect("root may do so");
        }
    }
    made.cert.der().clone()
}

async fn answers(server: &Server) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if connect(&server.url()).await.is_ok() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Names the folder with PostgreSQL's binaries; when it is empty, they count as missing.
const BINARIES: &str = "SEGUE_TEST_POSTGRES";

fn has_both(folder: &Path) -> bool {
    let mut names = ["postgres", "initdb"].iter();
    names.all(|name| folder.join(name).exists())
}

/// Where `postgres` and `initdb` are: where we are told, where Debian keeps its newest version, or
/// in the path.
fn binaries() -> Option<PathBuf> {
    if let Some(told) = variable(BINARIES) {
        return Some(PathBuf::from(told)).filter(|folder| has_both(folder));
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<PathBuf> = versions.flatten().map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| {
        let version = path.file_name().and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    let debian = versions
        .into_iter()
        .rev()
        .map(|version| version.join("bin"));
    let path = path_folders();
    debian.chain(path).find(|folder| has_both(folder))
}

fn path_folders() -> Vec<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "programs are looked for where the shell looks for them"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The user to run the server as, when we are root: PostgreSQL refuses to be.
fn owner(folder: &Path) -> Option<u32> {
    let mine = fs::metadata(folder).expect("it was just made").uid();
    if mine != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("everybody may read it");
    let id = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        line.split(':').nth(2)?.parse().ok()
    };
    let owner = id("postgres").or_else(|| id("nobody"));
    hand_over(folder, owner);
    owner
}

fn hand_over(folder: &Path, owner: Option<u32>) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
    if let Some(owner) = owner {
        chown(folder, Some(owner), None).expect("root may do so");
    }
}

fn as_owner(mut command: Command, owner: Option<u32>) -> Command {
    if let Some(owner) = owner {
        command.uid(owner);
    }
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}
