//! A letter that came back is put down once, by a clerk of the area, and whoever it did not reach is to be found.

use sea_orm::sea_query::Expr;

use super::*;
use crate::db::year::{benefit, message};
use crate::year::dates::day_number;

/// A legal notice that went to the one person of Xiangtan by letter.
async fn letter(desk: &Desk) -> Uuid {
    let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
    office.tick(desk.now()).await.unwrap();
    let (who, today) = (desk.person(&number(1)).await.id, day_number(desk.now().date()));
    benefit::Entity::update_many()
        .col_expr(benefit::Column::Standing, Expr::value("overdue"))
        .filter(benefit::Column::BeneficiaryId.eq(who))
        .exec(desk.app.store.single())
        .await
        .unwrap();
    let row = benefit::Entity::find_by_id(who).one(desk.app.store.reads()).await.unwrap().unwrap();
    let sent = message::ActiveModel {
        id: Set(Uuid::new_v4()),
        beneficiary_id: Set(who),
        cycle: Set(row.cycle),
        rung: Set("notice".to_owned()),
        recipient: Set("elder".to_owned()),
        medium: Set(Some("letter".to_owned())),
        legal: Set(true),
        template: Set("stops".to_owned()),
        about_day: Set(Some(today)),
        quiet_from: Set(0),
        quiet_until: Set(0),
        decided_on: Set(today),
        state: Set("handed_over".to_owned()),
        tries: Set(1),
        run_at: Set(0),
        handed_on: Set(Some(today)),
        receipt: Set(Some("r-1".to_owned())),
    };
    sent.insert(desk.app.store.single()).await.unwrap().id
}

#[tokio::test]
async fn a_letter_that_came_back_is_put_down_once_and_opens_a_case() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (clerk, elsewhere) = (desk.clerk("clerk.xt", "430300").await, desk.clerk("clerk.nj", "320100").await);
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "430300").await;
        let sent = json!({ "letter": letter(&desk).await });
        let unknown = json!({ "letter": Uuid::nil() });
        for (by, which) in [(&elsewhere, &sent), (&clerk, &unknown)] {
            let (status, answer) = desk.post(by, "letters/returned", which).await;
            assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
        }
        assert_eq!(desk.post(&volunteer, "letters/returned", &sent).await.0, StatusCode::FORBIDDEN);
        let mut cases = Vec::new();
        for (expected, known) in [(StatusCode::CREATED, false), (StatusCode::OK, true)] {
            let (status, answer) = desk.post(&clerk, "letters/returned", &sent).await;
            assert_eq!((status, &answer["known"]), (expected, &json!(known)), "{answer}");
            cases.push(answer["review"].clone());
        }
        let (_, queue) = desk.post(&clerk, "reviews", &json!({ "kind": "unreached" })).await;
        let waiting = &queue["reviews"][0];
        assert_eq!(
            (&cases[0], &cases[1], queue["reviews"].as_array().unwrap().len()),
            (&waiting["id"], &waiting["id"], 1)
        );
        let path = format!("reviews/{}", waiting["id"].as_str().unwrap());
        let (_, case) = desk.post(&clerk, &format!("{path}/open"), &json!({})).await;
        assert_eq!((&case["kind"], &case["verdicts"]), (&json!("unreached"), &json!(["found", "not_found"])));
        for (verdict, expected) in [("lives", StatusCode::UNPROCESSABLE_ENTITY), ("found", StatusCode::OK)] {
            let said = json!({ "verdict": verdict, "reason": "上门看过，通知已经当面告诉本人" });
            assert_eq!(desk.post(&clerk, &format!("{path}/decide"), &said).await.0, expected, "{verdict}");
        }
        assert_eq!(desk.logged("letter_returned").await, [(Some(clerk.id), String::new())]);
        assert_eq!(desk.logged("unreached").await, [(Some(clerk.id), String::new())]);
        assert_eq!(desk.logged("review_decided").await, [(Some(clerk.id), "found".to_owned())]);
        assert_eq!(desk.reads(&elsewhere).await, ["letter,report,elsewhere"]);
        let reads = desk.reads(&clerk).await;
        assert_eq!(reads[..3], ["letter,report,nobody", "letter,report,shown", "letter,report,shown"]);
        desk.demand_whole_log().await;
    }
}
