//! An appeal from the app's refusal: one call, one case, and what it holds.

use jianzai_wire::Limitation;

use super::*;
use crate::db::year::{benefit, fact, review};
use crate::office::Office;
use crate::year::dates::days_after;
use crate::{cleaning, limitations};

async fn appeal(desk: &Desk, token: &str, attempt: Uuid, body: Value) -> (StatusCode, Value) {
    desk.app_call(token, &format!("/v1/attempts/{attempt}/appeal"), Some(&body)).await
}

async fn cases(desk: &Desk) -> Vec<review::Model> {
    review::Entity::find().all(desk.app.store.reads()).await.unwrap()
}

#[tokio::test]
async fn one_call_appeals_once_however_often_it_is_made() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let attempt = desk.attempt(WANG, State::Refused).await;
        let until = json!({ "answer_by": days_after(desk.now().date(), 20).to_string() });
        let words = json!({ "statement": "我还在，照片太老" });
        assert_eq!(
            appeal(&desk, &token_of(attempt), attempt, words.clone()).await,
            (StatusCode::CREATED, until.clone())
        );
        assert_eq!(
            appeal(&desk, &token_of(attempt), attempt, words).await,
            (StatusCode::OK, until.clone()),
            "replayed"
        );
        let another = desk.attempt(WANG, State::Refused).await;
        assert_eq!(
            appeal(&desk, &token_of(another), another, json!({})).await,
            (StatusCode::OK, until),
            "one open appeal a person"
        );
        let rows = cases(&desk).await;
        assert_eq!(rows.len(), 1);
        assert!(!String::from_utf8_lossy(rows[0].statement.as_ref().unwrap()).contains("我还在"), "sealed");
        let facts = fact::Entity::find().all(desk.app.store.reads()).await.unwrap();
        assert_eq!(facts.iter().map(|fact| fact.kind.as_str()).collect::<Vec<_>>(), ["appeal_opened"]);
        assert_eq!(desk.logged("appeal_opened").await, [(None, String::new())]);

        // Side by side with what was said, and certified on it.
        let id = rows[0].id;
        let (_, seen) = desk.post(&clerk, &format!("reviews/{id}/open"), &Value::Null).await;
        assert_eq!((&seen["statement"], &seen["kind"]), (&json!("我还在，照片太老"), &json!("appeal")));
        assert_eq!(seen["verdicts"], json!(["certify", "uphold", "dismiss"]));
        let body = json!({ "verdict": "certify", "reason": "是本人" });
        assert_eq!(desk.post(&clerk, &format!("reviews/{id}/decide"), &body).await.0, StatusCode::OK);
        let (_, answer) = desk.app_call(&token_of(attempt), &format!("/v1/attempts/{attempt}"), None).await;
        assert_eq!(answer["state"], "certified");
        assert_eq!(desk.logged("appeal_decided").await, [(Some(clerk.id), "certified".to_owned())]);
        let (status, answer) = appeal(&desk, &token_of(attempt), attempt, json!({})).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "appeal.nothing"), "certified by now");
    }
}

#[tokio::test]
async fn only_a_refusal_is_appealed_against_and_only_by_whom_it_is_theirs() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let attempt = desk.attempt(WANG, State::Review).await;
        let (status, answer) = appeal(&desk, &token_of(attempt), attempt, json!({})).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "appeal.nothing"), "a clerk looks at it anyway");
        let refused = desk.attempt(WANG, State::Refused).await;
        let (status, answer) = appeal(&desk, "somebody else's", refused, json!({})).await;
        assert_eq!((status, code(&answer)), (StatusCode::UNAUTHORIZED, "attempt.unauthorised"));
        let (status, answer) = appeal(&desk, "nobody's", Uuid::new_v4(), json!({})).await;
        assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "attempt.not_found"));
        for wrong in [json!({ "statement": "x".repeat(2_001) }), json!({ "words": "x" })] {
            let (status, _) = appeal(&desk, &token_of(refused), refused, wrong).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        assert_eq!(cases(&desk).await.len(), 0);
    }
}

#[tokio::test]
async fn whoever_lost_an_appeal_cannot_hold_a_suspension_with_the_next() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let attempt = desk.attempt(WANG, State::Refused).await;
        appeal(&desk, &token_of(attempt), attempt, json!({})).await;
        let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
        office.tick(desk.now()).await.unwrap();
        let who = desk.person(WANG).await.id;
        let held = benefit::Entity::find_by_id(who).one(desk.app.store.reads()).await.unwrap().unwrap().held;
        assert_eq!(held.as_deref(), Some("appeal"), "nothing is withheld meanwhile");
        let id = cases(&desk).await[0].id;
        desk.post(&clerk, &format!("reviews/{id}/open"), &Value::Null).await;
        let body = json!({ "verdict": "dismiss", "reason": "不是本人" });
        assert_eq!(desk.post(&clerk, &format!("reviews/{id}/decide"), &body).await.0, StatusCode::OK);
        let next = desk.attempt(WANG, State::Refused).await;
        for attempt in [attempt, next] {
            let (status, answer) = appeal(&desk, &token_of(attempt), attempt, json!({})).await;
            assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "appeal.decided_lately"));
        }
        desk.later(Duration::from_hours(61 * 24)).await;
        let (status, answer) = appeal(&desk, &token_of(next), next, json!({})).await;
        assert_eq!((status, code(&answer)), (StatusCode::GONE, "appeal.late"));
        let next = desk.attempt(WANG, State::Refused).await;
        assert_eq!(appeal(&desk, &token_of(next), next, json!({})).await.0, StatusCode::CREATED);
        assert_eq!(appeal(&desk, &token_of(attempt), attempt, json!({})).await.0, StatusCode::OK, "that one is open");
    }
}

/// A refused attempt of somebody who said that they lie down.
async fn lying_down(desk: &Desk) -> Uuid {
    let id = desk.attempt(WANG, State::Refused).await;
    let sealed = limitations::seal(&desk.app.keys, id, vec![Limitation::LyingDown]).unwrap();
    let tx = desk.app.store.begin("test").await.unwrap();
    let row = attempt::ActiveModel { id: Set(id), limitations: Set(sealed), ..Default::default() };
    row.update(&*tx).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Whether it is known after everything has been forgotten that must be.
async fn is_known(desk: &Desk, id: Uuid) -> bool {
    cleaning::clean(&desk.app).await.unwrap();
    attempt::Entity::find_by_id(id).one(desk.app.store.reads()).await.unwrap().unwrap().limitations.is_some()
}

#[tokio::test]
async fn what_somebody_cannot_do_is_known_to_the_clerk_of_the_appeal_and_forgotten_after_it() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let (against, quiet) = (lying_down(&desk).await, lying_down(&desk).await);
        desk.later(Duration::from_hours(59 * 24)).await;
        assert!(is_known(&desk, against).await && is_known(&desk, quiet).await, "an appeal may follow");
        assert_eq!(appeal(&desk, &token_of(against), against, json!({})).await.0, StatusCode::CREATED);
        desk.later(Duration::from_hours(2 * 24)).await;
        assert!(is_known(&desk, against).await, "it is open");
        assert!(!is_known(&desk, quiet).await, "none can follow any more");
        let id = cases(&desk).await[0].id;
        let (_, seen) = desk.post(&clerk, &format!("reviews/{id}/open"), &Value::Null).await;
        assert_eq!(seen["attempt"]["limitations"], json!(["lying_down"]));
        let body = json!({ "verdict": "dismiss", "reason": "不是本人" });
        assert_eq!(desk.post(&clerk, &format!("reviews/{id}/decide"), &body).await.0, StatusCode::OK);
        assert!(!is_known(&desk, against).await);
        let (status, answer) = appeal(&desk, &token_of(quiet), quiet, json!({})).await;
        assert_eq!((status, code(&answer)), (StatusCode::GONE, "appeal.late"));
    }
}
