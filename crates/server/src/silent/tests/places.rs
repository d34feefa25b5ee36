//! Guangzhou's monthly comparison and Qingdao's ladder, lived through the tables by files and rules alone.

use jianzai_wire::Language;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use time::macros::date;
use time::{Date, Duration};

use super::stage::{Stage, who};
use crate::channels::{ByHand, Certified};
use crate::db::year::{benefit, instruction, message, review};
use crate::silent::{Part, Rules};
use crate::tests::Kind;
use crate::year::channel::{Channel, Reason};
use crate::year::dates::{day_number, days_after, months_after};
use crate::year::record::{Ground, Party};
use crate::year::tests::stage::{CLERK, CLERK_ID, OFFICE, morning};

/// Looks every day after the one up to and with the other, and sends what is due.
async fn live(stage: &Stage, today: &mut Date, until: Date) {
    while *today < until {
        *today = days_after(*today, 1);
        look(stage, *today).await;
    }
}

async fn look(stage: &Stage, day: Date) {
    stage.office.tick(morning(day)).await.unwrap();
    stage.world.hand_over(day).await;
}

async fn standing(stage: &Stage, person: u128) -> String {
    benefit::Entity::find_by_id(who(person)).one(stage.world.store.reads()).await.unwrap().unwrap().standing
}

/// Kind and first month of everything that the payer was told about somebody.
async fn told(stage: &Stage, person: u128) -> Vec<(String, String)> {
    let rows = instruction::Entity::find().order_by_asc(instruction::Column::Number);
    let rows = rows.all(stage.world.store.reads()).await.unwrap();
    let of = rows.into_iter().filter(|row| row.beneficiary_id == who(person));
    of.map(|row| {
        (
            row.kind,
            format!(
                "{}{}",
                row.from_month.unwrap_or_default(),
                if row.months.is_empty() { String::new() } else { format!(" {}", row.months) }
            ),
        )
    })
    .collect()
}

/// Rungs that were sent to somebody's people, in order.
async fn rungs(stage: &Stage, person: u128) -> Vec<(String, String)> {
    let rows =
        message::Entity::find().order_by_asc(message::Column::DecidedOn).order_by_asc(message::Column::Recipient);
    let rows = rows.all(stage.world.store.reads()).await.unwrap();
    rows.into_iter().filter(|row| row.beneficiary_id == who(person)).map(|row| (row.rung, row.recipient)).collect()
}

fn said(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

async fn guangzhou(kind: Kind) {
    let (came, rules) = (date!(2026 - 01 - 15), Rules::shipped("guangzhou").unwrap());
    // 1 is in every register; 2 is lost in June and found again in September; 3 is lost, and shows the face each month; 4 is
    // lost in June by a register that was wrong.
    let mut stage = Stage::new(kind, "440100", 4, came).await;
    let mut today = came;
    let compare = async |stage: &mut Stage, today: &mut Date, day: Date, stated: &[(u128, &str)]| {
        live(stage, today, day).await;
        stage.register(stated, day, day).await;
        let report = stage.run(rules, false, day).await;
        look(stage, day).await;
        report
    };
    let all = [1, 2, 3, 4].map(|person| (person, "resident"));
    for day in [date!(2026 - 02 - 14), date!(2026 - 03 - 16), date!(2026 - 04 - 15)] {
        let report = compare(&mut stage, &mut today, day, &all).await;
        assert_eq!(report.recorded(), [4, 0, 0], "{day}");
    }
    for person in 1..=4 {
        assert_eq!((rungs(&stage, person).await, told(&stage, person).await), (vec![], vec![]), "found: paid on");
    }
    // In May no comparison is made, and a run that would compare nothing misses nobody; in June one finds one of four. One of those
    // not found has shown the face in the month.
    live(&stage, &mut today, date!(2026 - 05 - 20)).await;
    let may = stage.run(rules, false, today).await;
    assert_eq!((may.recorded(), may.not_compared), ([0, 0, 0], Some(31)));
    live(&stage, &mut today, date!(2026 - 06 - 10)).await;
    for person in 1..=4 {
        assert_eq!((rungs(&stage, person).await, told(&stage, person).await), (vec![], vec![]), "paid on");
    }
    let face = ByHand {
        channel: Channel::AgencyByHand,
        by: Party::Staff(CLERK_ID),
        decided_by: Party::Staff(CLERK_ID),
        seconded_by: None,
        proof_date: today,
        ground: Ground::Reason(Reason::SeenInPerson),
    };
    let certified = stage.office.certify(who(3), &face, morning(today)).await.unwrap();
    assert!(matches!(certified, Certified::New(_)), "{certified:?}");
    let june = compare(&mut stage, &mut today, date!(2026 - 06 - 15), &[(1, "resident")]).await;
    assert_eq!((june.recorded(), june.not_compared), ([1, 0, 2], None));
    assert_eq!(standing(&stage, 2).await, "overdue");
    assert_eq!(rungs(&stage, 2).await, said(&[]), "the notice comes two weeks before");
    // The register had lost 4 by a mistake of its own: only that is taken back.
    live(&stage, &mut today, date!(2026 - 06 - 20)).await;
    stage.office.silent_revert(june.run, Part::Missing, CLERK_ID, morning(today)).await.unwrap();
    stage.register(&[(1, "resident"), (4, "resident")], today, today).await;
    let again = stage.run(rules, false, today).await;
    assert_eq!(again.recorded(), [2, 0, 1], "and 3 was seen this month");
    live(&stage, &mut today, date!(2026 - 07 - 06)).await;
    assert_eq!(
        rungs(&stage, 2).await,
        said(&[("notice", "elder"), ("notice", "elder"), ("stopped", "elder")]),
        "missed anew, told anew"
    );
    assert_eq!(told(&stage, 2).await, said(&[("suspend", "2026-07")]));
    for person in [1, 3, 4] {
        assert_eq!(told(&stage, person).await, said(&[]), "{person} is paid on");
    }
    // In September they are found again, and get back what was withheld.
    let september = date!(2026 - 09 - 15);
    compare(&mut stage, &mut today, september, &[(1, "resident"), (2, "resident"), (4, "resident")]).await;
    assert_eq!(standing(&stage, 2).await, "current");
    assert_eq!(told(&stage, 2).await, said(&[("suspend", "2026-07"), ("resume", "2026-10 2026-07,2026-08,2026-09")]));
    assert_eq!(told(&stage, 1).await, said(&[]));
    // In October the register states a death: a clerk looks, and payment goes on until one has decided.
    let october = date!(2026 - 10 - 15);
    let report = compare(&mut stage, &mut today, october, &[(1, "deceased"), (2, "resident"), (4, "resident")]).await;
    assert_eq!(report.recorded()[1], 1);
    live(&stage, &mut today, date!(2026 - 11 - 20)).await;
    assert_eq!(told(&stage, 1).await, said(&[]));
}

async fn qingdao(kind: Kind) {
    let (came, rules) = (date!(2026 - 02 - 10), Rules::shipped("qingdao").unwrap());
    // The data see 1 every few months; 2 they lose after March; 3 dies.
    let mut stage = Stage::new(kind, "370200", 3, came).await;
    let mut today = came;
    let mut seen = vec![
        (1, "hospital_stay", date!(2026 - 02 - 20)),
        (2, "clinic_visit", date!(2026 - 02 - 20)),
        (2, "vaccination", date!(2026 - 02 - 27)),
        (3, "hospital_stay", date!(2026 - 02 - 20)),
    ];
    for month in 0..9 {
        let day = months_after(date!(2026 - 03 - 01), month);
        live(&stage, &mut today, day).await;
        seen.extend((month % 3 == 2).then_some((1, "home_care", day - Duration::days(2))));
        seen.extend((month == 4).then_some((3, "death", day - Duration::days(9))));
        stage.events(&seen, day).await;
        seen.clear();
        let report = stage.run(rules, false, day).await;
        look(&stage, day).await;
        let [.., deaths, missing] = report.recorded();
        assert_eq!(deaths, u64::from(month >= 4), "{day}");
        assert_eq!(missing, 0, "{day}: a proof of February is no year old");
    }
    for person in 1..=2 {
        let row = benefit::Entity::find_by_id(who(person)).one(stage.world.store.reads()).await.unwrap().unwrap();
        let proof = if person == 1 { date!(2026 - 10 - 30) } else { date!(2026 - 02 - 20) };
        assert_eq!(row.due_by, Some(day_number(months_after(proof, 12))), "the due date has moved on");
        assert_eq!(rungs(&stage, person).await, said(&[]), "nobody noticed anything");
    }
    let reviews = stage.world.rows_of(&["review"]).await;
    assert_eq!(reviews["review"].len(), 1, "one death is reported once, month after month");
    assert_eq!(told(&stage, 3).await, said(&[]), "a clerk decides");
    let case = review::Entity::find().one(stage.world.store.reads()).await.unwrap().unwrap();
    let ground = stage.office.silent_ground(&case, Language::En).await.unwrap().unwrap();
    assert!(ground.starts_with("A death was reported, a clerk decides: ") && ground.contains("2026-06-22"), "{ground}");
    // In March the second is found no more: asked for the face, then visited, and never unpaid.
    live(&stage, &mut today, date!(2027 - 02 - 25)).await;
    let mut missing = 0;
    for day in [date!(2027 - 03 - 01), date!(2027 - 04 - 01)] {
        live(&stage, &mut today, day).await;
        let report = stage.run(rules, false, day).await;
        missing += report.recorded()[2];
        look(&stage, day).await;
    }
    assert_eq!(missing, 2, "twice");
    let ladder = [("face", "elder"), ("again", "elder"), ("visit", "community")];
    assert_eq!(rungs(&stage, 2).await, said(&ladder));
    assert_eq!(rungs(&stage, 1).await, said(&[]));
    let ground = Ground::Reason(Reason::NotReached);
    let visit = ByHand {
        channel: Channel::HomeVisit,
        by: OFFICE,
        decided_by: CLERK,
        seconded_by: None,
        proof_date: today,
        ground,
    };
    let certified = stage.office.certify(who(2), &visit, morning(today)).await.unwrap();
    assert!(matches!(certified, Certified::New(_)), "{certified:?}");
    look(&stage, today).await;
    assert_eq!((standing(&stage, 2).await, told(&stage, 2).await), ("current".to_owned(), said(&[])));
    // Whoever was visited is not asked again because the data still do not find them.
    live(&stage, &mut today, date!(2027 - 05 - 01)).await;
    assert_eq!(stage.run(rules, false, today).await.recorded()[2], 0);
}

#[tokio::test]
async fn guangzhou_compares_the_household_register_each_month() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        guangzhou(kind).await;
    }
}

#[tokio::test]
async fn qingdao_is_silent_then_asks_then_visits() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        qingdao(kind).await;
    }
}
