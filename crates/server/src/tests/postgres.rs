//! A PostgreSQL of the tests' own: in a folder of its own, on a free port, as a user without rights; stopped by its id when
//! the last test that uses it ends.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Whom PostgreSQL runs as where the tests run as root, which it refuses.
const NOBODY: u32 = 65_534;

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running server.
#[derive(Debug)]
struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

/// A fresh database on a server that all tests of the process share.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    server: Arc<Server>,
    name: String,
}

impl TestDatabase {
    /// Makes one.
    pub(crate) fn new() -> Self {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let server = shared.upgrade().unwrap_or_else(|| Arc::new(Server::start()));
        *shared = Arc::downgrade(&server);
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::SeqCst));
        server.sql(&format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("postgres://jianzai@127.0.0.1:{}/{}?sslmode=disable", self.server.port, self.name)
    }
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if is_root(&data) {
            for path in [folder.path(), &data] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let mut init = program("initdb", &data);
        init.arg("-D").arg(&data).args(["-U", "jianzai", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let made = init.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut serve = program("postgres", &data);
        serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        // Nothing here outlives the test, so nothing has to survive a power cut.
        serve.args(["-c", "fsync=off", "-c", "max_connections=300", "-k"]).arg(folder.path());
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut server = Self { child, port, folder };
        server.wait();
        server
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() || !self.answers() {
            let ended = self.child.try_wait().unwrap().is_some();
            if ended || begun.elapsed() > Duration::from_secs(60) {
                let said = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL did not come up: {said}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        self.psql("SELECT 1").status.success()
    }

    fn sql(&self, statement: &str) {
        let done = self.psql(statement);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn psql(&self, statement: &str) -> std::process::Output {
        let mut psql = Command::new("psql");
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "jianzai", "-d", "postgres", "-qAt", "-c"]);
        psql.arg(statement).output().unwrap()
    }
}

impl Drop for Server {
    /// Asks it to stop at once, and waits until it and its children are gone.
    fn drop(&mut self) {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().ok();
        self.child.wait().ok();
        // Its files are another user's; root may remove them.
        fs::remove_dir_all(self.folder.path().join("data")).ok();
    }
}

fn is_root(made: &Path) -> bool {
    fs::metadata(made).unwrap().uid() == 0
}

/// A program of PostgreSQL: on the path, or where Debian keeps the newest.
fn program(name: &str, data: &Path) -> Command {
    let mut command = Command::new(found(name));
    command.current_dir(data);
    if fs::metadata(data).unwrap().uid() == NOBODY {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn found(name: &str) -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let path = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    path.unwrap_or_else(|| panic!("{name} is not installed: `apt-get install postgresql`"))
}
