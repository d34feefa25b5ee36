//! What is sent is part of the contract: each type keeps its form, survives the way there and back, and never shows a
//! personal value when it is printed.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fmt::Debug;

use jianzai_wire::api::*;
use jianzai_wire::desk::*;
use jianzai_wire::due::*;
use jianzai_wire::{
    Action, Area, Bytes32, CapturePolicy, Division, FrameTime, IdNumber, Language, Limitation, LoginName, Mode, Name,
    PersonFacts, ReasonCode, Secret, Step, StepOutcome, StepReport,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::macros::{date, datetime};
use uuid::Uuid;

/// Pieces of what must not be printed. The ID number is the standard's own example.
const NAME: &str = "阿依古丽·买买提";
const ID: &str = "11010519491231002X";
const TOKEN: &str = "c2VjcmV0LXRva2Vu";

fn person() -> PersonFacts {
    PersonFacts {
        name: Name::parse(NAME).expect("a name"),
        id_number: IdNumber::parse(ID).expect("an ID number"),
        insured_place: Division::parse("440305").expect("a district"),
        residence: Division::parse("653101").expect("a city"),
    }
}

fn activation_request() -> ActivationRequest {
    ActivationRequest {
        person: person(),
        mode: Mode::Assisted,
        consent: Consent { text_version: "2026-01".into(), by: ConsentBy::BeneficiarySpoken },
        device_key: Bytes32([5; 32]),
        link: None,
    }
}

fn activation() -> Activation {
    Activation { token: Secret::new(TOKEN.into()), expires_at: datetime!(2026-11-21 12:00:00 UTC) }
}

fn attempt() -> Attempt {
    Attempt {
        id: Uuid::from_u128(0x0193_5a1b_7c3d_7e4f_8a9b_0c1d_2e3f_4a5b),
        token: Secret::new(TOKEN.into()),
        nonce: Bytes32([6; 32]),
        issued_at: datetime!(2026-11-21 11:00:00 UTC),
        commit_by: datetime!(2026-11-21 11:05:00.25 UTC),
        policy: CapturePolicy::for_actions(&Action::ALL),
        recipient: Recipient { key_id: "2026-a".into(), public_key: Bytes32([7; 32]) },
    }
}

fn report(outcome: StepOutcome) -> StepReport {
    StepReport { index: 1, outcome, cue_at: FrameTime(3000), began_at: FrameTime(3600), ended_at: FrameTime(5000) }
}

fn step_request(outcome: StepOutcome) -> StepRequest {
    StepRequest { ended: Some(report(outcome)), frames: 75, chain_head: Bytes32([8; 32]) }
}

fn problem() -> Problem {
    let reason = ReasonCode::LimitTooManyTries;
    let words = reason.words(Language::Zh);
    Problem {
        kind: format!("urn:jianzai:reason:{reason}"),
        status: 429,
        code: reason,
        title: words.sentence.into(),
        detail: words.next_step.into(),
        retry_after: Some(60),
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
fn every_type_keeps_its_form_there_and_back() {
    sent("activation_request", &activation_request());
    sent("activation", &activation());
    sent(
        "attempt_request",
        &AttemptRequest {
            cannot: vec![Action::LookUp, Action::OpenMouth],
            limitations: Limitation::ALL.to_vec(),
            demo: true,
        },
    );
    sent("attempt", &attempt());
    sent("step_request_first", &StepRequest { ended: None, frames: 0, chain_head: Bytes32([0; 32]) });
    sent("step_request_done", &step_request(StepOutcome::Done));
    sent("step_request_wrong", &step_request(StepOutcome::Wrong(Action::TurnLeft)));
    sent("step_request_too_early", &step_request(StepOutcome::TooEarly));
    sent("step_answer_next", &StepAnswer::Next(Step { index: 2, action: Action::TurnRight, wait_ms: 900 }));
    sent("step_answer_complete", &StepAnswer::Complete);
    sent("commit_request", &CommitRequest { chain_head: Bytes32([9; 32]), frames: 180, duration_ms: 12_000 });
    let (committed_at, deliver_by) = (datetime!(2026-11-21 11:01:00 UTC), datetime!(2026-11-24 11:01:00 UTC));
    sent("commit_receipt", &CommitReceipt { committed_at, deliver_by, plan_hash: Bytes32([10; 32]) });
    sent("appeal_request", &AppealRequest { statement: Some(Secret::new("人还在".into())) });
    sent("appeal", &Appeal { answer_by: date!(2026 - 12 - 11) });
    sent("state_open", &AttemptState::Open);
    sent("state_committed", &AttemptState::Committed);
    sent("state_accepted", &AttemptState::Accepted);
    sent("state_certified", &AttemptState::Certified { certificate: "JZ1:0oRL".into() });
    sent("state_review", &AttemptState::Review { reasons: vec![ReasonCode::MatchNoPortrait] });
    sent("state_refused", &AttemptState::Refused { reasons: vec![ReasonCode::MatchNotSame, ReasonCode::FaceLost] });
    let key = CertificateKey {
        key_id: "2026-a".into(),
        issuer: "深圳市社会保险基金管理局".into(),
        public_key: Bytes32([11; 32]),
    };
    sent("keys", &Keys { certificate_keys: vec![key] });
    sent("problem", &problem());
    sent("problem_without_wait", &Problem { retry_after: None, ..problem() });
}

const LOGIN: &str = "clerk.wang";

fn login() -> LoginRequest {
    let login = LoginName::parse(LOGIN).expect("a login name");
    LoginRequest { login, password: Secret::new(TOKEN.into()), code: Secret::new("287082".into()) }
}

fn account() -> Account {
    let area = Area::parse("440305002").expect("a street");
    Account { id: Uuid::from_u128(7), role: StaffRole::Volunteer, area }
}

fn person_request() -> PersonRequest {
    PersonRequest { id_number: person().id_number, reason: ReadReason::Asked, reference: Some(Uuid::from_u128(9)) }
}

fn desk_person() -> DeskPerson {
    let at = datetime!(2026-11-21 11:00:00 UTC);
    DeskPerson {
        id: Uuid::from_u128(8),
        name: person().name,
        insured_place: person().insured_place,
        residence: person().residence,
        standing: None,
        phones: vec!["*******6789".into()],
        portrait: "good".into(),
        certificates: vec![DeskCertificate { serial: "S".into(), issued_at: at, valid_until: at, demo: false }],
        attempts: vec![DeskAttempt {
            id: Uuid::from_u128(9),
            issued_at: at,
            state: "review".into(),
            reasons: vec![ReasonCode::MatchNoPortrait],
            limitations: vec![Limitation::LyingDown, Limitation::CannotHear],
        }],
        in_vain: vec![VisitDay { on: date!(2026 - 11 - 20) }],
    }
}

fn visit_person() -> VisitPerson {
    let until = datetime!(2026-11-28 11:00:00 UTC);
    VisitPerson {
        id: Uuid::from_u128(8),
        name: person().name,
        residence: person().residence,
        until,
        in_vain: Vec::new(),
    }
}

fn accept() -> AcceptRequest {
    AcceptRequest {
        code: Secret::new(TOKEN.into()),
        login: LoginName::parse(LOGIN).expect("a login name"),
        password: Secret::new(TOKEN.into()),
    }
}

#[test]
fn every_type_of_the_desk_keeps_its_form_there_and_back() {
    let at = datetime!(2026-11-21 19:00:00 UTC);
    sent("desk_login", &login());
    sent("desk_session", &StaffSession { token: Secret::new(TOKEN.into()), expires_at: at, account: account() });
    sent("desk_logout", &LogoutRequest { everywhere: true });
    sent("desk_person_request", &person_request());
    sent("desk_person", &desk_person());
    sent("desk_invitation_request", &InvitationRequest { area: account().area });
    sent("desk_invitation", &Invitation { code: Secret::new(TOKEN.into()), expires_at: at });
    sent("desk_accept", &accept());
    sent("desk_accepted", &Accepted { account: account(), authenticator: Secret::new(TOKEN.into()) });
    let people = vec![person().id_number];
    sent(
        "desk_roster_request",
        &RosterRequest { volunteer: Uuid::from_u128(7), people, listed: vec![Uuid::from_u128(8)], days: 7 },
    );
    sent("desk_roster", &Roster { id: Uuid::from_u128(6), ends_at: at, listed: 3, left_out: vec![1] });
    sent("desk_visits_request", &VisitsRequest { reason: ReadReason::Visit });
    let (account, person) = (Some(Uuid::from_u128(7)), Some(Uuid::from_u128(8)));
    sent("desk_accesses_request", &AccessesRequest { account, person, before: Some(at) });
    let (what, reason, outcome) = ("person".into(), "asked".into(), "shown".into());
    let access = Access { at, account: Uuid::from_u128(7), what, reason, reference: None, person, outcome };
    sent("desk_accesses", &Accesses { accesses: vec![access] });
    sent("desk_visits", &Visits { people: vec![visit_person()] });
    due();
}

#[test]
fn what_the_other_side_may_leave_out_is_filled_in() {
    let bare: AttemptRequest = serde_json::from_str("{}").expect("both fields have a default");
    assert!(bare.cannot.is_empty() && !bare.demo);
    let bare: LogoutRequest = serde_json::from_str("{}").expect("everywhere has a default");
    assert!(!bare.everywhere);
    let bare: AccessesRequest = serde_json::from_str("{}").expect("everything may be left out");
    assert_eq!(bare, AccessesRequest::default());
}

/// Whoever logs a request logs dots.
#[test]
fn personal_values_never_print() {
    let printed = [
        format!("{:?} {:#?}", activation_request(), activation_request()),
        format!("{:?} {:#?}", activation(), activation()),
        format!("{:?} {:#?}", attempt(), attempt()),
        format!("{:?} {:#?}", person(), person()),
        format!("{:?} {:?} {:?} {:?}", login(), person_request(), desk_person(), accept()),
        format!("{:?}", Visits { people: vec![visit_person()] }),
        format!("{:?}", (person().name, person().id_number, person().insured_place, attempt().token)),
    ];
    for text in &printed {
        assert!(text.contains('…'), "{text}");
        for part in [NAME, "买买提", ID, "19491231", "002X", TOKEN, LOGIN, "287082", "6789", "440305", "653101"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
    }
}

/// Errors of the JSON reader reach logs and answers; they must not quote what was typed.
#[test]
fn what_is_refused_is_not_repeated() {
    let good = serde_json::to_value(person()).expect("serialises");
    let cases = [
        ("id_number", "11010519491231003X"),
        ("name", "王<小>明"),
        ("insured_place", "王小明村"),
        ("residence", "999999"),
    ];
    for (field, wrong) in cases {
        let mut json = good.clone();
        json[field] = wrong.into();
        let error = serde_json::from_value::<PersonFacts>(json).expect_err(field).to_string();
        assert!(error.contains("input.") && !error.contains(wrong), "{error}");
    }
}

#[test]
fn facts_with_a_field_more_are_refused() {
    let mut json = serde_json::to_value(person()).expect("serialises");
    json["phone"] = "".into();
    assert!(serde_json::from_value::<PersonFacts>(json).is_err());
}

fn due() {
    let place =
        DuePlace { insured_place: person().insured_place, due_by: date!(2026 - 10 - 31), person: Uuid::from_u128(8) };
    let request = DueRequest {
        standing: DueStanding::Overdue,
        area: Some(account().area),
        to_visit: true,
        unreached: false,
        after: Some(place),
        reason: ReadReason::Visit,
    };
    sent("desk_due_request", &request);
    let person = DuePerson {
        id: Uuid::from_u128(8),
        masked_name: person().name.masked(),
        insured_place: person().insured_place,
        residence: person().residence,
        standing: PersonStanding {
            standing: "overdue".into(),
            due_by: Some(date!(2026 - 10 - 31)),
            suspends_on: Some(date!(2026 - 12 - 31)),
            held: None,
        },
        told: Some("visit".into()),
        to_visit: true,
        unreached: false,
        in_vain: vec![VisitDay { on: date!(2026 - 11 - 20) }],
    };
    sent("desk_due", &DueList { people: vec![person], next: Some(place) });
    sent("desk_due_person_request", &DuePersonRequest { person: Uuid::from_u128(8), reason: ReadReason::Visit });
    let place = FlaggedPlace { run: Uuid::from_u128(9), person: Uuid::from_u128(8) };
    sent("desk_flagged_request", &FlaggedRequest { after: Some(place), reason: ReadReason::Report });
    let flagged = FlaggedPerson {
        id: Uuid::from_u128(8),
        run: Uuid::from_u128(9),
        on: date!(2026 - 11 - 01),
        masked_name: self::person().name.masked(),
        insured_place: self::person().insured_place,
        residence: self::person().residence,
        said: "数据有出入，请工作人员核实".into(),
    };
    sent("desk_flagged", &FlaggedList { people: vec![flagged], next: Some(place) });
}
