//! A person under a policy, a clock that the test turns, a payer that does as it is told.

use std::collections::{BTreeMap, BTreeSet};

use jianzai_wire::Division;
use time::{Date, OffsetDateTime, Time, UtcOffset};
use uuid::Uuid;

use crate::year::channel::{Channel, EvidenceKind, Reason};
use crate::year::dates::{Month, days_after};
use crate::year::facts::{Fact, Person, What};
use crate::year::instructions::{Instruction, Told};
use crate::year::ladder::{Contact, Reminder};
use crate::year::policy::{Medium, Policy, PolicySet, Recipient, Scheme};
use crate::year::record::{CertificationRecord, Ground, Party, RecordFault};
use crate::year::standing::{Standing, StandingChange, assess};
use crate::year::tick::{Kept, Outcome, look};

pub(crate) const STAFF: Party = Party::Staff(Uuid::from_u128(1));
pub(crate) const CLERK: Party = Party::Staff(Uuid::from_u128(2));
pub(crate) const CLERK_ID: Uuid = Uuid::from_u128(2);
/// A run of silent certification.
pub(crate) const RUN: Uuid = Uuid::from_u128(6);
pub(crate) const OFFICE: Party = Party::Office(Uuid::from_u128(3));
pub(crate) const EMPLOYER: Party = Party::Employer(Uuid::from_u128(4));
pub(crate) const RULES: Party = Party::Rules { version: 1 };

/// The versions somebody insured there lives by.
pub(crate) fn versions(place: &str) -> Vec<Policy> {
    let set = PolicySet::shipped().unwrap_or_else(|faults| panic!("{faults}"));
    let place = Division::parse(place).expect("a place");
    set.versions(place, Scheme::EmployeePension).to_vec()
}

/// Ten in the morning in China.
pub(crate) fn morning(day: Date) -> OffsetDateTime {
    at(day, 10)
}

pub(crate) fn at(day: Date, hour: u8) -> OffsetDateTime {
    let offset = UtcOffset::from_hms(8, 0, 0).expect("an offset");
    OffsetDateTime::new_in_offset(day, Time::from_hms(hour, 0, 0).expect("an hour"), offset)
}

/// Everybody can be reached by text message, and by letter.
pub(crate) fn contact() -> Contact {
    let ways = BTreeSet::from([Medium::Sms, Medium::Letter]);
    let reach = BTreeMap::from([(Recipient::Elder, ways.clone()), (Recipient::Family, ways)]);
    Contact { reach, opted_out: BTreeSet::new() }
}

pub(crate) fn person(born: Date, entitled_from: Date) -> Person {
    Person { born, entitled_from, spread: 0, facts: Vec::new() }
}

/// What was sent: day, rung, to whom, by which way.
pub(crate) type Sent = (Date, String, Recipient, Option<Medium>);

/// The same year lived beside the pure one, in a database: it must come to the same.
pub(crate) trait Shadow {
    /// Records a fact.
    fn record(&mut self, fact: &Fact);

    /// Records a certification, if the policy takes it.
    fn certify(&mut self, record: &CertificationRecord, policy: &Policy) -> Result<(), Vec<RecordFault>>;

    /// Looks, and sends what is due. Says whether anything was written.
    fn look(&mut self, now: OffsetDateTime) -> bool;

    /// Where the person stands, what was sent and told, and every step so far.
    fn found(&mut self) -> (Standing, Kept, Vec<StandingChange>);
}

pub(crate) struct Stage {
    pub(crate) versions: Vec<Policy>,
    pub(crate) person: Person,
    pub(crate) contact: Contact,
    pub(crate) kept: Kept,
    pub(crate) sent: Vec<Sent>,
    pub(crate) changes: Vec<StandingChange>,
    pub(crate) today: Date,
    pub(crate) shadow: Option<Box<dyn Shadow>>,
    ids: u128,
}

impl Stage {
    pub(crate) fn new(versions: Vec<Policy>, person: Person, today: Date) -> Self {
        Self {
            versions,
            person,
            contact: contact(),
            kept: Kept::new(today),
            sent: Vec::new(),
            changes: Vec::new(),
            today,
            shadow: None,
            ids: 100,
        }
    }

    pub(crate) fn policy(&self) -> &Policy {
        PolicySet::in_force(&self.versions, self.today).expect("a version is in force")
    }

    /// Looks every day up to and with `day`.
    pub(crate) fn live_until(&mut self, day: Date) {
        while self.today < day {
            self.today = days_after(self.today, 1);
            self.look();
        }
    }

    pub(crate) fn look(&mut self) -> Outcome {
        let now = morning(self.today);
        let outcome =
            look(&self.versions, &self.person, &self.contact, &self.kept, now).expect("a version is in force");
        let sent = |reminder: &Reminder| (self.today, reminder.key.rung.clone(), reminder.key.to, reminder.by);
        self.sent.extend(outcome.reminders.iter().map(sent));
        self.changes.extend(outcome.changes.iter().copied());
        self.kept.record(&outcome);
        if let Some(shadow) = &mut self.shadow {
            let wrote = shadow.look(now);
            let follows = !outcome.reminders.is_empty() || outcome.instruction.is_some() || !outcome.changes.is_empty();
            // Where neither did anything they are compared now and then.
            if wrote || follows || self.today.ordinal().is_multiple_of(30) {
                let (standing, kept, changes) = shadow.found();
                assert_eq!(standing, outcome.assessment.standing, "{}", self.today);
                assert_eq!((kept.told, kept.sent), (self.kept.told.clone(), self.kept.sent.clone()), "{}", self.today);
                assert_eq!(changes, self.changes, "{}", self.today);
            }
        }
        outcome
    }

    pub(crate) fn standing(&self) -> Standing {
        assess(&self.versions, &self.person, self.today, self.today).expect("a version is in force").standing
    }

    pub(crate) fn record(&mut self, what: What) {
        self.record_fact(Fact::of_day(self.today, what));
    }

    pub(crate) fn record_fact(&mut self, fact: Fact) {
        if let Some(shadow) = &mut self.shadow {
            shadow.record(&fact);
        }
        self.person.facts.push(fact);
    }

    pub(crate) fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Certifies today, by a record that the policy must take.
    pub(crate) fn certify(&mut self, channel: Channel, by: Party, decided_by: Party) {
        self.certify_of(self.today, channel, by, decided_by).unwrap_or_else(|faults| panic!("{channel:?}: {faults:?}"));
    }

    /// Certifies by a proof of `proof_date`, if the policy takes it.
    pub(crate) fn certify_of(
        &mut self,
        proof_date: Date,
        channel: Channel,
        by: Party,
        decided_by: Party,
    ) -> Result<(), Vec<RecordFault>> {
        let record = CertificationRecord {
            id: self.id(),
            beneficiary: Uuid::from_u128(9),
            by,
            channel,
            proof_date,
            recorded: self.today,
            ground: ground(channel),
            decided_by,
        };
        let faults = record.faults(self.policy());
        let policy = self.policy().clone();
        if let Some(shadow) = &mut self.shadow {
            let beneath = if faults.is_empty() { Ok(()) } else { Err(faults.clone()) };
            assert_eq!(shadow.certify(&record, &policy), beneath);
        }
        if faults.is_empty() {
            self.person.facts.push(record.fact());
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Rungs sent, without the days.
    pub(crate) fn rungs(&self) -> Vec<(&str, Recipient)> {
        self.sent.iter().map(|(_, rung, to, _)| (rung.as_str(), *to)).collect()
    }

    pub(crate) fn instructions(&self) -> Vec<Instruction> {
        self.kept.told.iter().map(|told| told.instruction.clone()).collect()
    }
}

fn ground(channel: Channel) -> Ground {
    match channel.reasons().first() {
        Some(reason @ (Reason::SeenInPerson | Reason::SeverelyIll)) => Ground::Reason(*reason),
        _ => Ground::Evidence { kind: channel.evidence(), reference: Uuid::from_u128(8) },
    }
}

/// What a payer did that pays each month when its list has closed, by what it had been told by then: how often each month
/// from `first` up to, not including, `end` was paid. It knows nothing of [`crate::year::instructions`] but the words.
pub(crate) fn paid(told: &[Told], list_closes: u8, first: Month, end: Month) -> BTreeMap<Month, u32> {
    let mut paid: BTreeMap<Month, u32> = first.until(end).map(|month| (month, 0)).collect();
    for month in first.until(end) {
        let closes = days_after(month.first(), i64::from(list_closes) - 1);
        let mut pays = true;
        for told in told.iter().filter(|told| told.on <= closes) {
            match &told.instruction {
                Instruction::Suspend { from } | Instruction::Stop { from, .. } if *from <= month => pays = false,
                Instruction::Resume { from, .. } if *from <= month => pays = true,
                _ => {}
            }
        }
        *paid.entry(month).or_default() += u32::from(pays);
    }
    for told in told {
        let back: &[Month] = match &told.instruction {
            Instruction::Resume { back_pay, .. } => back_pay,
            Instruction::BackPay { months } => months,
            Instruction::Stop { owed, .. } => owed,
            Instruction::Suspend { .. } => &[],
        };
        for month in back {
            *paid.entry(*month).or_default() += 1;
        }
    }
    paid
}

/// The kind of evidence that needs a face, to be sure that a record with the wrong one is refused.
pub(crate) const FOREIGN: Ground = Ground::Evidence { kind: EvidenceKind::Face, reference: Uuid::from_u128(7) };
