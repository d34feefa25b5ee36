//! `work`, `tick`, `send`, `payer`, `wrongful`, `batch`, `revoke`.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jianzai_server::channels::{BatchReport, BatchSource};
use jianzai_server::clock::{ShiftedClock, SystemClock};
use jianzai_server::messages::{FileSender, Gateway, LinkAddress, Sender, Sent};
use jianzai_server::office::{Office, OfficeError, moment};
use jianzai_server::payer::Form;
use jianzai_server::year::channel::Channel;
use jianzai_server::year::names::Named as _;
use jianzai_server::year::record::Party;
use jianzai_wire::Secret;
use jianzai_wire::desk::StaffRole;
use time::{Date, OffsetDateTime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Data, Evidence, told_to_stop};

/// Who decides about people.
pub(super) const CLERKS: [StaffRole; 2] = [StaffRole::Clerk, StaffRole::Head];

#[derive(Subcommand)]
pub(crate) enum YearCommand {
    /// Judge beside the service, with the same database and the same evidence, until SIGTERM or Ctrl-C.
    Work(Work),
    /// Look at everybody for whom something may have changed: standing, reminders, instructions. Once a day, or more often.
    Tick(Tick),
    /// Hand over the messages that wait.
    Send(Send),
    /// Put what the payer has to be told onto a list, or write a list once more; a list that was never written to its end comes
    /// before a new one.
    Payer(Payer),
    /// Count suspensions, and those that should not have been.
    Wrongful {
        #[command(flatten)]
        data: Data,
    },
    /// Take a list of certifications from an employer or another office: name, id_number, proof_date.
    Batch(Batch),
    /// Issue links for many at once, for the electronic social-security card or a portal: a column `id_number`.
    Links(Links),
    /// Take a certification back that was found void: it counts no more, and its certificate, if it has one, stands on the signed
    /// list of revoked ones (`GET /v1/revoked`) until its last day.
    Revoke(Revoke),
}

/// When something is done.
#[derive(Args)]
pub(crate) struct OnDay {
    /// In a demonstration: the day on which it is done, as if it were ten in the morning there; now, where it is missing.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "demo")]
    date: Option<Date>,
    /// Nobody lives by what is written here: the day may be another than today. What is told on a wrong day can't be taken back.
    #[arg(long)]
    demo: bool,
}

impl OnDay {
    /// The moment, a time in China.
    pub(super) fn moment(&self) -> OffsetDateTime {
        moment(&SystemClock, self.other_day())
    }

    /// The day, where it may be another than today.
    pub(super) fn other_day(&self) -> Option<Date> {
        self.date.filter(|_| self.demo)
    }
}

#[derive(Args)]
pub(crate) struct Work {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    evidence: Evidence,
    /// Where MODELS.toml and the networks are.
    #[arg(long, value_name = "DIR", default_value = "models", env = "JIANZAI_MODELS")]
    models: PathBuf,
    /// Accept attempts made from recorded footage by a demo build. Their certificates say so.
    #[arg(long)]
    demo: bool,
    /// Tell metrics (`/metrics`) on an address of their own.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// In a demonstration: a day to come on which it is judged, from ten in the morning on; now, where it is missing.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "demo")]
    date: Option<Date>,
}

#[derive(Args)]
pub(crate) struct Tick {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    on: OnDay,
}

#[derive(Args)]
pub(crate) struct Send {
    #[command(flatten)]
    data: Data,
    /// The gateway that takes messages; without it they become files in the data folder.
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// The bearer token of the gateway.
    #[arg(long, value_name = "TOKEN", env = "JIANZAI_GATEWAY_TOKEN", hide_env_values = true, requires = "gateway")]
    token: Option<String>,
    /// Where links lead, as people reach the service's `/v1/links/`: reminders to elder and family that can be tapped have one.
    #[arg(long, value_name = "URL", env = "JIANZAI_LINKS")]
    links: Option<String>,
    #[command(flatten)]
    on: OnDay,
}

#[derive(Args)]
pub(crate) struct Payer {
    #[command(flatten)]
    data: Data,
    /// Write this list once more, instead of making a new one.
    #[arg(long, value_name = "NUMBER")]
    list: Option<i64>,
    /// How it is written, to standard output.
    #[arg(long, default_value = "csv")]
    form: Form,
}

/// Who may send lists.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// An employer, about those who worked there.
    Employer,
    /// A community or street office, about those whom it has seen.
    Community,
    /// Another agency, about those who live with it.
    Assistance,
}

#[derive(Args)]
pub(crate) struct Batch {
    #[command(flatten)]
    data: Data,
    /// Who sent it.
    #[arg(long)]
    from: Kind,
    /// The sender's identifier.
    #[arg(long, value_name = "ID")]
    sender: Uuid,
    /// The account of the clerk or head who takes it (`account list` prints identifiers).
    #[arg(long, value_name = "ID")]
    clerk: Uuid,
    #[command(flatten)]
    on: OnDay,
    /// The list; the answers go to standard output.
    csv: PathBuf,
}

/// Where links lead in from.
#[derive(Clone, Copy, ValueEnum)]
enum LeadsInFrom {
    /// The electronic social-security card.
    ECardLink,
    /// A web portal.
    WebPortal,
    /// A message: into the app, whoever holds the phone.
    App,
}

#[derive(Args)]
pub(crate) struct Links {
    #[command(flatten)]
    data: Data,
    /// By which way people come.
    #[arg(long)]
    channel: LeadsInFrom,
    /// For how many days they can be used, as often as needed: 1 to 90.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=90))]
    days: u8,
    /// The account of the clerk or head who decided it (`account list` prints identifiers).
    #[arg(long, value_name = "ID")]
    by: Uuid,
    /// Who gets one; the links go to standard output, told this once.
    csv: PathBuf,
}

#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    data: Data,
    /// The account of the clerk or head who decided it (`account list` prints identifiers).
    #[arg(long, value_name = "ID")]
    clerk: Uuid,
    /// The number on the certificate; where people or data certified, that of the certification, as the linked log names it.
    #[arg(value_name = "NUMBER")]
    number: Uuid,
}

impl YearCommand {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Work(arguments) => work(arguments).await,
            Self::Tick(arguments) => tick(arguments).await,
            Self::Send(arguments) => send(arguments).await,
            Self::Payer(arguments) => payer(arguments).await,
            Self::Wrongful { data } => wrongful(data).await,
            Self::Batch(arguments) => batch(arguments).await,
            Self::Links(arguments) => links(arguments).await,
            Self::Revoke(arguments) => revoke(arguments).await,
        }
    }
}

async fn work(arguments: Work) -> anyhow::Result<()> {
    let mut config = arguments.data.config();
    (config.models, config.demo) = (arguments.models, arguments.demo);
    config.evidence = arguments.evidence.store()?;
    config.metrics = arguments.metrics;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        if told_to_stop().await.is_ok() {
            tracing::info!("stopping");
            stopping.cancel();
        }
    });
    let told = |address| println!("metrics on http://{address}/metrics");
    Ok(jianzai_server::work(config, Arc::new(clock(arguments.date)?), stop, told).await?)
}

/// The computer's clock, or one that runs with it from ten in the morning of a day to come.
fn clock(date: Option<Date>) -> anyhow::Result<ShiftedClock> {
    let clock = ShiftedClock::default();
    if let Some(date) = date {
        let ahead = moment(&SystemClock, Some(date)) - moment(&SystemClock, None);
        clock.advance(ahead.try_into().ok().context("give a day to come")?);
    }
    Ok(clock)
}

async fn tick(arguments: Tick) -> anyhow::Result<()> {
    let office = Office::open(&arguments.data.config(), &SystemClock).await?;
    let done = office.tick(arguments.on.moment()).await?;
    println!(
        "{} looked at: {} steps, {} messages, {} instructions; {} without policy, {} unreadable",
        done.looked_at, done.steps, done.messages, done.instructions, done.without_policy, done.unreadable
    );
    Ok(office.close().await?)
}

async fn send(arguments: Send) -> anyhow::Result<()> {
    let config = arguments.data.config();
    let links = arguments.links.as_deref().map(LinkAddress::parse).transpose()?;
    let office = Office::open(&config, &SystemClock).await?.with_links(links);
    let sent = match arguments.gateway {
        Some(address) => {
            send_by(&office, &Gateway::new(&address, arguments.token.map(Secret::new))?, &arguments.on).await?
        }
        None => send_by(&office, &FileSender::new(config.data.join("messages"))?, &arguments.on).await?,
    };
    println!(
        "{} handed over, {} put off, {} withdrawn, {} for a person to look at",
        sent.handed_over, sent.put_off, sent.withdrawn, sent.failed
    );
    Ok(office.close().await?)
}

async fn send_by(office: &Office, sender: &impl Sender, on: &OnDay) -> Result<Sent, OfficeError> {
    match on.other_day() {
        Some(_) => office.send(sender, on.moment()).await,
        None => office.send_while(sender, &|| moment(&SystemClock, None)).await,
    }
}

async fn payer(arguments: Payer) -> anyhow::Result<()> {
    let office = Office::open(&arguments.data.config(), &SystemClock).await?;
    let list = match arguments.list {
        Some(list) => Some(list),
        None => waiting_list(&office).await?,
    };
    match list {
        Some(list) => {
            tell_payer(&office, list, arguments.form).await.with_context(|| format!("list {list}"))?;
        }
        None => eprintln!("nothing to tell the payer"),
    }
    Ok(office.close().await?)
}

/// The list that is to be written: the oldest that nobody has written to its end, or else a new one. Its number is said before
/// anything can happen to it.
async fn waiting_list(office: &Office) -> anyhow::Result<Option<i64>> {
    if let Some(list) = office.unwritten_list().await? {
        eprintln!("list {list} was made before and never written to its end; what came since is for the next call");
        return Ok(Some(list));
    }
    let made = office.make_list(moment(&SystemClock, None)).await?;
    if let Some((list, instructions)) = made {
        eprintln!("list {list}: {instructions} instructions");
    }
    Ok(made.map(|(list, _)| list))
}

/// Writes a list to its end, and only then notes that it is written.
async fn tell_payer(office: &Office, list: i64, form: Form) -> anyhow::Result<()> {
    let text = office.write_list(list, form).await?;
    put_out(&text.text)?;
    office.note_written(list, form, &text.left_out, moment(&SystemClock, None)).await?;
    match text.left_out.len() {
        0 => eprintln!("list {list} is written"),
        count => eprintln!("list {list} is written without {count} instructions, which can't be read"),
    }
    Ok(())
}

/// Writes to standard output, to the end.
fn put_out(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("writing to standard output")
}

async fn wrongful(data: Data) -> anyhow::Result<()> {
    let office = Office::open(&data.config(), &SystemClock).await?;
    let counted = office.wrongful(moment(&SystemClock, None)).await?;
    println!("{} suspensions, {} of them wrong", counted.suspensions, counted.wrong.values().sum::<u64>());
    for (why, count) in &counted.wrong {
        println!("  {count} {}", why.name());
    }
    Ok(office.close().await?)
}

async fn batch(arguments: Batch) -> anyhow::Result<()> {
    let office = Office::open(&arguments.data.config(), &SystemClock).await?;
    office.demand_account(arguments.clerk, &CLERKS).await?;
    let (channel, by) = match arguments.from {
        Kind::Employer => (Channel::Employer, Party::Employer(arguments.sender)),
        Kind::Community => (Channel::Community, Party::Office(arguments.sender)),
        Kind::Assistance => (Channel::AssistanceForm, Party::Office(arguments.sender)),
    };
    let source = BatchSource { channel, by, decided_by: Party::Staff(arguments.clerk) };
    let file = File::open(&arguments.csv).with_context(|| arguments.csv.display().to_string())?;
    let report = office.batch(source, file, arguments.on.moment()).await?;
    put_out(&report.answers)?;
    let way = channel.name();
    let BatchReport { recorded, known, waits, refused, .. } = report;
    eprintln!("{way}: {recorded} recorded, {known} known, {waits} wait for another clerk, {refused} refused");
    Ok(office.close().await?)
}

async fn links(arguments: Links) -> anyhow::Result<()> {
    let office = Office::open(&arguments.data.config(), &SystemClock).await?;
    office.demand_account(arguments.by, &CLERKS).await?;
    let channel = match arguments.channel {
        LeadsInFrom::ECardLink => Channel::ECardLink,
        LeadsInFrom::WebPortal => Channel::WebPortal,
        LeadsInFrom::App => Channel::AppSelf,
    };
    let file = File::open(&arguments.csv).with_context(|| arguments.csv.display().to_string())?;
    let done = office.links_for(file, channel, arguments.days, arguments.by, moment(&SystemClock, None)).await?;
    put_out(&done.answers)?;
    eprintln!("{} issued, {} refused", done.issued, done.refused);
    Ok(office.close().await?)
}

async fn revoke(arguments: Revoke) -> anyhow::Result<()> {
    let office = Office::open(&arguments.data.config(), &SystemClock).await?;
    office.demand_account(arguments.clerk, &CLERKS).await?;
    match office.revoke(arguments.number, arguments.clerk, moment(&SystemClock, None)).await? {
        true => println!("revoked"),
        false => println!("revoked before; nothing changes"),
    }
    Ok(office.close().await?)
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, form).map_err(|_| "write it like 2026-03-01".to_owned())
}
