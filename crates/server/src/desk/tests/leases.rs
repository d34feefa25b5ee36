//! Plans that are lent for one person: which of them people look at.

use std::collections::BTreeSet;

use super::*;

/// A volunteer, and the one person on their list.
async fn village(desk: &Desk) -> (Clerk, Uuid) {
    let clerk = desk.clerk("clerk.wang", "440300").await;
    let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "440300").await;
    let list = json!({ "volunteer": volunteer.id, "people": [WANG], "days": 31 });
    assert_eq!(desk.post(&clerk, "rosters", &list).await.0, StatusCode::CREATED);
    (volunteer, desk.person(WANG).await.id)
}

/// Lends a plan: the attempt, and whether somebody will look at it.
async fn lend(desk: &Desk, by: &Clerk, person: Uuid) -> (Uuid, bool) {
    let (status, lease) = desk.post(by, "leases", &json!({ "person": person, "device_key": "07".repeat(32) })).await;
    assert_eq!(status, StatusCode::CREATED, "{lease}");
    let id: Uuid = lease["attempt"]["id"].as_str().unwrap().parse().unwrap();
    let row = attempt::Entity::find_by_id(id).one(desk.app.store.reads()).await.unwrap().unwrap();
    (id, row.sampled)
}

/// What came of it.
async fn ended(desk: &Desk, id: Uuid, state: State, sampled: bool) {
    let tx = desk.app.store.begin("test").await.unwrap();
    let judged_at = Set(Some(desk.clock.now()));
    let row =
        attempt::ActiveModel { id: Set(id), state: Set(state), sampled: Set(sampled), judged_at, ..Default::default() };
    row.update(&*tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn whoever_tries_again_has_the_same_draw() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for drawn in [true, false] {
            let desk = Desk::new(kind).await;
            let (volunteer, person) = village(&desk).await;
            let (first, _) = lend(&desk, &volunteer, person).await;
            ended(&desk, first, State::Open, drawn).await;
            // Two more are out at once; then one after another is refused, or waits in review.
            let mut out = lend(&desk, &volunteer, person).await;
            for state in [State::Review, State::Refused].into_iter().cycle().take(40) {
                let next = lend(&desk, &volunteer, person).await;
                assert_eq!((out.1, next.1), (drawn, drawn), "{kind:?}");
                ended(&desk, out.0, state, drawn).await;
                out = next;
            }
        }
    }
}

#[tokio::test]
async fn after_a_certificate_it_is_drawn_anew_whatever_else_is_out() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let (volunteer, person) = village(&desk).await;
        let mut draws = BTreeSet::new();
        // That 300 draws of one in ten are all alike happens once in ten million million times.
        for _ in 0..300 {
            let (first, second) = (lend(&desk, &volunteer, person).await, lend(&desk, &volunteer, person).await);
            assert_eq!(first.1, second.1);
            draws.insert(first.1);
            if draws.len() == 2 {
                break;
            }
            desk.later(Duration::from_secs(1)).await;
            ended(&desk, first.0, State::Certified, first.1).await;
            ended(&desk, second.0, State::Refused, second.1).await;
            desk.later(Duration::from_secs(1)).await;
        }
        assert_eq!(draws.len(), 2, "every draw was {draws:?}");
    }
}
