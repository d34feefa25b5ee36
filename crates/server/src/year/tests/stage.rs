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

pub(super) const STAFF: Party = Party::Staff(Uuid::from_u128(1));
pub(super) const CLERK: Party = Party::Staff(Uuid::from_u128(2));
pub(super) const CLERK_ID: Uuid = Uuid::from_u128(2);
pub(super) const OFFICE: Party = Party::Office(Uuid::from_u128(3));
pub(super) const EMPLOYER: Party = Party::Employer(Uuid::from_u128(4));
pub(super) const RULES: Party = Party::Rules { version: 1 };

/// The versions somebody insured there lives by.
pub(super) fn versions(place: &str) -> Vec<Policy> {
    let set = PolicySet::shipped().unwrap_or_else(|faults| panic!("{faults}"));
    let place = Division::parse(place).expect("a place");
    set.versions(place, Scheme::EmployeePension).to_vec()
}

/// Ten in the morning in China.
pub(super) fn morning(day: Date) -> OffsetDateTime {
    at(day, 10)
}

pub(super) fn at(day: Date, hour: u8) -> OffsetDateTime {
    let offset = UtcOffset::from_hms(8, 0, 0).expect("an offset");
    OffsetDateTime::new_in_offset(day, Time::from_hms(hour, 0, 0).expect("an hour"), offset)
}

/// Everybody can be reached by text message, and by letter.
pub(super) fn contact() -> Contact {
    let ways = BTreeSet::from([Medium::Sms, Medium::Letter]);
    let reach = BTreeMap::from([(Recipient::Elder, ways.clone()), (Recipient::Family, ways)]);
    Contact { reach, opted_out: BTreeSet::new() }
}

pub(super) fn person(born: Date, entitled_from: Date) -> Person {
    Person { born, entitled_from, spread: 0, facts: Vec::new() }
}

/// What was sent: day, rung, to whom, by which way.
pub(super) type Sent = (Date, String, Recipient, Option<Medium>);

pub(super) struct Stage {
    pub(super) versions: Vec<Policy>,
    pub(super) person: Person,
    pub(super) contact: Contact,
    pub(super) kept: Kept,
    pub(super) sent: Vec<Sent>,
    pub(super) changes: Vec<StandingChange>,
    pub(super) today: Date,
    ids: u128,
}

impl Stage {
    pub(super) fn new(versions: Vec<Policy>, person: Person, today: Date) -> Self {
        Self {
            versions,
            person,
            contact: contact(),
            kept: Kept::new(today),
            sent: Vec::new(),
            changes: Vec::new(),
            today,
            ids: 100,
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        PolicySet::in_force(&self.versions, self.today).expect("a version is in force")
    }

    /// Looks every day up to and with `day`.
    pub(super) fn live_until(&mut self, day: Date) {
        while self.today < day {
            self.today = days_after(self.today, 1);
            self.look();
        }
    }

    pub(super) fn look(&mut self) -> Outcome {
        let now = morning(self.today);
        let outcome =
            look(&self.versions, &self.person, &self.contact, &self.kept, now).expect("a version is in force");
        let sent = |reminder: &Reminder| (self.today, reminder.key.rung.clone(), reminder.key.to, reminder.by);
        self.sent.extend(outcome.reminders.iter().map(sent));
        self.changes.extend(outcome.changes.iter().copied());
        self.kept.record(&outcome);
        outcome
    }

    pub(super) fn standing(&self) -> Standing {
        assess(&self.versions, &self.person, self.today, self.today).expect("a version is in force").standing
    }

    pub(super) fn record(&mut self, what: What) {
        self.person.facts.push(Fact::of_day(self.today, what));
    }

    pub(super) fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Certifies today, by a record that the policy must take.
    pub(super) fn certify(&mut self, channel: Channel, by: Party, decided_by: Party) {
        self.certify_of(self.today, channel, by, decided_by).unwrap_or_else(|faults| panic!("{channel:?}: {faults:?}"));
    }

    /// Certifies by a proof of `proof_date`, if the policy takes it.
    pub(super) fn certify_of(
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
        if faults.is_empty() {
            self.person.facts.push(record.fact());
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Rungs sent, without the days.
    pub(super) fn rungs(&self) -> Vec<(&str, Recipient)> {
        self.sent.iter().map(|(_, rung, to, _)| (rung.as_str(), *to)).collect()
    }

    pub(super) fn instructions(&self) -> Vec<Instruction> {
        self.kept.told.iter().map(|told| told.instruction.clone()).collect()
    }
}

fn ground(channel: Channel) -> Ground {
    match channel.reason() {
        Some(reason @ Reason::SeenInPerson) => Ground::Reason(reason),
        _ => Ground::Evidence { kind: channel.evidence(), reference: Uuid::from_u128(8) },
    }
}

/// What a payer did that pays each month when its list has closed, by what it had been told by then: how often each month
/// from `first` up to, not including, `end` was paid. It knows nothing of [`crate::year::instructions`] but the words.
pub(super) fn paid(told: &[Told], list_closes: u8, first: Month, end: Month) -> BTreeMap<Month, u32> {
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
pub(super) const FOREIGN: Ground = Ground::Evidence { kind: EvidenceKind::Face, reference: Uuid::from_u128(7) };
