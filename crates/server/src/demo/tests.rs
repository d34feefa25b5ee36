//! The files are the same every time, and what they hold could be a register.

use std::collections::{BTreeMap, BTreeSet};

use jianzai_wire::{Division, IdNumber, Language, Name};
use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::clock::SystemClock;
use crate::config::Config;

const ON: Date = date!(2026 - 11 - 21);

fn options(people: u64, seed: u64) -> Options {
    Options { people, seed, on: ON }
}

fn rows(path: &Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).unwrap().records().map(|record| record.unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, seed| {
        let made = write(&folder.path().join(name), options(500, seed), None).unwrap();
        let files = [made.people, made.events].into_iter().chain(made.households);
        files.map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    let first = of("a", 1);
    assert_eq!(first, of("b", 1));
    assert_ne!(first, of("c", 2));
    assert_eq!(first.len(), 2 + 3);
}

#[test]
fn everybody_is_valid_and_there_once() {
    let people = People::new(options(10_000, 3)).unwrap();
    let (mut numbers, mut retired, mut ages, mut women) = (BTreeSet::new(), 0, BTreeMap::new(), 0);
    let each: Result<(), ()> = people.each(|person| {
        let id = IdNumber::parse_on(person.id_number.expose(), ON).unwrap();
        let digits = id.expose();
        assert!(numbers.insert(digits.to_owned()), "twice");
        let code = Division::from_code(digits[..6].parse().unwrap()).unwrap();
        retired += usize::from(!code.is_current());
        let woman = digits[16..17].parse::<u8>().unwrap() % 2 == 0;
        women += usize::from(woman);
        assert!(person.age >= if woman { 50 } else { 60 }, "{}", person.age);
        assert!(ON.year() - id.birth_date().year() - person.age as i32 <= 1);
        *ages.entry(person.age / 10 * 10).or_insert(0) += 1;
        assert!(person.insured_place.is_current() && person.residence.is_current());
        assert!(Name::parse(&person.name).is_ok());
        Ok(())
    });
    assert_eq!((each, numbers.len()), (Ok(()), 10_000));
    assert!((3_000..7_000).contains(&retired), "{retired}");
    assert!((5_300..6_400).contains(&women), "{women}");
    assert!(ages[&60] > ages[&70] && ages[&70] > ages[&80] && ages[&80] > ages[&90], "{ages:?}");
    assert!(ages[&100] >= 3, "{ages:?}");
}

#[test]
fn nobody_does_anything_after_death_but_spend() {
    let people = People::new(options(8_000, 7)).unwrap();
    let (mut dead, mut spent_after, mut told, mut silent) = (0, 0, 0, 0);
    let each: Result<(), ()> = people.each(|person| {
        let happened = events(person, ON);
        silent += usize::from(happened.is_empty() && person.died.is_none());
        assert!(happened.iter().all(|(_, day)| *day < ON));
        assert!(happened.is_sorted_by_key(|(_, day)| *day));
        if let Some(died) = person.died {
            dead += 1;
            let after = |kind| happened.iter().any(|(other, day)| *other == kind && *day > died);
            assert!(!after("hospital_stay") && !after("travel") && !after("clinic_visit"));
            spent_after += usize::from(after("card_spend"));
            told += usize::from(household_status(person, ON) == Some("deceased"));
            assert_ne!(
                household_status(person, died - time::Duration::DAY),
                Some("deceased"),
                "known before it happened"
            );
        } else {
            assert!(!happened.iter().any(|(kind, _)| matches!(*kind, "death" | "cremation")));
            assert_ne!(household_status(person, ON), Some("deceased"));
        }
        Ok(())
    });
    assert_eq!(each, Ok(()));
    assert!((200..700).contains(&dead), "{dead}");
    assert!(spent_after > 0 && told > dead * 7 / 10 && told < dead, "{spent_after} {told} of {dead}");
    assert!((160..600).contains(&silent), "{silent}");
}

#[tokio::test]
async fn the_register_is_imported_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let made = write(&folder.path().join("demo"), options(250, 11), None).unwrap();
    assert_eq!(rows(&made.people).len(), 250);
    assert_eq!(rows(&made.events).len() as u64, made.event_rows);
    let config = Config::new(folder.path().join("data"));
    let report = crate::import::import(&config, &SystemClock, &made.people, Language::En).await.unwrap();
    assert_eq!((report.added, report.left_out), (250, Vec::new()));
}

#[test]
fn pictures_go_round_and_lie_beside_the_register() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).unwrap();
    let made = |count| write(&folder.path().join("demo"), options(count, 5), Some(&pictures));
    assert!(matches!(made(5), Err(DemoError::Files { path, .. }) if path == pictures), "an empty folder");
    for (name, content) in [("b.JPEG", "second"), ("a.png", "first"), ("notes.txt", "none")] {
        std::fs::write(pictures.join(name), content).unwrap();
    }
    let rows = rows(&made(5).unwrap().people);
    let named: Vec<&str> = rows.iter().map(|row| &row[5]).collect();
    let [first, second] = ["portraits/0001.png", "portraits/0002.jpg"];
    assert_eq!(named, [first, second, first, second, first]);
    let content = |name| std::fs::read_to_string(folder.path().join("demo").join(name)).unwrap();
    assert_eq!([content(first), content(second)], ["first", "second"]);
}

#[test]
fn nobody_and_too_many_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for people in [0, MOST + 1] {
        assert!(matches!(write(folder.path(), options(people, 1), None), Err(DemoError::People)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_seed_and_day_make_valid_people(seed: u64, day in 0..20_000_i64, people in 1..200_u64) {
        let on = date!(1990 - 01 - 01) + time::Duration::days(day);
        let all = People::new(Options { people, seed, on }).unwrap();
        let mut numbers = BTreeSet::new();
        all.each(|person| {
            assert!(IdNumber::parse_on(person.id_number.expose(), on).is_ok());
            numbers.insert(person.id_number.expose().to_owned());
            events(person, on);
            Ok::<(), ()>(())
        }).unwrap();
        prop_assert_eq!(numbers.len() as u64, people);
    }
}
