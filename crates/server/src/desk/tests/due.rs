//! Who has to certify, by area; on both databases.

use sea_orm::sea_query::Expr;

use super::*;
use crate::db::year::{benefit, message};
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
        let after = json!({ "standing": "due", "reason": "asked", "after": names(&all)[1] });
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
