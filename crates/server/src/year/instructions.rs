//! What the payer is told: suspend, resume, pay back, stop.
//!
//! **In**: an [`Assessment`], what the payer was told so far, today. **Out**: the next [`Instruction`], or none if the payer
//! already does what the standing asks. Told and recorded, the same question gives none. An instruction never reaches back
//! into a month whose list is closed: a tick that came late suspends later.
//!
//! Withheld months are owed from the moment the person is confirmed ([`Assessment::owed`]), each once. After a death they
//! are owed up to the month of death, and what was paid beyond it is named.
//!
//! For core systems, the payment status (aae116) follows from the kind of the last instruction.

use std::collections::BTreeSet;

use time::Date;

use super::dates::Month;
use super::policy::Policy;
use super::standing::{Assessment, Standing};

/// Why payment goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeCause {
    /// The person is confirmed, or payment should not have stopped.
    Confirmed,
    /// An appeal is open, or was decided a few days ago.
    Appeal,
}

/// To the payer. Months are those that a pension is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Pay nothing from this month on.
    Suspend {
        /// The first month that is not paid.
        from: Month,
    },
    /// Pay again from this month on.
    Resume {
        /// The first month that is paid.
        from: Month,
        /// Withheld months to be paid with it, in order.
        back_pay: Vec<Month>,
        /// Why.
        cause: ResumeCause,
    },
    /// Pay months that were withheld; payment itself goes on already.
    BackPay {
        /// In order.
        months: Vec<Month>,
    },
    /// The person died: pay nothing from this month on.
    Stop {
        /// The first month that is not paid; never before the month after death.
        from: Month,
        /// Day of death.
        died_on: Date,
        /// Withheld months up to the month of death, in order.
        owed: Vec<Month>,
        /// Months paid after the month of death, in order.
        overpaid: Vec<Month>,
    },
}

/// An instruction that the payer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The day.
    pub on: Date,
    /// What.
    pub instruction: Instruction,
}

/// What the payer must be told today. `told` is in the order it was told.
pub fn instruct(policy: &Policy, now: &Assessment, told: &[Told], today: Date) -> Option<Instruction> {
    let ledger = Ledger::of(told);
    let from = ledger.last_from.map_or(policy.payable_from(today), |last| last.max(policy.payable_from(today)));
    match now.standing {
        Standing::Deceased => stop(&ledger, from, now.died_on?),
        Standing::Suspended => (ledger.state != State::Suspended).then_some(Instruction::Suspend { from }),
        Standing::Current | Standing::Due | Standing::Overdue => pay(&ledger, from, now),
    }
}

/// Months that are withheld and not paid back, up to, not including, `until`.
pub fn withheld(told: &[Told], until: Month) -> BTreeSet<Month> {
    Ledger::of(told).withheld_until(until)
}

fn pay(ledger: &Ledger, from: Month, now: &Assessment) -> Option<Instruction> {
    if ledger.state == State::Paid {
        let months: Vec<_> = ledger.withheld.iter().copied().collect();
        return (now.owed && !months.is_empty()).then_some(Instruction::BackPay { months });
    }
    let back_pay = if now.owed { ledger.withheld_until(from).into_iter().collect() } else { Vec::new() };
    let cause = if now.owed { ResumeCause::Confirmed } else { ResumeCause::Appeal };
    Some(Instruction::Resume { from, back_pay, cause })
}

fn stop(ledger: &Ledger, from: Month, died_on: Date) -> Option<Instruction> {
    if ledger.state == State::Stopped(died_on) {
        return None;
    }
    let month = Month::of(died_on);
    let from = from.max(month.plus(1));
    let withheld = ledger.withheld_until(from);
    let owed = withheld.iter().copied().filter(|unpaid| *unpaid <= month).collect();
    let overpaid = month.plus(1).until(from).filter(|paid| !withheld.contains(paid)).collect();
    Some(Instruction::Stop { from, died_on, owed, overpaid })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Paid,
    Suspended,
    Stopped(Date),
}

/// What the payer does, by what it was told.
struct Ledger {
    state: State,
    /// First month of the stop that goes on.
    stopped_from: Option<Month>,
    /// Months of earlier stops that nobody paid.
    withheld: BTreeSet<Month>,
    last_from: Option<Month>,
}

impl Ledger {
    fn of(told: &[Told]) -> Self {
        let mut ledger = Self { state: State::Paid, stopped_from: None, withheld: BTreeSet::new(), last_from: None };
        for told in told {
            ledger.apply(&told.instruction);
        }
        ledger
    }

    fn apply(&mut self, instruction: &Instruction) {
        match instruction {
            Instruction::Suspend { from } => self.turn(*from, State::Suspended, &[]),
            Instruction::Resume { from, back_pay, .. } => self.turn(*from, State::Paid, back_pay),
            Instruction::Stop { from, died_on, owed, .. } => self.turn(*from, State::Stopped(*died_on), owed),
            Instruction::BackPay { months } => self.withheld.retain(|month| !months.contains(month)),
        }
    }

    fn turn(&mut self, from: Month, state: State, paid: &[Month]) {
        self.withheld = self.withheld_until(from);
        self.withheld.retain(|month| !paid.contains(month));
        self.stopped_from = (state != State::Paid).then_some(from);
        self.state = state;
        self.last_from = Some(from);
    }

    fn withheld_until(&self, until: Month) -> BTreeSet<Month> {
        let now = self.stopped_from.into_iter().flat_map(|from| from.until(until));
        self.withheld.iter().copied().chain(now).collect()
    }
}
