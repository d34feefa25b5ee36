//! Bearer tokens: 256 random bits, of which the service keeps only the digest.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jianzai_wire::{ReasonCode, Secret};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::problem::Refusal;

/// A new token and the digest to keep.
pub(crate) fn fresh() -> Result<(Secret, [u8; 32]), Refusal> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|error| Refusal::internal(&error))?;
    let token = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_ref()));
    let digest = Sha256::digest(token.expose()).into();
    Ok((token, digest))
}

/// The digest of the token that a call came with.
pub(crate) fn presented(headers: &HeaderMap) -> Result<[u8; 32], Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(ReasonCode::AttemptUnauthorised)?;
    Ok(Sha256::digest(token.trim()).into())
}
