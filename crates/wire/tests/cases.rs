//! What clerks and the service send each other about cases, and about the ways by people: each type keeps its form, and
//! never shows a personal value when it is printed.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fmt::Debug;

use jianzai_wire::cases::*;
use jianzai_wire::channels::*;
use jianzai_wire::desk::{DeskAttempt, DeskPerson, PersonStanding};
use jianzai_wire::messages::*;
use jianzai_wire::wishes::*;
use jianzai_wire::{Action, Division, IdNumber, Limitation, Name, ReasonCode, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::macros::{date, datetime};
use uuid::Uuid;

const NAME: &str = "阿依古丽·买买提";
const ID: &str = "11010519491231002X";
const WORDS: &str = "本人还在";

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn words() -> Secret {
    Secret::new(WORDS.into())
}

fn number() -> IdNumber {
    IdNumber::parse(ID).expect("an ID number")
}

fn case() -> ReviewCase {
    let at = datetime!(2026-11-21 11:00:00 UTC);
    let figure = JudgeFigure { name: "likeness".into(), value: 0.41, limit: Some(0.45) };
    let said = SaidReason { code: ReasonCode::MatchUnsure, sentence: "…".into() };
    let reason = JudgeReason {
        said: said.clone(),
        layer: "match".into(),
        leads_to: "review".into(),
        figures: vec![figure.clone()],
    };
    ReviewCase {
        id: id(1),
        kind: ReviewKind::Appeal,
        opened_at: at,
        answer_by: date!(2026 - 12 - 11),
        overdue: false,
        yours_until: at,
        two_clerks: true,
        verdicts: vec![Verdict::Certify, Verdict::Uphold, Verdict::Dismiss],
        person: DeskPerson {
            id: id(2),
            name: Name::parse(NAME).expect("a name"),
            insured_place: Division::parse("440305").expect("a district"),
            residence: Division::parse("653101").expect("a city"),
            standing: Some(PersonStanding {
                standing: "overdue".into(),
                due_by: Some(date!(2026 - 10 - 31)),
                suspends_on: None,
                held: Some("appeal".into()),
            }),
            phones: vec!["*******6789".into()],
            portrait: "poor".into(),
            certificates: Vec::new(),
            attempts: vec![DeskAttempt {
                id: id(3),
                issued_at: at,
                state: "refused".into(),
                reasons: Vec::new(),
                limitations: Vec::new(),
            }],
            in_vain: Vec::new(),
        },
        statement: Some(words()),
        data: Some("疑似去世".into()),
        attempt: Some(CaseAttempt {
            id: id(3),
            channel: "app_self".into(),
            issued_at: at,
            state: "refused".into(),
            limitations: vec![Limitation::LyingDown],
            asked: vec![Action::OpenMouth],
            judge: Some(JudgeSaid { reasons: vec![reason], figures: vec![figure] }),
            reasons: vec![said],
            evidence: vec!["/v1/desk/reviews/1/evidence/clip".into()],
            deleted_at: Some(at),
        }),
        portrait: None,
    }
}

/// Sends it there and back, and checks its form against the snapshot of that name.
fn sent<T: Serialize + DeserializeOwned + Debug>(name: &str, value: &T) {
    let json = serde_json::to_value(value).expect("serialises");
    let back: T = serde_json::from_value(json.clone()).expect("is read back");
    assert_eq!(serde_json::to_value(&back).expect("serialises"), json, "{name}");
    insta::assert_json_snapshot!(name, json);
}

#[test]
fn every_type_about_cases_keeps_its_form() {
    let opened_at = datetime!(2026-11-21 11:00:00 UTC);
    let waiting = WaitingReview {
        id: id(1),
        kind: ReviewKind::Submission,
        opened_at,
        answer_by: date!(2026 - 12 - 01),
        overdue: false,
        reasons: vec![ReasonCode::MatchUnsure],
        taken: true,
        spoken: false,
    };
    sent("reviews_of_unreached", &ReviewsRequest { kind: Some(ReviewKind::Unreached), after: None });
    sent("reviews_request", &ReviewsRequest { kind: Some(ReviewKind::DeathReport), after: Some(id(1)) });
    sent("reviews", &Reviews { reviews: vec![waiting], next: Some(id(1)) });
    sent("review_case", &case());
    let died_on = Some(date!(2026 - 05 - 20));
    sent("decide_died", &DecideRequest { verdict: Verdict::Died, reason: words(), code: None, died_on });
    let code = Some(ReasonCode::FaceTooDark);
    sent("decide_refuse", &DecideRequest { verdict: Verdict::Refuse, reason: words(), code, died_on: None });
    let not_found = DecideRequest { verdict: Verdict::NotFound, reason: words(), code: None, died_on: None };
    sent("decide_not_found", &not_found);
    sent("decide_answer", &DecideAnswer { outcome: Decided::WantsSecond });
}

#[test]
fn every_type_of_the_ways_by_people_keeps_its_form() {
    let (on, until) = (date!(2026 - 11 - 20), date!(2027 - 02 - 19));
    let begins = datetime!(2026-11-25 09:30:00 +8);
    let seen = SeenRequest {
        id_number: number(),
        by: SeenBy::HomeVisit,
        on,
        visitor: Some(id(1)),
        why: Some(VisitReason::SeverelyIll),
        second: None,
    };
    sent("seen_request", &seen);
    let (person, volunteer) = (id(2), id(3));
    sent("visit_in_vain", &VisitInVain { person, on });
    sent("nobody_opened", &NobodyOpened { in_vain: vec![jianzai_wire::desk::VisitDay { on }], known: true });
    sent("visit_report", &VisitReport { person, on, why: VisitReason::NoPhone, second: Some(id(1)) });
    sent("reported_request", &ReportedRequest { after: Some(id(1)) });
    let visit = ReportedVisit {
        id: id(1),
        person,
        name: Name::parse(NAME).expect("a name"),
        residence: Division::parse("653101").expect("a city"),
        on,
        why: VisitReason::Frail,
        volunteer,
        seconded: false,
        reported_at: begins,
    };
    sent("reported_visits", &ReportedVisits { visits: vec![visit], next: None });
    sent("confirm_request", &ConfirmRequest { confirmed: true });
    sent("visit_decided", &VisitDecided { recorded: None });
    sent("recorded", &Recorded { id: id(1), known: false, waits: false });
    sent("death_request", &DeathRequest { id_number: number(), statement: words() });
    sent("death_reported", &DeathReported { review: id(1) });
    sent("withdraw_request", &WithdrawRequest { id_number: number() });
    sent("form_request", &FormRequest { id_number: number(), kind: FormKind::AssistanceForm });
    sent("issued_form", &issued_form(until));
    sent("letter_request", &LetterRequest { letter: id(1) });
    sent("letter_returned", &LetterReturned { review: Some(id(2)), known: false });
    sent("returned_request", &ReturnedRequest { code: Some(words()), on, office: Some(id(1)), scan: words() });
    sent("slots_request", &SlotsRequest { begins: vec![begins], minutes: 15 });
    sent("slots_offered", &SlotsOffered { added: 1 });
    sent("slots", &Slots { free: vec![Slot { id: id(1), begins }] });
    sent("book_request", &BookRequest { id_number: number() });
    sent("call_request", &CallRequest { id_number: number(), outcome: CallOutcome::NotReached });
    sent("call_ended", &CallEnded { recorded: None });
    let receipt = DeliveryReceipt { id: id(1), receipt: "g-1".into(), outcome: Delivery::Failed };
    sent("receipts_request", &ReceiptsRequest { receipts: vec![receipt] });
    sent("receipts_taken", &ReceiptsTaken { unknown: vec![id(1)] });
    sent("link_request", &LinkRequest { id_number: number(), channel: LinkChannel::ECardLink, days: 30 });
    sent("issued_link", &IssuedLink { token: words(), until });
    sent("follow_request", &FollowRequest { token: words() });
    sent("open_link", &OpenLink { channel: LinkChannel::WebPortal, until });
}

fn issued_form(until: time::Date) -> IssuedForm {
    IssuedForm { id: id(1), code: words(), until, sheet: Some(words()) }
}

#[test]
fn personal_values_never_print() {
    let on = date!(2026 - 11 - 20);
    let printed = [
        format!("{:?} {:#?}", case(), case()),
        format!(
            "{:?}",
            SeenRequest { id_number: number(), by: SeenBy::OfficeIdCard, on, visitor: None, why: None, second: None }
        ),
        format!("{:?}", DeathRequest { id_number: number(), statement: words() }),
        format!("{:?}", issued_form(on)),
        format!("{:?}", IssuedLink { token: words(), until: on }),
        format!("{:?}", DecideRequest { verdict: Verdict::Lives, reason: words(), code: None, died_on: None }),
    ];
    for text in &printed {
        assert!(text.contains('…'), "{text}");
        for part in [NAME, ID, "19491231", WORDS, "6789", "440305", "653101"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
    }
}

#[test]
fn every_wish_keeps_its_form() {
    let id_number = || jianzai_wire::IdNumber::parse("11010519491231002X").expect("an ID number");
    sent("appeal_for", &AppealForRequest { id_number: id_number(), statement: Some(words()) });
    let (recipient, language) = (Reached::Family, jianzai_wire::Language::En);
    let contact =
        ContactRequest { id_number: id_number(), recipient, medium: ReachedBy::Sms, address: words(), language };
    sent("contact", &contact);
    assert!(!format!("{contact:?}").contains(words().expose()));
    sent("opt_out", &OptOutRequest { id_number: id_number(), recipient, only_legal: true });
}
