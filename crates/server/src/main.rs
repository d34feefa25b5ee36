//! `jianzai-server`: the service's one program.

mod program;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use jianzai_server::OtherFolder;
use jianzai_server::clock::{Clock as _, SystemClock};
use jianzai_server::config::Config;
use jianzai_server::evidence_store::{Bucket, EvidenceStore, EvidenceStoreError};
use jianzai_server::import::Report;
use jianzai_server::keys::{KeyRing, Role};
use jianzai_server::office::{Office, moment};
use jianzai_wire::{Language, Secret};
use tracing_subscriber::EnvFilter;

use crate::program::{PolicyCommand, SilentCommand, YearCommand};

/// Statements are put together from many small pieces: a quarter of a submission was the system's `malloc`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is logged unless `RUST_LOG` says otherwise: each command looks for changes to the tables, and mostly there are none.
const LOGGED: &str = "info,sea_orm_migration=warn";

/// The service behind Jianzai 健在.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve calls and judge what arrives, until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Bring the database's tables forward and make missing keys, without serving.
    Migrate {
        #[command(flatten)]
        data: Data,
        /// From now on take calls for the PostgreSQL database from this folder: the one before is gone for good.
        #[arg(long)]
        adopt: bool,
    },
    /// Read a register from a CSV file: name, id_number, insured_place, residence, phones, portrait.
    Import(Import),
    #[command(flatten)]
    Year(YearCommand),
    /// Check policies, show whom they would move, apply them.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Certify by data of other services: take it, run rules over it, tell and take back what came of it.
    #[command(subcommand)]
    Silent(SilentCommand),
    /// Print the public keys of certificates as JSON, or make a new key.
    Keys {
        #[command(flatten)]
        data: Data,
        /// Make a new key for this; it is in use from the next start of the service, and the old ones stay valid.
        #[arg(long, value_name = "ROLE")]
        new: Option<Role>,
    },
    /// Look after the accounts of clerks, heads, volunteers and auditors.
    Account(program::account::Arguments),
    /// Look after the linked log of decisions.
    Audit(program::audit::Arguments),
    /// Make a register of people who don't exist, and what happened to them.
    Demo(program::demo::Arguments),
}

#[derive(Args)]
struct Data {
    /// Holds database, evidence, staged uploads and keys.
    #[arg(long = "data", value_name = "DIR", env = "JIANZAI_DATA")]
    folder: PathBuf,
    /// A PostgreSQL database, `postgres://…`; without it the data folder holds an SQLite one.
    #[arg(long, value_name = "URL", env = "JIANZAI_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

impl Data {
    fn config(self) -> Config {
        let mut config = Config::new(self.folder);
        config.database = self.database.map(Secret::new);
        config
    }
}

/// Where evidence lies.
#[derive(Args)]
struct Evidence {
    /// Keep evidence in a bucket, `s3://BUCKET/PREFIX`, instead of the data folder. How to reach it is said by AWS's own
    /// variables: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
    #[arg(long = "evidence", value_name = "URL", env = "JIANZAI_EVIDENCE")]
    bucket: Option<String>,
}

impl Evidence {
    fn store(&self) -> Result<EvidenceStore, EvidenceStoreError> {
        let Some(address) = &self.bucket else { return Ok(EvidenceStore::Folder) };
        // A variable that is no text is none of ours.
        let text = |(key, value): (OsString, OsString)| Some((key.into_string().ok()?, value.into_string().ok()?));
        Bucket::parse(address, std::env::vars_os().filter_map(text)).map(EvidenceStore::S3)
    }
}

#[derive(Args)]
struct Import {
    #[command(flatten)]
    data: Data,
    /// Where MODELS.toml and the networks are.
    #[arg(long, value_name = "DIR", default_value = "models", env = "JIANZAI_MODELS")]
    models: PathBuf,
    /// The file; portraits are named relative to it.
    csv: PathBuf,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    evidence: Evidence,
    /// Where to listen; port 0 takes a free one, and the address is printed.
    #[arg(long, default_value = "127.0.0.1:8470")]
    listen: SocketAddr,
    /// Where to tell Prometheus what is counted, such as 127.0.0.1:9470; nowhere if not given. Keep it from the outside.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Where MODELS.toml and the networks are.
    #[arg(long, value_name = "DIR", default_value = "models", env = "JIANZAI_MODELS")]
    models: PathBuf,
    /// Accept attempts made from recorded footage by a demo build. Their certificates say so.
    #[arg(long)]
    demo: bool,
    /// Take the client's address from X-Forwarded-For: only behind a proxy of one's own that sets it.
    #[arg(long)]
    behind_proxy: bool,
    /// The bearer token with which the gateway that sends messages may say which arrived (`POST /v1/messages/receipts`).
    #[arg(long, value_name = "TOKEN", env = "JIANZAI_RECEIPTS_TOKEN", hide_env_values = true, value_parser = long_token)]
    receipts_token: Option<String>,
    /// Judge nothing here: `work` processes do it, on this machine or others.
    #[arg(long)]
    leave_judging: bool,
    /// Days that evidence of faces is kept at most, where the policy of the place would keep it longer.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    keep_evidence_days: Option<u16>,
}

fn main() -> anyhow::Result<()> {
    #[expect(unsafe_code, reason = "nothing else runs yet")]
    // SAFETY: this is the first thing that the program does; it has one thread.
    unsafe {
        jianzai_face::forbid_telemetry();
    }
    run()
}

/// One thread for two processors answers calls and talks to the database, which is all waiting: with more, the threads
/// spend their time on waking each other. Whatever calculates or waits for the disk has threads of its own.
fn run() -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // As whoever runs it says, in tokio's own way; else by the processors.
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        runtime.worker_threads(processors.div_ceil(2));
    }
    runtime.enable_all().build()?.block_on(command())
}

async fn command() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match std::env::var("JIANZAI_LOG").is_ok_and(|form| form == "json") {
        true => lines.json().init(),
        false => lines.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    match Arguments::parse().command {
        Command::Serve(arguments) => serve(arguments).await,
        Command::Migrate { data, adopt } => {
            let config = data.config();
            match adopt {
                true => Ok(jianzai_server::adopt(&config, &SystemClock).await?),
                false => Ok(jianzai_server::migrate(&config, &SystemClock).await?),
            }
        }
        Command::Import(arguments) => import(arguments).await,
        Command::Year(command) => command.run().await,
        Command::Policy(command) => command.run().await,
        Command::Silent(command) => command.run().await,
        Command::Keys { data, new } => keys(data, new).await,
        Command::Account(arguments) => program::account::run(arguments).await,
        Command::Demo(arguments) => program::demo::run(arguments).await,
        Command::Audit(arguments) => match program::audit::run(arguments).await? {
            true => Ok(()),
            false => std::process::exit(1),
        },
    }
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    let mut config = arguments.data.config();
    config.evidence = arguments.evidence.store()?;
    config.judge = !arguments.leave_judging;
    config.receipts_token = arguments.receipts_token.map(Secret::new);
    config.listen = arguments.listen;
    config.metrics = arguments.metrics;
    config.models = arguments.models;
    config.demo = arguments.demo;
    config.behind_proxy = arguments.behind_proxy;
    config.retention = arguments.keep_evidence_days.map(|days| Duration::from_hours(24 * u64::from(days)));
    let data = config.data.clone();
    let running = jianzai_server::serve(config, Arc::new(SystemClock)).await?;
    println!("listening on http://{}", running.address());
    if let Some(address) = running.metrics_address() {
        println!("metrics on http://{address}/metrics");
    }
    let was_told = tokio::select! {
        told = told_to_stop() => told.map(|()| true)?,
        () = running.ended() => false,
    };
    tracing::info!("stopping");
    running.stop().await;
    if was_told { Ok(()) } else { Err(OtherFolder(data).into()) }
}

/// A token that nobody guesses.
fn long_token(text: &str) -> Result<String, String> {
    match text.len() {
        32.. => Ok(text.to_owned()),
        _ => Err("write at least 32 characters drawn at random, such as `openssl rand -hex 32` gives".to_owned()),
    }
}

async fn told_to_stop() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => Ok(pressed?),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}

async fn import(arguments: Import) -> anyhow::Result<()> {
    let mut config = arguments.data.config();
    config.models = arguments.models;
    let report = jianzai_server::import::import(&config, &SystemClock, &arguments.csv, Language::En).await?;
    for note in &report.left_out {
        println!("line {}: left out: {} ({})", note.line, note.sentence, note.reason);
    }
    for note in &report.portraits {
        println!("line {}: kept, but {} ({})", note.line, note.sentence, note.reason);
    }
    let Report { added, updated, unchanged, left_out, .. } = report;
    println!("{added} added, {updated} updated, {unchanged} unchanged, {} left out", left_out.len());
    Ok(())
}

async fn keys(data: Data, new: Option<Role>) -> anyhow::Result<()> {
    let config = data.config();
    let ring = KeyRing::of(&config, &jianzai_server::today(SystemClock.now()))?;
    match new {
        Some(role) => {
            let office = Office::open(&config, &SystemClock).await?;
            let key = office.add_key(&config, role, moment(&SystemClock, None)).await?;
            office.close().await?;
            println!("{}", key.id);
        }
        None => {
            let keys = serde_json::to_string_pretty(&jianzai_server::public_keys(&ring)).context("writing the keys")?;
            println!("{keys}");
        }
    }
    Ok(())
}
