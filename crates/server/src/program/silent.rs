//! `silent import | run | report | revert`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jianzai_server::clock::SystemClock;
use jianzai_server::office::{Office, moment};
use jianzai_server::silent::{Household, Outcome, Part, Rules, RunReport, Source};
use jianzai_server::year::names::Named as _;
use jianzai_server::year::policy::Place;
use jianzai_wire::Language;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::year::{CLERKS, OnDay, day};
use crate::Data;

/// Findings that are read at once.
const PAGE: u64 = 10_000;

#[derive(Subcommand)]
pub(crate) enum SilentCommand {
    /// Take events of other services, or a household register, from a CSV or Parquet file.
    Import {
        #[command(flatten)]
        data: Data,
        /// Events (`id_number`, `event`, `day`) or a household register (`id_number`, `status`).
        #[arg(long)]
        kind: Kind,
        /// Of a register: the day of which it speaks.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, required_if_eq("kind", "register"))]
        on: Option<Date>,
        /// Of a register that has only the people who live by the policy of this place: the place, as the policy writes it.
        #[arg(long, value_name = "PLACE", value_parser = place, requires = "on")]
        place: Option<Place>,
        /// Of a register: it is whole, though it is about far fewer people than the one before.
        #[arg(long, requires = "on")]
        fewer: bool,
        #[command(flatten)]
        taken: OnDay,
        /// The file.
        file: PathBuf,
    },
    /// Find who is confirmed by data alone, and record it.
    Run {
        #[command(flatten)]
        data: Data,
        /// Rules: silent, qingdao, guangzhou, or a file.
        #[arg(long, value_name = "NAME|FILE")]
        rules: String,
        #[command(flatten)]
        looked: OnDay,
        /// Only report: record nothing about anybody.
        #[arg(long)]
        shadow: bool,
    },
    /// Tell what a run came to.
    Report {
        #[command(flatten)]
        data: Data,
        /// The run.
        run: Uuid,
        /// Also tell who was found to be this, by identifier, and why: confirmed, not_confirmed, flagged, suspected_dead.
        #[arg(long, value_parser = outcome)]
        people: Option<Outcome>,
        /// In English rather than Chinese.
        #[arg(long)]
        english: bool,
    },
    /// Take back what a run recorded; without a part, all of it.
    Revert(Revert),
}

/// What a file holds.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// Events of other services.
    Events,
    /// A household register.
    Register,
}

#[derive(Args)]
pub(crate) struct Revert {
    #[command(flatten)]
    data: Data,
    /// The run.
    run: Uuid,
    /// The account of the clerk or head who decided it (`account list` prints identifiers).
    #[arg(long, value_name = "ID")]
    by: Uuid,
    /// Its certifications.
    #[arg(long)]
    pass: bool,
    /// Its reports of death that nobody has decided.
    #[arg(long)]
    dead: bool,
    /// That the data did not find people.
    #[arg(long)]
    missing: bool,
}

impl SilentCommand {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Import { data, kind, on, place, fewer, taken, file } => {
                let source = match (kind, on) {
                    (Kind::Register, Some(day)) => Source::Register(Household { day, place, fewer }),
                    _ => Source::Events,
                };
                import(data, source, taken.moment(), file).await
            }
            Self::Run { data, rules, looked, shadow } => run(data, &rules, looked.other_day(), shadow).await,
            Self::Report { data, run, people, english } => report(data, run, people, english).await,
            Self::Revert(arguments) => revert(arguments).await,
        }
    }
}

async fn import(data: Data, source: Source, now: OffsetDateTime, file: PathBuf) -> anyhow::Result<()> {
    let office = Office::open(&data.config(), &SystemClock).await?;
    let taken = office.silent_import(source, &file, now).await?;
    for note in &taken.notes {
        println!("line {}: left out: {} ({})", note.line, note.sentence, note.reason);
    }
    if taken.before {
        println!("this file was taken before, as import {}", taken.number);
    }
    println!(
        "import {}: {} kept, {} known, {} about nobody here, {} left out",
        taken.number, taken.kept, taken.known, taken.nobody, taken.left_out
    );
    Ok(office.close().await?)
}

async fn run(data: Data, rules: &str, date: Option<Date>, shadow: bool) -> anyhow::Result<()> {
    let (file, text) = match Rules::shipped(rules) {
        Some((file, text)) => (file.to_owned(), text.to_owned()),
        None => {
            let path = PathBuf::from(rules);
            let text = std::fs::read_to_string(&path).with_context(|| format!("the rules {}", path.display()))?;
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text)
        }
    };
    let office = Office::open(&data.config(), &SystemClock).await?;
    let clock = || moment(&SystemClock, None);
    let report = match date {
        // A day that is only lived as if it were today lasts as long as the run does.
        Some(_) => office.silent_run(&file, &text, shadow, moment(&SystemClock, date)).await?,
        None => office.silent_run_until(&file, &text, shadow, clock(), &|| clock().date(), &|| false).await?,
    };
    show(&report);
    Ok(office.close().await?)
}

fn show(report: &RunReport) {
    let kind = if report.shadow { ", a shadow: nothing was recorded" } else { "" };
    println!("run {}{}{kind}", report.run, if report.ended { "" } else { ", cut short" });
    for ((outcome, effect), people) in &report.found {
        println!("  {people} {}: {}", outcome.name(), effect.name());
    }
    if report.day_over {
        println!("  its day was over before it came to its end: run it again today, over everybody");
    }
    if let Some(days) = report.not_compared {
        println!("  no whole household register of the last {days} days was compared, so nobody counts as not found");
    }
    if report.thinned {
        println!("  this is what is still kept of it; the rest has gone on its day");
    }
    if report.not_looked_at > 0 {
        println!("  {} not looked at: no `tick` has found their policy yet", report.not_looked_at);
    }
}

async fn report(data: Data, run: Uuid, people: Option<Outcome>, english: bool) -> anyhow::Result<()> {
    let office = Office::open(&data.config(), &SystemClock).await?;
    show(&office.silent_report(run).await?);
    let language = if english { Language::En } else { Language::Zh };
    if let Some(outcome) = people {
        let mut after = None;
        loop {
            let page = office.silent_explain(run, Some(outcome), after, PAGE, language).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.beneficiary);
            for told in &page {
                println!("{} {}: {}", told.beneficiary, told.effect.name(), told.explanation);
            }
        }
    }
    Ok(office.close().await?)
}

async fn revert(arguments: Revert) -> anyhow::Result<()> {
    let Revert { data, run, by, pass, dead, missing } = arguments;
    let office = Office::open(&data.config(), &SystemClock).await?;
    office.demand_account(by, &CLERKS).await?;
    let all = !pass && !dead && !missing;
    for (part, wanted) in [(Part::Pass, pass), (Part::Dead, dead), (Part::Missing, missing)] {
        if wanted || all {
            let reverted = office.silent_revert(run, part, by, moment(&SystemClock, None)).await?;
            println!("{}: {} taken back", part.name(), reverted.facts);
        }
    }
    Ok(office.close().await?)
}

fn place(text: &str) -> Result<Place, String> {
    Place::parse(text).ok_or_else(|| "give the place of a policy: nationwide, or six digits such as 440100".to_owned())
}

fn outcome(text: &str) -> Result<Outcome, String> {
    Outcome::named(text).ok_or_else(|| "give confirmed, not_confirmed, flagged or suspected_dead".to_owned())
}
