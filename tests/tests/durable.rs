//! "Saved" and "accepted" are said only when it is true: the system calls show that files reach the disk before the word.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jianzai_tests::people::{AT_HOME, Register};
use jianzai_tests::places;
use jianzai_tests::program::Certify;
use jianzai_tests::service::Service;

/// The lines of a system-call trace, in order of time.
fn calls(trace: &Path) -> Vec<String> {
    std::fs::read_to_string(trace).expect("a trace").lines().map(str::to_owned).collect()
}

fn position(calls: &[String], what: &str, matches: impl Fn(&str) -> bool) -> usize {
    calls.iter().position(|call| matches(call)).unwrap_or_else(|| panic!("the trace has no {what}"))
}

/// `command` under strace, with what matters traced and the rest at full speed.
fn traced(command: &Command, trace: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-y", "-s", "200", "-e"]);
    strace.arg("trace=fsync,fdatasync,rename,renameat,renameat2,write,writev,pwrite64,sendto,openat");
    strace.arg("-o").arg(trace).arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            strace.env(name, value);
        }
    }
    strace
}

#[test]
fn the_bundle_is_on_disk_before_the_person_hears_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let register = Register::write(&folder.path().join("register")).expect("a register");
    let service = Service::start(&folder.path().join("service"), &register, &["--demo"]).expect("a service");
    let (data, out, trace) = (folder.path().join("app"), folder.path().join("out"), folder.path().join("trace"));
    let certify = Certify {
        service: &service,
        person: &AT_HOME,
        mode: "self",
        actor: places::actor(),
        seed: 3,
        data: &data,
        out: &out,
    };
    run(traced(&certify.command().expect("a command"), &trace), &AT_HOME.toml());

    let calls = calls(&trace);
    let said = position(&calls, "word 'saved'", |call| call.contains("write(1<") && call.contains(r#"\"saved\""#));
    let before = &calls[..said];
    for ending in [".bundle", ".json"] {
        let renamed = before
            .iter()
            .rposition(|call| {
                call.contains("rename") && call.contains("/outbox/") && call.contains(&format!("{ending}\""))
            })
            .unwrap_or_else(|| panic!("no {ending} was put in place before 'saved'"));
        let synced = |call: &String| call.contains("fsync(") || call.contains("fdatasync(");
        assert!(
            before[..renamed].iter().any(|call| synced(call) && call.contains(ending)),
            "{ending}: no fsync of the file"
        );
        let of_folder = |call: &String| synced(call) && call.contains("/outbox>");
        assert!(before[renamed..].iter().any(of_folder), "{ending}: no fsync of the folder after the rename");
    }
}

#[test]
fn each_piece_is_on_disk_before_the_service_acknowledges_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let register = Register::write(&folder.path().join("register")).expect("a register");
    let trace = folder.path().join("trace");
    let service =
        Service::start_traced(&folder.path().join("service"), &register, &["--demo"], &trace).expect("a service");
    let (data, out) = (folder.path().join("app"), folder.path().join("out"));
    let certify = Certify {
        service: &service,
        person: &AT_HOME,
        mode: "self",
        actor: places::actor(),
        seed: 4,
        data: &data,
        out: &out,
    };
    certify.run().expect("a certification");
    drop(service);

    let calls = calls(&trace);
    let acknowledged: Vec<usize> = (0..calls.len())
        .filter(|at| calls[*at].contains("HTTP/1.1 204") && calls[*at].to_ascii_lowercase().contains("upload-offset"))
        .collect();
    assert!(!acknowledged.is_empty(), "no piece was acknowledged");
    let mut since = 0;
    for at in &acknowledged {
        let between = &calls[since..*at];
        // A bundle of one piece goes where it stays at once.
        let kept = |call: &String| call.contains("/service/staging/") || call.contains("/service/evidence/");
        let written = between.iter().rposition(|call| call.contains("write") && kept(call));
        let written = written.expect("a piece is written between two acknowledgements");
        let synced = |call: &String| (call.contains("fsync(") || call.contains("fdatasync(")) && kept(call);
        assert!(between[written..].iter().any(synced), "a piece was acknowledged before it was on disk");
        since = *at;
    }
    let last = acknowledged.last().copied().unwrap_or_default();
    let object = |call: &String| call.contains("fsync(") && call.contains("/evidence");
    assert!(calls[..last].iter().any(object), "the bundle was accepted before its object was on disk");
}

fn run(mut command: Command, input: &str) {
    use std::io::Write as _;

    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("strace starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let status = child.wait().expect("ends");
    assert!(status.success(), "the certification ended with {status}");
}

#[test]
fn the_program_leaves_nothing_personal_in_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let register = Register::write(&folder.path().join("register")).expect("a register");
    let (served, app) = (folder.path().join("service"), folder.path().join("app"));
    let temporary: PathBuf = folder.path().join("tmp");
    std::fs::create_dir_all(&temporary).expect("a folder");
    let service = Service::start(&served, &register, &["--demo"]).expect("a service");
    let out = folder.path().join("out");
    let certify = Certify {
        service: &service,
        person: &AT_HOME,
        mode: "self",
        actor: places::actor(),
        seed: 5,
        data: &app,
        out: &out,
    };
    let mut command = certify.command().expect("a command");
    let log = std::fs::File::create(temporary.join("program.log")).expect("a log");
    command.env("TMPDIR", &temporary).env("HOME", &temporary).env("RUST_LOG", "trace").stderr(log);
    run(command, &AT_HOME.toml());
    assert!(std::fs::metadata(temporary.join("program.log")).expect("a log").len() > 0, "the log is searched, too");
    for left in [&served, &app, &temporary] {
        let found = jianzai_tests::clear::search(left, &AT_HOME).expect("searched");
        assert!(found.is_empty(), "{found:?}");
    }
}
