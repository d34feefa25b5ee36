//! The year by the program itself: `jianzai-server tick` killed with SIGKILL at any moment and run again ends as one that
//! nobody disturbed, to the row, in both databases.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use jianzai_server::clock::SystemClock;
use jianzai_server::config::Config;
use jianzai_server::import::import;
use jianzai_wire::{IdNumber, Language, Secret};
use time::OffsetDateTime;

use crate::people::models;
use crate::server::TestDatabase;

/// More than one batch.
const PEOPLE: u16 = 900;
/// Shenzhen, Kunming, Guangzhou, Beijing.
const PLACES: [&str; 4] = ["440300", "530100", "440100", "110000"];

/// A data folder, and a database by URL where there is one.
struct Place {
    data: PathBuf,
    database: Option<String>,
}

impl Place {
    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzai-server"));
        command.args(arguments).arg("--data").arg(&self.data).env_remove("JIANZAI_DATABASE");
        command.envs(self.database.as_ref().map(|url| ("JIANZAI_DATABASE", url)));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.program(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Every row that a tick writes.
    fn rows(&self) -> String {
        let tables = ["benefit", "standing_change", "message", "instruction"];
        let ask = tables.map(|table| format!("SELECT '{table}', * FROM {table} ORDER BY 1, 2, 3, 4;")).concat();
        match &self.database {
            Some(url) => psql(url, &ask),
            None => {
                let mut sqlite = Command::new("sqlite3");
                sqlite.args(["-readonly", "-cmd", ".mode quote"]).arg(self.data.join("jianzai.sqlite3")).arg(ask);
                said(&mut sqlite)
            }
        }
    }

    /// The same once more.
    fn copy(&self, to: &Path) -> Self {
        said(Command::new("cp").arg("-a").arg(&self.data).arg(to));
        let database = self.database.as_ref().map(|url| {
            let (server, name) = url.rsplit_once('/').unwrap();
            let name = name.split('?').next().unwrap();
            let copied = format!("CREATE DATABASE {name}_killed TEMPLATE {name}");
            psql(&format!("{server}/postgres?sslmode=disable"), &copied);
            format!("{server}/{name}_killed?sslmode=disable")
        });
        Self { data: to.to_owned(), database }
    }
}

fn psql(url: &str, ask: &str) -> String {
    said(Command::new("psql").args(["-v", "ON_ERROR_STOP=1", "-qAt", "-c", ask]).arg(url))
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A register of people who have drawn their pension for years.
fn register(folder: &Path) -> PathBuf {
    let mut text = "name,id_number,insured_place,residence,phones,portrait,scheme,entitled_from\n".to_owned();
    for number in 0..PEOPLE {
        let body = format!("1101011945{:02}15{:03}", number % 12 + 1, number % 1_000);
        let id = "0123456789X".chars().find_map(|check| IdNumber::parse(&format!("{body}{check}")).ok()).unwrap();
        let place = PLACES[usize::from(number) % PLACES.len()];
        let scheme = if number % 2 == 0 { "employee_pension" } else { "resident_pension" };
        let line =
            format!("王健在,{},{place},{place},13800000000,,{scheme},2024-03-{:02}\n", id.expose(), number % 28 + 1);
        text.push_str(&line);
    }
    let path = folder.join("register.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_tick_killed_at_any_moment_and_run_again_ends_as_an_undisturbed_one() {
    lives_the_same(None).await;
}

#[tokio::test]
async fn a_tick_killed_at_any_moment_ends_as_an_undisturbed_one_in_postgresql_too() {
    let database = TestDatabase::new();
    lives_the_same(Some(database.url())).await;
}

async fn lives_the_same(database: Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let quiet = Place { data: folder.path().join("quiet"), database };
    let mut config = Config::new(&quiet.data);
    config.models = models();
    config.database = quiet.database.clone().map(Secret::new);
    let report = import(&config, &SystemClock, &register(folder.path()), Language::En).await.unwrap();
    assert_eq!(report.added, u32::from(PEOPLE), "{:?}", report.left_out.first());
    let killed = quiet.copy(&folder.path().join("killed"));
    let (mut kills, mut undisturbed) = (0, 0);
    for (round, days) in [1, 5, 40, 200].into_iter().enumerate() {
        let date = (OffsetDateTime::now_utc().date() + time::Duration::days(days)).to_string();
        let date = date.as_str();
        let told = String::from_utf8(quiet.run(&["tick", "--date", date]).stdout).unwrap();
        undisturbed += told.split_whitespace().next().unwrap().parse::<u32>().unwrap();
        quiet.run(&["send", "--date", date]);
        for wait in (0..12).map(|step| 15 + step * 25 + round as u64 * 7) {
            let mut tick = killed.program(&["tick", "--date", date]);
            let mut tick = tick.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(wait));
            kills += u32::from(tick.try_wait().unwrap().is_none());
            tick.kill().unwrap();
            tick.wait().unwrap();
        }
        killed.run(&["tick", "--date", date]);
        killed.run(&["send", "--date", date]);
        assert_eq!(killed.rows(), quiet.rows(), "{date}");
    }
    assert!(kills >= 12 && undisturbed > u32::from(PEOPLE), "{kills} killed, {undisturbed} looked at");
    let first = quiet.run(&["payer"]);
    assert!(String::from_utf8(first.stdout).unwrap().lines().count() > 1, "somebody is suspended");
    let again = quiet.run(&["payer"]);
    assert!(again.stdout.is_empty() && String::from_utf8_lossy(&again.stderr).contains("nothing to tell"));
}

/// Files of a day to come, with which a year is rehearsed: refused today, taken as of that day.
#[test]
fn what_other_services_send_is_taken_as_of_the_day_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { data: folder.path().join("data"), database: None };
    let [first, fifth] =
        [100, 104].map(|days| (OffsetDateTime::now_utc().date() + time::Duration::days(days)).to_string());
    let (household, events) = (folder.path().join("household.csv"), folder.path().join("events.csv"));
    std::fs::write(&household, "id_number,status\n").unwrap();
    std::fs::write(&events, format!("id_number,event,day\n110101194501150011,travel,{first}\n")).unwrap();
    let register = ["silent", "import", "--kind", "register", "--on", &first, household.to_str().unwrap()];
    let traces = ["silent", "import", "--kind", "events", events.to_str().unwrap()];
    let refused = place.program(&register).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a day that has not come"), "{refused:?}");
    for arguments in [&register[..], &traces] {
        let told = place.run(&[arguments, &["--date", &fifth]].concat()).stdout;
        assert!(String::from_utf8_lossy(&told).contains(" 0 left out"), "{}", String::from_utf8_lossy(&told));
    }
}

#[test]
fn only_a_demonstration_judges_on_another_day() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { data: folder.path().join("data"), database: None };
    let refused = place.program(&["work", "--date", "2030-01-01"]).output().unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--demo"), "{refused:?}");
    let before = place.program(&["work", "--demo", "--date", "2020-01-01"]).output().unwrap();
    assert!(
        !before.status.success() && String::from_utf8_lossy(&before.stderr).contains("a day to come"),
        "{before:?}"
    );
}
