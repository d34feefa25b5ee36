//! What can't be beside a death: that somebody was there after it, and that they are certified. And who is told; on both
//! databases.

use super::*;
use crate::channels::{Certified, VideoOutcome};
use crate::chronicle::record::add;
use crate::db::entity::certificate;
use crate::db::year::{certification, fact, message};
use crate::messages::FileSender;
use crate::year::channel::Channel;
use crate::year::facts::{Fact, What};

const HEADING: &str = "name,id_number,insured_place,residence,phones,portrait";

/// Status of an answer, and its code if it was refused.
async fn said(desk: &Desk, by: &Clerk, path: &str, body: &Value) -> (u16, String) {
    let (status, answer) = desk.post(by, path, body).await;
    (status.as_u16(), code(&answer).to_owned())
}

fn recorded_dead() -> (u16, String) {
    (422, "death.recorded".to_owned())
}

/// Records something about somebody, today.
async fn record(desk: &Desk, who: Uuid, what: What) {
    let tx = desk.app.store.begin("test").await.unwrap();
    add(&*tx, who, &Fact::of_day(desk.now().date(), what), desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// One clerk reports a death, another takes the case; its path.
async fn case_of(desk: &Desk, clerks: [&Clerk; 2], id_number: &str) -> String {
    let report = json!({ "id_number": id_number, "statement": "家属来电" });
    let (status, answer) = desk.post(clerks[0], "deaths", &report).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let case = format!("reviews/{}", answer["review"].as_str().unwrap());
    assert_eq!(desk.post(clerks[1], &format!("{case}/open"), &Value::Null).await.0, StatusCode::OK);
    case
}

fn died(on: time::Date) -> Value {
    json!({ "verdict": "died", "reason": "死亡证明", "died_on": on.to_string() })
}

async fn deaths(desk: &Desk) -> usize {
    let rows = fact::Entity::find().filter(fact::Column::Kind.eq("deceased"));
    rows.all(desk.app.store.reads()).await.unwrap().len()
}

async fn records(desk: &Desk) -> usize {
    certification::Entity::find().all(desk.app.store.reads()).await.unwrap().len()
}

#[tokio::test]
async fn a_day_of_death_is_none_on_which_the_person_was_still_to_be_there() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let register = format!("{HEADING},entitled_from\n王健在,{},430300,430300,,,2020-01-10\n", number(1));
        let desk = Desk::with(kind, &register).await;
        let [clerk, colleague] = [desk.clerk("a.a", "430300").await, desk.clerk("b.b", "430300").await];
        let today = desk.now().date();
        let card = json!({ "id_number": number(1), "by": "office_id_card", "on": today.to_string() });
        let (status, seen) = desk.post(&clerk, "certifications", &card).await;
        assert_eq!(status, StatusCode::CREATED, "{seen}");
        let who = desk.person(&number(1)).await.id;
        let by_data = What::Certified { id: Uuid::from_u128(7), channel: Channel::RegisterMatch };
        record(&desk, who, by_data).await;
        let decide = format!("{}/decide", case_of(&desk, [&clerk, &colleague], &number(1)).await);
        let yesterday = days_after(today, -1);
        for (on, code) in [
            (days_after(today, 1), "record.proof_in_future"),
            (yesterday, "death.before_proof"),
            (time::macros::date!(2020 - 01 - 10), "death.before_proof"),
            (time::macros::date!(2020 - 01 - 09), "death.before_entitled"),
            (time::macros::date!(2016 - 05 - 20), "death.before_entitled"),
        ] {
            assert_eq!(said(&desk, &colleague, &decide, &died(on)).await, (422, code.to_owned()), "{on}");
        }
        let (_, why) = desk.post(&colleague, &decide, &died(yesterday)).await;
        assert!(why["detail"].as_str().is_some_and(|next| next.contains("撤销")), "{why}");
        assert_eq!((deaths(&desk).await, desk.logged("death_decided").await.len()), (0, 0));
        // What a machine found in data shows nobody; what is void showed nobody either.
        let void = seen["id"].as_str().unwrap().parse().unwrap();
        record(&desk, who, What::Revoked { certification: void, clerk: colleague.id }).await;
        assert_eq!(said(&desk, &colleague, &decide, &died(yesterday)).await.0, 200, "{kind:?}");
        assert_eq!(deaths(&desk).await, 1);
    }
}

#[tokio::test]
async fn who_was_seen_in_the_morning_may_have_died_in_the_evening_and_of_before_the_register_nothing_is_known() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let [clerk, colleague] = [desk.clerk("a.a", "430300").await, desk.clerk("b.b", "430300").await];
        let today = desk.now().date();
        let card = json!({ "id_number": number(1), "by": "office_id_card", "on": today.to_string() });
        assert_eq!(said(&desk, &clerk, "certifications", &card).await.0, 201);
        let decide = format!("{}/decide", case_of(&desk, [&clerk, &colleague], &number(1)).await);
        assert_eq!(said(&desk, &colleague, &decide, &died(today)).await.0, 200);
        // The file did not say since when they draw it: that they came today says nothing of last month.
        let [clerk, colleague] = [desk.clerk("c.c", "440300").await, desk.clerk("d.d", "440300").await];
        let decide = format!("{}/decide", case_of(&desk, [&clerk, &colleague], WANG).await);
        assert_eq!(said(&desk, &colleague, &decide, &died(days_after(today, -40))).await.0, 200);
    }
}

#[tokio::test]
async fn the_first_of_two_words_that_cannot_be_is_not_taken_down() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        desk.amend("xiangtan.toml", "second_clerk = [\"submission\", \"death_report\"]").await;
        let [clerk, colleague] = [desk.clerk("a.a", "430300").await, desk.clerk("b.b", "430300").await];
        let today = desk.now().date();
        let (submission, _) = desk.submission(&number(1)).await;
        let decide = format!("{}/decide", case_of(&desk, [&clerk, &colleague], &number(1)).await);
        let future = died(days_after(today, 1));
        let refused = (422, "record.proof_in_future".to_owned());
        assert_eq!(said(&desk, &colleague, &decide, &future).await, refused);
        record(&desk, desk.person(&number(1)).await.id, What::Deceased { clerk: clerk.id }).await;
        desk.post(&clerk, &format!("reviews/{submission}/open"), &Value::Null).await;
        let certify = json!({ "verdict": "certify", "reason": "是本人" });
        let certified = said(&desk, &clerk, &format!("reviews/{submission}/decide"), &certify).await;
        assert_eq!((certified, desk.logged("word_given").await.len()), (recorded_dead(), 0));
    }
}

#[tokio::test]
async fn whoever_is_recorded_as_dead_is_certified_by_nobody_until_it_is_taken_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.xt", "430300").await;
        let head = desk.staff("head.xt", StaffRole::Head, "430300").await;
        let listed = desk.staff("auntie.chen", StaffRole::Volunteer, "430300").await;
        let other = desk.staff("uncle.wu", StaffRole::Volunteer, "430300").await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let who = desk.person(&number(1)).await.id;
        let roster = json!({ "volunteer": listed.id, "days": 7, "people": [number(1)] });
        assert_eq!(desk.post(&clerk, "rosters", &roster).await.0, StatusCode::CREATED);
        let today = desk.now().date().to_string();
        let card = json!({ "id_number": number(1), "by": "office_id_card", "on": today });
        assert_eq!(said(&desk, &clerk, "certifications", &card).await.0, 201);
        let (submission, attempt) = desk.submission(&number(1)).await;
        record(&desk, who, What::Deceased { clerk: head.id }).await;

        let visit =
            json!({ "id_number": number(1), "by": "home_visit", "on": today, "visitor": head.id, "why": "frail" });
        let own_visit = json!({ "person": who, "on": today, "why": "frail" });
        assert_eq!(said(&desk, &clerk, "certifications", &visit).await, recorded_dead());
        assert_eq!(said(&desk, &listed, "visits/report", &own_visit).await, recorded_dead());
        assert_eq!(said(&desk, &clerk, "certifications", &card).await.0, 200, "what was recorded before is known");
        let nobody = (404, "desk.nobody_found".to_owned());
        assert_eq!(said(&desk, &elsewhere, "certifications", &card).await, nobody, "another area's hears nothing");
        assert_eq!(said(&desk, &other, "visits/report", &own_visit).await, (403, "desk.not_listed".to_owned()));

        // The judge left it open before; a clerk can't certify it either.
        let (open, decide) = (format!("reviews/{submission}/open"), format!("reviews/{submission}/decide"));
        assert_eq!(said(&desk, &clerk, &open, &Value::Null).await.0, 200);
        let certify = json!({ "verdict": "certify", "reason": "是本人" });
        assert_eq!(said(&desk, &clerk, &decide, &certify).await, recorded_dead());
        let given = certificate::Entity::find().all(desk.app.store.reads()).await.unwrap();
        assert_eq!((given.len(), records(&desk).await), (0, 1));
        let state = |answer: Value| answer["state"].as_str().unwrap_or_default().to_owned();
        let path = format!("/v1/attempts/{attempt}");
        assert_eq!(state(desk.app_call(&token_of(attempt), &path, None).await.1), "review");

        let lives = json!({ "id_number": number(1) });
        assert_eq!(said(&desk, &head, "deaths/withdraw", &lives).await.0, 204);
        assert_eq!(said(&desk, &clerk, &decide, &certify).await.0, 200);
        assert_eq!(state(desk.app_call(&token_of(attempt), &path, None).await.1), "certified");
        assert_eq!(said(&desk, &clerk, "certifications", &visit).await.0, 201);
        assert_eq!(records(&desk).await, 3);
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_list_says_of_which_line_that_the_person_is_recorded_as_dead_and_keeps_the_others() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let [clerk, elsewhere] = [desk.clerk("clerk.bj", "110000").await, desk.clerk("clerk.xt", "430300").await];
        record(&desk, desk.person(&number(3)).await.id, What::Deceased { clerk: clerk.id }).await;
        let day = desk.now().date();
        let list = format!("name,id_number,proof_date\n王健在,{},{day}\n王健在,{},{day}\n", number(3), number(4));
        let answers = async |by: &Clerk| {
            let call = desk.client.post(desk.url(&format!("/v1/desk/batches/employer/{}", Uuid::from_u128(9))));
            call.bearer_auth(&by.token).body(list.clone()).send().await.unwrap().text().await.unwrap()
        };
        let nobody = "refused,identity.not_confirmed";
        assert_eq!(answers(&elsewhere).await, format!("line,result,reason\n2,{nobody}\n3,{nobody}\n"));
        assert_eq!(answers(&clerk).await, "line,result,reason\n2,refused,death.recorded\n3,recorded,\n");
        assert_eq!(records(&desk).await, 1);
    }
}

#[tokio::test]
async fn a_call_in_which_the_dead_answered_has_no_outcome_before_it_is_recorded_that_they_live() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (office, clerk, at) = (desk.app.office(), Uuid::from_u128(77), desk.now());
        let (party, who) = (Party::Staff(clerk), desk.person(&number(2)).await.id);
        let then = at + time::Duration::hours(2);
        office.offer_slots(clerk, &[at + time::Duration::hours(1)], 15, party, at).await.unwrap();
        let slot = office.free_slots(clerk, at).await.unwrap()[0].0;
        office.book(slot, who, party, at).await.unwrap();
        record(&desk, who, What::Deceased { clerk }).await;
        let ended = async || office.call_ended(slot, VideoOutcome::Certified, Party::Beneficiary, party, then).await;
        assert!(matches!(ended().await, Ok(Some(Certified::RecordedDead))), "{kind:?}");
        assert!(desk.logged("call_ended").await.is_empty());
        office.withdraw_death(who, clerk, at).await.unwrap();
        assert!(matches!(ended().await, Ok(Some(Certified::New(_)))));
    }
}

/// Messages that tell of a death: to whom, by which way, whether the law asks for it, and what became of it.
async fn told_of_death(desk: &Desk, id_number: &str) -> Vec<(String, String, bool, String)> {
    let who = desk.person(id_number).await.id;
    let rows = message::Entity::find().filter(message::Column::BeneficiaryId.eq(who));
    let rows = rows.filter(message::Column::Template.eq("death_recorded"));
    let rows = rows.all(desk.app.store.reads()).await.unwrap();
    rows.into_iter().map(|row| (row.recipient, row.medium.unwrap_or_default(), row.legal, row.state)).collect()
}

#[tokio::test]
async fn the_registered_contact_is_told_of_a_recorded_death_once_whoever_wanted_to_hear_less() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let people = format!("王健在,{WANG},440300,440300,13800000000,\n欧阳长青,{OUYANG},440300,440300,,\n");
        let desk = Desk::with(kind, &format!("{HEADING}\n{people}")).await;
        let [clerk, colleague] = [desk.clerk("a.a", "440300").await, desk.clerk("b.b", "440300").await];
        let head = desk.staff("head.li", StaffRole::Head, "440300").await;
        let less = json!({ "id_number": WANG, "recipient": "elder", "only_legal": true });
        assert_eq!(said(&desk, &clerk, "opt_outs", &less).await.0, 204);
        let today = desk.now().date();
        for id_number in [WANG, OUYANG] {
            let decide = format!("{}/decide", case_of(&desk, [&clerk, &colleague], id_number).await);
            assert_eq!(told_of_death(&desk, id_number).await, [], "a report tells nobody");
            for _ in 0..2 {
                assert_eq!(said(&desk, &colleague, &decide, &died(today)).await.0, 200, "the second time it is known");
            }
        }
        let row = |medium: &str, state: &str| ("elder".to_owned(), medium.to_owned(), true, state.to_owned());
        assert_eq!(told_of_death(&desk, WANG).await, [row("sms", "waiting")]);
        assert_eq!(told_of_death(&desk, OUYANG).await, [row("letter", "waiting")], "no mobile phone is registered");
        // It goes though they are recorded as dead; of one that was taken back in time nobody hears.
        let lives = json!({ "id_number": OUYANG });
        assert_eq!(said(&desk, &head, "deaths/withdraw", &lives).await.0, 204);
        let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
        office.tick(desk.now()).await.unwrap();
        let folder = desk.config.data.join("sent");
        office.send(&FileSender::new(folder).unwrap(), desk.now()).await.unwrap();
        assert_eq!(told_of_death(&desk, WANG).await, [row("sms", "handed_over")]);
        assert_eq!(told_of_death(&desk, OUYANG).await, [row("letter", "withdrawn")]);
        // Somebody else reports the same death: they were told.
        desk.later(Duration::from_hours(24)).await;
        let decide = format!("{}/decide", case_of(&desk, [&colleague, &clerk], WANG).await);
        assert_eq!(said(&desk, &clerk, &decide, &died(today)).await.0, 200);
        assert_eq!(told_of_death(&desk, WANG).await.len(), 1, "{kind:?}");
    }
    for (language, call) in
        [(Language::Zh, "请马上打参保地社保电话"), (Language::En, "phone the social security office")]
    {
        let words = crate::messages::text("death_recorded", None, language);
        assert!(words.contains(call), "whom to call if it is wrong: {words}");
    }
}
