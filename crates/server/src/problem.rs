//! What a refused call is answered with: an RFC 9457 document with a stable code, in the caller's language.
//!
//! A handler fails with a [`Refusal`]; [`speak`] gives it words. What went wrong inside is logged (never the values that
//! were being handled) and told to the caller as `server.internal` and nothing more.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jianzai_wire::api::Problem;
use jianzai_wire::{Language, ReasonCode};
use serde::de::DeserializeOwned;

/// Why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Refusal {
    /// The reason.
    pub(crate) reason: ReasonCode,
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Seconds to wait before another try, where that helps.
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal with another status than the reason's usual one.
    pub(crate) fn with_status(reason: ReasonCode, status: StatusCode) -> Self {
        Self { reason, status, retry_after: None }
    }

    /// Too many tries; `seconds` until the next may be made.
    pub(crate) fn wait(seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..ReasonCode::LimitTooManyTries.into() }
    }

    /// Our own fault. The error goes to the log; errors of the libraries used here name tables and files, never values.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "call failed");
        ReasonCode::ServerInternal.into()
    }
}

impl From<ReasonCode> for Refusal {
    fn from(reason: ReasonCode) -> Self {
        Self { reason, status: usual_status(reason), retry_after: None }
    }
}

impl From<sea_orm::DbErr> for Refusal {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::internal(&error)
    }
}

fn usual_status(reason: ReasonCode) -> StatusCode {
    use ReasonCode::*;
    match reason {
        IdentityNotConfirmed | AttemptDemoRefused | AccountNotAllowed | DeskNotListed => StatusCode::FORBIDDEN,
        LimitTooManyTries => StatusCode::TOO_MANY_REQUESTS,
        AttemptUnauthorised | AccountNotConfirmed | AccountSignedOut | GatewayNotConfirmed => StatusCode::UNAUTHORIZED,
        AttemptNotFound | UploadNotFound | DeskNobodyFound => StatusCode::NOT_FOUND,
        AttemptExpired | AttemptCommitLate | EvidenceLate | InvitationNotValid | DeskEvidenceGone | LinkNotValid
        | FormNotTaken | AppealLate | CertificateRevoked => StatusCode::GONE,
        AttemptUsed | AttemptNotCommitted | ActionWrong | ActionNotSeen | UploadBadOffset | AccountNameTaken => {
            StatusCode::CONFLICT
        }
        ReviewTaken | ReviewDecided | ReviewSaidOtherwise | ReviewSecondClerk | ReviewOwn | AppealNothing
        | AppealDecidedLately | SlotGone | SlotDecided => StatusCode::CONFLICT,
        UploadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        UploadBadRequest => StatusCode::BAD_REQUEST,
        ServerBusy => StatusCode::SERVICE_UNAVAILABLE,
        ServerInternal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl IntoResponse for Refusal {
    /// The bare status; [`speak`] adds the words.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Marks an answer that has its words already: a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpeaksForItself;

/// Gives every refusal its words, in the language that the caller asked for. What the framework refused by itself (no
/// such route, wrong method, a body too large) becomes a problem document as well.
pub(crate) async fn speak(request: Request, next: Next) -> Response {
    let language = language(request.headers());
    let response = next.run(request).await;
    if response.extensions().get::<SpeaksForItself>().is_some() {
        return response;
    }
    let status = response.status();
    let refusal = match response.extensions().get::<Refusal>() {
        Some(refusal) => *refusal,
        None if status == StatusCode::PAYLOAD_TOO_LARGE => ReasonCode::UploadTooLarge.into(),
        None if status.is_server_error() => Refusal::with_status(ReasonCode::ServerInternal, status),
        None if status.is_client_error() => Refusal::with_status(ReasonCode::InputBodyInvalid, status),
        None => return response,
    };
    let mut told = document(refusal, language);
    // What tus and HTTP want told beside the words (the offset, the allowed methods) stays.
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            told.headers_mut().insert(name.clone(), value.clone());
        }
    }
    told
}

/// The language that a caller asks for.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::from_accept(asked.unwrap_or_default())
}

fn document(refusal: Refusal, language: Language) -> Response {
    let words = refusal.reason.words(language);
    let problem = Problem {
        kind: format!("urn:jianzai:reason:{}", refusal.reason),
        status: refusal.status.as_u16(),
        code: refusal.reason,
        title: words.sentence.to_owned(),
        detail: words.next_step.to_owned(),
        retry_after: refusal.retry_after,
    };
    let mut response = (refusal.status, axum::Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// A JSON body. One that can't be read is refused with the code of the value that was wrong, where it has one; what was
/// sent is never repeated in the answer or the log.
pub(crate) struct Body<T>(pub(crate) T);

/// Bodies that are read where they keep no other call waiting: scans.
const LARGE: usize = 1 << 20;

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(|error| Refusal::with_status(ReasonCode::InputBodyInvalid, error.status()))?;
        let read = if bytes.len() > LARGE {
            let read = tokio::task::spawn_blocking(move || serde_json::from_slice(&bytes));
            read.await.map_err(|error| Refusal::internal(&error))?
        } else {
            serde_json::from_slice(&bytes)
        };
        read.map(Self).map_err(|error: serde_json::Error| {
            // The checked types of `wire` fail with their code as the whole message; serde adds the place after it.
            let text = error.to_string();
            let code = text.split_whitespace().next().and_then(ReasonCode::from_code);
            code.unwrap_or(ReasonCode::InputBodyInvalid).into()
        })
    }
}
