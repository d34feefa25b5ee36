//! What somebody says at the counter: an appeal, how they can be reached, that they want to be told less; on both databases.

use super::*;
use crate::chronicle::people::addresses;
use crate::db::year::{benefit, contact_way, message, opt_out, review};
use crate::year::dates::day_number;
use crate::year::policy::{Medium, Recipient};

#[tokio::test]
async fn whoever_has_no_attempt_appeals_at_the_counter() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let wish = json!({ "id_number": WANG, "statement": "我还在" });
        let (status, answer) = desk.post(&elsewhere, "appeals", &wish).await;
        assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
        let until = json!({ "answer_by": days_after(desk.now().date(), 20).to_string() });
        assert_eq!(desk.post(&clerk, "appeals", &wish).await, (StatusCode::CREATED, until.clone()), "{kind:?}");
        assert_eq!(desk.post(&clerk, "appeals", &wish).await, (StatusCode::OK, until.clone()), "open already");
        // From the app it is the same appeal.
        let attempt = desk.attempt(WANG, State::Refused).await;
        let path = format!("/v1/attempts/{attempt}/appeal");
        let from_app = desk.app_call(&token_of(attempt), &path, Some(&json!({}))).await;
        assert_eq!(from_app, (StatusCode::OK, until));
        let [row] = &review::Entity::find().all(desk.app.store.reads()).await.unwrap()[..] else { panic!("one") };
        assert_eq!((row.kind.as_str(), row.attempt_id), ("appeal", None));
        assert_eq!(desk.logged("appeal_opened").await, [(Some(clerk.id), String::new())]);
        // A colleague hears it out, and dismisses it; the same day none follows, the next day one may.
        let id = row.id;
        let (_, seen) = desk.post(&clerk, &format!("reviews/{id}/open"), &Value::Null).await;
        assert_eq!((&seen["kind"], &seen["statement"]), (&json!("appeal"), &json!("我还在")), "{seen}");
        let dismiss = json!({ "verdict": "dismiss", "reason": "人不在" });
        assert_eq!(desk.post(&clerk, &format!("reviews/{id}/decide"), &dismiss).await.0, StatusCode::OK);
        let (status, answer) = desk.post(&clerk, "appeals", &wish).await;
        assert_eq!((status, code(&answer)), (StatusCode::CONFLICT, "appeal.decided_lately"));
        desk.later(Duration::from_hours(24)).await;
        assert_eq!(desk.post(&clerk, "appeals", &wish).await.0, StatusCode::CREATED, "at the office, any time");
        let long = json!({ "id_number": OUYANG, "statement": "x".repeat(2_001) });
        assert_eq!(desk.post(&clerk, "appeals", &long).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_family_gives_its_number_and_says_how_much_it_wants_to_hear() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let way = |medium: &str, address: &str| json!({ "id_number": WANG, "recipient": "family", "medium": medium, "address": address, "language": "en" });
        let (status, answer) = desk.post(&elsewhere, "contacts", &way("sms", "13900000001")).await;
        assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
        for (medium, address) in [("sms", "0755-1234567"), ("call", "12"), ("wechat", " "), ("task", "x")] {
            let (status, _) = desk.post(&clerk, "contacts", &way(medium, address)).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{medium}");
        }
        assert_eq!(desk.post(&clerk, "contacts", &way("sms", "13900000001")).await.0, StatusCode::NO_CONTENT);
        desk.later(Duration::from_secs(60)).await;
        assert_eq!(desk.post(&clerk, "contacts", &way("sms", "13900000002")).await.0, StatusCode::NO_CONTENT);
        let rows = contact_way::Entity::find().all(desk.app.store.reads()).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| !String::from_utf8_lossy(&row.address).contains("1390000")), "sealed");
        let who = desk.person(WANG).await.id;
        let found = addresses(desk.app.store.reads(), &desk.app.keys, who).await.unwrap().unwrap();
        let (address, language) = found.first(Recipient::Family, Medium::Sms).unwrap();
        assert_eq!((address.expose(), language), ("13900000002", Language::En), "the newest, in their language");

        let wish = |only_legal: bool| json!({ "id_number": WANG, "recipient": "family", "only_legal": only_legal });
        for (only_legal, rows) in [(true, 1), (true, 1), (false, 0), (false, 0)] {
            assert_eq!(desk.post(&clerk, "opt_outs", &wish(only_legal)).await.0, StatusCode::NO_CONTENT);
            assert_eq!(opt_out::Entity::find().all(desk.app.store.reads()).await.unwrap().len(), rows, "{kind:?}");
        }
        let by = |detail: &str| (Some(clerk.id), detail.to_owned());
        assert_eq!(desk.logged("contact_added").await, vec![by("family,sms"); 2]);
        let (less, all) = (by("family,only_legal"), by("family,all"));
        assert_eq!(desk.logged("opted_out").await, [less.clone(), less, all.clone(), all]);
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_register_that_has_the_familys_phones_reaches_the_family() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let line = |family: &str| format!("王健在,{WANG},530100,530100,13800000000,,{family}\n");
        let heading = "name,id_number,insured_place,residence,phones,portrait,family_phones\n";
        let desk = Desk::with(kind, &format!("{heading}{}", line("13900000009;0871-1234567"))).await;
        let person = desk.person(WANG).await.id;
        let reached = async || {
            let found = addresses(desk.app.store.reads(), &desk.app.keys, person).await.unwrap().unwrap();
            [Medium::Sms, Medium::Call]
                .map(|by| found.first(Recipient::Family, by).map(|(at, _)| at.expose().to_owned()))
        };
        let phone = Some("13900000009".to_owned());
        assert_eq!(reached().await, [phone.clone(), phone.clone()]);
        // In Kunming elder and family are told alike, five days after it has begun.
        let office = Office::open(&desk.config, &*desk.clock).await.unwrap();
        office.tick(desk.now()).await.unwrap();
        let row = benefit::Entity::find_by_id(person).one(desk.app.store.reads()).await.unwrap().unwrap();
        let days = row.opens.unwrap() - day_number(desk.now().date());
        desk.later(Duration::from_hours(24 * (days + 5).max(0).unsigned_abs())).await;
        office.tick(desk.now()).await.unwrap();
        let told = message::Entity::find().all(desk.app.store.reads()).await.unwrap();
        let mut told: Vec<_> = told.iter().map(|row| (row.recipient.as_str(), row.medium.as_deref())).collect();
        told.sort_unstable();
        assert_eq!(told, [("elder", Some("sms")), ("family", Some("sms"))]);
        // A file without the column, or with an empty field, leaves what is known; another number replaces it.
        let again = async |text: String| {
            let csv = desk.config.data.join("../again.csv");
            std::fs::write(&csv, text).unwrap();
            import(&desk.config, &*desk.clock, &csv, Language::En).await.unwrap().updated
        };
        let without = format!("{}王健在,{WANG},530100,530100,13800000000,\n", heading.replace(",family_phones", ""));
        assert_eq!((again(without).await, again(format!("{heading}{}", line(""))).await), (0, 0));
        assert_eq!(reached().await[0], phone);
        assert_eq!(again(format!("{heading}{}", line("13900000008"))).await, 1);
        assert_eq!(reached().await[0].as_deref(), Some("13900000008"));
        // A number that a clerk puts down goes first.
        let clerk = desk.clerk("clerk.km", "530100").await;
        let way = json!({ "id_number": WANG, "recipient": "family", "medium": "sms", "address": "13900000007", "language": "zh" });
        assert_eq!(desk.post(&clerk, "contacts", &way).await.0, StatusCode::NO_CONTENT);
        assert_eq!(reached().await[0].as_deref(), Some("13900000007"));
    }
}
