//! A new version of a policy: shown before it is applied, applied once, and looked at by everybody on the next tick.

use sea_orm::EntityTrait as _;
use time::Date;
use time::macros::date;
use uuid::Uuid;

use crate::clock::SystemClock;
use crate::db::desk_entity::audit_entry;
use crate::db::year::benefit;
use crate::keys::Role;
use crate::office::{Applied, Office, OfficeError};
use crate::tests::{Kind, World};
use crate::year::dates::{day_number, days_after};
use crate::year::policy::SHIPPED;
use crate::year::record::Party;
use crate::year::standing::Standing;
use crate::year::tests::stage::{CLERK, CLERK_ID, morning};

const TODAY: Date = date!(2026 - 11 - 20);
const BORN: Date = date!(1945 - 09 - 15);

/// Shenzhen's second version: half a year instead of a year, from January.
fn second() -> String {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "shenzhen.toml").unwrap();
    text.replace("version = 1", "version = 2")
        .replace("valid_from = 2026-01-01", "valid_from = 2027-01-01")
        .replace("interval_months = 12", "interval_months = 6")
}

async fn office(kind: Kind) -> (World, Office) {
    let world = World::new(kind).await;
    for (number, place) in [(1, "440300"), (2, "440305"), (3, "440100")] {
        world.person(number, place, BORN, date!(2026 - 06 - 10), TODAY).await;
    }
    let office = Office::open(&world.config, &SystemClock).await.unwrap();
    assert_eq!(office.tick(morning(TODAY)).await.unwrap().looked_at, 3);
    (world, office)
}

fn sentence<T>(result: Result<T, OfficeError>) -> String {
    match result {
        Err(OfficeError::Refused(sentence)) => sentence,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn a_change_is_shown_before_it_is_applied_and_then_everybody_is_looked_at() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = office(kind).await;
        let (file, text, now) = ("two.toml", second(), morning(TODAY));
        let mut told = Vec::new();
        let shown = office.preview(file, &text, now, &mut |moved| told.push(*moved)).await.unwrap();
        let whom: Vec<_> = told.iter().map(|moved| moved.who).collect();
        assert_eq!(whom, [1, 2].map(Uuid::from_u128), "each is told");
        assert!(told.iter().all(|moved| moved.due_by.1 < moved.due_by.0));
        assert_eq!(
            (shown.on, shown.looked_at, shown.moved),
            (date!(2027 - 01 - 01), 2, 2),
            "Guangzhou is not concerned"
        );
        assert_eq!((shown.due_sooner, shown.due_later), (2, 0));
        assert_eq!(shown.standings.get(&(Standing::Current, Standing::Overdue)), Some(&2));
        let files = [(file.to_owned(), text)];
        assert_eq!(office.apply(&files, CLERK, now).await.unwrap(), Applied { added: 1, known: 0 });
        assert_eq!(office.apply(&files, CLERK, now).await.unwrap(), Applied { added: 0, known: 1 });
        assert_eq!(office.tick(now).await.unwrap().looked_at, 3);
        let row = || benefit::Entity::find_by_id(Uuid::from_u128(1)).one(world.store.reads());
        let before = row().await.unwrap().unwrap();
        assert_eq!((before.standing.as_str(), before.policy_version), ("current", Some(1)));
        assert_eq!(before.next_look, Some(day_number(date!(2027 - 01 - 01))), "the day on which it begins");
        office.tick(morning(date!(2027 - 01 - 01))).await.unwrap();
        let after = row().await.unwrap().unwrap();
        assert_eq!((after.standing.as_str(), after.policy_version), ("overdue", Some(2)));
    }
}

#[tokio::test]
async fn what_does_not_follow_or_has_faults_is_refused_and_nothing_of_it_applied() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (_world, office) = office(kind).await;
        let now = morning(TODAY);
        let apply = async |texts: &[String]| {
            let files: Vec<_> =
                texts.iter().enumerate().map(|(at, text)| (format!("{at}.toml"), text.clone())).collect();
            sentence(office.apply(&files, Party::Judge, now).await)
        };
        let late = second().replace("2027-01-01", "2026-11-20");
        assert!(apply(&[second(), late.clone()]).await.contains("begins today or earlier"));
        assert!(apply(&[second().replace("interval_months = 6", "interval_months = 5")]).await.contains("0.toml:"));
        let again = second().replace("spread_days = 28", "spread_days = 0");
        assert!(apply(&[second(), again]).await.contains("`version`"), "two files with one number");
        assert!(
            sentence(office.preview("late.toml", &late, now, &mut |_| ()).await).contains("begins today or earlier")
        );
        let shown = office.preview("two.toml", &second(), morning(days_after(TODAY, 1)), &mut |_| ()).await.unwrap();
        assert_eq!(shown.looked_at, 2, "nothing of it was applied");
    }
}

#[tokio::test]
async fn a_new_key_and_a_new_version_are_put_down() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind).await;
        let office = Office::open(&world.config, &SystemClock).await.unwrap();
        let key = office.add_key(&world.config, Role::Certificate, morning(TODAY)).await.unwrap();
        for _ in 0..2 {
            office.apply(&[("two.toml".to_owned(), second())], CLERK, morning(TODAY)).await.unwrap();
        }
        let logged = audit_entry::Entity::find().all(world.store.reads()).await.unwrap();
        let told: Vec<_> = logged.into_iter().map(|row| (row.action, row.actor_id, row.detail)).collect();
        let made = ("key_made".to_owned(), None, format!("certificate,{}", key.id));
        assert_eq!(told, [made, ("policies_applied".to_owned(), Some(CLERK_ID), "440300,2".to_owned())]);
    }
}
