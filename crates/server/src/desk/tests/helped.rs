//! Whoever holds the phone and is signed in stands in the record, and helps those only whom they may; on both databases.

use super::*;
use crate::db::entity::activation;

fn facts(id_number: &str, name: &str, [insured, lives]: [&str; 2], mode: &str) -> Value {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
    let consent = if mode == "self" { "beneficiary" } else { "beneficiary_spoken" };
    json!({
        "person": { "name": name, "id_number": id_number, "insured_place": insured, "residence": lives },
        "mode": mode,
        "consent": { "text_version": "2026-1", "by": consent },
        "device_key": Bytes32(key.to_bytes()).to_string(),
    })
}

async fn begin(desk: &Desk, by: &Clerk, facts: &Value) -> (u16, String) {
    let (status, answer) = desk.app_call(&by.token, "/v1/activations", Some(facts)).await;
    (status.as_u16(), code(&answer).to_owned())
}

#[tokio::test]
async fn an_account_helps_those_only_whom_it_may() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let wang = facts(WANG, "王健在", ["440300"; 2], "assisted");
        let clerk = desk.clerk("clerk.sz", "440300").await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "440300").await;
        let auditor = desk.staff("auditor.wu", StaffRole::Auditor, "440300").await;
        assert_eq!(begin(&desk, &elsewhere, &wang).await, (404, "desk.nobody_found".into()), "another area's clerk");
        assert_eq!(begin(&desk, &volunteer, &wang).await, (403, "desk.not_listed".into()), "on no list of theirs");
        assert_eq!(begin(&desk, &auditor, &wang).await, (403, "account.not_allowed".into()));
        let alone = facts(WANG, "王健在", ["440300"; 2], "self");
        assert_eq!(begin(&desk, &clerk, &alone).await.0, 422, "whoever holds it does not hold it themselves");
        let wrong = facts(WANG, "李安", ["440300"; 2], "assisted");
        for by in [&clerk, &elsewhere, &volunteer] {
            assert_eq!(begin(&desk, by, &wrong).await, (403, "identity.not_confirmed".into()), "told like anybody");
        }
        assert_eq!(activation::Entity::find().all(desk.app.store.reads()).await.unwrap(), []);

        // Shenzhen has no way of its own for the office: it is help like any other, with a name.
        assert_eq!(begin(&desk, &clerk, &wang).await.0, 201);
        let roster = json!({ "volunteer": volunteer.id, "days": 7, "people": [WANG] });
        assert_eq!(desk.post(&clerk, "rosters", &roster).await.0, StatusCode::CREATED);
        assert_eq!(begin(&desk, &volunteer, &wang).await.0, 201);
        let begun = activation::Entity::find().order_by_asc(activation::Column::Id).all(desk.app.store.reads());
        let begun: Vec<_> = begun.await.unwrap().into_iter().map(|row| (row.channel, row.helper_id)).collect();
        assert_eq!(begun, [clerk.id, volunteer.id].map(|id| (Some("app_assisted".to_owned()), Some(id))));

        // The list ends; a session that was revoked helps nobody, and nobody takes it for nobody's.
        desk.later(Duration::from_hours(24 * 8)).await;
        assert_eq!(begin(&desk, &volunteer, &wang).await, (403, "desk.not_listed".into()));
        desk.revoke(&clerk).await;
        assert_eq!(begin(&desk, &clerk, &wang).await, (401, "account.signed_out".into()));
    }
}

#[tokio::test]
async fn an_account_is_no_way_to_try_facts_without_limit() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "440300").await;
        let wang = facts(WANG, "王健在", ["440300"; 2], "assisted");
        let before = desk.reads(&volunteer).await.len();
        let mut told = Vec::new();
        for _ in 0..30 {
            told.push(begin(&desk, &volunteer, &wang).await);
            if told.last().is_some_and(|(status, _)| *status == 429) {
                break;
            }
        }
        let (last, others) = told.split_last().unwrap();
        assert_eq!(last, &(429, "limit.too_many_tries".to_owned()), "right facts count like wrong ones");
        assert!(others.iter().all(|answer| *answer == (403, "desk.not_listed".to_owned())), "{others:?}");
        let reads = desk.reads(&volunteer).await;
        assert_eq!(reads[before..], vec!["channel,asked,not_listed"; others.len()], "each is put down");
        // Beyond the limit right and wrong facts are told alike, whoever presents which account.
        let wrong = facts(WANG, "李安", ["440300"; 2], "assisted");
        for (by, body) in [(&volunteer, &wang), (&volunteer, &wrong), (&elsewhere, &wang), (&elsewhere, &wrong)] {
            assert_eq!(begin(&desk, by, body).await, (429, "limit.too_many_tries".to_owned()));
        }
    }
}

#[tokio::test]
async fn nobody_decides_on_what_they_helped_with() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (clerk, colleague) = (desk.clerk("clerk.sz", "440300").await, desk.clerk("clerk.two", "440300").await);
        let (review, attempt) = desk.submission(WANG).await;
        let row = attempt::Entity::find_by_id(attempt).one(desk.app.store.reads()).await.unwrap().unwrap();
        let helped = activation::ActiveModel {
            id: Set(row.activation_id),
            mode: Set("assisted".to_owned()),
            helper_id: Set(Some(clerk.id)),
            ..Default::default()
        };
        let tx = desk.app.store.begin("test").await.unwrap();
        helped.update(&*tx).await.unwrap();
        tx.commit().await.unwrap();
        let open = format!("reviews/{review}/open");
        let (status, answer) = desk.post(&clerk, &open, &Value::Null).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.own"), "{answer}");
        assert_eq!(desk.post(&colleague, &open, &Value::Null).await.0, StatusCode::OK);
        let refuse = json!({ "verdict": "refuse", "reason": "不是本人", "code": "match.not_same" });
        let decide = format!("reviews/{review}/decide");
        let (status, answer) = desk.post(&clerk, &decide, &refuse).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "review.taken"), "{answer}");
    }
}
