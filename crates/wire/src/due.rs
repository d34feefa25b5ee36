//! Who has to certify, by area: what a clerk works through who calls people, sends volunteers, or looks why nobody came.
//!
//! | call | body -> answer | who |
//! |---|---|---|
//! | `POST /v1/desk/due` | [`DueRequest`] -> [`DueList`] | clerks, heads |
//! | `POST /v1/desk/due/person` | [`DuePersonRequest`] -> [`crate::desk::DeskPerson`] | clerks, heads |

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::desk::{PersonStanding, ReadReason, VisitDay};
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
    /// The last person of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Uuid>,
    /// Why. It is kept with the name of the account, for each person shown.
    pub reason: ReadReason,
}

/// A page of those who have to certify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueList {
    /// By place, and there by the day by which they have to certify.
    pub people: Vec<DuePerson>,
    /// What to send as `after` for the next page; none if this is the last.
    pub next: Option<Uuid>,
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
    /// What they, their family or the community were told last, by the name of the rung.
    pub told: Option<String>,
    /// Whether somebody is to visit them.
    pub to_visit: bool,
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
