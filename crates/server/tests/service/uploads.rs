//! Delivery in pieces: nothing acknowledged is lost, and what is kept goes on its date.

use std::path::PathBuf;
use std::time::Duration;

use jianzai_wire::api::{Attempt, Problem};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::databases::{Kind, on_both_databases};
use crate::people::World;

on_both_databases! {
    pieces_survive_restarts_and_torn_writes,
    of_two_calls_that_bring_a_piece_at_once_the_first_to_arrive_counts,
    a_line_that_breaks_keeps_what_had_arrived,
    only_a_committed_attempt_delivers_and_only_its_size,
    it_speaks_tus_and_says_so,
    evidence_goes_on_its_date_and_given_up_uploads_too,
}

async fn create(world: &World, attempt: &Attempt, length: usize) -> Response {
    let request = world.client.post(world.url("/v1/uploads")).bearer_auth(attempt.token.expose());
    request.header("Tus-Resumable", "1.0.0").header("Upload-Length", length).send().await.unwrap()
}

pub(crate) async fn location(world: &World, attempt: &Attempt, length: usize) -> String {
    let response = create(world, attempt, length).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) async fn patch(world: &World, attempt: &Attempt, upload: &str, offset: usize, piece: &[u8]) -> Response {
    let request = world.client.patch(world.url(upload)).bearer_auth(attempt.token.expose());
    let request = request.header("Tus-Resumable", "1.0.0").header("Upload-Offset", offset);
    request.header("Content-Type", "application/offset+octet-stream").body(piece.to_vec()).send().await.unwrap()
}

pub(crate) async fn offset(world: &World, attempt: &Attempt, upload: &str) -> usize {
    let request = world.client.head(world.url(upload)).bearer_auth(attempt.token.expose());
    let response = request.header("Tus-Resumable", "1.0.0").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["upload-offset"].to_str().unwrap().parse().unwrap()
}

async fn code(response: Response) -> String {
    response.json::<Problem>().await.unwrap().code.code().to_owned()
}

pub(crate) fn files(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(path)) } else { found.push(path) }
    }
    found
}

pub(crate) fn bundle(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 % 251) as u8).collect()
}

async fn pieces_survive_restarts_and_torn_writes(kind: Kind) {
    let mut world = World::new(kind).await;
    let attempt = world.committed().await;
    let whole = bundle(300_000);
    let upload = location(&world, &attempt, whole.len()).await;
    assert_eq!(location(&world, &attempt, whole.len()).await, upload, "the same again names the same upload");
    assert_eq!(create(&world, &attempt, 5).await.status(), StatusCode::CONFLICT, "another length is another bundle");
    assert_eq!(patch(&world, &attempt, &upload, 0, &whole[..100_000]).await.status(), StatusCode::NO_CONTENT);

    world.stop().await;
    // A stop in the middle of a write leaves bytes that were never acknowledged.
    let staged = files(world.data().join("staging"));
    let mut torn = std::fs::read(&staged[0]).unwrap();
    torn.extend_from_slice(b"garbage");
    std::fs::write(&staged[0], torn).unwrap();
    std::fs::write(world.data().join("staging/left-behind"), b"x").unwrap();
    world.start().await;

    assert_eq!(files(world.data().join("staging")), staged, "only what is needed stays");
    assert_eq!(offset(&world, &attempt, &upload).await, 100_000);
    for wrong in [0, 99_999, 100_001, 300_000] {
        let refused = patch(&world, &attempt, &upload, wrong, &whole[..10]).await;
        assert_eq!((refused.status(), code(refused).await.as_str()), (StatusCode::CONFLICT, "upload.bad_offset"));
    }
    let rest = patch(&world, &attempt, &upload, 100_000, &whole[100_000..]).await;
    assert_eq!(rest.headers()["upload-offset"], "300000");
    assert_eq!(world.state(&attempt).await, json!({ "state": "accepted" }));
    let kept = files(world.data().join("evidence"));
    assert_eq!(std::fs::read(&kept[0]).unwrap(), whole);
    assert!(files(world.data().join("staging")).is_empty());

    assert_eq!(location(&world, &attempt, whole.len()).await, upload, "also after the last answer was lost");
    assert_eq!(offset(&world, &attempt, &upload).await, 300_000);
    assert_eq!(patch(&world, &attempt, &upload, 300_000, b"").await.status(), StatusCode::NO_CONTENT);
}

/// The head of a call that brings a piece of an upload from its beginning; the piece itself follows on the line.
async fn begin_piece(world: &World, attempt: &Attempt, upload: &str, length: usize) -> TcpStream {
    let address = world.url("").replace("http://", "");
    let mut line = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n",
        attempt.token.expose()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    line
}

async fn of_two_calls_that_bring_a_piece_at_once_the_first_to_arrive_counts(kind: Kind) {
    for length in [100_000, 60_000] {
        let world = World::new(kind).await;
        let attempt = world.committed().await;
        let upload = location(&world, &attempt, 100_000).await;
        let (mine, other) = (bundle(length), vec![7; length]);
        let mut first = begin_piece(&world, &attempt, &upload, length).await;
        let mut second = begin_piece(&world, &attempt, &upload, length).await;
        // Both are let in before either has brought all.
        for (line, piece) in [(&mut first, &mine), (&mut second, &other)] {
            line.write_all(&piece[..length / 2]).await.unwrap();
            line.flush().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut answers = Vec::new();
        for (line, piece) in [(&mut first, &mine), (&mut second, &other)] {
            line.write_all(&piece[length / 2..]).await.unwrap();
            let mut answer = String::new();
            line.read_to_string(&mut answer).await.unwrap();
            answers.push(answer);
        }
        assert!(answers[0].starts_with("HTTP/1.1 204"), "{}", answers[0]);
        assert!(answers[1].starts_with("HTTP/1.1 409") && answers[1].contains("upload.bad_offset"), "{}", answers[1]);
        let folder = if length == 100_000 { "evidence" } else { "staging" };
        assert_eq!(std::fs::read(&files(world.data().join(folder))[0]).unwrap(), mine);
    }
}

async fn a_line_that_breaks_keeps_what_had_arrived(kind: Kind) {
    let world = World::new(kind).await;
    let attempt = world.committed().await;
    let upload = location(&world, &attempt, 100_000).await;
    let mut line = begin_piece(&world, &attempt, &upload, 100_000).await;
    line.write_all(&bundle(40_000)).await.unwrap();
    line.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(line);
    let mut arrived = 0;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        arrived = offset(&world, &attempt, &upload).await;
        if arrived > 0 {
            break;
        }
    }
    assert_eq!(arrived, 40_000);
    let rest = patch(&world, &attempt, &upload, 40_000, &bundle(100_000)[40_000..]).await;
    assert_eq!(rest.status(), StatusCode::NO_CONTENT);
    assert_eq!(std::fs::read(&files(world.data().join("evidence"))[0]).unwrap(), bundle(100_000));
}

async fn only_a_committed_attempt_delivers_and_only_its_size(kind: Kind) {
    let world = World::new(kind).await;
    let open = world.attempt().await;
    let early = create(&world, &open, 100).await;
    assert_eq!((early.status(), code(early).await.as_str()), (StatusCode::CONFLICT, "attempt.not_committed"));
    let attempt = world.committed().await;
    let large = create(&world, &attempt, attempt.policy.max_bundle_bytes as usize + 1).await;
    assert_eq!((large.status(), code(large).await.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "upload.too_large"));
    let upload = location(&world, &attempt, 10).await;
    let more = patch(&world, &attempt, &upload, 0, &[0; 11]).await;
    assert_eq!((more.status(), code(more).await.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "upload.too_large"));
    assert_eq!(offset(&world, &attempt, &upload).await, 0);
    let foreign = patch(&world, &open, &upload, 0, &[0; 10]).await;
    assert_eq!(code(foreign).await, "attempt.unauthorised");
    let unknown = patch(&world, &attempt, "/v1/uploads/00000000-0000-4000-8000-000000000000", 0, &[0; 10]).await;
    assert_eq!(code(unknown).await, "upload.not_found");
    world.clock.advance(Duration::from_secs(31 * 86_400));
    let late = patch(&world, &attempt, &upload, 0, &[0; 10]).await;
    assert_eq!((late.status(), code(late).await.as_str()), (StatusCode::GONE, "evidence.late"));
}

async fn it_speaks_tus_and_says_so(kind: Kind) {
    let world = World::new(kind).await;
    let abilities = world.client.request(Method::OPTIONS, world.url("/v1/uploads")).send().await.unwrap();
    assert_eq!(abilities.status(), StatusCode::NO_CONTENT);
    assert_eq!(abilities.headers()["tus-version"], "1.0.0");
    assert_eq!(abilities.headers()["tus-extension"], "creation");
    let attempt = world.committed().await;
    let request = world.client.post(world.url("/v1/uploads")).bearer_auth(attempt.token.expose());
    let response = request.header("Upload-Length", 5).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED, "without Tus-Resumable");
    let upload = location(&world, &attempt, 5).await;
    let request = world.client.patch(world.url(&upload)).bearer_auth(attempt.token.expose());
    let response = request.header("Tus-Resumable", "1.0.0").header("Upload-Offset", 0).body("12345").send();
    assert_eq!(response.await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

async fn evidence_goes_on_its_date_and_given_up_uploads_too(kind: Kind) {
    let mut world = World::new(kind).await;
    let (delivered, given_up) = (world.committed().await, world.committed().await);
    let upload = location(&world, &delivered, 100).await;
    assert_eq!(patch(&world, &delivered, &upload, 0, &bundle(100)).await.status(), StatusCode::NO_CONTENT);
    let upload = location(&world, &given_up, 100).await;
    assert_eq!(patch(&world, &given_up, &upload, 0, &bundle(50)).await.status(), StatusCode::NO_CONTENT);
    let left = |world: &World| (files(world.data().join("evidence")).len(), files(world.data().join("staging")).len());
    for (days, expected) in [(29, (1, 1)), (2, (0, 0))] {
        world.clock.advance(Duration::from_secs(days * 86_400));
        // The first look is at the start.
        world.stop().await;
        world.start().await;
        for _ in 0..50 {
            if left(&world) == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(left(&world), expected, "after {days} more days");
    }
}
