//! One person has one time ahead of them and a call has one outcome, whoever else says something at the same moment.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, QueryFilter as _};
use time::OffsetDateTime;

use super::*;
use crate::chronicle::rows::of_party;
use crate::columns::seal;
use crate::db::entity::beneficiary;
use crate::db::year::{message, slot};
use crate::messages::FileSender;
use crate::tests::on_both_databases;

on_both_databases!(
    of_two_times_that_somebody_books_at_once_one_is_given_back,
    a_call_has_one_outcome_and_keeps_who_decided_it,
    a_call_is_reminded_of_by_phone_alone_and_not_once_it_is_over,
    a_reminder_that_still_waits_when_the_call_begins_is_not_sent,
);

const DESK: Uuid = Uuid::from_u128(77);
const COLLEAGUE: Party = Party::Staff(Uuid::from_u128(8));

/// Nanjing calls: so many times, on the day after tomorrow.
async fn offered(kind: Kind, times: i64) -> (World, Office, OffsetDateTime, Vec<Uuid>) {
    let (world, office) = place(kind, "320100").await;
    let now = morning(date!(2026 - 08 - 10));
    let times: Vec<_> = (0..times).map(|number| now + Duration::hours(50) + Duration::minutes(15 * number)).collect();
    office.offer_slots(DESK, &times, 15, CLERK, now).await.unwrap();
    let free = office.free_slots(DESK, now).await.unwrap();
    (world, office, now, free.into_iter().map(|(time, _)| time).collect())
}

async fn of_two_times_that_somebody_books_at_once_one_is_given_back(kind: Kind) {
    let (world, office, now, free) = offered(kind, 10).await;
    for pair in free.chunks(2) {
        let [first, second] = *pair else { panic!("{pair:?}") };
        let both = tokio::join!(office.book(first, person(1), CLERK, now), office.book(second, person(1), CLERK, now));
        assert!(matches!(both, (Ok(()), Ok(()))), "{both:?}");
        let theirs = slot::Entity::find().filter(slot::Column::BeneficiaryId.eq(person(1)));
        let theirs: Vec<_> = theirs.all(world.store.reads()).await.unwrap().iter().map(|row| row.id).collect();
        assert!(theirs == [first] || theirs == [second], "{theirs:?}");
    }
}

async fn a_call_has_one_outcome_and_keeps_who_decided_it(kind: Kind) {
    let (world, office, now, free) = offered(kind, 3).await;
    for (number, call) in (1..).zip(&free) {
        office.book(*call, person(number), CLERK, now).await.unwrap();
    }
    let then = now + Duration::hours(60);
    for call in free {
        let ended = |outcome, by| office.call_ended(call, outcome, Party::Beneficiary, by, then);
        let noted = async || slot::Entity::find_by_id(call).one(world.store.reads()).await.unwrap().unwrap();
        let both = tokio::join!(ended(VideoOutcome::Certified, CLERK), ended(VideoOutcome::NotSure, STAFF));
        let (outcome, by, said) = match both {
            (Ok(Some(Certified::New(_))), Err(SlotRefused::Decided)) => (VideoOutcome::Certified, CLERK, "certified"),
            (Err(SlotRefused::Decided), Ok(None)) => (VideoOutcome::NotSure, STAFF, "not_sure"),
            both => panic!("{both:?}"),
        };
        let first = noted().await;
        assert_eq!((first.outcome.as_deref(), &first.decided_by), (Some(said), &Some(of_party(by))));
        let is_recorded = records(&world).await.iter().any(|record| record.evidence_id == Some(call));
        assert_eq!(is_recorded, outcome == VideoOutcome::Certified);
        ended(outcome, COLLEAGUE).await.unwrap();
        assert_eq!(noted().await, first, "whoever says the same again has not decided it");
    }
}

async fn a_reminder_that_still_waits_when_the_call_begins_is_not_sent(kind: Kind) {
    let (world, office, now, free) = offered(kind, 1).await;
    office.book(free[0], person(1), CLERK, now).await.unwrap();
    let sender = FileSender::new(world.config.data.join("messages")).unwrap();
    let sent = office.send(&sender, now + Duration::hours(51)).await.unwrap();
    assert_eq!((sent.handed_over, sent.withdrawn), (1, 1), "told of the booking, and reminded of nothing");
}

async fn a_call_is_reminded_of_by_phone_alone_and_not_once_it_is_over(kind: Kind) {
    let (world, office, now, free) = offered(kind, 3).await;
    let [first, second, third] = free[..] else { panic!("{free:?}") };
    let no_phone = seal(&world.keys, crate::register::place("phones", person(2)), b"").unwrap();
    let row = beneficiary::Entity::update_many().col_expr(beneficiary::Column::Phones, Expr::value(no_phone));
    row.filter(beneficiary::Column::Id.eq(person(2))).exec(world.store.single()).await.unwrap();
    for (number, call) in (1..).zip([first, second, third]) {
        office.book(call, person(number), CLERK, now).await.unwrap();
    }
    let told = async |number: u128| {
        let rows = message::Entity::find().filter(message::Column::BeneficiaryId.eq(person(number)));
        let rows = rows.all(world.store.reads()).await.unwrap();
        let said = |row: &message::Model| format!("{} {:?} {}", row.template, row.medium, row.state);
        let mut said: Vec<_> = rows.iter().map(said).collect();
        said.sort_unstable();
        said
    };
    let by_phone = [r#"call_booked Some("sms") waiting"#, r#"call_soon Some("sms") waiting"#];
    assert_eq!(told(1).await, by_phone);
    assert_eq!(told(2).await, [r#"call_booked Some("letter") waiting"#], "a letter would come after the call");
    let ended = |call, at| office.call_ended(call, VideoOutcome::NotReached, Party::Beneficiary, CLERK, at);
    let then = now + Duration::hours(51);
    ended(first, then).await.unwrap();
    assert_eq!(told(1).await, [by_phone[0], r#"call_soon Some("sms") withdrawn"#]);
    // What is put down late of one call leaves the reminder of the next.
    office.offer_slots(DESK, &[now + Duration::hours(240)], 15, CLERK, then).await.unwrap();
    let next = office.free_slots(DESK, then).await.unwrap()[0].0;
    office.book(next, person(3), CLERK, then).await.unwrap();
    ended(third, then).await.unwrap();
    assert_eq!(told(3).await.iter().filter(|said| said.ends_with("waiting")).collect::<Vec<_>>(), by_phone);
}
