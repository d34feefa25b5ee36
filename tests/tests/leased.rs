//! A plan that a volunteer takes along: carried out while the service is away, brought back when it is there again.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_tests::people::{AT_HOME, Register};
use jianzai_tests::places;
use jianzai_tests::program::{follow, jianzai};
use jianzai_tests::service::Service;
use serde_json::{Value, json};
use sha1::Sha1;

struct Account {
    id: String,
    token: String,
}

/// Makes an account and signs it in.
async fn account(service: &Service, login: &str, role: &str, area: &str) -> Result<Account> {
    let made = Command::new(places::built("jianzai-server")?)
        .args(["account", "add", login, "--role", role, "--area", area, "--data"])
        .arg(service.data())
        .output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8(made.stdout)?;
    let value = |name: &str| {
        said.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
            .with_context(|| format!("no {name}: {said}"))
    };
    let body = json!({ "login": login, "password": value("password")?, "code": code(value("authenticator")?)? });
    let session = post(service, "login", None, &body).await?;
    let token = session["token"].as_str().context("a token")?.to_owned();
    Ok(Account { id: value("account")?.to_owned(), token })
}

/// The code that an authenticator shows now (RFC 6238).
fn code(authenticator: &str) -> Result<String> {
    let secret = authenticator.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).context("a secret")?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&BASE32_NOPAD.decode(secret.as_bytes())?)?;
    mac.update(&(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into()?) & 0x7fff_ffff;
    Ok(format!("{:06}", number % 1_000_000))
}

async fn post(service: &Service, path: &str, session: Option<&Account>, body: &Value) -> Result<Value> {
    let mut call = reqwest::Client::new().post(format!("{}/v1/desk/{path}", service.url())).json(body);
    if let Some(session) = session {
        call = call.bearer_auth(&session.token);
    }
    let answer = call.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{path}: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}

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
