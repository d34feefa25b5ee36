//! A PostgreSQL of one's own that keeps what it says it keeps: in a folder of its own, on a free port, as a user without
//! rights, flushing to the disk as it comes. For figures; the tests of the service have one that flushes nothing.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// Whom PostgreSQL runs as where root asks, which it refuses.
const NOBODY: u32 = 65_534;

/// A running server, in a folder that is removed with it. Stopped by its id when dropped.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Postgres {
    /// Makes one.
    pub fn start() -> Result<Self> {
        Self::with(&["shared_buffers=256MB", "max_connections=100"])
    }

    /// Makes one with some settings of its own, `name=value`; the others are as they come.
    pub fn with(settings: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        if fs::metadata(&data)?.uid() == 0 {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
            chown(&data, Some(NOBODY), Some(NOBODY))?;
        }
        let mut init = program("initdb", &data)?;
        init.arg("-D").arg(&data).args(["-U", "jianzai", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        let made = init.output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut serve = program("postgres", &data)?;
        serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        serve.args(settings.iter().flat_map(|setting| ["-c", setting])).arg("-k").arg(folder.path());
        let log = File::create(folder.path().join("log"))?;
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
        let server = Self { child, port, folder };
        let begun = Instant::now();
        while server.psql("postgres", "SELECT 1").is_err() {
            ensure!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL did not come up: {}", server.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// Where a database of it is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://jianzai@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// What a statement answers, a line for a row.
    pub fn psql(&self, database: &str, statement: &str) -> Result<String> {
        self.answer(database, |psql| psql.args(["-c", statement]))
    }

    /// What many statements answer, each in a transaction of its own. They come from a file: through a pipe, many statements
    /// and their many answers would wait for each other.
    pub fn script(&self, database: &str, statements: &str) -> Result<String> {
        let script = self.folder.path().join("script.sql");
        fs::write(&script, statements)?;
        self.answer(database, |psql| psql.arg("-f").arg(&script))
    }

    fn answer(&self, database: &str, ask: impl FnOnce(&mut Command) -> &mut Command) -> Result<String> {
        let mut psql = Command::new("psql");
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "jianzai", "-d", database]);
        let answer = ask(psql.args(["-v", "ON_ERROR_STOP=1", "-qAt"])).output()?;
        ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        Ok(String::from_utf8(answer.stdout)?)
    }

    /// The folder, which the server itself can write to.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process that all others of it come from.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().ok();
        self.child.wait().ok();
        // Its files are another user's; root may remove them.
        fs::remove_dir_all(self.folder.path().join("data")).ok();
    }
}

/// A program of PostgreSQL: on the path, or where Debian keeps it.
fn program(name: &str, data: &Path) -> Result<Command> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    let mut command =
        Command::new(found.with_context(|| format!("{name} is not installed: `apt-get install postgresql`"))?);
    command.current_dir(data);
    if fs::metadata(data)?.uid() == NOBODY {
        command.uid(NOBODY).gid(NOBODY);
    }
    Ok(command)
}
