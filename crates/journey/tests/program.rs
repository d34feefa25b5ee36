//! The program `jianzai`: what its exit status says, and that facts don't leak from it.

#![expect(clippy::expect_used, reason = "the whole file is a test")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ed25519_dalek::SigningKey;
use jianzai_certificate::{Channel, Claims, RevokedList, issue};
use jianzai_wire::api::{CertificateKey, Keys};
use jianzai_wire::{Bytes32, Division};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const FACTS: &str =
    "name = '王健在'\nid_number = '44030419520315201X'\ninsured_place = '440300'\nresidence = '440300'\n";

/// Runs the program with `input` on its standard input.
fn jianzai(arguments: &[&str], input: &str, data: &Path) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jianzai"))
        .args(arguments)
        .env("JIANZAI_DATA", data)
        .env_remove("JIANZAI_SERVER")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // A program that needs no input has closed it.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("ends")
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

const CERTIFY: [&str; 10] =
    ["certify", "--server", "https://pension.invalid", "--person", "-", "--mode", "self", "--camera", "0", "--json"];

#[test]
fn a_wrong_fact_is_a_refusal_with_its_code_and_nothing_is_sent_or_repeated() {
    let data = tempfile::tempdir().expect("a folder");
    let wrong = FACTS.replace("201X", "2011");
    let output = jianzai(&[&CERTIFY[..], &["--consent", "yes"]].concat(), &wrong, data.path());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let event: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one event");
    assert_eq!(event["event"], "refused");
    assert_eq!(event["reasons"][0]["code"], "input.id_number_checksum");
    for fact in ["王健在", "4403041952"] {
        assert!(!said(&output).contains(fact), "{}", said(&output));
    }
}

#[test]
fn without_consent_nothing_begins() {
    let data = tempfile::tempdir().expect("a folder");
    let output = jianzai(&CERTIFY, FACTS, data.path());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("--consent"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(data.path()).expect("lists").count(), 0);
}

#[test]
fn a_file_without_facts_and_an_address_without_encryption_are_errors() {
    let data = tempfile::tempdir().expect("a folder");
    let consent = ["--consent", "yes"];
    let output = jianzai(&[&CERTIFY[..], &consent].concat(), "王健在", data.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(!said(&output).contains("王健在"), "{}", said(&output));

    let mut plain = CERTIFY;
    plain[2] = "http://pension.invalid";
    let output = jianzai(&[&plain[..], &consent].concat(), FACTS, data.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("https"), "{}", said(&output));
}

#[test]
fn verify_tells_a_bad_certificate_from_keys_that_are_not_there() {
    let data = tempfile::tempdir().expect("a folder");
    let keys = data.path().join("keys.json");
    let keys = keys.to_str().expect("a path");
    let verify = ["verify", "JZ1:abc", "--keys", keys, "--language", "en"];
    let output = jianzai(&verify, "", data.path());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));

    std::fs::write(keys, r#"{"certificate_keys":[]}"#).expect("writes");
    let output = jianzai(&verify, "", data.path());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("certificate.unreadable"), "{}", said(&output));
}

#[test]
fn verify_says_whether_a_certificate_was_revoked_by_a_list_that_was_fetched_beforehand() {
    let data = tempfile::tempdir().expect("a folder");
    let (key, now) = (SigningKey::from_bytes(&[7; 32]), OffsetDateTime::now_utc());
    let claims = Claims {
        serial: Uuid::from_u128(0x0193_5a1b_7c3d_7e4f_8a9b_0c1d_2e3f_4a5b),
        issuer: "健在".into(),
        masked_name: "**在".into(),
        channel: Channel::FaceSelf,
        proof_date: now.date(),
        issued_at: now,
        valid_until: (now + Duration::days(300)).date(),
        insured_place: Division::parse("440300").expect("a city"),
        demo: false,
    };
    let write = |name: &str, text: &str| {
        let path = data.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.to_str().expect("a path").to_owned()
    };
    let public_key = Bytes32(key.verifying_key().to_bytes());
    let keys =
        Keys { certificate_keys: vec![CertificateKey { key_id: "a".into(), issuer: "健在".into(), public_key }] };
    let keys = write("keys.json", &serde_json::to_string(&keys).expect("JSON"));
    let certificate = issue(&claims, &key, "a").expect("short enough").text();
    let list = |name: &str, days: i64, serial: Uuid| {
        let next = now + Duration::days(days);
        write(name, &RevokedList::new("健在", now - Duration::days(7), next, [serial]).sign(&key, "a").expect("short"))
    };
    let verify = |more: &[&str]| {
        let first = ["verify", &certificate, "--keys", &keys, "--language", "en"];
        let output = jianzai(&[&first, more].concat(), "", data.path());
        (output.status.code(), said(&output))
    };
    for (code, told, more) in [
        (0, "not held against a list", vec![]),
        (0, "not revoked, by the list of", vec!["--revoked", &list("fine", 1, Uuid::nil())]),
        (2, "certificate.revoked", vec!["--revoked", &list("void", 1, claims.serial)]),
        (2, "certificate.list_outdated", vec!["--revoked", &list("old", 0, Uuid::nil())]),
        (2, "certificate.revoked", vec!["--revoked", &list("old-void", 0, claims.serial)]),
        (1, "list of revoked certificates", vec!["--revoked", &keys]),
        (1, "nowhere", vec!["--revoked", "nowhere"]),
    ] {
        let (status, output) = verify(&more);
        assert!(status == Some(code) && output.contains(told), "{more:?}: {status:?} {output}");
    }
}

#[test]
fn wrong_arguments_are_an_error_and_help_is_none() {
    let data = tempfile::tempdir().expect("a folder");
    assert_eq!(jianzai(&["certify"], "", data.path()).status.code(), Some(1));
    assert_eq!(jianzai(&["--help"], "", data.path()).status.code(), Some(0));
    let output = jianzai(&["outbox", "--language", "en"], "", data.path());
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), "Nothing waits.\n"));
}
