//! Whoever is signed in and holds the phone: a clerk at the office; a volunteer, whose plan is carried out while the service is
//! away, and brought back when it is there again.

mod staff;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use jianzai_tests::people::{AT_HOME, Person, Register};
use jianzai_tests::places;
use jianzai_tests::program::{Certify, follow, jianzai};
use jianzai_tests::service::Service;
use serde_json::{Value, json};

use self::staff::{Account, account, post};

/// The service with a volunteer whose list has one person, and that person's identifier.
struct Village {
    folder: tempfile::TempDir,
    service: Service,
    volunteer: Account,
    person: String,
}

impl Village {
    async fn with_a_list() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let register = Register::write(&folder.path().join("register"))?;
        let service = Service::start(&folder.path().join("service"), &register, &["--demo"])?;
        let clerk = account(&service, "clerk.wang", "clerk", "440300").await?;
        let volunteer = account(&service, "auntie.chen", "volunteer", "440300").await?;
        let list = json!({ "volunteer": volunteer.id, "people": [AT_HOME.id_number], "days": 7 });
        post(&service, "rosters", Some(&clerk), &list).await?;
        let visits = post(&service, "visits", Some(&volunteer), &json!({ "reason": "visit" })).await?;
        let person = visits["people"][0]["id"].as_str().context("a person")?.to_owned();
        Ok(Self { folder, service, volunteer, person })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Takes a plan along; draws or spares it from the sample.
    fn take_along(&self, data: &Path, plan: &Path, sampled: bool) -> Result<()> {
        let mut command = jianzai()?;
        command.args(["lease", "--session", "-", "--demo", "--server", self.service.url(), "--person", &self.person]);
        command.arg("--data").arg(data).arg("--out").arg(plan);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        child.stdin.take().context("its input")?.write_all(self.volunteer.token.as_bytes())?;
        ensure!(child.wait()?.success(), "no plan was lent");
        let draw = format!("UPDATE attempt SET sampled = {} WHERE state = 'open'", i32::from(sampled));
        self.sql(&draw).map(drop)
    }

    fn sql(&self, statement: &str) -> Result<String> {
        let database = self.service.data().join("jianzai.sqlite3");
        let output = Command::new("sqlite3").args(["-cmd", ".timeout 5000"]).arg(database).arg(statement).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Carries a plan out while the service is away: what was told, and the exit status.
    fn carry_out(&self, data: &Path, plan: &Path) -> Result<(Vec<Value>, Option<i32>)> {
        let mut command = jianzai()?;
        command.args(["certify", "--json", "--consent", "yes", "--language", "zh", "--patience", "2", "--seed", "3"]);
        command.arg("--lease").arg(plan).arg("--actor").arg(places::actor()).arg("--data").arg(data);
        follow(command, "", |_, _| Ok(()))
    }
}

fn deliver(data: &Path) -> Result<String> {
    let output = jianzai()?.args(["outbox", "--deliver", "--json", "--data"]).arg(data).output()?;
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_without_network_certifies_once_there_is_one() -> Result<()> {
    let mut village = Village::with_a_list().await?;
    let (data, plan) = (village.path("app"), village.path("plan.json"));
    village.take_along(&data, &plan, false)?;
    let text = std::fs::read_to_string(&plan)?;
    for fact in [AT_HOME.name, AT_HOME.id_number] {
        ensure!(!text.contains(fact), "the plan names nobody");
    }

    village.service.kill()?;
    let (events, status) = village.carry_out(&data, &plan)?;
    ensure!(events.iter().any(|event| event["event"] == "saved"), "saved without network: {:?}", events.last());
    ensure!(status == Some(1) && !deliver_names_an_end(&events), "nothing is decided before it is brought back");

    village.service.kill_and_restart()?;
    let told = deliver(&data)?;
    ensure!(told.contains("\"certified\""), "{told}");
    let brought = village.sql("SELECT channel || ' ' || brought_by FROM certification")?;
    let volunteer = format!("app_assisted volunteer:{}", village.volunteer.id);
    ensure!(brought == volunteer, "{brought}");
    let consent = village.sql("SELECT consent_by FROM activation WHERE consent_text <> ''")?;
    ensure!(consent == "beneficiary_spoken", "{consent}");

    // The same plan again: it was for once, and how it ended stays as it was.
    village.carry_out(&data, &plan)?;
    deliver(&data)?;
    ensure!(village.service.certificates()? == 1, "certified once");
    ensure!(village.sql("SELECT COUNT(*) FROM certification")? == "1", "recorded once");
    Ok(())
}

fn deliver_names_an_end(events: &[Value]) -> bool {
    events.iter().any(|event| ["certified", "refused", "review"].iter().any(|end| event["event"] == *end))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_looked_at_and_another_device_is_refused() -> Result<()> {
    let village = Village::with_a_list().await?;
    let (data, other) = (village.path("app"), village.path("other"));
    let (first, second) = (village.path("first.json"), village.path("second.json"));
    village.take_along(&data, &first, true)?;
    let (events, status) = village.carry_out(&data, &first)?;
    let said = format!("{}{}", serde_json::to_string(&events)?, deliver(&data)?);
    ensure!(said.contains("attempt.sampled"), "{status:?} {said}");
    ensure!(village.service.certificates()? == 0);

    village.take_along(&data, &second, false)?;
    let (events, _) = village.carry_out(&other, &second)?;
    let said = format!("{}{}", serde_json::to_string(&events)?, deliver(&other)?);
    ensure!(said.contains("evidence.bad_signature") || said.contains("evidence.foreign"), "{said}");
    ensure!(village.service.certificates()? == 0);
    Ok(())
}

/// Kunming: staff help on the phone at the office, and the record says who it was.
#[tokio::test(flavor = "multi_thread")]
async fn at_kunmings_office_a_clerk_holds_the_phone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let register = Register::write(&folder.path().join("register"))?;
    let moved = std::fs::read_to_string(register.csv())?.replace("440300,440300", "530100,530100");
    std::fs::write(register.csv(), moved)?;
    let service = Service::start(&folder.path().join("service"), &register, &["--demo"])?;
    let clerk = account(&service, "clerk.li", "clerk", "530100").await?;
    let session = folder.path().join("session");
    std::fs::write(&session, &clerk.token)?;
    let (data, out) = (folder.path().join("app"), folder.path().join("out"));
    let person = Person { insured_place: "530100", residence: "530100", ..AT_HOME };
    let (mode, seed) = ("assisted", 5);
    let certify =
        Certify { service: &service, person: &person, mode, actor: places::actor(), seed, data: &data, out: &out };
    let mut command = certify.command()?;
    command.arg("--session").arg(&session);
    let (events, status) = follow(command, &person.toml(), |_, _| Ok(()))?;
    ensure!(status == Some(0), "{:?}", events.last());
    let recorded = "SELECT channel || ' ' || brought_by || ' ' || decided_by FROM certification";
    let database = service.data().join("jianzai.sqlite3");
    let output = Command::new("sqlite3").arg(database).arg(recorded).output()?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(said.trim() == format!("office_phone staff:{} judge", clerk.id), "{said}");
    Ok(())
}
