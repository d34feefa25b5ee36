//! Each instruction is on one list, and each list reads the same each time.

use sea_orm::sea_query::Expr;
use time::macros::date;

use super::*;
use crate::db::desk_entity::audit_entry;
use crate::tests::{Kind, World};
use crate::year::dates::day_number;
use crate::year::tests::stage::morning;

async fn office(kind: Kind) -> (World, Office) {
    let world = World::new(kind).await;
    let office = Office::open(&world.config, &crate::clock::SystemClock).await.unwrap();
    (world, office)
}

async fn tell(world: &World, who: u128, number: usize, told: Instruction) {
    let tx = world.store.begin("test").await.unwrap();
    let row = rows::of_instruction(Uuid::from_u128(who), number, date!(2026 - 07 - 01), &told);
    row.insert(&*tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn certified(world: &World, who: u128, on: time::Date) {
    let day = day_number(on);
    let row = certification::ActiveModel {
        id: Set(Uuid::from_u128(who + 100)),
        beneficiary_id: Set(Uuid::from_u128(who)),
        channel: Set("office_id_card".to_owned()),
        brought_by: Set("staff".to_owned()),
        proof_day: Set(day),
        recorded_day: Set(day),
        recorded_at: Set(to_millis(morning(on))),
        decided_by: Set("staff".to_owned()),
        policy_place: Set("440300".to_owned()),
        policy_version: Set(1),
        ..Default::default()
    };
    let tx = world.store.begin("test").await.unwrap();
    row.insert(&*tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn written(office: &Office, number: i64, form: Form) -> Result<Zeroizing<String>, OfficeError> {
    let list = office.write_list(number, form).await?;
    office.note_written(number, form, &list.left_out, morning(date!(2026 - 07 - 05))).await?;
    Ok(list.text)
}

/// What is on a list: how many lines, and what is left out.
async fn counted(office: &Office, number: i64) -> (usize, Vec<Uuid>) {
    let list = office.write_list(number, Form::Csv).await.unwrap();
    (list.text.lines().count() - 1, list.left_out)
}

/// Puts bytes where a name was.
async fn rename(world: &World, who: u128, sealed: Vec<u8>) {
    let column = beneficiary::Column::Name;
    let row = beneficiary::Entity::update_many().col_expr(column, Expr::value(sealed));
    let row = row.filter(beneficiary::Column::Id.eq(Uuid::from_u128(who)));
    row.exec(world.store.single()).await.unwrap();
}

#[tokio::test]
async fn each_instruction_is_on_one_list_which_reads_the_same_each_time() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = office(kind).await;
        let july = Month::of(date!(2026 - 07 - 01));
        world.person(1, "440300", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
        world.person(2, "440100", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
        assert_eq!(office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap(), None, "nothing to tell");
        tell(&world, 1, 0, Instruction::Suspend { from: july }).await;
        tell(&world, 2, 0, Instruction::BackPay { months: vec![july, july.plus(1)] }).await;
        assert_eq!(office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap(), Some((1, 2)));
        tell(&world, 1, 1, Instruction::BackPay { months: vec![july] }).await;
        assert_eq!(office.make_list(morning(date!(2026 - 07 - 02))).await.unwrap(), Some((2, 1)));
        assert_eq!(office.make_list(morning(date!(2026 - 07 - 02))).await.unwrap(), None);
        let csv = written(&office, 1, Form::Csv).await.unwrap();
        assert_eq!(csv, written(&office, 1, Form::Csv).await.unwrap());
        let second: Vec<_> = csv.lines().nth(2).unwrap().split(',').skip(3).collect();
        assert_eq!(second, ["440100", "back_pay", "2026-07-01", "", "2026-07 2026-08", "", "", ""]);
        let core = written(&office, 1, Form::Core).await.unwrap();
        let number = crate::tests::id_number(date!(1945 - 09 - 15), 1);
        let first = format!("王健在,{},440300,2026,,0,0,2,", number.expose());
        let line = core.lines().nth(1).unwrap();
        assert!(line.starts_with(&first) && line.ends_with(",suspend,2026-07,,"), "{line}");
        assert!(core.lines().nth(2).unwrap().ends_with(",back_pay,,2026-07 2026-08,"));
        certified(&world, 1, date!(2026 - 07 - 03)).await;
        assert_eq!(core, written(&office, 1, Form::Core).await.unwrap(), "what came later is another list's matter");
        let later = written(&office, 2, Form::Core).await.unwrap();
        assert!(later.lines().nth(1).unwrap().contains(",2026,,"), "{}", later.as_str());
        tell(&world, 1, 2, Instruction::BackPay { months: vec![july] }).await;
        assert_eq!(office.make_list(morning(date!(2026 - 07 - 04))).await.unwrap(), Some((3, 1)));
        let third = written(&office, 3, Form::Core).await.unwrap();
        assert!(third.lines().nth(1).unwrap().contains(",2026,office_id_card,1,"), "{}", third.as_str());
        let json: serde_json::Value = serde_json::from_str(&written(&office, 2, Form::Json).await.unwrap()).unwrap();
        assert_eq!((json[0]["kind"].as_str(), json.as_array().unwrap().len()), (Some("back_pay"), 1));
        assert!(matches!(written(&office, 4, Form::Csv).await, Err(OfficeError::Refused(_))));
        let logged = audit_entry::Entity::find().order_by_asc(audit_entry::Column::Seq).all(world.store.reads());
        let logged = logged.await.unwrap().into_iter().map(|row| format!("{} {}", row.action, row.detail));
        let logged: Vec<_> = logged.filter(|entry| entry.starts_with("payer_list")).collect();
        let first = ["payer_list_made 1,2", "payer_list_made 2,1", "payer_list_written 1,csv"];
        assert_eq!(
            (&logged[..3], logged.len()),
            (&first.map(str::to_owned)[..], 3 + 7),
            "each time that names are written"
        );
    }
}

#[tokio::test]
async fn a_list_that_nobody_has_written_to_its_end_comes_before_any_other() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = office(kind).await;
        let july = Month::of(date!(2026 - 07 - 01));
        world.person(1, "440300", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
        assert_eq!(office.unwritten_list().await.unwrap(), None);
        for (number, list) in [(0, 1), (1, 2)] {
            tell(&world, 1, number, Instruction::BackPay { months: vec![july] }).await;
            assert_eq!(office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap(), Some((list, 1)));
            assert_eq!(office.unwritten_list().await.unwrap(), Some(1));
        }
        assert_eq!(counted(&office, 1).await, (1, vec![]));
        assert_eq!(office.unwritten_list().await.unwrap(), Some(1), "nobody may have seen it");
        for (written_now, next) in [(1, Some(2)), (1, Some(2)), (2, None)] {
            written(&office, written_now, Form::Csv).await.unwrap();
            assert_eq!(office.unwritten_list().await.unwrap(), next);
        }
        assert!(matches!(
            office.note_written(3, Form::Csv, &[], OffsetDateTime::UNIX_EPOCH).await,
            Err(OfficeError::Refused(_))
        ));
    }
}

#[tokio::test]
async fn whoever_cannot_be_read_costs_nobody_else_their_line_and_is_told_on_a_later_list() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = office(kind).await;
        let july = Month::of(date!(2026 - 07 - 01));
        for who in [1, 2] {
            world.person(who, "440300", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
            tell(&world, who, 0, Instruction::Suspend { from: july }).await;
        }
        let one = instruction::Entity::find().filter(instruction::Column::BeneficiaryId.eq(Uuid::from_u128(1)));
        let one = one.one(world.store.reads()).await.unwrap().unwrap().id;
        let kept = beneficiary::Entity::find_by_id(Uuid::from_u128(1)).one(world.store.reads()).await.unwrap().unwrap();
        rename(&world, 1, vec![1, 2, 3]).await;
        let make = async || office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap();
        assert_eq!(make().await, Some((1, 2)));
        for _ in 0..2 {
            assert_eq!(counted(&office, 1).await, (1, vec![one]));
        }
        assert_eq!(make().await, None, "it is on no other list before the first is noted");
        written(&office, 1, Form::Csv).await.unwrap();
        assert_eq!(counted(&office, 1).await, (1, vec![]));
        assert_eq!(make().await, Some((2, 1)));
        written(&office, 2, Form::Csv).await.unwrap();
        assert_eq!(make().await, Some((3, 1)), "as often as it takes");
        rename(&world, 1, kept.name).await;
        assert_eq!(counted(&office, 3).await, (1, vec![]));
        written(&office, 3, Form::Csv).await.unwrap();
        // The payer has it: nothing goes off a list that was written.
        rename(&world, 1, vec![1, 2, 3]).await;
        written(&office, 3, Form::Csv).await.unwrap();
        assert_eq!((counted(&office, 3).await, make().await), ((0, vec![one]), None));
        let lists = payer_list::Entity::find().order_by_asc(payer_list::Column::Number).all(world.store.reads());
        let holds: Vec<_> = lists.await.unwrap().iter().map(|list| list.instructions).collect();
        assert_eq!(holds, [1, 0, 1]);
        let logged = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("payer_list_written"));
        let logged = logged.order_by_asc(audit_entry::Column::Seq).all(world.store.reads()).await.unwrap();
        let logged: Vec<_> = logged.iter().map(|entry| entry.detail.as_str()).collect();
        assert_eq!(logged, ["1,csv,left_out.1", "2,csv,left_out.1", "3,csv", "3,csv,left_out.1"]);
    }
}

#[tokio::test]
async fn of_one_person_a_later_instruction_is_not_told_without_the_earlier() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = office(kind).await;
        let july = Month::of(date!(2026 - 07 - 01));
        world.person(1, "440300", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
        tell(&world, 1, 0, Instruction::Suspend { from: july }).await;
        tell(&world, 1, 1, Instruction::BackPay { months: vec![july] }).await;
        let first = instruction::Entity::update_many().filter(instruction::Column::Number.eq(0));
        let unknown = first.col_expr(instruction::Column::Kind, Expr::value("of a later release"));
        unknown.exec(world.store.single()).await.unwrap();
        office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap();
        let (told, left_out) = counted(&office, 1).await;
        assert_eq!((told, left_out.len()), (0, 2));
    }
}

#[test]
fn whoever_lives_below_the_insured_place_lives_there() {
    assert!(lies_in("440305", "440300") && lies_in("440300", "440300"));
    assert!(!lies_in("530100", "440300") && !lies_in("440000", "440300"));
}
