//! The service and its peer, each a process on its own copy of the database.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::places;

/// A server that listens. Killed when dropped.
#[derive(Debug)]
pub struct Side {
    child: Child,
    address: SocketAddr,
}

impl Side {
    /// The service as it is shipped, log and all; another process would judge.
    pub fn service(data: &Path, database: &str) -> Result<Self> {
        let mut serve = Command::new(places::built("jianzai-server")?);
        serve.args(["serve", "--leave-judging", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        serve.env("JIANZAI_DATABASE", database).stderr(std::fs::File::create(data.join("server.log"))?);
        Self::started(serve)
    }

    /// fastify and pg.
    pub fn peer(folder: &Path, people: &Path, database: &str) -> Result<Self> {
        for kept in ["staging", "evidence"] {
            std::fs::create_dir_all(folder.join(kept))?;
        }
        let mut serve = Command::new("node");
        serve.arg(places::workspace().join("tests/bench/submissions/server.mjs")).arg(database).arg(people).arg(folder);
        Self::started(serve.env("NODE_ENV", "production"))
    }

    fn started(mut command: impl std::borrow::BorrowMut<Command>) -> Result<Self> {
        let mut child = command.borrow_mut().stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("its output is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                child.kill().ok();
                child.wait().ok();
                anyhow::bail!("a server did not come up; it said {line:?}")
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
