//! Who has to certify, by area: what a clerk works through who calls people, sends volunteers, or looks why nobody came.
//!
//! | call | body -> answer | who |
//! |---|---|---|
//! | `POST /v1/desk/due` | [`DueRequest`] -> [`DueList`] | clerks, heads |
//! | `POST /v1/desk/due/person` | [`DuePersonRequest`] -> [`crate::desk::DeskPerson`] | clerks, heads |
//! | `POST /v1/desk/flagged` | [`FlaggedRequest`] -> [`FlaggedList`] | clerks, heads |

use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::desk::{PersonStanding, ReadReason, VisitDay};
use crate::time::day;
use crate::{Area, Division};

/// Where somebody stands who has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DueStanding {
    /// It is time to certify.
    Due,
    /// The day by which to certify is over.
    Overdue,
    /// Nothing is paid until they certify.
    Suspended,
}

impl DueStanding {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Due, Self::Overdue, Self::Suspended];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::Suspended => "suspended",
        }
    }
}

/// Asks who has to certify.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DueRequest {
    /// Which of them.
    pub standing: DueStanding,
    /// Where; lies within one's own area. One's own area if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Whether only those are wanted whom somebody is to visit: the ladder of reminders has come to that.
    #[serde(default)]
    pub to_visit: bool,
    /// Whether only those are wanted whom nothing has reached that they or their family were to be told this time, so far: no way
    /// leads to them, or what was sent failed. Another message may still be waiting.
    #[serde(default)]
    pub unreached: bool,
    /// Where the page before ended: its `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DuePlace>,
    /// Why. It is kept with the name of the account, for each person shown.
    pub reason: ReadReason,
}

/// A page of those who have to certify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueList {
    /// By place, and there by the day by which they have to certify.
    pub people: Vec<DuePerson>,
    /// What to send as `after` for the next page; none if this is the last.
    pub next: Option<DuePlace>,
}

/// A place in the list. It stays where it is, whoever comes onto the list or leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuePlace {
    /// Where the pension is insured,
    pub insured_place: Division,
    /// the day by which they have to certify,
    #[serde(with = "day")]
    pub due_by: Date,
    /// and who.
    pub person: Uuid,
}

/// Somebody who has to certify. To see more, open the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DuePerson {
    /// Names the person inside the service, as messages to the community and lists of visits do.
    pub id: Uuid,
    /// The name, all but its last character hidden.
    pub masked_name: String,
    /// Where the pension is insured.
    pub insured_place: Division,
    /// Where the person lives.
    pub residence: Division,
    /// Where they stand, and until when.
    #[serde(flatten)]
    pub standing: PersonStanding,
    /// What they, their family or the community were told last of this time, by the name of the rung: a sender has taken it, and it is
    /// not known to have failed.
    pub told: Option<String>,
    /// Whether somebody is to visit them.
    pub to_visit: bool,
    /// Whether nothing has reached them that they or their family were to be told this time, so far: somebody has to ring them up, or look.
    pub unreached: bool,
    /// The days of the last year on which nobody opened to a volunteer, the oldest first.
    pub in_vain: Vec<VisitDay>,
}

impl fmt::Debug for DuePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DuePerson({}, …)", self.id)
    }
}

/// Asks for a person whom a list or a message names.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuePersonRequest {
    /// Who.
    pub person: Uuid,
    /// Why. It is kept with the name of the account.
    pub reason: ReadReason,
}

/// Asks whom the data flagged: what they say of somebody contradicts itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlaggedRequest {
    /// Where the page before ended: its `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FlaggedPlace>,
    /// Why. It is kept with the name of the account, for each person shown.
    pub reason: ReadReason,
}

/// A page of those whom the data flagged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlaggedList {
    /// By run and person.
    pub people: Vec<FlaggedPerson>,
    /// What to send as `after` for the next page; none if this is the last.
    pub next: Option<FlaggedPlace>,
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlaggedPlace {
    /// The run,
    pub run: Uuid,
    /// and who.
    pub person: Uuid,
}

/// Somebody about whom the data contradict themselves. To see more, open the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlaggedPerson {
    /// Names the person inside the service.
    pub id: Uuid,
    /// The run that flagged them.
    pub run: Uuid,
    /// The day that it looked at.
    #[serde(with = "day")]
    pub on: Date,
    /// The name, all but its last character hidden.
    pub masked_name: String,
    /// Where the pension is insured.
    pub insured_place: Division,
    /// Where the person lives.
    pub residence: Division,
    /// What the data say, in words of the language that was asked for.
    pub said: String,
}

impl fmt::Debug for FlaggedPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlaggedPerson({}, …)", self.id)
    }
}
