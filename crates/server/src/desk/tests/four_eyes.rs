//! Where the policy wants four eyes, one account's word is not enough, whichever way it came.

use sea_orm::EntityTrait as _;

use super::*;
use crate::chronicle::rows::of_party;
use crate::db::year::{certification, certification_word};
use crate::year::record::Party;

async fn records(desk: &Desk) -> Vec<certification::Model> {
    certification::Entity::find().all(desk.app.store.reads()).await.unwrap()
}

/// How many words wait.
async fn words(desk: &Desk) -> usize {
    certification_word::Entity::find().all(desk.app.store.reads()).await.unwrap().len()
}

/// Status, and whether it waits.
async fn sent(desk: &Desk, by: &Clerk, path: &str, body: &Value) -> (u16, Option<bool>) {
    let (status, answer) = desk.post(by, path, body).await;
    (status.as_u16(), answer["waits"].as_bool())
}

const WAITS: (u16, Option<bool>) = (202, Some(true));
const NEW: (u16, Option<bool>) = (201, Some(false));
const KNOWN: (u16, Option<bool>) = (200, Some(false));

#[tokio::test]
async fn one_clerk_alone_neither_issues_nor_takes_back_a_form_that_counts() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("nanjing.toml", "four_eyes = [\"paper_by_mail\"]").await;
        let [first, second, third] =
            [desk.clerk("a.a", "320100").await, desk.clerk("b.b", "320100").await, desk.clerk("c.c", "320000").await];
        let ask = json!({ "id_number": number(2), "kind": "paper_by_mail" });
        let (_, form) = desk.post(&first, "forms", &ask).await;
        let scan = data_encoding::BASE64.encode(b"%PDF-1.7 a paper");
        let back = |on: time::Date| json!({ "code": form["code"], "on": on.to_string(), "scan": scan });
        let today = desk.now().date();
        let yesterday = today.previous_day().unwrap();
        for _ in 0..2 {
            assert_eq!(sent(&desk, &first, "forms/returned", &back(today)).await, WAITS);
        }
        assert_eq!(records(&desk).await, [], "the clerk who issued it can't certify by it");
        assert_eq!(sent(&desk, &second, "forms/returned", &back(yesterday)).await, WAITS, "told otherwise");
        assert_eq!(words(&desk).await, 2);
        assert_eq!(sent(&desk, &third, "forms/returned", &back(today)).await, NEW);
        let kept = records(&desk).await;
        let party = |clerk: &Clerk| of_party(Party::Staff(clerk.id));
        assert_eq!((&kept[0].decided_by, &kept[0].seconded_by), (&party(&third), &Some(party(&first))));
        for clerk in [&first, &third] {
            assert_eq!(sent(&desk, clerk, "forms/returned", &back(today)).await, KNOWN, "replayed");
        }
        assert_eq!((records(&desk).await.len(), words(&desk).await), (1, 0));
        let way = "paper_by_mail".to_owned();
        assert_eq!(
            desk.logged("word_given").await,
            [(Some(first.id), way.clone()), (Some(second.id), way.clone())],
            "each word once"
        );
        assert_eq!(desk.logged("certified").await, [(Some(third.id), way)]);
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn at_the_counter_and_on_lists_two_clerks_say_the_same() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("xiangtan.toml", "four_eyes = [\"office_id_card\", \"home_visit\"]").await;
        desk.amend("beijing.toml", "four_eyes = [\"employer\"]").await;
        let [first, second] = [desk.clerk("a.a", "430300").await, desk.clerk("b.b", "430300").await];
        let today = desk.now().date().to_string();
        let card = json!({ "id_number": number(1), "by": "office_id_card", "on": today });
        assert_eq!(sent(&desk, &first, "certifications", &card).await, WAITS);
        assert_eq!(sent(&desk, &second, "certifications", &card).await, NEW);
        for clerk in [&first, &second] {
            assert_eq!(sent(&desk, clerk, "certifications", &card).await, KNOWN);
        }
        let visitor = desk.clerk("v.v", "430300").await;
        let visit = json!({ "id_number": number(1), "by": "home_visit", "on": today, "visitor": visitor.id, "why": "severely_ill" });
        assert_eq!(sent(&desk, &first, "certifications", &visit).await, WAITS);
        let future = desk.now().date().next_day().unwrap().to_string();
        let mut wrong = visit.clone();
        wrong["on"] = json!(future);
        let (status, answer) = desk.post(&first, "certifications", &wrong).await;
        assert_eq!((status.as_u16(), code(&answer)), (422, "record.proof_in_future"), "what can't stand can't wait");
        assert_eq!(sent(&desk, &second, "certifications", &visit).await, NEW);

        let [third, fourth] = [desk.clerk("c.c", "110000").await, desk.clerk("d.d", "110000").await];
        let list = format!("name,id_number,proof_date\n王健在,{},{today}\n", number(3));
        let answers = async |by: &Clerk| {
            let call = desk.client.post(desk.url(&format!("/v1/desk/batches/employer/{}", Uuid::from_u128(9))));
            call.bearer_auth(&by.token).body(list.clone()).send().await.unwrap().text().await.unwrap()
        };
        assert_eq!(answers(&third).await, "line,result,reason\n2,waits,\n");
        assert_eq!(answers(&fourth).await, "line,result,reason\n2,recorded,\n");
        assert_eq!(answers(&third).await, "line,result,reason\n2,known,\n");
        let mut ways: Vec<_> = records(&desk).await.into_iter().map(|row| row.channel).collect();
        ways.sort();
        assert_eq!(
            (ways, words(&desk).await),
            (["employer", "home_visit", "office_id_card"].map(str::to_owned).to_vec(), 0)
        );
    }
}

#[tokio::test]
async fn a_word_that_nobody_followed_is_forgotten() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("xiangtan.toml", "four_eyes = [\"office_id_card\"]").await;
        let clerk = desk.clerk("a.a", "430300").await;
        let card = json!({ "id_number": number(1), "by": "office_id_card", "on": desk.now().date().to_string() });
        assert_eq!(sent(&desk, &clerk, "certifications", &card).await, WAITS);
        desk.later(Duration::from_hours(24 * 365)).await;
        crate::cleaning::clean(&desk.app).await.unwrap();
        assert_eq!(words(&desk).await, 1);
        desk.later(Duration::from_hours(48)).await;
        crate::cleaning::clean(&desk.app).await.unwrap();
        assert_eq!(words(&desk).await, 0);
    }
}
