//! `POST /v1/desk/batches/{from}/{sender}`: the list of an employer or another office; a line out for every line.
//!
//! **In**: CSV as [`crate::channels`] reads it, and who sent it. **Out**: CSV, `line`, `result`, `reason`; good lines are
//! kept, whatever the others are. **What can go wrong**: the first line is no heading (`input.body_invalid`); a line names
//! nobody whom the clerk serves, or by another name: `identity.not_confirmed`, whichever; it names somebody whom they serve and
//! who is recorded as dead: `death.recorded`; more than [`MOST_LINES`] lines:
//! `input.list_too_long`, and none of them is taken.
//!
//! Each line that names somebody is a read, and put down before it is answered; where a line was refused, the answer comes no
//! sooner than that of any search that found nobody. Whoever sends too many that confirm nobody has
//! to wait; the rest of the list is then refused line by line (`limit.too_many_tries`), without being looked up.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use csv::ReaderBuilder;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::ReadReason;
use jianzai_wire::{IdNumber, Name, ReasonCode};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::{Outcome, Read, SOONEST, What};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::channels::BatchSource;
use crate::channels::batch::is_of_one_person;
use crate::keys::Role;
use crate::limits::Counters;
use crate::office::{Office, OfficeError};
use crate::problem::Refusal;
use crate::register::id_hash;
use crate::year::channel::Channel;
use crate::year::dates::china;
use crate::year::record::Party;

/// Lines of one list at most: a call ends in seconds, and each certification is made durable.
const MOST_LINES: usize = 500;

/// Who sends lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SenderKind {
    /// An employer, about those who worked there.
    Employer,
    /// A community or street office, about those whom it has seen.
    Community,
    /// Another agency, about those who live with it.
    Assistance,
}

/// Take a list of certifications.
#[utoipa::path(post, path = "/v1/desk/batches/{from}/{sender}", tag = "desk", security(("desk" = [])),
    params(("from" = SenderKind, Path, description = "What the sender is."),
        ("sender" = Uuid, Path, description = "The sender's identifier.")),
    request_body(content = String, content_type = "text/csv", description = "name, id_number, proof_date."), responses(
    (status = 200, body = String, content_type = "text/csv", description = "line, result (recorded, known, \
        waits, refused), reason. The same list again finds every line known; what waits is recorded when another clerk \
        brings the same."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.body_invalid`; \
        `input.list_too_long`: none of its lines is taken."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path((from, sender)): Path<(SenderKind, Uuid)>,
    list: Bytes,
) -> Result<Response, Refusal> {
    let (channel, by) = match from {
        SenderKind::Employer => (Channel::Employer, Party::Employer(sender)),
        SenderKind::Community => (Channel::Community, Party::Office(sender)),
        SenderKind::Assistance => (Channel::AssistanceForm, Party::Office(sender)),
    };
    let (arrived, clerk, now) = (Instant::now(), signed_in.account.id, app.clock.now());
    let counters = Counters::at_lists(clerk, &app.keys).ok_or(ReasonCode::ServerInternal)?;
    counters.check(app.store.reads(), now).await??;
    if lines(&list) > MOST_LINES {
        return Err(ReasonCode::InputListTooLong.into());
    }
    let source = BatchSource { channel, by, decided_by: Party::Staff(clerk) };
    let desk = AtDesk { by: &signed_in, counters };
    let taken = app.office().batch_of(source, Some(&desk), list.as_ref(), china(now)).await;
    let report = taken.map_err(|error| match error {
        OfficeError::File(_) => ReasonCode::InputBodyInvalid.into(),
        error => Refusal::from(error),
    })?;
    if report.refused > 0 {
        tokio::time::sleep_until(arrived + SOONEST).await;
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], report.answers).into_response())
}

/// Lines below the heading; no more than one too many are counted.
fn lines(list: &[u8]) -> usize {
    ReaderBuilder::new().flexible(true).from_reader(list).byte_records().take(MOST_LINES + 1).count()
}

/// The clerk who hands a list in.
pub(crate) struct AtDesk<'a> {
    by: &'a SignedIn<Clerks>,
    counters: Counters,
}

/// Whom a line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// This person.
    Found(Uuid),
    /// Nobody whom the clerk serves, or by another name.
    Nobody,
    /// Nobody was looked up: too many lines confirmed nobody.
    TooMany,
}

impl AtDesk<'_> {
    /// Looks up whom lines name. Logged whoever it is, and counted where it confirms nobody, before anything is told. Together, so
    /// that it is made durable once for all of them: to wait for the disk at each line is what a long list takes its time for.
    pub(crate) async fn look(
        &self,
        office: &Office,
        named: impl Iterator<Item = (&Name, &IdNumber)>,
        now: i64,
    ) -> Result<Vec<Looked>, OfficeError> {
        let tx = office.store.begin("look at lines").await?;
        let key = office.keys.current(Role::IdHash).ok_or(OfficeError::Unreadable("the key of ID numbers"))?;
        let (mut looked, mut reads) = (Vec::new(), Vec::new());
        for (name, number) in named {
            if self.counters.check(&*tx, now).await?.is_err() {
                looked.push(Looked::TooMany);
                continue;
            }
            let found = match office.person_in(&*tx, name, number).await {
                // Where somebody's place can't be read nobody can say that the clerk serves them.
                Err(error) if is_of_one_person(&error) => None,
                found => found?,
            };
            // One question, whether nobody has the number or somebody whom the clerk does not serve.
            let outcome = match found {
                None => Outcome::Nobody,
                Some((who, insured_place)) if self.by.serves(insured_place) => Outcome::Shown(who),
                Some(_) => Outcome::Elsewhere,
            };
            if let Outcome::Shown(who) = outcome {
                looked.push(Looked::Found(who));
            } else {
                self.counters.count(&*tx, now).await?;
                looked.push(Looked::Nobody);
            }
            let sought = Some(id_hash(key, number));
            reads.push(Read { what: What::List, reason: ReadReason::Asked, reference: None, sought, outcome });
        }
        Read::log_all(&reads, &tx, self.by, now).await?;
        tx.commit().await?;
        Ok(looked)
    }
}
