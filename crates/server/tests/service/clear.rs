//! Nothing personal is in clear in any file that the service leaves behind, nor in its log.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use jianzai_wire::desk::{DeskPerson, Invitation, StaffRole};

use crate::databases::{Kind, on_both_databases};
use crate::people::{Facts, KNOWN, OTHER, World};
use crate::staff::PASSWORD;

on_both_databases! {
    nothing_personal_is_left_in_clear,
    the_log_names_nobody,
}

async fn nothing_personal_is_left_in_clear(kind: Kind) {
    let mut world = World::new(kind).await;
    let attempt = world.committed().await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let about = serde_json::json!({ "id_number": KNOWN.1, "reason": "asked" });
    let _shown: DeskPerson = world.desk(&clerk, "people", &about).await.unwrap();
    let invited: Invitation =
        world.desk(&clerk, "invitations", &serde_json::json!({ "area": "440300" })).await.unwrap();
    let tokens = [attempt.token.expose(), clerk.token.expose(), invited.code.expose(), PASSWORD, "clerk.wang"];
    let mut secrets = secrets(&tokens);
    if kind == Kind::Postgres {
        // What is bytes in the database is hexadecimal digits where it is written down as text.
        let digits: Vec<_> = secrets.iter().map(|secret| hex::encode(secret).into_bytes()).collect();
        secrets.extend(digits);
    }
    // Also while it runs: the log of the database is still beside it.
    write_down(&world);
    assert_clear(world.data(), &secrets);
    world.stop().await;
    write_down(&world);
    assert_clear(world.data(), &secrets);
}

/// Puts what a database of its own holds beside the files of the service.
fn write_down(world: &World) {
    if let Some(url) = &world.config.database {
        let mut dump = Command::new("pg_dump");
        assert!(dump.arg("-f").arg(world.data().join("dump.sql")).arg(url.expose()).status().unwrap().success());
    }
}

async fn the_log_names_nobody(kind: Kind) {
    let mut world = World::new(kind).await;
    world.stop().await;
    let log = world.folder.path().join("log");
    let mut server = world
        .program(&["serve", "--listen", "127.0.0.1:0"])
        .env("RUST_LOG", "debug")
        .env("JIANZAI_LOG", if kind == Kind::Postgres { "json" } else { "" })
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let body = crate::people::activation(KNOWN, 1);
    let mut wrong = body.clone();
    wrong["person"]["id_number"] = serde_json::json!("440304195203152011");
    for body in [&body, &wrong, &crate::people::activation(OTHER, 1)] {
        let call = world.client.post(format!("{url}/v1/activations?name={}", KNOWN.0)).json(body);
        call.send().await.unwrap();
    }
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    assert!(server.wait().unwrap().success(), "a graceful stop is a success");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("/v1/activations"), "calls are logged");
    if kind == Kind::Postgres {
        let read =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line["level"].is_string());
        assert!(text.lines().all(read), "one object a line");
    }
    for secret in secrets(&[]) {
        assert!(!contains(text.as_bytes(), &secret), "{}", String::from_utf8_lossy(&secret));
    }
    assert!(!text.contains("127.0.0.1:") || !text.contains("device_key"));
}

/// Names, ID numbers and phones in the forms in which they could lie about; and tokens.
fn secrets(tokens: &[&str]) -> Vec<Vec<u8>> {
    let Facts(name, id, _, _) = KNOWN;
    let Facts(other_name, other_id, _, _) = OTHER;
    let mut all: Vec<_> = tokens.iter().map(|token| token.as_bytes().to_vec()).collect();
    for text in [name, id, other_name, other_id, "13800000000", "0755-12345678"] {
        all.push(text.as_bytes().to_vec());
        all.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        all.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        for encoded in [BASE64_STANDARD_NO_PAD.encode(text), BASE64_URL_SAFE_NO_PAD.encode(text)] {
            // The last characters depend on what follows.
            all.push(encoded.as_bytes()[..encoded.len() - 2].to_vec());
        }
        all.push(hex::encode(text).into_bytes());
    }
    all
}

fn assert_clear(folder: &Path, secrets: &[Vec<u8>]) {
    let mut looked_at = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = std::fs::read(&path).unwrap();
            looked_at += content.len();
            for secret in secrets {
                assert!(!contains(&content, secret), "{} in {}", String::from_utf8_lossy(secret), path.display());
            }
        }
    }
    assert!(looked_at > 50_000, "there was something to look at: {looked_at} bytes");
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}
