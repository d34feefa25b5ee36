//! The queue: one's own area, what is most urgent first, page by page.

use super::*;

async fn waiting(desk: &Desk, by: &Clerk, body: Value) -> (Vec<String>, Value) {
    let (status, answer) = desk.post(by, "reviews", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let names = answer["reviews"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
    (names.collect(), answer)
}

#[tokio::test]
async fn the_queue_shows_ones_own_area_with_what_is_overdue_first() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let hebei = desk.clerk("clerk.sjz", "130100").await;
        let whole = desk.clerk("clerk.all", "000000").await;
        let (late, _) = desk.submission(WANG).await;
        desk.later(Duration::from_hours(11 * 24)).await;
        let (fresh, _) = desk.submission(OUYANG).await;
        let (other, _) = desk.submission(LI).await;
        let (order, answer) = waiting(&desk, &clerk, json!({})).await;
        assert_eq!(order, [late.to_string(), fresh.to_string()]);
        let overdue: Vec<_> = answer["reviews"].as_array().unwrap().iter().map(|row| &row["overdue"]).collect();
        assert_eq!(overdue, [&json!(true), &json!(false)]);
        assert_eq!(answer["reviews"][0]["reasons"], json!(["match.unsure"]));
        for personal in ["王健在", WANG, "440300", "1380000"] {
            assert!(!answer.to_string().contains(personal), "by identifiers only");
        }
        assert_eq!(waiting(&desk, &hebei, json!({})).await.0, [other.to_string()]);
        assert_eq!(waiting(&desk, &whole, json!({})).await.0.len(), 3);
        assert_eq!(waiting(&desk, &clerk, json!({ "kind": "appeal" })).await.0.len(), 0);
        assert_eq!(waiting(&desk, &clerk, json!({ "after": late })).await.0, [fresh.to_string()]);
        for path in [format!("reviews/{other}/open"), format!("reviews/{}/open", Uuid::new_v4())] {
            let (status, answer) = desk.post(&clerk, &path, &Value::Null).await;
            assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, "desk.nobody_found"), "there or not");
        }
        assert_eq!(desk.reads(&clerk).await, ["case,review,elsewhere", "case,review,elsewhere"]);
        for (login, role) in [("a.v", StaffRole::Volunteer), ("a.a", StaffRole::Auditor)] {
            let other = desk.staff(login, role, "440300").await;
            assert_eq!(desk.post(&other, "reviews", &json!({})).await.0, StatusCode::FORBIDDEN, "{login}");
        }
    }
}

#[tokio::test]
async fn a_long_queue_comes_in_pages_and_no_case_twice() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let office = crate::office::Office::open(&desk.config, &*desk.clock).await.unwrap();
        let (mine, others) = (desk.person(WANG).await.id, desk.person(LI).await.id);
        for day in 0..120 {
            let then = desk.now() + time::Duration::days(day);
            office.report_death(if day % 2 == 0 { mine } else { others }, None, None, then).await.unwrap();
        }
        let (mut seen, mut after, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let (page, answer) = waiting(&desk, &clerk, json!({ "after": after })).await;
            assert!(page.len() <= 50);
            (pages, after) = (pages + 1, answer["next"].clone());
            seen.extend(page);
            if after.is_null() {
                break;
            }
        }
        let all: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), all.len(), pages), (60, 60, 2));
    }
}
