//! Requests and answers of the ways by people: at the counter, at home, by post, by lists, by video call, by link. JSON as in
//! [`crate::api`], but for lists (CSV) and scans.
//!
//! | call | body -> answer | who |
//! |---|---|---|
//! | `POST /v1/desk/certifications` | [`SeenRequest`] -> 201, 200, 202 [`Recorded`] | clerks, heads |
//! | `POST /v1/desk/visits/report` | [`VisitReport`] -> 201, 200, 202 [`Recorded`] | volunteers |
//! | `POST /v1/desk/visits/in_vain` | [`VisitInVain`] -> 201, 200 [`NobodyOpened`] | volunteers |
//! | `POST /v1/desk/visits/reported` | [`ReportedRequest`] -> [`ReportedVisits`] | clerks, heads |
//! | `POST /v1/desk/visits/{id}/confirm` | [`ConfirmRequest`] -> 201, 200 [`VisitDecided`] | clerks, heads |
//! | `POST /v1/desk/deaths` | [`DeathRequest`] -> 201 [`DeathReported`] | clerks, heads |
//! | `POST /v1/desk/deaths/withdraw` | [`WithdrawRequest`] -> 204 | heads |
//! | `POST /v1/desk/batches/{from}/{sender}` | CSV -> CSV, a line for every line | clerks, heads |
//! | `POST /v1/desk/forms` | [`FormRequest`] -> 201 [`IssuedForm`] | clerks, heads |
//! | `POST /v1/desk/forms/returned` | [`ReturnedRequest`] -> 201, 200, 202 [`Recorded`] | clerks, heads |
//! | `POST /v1/desk/letters/returned` | [`LetterRequest`] -> 201, 200 [`LetterReturned`] | clerks, heads |
//! | `POST /v1/desk/slots` | [`SlotsRequest`] -> [`SlotsOffered`] | heads |
//! | `GET  /v1/desk/slots` | -> [`Slots`] | clerks, heads |
//! | `POST /v1/desk/slots/{id}/book` | [`BookRequest`] -> 204 | clerks, heads |
//! | `POST /v1/desk/slots/{id}/outcome` | [`CallRequest`] -> [`CallEnded`] | clerks, heads |
//! | `POST /v1/desk/links` | [`LinkRequest`] -> 201 [`IssuedLink`] | clerks, heads |
//! | `POST /v1/links` | [`FollowRequest`] -> [`OpenLink`] | whoever has the link |

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::desk::VisitDay;
use crate::time::day;
use crate::{Division, IdNumber, Name, Secret};

/// How a clerk saw somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// At the counter, with the ID card.
    OfficeIdCard,
    /// At the agency's office, by hand.
    AgencyByHand,
    /// At home; the account that was there is another than the one that records it.
    HomeVisit,
}

/// Why somebody is certified at home, and not by the app or at a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitReason {
    /// Severely ill, or in bed.
    SeverelyIll,
    /// Old and frail.
    Frail,
    /// Disabled, so that neither the app nor the way to an office is possible.
    Disabled,
    /// There is no phone, and nobody who could help with one.
    NoPhone,
    /// Neither data nor reminders reached them.
    NotReached,
}

impl VisitReason {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::SeverelyIll, Self::Frail, Self::Disabled, Self::NoPhone, Self::NotReached];
}

/// Certifies somebody whom people saw.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenRequest {
    /// Who.
    pub id_number: IdNumber,
    /// How.
    pub by: SeenBy,
    /// On which day.
    #[serde(with = "day")]
    pub on: Date,
    /// The visitor's account; at home only.
    #[serde(default)]
    pub visitor: Option<Uuid>,
    /// Why they were visited; at home only, and there it is to be said.
    #[serde(default)]
    pub why: Option<VisitReason>,
    /// The account of a second person who was there, where the insured place wants one.
    #[serde(default)]
    pub second: Option<Uuid>,
}

/// A certification was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recorded {
    /// Names the record.
    pub id: Uuid,
    /// Whether it was recorded before.
    pub known: bool,
    /// Whether it is not recorded yet: another account has to say the same.
    pub waits: bool,
}

/// A volunteer was at somebody's home and saw them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitReport {
    /// Whom: somebody on one's own list of visits.
    pub person: Uuid,
    /// On which day.
    #[serde(with = "day")]
    pub on: Date,
    /// Why they were visited.
    pub why: VisitReason,
    /// The account of a second person who was there, where the insured place wants one.
    #[serde(default)]
    pub second: Option<Uuid>,
}

/// A volunteer was at somebody's home, and nobody opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitInVain {
    /// Whose: somebody on one's own list of visits.
    pub person: Uuid,
    /// On which day.
    #[serde(with = "day")]
    pub on: Date,
}

/// It is put down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NobodyOpened {
    /// The days of the last year on which nobody opened to a volunteer, whichever; the oldest first.
    pub in_vain: Vec<VisitDay>,
    /// Whether this was put down before.
    pub known: bool,
}

/// Asks for visits that volunteers reported and no clerk has confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedRequest {
    /// What comes after this: `next` of the page before.
    #[serde(default)]
    pub after: Option<Uuid>,
}

/// Visits that wait for a clerk, of one's own area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedVisits {
    /// At most 50.
    pub visits: Vec<ReportedVisit>,
    /// Asks for the next page; none at the end. A page may be short, or empty, and still have a next one.
    pub next: Option<Uuid>,
}

/// A visit that waits for a clerk.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportedVisit {
    /// Names the certification that it will be.
    pub id: Uuid,
    /// Who was visited.
    pub person: Uuid,
    /// As in the register.
    pub name: Name,
    /// Where the person lives.
    pub residence: Division,
    /// On which day.
    #[serde(with = "day")]
    pub on: Date,
    /// Why they were visited.
    pub why: VisitReason,
    /// The volunteer's account.
    pub volunteer: Uuid,
    /// Whether a second person was there, as the volunteer says.
    pub seconded: bool,
    /// When it was reported.
    #[serde(with = "time::serde::rfc3339")]
    pub reported_at: OffsetDateTime,
}

impl fmt::Debug for ReportedVisit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReportedVisit(…)")
    }
}

/// Says whether a visit certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// Whether it does; else the report is set aside.
    pub confirmed: bool,
}

/// A clerk has spoken on a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VisitDecided {
    /// The certification, where there is one.
    pub recorded: Option<Recorded>,
}

/// Reports a death, to be established in the queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeathRequest {
    /// Who.
    pub id_number: IdNumber,
    /// Who says so, and how they know. Kept sealed.
    pub statement: Secret,
}

/// A report of death waits for a clerk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeathReported {
    /// The case in the queue.
    pub review: Uuid,
}

/// Takes back that somebody died.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    /// Who.
    pub id_number: IdNumber,
}

/// How a form certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormKind {
    /// Papers by post.
    PaperByMail,
    /// The form by which another agency confirms somebody who lives there.
    AssistanceForm,
}

/// Asks for a form to send by post.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormRequest {
    /// For whom.
    pub id_number: IdNumber,
    /// Which.
    pub kind: FormKind,
}

/// A form. The code is told this once; it stands on the sheet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedForm {
    /// Names the paper.
    pub id: Uuid,
    /// `ABCDE-FGHJK-LMNPQ-RSTUV`.
    pub code: Secret,
    /// The last day on which it is taken.
    #[serde(with = "day")]
    pub until: Date,
    /// The sheet to print: PDF, base64. None where the name has a character that no font of the service has.
    pub sheet: Option<Secret>,
}

/// A form has come back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedRequest {
    /// The code on the paper. Where the scan is a picture on which it can be read it may be left out; where both are there they
    /// have to be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// The day that the paper bears.
    #[serde(with = "day")]
    pub on: Date,
    /// The agency or community that confirmed it: with an assistance form only.
    #[serde(default)]
    pub office: Option<Uuid>,
    /// The scan: JPEG, PNG or PDF, base64; at most 20 MB.
    pub scan: Secret,
}

/// A letter of the service's has come back undelivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterRequest {
    /// The letter, by the name under which it was handed to the post.
    pub letter: Uuid,
}

/// That a letter came back was put down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterReturned {
    /// The case in the queue: the person has to be found. None where nothing depends on the letter any more.
    pub review: Option<Uuid>,
    /// Whether it was put down before.
    pub known: bool,
}

/// Offers times for video calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotsRequest {
    /// When each begins: 1 to 200.
    #[serde(with = "times")]
    #[schema(value_type = Vec<String>)]
    pub begins: Vec<OffsetDateTime>,
    /// How long each lasts: 5 to 120.
    pub minutes: u8,
}

/// Times that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SlotsOffered {
    /// How many are new.
    pub added: u64,
}

/// Times that are free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Slots {
    /// The next 50.
    pub free: Vec<Slot>,
}

/// A time that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Slot {
    /// Names it.
    pub id: Uuid,
    /// When it begins.
    #[serde(with = "time::serde::rfc3339")]
    pub begins: OffsetDateTime,
}

/// Books a time for somebody. The time that they had ahead of them is given back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookRequest {
    /// Who.
    pub id_number: IdNumber,
}

/// What a clerk found in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The person, alive and well.
    Certified,
    /// Nobody answered, or the line was too poor.
    NotReached,
    /// Not sure that it was the person.
    NotSure,
}

/// Records the outcome of a call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallRequest {
    /// With whom it was.
    pub id_number: IdNumber,
    /// What came of it.
    pub outcome: CallOutcome,
}

/// The outcome is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallEnded {
    /// The certification, where there is one.
    pub recorded: Option<Recorded>,
}

/// Where a link leads in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkChannel {
    /// The electronic social-security card.
    ECardLink,
    /// A web portal.
    WebPortal,
    /// A message: into the app, whoever holds the phone.
    App,
}

/// Asks for a link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// For whom.
    pub id_number: IdNumber,
    /// By which way.
    pub channel: LinkChannel,
    /// For how many days: 1 to 90.
    pub days: u8,
}

/// A link. Whoever reads it learns nothing from it; it authorises nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedLink {
    /// What the link carries.
    pub token: Secret,
    /// The last day on which it can be used, as often as needed.
    #[serde(with = "day")]
    pub until: Date,
}

/// Follows a link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowRequest {
    /// What the link carries.
    pub token: Secret,
}

/// A link that can be used. The four facts are asked for as ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenLink {
    /// By which way the person comes.
    pub channel: LinkChannel,
    /// The last day.
    #[serde(with = "day")]
    pub until: Date,
}

/// Several times, each as in RFC 3339.
mod times {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use time::OffsetDateTime;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Rfc3339(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

    pub(super) fn serialize<S: Serializer>(times: &[OffsetDateTime], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(times.iter().copied().map(Rfc3339))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OffsetDateTime>, D::Error> {
        Ok(Vec::<Rfc3339>::deserialize(deserializer)?.into_iter().map(|Rfc3339(time)| time).collect())
    }
}
