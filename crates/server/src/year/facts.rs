//! What is recorded about a person, as far as it bears on standing. No names, no numbers: identifiers and days.

use time::Date;
use uuid::Uuid;

use super::channel::Channel;

/// A person, as the year sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Day of birth; only its month is used.
    pub born: Date,
    /// Since when the benefit is drawn. The person was seen then: the first cycle begins here.
    pub entitled_from: Date,
    /// Where the person lies in a spread of due dates: [`super::window::spread_seed`].
    pub spread: u64,
    /// In any order.
    pub facts: Vec<Fact>,
}

/// Something that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The day it speaks of: of proof, of comparison, of an appeal's arrival, of death.
    pub on: Date,
    /// The day it was recorded, by the service's own clock: from then on it is known. Never set back.
    pub recorded: Date,
    /// What it is.
    pub what: What,
}

/// What was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Certified, by a way that the policy allowed when it was recorded. `on` is the proof date.
    Certified {
        /// Of the record.
        id: Uuid,
        /// How.
        channel: Channel,
    },
    /// A certification was found to be void.
    Revoked {
        /// Of the record that is void.
        certification: Uuid,
        /// Who decided.
        clerk: Uuid,
    },
    /// A comparison of data was made and did not find the person. Another of the same day says so for itself.
    NoMatch {
        /// The run that compared.
        run: Uuid,
    },
    /// A comparison was wrong: that it did not find the person counts for nothing. `on` is its day.
    NoMatchWithdrawn {
        /// The run that had compared.
        run: Uuid,
        /// Who decided.
        clerk: Uuid,
    },
    /// The person, or somebody for them, appealed.
    AppealOpened {
        /// Of the appeal.
        appeal: Uuid,
    },
    /// An appeal was decided.
    AppealDecided {
        /// Of the appeal.
        appeal: Uuid,
        /// Whether the person was right.
        upheld: bool,
        /// Who decided.
        clerk: Uuid,
    },
    /// Something waits for a clerk's look: a submission, a report of death.
    ReviewOpened {
        /// Of the review.
        review: Uuid,
    },
    /// A clerk has looked.
    ReviewClosed {
        /// Of the review.
        review: Uuid,
    },
    /// A clerk has established that the person died. `on` is the day of death.
    Deceased {
        /// Who decided.
        clerk: Uuid,
    },
    /// A clerk has established that the person lives after all.
    DeathWithdrawn {
        /// Who decided.
        clerk: Uuid,
    },
}

impl Fact {
    /// Recorded on the day it speaks of.
    pub fn of_day(on: Date, what: What) -> Self {
        Self { on, recorded: on, what }
    }

    /// Whether it is known at the end of `day`.
    pub fn known(&self, day: Date) -> bool {
        self.recorded <= day
    }
}

impl Person {
    /// The proof dates that count, as known on `known`: not void, and not later than the day they were recorded.
    pub fn proofs(&self, known: Date) -> impl Iterator<Item = Date> {
        self.known(known).filter_map(move |fact| match fact.what {
            What::Certified { id, .. } if fact.on <= fact.recorded && !self.is_void(id, known) => Some(fact.on),
            _ => None,
        })
    }

    /// The facts known at the end of a day.
    pub fn known(&self, day: Date) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.known(day))
    }

    fn is_void(&self, id: Uuid, known: Date) -> bool {
        self.known(known).any(|fact| matches!(fact.what, What::Revoked { certification, .. } if certification == id))
    }
}
