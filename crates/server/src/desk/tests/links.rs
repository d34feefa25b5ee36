//! Links: altered, foreign or over, they say nothing; good, they lead into the same four facts.

use super::*;
use crate::db::entity::activation;
use crate::year::names::Named as _;

fn facts(id_number: &str, name: &str, place: &str, link: Option<&str>) -> Value {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
    let mut body = json!({
        "person": { "name": name, "id_number": id_number, "insured_place": place, "residence": place },
        "mode": "self",
        "consent": { "text_version": "2026-1", "by": "beneficiary" },
        "device_key": Bytes32(key.to_bytes()).to_string(),
    });
    if let Some(link) = link {
        body["link"] = link.into();
    }
    body
}

#[tokio::test]
async fn a_link_leads_into_the_flow_and_tells_nobody_anything() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.sjz", "130100").await;
        let ask = json!({ "id_number": LI, "channel": "e_card_link", "days": 10 });
        let (status, issued) = desk.post(&clerk, "links", &ask).await;
        assert_eq!(status, StatusCode::CREATED, "{issued}");
        let token = issued["token"].as_str().unwrap();
        let follow = async |token: &str| desk.app_call("", "/v1/links", Some(&json!({ "token": token }))).await;
        for _ in 0..2 {
            let open = json!({ "channel": "e_card_link", "until": issued["until"] });
            assert_eq!(follow(token).await, (StatusCode::OK, open.clone()), "as often as needed");
            assert_eq!(desk.app_call("", &format!("/v1/links/{token}"), None).await, (StatusCode::OK, open));
        }

        // The facts must be those of the person whom it is for.
        let of_other = facts(WANG, "王健在", "440300", Some(token));
        let (status, answer) = desk.app_call("", "/v1/activations", Some(&of_other)).await;
        assert_eq!((status, code(&answer)), (StatusCode::FORBIDDEN, "identity.not_confirmed"));
        let own = facts(LI, "李安", "130100", Some(token));
        let (status, activation) = desk.app_call("", "/v1/activations", Some(&own)).await;
        assert_eq!(status, StatusCode::CREATED);
        let row = activation::Entity::find().one(desk.app.store.reads()).await.unwrap().unwrap();
        assert_eq!(
            (row.channel.as_deref(), row.way()),
            (Some("e_card_link"), crate::year::channel::Channel::ECardLink)
        );
        let token_of = activation["token"].as_str().unwrap();
        let (status, _) = desk.app_call(token_of, "/v1/attempts", Some(&json!({}))).await;
        assert_eq!(status, StatusCode::CREATED, "the place takes this way");

        let mut altered = token.to_owned().into_bytes();
        altered[40] = if altered[40] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let foreign = Desk::new(Kind::Sqlite).await;
        let elsewhere = foreign.clerk("clerk.sjz", "130100").await;
        let (_, foreign) = foreign.post(&elsewhere, "links", &ask).await;
        desk.later(Duration::from_hours(24)).await;
        let mut refused =
            vec![follow(&altered).await, follow(foreign["token"].as_str().unwrap()).await, follow("").await];
        desk.later(Duration::from_hours(10 * 24)).await;
        refused.push(follow(token).await);
        for answer in &refused {
            assert_eq!((answer.0, code(&answer.1)), (StatusCode::GONE, "link.not_valid"));
            assert_eq!(answer, &refused[0], "one answer");
        }
        let (status, answer) = desk.app_call("", "/v1/activations", Some(&own)).await;
        assert_eq!((status, code(&answer)), (StatusCode::GONE, "link.not_valid"));
    }
}

#[tokio::test]
async fn in_a_browser_a_link_is_a_page_with_one_button_and_the_app_says_who_holds_the_phone() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let (status, issued) =
            desk.post(&clerk, "links", &json!({ "id_number": WANG, "channel": "app", "days": 30 })).await;
        assert_eq!(status, StatusCode::CREATED, "{issued}");
        let token = issued["token"].as_str().unwrap();
        let visit = async |token: &str, language: &str| {
            let call = desk.client.get(desk.url(&format!("/v1/links/{token}")));
            let answer =
                call.header("accept", "text/html,*/*").header("accept-language", language).send().await.unwrap();
            let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.starts_with("default-src 'none'") && answer.headers()["referrer-policy"] == "no-referrer");
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        for (language, words) in [("zh", "可以办养老认证了"), ("en", "It is time to certify")] {
            let (status, page) = visit(token, language).await;
            assert!(status == 200 && page.contains(words), "{page}");
            assert!(page.contains(&format!("href=\"jianzai://links/{token}\"")), "{page}");
            assert!(!page.contains("王") && !page.contains(WANG), "it names nobody");
            let (status, page) = visit("AbC-_9", language).await;
            assert!(status == 410 && !page.contains("AbC") && !page.contains("<a "), "{page}");
        }
        // The app's link says nothing of who holds the phone.
        for (mode, way) in [("self", "app_self"), ("assisted", "app_assisted")] {
            let mut own = facts(WANG, "王健在", "440300", Some(token));
            own["mode"] = mode.into();
            let (status, answer) = desk.app_call("", "/v1/activations", Some(&own)).await;
            assert_eq!(status, StatusCode::CREATED, "{answer}");
            let newest = activation::Entity::find().order_by_desc(activation::Column::Id);
            let row = newest.one(desk.app.store.reads()).await.unwrap().unwrap();
            assert_eq!((row.channel.as_deref(), row.way().name()), (None, way));
        }
    }
}

#[tokio::test]
async fn links_are_issued_within_ones_area_and_for_ways_that_are_open() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let ask = |id: &str, days: u8| json!({ "id_number": id, "channel": "e_card_link", "days": days });
        let (status, answer) = desk.post(&clerk, "links", &ask(LI, 10)).await;
        assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"));
        assert_eq!(desk.post(&clerk, "links", &ask(WANG, 0)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(desk.post(&clerk, "links", &ask(WANG, 91)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "440300").await;
        assert_eq!(desk.post(&volunteer, "links", &ask(WANG, 10)).await.0, StatusCode::FORBIDDEN);
    }
}
