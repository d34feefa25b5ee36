//! Where a year is lived: a data folder, and the database in it or on a PostgreSQL server.
//!
//! **In**: a folder, perhaps a server. **Out**: commands of the service on it, answers of its database, a copy of both.
//! **What can go wrong**: `sqlite3`, `psql` or `cp` is not installed, or fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::kills::run;
use crate::database::Postgres;
use crate::places;

/// A data folder and its database.
#[derive(Debug)]
pub struct Place {
    data: PathBuf,
    /// The server, and the database's name on it; without them the data folder holds an SQLite one.
    postgres: Option<(Rc<Postgres>, &'static str)>,
}

impl Place {
    /// A folder that is still empty, and an empty database.
    pub fn new(data: PathBuf, server: Option<Rc<Postgres>>) -> Result<Self> {
        let postgres = server.map(|server| (server, "quiet"));
        if let Some((server, name)) = &postgres {
            server.psql("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        Ok(Self { data, postgres })
    }

    /// The same once more, in another folder and another database. Nobody may be at work on it.
    pub fn copy(&self, to: PathBuf) -> Result<Self> {
        run(Command::new("cp").arg("-a").arg(&self.data).arg(&to))?;
        let Some((server, name)) = &self.postgres else { return Ok(Self { data: to, postgres: None }) };
        server.psql("postgres", &format!("CREATE DATABASE killed TEMPLATE {name}"))?;
        Ok(Self { data: to, postgres: Some((server.clone(), "killed")) })
    }

    /// The folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where the database is, if it is none of the folder's.
    pub fn url(&self) -> Option<String> {
        self.postgres.as_ref().map(|(server, name)| server.url(name))
    }

    /// A command of the service on it, such as `silent run`.
    pub fn server(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(places::built("jianzai-server")?);
        command.args(words).arg("--data").arg(&self.data);
        command.env("RUST_LOG", "error").env("JIANZAI_MODELS", places::models()).env_remove("JIANZAI_DATABASE");
        command.envs(self.url().map(|url| ("JIANZAI_DATABASE", url)));
        Ok(command)
    }

    /// Asks the database: a line for a row.
    pub fn ask(&self, sql: &str) -> Result<String> {
        match &self.postgres {
            Some((server, name)) => server.psql(name, sql),
            None => {
                let mut ask = Command::new("sqlite3");
                // Quoted, since bytes are no text.
                ask.args(["-bail", "-cmd", ".timeout 20000", "-cmd", ".mode quote"]);
                let answer = ask.arg(self.data.join("jianzai.sqlite3")).arg(sql).output()?;
                ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
                Ok(String::from_utf8(answer.stdout)?)
            }
        }
    }

    /// Asks for one number.
    pub fn number(&self, sql: &str) -> Result<u64> {
        Ok(self.ask(sql)?.trim().parse()?)
    }

    /// Waits until nobody is at work on the database, and all of it is in one file.
    pub fn rest(&self) -> Result<()> {
        loop {
            let busy = match &self.postgres {
                Some((server, name)) => {
                    let others = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
                    server.psql("postgres", &others)?.trim() != "0"
                }
                None => !self.ask("PRAGMA wal_checkpoint(TRUNCATE)")?.starts_with('0'),
            };
            if !busy {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
