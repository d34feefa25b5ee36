//! The linked log: every decision, in the order in which it was made, each entry holding the hash of the one before.
//!
//! **In**: an [`Entry`] from whoever decides, in the transaction of the decision: both are kept or neither. **Out**: a
//! chain that can be proven whole ([`verify`]), and its signed head ([`SignedHead`]), which can be given away. **What can
//! go wrong**: an entry that holds more than codes and identifiers is refused, and its transaction with it; a log that
//! somebody tampered with is found by [`verify`], entry by entry, and is never signed over.
//!
//! # What it shows, and what it does not
//! Who changes or removes an entry breaks the chain there. Who can write to the database may rehash everything behind it,
//! or cut off the end: then the chain no longer holds the last signed head. The service signs the head about once a minute
//! into a file beside the database, with a key that lies outside it; what was appended since the last signature can be cut
//! off unseen. A head given to somebody else (`jianzai-server audit head`) holds against an operator, too.
//!
//! # Several writers
//! Whoever appends locks the one row of `audit_head` until the transaction ends: on SQLite there is one writer anyway, on
//! PostgreSQL others wait for that row. So append last, and write nothing slow after it.
//!
//! Entries hold no personal data: accounts, people and attempts by their random identifiers, whoever is unknown by a keyed
//! hash, and codes. They are kept for good.

mod head;
mod verify;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, IntoActiveModel as _};
use sea_orm::{QueryFilter as _, QuerySelect as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub(crate) use self::head::keep_head;
pub use self::head::{HeadError, SignedHead, signed_head};
pub use self::verify::{AuditError, Fault, Report, verify};
use crate::db::Writing;
use crate::db::desk_entity::{audit_entry, audit_head};
use crate::year::names::{Named as _, words};

/// The one row of the head.
const HEAD: i64 = 1;
/// Before the first entry.
const NOTHING: [u8; 32] = [0; 32];
/// Rows of one statement: SQLite takes 32,766 values.
const ROWS: usize = 1_000;
/// Every reason code at once is shorter.
const LONGEST_DETAIL: usize = 4_000;
/// An ID number, a phone number or a bank card has more digits in a row than any code.
const MOST_DIGITS: usize = 8;

words! {
    /// What was decided or done.
    pub Action {
        /// An account was made by an operator.
        AccountAdded = "account_added",
        /// An account was given a new password and authenticator by an operator.
        AccountReset = "account_reset",
        /// An account was closed.
        AccountDisabled = "account_disabled",
        /// Somebody signed in.
        SignedIn = "signed_in",
        /// Somebody tried to sign in and was refused.
        SignInRefused = "sign_in_refused",
        /// Somebody signed out.
        SignedOut = "signed_out",
        /// Every session of an account was ended.
        SessionsRevoked = "sessions_revoked",
        /// A volunteer was invited.
        Invited = "invited",
        /// An invitation became an account.
        InvitationAccepted = "invitation_accepted",
        /// A list of visits was made.
        RosterMade = "roster_made",
        /// A volunteer took a plan along.
        Leased = "leased",
        /// Data of a person were read, or sought.
        Read = "read",
        /// A certificate was issued.
        Certified = "certified",
        /// Evidence was sent to a person's review.
        SentToReview = "sent_to_review",
        /// Evidence was refused.
        Refused = "refused",
        /// One of two clerks gave their word on a case or a certification.
        WordGiven = "word_given",
        /// A review was decided.
        ReviewDecided = "review_decided",
        /// An appeal was decided.
        AppealDecided = "appeal_decided",
        /// The payer was told to suspend.
        Suspended = "suspended",
        /// The payer was told to resume.
        Resumed = "resumed",
        /// A clerk established a death, or withdrew it.
        DeathDecided = "death_decided",
        /// What the payer has to be told was put onto a list; the detail says which, and how many.
        PayerListMade = "payer_list_made",
        /// A list for the payer, which names people, was written; the detail says which, and in what form.
        PayerListWritten = "payer_list_written",
        /// Somebody appealed.
        AppealOpened = "appeal_opened",
        /// A clerk put down how somebody can be reached; the detail says who and by which way.
        ContactAdded = "contact_added",
        /// A clerk put down that somebody wants the legal notices only, or all again; the detail says who and which.
        OptedOut = "opted_out",
        /// A clerk put a report of death before the queue.
        DeathReported = "death_reported",
        /// A letter came back.
        LetterReturned = "letter_returned",
        /// Somebody whom a notice did not reach was put before the queue.
        Unreached = "unreached",
        /// A form to be sent by post was issued.
        FormIssued = "form_issued",
        /// A list of certifications was taken.
        BatchTaken = "batch_taken",
        /// Times for video calls were offered.
        SlotsOffered = "slots_offered",
        /// A time for a video call was booked.
        SlotBooked = "slot_booked",
        /// A video call had its outcome.
        CallEnded = "call_ended",
        /// A link was issued.
        LinkIssued = "link_issued",
        /// A register was imported.
        RegisterImported = "register_imported",
        /// A key was made.
        KeyMade = "key_made",
        /// Nobody opened to a volunteer.
        VisitInVain = "visit_in_vain",
        /// A clerk set a volunteer's report of a visit aside.
        VisitSetAside = "visit_set_aside",
        /// Calls are taken from another data folder from now on.
        FolderAdopted = "folder_adopted",
        /// Policies were put in force.
        PoliciesApplied = "policies_applied",
        /// A certification was found void.
        Revoked = "revoked",
        /// A run of silent certification over everybody began, or ended.
        SilentRun = "silent_run",
        /// What a run of silent certification recorded was taken back.
        SilentReverted = "silent_reverted",
    }
}

/// What it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An account, a person, an attempt, a review: its random identifier.
    Id(Uuid),
    /// Somebody who has no identifier here, by a keyed hash.
    Hash([u8; 32]),
}

/// Something to put down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) action: Action,
    /// The account that did it; none for the service itself and its operator.
    pub(crate) actor: Option<Uuid>,
    pub(crate) subject: Option<Subject>,
    /// Codes with commas between: letters, digits, `_`, `.`, `-`. Never words about a person.
    pub(crate) detail: String,
}

impl Entry {
    /// Done by the service or its operator to something that has an identifier.
    pub(crate) fn of(action: Action, subject: Uuid) -> Self {
        Self { action, actor: None, subject: Some(Subject::Id(subject)), detail: String::new() }
    }

    /// The same, by an account.
    pub(crate) fn by(self, actor: Uuid) -> Self {
        Self { actor: Some(actor), ..self }
    }

    /// The same, with codes.
    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// Appends an entry in the transaction of what it speaks of. `at` is the service's clock.
pub(crate) async fn append(tx: &Writing, at: i64, entry: Entry) -> Result<(), DbErr> {
    append_all(tx, at, vec![entry]).await
}

/// Appends several, in their order.
pub(crate) async fn append_all(tx: &Writing, at: i64, entries: Vec<Entry>) -> Result<(), DbErr> {
    if entries.is_empty() {
        return Ok(());
    }
    if !entries.iter().all(|entry| is_codes(&entry.detail)) {
        return Err(DbErr::Custom("an entry of the log may hold codes only".into()));
    }
    let mut head = locked_head(tx).await?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let row = following_row(&head, at, entry);
        (head.seq, head.hash) = (row.seq, row.hash.clone());
        rows.push(row.into_active_model());
    }
    for rows in rows.chunks(ROWS) {
        audit_entry::Entity::insert_many(rows.to_vec()).exec_without_returning(&**tx).await?;
    }
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Seq, Expr::value(head.seq))
        .col_expr(audit_head::Column::Hash, Expr::value(head.hash))
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec(&**tx)
        .await
        .map(drop)
}

/// The row that comes after the head.
fn following_row(head: &audit_head::Model, at: i64, entry: Entry) -> audit_entry::Model {
    let seq = head.seq + 1;
    let mut row = audit_entry::Model {
        seq,
        at,
        action: entry.action.name().to_owned(),
        actor_id: entry.actor,
        subject: entry.subject.map(|subject| match subject {
            Subject::Id(id) => id.into_bytes().to_vec(),
            Subject::Hash(hash) => hash.to_vec(),
        }),
        detail: entry.detail,
        previous: head.hash.clone(),
        hash: Vec::new(),
    };
    row.hash = hash(&row).to_vec();
    row
}

/// The head, locked until the transaction ends; made where the log has none yet.
async fn locked_head(tx: &Writing) -> Result<audit_head::Model, DbErr> {
    let locked = || audit_head::Entity::find_by_id(HEAD).lock_exclusive();
    if let Some(head) = locked().one(&**tx).await? {
        return Ok(head);
    }
    let first = audit_head::ActiveModel { id: Set(HEAD), seq: Set(0), hash: Set(NOTHING.to_vec()) };
    let unless_there = OnConflict::column(audit_head::Column::Id).do_nothing().to_owned();
    audit_head::Entity::insert(first).on_conflict(unless_there).exec_without_returning(&**tx).await?;
    locked().one(&**tx).await?.ok_or_else(|| DbErr::RecordNotFound("audit_head".into()))
}

/// The hash of an entry over everything but itself. Each part is preceded by its length.
fn hash(row: &audit_entry::Model) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut part = |bytes: Option<&[u8]>| {
        // A part that is not there differs from one that is empty.
        digest.update(bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_be_bytes());
        digest.update(bytes.unwrap_or_default());
    };
    part(Some(b"jianzai audit v1"));
    part(Some(&row.seq.to_be_bytes()));
    part(Some(&row.at.to_be_bytes()));
    part(Some(row.action.as_bytes()));
    part(row.actor_id.as_ref().map(|actor| actor.as_bytes().as_slice()));
    part(row.subject.as_deref());
    part(Some(row.detail.as_bytes()));
    part(Some(&row.previous));
    digest.finalize().into()
}

fn is_codes(detail: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b',' | b'-');
    let digits = detail.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    detail.len() <= LONGEST_DETAIL && digits <= MOST_DIGITS && detail.bytes().all(plain)
}

#[cfg(test)]
mod tests;
