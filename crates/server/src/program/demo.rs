//! `jianzai-server demo`: a register of people who don't exist.

use std::path::PathBuf;

use clap::Args;
use jianzai_server::clock::{Clock as _, SystemClock};
use jianzai_server::demo::{Options, write};
use jianzai_server::import::import;
use jianzai_server::year::dates::china;
use jianzai_wire::Language;
use time::Date;
use time::format_description::well_known::Iso8601;

use crate::Data;

/// What to make, and where.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How many people.
    #[arg(long, default_value_t = 1_000)]
    people: u64,
    /// From which everything follows: the same seed and day give the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The day that is "today", such as 2026-11-21; the real one by default.
    #[arg(long, value_name = "DAY", value_parser = day)]
    on: Option<Date>,
    /// Where to write people.csv, events.csv and the household registers.
    #[arg(long, value_name = "DIR", required_unless_present = "data")]
    out: Option<PathBuf>,
    /// A folder of pictures, JPEG or PNG, that are handed round as portraits; without it nobody has one.
    #[arg(long, value_name = "DIR")]
    portraits: Option<PathBuf>,
    /// The folder of networks, which read portraits at the import.
    #[arg(long, value_name = "DIR", default_value = "models", env = "JIANZAI_MODELS")]
    models: PathBuf,
    /// Import the people into the service's data folder as well; without --out the files go into its folder `demo`.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// With --data: a PostgreSQL database, `postgres://…`; without it the data folder holds an SQLite one.
    #[arg(long, value_name = "URL", env = "JIANZAI_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// Does it.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let on = arguments.on.unwrap_or_else(|| china(SystemClock.now()).date());
    let options = Options { people: arguments.people, seed: arguments.seed, on };
    let folder = arguments.out.or_else(|| Some(arguments.data.as_ref()?.join("demo"))).unwrap_or_default();
    let made = write(&folder, options, arguments.portraits.as_deref())?;
    println!("{} people: {}", arguments.people, made.people.display());
    println!("{} events: {}", made.event_rows, made.events.display());
    for household in &made.households {
        println!("household register: {}", household.display());
    }
    if let Some(data) = arguments.data {
        let mut config = Data { folder: data, database: arguments.database }.config();
        config.models = arguments.models;
        let report = import(&config, &SystemClock, &made.people, Language::En).await?;
        println!("{} added, {} updated, {} unchanged", report.added, report.updated, report.unchanged);
        if arguments.portraits.is_some() {
            println!("{} portraits are poor or can't be used", report.portraits.len());
        }
    }
    Ok(())
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text, &Iso8601::DATE).map_err(|_| "a day is written as 2026-11-21".to_owned())
}
