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

use crate::databases::{Kind, on_both_databases};
use crate::people::models;
use crate::server::TestDatabase;

on_both_databases! {
    a_tick_killed_at_any_moment_and_run_again_ends_as_an_undisturbed_one,
}

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
        command.arg(arguments[0]).arg("--data").arg(&self.data).args(&arguments[1..]).env_remove("JIANZAI_DATABASE");
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

async fn a_tick_killed_at_any_moment_and_run_again_ends_as_an_undisturbed_one(kind: Kind) {
    let database = kind.database();
    let folder = tempfile::tempdir().unwrap();
    let quiet = Place { data: folder.path().join("quiet"), database: database.as_ref().map(TestDatabase::url) };
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
