//! A year in each of the ten places, by its shipped policy.

use std::collections::BTreeMap;

use time::Date;
use time::macros::date;
use uuid::Uuid;

use super::stage::{CLERK, CLERK_ID, EMPLOYER, FOREIGN, OFFICE, RULES, RUN, STAFF, Stage, at, person, versions};
use crate::year::channel::Channel;
use crate::year::dates::{Month, days_after, months_after};
use crate::year::facts::{Fact, What};
use crate::year::instructions::{Instruction, ResumeCause};
use crate::year::ladder::reminders;
use crate::year::policy::{Medium, Place, Recipient};
use crate::year::record::{CertificationRecord, Party, RecordFault};
use crate::year::standing::{Standing, assess};
use crate::year::wrongful::{Why, wrongful};

use Recipient::{Community, Elder, Family};

pub(crate) const BORN: Date = date!(1945 - 09 - 15);
pub(crate) const OLD: Date = date!(2020 - 01 - 10);

fn month(date: Date) -> Month {
    Month::of(date)
}

/// Lets somebody who is insured in a place begin a year on a day.
pub(crate) type Begin<'a> = &'a dyn Fn(&str, Date) -> Stage;

/// Somebody who certified on `proof`, seen from the day after.
pub(crate) fn begun(mut stage: Stage) -> Stage {
    stage.record(What::Certified { id: Uuid::from_u128(50), channel: Channel::AppSelf });
    stage.look();
    assert_eq!(stage.standing(), Standing::Current);
    stage
}

/// One test for each place; what they are told is where the years are lived.
macro_rules! journeys {
    ($begin:expr) => {
        $crate::year::tests::places::journeys!(
            $begin, shenzhen, e_card_link, kunming, nanjing, shanghai, beijing, changsha, xiangtan, qingdao, guangzhou
        );
    };
    ($begin:expr, $($place:ident),+) => {
        $(#[test]
        fn $place() {
            $crate::year::tests::places::$place($begin);
        })+
    };
}
pub(crate) use journeys;

mod pure {
    super::journeys!(&|place, proof| super::begun(super::Stage::new(
        super::versions(place),
        super::person(super::BORN, super::OLD),
        proof
    )));
}

pub(crate) fn shenzhen(stage: Begin<'_>) {
    let mut year = stage("深圳市", date!(2026 - 03 - 10));
    year.live_until(date!(2027 - 01 - 08));
    assert_eq!((year.standing(), year.sent.len()), (Standing::Current, 0));
    year.live_until(date!(2027 - 01 - 09));
    assert_eq!((year.standing(), year.rungs()), (Standing::Due, vec![("opened", Elder)]));
    // Alone on the own phone; a year from the proof.
    year.live_until(date!(2027 - 02 - 01));
    year.certify(Channel::AppSelf, Party::Beneficiary, Party::Judge);
    year.live_until(date!(2027 - 12 - 02));
    assert_eq!((year.standing(), year.sent.len()), (Standing::Current, 1));
    // Then with a child's help, after every reminder.
    year.live_until(date!(2028 - 03 - 20));
    assert_eq!(year.standing(), Standing::Overdue);
    let second: Vec<_> = year.rungs().split_off(1);
    let (soon, family, visit, notice) = ("soon", "family", "visit", "notice");
    assert_eq!(
        second,
        [("opened", Elder), (soon, Elder), (soon, Family), (family, Family), (visit, Community), (notice, Elder)]
    );
    year.certify(Channel::AppAssisted, Party::Family, Party::Judge);
    year.look();
    assert_eq!((year.standing(), year.instructions()), (Standing::Current, vec![]), "payment never stopped");
    assert_eq!(year.certify_of(year.today, Channel::Employer, EMPLOYER, CLERK), Err(vec![RecordFault::ChannelClosed]));
}

pub(crate) fn e_card_link(stage: Begin<'_>) {
    // Chengdu ships no policy: the nationwide one holds, and the card's link leads into the same flow.
    let mut year = stage("成都市", date!(2026 - 05 - 31));
    assert_eq!(year.policy().place, Place::Nationwide);
    year.live_until(date!(2027 - 05 - 20));
    assert_eq!(year.standing(), Standing::Due);
    year.certify(Channel::ECardLink, Party::Beneficiary, Party::Judge);
    year.look();
    assert_eq!(year.standing(), Standing::Current);
    assert_eq!(year.kept.told, []);
    assert!(!year.versions.iter().any(|policy| policy.allows(Channel::SilentEvents)));
    assert!(!versions("深圳市").iter().any(|policy| policy.allows(Channel::ECardLink)), "a place decides for itself");
}

pub(crate) fn kunming(stage: Begin<'_>) {
    let mut year = stage("昆明市", date!(2026 - 01 - 20));
    for (day, channel, by) in [
        (date!(2026 - 04 - 20), Channel::OfficePhone, STAFF),
        (date!(2026 - 07 - 20), Channel::AgencyByHand, STAFF),
        (date!(2026 - 10 - 20), Channel::AppAssisted, Party::Family),
        (date!(2027 - 01 - 20), Channel::AppSelf, Party::Beneficiary),
    ] {
        year.live_until(day);
        assert_eq!(year.standing(), Standing::Due, "each quarter asks anew: {day}");
        let judge = if channel.uses_face() { Party::Judge } else { CLERK };
        year.certify(channel, by, judge);
        year.look();
        assert_eq!(year.standing(), Standing::Current);
    }
    // Text messages to the elder and the family, once a quarter: nobody waited for the second.
    assert!(year.sent.iter().all(|(_, rung, _, by)| rung == "opened" && *by == Some(Medium::Sms)));
    assert_eq!(year.sent.len(), 2 * 4);
}

pub(crate) fn nanjing(stage: Begin<'_>) {
    // Born in September: August to October.
    let mut year = stage("南京市", date!(2026 - 01 - 05));
    year.live_until(date!(2026 - 07 - 31));
    assert_eq!((year.standing(), year.sent.len()), (Standing::Current, 0));
    year.live_until(date!(2026 - 08 - 01));
    assert_eq!(year.rungs(), [("appointment", Elder), ("appointment", Family)]);
    year.live_until(date!(2026 - 08 - 12));
    year.certify(Channel::VideoCall, Party::Beneficiary, CLERK);
    year.look();
    assert_eq!(year.standing(), Standing::Current);
    // The next year by post: the letter is from a week ago, and that is the proof date.
    year.live_until(date!(2027 - 08 - 07));
    assert_eq!(year.standing(), Standing::Due);
    let posted = date!(2027 - 07 - 28);
    assert_eq!(year.certify_of(posted, Channel::PaperByMail, Party::Family, CLERK), Ok(()));
    assert_eq!(year.standing(), Standing::Current, "a few days early count for the window");
    let old = days_after(year.today, -91);
    let refused = year.certify_of(old, Channel::PaperByMail, Party::Family, CLERK);
    assert_eq!(refused, Err(vec![RecordFault::ProofTooOld]));
    assert_eq!(
        year.certify_of(year.today, Channel::AppSelf, Party::Beneficiary, Party::Judge),
        Err(vec![RecordFault::ChannelClosed])
    );
}

pub(crate) fn shanghai(stage: Begin<'_>) {
    // Once a calendar year. The paper is posted in time, and entered after the suspension.
    let mut year = stage("上海市", date!(2026 - 02 - 02));
    year.live_until(date!(2028 - 03 - 05));
    assert_eq!(year.standing(), Standing::Suspended);
    assert_eq!(year.kept.told[0].on, date!(2028 - 03 - 01));
    year.live_until(date!(2028 - 03 - 12));
    assert_eq!(year.certify_of(date!(2027 - 12 - 30), Channel::PaperByMail, Party::Family, CLERK), Ok(()));
    year.look();
    // A proof of December settles the year that was asked for; the next year is open since January.
    assert_eq!(year.standing(), Standing::Due);
    let march = month(date!(2028 - 03 - 01));
    assert_eq!(
        year.instructions(),
        [
            Instruction::Suspend { from: march },
            Instruction::Resume { from: march.plus(1), back_pay: vec![march], cause: ResumeCause::Confirmed },
        ]
    );
    let wrong = wrongful(&year.versions, &year.person, &year.kept.told, year.today);
    assert_eq!(wrong.iter().map(|wrong| wrong.why).collect::<Vec<_>>(), [Why::ProvenInTime]);
    // Face data in place of paper is no paper.
    let record = CertificationRecord {
        id: Uuid::from_u128(60),
        beneficiary: Uuid::from_u128(9),
        by: Party::Family,
        channel: Channel::PaperByMail,
        proof_date: year.today,
        recorded: year.today,
        ground: FOREIGN,
        decided_by: CLERK,
    };
    assert_eq!(record.faults(year.policy()), [RecordFault::WrongGround]);
}

pub(crate) fn beijing(stage: Begin<'_>) {
    for (channel, by, decided_by) in [
        (Channel::AppSelf, Party::Beneficiary, Party::Judge),
        (Channel::Employer, EMPLOYER, CLERK),
        (Channel::AgencyByHand, STAFF, STAFF),
    ] {
        let mut year = stage("北京市朝阳区", date!(2026 - 11 - 30));
        assert_eq!(year.policy().place, Place::Division(110_000), "a district lives by the city's policy");
        year.live_until(date!(2027 - 01 - 01));
        assert_eq!(year.standing(), Standing::Due);
        year.live_until(date!(2027 - 06 - 01));
        assert_eq!(year.sent, [], "nobody is reminded half a year before");
        year.certify(channel, by, decided_by);
        year.live_until(date!(2027 - 12 - 31));
        assert_eq!((year.standing(), year.sent.len()), (Standing::Current, 0));
    }
    let mut year = stage("北京市朝阳区", date!(2026 - 11 - 30));
    let refused = year.certify_of(year.today, Channel::Employer, EMPLOYER, EMPLOYER);
    assert_eq!(refused, Err(vec![RecordFault::WrongDecider]), "an employer vouches, the agency decides");
}

pub(crate) fn changsha(stage: Begin<'_>) {
    for (channel, by, decided_by) in [
        (Channel::WebPortal, Party::Beneficiary, Party::Judge),
        (Channel::AgencyByHand, STAFF, STAFF),
        (Channel::Community, OFFICE, CLERK),
        (Channel::Employer, EMPLOYER, CLERK),
        (Channel::AppSelf, Party::Beneficiary, Party::Judge),
    ] {
        let mut year = stage("长沙市", date!(2026 - 03 - 31));
        year.live_until(date!(2027 - 03 - 31));
        assert_eq!(year.standing(), Standing::Due, "the last day");
        year.certify(channel, by, decided_by);
        year.live_until(date!(2028 - 01 - 01));
        assert_eq!((year.standing(), year.instructions()), (Standing::Due, vec![]));
    }
}

pub(crate) fn xiangtan(stage: Begin<'_>) {
    for (channel, by, decided_by) in [
        (Channel::WebPortal, Party::Family, Party::Judge),
        (Channel::AppSelf, Party::Beneficiary, Party::Judge),
        (Channel::OfficeIdCard, OFFICE, CLERK),
        (Channel::HomeVisit, OFFICE, CLERK),
        (Channel::AssistanceForm, OFFICE, CLERK),
    ] {
        let mut year = stage("湘潭市", date!(2026 - 05 - 05));
        year.live_until(date!(2027 - 03 - 31));
        assert_eq!(year.standing(), Standing::Current, "spring begins in April");
        year.live_until(date!(2027 - 07 - 03));
        assert_eq!(year.standing(), Standing::Overdue);
        let (soon, opened) = ("soon", "opened");
        assert_eq!(year.rungs(), [(opened, Elder), (soon, Elder), (soon, Family), ("family", Family)]);
        year.live_until(date!(2027 - 07 - 21));
        assert_eq!(year.rungs().last(), Some(&("visit", Community)), "the severely ill are visited");
        year.certify(channel, by, decided_by);
        year.look();
        assert_eq!((year.standing(), year.instructions()), (Standing::Current, vec![]), "within the grace");
    }
}

pub(crate) fn qingdao(stage: Begin<'_>) {
    // Someone whom the data see: a hospital stay in May moves the due date a year on, and nobody noticed anything.
    let mut seen = stage("青岛市", date!(2026 - 02 - 10));
    for day in [date!(2026 - 05 - 20), date!(2026 - 12 - 02), date!(2027 - 10 - 15)] {
        seen.live_until(day);
        seen.certify(Channel::SilentEvents, RULES, RULES);
        let due = assess(&seen.versions, &seen.person, day, day).expect("a policy").window.due_by;
        assert_eq!(due, months_after(day, 12));
    }
    seen.live_until(date!(2028 - 09 - 14));
    assert_eq!((seen.standing(), seen.sent.len(), seen.kept.told.len()), (Standing::Current, 0, 0));

    // Someone whom they lose in October: asked for the face, then visited, and never unpaid.
    let mut lost = stage("青岛市", date!(2026 - 02 - 10));
    lost.live_until(date!(2026 - 10 - 01));
    lost.record(What::NoMatch { run: RUN });
    lost.look();
    assert_eq!((lost.standing(), lost.rungs()), (Standing::Due, vec![("face", Elder)]));
    lost.live_until(date!(2026 - 11 - 01));
    lost.record(What::NoMatch { run: RUN });
    lost.live_until(date!(2026 - 11 - 07));
    assert_eq!(lost.standing(), Standing::Overdue);
    let again = "again";
    assert_eq!(lost.rungs(), [("face", Elder), (again, Elder), (again, Family), ("visit", Community)]);
    lost.certify(Channel::HomeVisit, OFFICE, CLERK);
    lost.live_until(date!(2027 - 10 - 07));
    assert_eq!((lost.standing(), lost.kept.told.len()), (Standing::Current, 0));
}

pub(crate) fn guangzhou(stage: Begin<'_>) {
    let mut year = stage("广州市", date!(2026 - 01 - 15));
    for day in [date!(2026 - 02 - 14), date!(2026 - 03 - 16), date!(2026 - 04 - 15)] {
        year.live_until(day);
        year.certify(Channel::RegisterMatch, RULES, RULES);
    }
    assert_eq!((year.sent.len(), year.kept.told.len()), (0, 0), "found: paid on, and nobody is written to");
    // In May the comparison is not made: that is no fault of theirs.
    year.live_until(date!(2026 - 06 - 15));
    assert_eq!((year.standing(), year.kept.told.len(), year.sent.len()), (Standing::Overdue, 0, 0));
    // In June it finds nobody.
    year.record(What::NoMatch { run: RUN });
    year.look();
    let quiet = reminders(
        year.policy(),
        &assess(&year.versions, &year.person, year.today, year.today).expect("a policy"),
        &year.contact,
        &BTreeMap::new(),
        at(date!(2026 - 06 - 20), 23),
    );
    assert_eq!(quiet, [], "not at night");
    year.live_until(date!(2026 - 06 - 30));
    assert_eq!((year.standing(), year.kept.told.len()), (Standing::Overdue, 0), "June is paid");
    assert_eq!(year.rungs(), [("notice", Elder), ("notice", Family)]);
    year.live_until(date!(2026 - 07 - 01));
    let july = month(date!(2026 - 07 - 01));
    assert_eq!(
        (year.standing(), year.instructions()),
        (Standing::Suspended, vec![Instruction::Suspend { from: july }])
    );
    // In September they are found again.
    year.live_until(date!(2026 - 09 - 15));
    year.certify(Channel::RegisterMatch, RULES, RULES);
    year.look();
    assert_eq!(year.standing(), Standing::Current);
    let back_pay = vec![july, july.plus(1), july.plus(2)];
    let resume = Instruction::Resume { from: july.plus(3), back_pay, cause: ResumeCause::Confirmed };
    assert_eq!(year.instructions().last(), Some(&resume));
    // And die in October, which a clerk enters in November.
    year.live_until(date!(2026 - 11 - 20));
    let recorded = year.today;
    year.record_fact(Fact { on: date!(2026 - 10 - 03), recorded, what: What::Deceased { clerk: CLERK_ID } });
    year.look();
    assert_eq!(year.standing(), Standing::Deceased);
    let (stop, november) = (july.plus(5), july.plus(4));
    let stopped =
        Instruction::Stop { from: stop, died_on: date!(2026 - 10 - 03), owed: vec![], overpaid: vec![november] };
    assert_eq!(year.instructions().last(), Some(&stopped));
}
