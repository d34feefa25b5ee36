//! A PostgreSQL of a benchmark's own: in a folder of its own, on a free port, as a user without rights, as durable as any.
//!
//! **In**: an empty folder. **Out**: a running server, and the answers of `psql`. **What can go wrong**: PostgreSQL is not
//! installed, or does not come up; the error says what it said.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Whom PostgreSQL runs as where the benchmark runs as root, which it refuses.
const NOBODY: u32 = 65_534;
/// What a server of four gigabytes would be given; everything else is as it comes.
const SETTINGS: [&str; 4] =
    ["shared_buffers=512MB", "max_wal_size=4GB", "listen_addresses=127.0.0.1", "autovacuum_naptime=1h"];

/// A running server; stopped by its id when it is dropped.
pub(super) struct Postgres {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Postgres {
    /// Makes and starts one.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        if fs::metadata(folder)?.uid() == 0 {
            chown(folder, Some(NOBODY), Some(NOBODY))?;
        }
        let data = folder.join("data");
        let mut init = program("initdb", folder)?;
        init.arg("-D").arg(&data).args(["-U", "jianzai", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        let made = init.output().context("`initdb` could not be started")?;
        if !made.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&made.stderr));
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = fs::File::create(folder.join("log"))?;
        let mut serve = program("postgres", folder)?;
        serve.arg("-D").arg(&data).args(["-p", &port.to_string()]).arg("-k").arg(folder);
        for setting in SETTINGS {
            serve.args(["-c", setting]);
        }
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
        let mut server = Self { child, port, folder: folder.to_owned() };
        let begun = Instant::now();
        while server.ask("SELECT 1").is_err() {
            if server.child.try_wait()?.is_some() || begun.elapsed() > Duration::from_secs(60) {
                bail!("PostgreSQL did not come up: {}", fs::read_to_string(folder.join("log")).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        server.ask("CREATE DATABASE bench")?;
        Ok(server)
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("postgres://jianzai@127.0.0.1:{}/bench?sslmode=disable", self.port)
    }

    /// The folder that the server itself can write to.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Does statements, each in a transaction of its own; what they answer.
    pub(super) fn ask(&self, sql: &str) -> Result<String> {
        let database = if sql.starts_with("CREATE DATABASE") || sql == "SELECT 1" { "postgres" } else { "bench" };
        let mut psql = Command::new("psql");
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "jianzai", "-d", database]);
        // From a file: through a pipe, many statements and their many answers would wait for each other.
        let statements = self.folder.join("statements.sql");
        fs::write(&statements, sql)?;
        psql.args(["-v", "ON_ERROR_STOP=1", "-qAt", "-f"]).arg(&statements);
        let done = psql.output().context("`psql` could not be started")?;
        if !done.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }
}

impl Drop for Postgres {
    /// Asks it to stop at once, and waits until it and its children are gone.
    fn drop(&mut self) {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().ok();
        self.child.wait().ok();
    }
}

/// A program of PostgreSQL: on the path, or where Debian keeps the newest.
fn program(name: &str, folder: &Path) -> Result<Command> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    let mut command =
        Command::new(found.with_context(|| format!("{name} is not there: `apt-get install postgresql`"))?);
    command.current_dir(folder);
    if fs::metadata(folder)?.uid() == NOBODY {
        command.uid(NOBODY).gid(NOBODY);
    }
    Ok(command)
}
