use jianzai_wire::{Action, Division};
use time::macros::{date, time};

use super::*;
use crate::year::names::Named as _;

/// The shipped text of a place with some of its lines replaced.
fn changed(name: &str, changes: &[(&str, &str)]) -> String {
    let (_, text) = SHIPPED.iter().find(|(file, _)| *file == name).expect("a shipped file");
    changes.iter().fold((*text).to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

fn faults(text: &str) -> Vec<String> {
    load("p.toml", text).expect_err("faults").iter().map(ToString::to_string).collect()
}

fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).expect(part) + 1
}

#[test]
fn the_shipped_policies_load_and_everybody_has_one() {
    let set = PolicySet::shipped().unwrap_or_else(|faults| panic!("{faults}"));
    for division in Division::children(None) {
        for scheme in Scheme::ALL {
            assert_eq!(set.versions(division, *scheme).len(), 1);
        }
    }
    let places = ["深圳市", "昆明市", "南京市", "上海市", "北京市", "长沙市", "湘潭市", "青岛市", "广州市"];
    for place in places.map(|place| Division::parse(place).expect(place)) {
        assert_eq!(set.versions(place, Scheme::ResidentPension)[0].place, Place::Division(place.code()));
        let child = Division::children(Some(place))[0];
        assert_eq!(set.versions(child, Scheme::ResidentPension), set.versions(place, Scheme::ResidentPension));
    }
}

#[test]
fn a_folder_of_policies_is_read_like_the_shipped_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in SHIPPED {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    std::fs::write(folder.path().join("notes.md"), "not a policy").expect("written");
    assert_eq!(PolicySet::folder(folder.path()), PolicySet::shipped());
    std::fs::write(folder.path().join("zz.toml"), [0xff, 0xfe]).expect("written");
    let faults = PolicySet::folder(folder.path()).expect_err("a fault").0;
    assert!(faults.len() == 1 && faults[0].file.ends_with("zz.toml") && !faults[0].remedy.is_empty());
    assert!(PolicySet::folder(&folder.path().join("nowhere")).is_err());
}

#[test]
fn every_fault_is_told_with_file_line_and_remedy() {
    let text = changed(
        "shenzhen.toml",
        &[
            ("place = \"440300\"", "place = \"440399\""),
            ("interval_months = 12", "interval_months = 5"),
            ("spread_days = 28", "spread_days = \"28\""),
            ("silence = \"suspends\"", "silense = \"suspends\""),
            ("\"home_visit\",", "\"home_visits\","),
            ("valid_from = 2026-01-01", "valid_from = \"2026-01-01\""),
            ("list_closes = 10", "list_closes = 31"),
            ("until = 08:00:00", "until = 8"),
            ("days = 21", "days = 21\nlegally = true"),
        ],
    );
    let told = faults(&text);
    for (part, key, wrong) in [
        ("place = ", "`place`", "there is no place `440399`"),
        ("interval_months", "`interval_months`", "it is 5. Write 12, 6, 3 or 1."),
        ("spread_days", "`spread_days`", "it is no whole number. Write a whole number from 0 to 180"),
        ("silense", "`silense`", "there is no such key. Remove it, or write one of `format`"),
        ("home_visits", "`channels`", "`home_visits` is not known. Write a list of some of `app_self`"),
        ("valid_from", "`valid_from`", "it is no day. Write a day without quotes"),
        ("list_closes", "`payment.list_closes`", "it is 31. Write a whole number from 1 to 28"),
        ("until = ", "`quiet.until`", "it is no time of day"),
        ("legally", "`ladder.legally`", "there is no such key"),
    ] {
        let line = line_of(&text, part);
        let found = told.iter().find(|fault| fault.starts_with(&format!("p.toml:{line}: {key}: ")));
        assert!(found.is_some_and(|fault| fault.contains(wrong)), "{part} (line {line}): {told:#?}");
    }
    assert!(told.iter().any(|fault| fault.contains("`silence`: it is missing. Write one of `suspends`, `waits`")));
    assert_eq!(told.len(), 10, "{told:#?}");
}

#[test]
fn what_must_hold_between_the_parts_is_checked() {
    let rung = "from = \"suspension\"\ndays = -14";
    for (name, from, to, fault) in [
        (
            "shenzhen.toml",
            "opens_days = 60",
            "opens_days = 335\nfirst_month = 2",
            "`window.first_month`: there is no such key",
        ),
        ("kunming.toml", "months = 3\n\n[", "months = 4\n\n[", "`window`: it is open longer than the interval"),
        ("kunming.toml", "months = 3\n\n[", "months = 3\nearly_days = 1\n\n[", "it reaches into the window before"),
        ("guangzhou.toml", "spread_days = 0", "spread_days = 28", "due dates would lie before the window opens"),
        ("guangzhou.toml", "    \"register_match\",\n", "", "no comparison can certify"),
        ("shenzhen.toml", rung, "from = \"due\"\ndays = 30", "suspended without having been told"),
        ("shenzhen.toml", "by = [\"task\"]", "by = [\"sms\"]", "a task is for the community"),
        ("shenzhen.toml", "name = \"visit\"", "name = \"soon\"", "`soon` is there twice"),
        ("shenzhen.toml", "min_plans = 600", "min_plans = 99", "`plan.min_plans`: it is 99"),
        ("shenzhen.toml", "format = 1", "format = 2", "`format`: it is 2"),
        ("shenzhen.toml", "format = 1", "format = = 1", "it is not TOML"),
    ] {
        let told = faults(&changed(name, &[(from, to)]));
        assert!(told.len() == 1 && told[0].contains(fault), "{fault}: {told:#?}");
    }
    let told = faults(&changed("guangzhou.toml", &[("missing = \"suspends\"", "missing = \"nothing\"")]));
    assert!(told.len() == 2 && told[0].contains("nothing ever follows"), "{told:#?}");
    assert!(told[1].contains("a rung waits for a suspension"), "{told:#?}");
    let no_people = [("    \"agency_by_hand\",\n", ""), ("    \"home_visit\",\n", "")];
    let told = faults(&changed("shenzhen.toml", &no_people));
    assert!(told.len() == 1 && told[0].contains("without showing their face to a machine"), "{told:#?}");
    let by = ("by = [\"sms\", \"letter\"]\nlegal = true\n\n", "by = [\"sms\"]\nlegal = true\n\n");
    let told = faults(&changed("shenzhen.toml", &[by]));
    assert!(told.len() == 1 && told[0].contains("a legal notice must reach everybody"), "{told:#?}");
}

#[test]
fn versions_follow_one_another() {
    let (name, first) = SHIPPED[0];
    let second = changed(name, &[("version = 1", "version = 2"), ("2026-01-01", "2027-07-01")]);
    let early = changed(name, &[("version = 1", "version = 3"), ("2026-01-01", "2027-07-01")]);
    let set = PolicySet::load([("b.toml", second.as_str()), ("a.toml", first)]).expect("a set");
    let versions = set.versions(Division::parse("北京市").expect("a place"), Scheme::EmployeePension);
    let in_force = |day| PolicySet::in_force(versions, day).map(|policy| policy.version);
    assert_eq!(in_force(date!(2025 - 12 - 31)), None);
    assert_eq!(in_force(date!(2027 - 06 - 30)), Some(1));
    assert_eq!(in_force(date!(2027 - 07 - 01)), Some(2));
    for wrong in [first, early.as_str()] {
        let files = [("a.toml", first), ("b.toml", second.as_str()), ("c.toml", wrong)];
        let faults = PolicySet::load(files).expect_err("a fault").0;
        assert_eq!((faults.len(), faults[0].file.as_str()), (1, "c.toml"));
        assert_eq!(faults[0].line, line_of(wrong, "version = "));
    }
}

#[test]
fn a_place_lives_by_the_nationwide_policy_until_its_own_begins() {
    let (_, nation) = SHIPPED.iter().find(|(name, _)| *name == "nationwide.toml").expect("a shipped file");
    let later = |name, day| changed(name, &[("2026-01-01", day)]);
    let own = later("shenzhen.toml", "2027-01-01");
    let second = changed("nationwide.toml", &[("version = 1", "version = 2"), ("2026-01-01", "2028-01-01")]);
    let files = [("a.toml", *nation), ("b.toml", own.as_str()), ("c.toml", second.as_str())];
    let set = PolicySet::load(files).expect("a set");
    let versions = set.versions(Division::parse("440305").expect("a place"), Scheme::EmployeePension);
    let place = |day| PolicySet::in_force(versions, day).map(|policy| policy.place);
    assert_eq!(place(date!(2026 - 12 - 31)), Some(Place::Nationwide));
    assert_eq!(place(date!(2027 - 01 - 01)), Some(Place::Division(440_300)));
    assert_eq!(place(date!(2028 - 01 - 01)), Some(Place::Division(440_300)), "a nearer policy stays");
}

#[test]
fn plans_are_never_weaker_than_the_policy_and_fit_what_somebody_can_do() {
    let text = changed("shenzhen.toml", &[("min_plans = 600", "min_plans = 1_000")]);
    let policy = load("p.toml", &text).expect("a policy");
    for able in [&Action::ALL[..], &Action::ALL[1..], &Action::ALL[2..]] {
        let capture = policy.capture(able);
        assert!(capture.is_enough());
        assert_eq!(capture.actions, able);
        let shorter = CapturePolicy { steps_needed: capture.steps_needed - 1, ..capture.clone() };
        assert!(capture.plans() >= 1_000 && shorter.plans() < 1_000);
    }
    for few in [&Action::ALL[3..], &Action::ALL[4..]] {
        assert_eq!(policy.capture(few), CapturePolicy::for_actions(few));
        assert!(!policy.capture(few).is_enough(), "too little to guess, and a person looks");
    }
    assert!(policy.capture(&[]).asks_nothing());
    let plain = load("p.toml", SHIPPED[0].1).expect("a policy");
    assert_eq!(plain.capture(&Action::ALL), CapturePolicy::for_actions(&Action::ALL));
}

#[test]
fn two_clerks_are_wanted_where_the_file_says_so() {
    let line = "second_clerk = [\"submission\", \"death_report\"]\nproof_age_days";
    let wants = load("p.toml", &changed("shenzhen.toml", &[("proof_age_days", line)])).expect("a policy");
    assert_eq!(wants.second_clerk, [ReviewKind::Submission, ReviewKind::DeathReport]);
    assert_eq!(load("p.toml", SHIPPED[0].1).expect("a policy").second_clerk, []);
    let told = faults(&changed("shenzhen.toml", &[("proof_age_days", &line.replace("submission", "subm"))]));
    assert!(told.len() == 1 && told[0].contains("`second_clerk`"), "{told:#?}");
}

#[test]
fn four_eyes_are_wanted_where_the_file_says_so_and_people_tell() {
    let line = "four_eyes = [\"home_visit\", \"agency_by_hand\"]\nproof_age_days";
    let wants = load("p.toml", &changed("shenzhen.toml", &[("proof_age_days", line)])).expect("a policy");
    assert_eq!(wants.four_eyes, [Channel::HomeVisit, Channel::AgencyByHand]);
    assert_eq!(load("p.toml", SHIPPED[0].1).expect("a policy").four_eyes, []);
    for (other, fault) in [("visits", "`visits` is not known"), ("app_self", "`app_self` is not told by people")] {
        let told = faults(&changed("shenzhen.toml", &[("proof_age_days", &line.replace("home_visit", other))]));
        assert!(told.len() == 1 && told[0].contains("`four_eyes`") && told[0].contains(fault), "{told:#?}");
    }
}

#[test]
fn a_volunteers_report_waits_unless_the_file_says_otherwise() {
    let line = "volunteer_visits = \"stands\"\nproof_age_days";
    let trusts = load("p.toml", &changed("shenzhen.toml", &[("proof_age_days", line)])).expect("a policy");
    assert_eq!(trusts.volunteer_visits, VolunteerVisits::Stands);
    assert_eq!(load("p.toml", SHIPPED[0].1).expect("a policy").volunteer_visits, VolunteerVisits::Waits);
    let told = faults(&changed("shenzhen.toml", &[("proof_age_days", &line.replace("stands", "counts"))]));
    assert!(told.len() == 1 && told[0].contains("`volunteer_visits`: `counts` is not known"), "{told:#?}");
}

#[test]
fn a_second_person_is_wanted_where_the_file_says_so() {
    let line = "second_person = [\"home_visit\"]\nproof_age_days";
    let wants = load("p.toml", &changed("shenzhen.toml", &[("proof_age_days", line)])).expect("a policy");
    assert_eq!(wants.second_person, [Channel::HomeVisit]);
    assert_eq!(load("p.toml", SHIPPED[0].1).expect("a policy").second_person, []);
    let told = faults(&changed("shenzhen.toml", &[("proof_age_days", &line.replace("visit", "visits"))]));
    assert!(told.len() == 1 && told[0].contains("`second_person`"), "{told:#?}");
    let face =
        load("p.toml", &changed("shenzhen.toml", &[("proof_age_days", &line.replace("home_visit", "app_self"))]));
    assert_eq!(face.expect("two clerks look").second_person, [Channel::AppSelf]);
    for way in ["employer", "video_call", "assistance_form", "silent_events"] {
        let told = faults(&changed("shenzhen.toml", &[("proof_age_days", &line.replace("home_visit", way))]));
        assert!(told.len() == 1 && told[0].contains(way) && told[0].contains("Leave it out"), "{told:#?}");
    }
}

#[test]
fn quiet_hours_may_go_over_midnight() {
    let night = Quiet { from: time!(21:00), until: time!(8:00) };
    let noon = Quiet { from: time!(12:00), until: time!(14:00) };
    for (at, at_night, at_noon) in [
        (time!(20:59), false, false),
        (time!(21:00), true, false),
        (time!(7:59), true, false),
        (time!(13:00), false, true),
    ] {
        assert_eq!((night.covers(at), noon.covers(at)), (at_night, at_noon), "{at}");
    }
    assert!(!Quiet { from: time!(0:00), until: time!(0:00) }.covers(time!(0:00)), "no quiet hours");
}

#[test]
fn evidence_goes_on_its_day_and_lists_close() {
    let policy = load("p.toml", SHIPPED[0].1).expect("a policy");
    assert_eq!(policy.delete_on(EvidenceKind::Face, date!(2026 - 03 - 01)), date!(2026 - 03 - 31));
    assert_eq!(policy.delete_on(EvidenceKind::Visit, date!(2026 - 03 - 01)), date!(2028 - 02 - 29));
    assert_eq!(policy.payable_from(date!(2026 - 12 - 10)).to_string(), "2026-12");
    assert_eq!(policy.payable_from(date!(2026 - 12 - 11)).to_string(), "2027-01");
}
