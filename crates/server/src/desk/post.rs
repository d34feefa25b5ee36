//! Forms by post: `POST /v1/desk/forms` issues one, `POST /v1/desk/forms/returned` takes it back with its scan.
//!
//! **In**: for whom; later the code on the paper, the day that it bears, and a scan. **Out**: the code and the sheet, told this once; later
//! the record, with the scan sealed. Where the scan is a picture, or a PDF of JPEG pictures, its code is read from it, and matched with
//! the one that was typed. **What can go wrong**: the place takes no such form (`channel.closed`); the codes differ
//! (`form.scan_other`), or there is none (`form.code_unread`); no form of the area that is still taken has the code
//! (`form.not_taken`), whichever.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jianzai_certificate::{MailedForm, MailedFormKind, draw_form, form_codes};
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{FormKind, FormRequest, IssuedForm, Recorded, ReturnedRequest};
use jianzai_wire::desk::ReadReason;
use jianzai_wire::{ReasonCode, Secret};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::access::{Outcome, Read, SOONEST, Wanted, What, Who, is_served, served, within_limits};
use super::by_people::answer;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::{App, ISSUER};
use crate::channels::mailed::{digest, of_code};
use crate::channels::{FormRefused, Returned};
use crate::outcome::fonts;
use crate::problem::{Body, Refusal};
use crate::year::channel::Channel;
use crate::year::dates::china;
use crate::year::names::Named as _;
use crate::year::record::Party;

/// Issue a form to be sent by post.
#[utoipa::path(post, path = "/v1/desk/forms", tag = "desk", security(("desk" = [])), request_body = FormRequest, responses(
    (status = 201, body = IssuedForm, description = "The code is told this once."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`"),
))]
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<FormRequest>,
) -> Result<(StatusCode, Json<IssuedForm>), Refusal> {
    let channel = match request.kind {
        FormKind::PaperByMail => Channel::PaperByMail,
        FormKind::AssistanceForm => Channel::AssistanceForm,
    };
    let wanted = Wanted {
        who: Who::Number(&request.id_number),
        what: What::Channel,
        reason: ReadReason::Asked,
        reference: None,
    };
    let person = served(&app, &signed_in, wanted).await?;
    let now = china(app.clock.now());
    if !app.rules(person.id).await?.on(now.date()).allows(channel) {
        return Err(ReasonCode::ChannelClosed.into());
    }
    let form = app.office().issue_form(person.id, channel, Party::Staff(signed_in.account.id), now).await?;
    let paper = MailedForm {
        kind: if channel == Channel::PaperByMail { MailedFormKind::Papers } else { MailedFormKind::Assistance },
        issuer: ISSUER.to_owned(),
        masked_name: person.name(&app.keys)?.masked(),
        code: form.code.clone(),
        issued_on: now.date(),
        until: form.until,
    };
    let sheet = sheet(paper).await?;
    Ok((StatusCode::CREATED, Json(IssuedForm { id: form.id, code: Secret::new(form.code), until: form.until, sheet })))
}

/// The sheet to print; none where a character cannot be drawn. The code can then be written on any paper.
async fn sheet(paper: MailedForm) -> Result<Option<Secret>, Refusal> {
    let drawn = tokio::task::spawn_blocking(move || draw_form(&paper, fonts()?)?.pdf());
    match drawn.await.map_err(|error| Refusal::internal(&error))? {
        Ok(pdf) => Ok(Some(Secret::new(BASE64_STANDARD.encode(pdf)))),
        Err(error) => {
            tracing::error!(%error, "a form is issued without its sheet");
            Ok(None)
        }
    }
}

/// Take a form that has come back.
#[utoipa::path(post, path = "/v1/desk/forms/returned", tag = "desk", security(("desk" = [])),
    request_body = ReturnedRequest, responses(
    (status = 201, body = Recorded, description = "Recorded now; the scan is kept, sealed."),
    (status = 200, body = Recorded, description = "It was recorded before."),
    (status = 202, body = Recorded, description = "The place wants another clerk's word: it waits until one says the same."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`form.not_taken`"),
    (status = 413, body = Problem, content_type = "application/problem+json", description = "`upload.too_large`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`, \
        `record.proof_in_future`, `record.proof_too_old`, `death.recorded`, `input.body_invalid`; `form.scan_other`: the \
        scan shows the code of another form, or of several; `form.code_unread`: none was typed, and none can be read."),
))]
pub(crate) async fn returned(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<ReturnedRequest>,
) -> Result<(StatusCode, Json<Recorded>), Refusal> {
    let arrived = Instant::now();
    let encoded = request.scan.clone();
    let decoded = tokio::task::spawn_blocking(move || {
        let scan = Zeroizing::new(BASE64_STANDARD.decode(encoded.expose()).ok()?);
        let read: Vec<Secret> = form_codes(&scan).into_iter().map(Secret::new).collect();
        is_scan(&scan).then_some((scan, read))
    });
    let decoded = decoded.await.map_err(|error| Refusal::internal(&error))?;
    let (scan, read) = decoded.ok_or(ReasonCode::InputBodyInvalid)?;
    let code = same_code(request.code, read)?;
    let (clerk, now) = (signed_in.account.id, app.clock.now());
    let tx = app.store.begin("form returned").await?;
    let counters = within_limits(&app, &tx, clerk, now).await?;
    let form = of_code(&*tx, code.expose()).await?;
    let outcome = match &form {
        None => Outcome::Nobody,
        Some(form) if is_served(&app, &*tx, &signed_in, form.beneficiary_id).await? => {
            Outcome::Shown(form.beneficiary_id)
        }
        Some(_) => Outcome::Elsewhere,
    };
    let reference = form.as_ref().map(|form| form.id);
    let read = Read { what: What::Channel, reason: ReadReason::Asked, reference, sought: None, outcome };
    read.log(&tx, &signed_in, now).await?;
    let Some(form) = form.filter(|_| matches!(outcome, Outcome::Shown(_))) else {
        counters.count(&*tx, now).await?;
        tx.commit().await?;
        tokio::time::sleep_until(arrived + SOONEST).await;
        return Err(ReasonCode::FormNotTaken.into());
    };
    tx.commit().await?;
    let by = match (Channel::named(&form.channel), request.office) {
        (Some(Channel::AssistanceForm), Some(office)) => Party::Office(office),
        (Some(Channel::PaperByMail), None) => Party::Beneficiary,
        _ => return Err(ReasonCode::InputBodyInvalid.into()),
    };
    let returned = Returned { proof_date: request.on, by, decided_by: Party::Staff(clerk) };
    // A task of its own: if the line breaks, the server drops the call, and nobody else may file the scan before this one has.
    let filed =
        tokio::spawn(
            async move { app.office().return_form(&app.config, code.expose(), &scan, returned, china(now)).await },
        );
    answer(filed.await.map_err(|error| Refusal::internal(&error))??)
}

/// The code that was typed, that the scan shows, or both: then they have to be the same, and the only one, or the paper of one would
/// be kept for another.
fn same_code(typed: Option<Secret>, mut read: Vec<Secret>) -> Result<Secret, ReasonCode> {
    match (typed, read.pop()) {
        (_, Some(_)) if !read.is_empty() => Err(ReasonCode::FormScanOther),
        (Some(typed), Some(read)) if digest(typed.expose()) != digest(read.expose()) => Err(ReasonCode::FormScanOther),
        (Some(code), _) | (None, Some(code)) => Ok(code),
        (None, None) => Err(ReasonCode::FormCodeUnread),
    }
}

/// Whether it begins as a picture or a PDF does. What it shows, the clerk has seen.
fn is_scan(bytes: &[u8]) -> bool {
    [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"%PDF-"].iter().any(|begin| bytes.starts_with(begin))
}

impl From<FormRefused> for Refusal {
    fn from(error: FormRefused) -> Self {
        match error {
            FormRefused::Office(error) => error.into(),
            FormRefused::NotTaken => ReasonCode::FormNotTaken.into(),
            FormRefused::TooLarge => ReasonCode::UploadTooLarge.into(),
        }
    }
}
