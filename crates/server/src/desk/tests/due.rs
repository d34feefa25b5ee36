//! Who has to certify, by area; on both databases.

use sea_orm::sea_query::Expr;

use super::*;
use crate::db::year::{benefit, message};
use crate::silent::{Outcome, Rules, Source};
use crate::year::dates::day_number;

const NOBODY: [Uuid; 0] = [];

/// Newly pensioned, of Shenzhen's districts and of Nanjing.
fn register() -> String {
    let rows = [(1, "440304"), (2, "440304"), (3, "440305"), (4, "320100"), (5, "440304")];
    let lines =
        rows.map(|(sequence, place)| format!("王健在,{},{place},{place},1380000000{sequence},\n", number(sequence)));
    format!("name,id_number,insured_place,residence,phones,portrait\n{}", lines.concat())
}

async fn tick(desk: &Desk) {
    let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
    office.tick(desk.now()).await.unwrap();
    office.close().await.unwrap();
}

/// Time goes by, and everything that waits is sent, until those of Shenzhen stand so.
async fn until(desk: &Desk, standing: &str) {
    for _ in 0..100 {
        tick(desk).await;
        hand_over(desk).await;
        let rows = benefit::Entity::find().all(desk.app.store.reads()).await.unwrap();
        let mut here = rows.iter().filter(|row| row.policy_place.as_deref() == Some("440300"));
        if here.clone().all(|row| row.standing == standing) {
            return;
        }
        let today = day_number(desk.now().date());
        let next = here.clone().filter(|row| row.standing != standing).filter_map(|row| row.next_look).min().unwrap();
        assert!(here.all(|row| row.standing != "suspended"));
        desk.later(Duration::from_hours(24 * (next - today).max(1).unsigned_abs())).await;
    }
    panic!("not everybody is {standing}");
}

/// A sender takes every message that waits.
async fn hand_over(desk: &Desk) {
    let tx = desk.app.store.begin("test").await.unwrap();
    message::Entity::update_many()
        .col_expr(message::Column::State, Expr::value("handed_over"))
        .col_expr(message::Column::HandedOn, Expr::value(day_number(desk.now().date())))
        .filter(message::Column::State.eq("waiting"))
        .exec(&*tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn names(list: &Value) -> Vec<Uuid> {
    let people = list["people"].as_array().unwrap().iter();
    people.map(|person| person["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_clerk_sees_who_has_to_certify_in_the_own_area_and_sends_a_volunteer() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::with(kind, &register()).await;
        let city = desk.clerk("clerk.city", "440300").await;
        let district = desk.clerk("clerk.futian", "440304").await;
        let street = desk.clerk("clerk.street", "440304002").await;
        until(&desk, "due").await;
        let ask = json!({ "standing": "due", "reason": "asked" });
        let (status, all) = desk.post(&city, "due", &ask).await;
        assert_eq!((status, names(&all).len(), &all["next"]), (StatusCode::OK, 4, &Value::Null), "{all}");
        let places: Vec<_> = all["people"].as_array().unwrap().iter().map(|row| row["insured_place"].clone()).collect();
        assert_eq!(places, ["440304", "440304", "440304", "440305"], "by place");
        let one = &all["people"][0];
        assert_eq!(
            (&one["masked_name"], &one["standing"], &one["told"]),
            (&json!("**在"), &json!("due"), &json!("opened"))
        );
        assert!(one["due_by"].is_string() && one.get("name").is_none() && one.get("phones").is_none(), "{one}");

        let (_, own) = desk.post(&district, "due", &ask).await;
        assert_eq!(names(&own), names(&all)[..3], "{own}");
        let beside = json!({ "standing": "due", "reason": "asked", "area": "440305" });
        assert_eq!(names(&desk.post(&city, "due", &beside).await.1), names(&all)[3..]);
        let (status, refused) = desk.post(&district, "due", &beside).await;
        assert_eq!((status, code(&refused)), (StatusCode::FORBIDDEN, "account.not_allowed"));
        assert_eq!(
            names(&desk.post(&street, "due", &ask).await.1),
            NOBODY,
            "whose street it is, the register does not say"
        );
        let none = json!({ "standing": "suspended", "reason": "asked" });
        assert_eq!(names(&desk.post(&city, "due", &none).await.1), NOBODY);
        let second = &all["people"][1];
        let after =
            json!({ "insured_place": second["insured_place"], "due_by": second["due_by"], "person": second["id"] });
        let after = json!({ "standing": "due", "reason": "asked", "after": after });
        assert_eq!(names(&desk.post(&city, "due", &after).await.1), names(&all)[2..]);
        let to_visit = json!({ "standing": "due", "reason": "visit", "to_visit": true });
        assert_eq!(names(&desk.post(&city, "due", &to_visit).await.1), NOBODY, "so far they are reminded");
        assert_eq!(desk.reads(&district).await, vec!["due,asked,shown"; 3], "each is put down");

        until(&desk, "overdue").await;
        let mut to_visit = json!({ "standing": "overdue", "reason": "visit", "to_visit": true });
        for _ in 0..200 {
            if names(&desk.post(&district, "due", &to_visit).await.1).len() == 3 {
                break;
            }
            desk.later(Duration::from_hours(24)).await;
            tick(&desk).await;
        }
        let (_, to_see) = desk.post(&district, "due", &to_visit).await;
        assert_eq!(names(&to_see).len(), 3, "{to_see}");
        assert!(to_see["people"].as_array().unwrap().iter().all(|row| row["to_visit"] == true));
        // Those whom the list names go on a volunteer's list, and are opened, without anybody typing a number.
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "440304002").await;
        let nanjing = desk.person(&number(4)).await.id;
        let round =
            json!({ "volunteer": volunteer.id, "days": 7, "listed": [names(&to_see)[0], nanjing, Uuid::nil()] });
        let (status, made) = desk.post(&district, "rosters", &round).await;
        let listed = (status, &made["listed"], &made["left_out"]);
        assert_eq!(listed, (StatusCode::CREATED, &json!(1), &json!([1, 2])), "another area's as nobody");
        let open = json!({ "person": names(&to_see)[0], "reason": "visit" });
        let (status, person) = desk.post(&district, "due/person", &open).await;
        let standing = (&person["name"], &person["standing"]["standing"]);
        assert_eq!((status, standing), (StatusCode::OK, (&json!("王健在"), &json!("overdue"))), "{person}");
        for who in [nanjing, Uuid::nil()] {
            let open = json!({ "person": who, "reason": "visit" });
            let (status, refused) = desk.post(&district, "due/person", &open).await;
            assert_eq!((status, code(&refused)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
        }
        to_visit["area"] = json!("320100");
        assert_eq!(desk.post(&district, "due", &to_visit).await.0, StatusCode::FORBIDDEN);
        for role in [StaffRole::Volunteer, StaffRole::Auditor] {
            let other = desk.staff(&format!("other.{}", role.name()), role, "440300").await;
            assert_eq!(desk.post(&other, "due", &ask).await.0, StatusCode::FORBIDDEN, "{role:?}");
        }
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_long_list_comes_in_pages_and_each_is_on_one() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let rows: String = (1..=120).map(|sequence| format!("王健在,{},440304,440304,,\n", number(sequence))).collect();
        let heading = "name,id_number,insured_place,residence,phones,portrait";
        let desk = Desk::with(kind, &format!("{heading}\n{rows}")).await;
        let clerk = desk.clerk("clerk.futian", "440304").await;
        until(&desk, "due").await;
        let mut ask = json!({ "standing": "due", "reason": "asked" });
        let mut seen = Vec::new();
        for page in [50, 50, 20] {
            let (_, list) = desk.post(&clerk, "due", &ask).await;
            assert_eq!(names(&list).len(), page);
            seen.extend(names(&list));
            ask["after"] = list["next"].clone();
        }
        assert_eq!(ask["after"], Value::Null);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 120);
        let person = json!({ "id_number": number(1), "reason": "asked" });
        assert_eq!(desk.post(&clerk, "people", &person).await.0, StatusCode::OK, "to read a list closes no counter");
    }
}

#[tokio::test]
async fn whom_no_message_reaches_a_clerk_finds_on_a_list() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let rows = [(1, "13800000001"), (2, ""), (3, "13800000003")];
        let rows = rows.map(|(sequence, phone)| format!("王健在,{},440304,440304,{phone},\n", number(sequence)));
        let heading = "name,id_number,insured_place,residence,phones,portrait";
        let desk = Desk::with(kind, &format!("{heading}\n{}", rows.concat())).await;
        let clerk = desk.clerk("clerk.futian", "440304").await;
        until(&desk, "due").await;
        let (reached, phoneless, silent) =
            (desk.person(&number(1)).await.id, desk.person(&number(2)).await.id, desk.person(&number(3)).await.id);
        let ask = json!({ "standing": "due", "reason": "asked", "unreached": true });
        let listed = names(&desk.post(&clerk, "due", &ask).await.1);
        assert_eq!(listed, [phoneless], "whoever has no phone and no family, before anything is sent");
        // What was told the first goes out in earnest once more; the other's gateway says that it came to nobody.
        let anew = async |who: Uuid, state: &str| {
            let tx = desk.app.store.begin("test").await.unwrap();
            message::Entity::update_many()
                .col_expr(message::Column::State, Expr::value(state))
                .filter(message::Column::BeneficiaryId.eq(who))
                .exec(&*tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        anew(reached, "waiting").await;
        anew(silent, "failed").await;
        let folder = tempfile::tempdir().unwrap();
        let sender = crate::messages::FileSender::new(folder.path().to_owned()).unwrap();
        let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
        let noon = desk.now().replace_time(time::macros::time!(12:00));
        let sent = office.send(&sender, noon).await.unwrap();
        office.close().await.unwrap();
        assert_eq!(sent.handed_over, 1, "{sent:?}");
        let (_, list) = desk.post(&clerk, "due", &ask).await;
        let mut listed = names(&list);
        listed.sort_unstable();
        let mut expected = [phoneless, silent];
        expected.sort_unstable();
        assert_eq!(listed, expected, "{list}");
        assert!(list["people"].as_array().unwrap().iter().all(|row| row["unreached"] == true && row["told"].is_null()));
        let everybody = json!({ "standing": "due", "reason": "asked" });
        let (_, all) = desk.post(&clerk, "due", &everybody).await;
        let marked = all["people"].as_array().unwrap().iter().filter(|row| row["unreached"] == true).count();
        assert_eq!((names(&all).len(), marked), (3, 2));
        // That somebody is to visit them reaches nobody yet; who has been told since is off the list.
        until(&desk, "overdue").await;
        let mut ask = json!({ "standing": "overdue", "reason": "visit", "to_visit": true });
        for _ in 0..60 {
            if names(&desk.post(&clerk, "due", &ask).await.1).len() == 3 {
                break;
            }
            desk.later(Duration::from_hours(24)).await;
            tick(&desk).await;
            hand_over(&desk).await;
        }
        ask["unreached"] = json!(true);
        assert_eq!(names(&desk.post(&clerk, "due", &ask).await.1), [phoneless]);
    }
}

#[tokio::test]
async fn whoever_moves_stands_on_no_list_of_where_they_were() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::with(kind, &register()).await;
        let [shenzhen, nanjing] = [("clerk.sz", "440300"), ("clerk.nj", "320100")];
        let (shenzhen, nanjing) = (desk.clerk(shenzhen.0, shenzhen.1).await, desk.clerk(nanjing.0, nanjing.1).await);
        until(&desk, "due").await;
        let ask = json!({ "standing": "due", "reason": "asked" });
        let listed = async |by: &Clerk| names(&desk.post(by, "due", &ask).await.1);
        let mover = desk.person(&number(1)).await.id;
        assert!(listed(&shenzhen).await.contains(&mover));
        let csv = desk.config.data.join("../moved.csv");
        let heading = "name,id_number,insured_place,residence,phones,portrait";
        std::fs::write(&csv, format!("{heading}\n王健在,{},320100,320100,13800000001,\n", number(1))).unwrap();
        import(&desk.config, &*desk.clock, &csv, Language::En).await.unwrap();
        assert!(!listed(&shenzhen).await.contains(&mover), "before anybody has looked again");
        // Even where only the register knows of it yet.
        let stale = benefit::ActiveModel {
            beneficiary_id: Set(mover),
            insured_place: Set(Some("440304".to_owned())),
            ..Default::default()
        };
        let tx = desk.app.store.begin("test").await.unwrap();
        stale.update(&*tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!listed(&shenzhen).await.contains(&mover) && !listed(&nanjing).await.contains(&mover));
        tick(&desk).await;
        let row = benefit::Entity::find_by_id(mover).one(desk.app.store.reads()).await.unwrap().unwrap();
        assert_eq!(row.insured_place.as_deref(), Some("320100"));
    }
}

#[tokio::test]
async fn whom_the_data_flag_a_clerk_of_the_area_sees_and_why() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let rows = [(1, "370200"), (2, "370200"), (3, "370200"), (4, "370203")];
        let rows = rows.map(|(sequence, place)| format!("王健在,{},{place},{place},,\n", number(sequence)));
        let heading = "name,id_number,insured_place,residence,phones,portrait";
        let desk = Desk::with(kind, &format!("{heading}\n{}", rows.concat())).await;
        let (clerk, elsewhere) = (desk.clerk("clerk.qd", "370200").await, desk.clerk("clerk.sz", "440300").await);
        let district = desk.clerk("clerk.sb", "370203").await;
        tick(&desk).await;
        // A death is reported of two, and then one of them is seen in hospital; so is a third, whom nobody reported.
        let day = |back: i64| days_after(desk.now().date(), -back);
        let seen = [
            (1, "death", 9),
            (1, "hospital_stay", 3),
            (4, "death", 9),
            (4, "hospital_stay", 3),
            (2, "death", 9),
            (3, "hospital_stay", 3),
        ];
        let lines = seen.map(|(sequence, kind, back)| format!("{},{kind},{}\n", number(sequence), day(back)));
        let events = desk.config.data.join("../events.csv");
        std::fs::write(&events, format!("id_number,event,day\n{}", lines.concat())).unwrap();
        let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
        office.silent_import(Source::Events, &events, desk.now()).await.unwrap();
        let (file, text) = Rules::shipped("qingdao").unwrap();
        let report = office.silent_run(file, text, false, desk.now()).await.unwrap();
        assert_eq!((report.people(Outcome::Flagged), report.recorded()[1]), (2, 1));

        let ask = json!({ "reason": "report" });
        let (status, list) = desk.post(&clerk, "flagged", &ask).await;
        let mut both = [desk.person(&number(1)).await.id, desk.person(&number(4)).await.id];
        both.sort_unstable();
        assert_eq!((status, names(&list), &list["next"]), (StatusCode::OK, both.to_vec(), &Value::Null), "{list}");
        let said = list["people"][0]["said"].as_str().unwrap();
        assert!(said.starts_with("数据有出入") && said.contains(&day(3).to_string()), "{said}");
        assert_eq!(list["people"][0]["masked_name"], "**在");
        let (_, own) = desk.post(&district, "flagged", &ask).await;
        assert_eq!(names(&own), [desk.person(&number(4)).await.id]);
        let (_, none) = desk.post(&elsewhere, "flagged", &ask).await;
        assert_eq!((names(&none), &none["next"]), (NOBODY.to_vec(), &Value::Null));
        let place = json!({ "run": list["people"][0]["run"], "person": list["people"][0]["id"] });
        let (_, rest) = desk.post(&clerk, "flagged", &json!({ "reason": "report", "after": place })).await;
        assert_eq!(names(&rest), both[1..]);
        assert_eq!(desk.reads(&clerk).await, vec!["flagged,report,shown"; 3]);
        // Whoever has been seen, or is before a clerk, stands there no more.
        desk.later(Duration::from_secs(60)).await;
        let visit = json!({ "id_number": number(1), "by": "home_visit", "on": desk.now().date().to_string(),
            "visitor": district.id, "why": "not_reached" });
        assert_eq!(desk.post(&clerk, "certifications", &visit).await.0, StatusCode::CREATED);
        let died = json!({ "id_number": number(4), "statement": "家属来电" });
        assert_eq!(desk.post(&district, "deaths", &died).await.0, StatusCode::CREATED);
        assert_eq!(names(&desk.post(&clerk, "flagged", &ask).await.1), NOBODY);
        desk.demand_whole_log().await;
    }
}
