//! A volunteer reports visits to those on their list, and nobody else; a clerk confirms them where the policy says so.

use jianzai_wire::desk::StaffRole;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, DbBackend, EntityTrait as _, QuerySelect as _,
    Statement,
};

use super::*;
use crate::chronicle::rows::of_party;
use crate::db::desk_entity::{audit_head, staff, visit_in_vain};
use crate::db::year::{certification, certification_word};
use crate::desk::in_vain;
use crate::year::record::Party;

/// A clerk of Xiangtan, and a volunteer with the one person of Xiangtan on their list.
async fn round(desk: &Desk) -> (Clerk, Clerk) {
    let clerk = desk.clerk("clerk.xt", "430300").await;
    let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "430300").await;
    list(desk, &clerk, &volunteer).await;
    (clerk, volunteer)
}

async fn list(desk: &Desk, clerk: &Clerk, volunteer: &Clerk) {
    let roster = json!({ "volunteer": volunteer.id, "days": 7, "people": [number(1)] });
    let (status, made) = desk.post(clerk, "rosters", &roster).await;
    assert_eq!((status, &made["listed"]), (StatusCode::CREATED, &json!(1)), "{made}");
}

async fn visit_of(desk: &Desk) -> Value {
    json!({ "person": desk.person(&number(1)).await.id, "on": desk.now().date().to_string(), "why": "frail" })
}

async fn in_vain_of(desk: &Desk) -> Value {
    json!({ "person": desk.person(&number(1)).await.id, "on": desk.now().date().to_string() })
}

async fn records(desk: &Desk) -> Vec<certification::Model> {
    certification::Entity::find().all(desk.app.store.reads()).await.unwrap()
}

async fn refused(desk: &Desk, by: &Clerk, path: &str, body: &Value) -> (u16, String) {
    let (status, answer) = desk.post(by, path, body).await;
    (status.as_u16(), code(&answer).to_owned())
}

#[tokio::test]
async fn a_volunteers_report_waits_for_a_clerk() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (clerk, volunteer) = round(&desk).await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let person = desk.person(&number(1)).await.id;
        let today = desk.now().date();
        let visit = json!({ "person": person, "on": today.to_string(), "why": "frail" });
        for _ in 0..2 {
            let (status, answer) = desk.post(&volunteer, "visits/report", &visit).await;
            assert_eq!((status, &answer["waits"]), (StatusCode::ACCEPTED, &json!(true)), "{answer}");
        }
        assert_eq!(records(&desk).await, []);
        let (_, shown) = desk.post(&clerk, "visits/reported", &json!({})).await;
        let reported = &shown["visits"][0];
        assert_eq!(shown["visits"].as_array().unwrap().len(), 1);
        assert_eq!((&reported["name"], &reported["person"]), (&json!("王健在"), &json!(person)));
        assert_eq!((&reported["volunteer"], &reported["on"]), (&json!(volunteer.id), &json!(today.to_string())));
        let (_, others) = desk.post(&elsewhere, "visits/reported", &json!({})).await;
        assert_eq!(others, json!({ "visits": [], "next": null }), "another area's");
        let confirm = format!("visits/{}/confirm", reported["id"].as_str().unwrap());
        let yes = json!({ "confirmed": true });
        assert_eq!(refused(&desk, &elsewhere, &confirm, &yes).await, (404, "desk.nobody_found".into()));
        assert_eq!(refused(&desk, &volunteer, &confirm, &yes).await, (403, "account.not_allowed".into()));
        for (status, known) in [(StatusCode::CREATED, false), (StatusCode::OK, true)] {
            let answer = desk.post(&clerk, &confirm, &yes).await;
            assert_eq!((answer.0, &answer.1["recorded"]["known"]), (status, &json!(known)), "{}", answer.1);
        }
        assert_eq!(refused(&desk, &elsewhere, &confirm, &yes).await, (404, "desk.nobody_found".into()));
        let no = json!({ "confirmed": false });
        assert_eq!(refused(&desk, &clerk, &confirm, &no).await, (409, "review.decided".into()));
        let (status, answer) = desk.post(&volunteer, "visits/report", &visit).await;
        assert_eq!((status, &answer["known"]), (StatusCode::OK, &json!(true)), "replayed");
        let kept = records(&desk).await;
        let (by, decided_by) = (of_party(Party::Volunteer(volunteer.id)), of_party(Party::Staff(clerk.id)));
        assert_eq!((kept.len(), &kept[0].brought_by, &kept[0].decided_by), (1, &by, &decided_by));
        assert_eq!((kept[0].channel.as_str(), kept[0].reason.as_deref()), ("home_visit", Some("frail")));
        assert!(certification_word::Entity::find().all(desk.app.store.reads()).await.unwrap().is_empty());
        assert_eq!(desk.logged("word_given").await, [(Some(volunteer.id), "home_visit".to_owned())]);
        assert_eq!(desk.logged("certified").await, [(Some(clerk.id), "home_visit".to_owned())]);
        assert_eq!(desk.reads(&volunteer).await, vec!["visit,visit,shown"; 3]);
        let reads = desk.reads(&clerk).await;
        assert_eq!(reads.iter().filter(|read| *read == "reported,visit,shown").count(), 1);
        assert_eq!(desk.reads(&elsewhere).await, vec!["reported,visit,elsewhere"; 2]);
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn nobody_beyond_the_list_is_reported_and_each_try_is_put_down() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (clerk, volunteer) = round(&desk).await;
        let other = desk.staff("uncle.wu", StaffRole::Volunteer, "430300").await;
        let today = desk.now().date();
        let (listed, stranger) = (desk.person(&number(1)).await.id, desk.person(WANG).await.id);
        let visit = |person: Uuid| json!({ "person": person, "on": today.to_string(), "why": "frail" });
        let not_listed = (403, "desk.not_listed".to_owned());
        for (by, person) in [(&volunteer, stranger), (&volunteer, Uuid::from_u128(9)), (&other, listed)] {
            assert_eq!(refused(&desk, by, "visits/report", &visit(person)).await, not_listed, "registered or not");
        }
        assert_eq!(refused(&desk, &clerk, "visits/report", &visit(listed)).await, (403, "account.not_allowed".into()));
        assert_eq!(desk.reads(&volunteer).await, vec!["visit,visit,not_listed"; 2]);
        let tomorrow = json!({ "person": listed, "on": today.next_day().unwrap().to_string(), "why": "frail" });
        assert_eq!(
            refused(&desk, &volunteer, "visits/report", &tomorrow).await,
            (422, "record.proof_in_future".into())
        );
        let before = json!({ "person": listed, "on": today.previous_day().unwrap().to_string(), "why": "frail" });
        let too_old = (422, "record.proof_too_old".into());
        assert_eq!(refused(&desk, &volunteer, "visits/report", &before).await, too_old, "before there was a list");
        desk.later(Duration::from_hours(24 * 8)).await;
        assert_eq!(refused(&desk, &volunteer, "visits/report", &visit(listed)).await, not_listed, "the list is over");
        // Whoever moved away is no longer visited by those who live there.
        list(&desk, &clerk, &volunteer).await;
        let tx = desk.app.store.begin("test").await.unwrap();
        let sealed = columns::seal(&desk.app.keys, register::place("residence", listed), b"440300").unwrap();
        let moved = beneficiary::ActiveModel { id: Set(listed), residence: Set(sealed), ..Default::default() };
        moved.update(&*tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(refused(&desk, &volunteer, "visits/report", &visit(listed)).await, not_listed, "moved away");
        // Who guesses has to wait.
        let mut waits = false;
        for _ in 0..40 {
            waits |= refused(&desk, &other, "visits/report", &visit(stranger)).await.0 == 429;
        }
        assert!(waits);
        assert_eq!(records(&desk).await, []);
        desk.revoke(&volunteer).await;
        assert_eq!(desk.post(&volunteer, "visits/report", &visit(listed)).await.0, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn what_a_clerk_does_not_believe_is_set_aside() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (clerk, volunteer) = round(&desk).await;
        let visit =
            json!({ "person": desk.person(&number(1)).await.id, "on": desk.now().date().to_string(), "why": "frail" });
        let (_, waits) = desk.post(&volunteer, "visits/report", &visit).await;
        let confirm = format!("visits/{}/confirm", waits["id"].as_str().unwrap());
        let (status, answer) = desk.post(&clerk, &confirm, &json!({ "confirmed": false })).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({ "recorded": null })));
        assert_eq!(desk.logged("visit_set_aside").await, [(Some(clerk.id), String::new())]);
        for confirmed in [true, false] {
            let again = json!({ "confirmed": confirmed });
            assert_eq!(refused(&desk, &clerk, &confirm, &again).await, (404, "desk.nobody_found".into()));
        }
        assert_eq!(records(&desk).await, []);
    }
}

/// Holds whatever either of two writers needs to end, until both wait for it.
async fn until_both_wait(desk: &Desk) {
    let tx = desk.app.store.begin("test").await.unwrap();
    audit_head::Entity::find().lock_exclusive().one(&*tx).await.unwrap();
    let waiting =
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let on = tx.get_database_backend();
    let looks = if on == DbBackend::Postgres { 1_000 } else { 50 };
    for _ in 0..looks {
        tokio::time::sleep(Duration::from_millis(20)).await;
        // Of SQLite's writers the others queue in their order behind the first, for as long as this sleeps.
        if on == DbBackend::Postgres {
            // Who is connected is else what it was at the first look of this transaction.
            tx.execute_unprepared("SELECT pg_stat_clear_snapshot()").await.unwrap();
            let row = tx.query_one_raw(Statement::from_string(on, waiting)).await.unwrap().unwrap();
            if row.try_get::<i64>("", "n").unwrap() >= 2 {
                return;
            }
        }
    }
    assert!(on == DbBackend::Sqlite, "they never waited for one another");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_clerk_who_confirms_and_one_who_sets_aside_at_once_one_is_heard() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for confirms_first in [true, false] {
            let desk = Desk::new(kind).await;
            let (clerk, volunteer) = round(&desk).await;
            let other = desk.clerk("clerk.xt.2", "430300").await;
            let (_, waits) = desk.post(&volunteer, "visits/report", &visit_of(&desk).await).await;
            let confirm = format!("visits/{}/confirm", waits["id"].as_str().unwrap());
            let say = async |by: &Clerk, confirmed: bool| {
                let later = Duration::from_millis(if confirmed == confirms_first { 100 } else { 300 });
                tokio::time::sleep(later).await;
                let (status, answer) = desk.post(by, &confirm, &json!({ "confirmed": confirmed })).await;
                (status.as_u16(), code(&answer).to_owned())
            };
            let (confirmed, aside, ()) = tokio::join!(say(&clerk, true), say(&other, false), until_both_wait(&desk));
            let (recorded, put_down) = (records(&desk).await.len(), desk.logged("visit_set_aside").await.len());
            let late = (409, "review.decided".to_owned());
            let expected = match recorded {
                1 => ((201, String::new()), late, 0),
                _ => (late, (200, String::new()), 1),
            };
            assert_eq!((confirmed, aside, put_down), expected, "{kind:?}, {confirms_first}: {recorded} recorded");
            assert_eq!(desk.logged("certified").await.len(), recorded);
            assert!(certification_word::Entity::find().all(desk.app.store.reads()).await.unwrap().is_empty());
            desk.demand_whole_log().await;
        }
    }
}

#[tokio::test]
async fn where_the_policy_trusts_volunteers_their_report_stands_unless_it_wants_four_eyes() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let trusted = "volunteer_visits = \"stands\"\nsecond_person = [\"home_visit\"]";
        desk.amend("xiangtan.toml", trusted).await;
        let (_, volunteer) = round(&desk).await;
        let helper = desk.staff("uncle.wu", StaffRole::Volunteer, "430300").await;
        let elsewhere = desk.staff("uncle.nj", StaffRole::Volunteer, "320100").await;
        let mut visit =
            json!({ "person": desk.person(&number(1)).await.id, "on": desk.now().date().to_string(), "why": "frail" });
        let missing = (422, "record.second_missing".to_owned());
        assert_eq!(refused(&desk, &volunteer, "visits/report", &visit).await, missing);
        visit["second"] = json!(volunteer.id);
        assert_eq!(refused(&desk, &volunteer, "visits/report", &visit).await, missing, "oneself");
        visit["second"] = json!(elsewhere.id);
        assert_eq!(refused(&desk, &volunteer, "visits/report", &visit).await, (403, "account.not_allowed".into()));
        visit["second"] = json!(helper.id);
        assert_eq!(desk.post(&volunteer, "visits/report", &visit).await.0, StatusCode::CREATED);
        let kept = records(&desk).await;
        let (own, second) = (of_party(Party::Volunteer(volunteer.id)), of_party(Party::Volunteer(helper.id)));
        assert_eq!((&kept[0].decided_by, &kept[0].seconded_by), (&own, &Some(second)));

        // A clerk who spoke first: the volunteer's own word is the other pair of eyes.
        let desk = Desk::new(kind).await;
        desk.amend("xiangtan.toml", "volunteer_visits = \"stands\"\nfour_eyes = [\"home_visit\"]").await;
        let (other, chen) = round(&desk).await;
        let today = desk.now().date().to_string();
        let told =
            json!({ "id_number": number(1), "by": "home_visit", "on": today, "visitor": chen.id, "why": "frail" });
        assert_eq!(desk.post(&other, "certifications", &told).await.0, StatusCode::ACCEPTED);
        let (_, shown) = desk.post(&other, "visits/reported", &json!({})).await;
        assert_eq!(shown["visits"], json!([]), "the volunteer has reported nothing");
        let visit = json!({ "person": desk.person(&number(1)).await.id, "on": today, "why": "frail" });
        assert_eq!(desk.post(&chen, "visits/report", &visit).await.0, StatusCode::CREATED);
        assert_eq!(desk.post(&other, "certifications", &told).await.0, StatusCode::OK, "replayed");
        let kept = records(&desk).await;
        assert_eq!((kept.len(), &kept[0].decided_by), (1, &of_party(Party::Staff(other.id))));
        assert_eq!(kept[0].seconded_by, None, "the visitor is named anyhow");

        // Whoever invited a volunteer could be the volunteer as well.
        let desk = Desk::new(kind).await;
        desk.amend("xiangtan.toml", "four_eyes = [\"home_visit\"]").await;
        let (inviter, chen) = round(&desk).await;
        let invited = staff::ActiveModel { id: Set(chen.id), inviter_id: Set(Some(inviter.id)), ..Default::default() };
        invited.update(desk.app.store.single()).await.unwrap();
        assert_eq!(desk.post(&chen, "visits/report", &visit_of(&desk).await).await.0, StatusCode::ACCEPTED);
        let (_, shown) = desk.post(&inviter, "visits/reported", &json!({})).await;
        let confirm = format!("visits/{}/confirm", shown["visits"][0]["id"].as_str().unwrap());
        let yes = json!({ "confirmed": true });
        assert_eq!(desk.post(&inviter, &confirm, &yes).await.0, StatusCode::ACCEPTED);
        assert_eq!(records(&desk).await, []);
        let another = desk.clerk("clerk.xt.2", "430300").await;
        assert_eq!(desk.post(&another, &confirm, &yes).await.0, StatusCode::CREATED);
        assert_eq!(records(&desk).await.len(), 1);
    }
}

#[tokio::test]
async fn a_visit_at_which_nobody_opened_is_put_down_for_whoever_comes_next() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (clerk, volunteer) = round(&desk).await;
        let other = desk.staff("uncle.wu", StaffRole::Volunteer, "430300").await;
        let visit = in_vain_of(&desk).await;
        let not_listed = (403, "desk.not_listed".to_owned());
        assert_eq!(refused(&desk, &other, "visits/in_vain", &visit).await, not_listed);
        assert_eq!(refused(&desk, &clerk, "visits/in_vain", &visit).await, (403, "account.not_allowed".into()));
        let first = desk.now().date();
        let on_first = json!([{ "on": first.to_string() }]);
        for (status, known) in [(StatusCode::CREATED, false), (StatusCode::OK, true)] {
            let answer = desk.post(&volunteer, "visits/in_vain", &visit).await;
            assert_eq!(answer, (status, json!({ "in_vain": on_first, "known": known })), "{kind:?}");
        }
        for (days, code) in [(1, "record.proof_in_future"), (-1, "record.proof_too_old")] {
            let day = first + time::Duration::days(days);
            let wrong = json!({ "person": visit["person"], "on": day.to_string() });
            assert_eq!(refused(&desk, &volunteer, "visits/in_vain", &wrong).await, (422, code.into()));
        }
        // A colleague on another day: both days are told to both, and to the clerk.
        desk.later(Duration::from_hours(48)).await;
        list(&desk, &clerk, &other).await;
        let (status, told) = desk.post(&other, "visits/in_vain", &in_vain_of(&desk).await).await;
        let both = json!([{ "on": first.to_string() }, { "on": desk.now().date().to_string() }]);
        assert_eq!((status, &told["in_vain"]), (StatusCode::CREATED, &both));
        let (_, listed) = desk.post(&volunteer, "visits", &json!({ "reason": "visit" })).await;
        assert_eq!(listed["people"][0]["in_vain"], both);
        let (_, person) = desk.post(&clerk, "people", &json!({ "id_number": number(1), "reason": "visit" })).await;
        assert_eq!(person["in_vain"], both);
        assert_eq!(records(&desk).await, [], "it certifies nobody");
        let by = |who: &Clerk| (Some(who.id), String::new());
        assert_eq!(desk.logged("visit_in_vain").await, [by(&volunteer), by(&other)]);
        desk.demand_whole_log().await;
        let tx = desk.app.store.begin("test").await.unwrap();
        let kept = async |days: i64| {
            in_vain::forget_old(&*tx, desk.app.clock.now() + days * 86_400_000).await.unwrap();
            visit_in_vain::Entity::find().all(&*tx).await.unwrap().len()
        };
        assert_eq!((kept(365).await, kept(369).await), (1, 0), "after a year");
    }
}
