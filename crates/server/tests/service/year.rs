//! The year by the program itself: `jianzai-server tick` killed with SIGKILL at any moment and run again ends as one that
//! nobody disturbed, to the row, in both databases; and what the payer is told reaches it, whatever happens meanwhile.

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

    /// What the database answers.
    fn ask(&self, ask: &str) -> String {
        let answer = match &self.database {
            Some(url) => psql(url, ask),
            None => said(Command::new("sqlite3").arg("-readonly").arg(self.data.join("jianzai.sqlite3")).arg(ask)),
        };
        answer.trim().to_owned()
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
        let told = String::from_utf8(quiet.run(&["tick", "--demo", "--date", date]).stdout).unwrap();
        undisturbed += told.split_whitespace().next().unwrap().parse::<u32>().unwrap();
        quiet.run(&["send", "--demo", "--date", date]);
        for wait in (0..12).map(|step| 15 + step * 25 + round as u64 * 7) {
            let mut tick = killed.program(&["tick", "--demo", "--date", date]);
            let mut tick = tick.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(wait));
            kills += u32::from(tick.try_wait().unwrap().is_none());
            tick.kill().unwrap();
            tick.wait().unwrap();
        }
        killed.run(&["tick", "--demo", "--date", date]);
        killed.run(&["send", "--demo", "--date", date]);
        assert_eq!(killed.rows(), quiet.rows(), "{date}");
    }
    assert!(kills >= 12 && undisturbed > u32::from(PEOPLE), "{kills} killed, {undisturbed} looked at");
    let first = quiet.run(&["payer"]).stdout;
    assert!(String::from_utf8_lossy(&first).lines().count() > 1, "somebody is suspended");
    a_list_that_nobody_took_is_written_before_any_other(&killed, &first);
    for place in [quiet, killed] {
        let again = place.run(&["payer"]);
        assert!(again.stdout.is_empty() && String::from_utf8_lossy(&again.stderr).contains("nothing to tell"));
    }
}

/// Whoever is to take the list has gone, and the process is killed besides, before the list is made, meanwhile or after.
fn a_list_that_nobody_took_is_written_before_any_other(place: &Place, expected: &[u8]) {
    let untaken = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut payer = place.program(&["payer"]);
        payer.stdout(writer);
        payer
    };
    for wait in (0..12).map(|step| 10 + step * 10) {
        let mut payer = untaken().stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        payer.kill().unwrap();
        payer.wait().unwrap();
    }
    let failed = untaken().output().unwrap();
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(!failed.status.success() && told.contains("Error: list 1"), "{told}");
    let lists = || {
        place.ask(
            "SELECT (SELECT count(*) FROM instruction) - (SELECT count(*) FROM payer_item WHERE list = 1), \
             (SELECT count(*) FROM payer_list), (SELECT count(*) FROM payer_list WHERE written_at IS NOT NULL)",
        )
    };
    assert_eq!(lists(), "0|1|0", "on one list, which nobody has");
    let written = place.run(&["payer"]);
    let told = String::from_utf8_lossy(&written.stderr);
    assert!(told.contains("list 1 was made before") && told.contains("list 1 is written"), "{told}");
    assert_eq!(written.stdout, expected);
    assert_eq!(lists(), "0|1|1");
    assert_eq!(place.run(&["payer", "--list", "1"]).stdout, expected, "as often as somebody asks");
}

#[test]
fn whoever_decides_by_a_command_has_an_account_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, list) = (folder.path().join("data"), folder.path().join("list.csv"));
    std::fs::write(&list, "name,id_number,proof_date\n").unwrap();
    let run = |words: &str, file: Option<&Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzai-server"));
        command.args(words.split(' ')).args(file).arg("--data").arg(&data).env_remove("JIANZAI_DATABASE");
        let ended = command.output().unwrap();
        let said = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        (ended.status.success(), said)
    };
    let account = |login: &str, role: &str| {
        let (made, said) = run(&format!("account add {login} --role {role} --area 440300"), None);
        assert!(made, "{said}");
        said.lines().find_map(|line| line.strip_prefix("account ")).unwrap().to_owned()
    };
    let [head, clerk, volunteer] = ["head", "clerk", "volunteer"].map(|role| account(&format!("one.{role}"), role));
    let closed = account("gone.head", "head");
    assert!(run("account disable gone.head", None).0);
    let (nobody, policy) = (uuid::Uuid::nil(), Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/shenzhen.toml"));
    let batch = |by: &str| run(&format!("batch --from employer --sender {nobody} --clerk {by}"), Some(&list));
    let revoke = |by: &str| run(&format!("revoke --clerk {by} {nobody}"), None);
    let revert = |by: &str| run(&format!("silent revert --by {by} {nobody}"), None);
    let apply = |by: &str| run(&format!("policy apply --by {by}"), Some(&policy));
    for by in [nobody.to_string(), closed, volunteer] {
        for (ended, said) in [batch(&by), revoke(&by), revert(&by), apply(&by)] {
            assert!(!ended && said.contains("is no open account of a"), "{said}");
        }
    }
    assert!(batch(&clerk).0 && batch(&head).0);
    assert!(!revoke(&clerk).1.contains("account") && !revert(&head).1.contains("account"));
    let (ended, said) = apply(&clerk);
    assert!(!ended && said.contains("of a head"), "{said}");
    let (ended, said) = apply(&head);
    assert!(ended && said.contains("0 added, 1 were there already"), "{said}");
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
        let told = place.run(&[arguments, &["--demo", "--date", &fifth]].concat()).stdout;
        assert!(String::from_utf8_lossy(&told).contains(" 0 left out"), "{}", String::from_utf8_lossy(&told));
    }
}

#[test]
fn only_a_demonstration_lives_another_day() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { data: folder.path().join("data"), database: None };
    let run = ["silent", "run", "--rules", "guangzhou"];
    for command in [&["work"][..], &["tick"], &["send"], &run] {
        let refused = place.program(&[command, &["--date", "2030-01-01"]].concat()).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("--demo"), "{command:?}: {told}");
    }
    let before = place.program(&["work", "--demo", "--date", "2020-01-01"]).output().unwrap();
    assert!(
        !before.status.success() && String::from_utf8_lossy(&before.stderr).contains("a day to come"),
        "{before:?}"
    );
}

#[test]
fn links_for_many_are_told_once_and_a_clerk_serves_a_district_at_least() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { data: folder.path().join("data"), database: None };
    let rows = "name,id_number,insured_place,residence,phones,portrait\n\
        王健在,44030419520315201X,510100,510100,,\n欧阳长青,440304194910083020,440300,440300,,\n";
    let (register, wanted) = (folder.path().join("register.csv"), folder.path().join("wanted.csv"));
    std::fs::write(&register, rows).unwrap();
    std::fs::write(&wanted, "id_number\n44030419520315201X\n440304194910083020\n320102194805262026\nx\n").unwrap();
    place.run(&["import", "--models", models().to_str().unwrap(), register.to_str().unwrap()]);
    let account = |area: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzai-server"));
        let words = ["account", "add", "clerk.one", "--role", "clerk", "--area", area, "--data"];
        command.args(words).arg(&place.data).env_remove("JIANZAI_DATABASE").output().unwrap()
    };
    let refused = account("510104002");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("a district or more"));
    let made = String::from_utf8(account("510100").stdout).unwrap();
    let clerk = made.lines().find_map(|line| line.strip_prefix("account ")).unwrap();
    let links = |by: &str| {
        let words = ["links", "--channel", "e-card-link", "--days", "30", "--by", by, wanted.to_str().unwrap()];
        place.program(&words).output().unwrap()
    };
    assert!(!links("00000000-0000-0000-0000-000000000000").status.success());
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let told = String::from_utf8(links(clerk).stdout).unwrap();
        let lines: Vec<Vec<&str>> = told.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(lines[0], ["line", "result", "token", "until"]);
        let results: Vec<_> = lines[1..].iter().map(|line| (line[0], line[1])).collect();
        // Shenzhen takes no such link; nobody has the third number; the fourth is none.
        assert_eq!(results, [("2", "issued"), ("3", "refused"), ("4", "refused"), ("5", "refused")]);
        assert!(lines[2][2].is_empty() && !told.contains("4403"));
        tokens.push(lines[1][2].to_owned());
    }
    assert!(tokens[0].len() > 90 && tokens[0] != tokens[1]);
    let log = said(Command::new("sqlite3").arg(place.data.join("jianzai.sqlite3")).arg(
        "SELECT count(*) FROM audit_entry WHERE action = 'link_issued' AND detail = 'e_card_link' AND actor_id IS NOT NULL",
    ));
    assert_eq!(log.trim(), "2");
}
