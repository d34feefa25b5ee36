//! Nobody decides on what they had a hand in: a colleague does, or where a clerk works alone the head; on both databases.

use super::*;
use crate::chronicle::rows::of_party;
use crate::db::year::review;

/// Status of an answer, and its code if it was refused.
async fn said(desk: &Desk, by: &Clerk, path: &str, body: &Value) -> (u16, String) {
    let (status, answer) = desk.post(by, path, body).await;
    (status.as_u16(), code(&answer).to_owned())
}

/// Opens a case.
async fn open(desk: &Desk, by: &Clerk, case: Uuid) -> (u16, String) {
    said(desk, by, &format!("reviews/{case}/open"), &Value::Null).await
}

/// Decides a case that one has in hand; what came of it.
async fn decide(desk: &Desk, by: &Clerk, case: Uuid, word: &Value) -> String {
    let (_, answer) = desk.post(by, &format!("reviews/{case}/decide"), word).await;
    answer["outcome"].as_str().unwrap_or_else(|| code(&answer)).to_owned()
}

/// A clerk reports somebody's death; the case.
async fn reported(desk: &Desk, by: &Clerk, id_number: &str) -> Uuid {
    let report = json!({ "id_number": id_number, "statement": "家属来电" });
    let (status, answer) = desk.post(by, "deaths", &report).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer["review"].as_str().unwrap().parse().unwrap()
}

/// The open appeal.
async fn appeal_of(desk: &Desk, id_number: &str) -> Uuid {
    let who = desk.person(id_number).await.id;
    let appeals = review::Entity::find().filter(review::Column::Kind.eq("appeal"));
    let appeals = appeals.filter(review::Column::BeneficiaryId.eq(who)).filter(review::Column::DecidedAt.is_null());
    appeals.one(desk.app.store.reads()).await.unwrap().unwrap().id
}

/// Somebody appeals in the app against what came of an attempt; the case.
async fn appealed(desk: &Desk, id_number: &str, attempt: Uuid) -> Uuid {
    let path = format!("/v1/attempts/{attempt}/appeal");
    let (status, answer) = desk.app_call(&token_of(attempt), &path, Some(&json!({}))).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    appeal_of(desk, id_number).await
}

fn own() -> (u16, String) {
    (409, "review.own".to_owned())
}

fn word(verdict: &str) -> Value {
    json!({ "verdict": verdict, "reason": "看过了" })
}

fn died(desk: &Desk) -> Value {
    json!({ "verdict": "died", "reason": "死亡证明", "died_on": desk.now().date().to_string() })
}

#[tokio::test]
async fn whoever_reports_a_death_neither_takes_nor_decides_the_case_and_the_head_of_one_clerk_does() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let head = desk.staff("head.li", StaffRole::Head, "440300").await;
        let case = reported(&desk, &clerk, WANG).await;
        let row = review::Entity::find_by_id(case).one(desk.app.store.reads()).await.unwrap().unwrap();
        assert_eq!(row.opened_by, Some(of_party(Party::Staff(clerk.id))));
        assert_eq!(open(&desk, &clerk, case).await, own());
        assert_eq!(decide(&desk, &clerk, case, &died(&desk)).await, "review.taken", "it is in nobody's hands");
        assert_eq!(open(&desk, &head, case).await.0, 200);
        assert_eq!(decide(&desk, &clerk, case, &died(&desk)).await, "review.taken");
        assert_eq!(decide(&desk, &head, case, &died(&desk)).await, "stands");
        assert_eq!(desk.logged("death_decided").await, [(Some(head.id), "died".to_owned())]);
        // The other way round as well.
        let case = reported(&desk, &head, OUYANG).await;
        assert_eq!(open(&desk, &head, case).await, own());
        assert_eq!(open(&desk, &clerk, case).await.0, 200);
        assert_eq!(decide(&desk, &clerk, case, &word("lives")).await, "stands");
    }
}

#[tokio::test]
async fn whoever_refused_a_submission_does_not_decide_on_the_appeal_against_it() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let head = desk.staff("head.li", StaffRole::Head, "440300").await;
        let (submission, attempt) = desk.submission(WANG).await;
        assert_eq!(open(&desk, &clerk, submission).await.0, 200);
        assert_eq!(decide(&desk, &clerk, submission, &word("refuse")).await, "stands");
        let appeal = appealed(&desk, WANG, attempt).await;
        assert_eq!(open(&desk, &clerk, appeal).await, own());
        assert_eq!(decide(&desk, &clerk, appeal, &word("dismiss")).await, "review.taken");
        assert_eq!(open(&desk, &head, appeal).await.0, 200);
        assert_eq!(decide(&desk, &head, appeal, &word("dismiss")).await, "stands");

        // Said at the counter it names no attempt, and is against the last that was decided against the person.
        let (submission, _) = desk.submission(OUYANG).await;
        open(&desk, &clerk, submission).await;
        assert_eq!(decide(&desk, &clerk, submission, &word("refuse")).await, "stands");
        let wish = json!({ "id_number": OUYANG, "statement": "是我本人" });
        assert_eq!(said(&desk, &clerk, "appeals", &wish).await.0, 201);
        let appeal = appeal_of(&desk, OUYANG).await;
        assert_eq!(open(&desk, &clerk, appeal).await, own());
        let colleague = desk.clerk("clerk.wu", "440300").await;
        assert_eq!(open(&desk, &colleague, appeal).await.0, 200);
        assert_eq!(decide(&desk, &colleague, appeal, &word("uphold")).await, "stands");
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn whoever_recorded_a_death_does_not_decide_on_the_appeal_of_the_one_who_lives() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let [first, second] = [desk.clerk("a.a", "440300").await, desk.clerk("b.b", "440300").await];
        let case = reported(&desk, &first, WANG).await;
        open(&desk, &second, case).await;
        assert_eq!(decide(&desk, &second, case, &died(&desk)).await, "stands");
        let wish = json!({ "id_number": WANG, "statement": "我还在" });
        assert_eq!(said(&desk, &second, "appeals", &wish).await.0, 201);
        let appeal = appeal_of(&desk, WANG).await;
        assert_eq!(open(&desk, &second, appeal).await, own());
        assert_eq!(open(&desk, &first, appeal).await.0, 200, "who only reported it decided nothing");
    }
}

#[tokio::test]
async fn where_two_decide_alike_neither_has_a_hand_in_the_case_and_both_decided_what_an_appeal_is_against() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("shenzhen.toml", "second_clerk = [\"submission\", \"death_report\", \"appeal\"]").await;
        let [first, second, third] =
            [desk.clerk("a.a", "440300").await, desk.clerk("b.b", "440300").await, desk.clerk("c.c", "440300").await];
        let head = desk.staff("head.li", StaffRole::Head, "440300").await;
        let (submission, attempt) = desk.submission(WANG).await;
        for (by, came) in [(&first, "wants_second"), (&second, "stands")] {
            assert_eq!(open(&desk, by, submission).await.0, 200);
            assert_eq!(decide(&desk, by, submission, &word("refuse")).await, came);
        }
        let appeal = appealed(&desk, WANG, attempt).await;
        for by in [&first, &second] {
            assert_eq!(open(&desk, by, appeal).await, own());
        }
        for (by, came) in [(&third, "wants_second"), (&head, "stands")] {
            assert_eq!(open(&desk, by, appeal).await.0, 200);
            assert_eq!(decide(&desk, by, appeal, &word("uphold")).await, came);
        }
        let case = reported(&desk, &first, OUYANG).await;
        let died = died(&desk);
        for (by, came) in [(&second, "wants_second"), (&third, "stands")] {
            assert_eq!(open(&desk, &first, case).await, own());
            assert_eq!(open(&desk, by, case).await.0, 200);
            assert_eq!(decide(&desk, by, case, &died).await, came);
        }
        desk.demand_whole_log().await;
    }
}
