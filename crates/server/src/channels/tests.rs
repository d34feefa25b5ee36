//! Each way by people ends in one record, however often it is brought, on both databases.

mod calls;
mod lists;

use jianzai_wire::{IdNumber, Name};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

use super::*;
use crate::db::year::{benefit, certification, fact};
use crate::office::Office;
use crate::tests::{Kind, World, id_number};
use crate::year::channel::{Channel, EvidenceKind, Reason};
use crate::year::dates::{day_number, days_after};
use crate::year::record::{Ground, Party, RecordFault};
use crate::year::tests::stage::{CLERK, EMPLOYER, OFFICE, STAFF, morning};

const TODAY: Date = date!(2026 - 06 - 01);
const BORN: Date = date!(1945 - 09 - 15);

async fn place(kind: Kind, insured_place: &str) -> (World, Office) {
    let world = World::new(kind).await;
    for number in 1..=3 {
        world.person(number, insured_place, BORN, date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
    }
    let office = Office::open(&world.config, &crate::clock::SystemClock).await.unwrap();
    (world, office)
}

fn person(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

async fn records(world: &World) -> Vec<certification::Model> {
    certification::Entity::find().order_by_asc(certification::Column::Id).all(world.store.reads()).await.unwrap()
}

#[tokio::test]
async fn what_the_desk_records_twice_is_one_record_and_is_looked_at_today() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "430300").await;
        let how = ByHand {
            channel: Channel::OfficeIdCard,
            by: STAFF,
            decided_by: STAFF,
            seconded_by: None,
            proof_date: TODAY,
            ground: Ground::Reason(Reason::SeenInPerson),
        };
        let (next_look, never) = (benefit::Column::NextLook, Expr::value(Option::<i64>::None));
        benefit::Entity::update_many().col_expr(next_look, never).exec(world.store.single()).await.unwrap();
        let Certified::New(id) = office.certify(person(1), &how, morning(TODAY)).await.unwrap() else {
            panic!("not new")
        };
        assert_eq!(office.certify(person(1), &how, morning(TODAY)).await.unwrap(), Certified::Known(id));
        let other = ByHand { channel: Channel::VideoCall, ..how };
        let refused = office.certify(person(1), &other, morning(TODAY)).await.unwrap();
        let Certified::Refused(faults) = refused else { panic!("{refused:?}") };
        assert!(faults.contains(&RecordFault::ChannelClosed));
        let kept = records(&world).await;
        assert_eq!((kept.len(), kept[0].reason.as_deref(), kept[0].delete_on), (1, Some("seen_in_person"), None));
        assert_eq!(fact::Entity::find().all(world.store.reads()).await.unwrap().len(), 1);
        let row = benefit::Entity::find_by_id(person(1)).one(world.store.reads()).await.unwrap().unwrap();
        assert_eq!(row.next_look, Some(day_number(TODAY)));
        assert_eq!(office.certify(person(9), &how, morning(TODAY)).await.unwrap(), Certified::NoPolicy);
        // Found void, it counts no more, and that is put down once.
        let clerk = Uuid::from_u128(2);
        assert!(office.revoke(id, clerk, morning(TODAY)).await.unwrap());
        assert!(!office.revoke(id, clerk, morning(days_after(TODAY, 1))).await.unwrap());
        let facts = fact::Entity::find().order_by_asc(fact::Column::Kind).all(world.store.reads()).await.unwrap();
        let kinds: Vec<_> = facts.iter().map(|fact| (fact.kind.as_str(), fact.about_id)).collect();
        assert_eq!(kinds, [("certified", Some(id)), ("revoked", Some(id))]);
    }
}

#[tokio::test]
async fn a_home_visit_has_its_second_person_where_the_policy_wants_one() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "440300").await;
        let (_, text) = crate::year::policy::SHIPPED.iter().find(|(name, _)| *name == "shenzhen.toml").unwrap();
        let text = text
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", "2026-06-01")
            .replace("proof_age_days", "second_person = [\"home_visit\"]\nproof_age_days");
        let before = morning(days_after(TODAY, -5));
        office.apply(&[("two.toml".to_owned(), text)], CLERK, before).await.unwrap();
        let visit = ByHand {
            channel: Channel::HomeVisit,
            by: OFFICE,
            decided_by: CLERK,
            seconded_by: None,
            proof_date: days_after(TODAY, -5),
            ground: Ground::Reason(Reason::SeverelyIll),
        };
        assert!(
            matches!(office.certify(person(1), &visit, before).await.unwrap(), Certified::New(_)),
            "the first version"
        );
        let today = ByHand { proof_date: TODAY, ..visit };
        let missing = Certified::Refused(vec![RecordFault::SecondMissing]);
        for second in [None, Some(OFFICE), Some(CLERK)] {
            let alone = ByHand { seconded_by: second, ..today };
            assert_eq!(office.certify(person(2), &alone, morning(TODAY)).await.unwrap(), missing);
        }
        let two = ByHand { seconded_by: Some(STAFF), ..today };
        assert!(matches!(office.certify(person(2), &two, morning(TODAY)).await.unwrap(), Certified::New(_)));
        assert!(records(&world).await.iter().any(|record| record.seconded_by.is_some()));
    }
}

fn list(rows: &[(&str, &str, &str)]) -> String {
    let lines = rows.iter().map(|(name, number, day)| format!("{day},{name},{number}\n"));
    "\u{feff}proof_date,name,id_number\n".to_owned() + &lines.collect::<String>()
}

#[tokio::test]
async fn a_list_is_answered_line_by_line_and_the_same_list_again_changes_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "110000").await;
        let number = |number: u16| id_number(BORN, number).expose().to_owned();
        let (first, second, unknown) = (number(1), number(2), number(7));
        let file = list(&[
            ("王健在", &first, "2026-05-20"),
            ("李安", &second, "2026-05-20"),
            ("王健在", &unknown, "2026-05-20"),
            ("王健在", "110101194509150000", "2026-05-20"),
            ("王健在", &second, "2026-06-02"),
            ("王健在", &second, "yesterday"),
            ("王健在", &second, "2026-05-21"),
        ]);
        let source = BatchSource { channel: Channel::Employer, by: EMPLOYER, decided_by: CLERK };
        let report = office.batch(source, file.as_bytes(), morning(TODAY)).await.unwrap();
        let answers: Vec<&str> = report.answers.lines().collect();
        assert_eq!(
            answers,
            [
                "line,result,reason",
                "2,recorded,",
                "3,refused,identity.not_confirmed",
                "4,refused,identity.not_confirmed",
                "5,refused,input.id_number_checksum",
                "6,refused,record.proof_in_future",
                "7,refused,input.body_invalid",
                "8,recorded,",
            ]
        );
        let again = office.batch(source, file.as_bytes(), morning(days_after(TODAY, 1))).await.unwrap();
        assert_eq!((again.recorded, again.known, again.refused), (1, 2, 4), "line 6 has become true");
        assert_eq!(records(&world).await.len(), 3);
        assert!(!format!("{report:?}").contains(&first));
        assert!(office.batch(source, "name,id_number\n".as_bytes(), morning(TODAY)).await.is_err());
    }
}

#[tokio::test]
async fn a_form_is_matched_by_its_code_and_its_scan_is_sealed() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "320100").await;
        let form = office.issue_form(person(1), Channel::PaperByMail, CLERK, morning(TODAY)).await.unwrap();
        assert_eq!((form.code.len(), form.until), (23, days_after(TODAY, 90)));
        let back = morning(days_after(TODAY, 20));
        let returned = Returned { proof_date: days_after(TODAY, 12), by: Party::Family, decided_by: CLERK };
        let wrong = office.return_form(&world.config, "ABCDE-ABCDE-ABCDE-ABCDE", b"scan", returned, back).await;
        assert!(matches!(wrong, Err(FormRefused::NotTaken)));
        let typed = form.code.to_lowercase().replace('-', " ");
        let certified = office.return_form(&world.config, &typed, b"a scan", returned, back).await.unwrap();
        let Certified::New(id) = certified else { panic!("{certified:?}") };
        let again = office.return_form(&world.config, &form.code, b"another scan", returned, back).await.unwrap();
        assert_eq!(again, Certified::Known(id));
        let kept = std::fs::read(world.config.data.join(format!("papers/{}.sealed", form.id))).unwrap();
        let place = crate::columns::Place { table: "mailed_form", column: "scan", row: form.id };
        assert_eq!(crate::columns::open(&world.keys, place, &kept).unwrap().as_slice(), b"a scan");
        let record = records(&world).await.pop().unwrap();
        assert_eq!((record.evidence_id, record.proof_day), (Some(form.id), day_number(days_after(TODAY, 12))));
        let (data, gone) = (&world.config.data, record.delete_on.unwrap());
        assert_eq!(gone, day_number(days_after(TODAY, 20 + 730)), "as long as Nanjing keeps papers");
        let last = crate::year::dates::numbered_day(gone);
        assert_eq!(mailed::delete_due(&world.store, data, last).await.unwrap(), 0);
        assert_eq!(mailed::delete_due(&world.store, data, days_after(last, 1)).await.unwrap(), 1);
        assert!(!data.join(format!("papers/{}.sealed", form.id)).exists());
        assert_eq!(mailed::delete_due(&world.store, data, days_after(last, 1)).await.unwrap(), 0);
        let again = office.return_form(&world.config, &form.code, b"scan", returned, morning(last)).await.unwrap();
        assert_eq!(again, Certified::Known(id), "and nothing is kept anew");
        assert!(!data.join(format!("papers/{}.sealed", form.id)).exists());
        let late = office.issue_form(person(2), Channel::PaperByMail, CLERK, morning(TODAY)).await.unwrap();
        let over = morning(days_after(TODAY, 91));
        let refused = office.return_form(&world.config, &late.code, b"scan", returned, over).await;
        assert!(matches!(refused, Err(FormRefused::NotTaken)));
        assert!(office.issue_form(person(1), Channel::AppSelf, CLERK, morning(TODAY)).await.is_err());
    }
}

#[tokio::test]
async fn a_scan_that_certified_nobody_goes_on_its_day_and_its_form_is_taken_until_its_own() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "320100").await;
        let form = office.issue_form(person(1), Channel::PaperByMail, CLERK, morning(TODAY)).await.unwrap();
        let give = async |proof_date, days| {
            let returned = Returned { proof_date, by: Party::Family, decided_by: CLERK };
            office.return_form(&world.config, &form.code, b"scan", returned, morning(days_after(TODAY, days))).await
        };
        let too_old = days_after(TODAY, -300);
        let refused = give(too_old, 10).await.unwrap();
        assert_eq!(refused, Certified::Refused(vec![RecordFault::ProofTooOld]));
        let (data, scan) = (&world.config.data, world.config.data.join(format!("papers/{}.sealed", form.id)));
        assert!(scan.exists(), "a clerk may have mistyped the day");
        assert_eq!(give(too_old, 20).await.unwrap(), refused);
        // Nanjing keeps papers for 730 days, here from the second time that it came.
        assert_eq!(mailed::delete_due(&world.store, data, days_after(TODAY, 20 + 730)).await.unwrap(), 0);
        assert!(scan.exists());
        assert_eq!(mailed::delete_due(&world.store, data, days_after(TODAY, 20 + 731)).await.unwrap(), 1);
        assert!(!scan.exists() && records(&world).await.is_empty());
        let late = give(days_after(TODAY, 91), 91).await;
        assert!(matches!(late, Err(FormRefused::NotTaken)), "to have been refused does not prolong its days");
    }
}

#[tokio::test]
async fn a_form_that_comes_back_twice_at_once_has_one_scan_and_one_that_was_lost_is_kept_anew() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "320100").await;
        let form = office.issue_form(person(1), Channel::PaperByMail, CLERK, morning(TODAY)).await.unwrap();
        let give = async |scan: &[u8], proof_date| {
            let returned = Returned { proof_date, by: Party::Family, decided_by: CLERK };
            office.return_form(&world.config, &form.code, scan, returned, morning(TODAY)).await.unwrap()
        };
        let kept = || {
            let sealed = std::fs::read(world.config.data.join(format!("papers/{}.sealed", form.id))).unwrap();
            let place = crate::columns::Place { table: "mailed_form", column: "scan", row: form.id };
            crate::columns::open(&world.keys, place, &sealed).unwrap().to_vec()
        };
        let too_old = days_after(TODAY, -300);
        let refused = Certified::Refused(vec![RecordFault::ProofTooOld]);
        let both = tokio::join!(give(b"one", too_old), give(b"other", too_old));
        assert_eq!(both, (refused.clone(), refused));
        assert!([b"one".to_vec(), b"other".to_vec()].contains(&kept()));
        // As if the power had gone after the row and before the file.
        std::fs::remove_file(world.config.data.join(format!("papers/{}.sealed", form.id))).unwrap();
        assert!(matches!(give(b"again", TODAY).await, Certified::New(_)));
        assert_eq!(kept(), b"again");
    }
}

#[tokio::test]
async fn a_time_for_a_call_is_one_persons_and_its_outcome_is_one_record() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = place(kind, "320100").await;
        let (desk, now) = (Uuid::from_u128(77), morning(date!(2026 - 08 - 10)));
        let times = [now + Duration::hours(1), now + Duration::hours(2)];
        assert_eq!(office.offer_slots(desk, &times, 15, CLERK, now).await.unwrap(), 2);
        assert_eq!(office.offer_slots(desk, &times, 15, CLERK, now).await.unwrap(), 0, "the same times again");
        let free = office.free_slots(desk, now).await.unwrap();
        let [(first, _), (second, _)] = free[..] else { panic!("{free:?}") };
        office.book(first, person(1), CLERK, now).await.unwrap();
        office.book(first, person(1), CLERK, now).await.unwrap();
        assert!(matches!(office.book(first, person(2), CLERK, now).await, Err(SlotRefused::Gone)));
        office.book(second, person(1), CLERK, now).await.unwrap();
        office.book(first, person(2), CLERK, now).await.unwrap();
        let ended = |slot, outcome, at| office.call_ended(slot, outcome, Party::Beneficiary, CLERK, at);
        assert!(matches!(ended(second, VideoOutcome::Certified, now).await, Err(SlotRefused::Gone)), "not yet begun");
        let then = now + Duration::hours(3);
        let certified = ended(second, VideoOutcome::Certified, then).await.unwrap();
        assert!(matches!(certified, Some(Certified::New(_))), "{certified:?}");
        assert!(matches!(ended(second, VideoOutcome::Certified, then).await, Ok(Some(Certified::Known(_)))));
        assert!(matches!(ended(second, VideoOutcome::NotSure, then).await, Err(SlotRefused::Decided)));
        assert!(matches!(ended(first, VideoOutcome::NotReached, then).await, Ok(None)));
        let kept = records(&world).await;
        assert_eq!((kept.len(), kept[0].beneficiary_id, kept[0].evidence_id), (1, person(1), Some(second)));
        assert_eq!(kept[0].evidence.as_deref(), Some(crate::year::names::Named::name(EvidenceKind::Call)));
    }
}

#[tokio::test]
async fn a_link_says_nothing_and_can_be_used_again_until_its_day_is_over() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (_world, office) = place(kind, "510100").await;
        let link = Link { beneficiary: person(1), channel: Channel::ECardLink, until: TODAY };
        let token = office.link(&link).unwrap();
        for _ in 0..2 {
            assert_eq!(office.follow(&token, morning(TODAY)), Ok(link));
        }
        assert_eq!(office.follow(&token, morning(days_after(TODAY, 1))), Err(LinkRefused));
        assert_ne!(office.link(&link).unwrap(), token, "two links of one person have nothing in common");
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            // The last letter of base64 may have bits that say nothing.
            if altered != token && at + 1 < token.len() {
                assert_eq!(office.follow(&altered, morning(TODAY)), Err(LinkRefused), "{at}");
            }
        }
        let (_elsewhere, other) = place(kind, "510100").await;
        assert_eq!(other.follow(&token, morning(TODAY)), Err(LinkRefused));
    }
}

#[tokio::test]
async fn somebody_is_found_by_name_and_number_together() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (_world, office) = place(kind, "440300").await;
        let number = |number: u16| IdNumber::parse(id_number(BORN, number).expose()).unwrap();
        let name = |text: &str| Name::parse(text).unwrap();
        assert_eq!(office.person(&name("王健在"), &number(1)).await.unwrap(), Some(person(1)));
        assert_eq!(office.person(&name("李安"), &number(1)).await.unwrap(), None);
        assert_eq!(office.person(&name("王健在"), &number(9)).await.unwrap(), None);
    }
}
