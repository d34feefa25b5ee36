//! Requests and answers about what waits for a clerk: submissions that the judge leaves open, reports of death, people whom a
//! notice did not reach, appeals.
//! JSON as in [`crate::api`]; everything is for clerks and heads, signed in.
//!
//! | call | body -> answer |
//! |---|---|
//! | `POST /v1/desk/reviews` | [`ReviewsRequest`] -> [`Reviews`] |
//! | `POST /v1/desk/reviews/{id}/open` | -> [`ReviewCase`] |
//! | `GET  /v1/desk/reviews/{id}/evidence/{part}` | -> JPEG or MP4; parts are [`EvidencePart`] |
//! | `POST /v1/desk/reviews/{id}/decide` | [`DecideRequest`] -> [`DecideAnswer`] |
//!
//! The list names cases by identifiers only. To open one is to read about a person: it is logged, and the case is then that
//! clerk's for a while. Evidence and decision are for whoever has the case.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::desk::DeskPerson;
use crate::time::{day, maybe_day};
use crate::{Action, Limitation, ReasonCode, Secret};

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKind {
    /// An attempt that the judge leaves open.
    Submission,
    /// Somebody says that the person died.
    DeathReport,
    /// A notice did not reach the person, who has to be found.
    Unreached,
    /// The person, or somebody for them, appeals.
    Appeal,
}

/// Asks for what waits in one's own area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewsRequest {
    /// Of this kind only.
    #[serde(default)]
    pub kind: Option<ReviewKind>,
    /// What comes after this: `next` of the page before.
    #[serde(default)]
    pub after: Option<Uuid>,
}

/// What waits: those whose day is over or comes first, first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reviews {
    /// At most 50.
    pub reviews: Vec<WaitingReview>,
    /// Asks for the next page; none at the end. A page may be short, or empty, and still have a next one.
    pub next: Option<Uuid>,
}

/// Something that waits, by its identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingReview {
    /// Names the case.
    pub id: Uuid,
    /// What it is.
    pub kind: ReviewKind,
    /// Since when it waits.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// The day by which it must be decided.
    #[serde(with = "day")]
    pub answer_by: Date,
    /// Whether that day is over.
    pub overdue: bool,
    /// Why the attempt that it is about was refused or left open.
    pub reasons: Vec<ReasonCode>,
    /// Whether a colleague has it in hand.
    pub taken: bool,
    /// Whether one's own word on it was taken down, and a second clerk's is awaited.
    pub spoken: bool,
}

/// A case, side by side: who it is, what they say, what the judge saw, and where the evidence is to be seen.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReviewCase {
    /// Names the case.
    pub id: Uuid,
    /// What it is.
    pub kind: ReviewKind,
    /// Since when it waits.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// The day by which it must be decided.
    #[serde(with = "day")]
    pub answer_by: Date,
    /// Whether that day is over.
    pub overdue: bool,
    /// Until when nobody else can take it.
    #[serde(with = "time::serde::rfc3339")]
    pub yours_until: OffsetDateTime,
    /// Whether two clerks have to say the same. What a colleague said is not shown.
    pub two_clerks: bool,
    /// How one may decide it.
    pub verdicts: Vec<Verdict>,
    /// As registered.
    pub person: DeskPerson,
    /// What the person says.
    pub statement: Option<Secret>,
    /// Of a report of death that came from data: what the data say, in words.
    pub data: Option<String>,
    /// The attempt that it is about.
    pub attempt: Option<CaseAttempt>,
    /// Where the register's portrait is to be seen, if it has one.
    pub portrait: Option<String>,
}

impl fmt::Debug for ReviewCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReviewCase({}, …)", self.id)
    }
}

/// An attempt, as the clerk sees it who has the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaseAttempt {
    /// Names the attempt.
    pub id: Uuid,
    /// By which way: `app_self`, `app_assisted`, ...
    pub channel: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// `open`, `committed`, `accepted`, `certified`, `review` or `refused`.
    pub state: String,
    /// What the person cannot do, as they said before it.
    pub limitations: Vec<Limitation>,
    /// The actions that were asked for, in order.
    pub asked: Vec<Action>,
    /// What the judge said.
    pub judge: Option<JudgeSaid>,
    /// Why it was refused or left open, in words of the language that was asked for.
    pub reasons: Vec<SaidReason>,
    /// Where the evidence is to be seen; empty once it was deleted.
    pub evidence: Vec<String>,
    /// When the evidence is deleted.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deleted_at: Option<OffsetDateTime>,
}

/// A reason in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SaidReason {
    /// The stable code.
    pub code: ReasonCode,
    /// What is the matter.
    pub sentence: String,
}

/// What the judge said, in words and figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JudgeSaid {
    /// Why: those that decide first.
    pub reasons: Vec<JudgeReason>,
    /// The figures of every layer, passed or not.
    pub figures: Vec<JudgeFigure>,
}

/// Something that the judge found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JudgeReason {
    /// The reason in words.
    #[serde(flatten)]
    pub said: SaidReason,
    /// The layer that spoke: `times`, `continuity`, `actions`, `motion`, `depth`, `passive` or `match`.
    pub layer: String,
    /// `review` or `refuse`.
    pub leads_to: String,
    /// The figures behind it.
    pub figures: Vec<JudgeFigure>,
}

/// A number that can be checked, with the limit it was held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JudgeFigure {
    /// What it is, with its unit: `longest_gap_ms`.
    pub name: String,
    /// The value found.
    pub value: f64,
    /// The limit, if it has one.
    pub limit: Option<f64>,
}

/// A part of the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidencePart {
    /// The best photo: JPEG.
    Photo,
    /// Every crop of the face, in order, on one sheet: JPEG.
    Crops,
    /// The recording: MP4.
    Clip,
    /// The register's portrait: JPEG or PNG.
    Portrait,
}

impl EvidencePart {
    /// The stable name, as it stands in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Crops => "crops",
            Self::Clip => "clip",
            Self::Portrait => "portrait",
        }
    }
}

/// How a case is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is the person, alive and well: certified. On an appeal, the person was right as well.
    Certify,
    /// Not certified; the person may try again.
    Refuse,
    /// The appeal is right; nothing is certified by it.
    Uphold,
    /// The appeal is not right.
    Dismiss,
    /// The person died.
    Died,
    /// The report of death was wrong.
    Lives,
    /// The person was found, and told in person what did not reach them: it counts as given from today.
    Found,
    /// Nobody could find the person. What did not reach them counts for nothing.
    NotFound,
}

/// Decides a case.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    /// How.
    pub verdict: Verdict,
    /// Why, in the clerk's words: 1 to 2,000 characters. Kept sealed.
    pub reason: Secret,
    /// What the person is told of a refusal; `review.refused` where it is missing.
    #[serde(default)]
    pub code: Option<ReasonCode>,
    /// The day of death.
    #[serde(default, with = "maybe_day")]
    pub died_on: Option<Date>,
}

/// What came of a clerk's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecideAnswer {
    /// Whether it stands.
    pub outcome: Decided,
}

/// Whether a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// It stands, and everything that follows was recorded.
    Stands,
    /// It was taken down; it stands when another clerk says the same.
    WantsSecond,
}
