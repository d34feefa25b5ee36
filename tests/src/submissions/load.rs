//! Submits from [`LINES`] connections at once and counts.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};

use super::line::Line;
use super::seed::{People, token};
use super::sides::Side;
use super::{BUNDLE, Kind, LINES, ROUNDS, cpu};

/// What submissions of one kind cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// That were accepted.
    pub submissions: u64,
    /// That it took.
    pub requests: u64,
    /// By the clock.
    pub took: Duration,
    /// Processor time of the server.
    pub server: Duration,
    /// Processor time of PostgreSQL.
    pub database: Duration,
}

impl Measured {
    /// Submissions a second.
    pub fn rate(&self) -> f64 {
        self.submissions as f64 / self.took.as_secs_f64()
    }

    /// Processor time of the server for a request, in µs.
    pub fn per_request(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.requests as f64
    }

    /// The same of PostgreSQL.
    pub fn database_per_request(&self) -> f64 {
        self.database.as_secs_f64() * 1e6 / self.requests as f64
    }
}

/// One kind at one side, measured in rounds.
pub struct Load<'a> {
    side: &'a Side,
    kind: Kind,
    people: &'a People,
    /// PostgreSQL's first process.
    database: u32,
    runtime: Runtime,
    /// The number from which the next round submits.
    next: u64,
    /// What all rounds came to so far.
    pub whole: Measured,
}

impl<'a> Load<'a> {
    /// Submits what is not counted.
    ///
    /// # Errors
    /// Something was not accepted.
    pub fn begin(side: &'a Side, kind: Kind, people: &'a People, database: u32) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut load = Self { side, kind, people, database, runtime, next: 0, whole: Measured::default() };
        load.submit(kind.counts().1)?;
        Ok(load)
    }

    /// One round.
    ///
    /// # Errors
    /// Something was not accepted.
    pub fn round(&mut self) -> Result<()> {
        let submissions = self.kind.counts().0 / ROUNDS;
        let (server, database) = (cpu::of_process(self.side.id())?, cpu::of_family(self.database)?);
        let begun = Instant::now();
        let requests = self.submit(submissions)?;
        self.whole.took += begun.elapsed();
        self.whole.submissions += submissions;
        self.whole.requests += requests;
        self.whole.server += cpu::of_process(self.side.id())?.saturating_sub(server);
        self.whole.database += cpu::of_family(self.database)?.saturating_sub(database);
        Ok(())
    }

    fn submit(&mut self, count: u64) -> Result<u64> {
        let from = self.next;
        self.next += count;
        let all = all(self.side.address(), self.kind, self.people.clone(), from, self.next);
        LocalSet::new().block_on(&self.runtime, all)
    }
}

/// Submits every number once; how many requests it took.
async fn all(host: SocketAddr, kind: Kind, people: People, from: u64, until: u64) -> Result<u64> {
    let next = Rc::new(Cell::new(from));
    let people = Rc::new(people);
    let mut lines = JoinSet::new();
    for _ in 0..LINES {
        let (next, people) = (next.clone(), people.clone());
        lines.spawn_local(async move {
            let mut line = Line::to(host).await?;
            let mut requests = 0;
            while next.get() < until {
                let number = next.replace(next.get() + 1);
                requests += submit(&mut line, kind, &people, number).await?;
            }
            anyhow::Ok(requests)
        });
    }
    let mut requests = 0;
    while let Some(line) = lines.join_next().await {
        requests += line??;
    }
    Ok(requests)
}

async fn submit(line: &mut Line, kind: Kind, people: &People, number: u64) -> Result<u64> {
    let path = match kind {
        Kind::Activation => "/v1/activations",
        Kind::Insert => "/v1/inserts",
        Kind::Bundle => return bundle(line, number).await,
    };
    let body = people.activation(number);
    let answer = line.ask("POST", path, "Content-Type: application/json\r\n", body.as_bytes()).await?;
    ensure!(answer.status == 201, "{path} answered {}", answer.status);
    Ok(1)
}

async fn bundle(line: &mut Line, number: u64) -> Result<u64> {
    let always = format!("Authorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n", token(number));
    let answer = line.ask("POST", "/v1/uploads", &format!("{always}Upload-Length: {BUNDLE}\r\n"), b"").await?;
    ensure!(answer.status == 201, "creation answered {}", answer.status);
    let location = answer.header("location").context("a location")?.to_owned();
    let piece = format!("{always}Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n");
    let bytes: Vec<u8> = (0..BUNDLE).map(|place| (place as u64 * 7 % 251) as u8).collect();
    let answer = line.ask("PATCH", &location, &piece, &bytes).await?;
    ensure!(answer.status == 204, "the piece was answered {}", answer.status);
    Ok(2)
}
