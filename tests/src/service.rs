//! The real service, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::people::Register;
use crate::places;

/// Where a service keeps what it has.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data folder.
    pub data: PathBuf,
    /// Variables that say more: the database, where the evidence lies and how to get there.
    pub environment: Vec<(String, String)>,
}

impl Place {
    /// All of it in the data folder.
    pub fn folder(data: &Path) -> Self {
        Self { data: data.to_path_buf(), environment: Vec::new() }
    }

    /// The service's program, for this place.
    pub fn program(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(places::built("jianzai-server")?);
        command.args(arguments).arg("--data").arg(&self.data).env("JIANZAI_MODELS", places::models());
        command.env_remove("JIANZAI_DATABASE").env_remove("JIANZAI_EVIDENCE");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Imports a register, into a data folder that may be new.
    pub fn import(&self, register: &Register) -> Result<()> {
        std::fs::create_dir_all(&self.data)?;
        let import = self.program(&["import"])?.arg(register.csv()).output()?;
        ensure!(import.status.success(), "import failed: {}", String::from_utf8_lossy(&import.stderr));
        Ok(())
    }
}

/// A running `jianzai-server serve`. Killed when dropped.
pub struct Service {
    child: Child,
    place: Place,
    url: String,
    options: Vec<String>,
}

impl Service {
    /// Imports the register into a new data folder and serves it. `options` are those of `serve`, such as `--demo`.
    pub fn start(data: &Path, register: &Register, options: &[&str]) -> Result<Self> {
        Place::folder(data).import(register)?;
        Self::serve(data, "127.0.0.1:0", options)
    }

    /// As [`Self::start`], with the service's system calls that write, sync, rename and send traced into a file.
    pub fn start_traced(data: &Path, register: &Register, options: &[&str], trace: &Path) -> Result<Self> {
        drop(Self::start(data, register, options)?);
        let place = Place::folder(data);
        let plain = place.program(&["serve"])?;
        let mut strace = Command::new("strace");
        strace.args(["-f", "--seccomp-bpf", "-y", "-s", "200", "-e"]);
        strace.arg("trace=fsync,fdatasync,rename,renameat,renameat2,write,writev,pwrite64,sendto,openat");
        strace.arg("-o").arg(trace).arg("--").arg(plain.get_program()).args(plain.get_args());
        strace.env("JIANZAI_MODELS", places::models());
        Self::spawn(strace, place, "127.0.0.1:0", options)
    }

    /// Serves a data folder that is already there.
    pub fn serve(data: &Path, listen: &str, options: &[&str]) -> Result<Self> {
        Self::at(Place::folder(data), listen, options)
    }

    /// The same, wherever it keeps what it has.
    pub fn at(place: Place, listen: &str, options: &[&str]) -> Result<Self> {
        Self::spawn(place.program(&["serve"])?, place, listen, options)
    }

    fn spawn(mut command: Command, place: Place, listen: &str, options: &[&str]) -> Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(place.data.join("server.log"))?;
        let mut child = command
            .args(["--listen", listen])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the service could not be started")?;
        let output = child.stdout.take().context("its output is piped")?;
        let (tell, told) = mpsc::channel();
        // The thread ends with the process, whose output it reads to the end so that it never blocks.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                    tell.send(url.to_owned()).ok();
                }
            }
        });
        let Ok(url) = told.recv_timeout(Duration::from_secs(60)) else {
            child.kill().ok();
            bail!("the service did not come up: {}", std::fs::read_to_string(place.data.join("server.log"))?);
        };
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Ok(Self { child, place, url, options })
    }

    /// Its address, `http://127.0.0.1:…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.place.data
    }

    /// The service's program, for the same place.
    pub fn program(&self, arguments: &[&str]) -> Result<Command> {
        self.place.program(arguments)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Rows in its table of certificates, in the data folder.
    pub fn certificates(&self) -> Result<usize> {
        let database = std::fs::read_dir(self.data())?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|ending| ending == "sqlite3"))
            .context("the service keeps a database")?;
        let output =
            Command::new("sqlite3").arg("-readonly").arg(database).arg("SELECT COUNT(*) FROM certificate").output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        // A traced service is the child of its tracer, and would outlive it.
        let id = self.child.id();
        let traced = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        for id in traced.split_whitespace() {
            Command::new("kill").args(["-9", id]).status()?;
        }
        if !traced.is_empty() {
            self.child.wait()?;
            return Ok(());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Kills it and serves the same folder at the same address again.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        self.kill()?;
        let listen = self.url.trim_start_matches("http://").to_owned();
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        *self = Self::at(self.place.clone(), &listen, &options)?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill().ok();
    }
}
