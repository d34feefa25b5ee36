//! The words of tus 1.0 (core and creation), as headers say them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jianzai_wire::ReasonCode;
use uuid::Uuid;

use crate::problem::Refusal;

pub(crate) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(crate) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(crate) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(crate) const TUS_1: HeaderValue = HeaderValue::from_static("1.0.0");

/// What this server speaks (tus 1.0).
#[utoipa::path(options, path = "/v1/uploads", tag = "upload", responses(
    (status = 204, description = "`Tus-Version`, `Tus-Extension`.")))]
pub(crate) async fn abilities() -> impl IntoResponse {
    let creation = HeaderValue::from_static("creation");
    (StatusCode::NO_CONTENT, [(RESUMABLE, TUS_1), (VERSION, TUS_1), (EXTENSION, creation)])
}

/// The answer to whoever begins an upload.
pub(crate) fn created(id: Uuid) -> Response {
    (StatusCode::CREATED, [(RESUMABLE, TUS_1)], [(header::LOCATION, format!("/v1/uploads/{id}"))]).into_response()
}

/// Refuses a caller who speaks something else.
pub(crate) fn speaks_tus(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(RESUMABLE) {
        Some(version) if *version == TUS_1 => Ok(()),
        _ => Err(Refusal::with_status(ReasonCode::UploadBadRequest, StatusCode::PRECONDITION_FAILED)),
    }
}

/// A number that a header holds.
pub(crate) fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Refusal> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    let number = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
    number.ok_or(ReasonCode::UploadBadRequest.into())
}

/// The same, as the database keeps it.
pub(crate) fn signed(number: u64) -> Result<i64, Refusal> {
    i64::try_from(number).map_err(|_| ReasonCode::UploadBadRequest.into())
}
