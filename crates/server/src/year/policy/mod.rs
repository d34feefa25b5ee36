//! Policy as data: what one place asks of those who draw one benefit. Written as TOML, one file a version.
//!
//! **In**: the text of the files ([`load`], [`PolicySet`]). **Out**: checked [`Policy`] values; whom a change would move
//! ([`change`]). **What can go wrong**: anything in the text; each [`Fault`] names file, line and remedy, and all faults of
//! a file are found in one go. A set with a fault is refused whole.
//!
//! # The file
//! | key | meaning |
//! |---|---|
//! | `format` | 1 |
//! | `place`, `schemes` | where, and for which benefits: `"nationwide"` or six digits; [`Scheme`] |
//! | `version`, `valid_from`, `notice_days` | number, first day, days in which it suspends nobody the version before would not |
//! | `interval_months` | 12, 6, 3, 1 |
//! | `[window]` | `kind = "rolling"` with `opens_days`; `"calendar"` with `first_month`, `months`; `"birth_month"` with `before`, `after`; the last two may have `early_days` |
//! | `spread_days` | due dates lie on the last so many days of the window and the end |
//! | `silence` | [`Silence`] |
//! | `[grace]` | `days`, `after_appeal_days` |
//! | `[matching]` | `missing` ([`Missing`]); with `"asks"` also `answer_days` |
//! | `channels`, `proof_age_days` | open ways ([`Channel`]), oldest proof taken |
//! | `second_person` | ways with a face (two clerks look), visits and the counter that want a second person; may be missing: none |
//! | `second_clerk` | cases ([`ReviewKind`]) that two clerks have to decide alike; may be missing: none |
//! | `four_eyes` | ways by people of which two accounts have to say the same, each signed in; may be missing: none |
//! | `volunteer_visits` | what a volunteer's own report of a visit is worth ([`VolunteerVisits`]); may be missing: `"waits"` |
//! | `[plan]` | `min_plans`, `actions` |
//! | `[retention]` | `face_days`, `call_days`, `paper_days`, `data_days` |
//! | `[payment]` | `list_closes`: day of the month |
//! | `[quiet]` | `from`, `until` |
//! | `[[ladder]]` | `name`, `from` ([`Anchor`]), `days`, `to` ([`Recipient`]), `by` ([`Medium`], the first that reaches), `legal` |
//!
//! The shipped examples (`crates/server/policies/`) are the ten places of the field; a place that ships no policy of its
//! own lives by the nationwide one.

mod change;
mod load;
mod parts;
mod reader;
mod set;
mod shipped;
#[cfg(test)]
mod tests;
mod together;

use std::fmt;

use jianzai_wire::{Action, CapturePolicy};
use time::{Date, Time};

use super::channel::{Channel, EvidenceKind};
use super::dates::{Month, days_after};
use super::names::words;

pub use change::{Change, ChangeRefused, Moved, preview};
pub use load::load;
pub use reader::Fault;
pub use set::{Faults, PolicySet};
pub use shipped::SHIPPED;

words! {
    /// A benefit that is drawn until death.
    pub Scheme {
        /// Basic pension of employees.
        EmployeePension = "employee_pension",
        /// Basic pension of urban and rural residents.
        ResidentPension = "resident_pension",
        /// Pension of public institutions.
        PublicPension = "public_pension",
        /// Long-term benefits after an accident at work.
        WorkInjury = "work_injury",
        /// Allowance of those whom an insured person supported.
        Survivor = "survivor",
    }
}

words! {
    /// What waits for a clerk.
    pub ReviewKind {
        /// An attempt that the judge leaves open.
        Submission = "submission",
        /// Somebody says that the person died.
        DeathReport = "death_report",
        /// A notice did not reach the person, who has to be found.
        Unreached = "unreached",
        /// The person, or somebody for them, appeals.
        Appeal = "appeal",
    }
}

words! {
    /// What a volunteer's own report of a home visit is worth.
    pub VolunteerVisits {
        /// A clerk has to confirm it.
        Waits = "waits",
        /// It certifies, as the clerk who made the list trusts the volunteer.
        Stands = "stands",
    }
}

/// Where a policy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Wherever no nearer policy does.
    Nationwide,
    /// In a division and those below it; GB/T 2260.
    Division(u32),
}

impl Place {
    /// From how it is written in files and rows.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "nationwide" => Some(Self::Nationwide),
            digits => {
                let plain = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse().ok().filter(|_| plain).map(Self::Division)
            }
        }
    }
}

impl fmt::Display for Place {
    /// As it is written in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nationwide => f.write_str("nationwide"),
            Self::Division(code) => write!(f, "{code:06}"),
        }
    }
}

/// One version of the policy of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where it holds.
    pub place: Place,
    /// For which benefits.
    pub schemes: Vec<Scheme>,
    /// Counts from 1.
    pub version: u32,
    /// Its first day.
    pub valid_from: Date,
    /// For so many days from its first it begins no suspension that the version before would not have begun.
    pub notice_days: u16,
    /// Months between two certifications: 12, 6, 3 or 1.
    pub interval: u8,
    /// When in the interval.
    pub window: WindowRule,
    /// Days over which due dates are spread.
    pub spread_days: u16,
    /// What it means that nobody certified.
    pub silence: Silence,
    /// Time given beyond the window.
    pub grace: Grace,
    /// Comparison with data of other services.
    pub matching: Matching,
    /// Ways that are open.
    pub channels: Vec<Channel>,
    /// Ways by people that want a second person.
    pub second_person: Vec<Channel>,
    /// Cases that two clerks have to decide alike.
    pub second_clerk: Vec<ReviewKind>,
    /// Ways by people of which two accounts have to say the same before it is recorded.
    pub four_eyes: Vec<Channel>,
    /// What a volunteer's own report of a home visit is worth.
    pub volunteer_visits: VolunteerVisits,
    /// Oldest proof that may be handed in, in days.
    pub proof_age_days: u16,
    /// What the app asks.
    pub plan: PlanRule,
    /// How long evidence is kept, in days.
    pub retention: Retention,
    /// The payer's calendar.
    pub payment: Payment,
    /// No message is sent in these hours.
    pub quiet: Quiet,
    /// Reminders, in order.
    pub ladder: Vec<Rung>,
}

/// When in the interval somebody certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowRule {
    /// From the last trusted event: due one interval later, open so many days before.
    Rolling {
        /// Days before the due date.
        opens_days: u16,
    },
    /// The same months for everybody.
    Calendar {
        /// First month of a window, 1 to 12.
        first_month: u8,
        /// Months that a window is open.
        months: u8,
        /// A proof so many days before the opening counts for the window.
        early_days: u16,
    },
    /// Around the month of birth.
    BirthMonth {
        /// Months before it.
        before: u8,
        /// Months after it.
        after: u8,
        /// A proof so many days before the opening counts for the window.
        early_days: u16,
    },
}

words! {
    /// What it means that a window closed and nobody certified.
    pub Silence {
        /// Overdue, and suspended after the grace.
        Suspends = "suspends",
        /// Overdue, and paid on: where data alone are looked at, a comparison that was not made is no fault of the person.
        Waits = "waits",
    }
}

words! {
    /// What it means that a comparison did not find the person.
    pub Missing {
        /// Nothing.
        Nothing = "nothing",
        /// They are asked to certify another way.
        Asks = "asks",
        /// Payment is suspended from the next month.
        Suspends = "suspends",
    }
}

/// Time beyond the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    /// Days from the window's end to the last day before suspension.
    pub days: u16,
    /// Days from the end of an appeal or a review in which no suspension begins.
    pub after_appeal_days: u16,
}

/// Comparison with data of other services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matching {
    /// What it means not to be found.
    pub missing: Missing,
    /// Days to answer, where [`Missing::Asks`].
    pub answer_days: u16,
}

/// What the app asks of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRule {
    /// Equally likely plans at least; where a file asks for fewer than [`CapturePolicy::LEAST_PLANS`], there are that many.
    pub min_plans: u32,
    /// Actions that may be asked.
    pub actions: Vec<Action>,
}

/// How long evidence is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Footage of faces.
    pub face_days: u16,
    /// Video calls.
    pub call_days: u16,
    /// Papers, cards and visitors' reports.
    pub paper_days: u16,
    /// Data events.
    pub data_days: u16,
}

/// The payer's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// The payer's list of a month closes at the end of this day of that month: later instructions hold for the next.
    pub list_closes: u8,
}

/// Hours in which nothing is sent; may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// First minute.
    pub from: Time,
    /// First minute after.
    pub until: Time,
}

words! {
    /// The day that a rung is counted from.
    pub Anchor {
        /// The window opens.
        Opens = "opens",
        /// The person's own due date.
        Due = "due",
        /// The suspension begins.
        Suspension = "suspension",
    }
}

words! {
    /// Whom a rung reaches.
    pub Recipient {
        /// The beneficiary.
        Elder = "elder",
        /// Those who gave a phone for the beneficiary.
        Family = "family",
        /// The community, which is asked to visit.
        Community = "community",
    }
}

words! {
    /// By which way.
    pub Medium {
        /// Text message.
        Sms = "sms",
        /// `WeChat`.
        Wechat = "wechat",
        /// The app's own notice.
        App = "app",
        /// A telephone call, spoken.
        Call = "call",
        /// A letter.
        Letter = "letter",
        /// A task on the list of those who visit.
        Task = "task",
    }
}

/// A rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Its own in the policy; stands in the record of what was sent.
    pub name: String,
    /// Counted from this day,
    pub from: Anchor,
    /// so many days later; earlier if negative.
    pub days: i16,
    /// Whom it reaches.
    pub to: Vec<Recipient>,
    /// By which way: the first by which they can be reached.
    pub by: Vec<Medium>,
    /// Whether the law asks for it: no opt-out.
    pub legal: bool,
}

impl Policy {
    /// Whether somebody may be certified in this way.
    pub fn allows(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// Whether silence, or a comparison, can end in suspension.
    pub fn may_suspend(&self) -> bool {
        self.silence == Silence::Suspends || self.matching.missing == Missing::Suspends
    }

    /// The rules of an attempt for somebody who can do `able`.
    pub fn capture(&self, able: &[Action]) -> CapturePolicy {
        let actions: Vec<_> = self.plan.actions.iter().copied().filter(|action| able.contains(action)).collect();
        let mut capture = CapturePolicy::for_actions(&actions);
        // Whoever can do too little is looked at, however much is asked of others.
        if capture.is_enough() {
            capture.demand(u64::from(self.plan.min_plans));
        }
        capture
    }

    /// The day on which evidence taken on `day` must go.
    pub fn delete_on(&self, kind: EvidenceKind, day: Date) -> Date {
        let days = match kind {
            EvidenceKind::Face => self.retention.face_days,
            EvidenceKind::Call => self.retention.call_days,
            EvidenceKind::Paper | EvidenceKind::IdCard | EvidenceKind::Visit => self.retention.paper_days,
            EvidenceKind::Data => self.retention.data_days,
        };
        days_after(day, i64::from(days))
    }

    /// The first month that an instruction given on `day` can hold for.
    pub fn payable_from(&self, day: Date) -> Month {
        Month::of(day).plus(i32::from(day.day() > self.payment.list_closes))
    }
}

impl Quiet {
    /// Whether it is quiet at this time of day.
    pub fn covers(self, at: Time) -> bool {
        if self.from <= self.until { self.from <= at && at < self.until } else { self.from <= at || at < self.until }
    }
}
