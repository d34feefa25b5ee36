//! A case from the queue to its end: everything that follows is there once, or not at all.

use sea_orm::EntityTrait as _;
use serde_json::json;

use super::*;
use crate::db::entity::certificate;
use crate::db::year::{certification, fact, message, review_word};
use crate::desk::access::SOONEST;

/// Kinds of facts about everybody.
async fn facts(desk: &Desk) -> Vec<String> {
    let mut rows = fact::Entity::find().all(desk.app.store.reads()).await.unwrap();
    rows.sort_by_key(|row| (row.recorded_at, row.kind.clone()));
    rows.into_iter().map(|row| row.kind).collect()
}

async fn told(desk: &Desk) -> Vec<String> {
    let rows = message::Entity::find().all(desk.app.store.reads()).await.unwrap();
    let mut told: Vec<_> = rows.into_iter().map(|row| row.template).collect();
    told.sort();
    told
}

fn certify() -> Value {
    json!({ "verdict": "certify", "reason": "是本人" })
}

#[tokio::test]
async fn a_clerk_certifies_what_the_judge_left_open() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        desk.portrait(WANG, b"\x89PNG\r\n\x1a\nportrait").await;
        let (case, attempt) = desk.submission(WANG).await;
        let (_, answer) = desk.app_call(&token_of(attempt), &format!("/v1/attempts/{attempt}"), None).await;
        assert_eq!(answer, json!({ "state": "review", "reasons": ["match.unsure"] }));

        let (status, seen) = desk.post(&clerk, &format!("reviews/{case}/open"), &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{seen}");
        assert_eq!((seen["person"]["name"].as_str(), seen["kind"].as_str()), (Some("王健在"), Some("submission")));
        assert_eq!(seen["verdicts"], json!(["certify", "refuse"]));
        let judged = &seen["attempt"]["judge"]["reasons"][0];
        assert_eq!((judged["code"].as_str(), judged["layer"].as_str()), (Some("match.unsure"), Some("match")));
        assert_eq!(judged["figures"][0], json!({ "name": "likeness", "value": 0.41, "limit": 0.45 }));
        assert!(judged["sentence"].as_str().is_some_and(|text| text.ends_with('。')));
        assert_eq!((&seen["attempt"]["asked"], &seen["two_clerks"]), (&json!(["open_mouth"]), &json!(false)));

        let decide = format!("reviews/{case}/decide");
        let (status, decided) = desk.post(&clerk, &decide, &certify()).await;
        assert_eq!((status, decided), (StatusCode::OK, json!({ "outcome": "stands" })));
        let (_, answer) = desk.app_call(&token_of(attempt), &format!("/v1/attempts/{attempt}"), None).await;
        assert_eq!(answer["state"], "certified");
        assert!(answer["certificate"].as_str().unwrap().starts_with("JZ1:"));
        let record = certification::Entity::find_by_id(attempt).one(desk.app.store.reads()).await.unwrap().unwrap();
        let by = crate::chronicle::rows::of_party(Party::Staff(clerk.id));
        assert_eq!((record.channel.as_str(), record.decided_by), ("app_self", by));
        assert_eq!(facts(&desk).await, ["review_opened", "certified", "review_closed"]);
        assert_eq!(told(&desk).await, ["new_device", "review_certified"]);
        assert_eq!(desk.logged("review_decided").await, [(Some(clerk.id), "certified".to_owned())]);

        // The same word again, after an answer that was lost; and nothing twice.
        let (status, again) = desk.post(&clerk, &decide, &certify()).await;
        assert_eq!((status, again), (StatusCode::OK, json!({ "outcome": "stands" })));
        for other in
            [json!({ "verdict": "refuse", "reason": "?" }), json!({ "verdict": "certify", "reason": "像本人" })]
        {
            let (status, answer) = desk.post(&clerk, &decide, &other).await;
            assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.said_otherwise"), "{other}");
        }
        let colleague = desk.clerk("clerk.wu", "440300").await;
        let (status, answer) = desk.post(&colleague, &decide, &certify()).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.decided"), "another's word");
        let given = certificate::Entity::find().all(desk.app.store.reads()).await.unwrap();
        assert_eq!((given.len(), desk.logged("review_decided").await.len()), (1, 1));
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn evidence_is_for_the_clerk_who_has_the_case() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let colleague = desk.clerk("clerk.wu", "440300").await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        desk.portrait(WANG, b"\x89PNG\r\n\x1a\nportrait").await;
        let (case, attempt) = desk.submission(WANG).await;
        let part = |part: &str| format!("reviews/{case}/evidence/{part}");
        assert_eq!(desk.get(&clerk, &part("photo")).await.status(), StatusCode::CONFLICT, "nobody opened it");
        desk.post(&clerk, &format!("reviews/{case}/open"), &Value::Null).await;
        for (name, kind, begins) in [
            ("photo", "image/jpeg", &b"\xff\xd8\xff"[..]),
            ("crops", "image/jpeg", b"\xff\xd8\xff"),
            ("clip", "video/mp4", b""),
            ("portrait", "image/png", b"\x89PNG"),
        ] {
            let answer = desk.get(&clerk, &part(name)).await;
            assert_eq!(answer.status(), StatusCode::OK, "{name}");
            assert_eq!(answer.headers()["content-type"], kind);
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let bytes = answer.bytes().await.unwrap();
            assert!(bytes.starts_with(begins), "{name}");
            assert!(name != "clip" || bytes.get(4..8) == Some(b"ftyp"), "a film that plays");
            assert_eq!(desk.get(&colleague, &part(name)).await.status(), StatusCode::CONFLICT, "a colleague");
            assert_eq!(desk.get(&elsewhere, &part(name)).await.status(), StatusCode::NOT_FOUND, "another area's");
        }
        assert_eq!(
            desk.reads(&clerk).await,
            ["case", "evidence", "evidence", "evidence", "portrait"].map(|what| format!("{what},review,shown"))
        );
        assert_eq!(desk.reads(&colleague).await.len(), 0);
        let asked = ["evidence", "evidence", "evidence", "portrait"].map(|what| format!("{what},review,elsewhere"));
        assert_eq!(desk.reads(&elsewhere).await, asked);

        // What must go has gone.
        let tx = desk.app.store.begin("test").await.unwrap();
        let now = desk.clock.now();
        attempt::ActiveModel { id: Set(attempt), delete_at: Set(Some(now)), ..Default::default() }
            .update(&*tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        crate::cleaning::clean(&desk.app).await.unwrap();
        assert_eq!(desk.get(&clerk, &part("clip")).await.status(), StatusCode::GONE);
        let (status, answer) = desk.post(&clerk, &format!("reviews/{case}/decide"), &certify()).await;
        assert_eq!((status, code(&answer)), (StatusCode::GONE, "desk.evidence_gone"));

        // A stolen session is worth nothing once it was ended.
        desk.revoke(&clerk).await;
        assert_eq!(desk.get(&clerk, &part("portrait")).await.status(), StatusCode::UNAUTHORIZED);
        for path in ["reviews".to_owned(), format!("reviews/{case}/open"), format!("reviews/{case}/decide")] {
            assert_eq!(desk.post(&clerk, &path, &json!({})).await.0, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_code_and_changes_nothing_else() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let (case, attempt) = desk.submission(WANG).await;
        let decide = format!("reviews/{case}/decide");
        let refuse = json!({ "verdict": "refuse", "reason": "看不清", "code": "face.too_dark" });
        let (status, answer) = desk.post(&clerk, &decide, &refuse).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.taken"), "it was not opened");
        desk.post(&clerk, &format!("reviews/{case}/open"), &Value::Null).await;
        for wrong in [
            json!({ "verdict": "uphold", "reason": "x" }),
            json!({ "verdict": "died", "reason": "x", "died_on": "2026-01-01" }),
            json!({ "verdict": "refuse", "reason": " " }),
            json!({ "verdict": "refuse", "reason": "x".repeat(2_001) }),
            json!({ "verdict": "refuse", "reason": "x", "code": "server.internal" }),
            json!({ "verdict": "certify", "reason": "x", "died_on": "2026-01-01" }),
        ] {
            let (status, answer) = desk.post(&clerk, &decide, &wrong).await;
            assert_eq!((status, code(&answer)), (StatusCode::UNPROCESSABLE_ENTITY, "input.body_invalid"), "{wrong}");
        }
        for _ in 0..2 {
            let (status, answer) = desk.post(&clerk, &decide, &refuse).await;
            assert_eq!((status, answer), (StatusCode::OK, json!({ "outcome": "stands" })));
        }
        let mut other = refuse.clone();
        other["code"] = json!("face.blurred");
        let (status, answer) = desk.post(&clerk, &decide, &other).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.said_otherwise"), "told otherwise");
        let (_, answer) = desk.app_call(&token_of(attempt), &format!("/v1/attempts/{attempt}"), None).await;
        assert_eq!(answer, json!({ "state": "refused", "reasons": ["face.too_dark"] }));
        assert_eq!((facts(&desk).await.len(), told(&desk).await), (2, vec!["review_refused".to_owned()]));
        assert_eq!(desk.logged("review_decided").await, [(Some(clerk.id), "refused".to_owned())]);
    }
}

#[tokio::test]
async fn where_two_are_wanted_the_word_of_one_changes_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("shenzhen.toml", "second_clerk = [\"submission\", \"death_report\"]").await;
        let [first, second, third] =
            [desk.clerk("a.a", "440300").await, desk.clerk("b.b", "440300").await, desk.clerk("c.c", "440000").await];
        let (case, attempt) = desk.submission(WANG).await;
        let (open, decide) = (format!("reviews/{case}/open"), format!("reviews/{case}/decide"));
        let refuse = json!({ "verdict": "refuse", "reason": "不像" });
        let wants = (StatusCode::OK, json!({ "outcome": "wants_second" }));
        let (_, seen) = desk.post(&first, &open, &Value::Null).await;
        assert_eq!(seen["two_clerks"], true);
        assert_eq!(desk.post(&first, &decide, &certify()).await, wants);
        assert_eq!(desk.post(&first, &decide, &certify()).await, wants, "the same word again");
        let reworded = json!({ "verdict": "certify", "reason": "还是本人" });
        for (path, body, refused) in [
            (&open, Value::Null, "review.second_clerk"),
            (&decide, refuse.clone(), "review.said_otherwise"),
            (&decide, reworded, "review.said_otherwise"),
        ] {
            let (status, answer) = desk.post(&first, path, &body).await;
            assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, refused), "not alone, nor otherwise");
        }
        let (_, answer) = desk.app_call(&token_of(attempt), &format!("/v1/attempts/{attempt}"), None).await;
        assert_eq!(answer["state"], "review");
        assert_eq!(facts(&desk).await, ["review_opened"]);
        let (_, waiting) = desk.post(&first, "reviews", &json!({})).await;
        assert_eq!(waiting["reviews"][0]["spoken"], true);

        // The second disagrees, and is not shown what the first said; the third decides.
        let (_, seen) = desk.post(&second, &open, &Value::Null).await;
        assert!(!seen.to_string().contains("是本人"));
        assert_eq!(desk.post(&second, &decide, &refuse).await, wants);
        desk.post(&third, &open, &Value::Null).await;
        assert_eq!(desk.post(&third, &decide, &certify()).await, (StatusCode::OK, json!({ "outcome": "stands" })));
        for (clerk, word, came) in [(&first, certify(), "stands"), (&second, refuse, "review.decided")] {
            let (_, answer) = desk.post(clerk, &decide, &word).await;
            let said = answer["outcome"].as_str().unwrap_or_else(|| code(&answer));
            assert_eq!(said, came, "their own word again, when it is over");
        }
        let record = certification::Entity::find_by_id(attempt).one(desk.app.store.reads()).await.unwrap().unwrap();
        let party = |clerk: &Clerk| crate::chronicle::rows::of_party(Party::Staff(clerk.id));
        assert_eq!((record.decided_by, record.seconded_by), (party(&third), Some(party(&first))));
        let words = review_word::Entity::find().all(desk.app.store.reads()).await.unwrap();
        assert_eq!(words.len(), 3);
        assert!(words.iter().all(|word| !String::from_utf8_lossy(&word.reason).contains("是本人")), "sealed");
        assert_eq!(desk.logged("word_given").await.len(), 2);
        assert_eq!(desk.logged("review_decided").await, [(Some(third.id), "certified".to_owned())]);
    }
}

#[tokio::test]
async fn anothers_case_is_as_far_away_as_one_that_there_is_not_whatever_is_asked_of_it() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let (case, _) = desk.submission(WANG).await;
        for id in [case, Uuid::new_v4()] {
            let asked = std::time::Instant::now();
            let (status, answer) = desk.post(&elsewhere, &format!("reviews/{id}/open"), &Value::Null).await;
            assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
            let (status, answer) = desk.post(&elsewhere, &format!("reviews/{id}/decide"), &certify()).await;
            assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
            let seen = desk.get(&elsewhere, &format!("reviews/{id}/evidence/photo")).await;
            assert_eq!(seen.status(), StatusCode::NOT_FOUND);
            assert!(asked.elapsed() >= 3 * SOONEST, "none of the answers says by its time which it was");
        }
        let asked = ["case", "case", "evidence", "case", "case", "evidence"];
        assert_eq!(desk.reads(&elsewhere).await, asked.map(|what| format!("{what},review,elsewhere")));
        for _ in 0..24 {
            desk.post(&elsewhere, &format!("reviews/{case}/decide"), &certify()).await;
        }
        let (status, answer) = desk.post(&elsewhere, &format!("reviews/{case}/decide"), &certify()).await;
        assert_eq!((status, code(&answer)), (StatusCode::TOO_MANY_REQUESTS, "limit.too_many_tries"));
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn where_the_way_wants_a_second_person_two_clerks_certify() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("shenzhen.toml", "second_person = [\"app_self\"]").await;
        let [first, second] = [desk.clerk("a.a", "440300").await, desk.clerk("b.b", "440300").await];
        let (case, attempt) = desk.submission(WANG).await;
        let (open, decide) = (format!("reviews/{case}/open"), format!("reviews/{case}/decide"));
        let (_, seen) = desk.post(&first, &open, &Value::Null).await;
        assert_eq!(seen["two_clerks"], true);
        let wants = (StatusCode::OK, json!({ "outcome": "wants_second" }));
        assert_eq!(desk.post(&first, &decide, &certify()).await, wants);
        desk.post(&second, &open, &Value::Null).await;
        assert_eq!(desk.post(&second, &decide, &certify()).await, (StatusCode::OK, json!({ "outcome": "stands" })));
        let record = certification::Entity::find_by_id(attempt).one(desk.app.store.reads()).await.unwrap().unwrap();
        let party = |clerk: &Clerk| crate::chronicle::rows::of_party(Party::Staff(clerk.id));
        assert_eq!((record.decided_by, record.seconded_by), (party(&second), Some(party(&first))));
        let given = certificate::Entity::find().all(desk.app.store.reads()).await.unwrap();
        assert_eq!(given.len(), 1, "with its record");
    }
}

#[tokio::test]
async fn a_case_comes_free_when_its_clerk_has_gone() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (first, second) = (desk.clerk("a.a", "440300").await, desk.clerk("b.b", "440300").await);
        let (case, _) = desk.submission(WANG).await;
        let (open, decide) = (format!("reviews/{case}/open"), format!("reviews/{case}/decide"));
        assert_eq!(desk.post(&first, &open, &Value::Null).await.0, StatusCode::OK);
        assert_eq!(desk.post(&first, &open, &Value::Null).await.0, StatusCode::OK, "one's own again");
        let (status, answer) = desk.post(&second, &open, &Value::Null).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.taken"));
        desk.later(Duration::from_mins(61)).await;
        assert_eq!(desk.post(&second, &open, &Value::Null).await.0, StatusCode::OK);
        let (status, answer) = desk.post(&first, &decide, &certify()).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.taken"), "the hour is over");
        assert_eq!(desk.post(&second, &decide, &certify()).await.0, StatusCode::OK);
    }
}
