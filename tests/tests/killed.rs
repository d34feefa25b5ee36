//! `kill -9` of the program or the service at twenty points: nothing that was called saved or accepted is lost, and nobody
//! is certified twice.
//!
//! A point is an event that the program printed, and a short wait after it so that the blow falls on different system
//! calls. After "certified" the certificate lies in its files. A killed service comes back at once at the same address, and the program must get through. After a kill of the
//! program `jianzai outbox --deliver` is run, as the app does when it is next opened.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Result, ensure};
use jianzai_tests::people::{AT_HOME, Register};
use jianzai_tests::places;
use jianzai_tests::program::{Certify, follow, jianzai};
use jianzai_tests::service::Service;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Program,
    Service,
}

use Who::{Program, Service as Server};

/// Who is killed; after the how-manieth event of which name; after how many milliseconds.
const POINTS: [(Who, &str, usize, u64); 22] = [
    (Program, "activated", 1, 0),
    (Program, "tell", 2, 0),
    (Program, "progress", 2, 300),
    (Program, "progress", 4, 0),
    (Program, "progress", 4, 700),
    (Program, "saved", 1, 0),
    (Program, "saved", 1, 12),
    (Program, "upload", 1, 0),
    (Program, "upload", 2, 3),
    (Program, "judging", 1, 0),
    (Program, "judging", 1, 900),
    (Server, "activated", 1, 0),
    (Server, "tell", 2, 0),
    (Server, "progress", 2, 100),
    (Server, "saved", 1, 0),
    (Server, "saved", 1, 8),
    (Server, "upload", 1, 0),
    (Server, "upload", 2, 2),
    (Server, "judging", 1, 0),
    (Server, "judging", 1, 900),
    (Program, "certified", 1, 0),
    (Server, "certified", 1, 0),
];

/// What the program had said when it ended or was killed.
struct Heard {
    events: Vec<String>,
    status: Option<i32>,
}

impl Heard {
    fn has(&self, event: &str) -> bool {
        self.events.iter().any(|heard| heard == event)
    }
}

#[test]
fn nothing_called_saved_or_accepted_is_lost_and_nobody_is_certified_twice() {
    let waiting = Mutex::new(POINTS.to_vec());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(point) = { waiting.lock().expect("not poisoned").pop() } {
                    if let Err(error) = kill_at(point) {
                        failed.lock().expect("not poisoned").push(format!("{point:?}: {error:#}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("not poisoned");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn kill_at((who, event, count, wait): (Who, &str, usize, u64)) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let register = Register::write(&folder.path().join("register"))?;
    let mut service = Service::start(&folder.path().join("service"), &register, &["--demo"])?;
    let (data, out) = (folder.path().join("app"), folder.path().join("out"));
    let command = Certify {
        service: &service,
        person: &AT_HOME,
        mode: "self",
        actor: places::actor(),
        seed: wait + count as u64,
        data: &data,
        out: &out,
    }
    .command()?;
    let heard = run_and_kill(command, &mut service, (who, event, count, wait))?;
    ensure!(heard.events.iter().filter(|heard| *heard == event).count() >= count, "never reached: {:?}", heard.events);

    let delivered = jianzai()?.args(["outbox", "--deliver", "--json", "--data"]).arg(&data).output()?;
    let told = String::from_utf8_lossy(&delivered.stdout).into_owned();
    let told_certified = heard.has("certified") || told.contains("\"certified\"");
    if who == Program && heard.has("saved") {
        ensure!(
            told_certified,
            "saved, killed, and then not certified: {told} {}",
            String::from_utf8_lossy(&delivered.stderr)
        );
    }
    if who == Server {
        ensure!(
            heard.status == Some(0),
            "the program did not get through: {:?} {:?}",
            heard.status,
            heard.events.last()
        );
    }
    let again = jianzai()?.args(["outbox", "--json", "--data"]).arg(&data).output()?;
    ensure!(!String::from_utf8_lossy(&again.stdout).contains("attempt"), "the outbox is not empty");
    let rows = service.certificates()?;
    ensure!(rows == usize::from(told_certified), "{rows} certificates exist; told of one: {told_certified}");
    let kept = std::fs::read_dir(data.join("certificates")).map_or(0, Iterator::count);
    ensure!(!heard.has("certified") || kept == 1, "a certificate that was told of is kept, not {kept}");
    Ok(())
}

fn run_and_kill(
    mut command: Command,
    service: &mut Service,
    (who, event, count, wait): (Who, &str, usize, u64),
) -> Result<Heard> {
    command.stderr(Stdio::null());
    let mut left = count;
    let (events, status) = follow(command, &AT_HOME.toml(), |told, child| {
        if told["event"] != event || left == 0 {
            return Ok(());
        }
        left -= 1;
        if left == 0 {
            std::thread::sleep(Duration::from_millis(wait));
            match who {
                Program => child.kill()?,
                Server => service.kill_and_restart()?,
            }
        }
        Ok(())
    })?;
    let names = events.iter().filter_map(|event| event["event"].as_str().map(str::to_owned));
    Ok(Heard { events: names.collect(), status })
}
