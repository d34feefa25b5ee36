//! Requests and answers of the desk: what clerks, heads, auditors and volunteers do, signed in. JSON as in [`crate::api`].
//!
//! | call | body -> answer | who |
//! |---|---|---|
//! | `POST /v1/desk/login` | [`LoginRequest`] -> 201 [`StaffSession`] | anybody |
//! | `GET  /v1/desk/me` | -> [`Account`] | signed in |
//! | `POST /v1/desk/logout` | [`LogoutRequest`] -> 204 | signed in |
//! | `POST /v1/desk/accounts/{id}/sign-out` | -> 204 | heads |
//! | `POST /v1/desk/people` | [`PersonRequest`] -> [`DeskPerson`] | clerks, heads |
//! | `POST /v1/desk/invitations` | [`InvitationRequest`] -> 201 [`Invitation`] | clerks, heads |
//! | `POST /v1/desk/invitations/accept` | [`AcceptRequest`] -> 201 [`Accepted`] | whoever has the code |
//! | `POST /v1/desk/rosters` | [`RosterRequest`] -> 201 [`Roster`] | clerks, heads |
//! | `POST /v1/desk/accesses` | [`AccessesRequest`] -> [`Accesses`] | heads, auditors |
//! | `POST /v1/desk/visits` | [`VisitsRequest`] -> [`Visits`] | volunteers |
//! | `POST /v1/desk/visits/person` | [`PersonRequest`] -> [`VisitPerson`] | volunteers |
//!
//! What waits for a clerk is in [`crate::cases`], who has to certify in [`crate::due`], the ways by people in
//! [`crate::channels`].
//!
//! All but login and acceptance carry the session's token as bearer. Whoever reads about a person says why.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::time::{day, maybe_day};
use crate::{Area, Division, IdNumber, Limitation, LoginName, Name, ReasonCode, Secret};

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Serves the people of an area.
    Clerk,
    /// A clerk who also looks after the accounts of the area.
    Head,
    /// Goes from door to door, for the people on a list.
    Volunteer,
    /// Sees who did what, and nobody's data.
    Auditor,
}

impl StaffRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Clerk, Self::Head, Self::Volunteer, Self::Auditor];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Head => "head",
            Self::Volunteer => "volunteer",
            Self::Auditor => "auditor",
        }
    }

    /// The role with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Why somebody reads about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadReason {
    /// The person, or somebody for them, is at the counter or on the telephone.
    Asked,
    /// A submission is to be reviewed.
    Review,
    /// An appeal is to be decided.
    Appeal,
    /// A visit or a call is planned or made.
    Visit,
    /// A report of death or another change is followed up.
    Report,
    /// The register is corrected.
    Correction,
}

impl ReadReason {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Review => "review",
            Self::Appeal => "appeal",
            Self::Visit => "visit",
            Self::Report => "report",
            Self::Correction => "correction",
        }
    }
}

/// Asks to sign in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The account.
    pub login: LoginName,
    /// Its password.
    pub password: Secret,
    /// The six digits that the authenticator shows now (RFC 6238). Each works once.
    pub code: Secret,
}

/// Signed in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StaffSession {
    /// Authorises every call of the desk.
    pub token: Secret,
    /// When the session ends for good; it ends earlier when it is not used for a while.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Who signed in.
    pub account: Account,
}

/// An account, as its owner and heads see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Names the account.
    pub id: Uuid,
    /// What it is for.
    pub role: StaffRole,
    /// Where it works.
    pub area: Area,
}

/// Asks to sign out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogoutRequest {
    /// Whether every session of the account ends, not only this one.
    #[serde(default)]
    pub everywhere: bool,
}

/// Asks for a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonRequest {
    /// Who.
    pub id_number: IdNumber,
    /// Why. It is kept with the name of the account.
    pub reason: ReadReason,
    /// The review, appeal or visit that it is about, where there is one.
    #[serde(default)]
    pub reference: Option<Uuid>,
}

/// A person, as a clerk of the area sees them. Never the portrait, nor a whole phone number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskPerson {
    /// Names the person inside the service.
    pub id: Uuid,
    /// As in the register.
    pub name: Name,
    /// Where the pension is insured.
    pub insured_place: Division,
    /// Where the person lives.
    pub residence: Division,
    /// Where they stand; none before the first look at somebody new.
    pub standing: Option<PersonStanding>,
    /// Phone numbers, all but the last four digits hidden.
    pub phones: Vec<String>,
    /// `good`, `poor`, `no_face` or `missing`.
    pub portrait: String,
    /// The latest certificates, the newest first.
    pub certificates: Vec<DeskCertificate>,
    /// The latest attempts, the newest first.
    pub attempts: Vec<DeskAttempt>,
    /// The days of the last year on which nobody opened to a volunteer, the oldest first.
    #[serde(default)]
    pub in_vain: Vec<VisitDay>,
}

impl fmt::Debug for DeskPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeskPerson(…)")
    }
}

/// Where a person stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonStanding {
    /// `current`, `due`, `overdue`, `suspended` or `deceased`.
    pub standing: String,
    /// The day by which they have to certify.
    #[serde(with = "maybe_day")]
    pub due_by: Option<Date>,
    /// The day from which nothing is paid, if nothing comes.
    #[serde(with = "maybe_day")]
    pub suspends_on: Option<Date>,
    /// `appeal` or `review`: what keeps a suspension from beginning.
    pub held: Option<String>,
}

/// A certificate that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskCertificate {
    /// As printed.
    pub serial: String,
    /// When it was given.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// Until when it is valid.
    #[serde(with = "time::serde::rfc3339")]
    pub valid_until: OffsetDateTime,
    /// Whether it came from a demonstration.
    pub demo: bool,
}

/// An attempt to be certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskAttempt {
    /// Names the attempt.
    pub id: Uuid,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// `open`, `committed`, `accepted`, `certified`, `review` or `refused`.
    pub state: String,
    /// Why it was refused or is in review.
    pub reasons: Vec<ReasonCode>,
    /// What the person cannot do, as long as somebody may have to decide about the attempt.
    pub limitations: Vec<Limitation>,
}

/// Invites a volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationRequest {
    /// Where the volunteer will work; lies within one's own area.
    pub area: Area,
}

/// An invitation. The code is told this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Makes one account, once.
    pub code: Secret,
    /// Until when.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Accepts an invitation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptRequest {
    /// The code of the invitation.
    pub code: Secret,
    /// The login name that is wished for.
    pub login: LoginName,
    /// The password: 12 characters or more.
    pub password: Secret,
}

/// The account was made. What the authenticator needs is told this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// The account.
    pub account: Account,
    /// `otpauth://…`, for the authenticator, as text or as a QR code.
    pub authenticator: Secret,
}

/// Puts people on a volunteer's list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterRequest {
    /// The volunteer's account.
    pub volunteer: Uuid,
    /// Who is to be visited, by ID number; with `listed` 1 to 200.
    #[serde(default)]
    pub people: Vec<IdNumber>,
    /// Who else is to be visited, as [`crate::due::DueList`] or a message to the community names them.
    #[serde(default)]
    pub listed: Vec<Uuid>,
    /// For how many days: 1 to 31.
    pub days: u8,
}

/// A list of people to visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Roster {
    /// Names the list.
    pub id: Uuid,
    /// Until when it is good.
    #[serde(with = "time::serde::rfc3339")]
    pub ends_at: OffsetDateTime,
    /// How many people stand on it.
    pub listed: u32,
    /// Which of the people asked for do not stand on it: places in the request, `people` first, counted from 0.
    pub left_out: Vec<u32>,
}

/// Asks for one's own list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitsRequest {
    /// Why.
    pub reason: ReadReason,
}

/// The people on one's own lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Visits {
    /// In the order in which they were listed.
    pub people: Vec<VisitPerson>,
}

/// A person, as the volunteer who visits them sees them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VisitPerson {
    /// Names the person inside the service.
    pub id: Uuid,
    /// As in the register.
    pub name: Name,
    /// Where the person lives.
    pub residence: Division,
    /// Until when the list is good.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    /// The days of the last year on which nobody opened to a volunteer, whichever; the oldest first.
    #[serde(default)]
    pub in_vain: Vec<VisitDay>,
}

/// The day of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VisitDay {
    /// The day.
    #[serde(with = "day")]
    pub on: Date,
}

impl fmt::Debug for VisitPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitPerson(…)")
    }
}

/// Asks who read about whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessesRequest {
    /// Reads by this account only.
    #[serde(default)]
    pub account: Option<Uuid>,
    /// Reads about this person only.
    #[serde(default)]
    pub person: Option<Uuid>,
    /// Reads before this only.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub before: Option<OffsetDateTime>,
}

/// Who read about whom, the newest first; 200 at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accesses {
    /// The reads.
    pub accesses: Vec<Access>,
}

/// Somebody read about a person, or tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Access {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who.
    pub account: Uuid,
    /// `person`, `roster`, `visits`, `visit`, `case`, `evidence`, `portrait` or `channel`.
    pub what: String,
    /// Why, as the reader said.
    pub reason: String,
    /// The review, appeal, visit or list that it was for.
    pub reference: Option<Uuid>,
    /// Whose data were shown; nobody's when nothing was.
    pub person: Option<Uuid>,
    /// `shown`, `nobody`, `elsewhere` or `not_listed`.
    pub outcome: String,
}
