//! `policy check | preview | apply`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jianzai_server::clock::SystemClock;
use jianzai_server::office::{Applied, Office, Preview, moment};
use jianzai_server::year::names::Named as _;
use jianzai_server::year::policy::{Moved, load};
use jianzai_server::year::record::Party;
use jianzai_wire::desk::StaffRole;
use time::Date;
use uuid::Uuid;

use crate::Data;

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Tell every fault of the files, with line and remedy.
    Check {
        /// Policies, TOML.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Tell whom each file would move, on its first day, without applying it.
    Preview {
        #[command(flatten)]
        new: New,
        /// Also tell each of them, by identifier: standing, due date and first day of suspension, before and after.
        #[arg(long)]
        people: bool,
    },
    /// Add the files to the policies in force: all of them, or none.
    Apply {
        #[command(flatten)]
        new: New,
        /// The account of the head who decided it (`account list` prints identifiers).
        #[arg(long, value_name = "ID")]
        by: Uuid,
    },
}

#[derive(Args)]
pub(crate) struct New {
    #[command(flatten)]
    data: Data,
    /// Policies, TOML.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl PolicyCommand {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Check { files } => check(&read(&files)?),
            Self::Preview { new, people } => {
                let office = Office::open(&new.data.config(), &SystemClock).await?;
                for (file, text) in read(&new.files)? {
                    let mut tell = |moved: &Moved| {
                        if people {
                            tell(moved);
                        }
                    };
                    show(&file, &office.preview(&file, &text, moment(&SystemClock, None), &mut tell).await?);
                }
                Ok(office.close().await?)
            }
            Self::Apply { new, by } => {
                let office = Office::open(&new.data.config(), &SystemClock).await?;
                office.demand_account(by, &[StaffRole::Head]).await?;
                let applied = office.apply(&read(&new.files)?, Party::Staff(by), moment(&SystemClock, None)).await?;
                let Applied { added, known } = applied;
                println!("{added} added, {known} were there already");
                Ok(office.close().await?)
            }
        }
    }
}

fn check(files: &[(String, String)]) -> anyhow::Result<()> {
    let faults: Vec<_> = files.iter().filter_map(|(file, text)| load(file, text).err()).flatten().collect();
    for fault in &faults {
        println!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults", faults.len());
    }
    println!("no faults");
    Ok(())
}

/// One who would be moved.
fn tell(moved: &Moved) {
    let Moved { who, standing, due_by, suspends_on } = moved;
    let day = |day: Option<Date>| day.map_or_else(|| "never".to_owned(), |day| day.to_string());
    println!(
        "{who}: {} -> {}, due {} -> {}, suspended {} -> {}",
        standing.0.name(),
        standing.1.name(),
        due_by.0,
        due_by.1,
        day(suspends_on.0),
        day(suspends_on.1)
    );
}

fn show(file: &str, preview: &Preview) {
    println!("{file}, on {}: {} people looked at", preview.on, preview.looked_at);
    for ((before, after), count) in &preview.standings {
        println!("  {count} from {} to {}", before.name(), after.name());
    }
    let Preview { moved, due_sooner, due_later, suspended_sooner, .. } = preview;
    println!(
        "  {moved} moved in all: {due_sooner} due sooner, {due_later} due later, {suspended_sooner} suspended sooner"
    );
}

/// Names and texts of the files, read whole.
fn read(files: &[PathBuf]) -> anyhow::Result<Vec<(String, String)>> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text))
    };
    files.iter().map(read).collect()
}
