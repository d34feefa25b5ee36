//! The second factor: time-based one-time passwords, RFC 6238 (HMAC-SHA1, 30 seconds, six digits: what every authenticator
//! does).
//!
//! Written out here rather than taken from a library because the answer must be *which* time step a code belongs to: it is
//! kept, and neither that code nor an earlier one is taken again. It is a dozen lines over the `hmac` that is used anyway.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_wire::Secret;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Length of the secret, as RFC 4226 recommends it.
const LENGTH: usize = 20;
const STEP_MS: i64 = 30_000;
/// Steps that a clock may be off, either way.
const DRIFT: i64 = 1;
const CODES: u32 = 1_000_000;

/// A new secret.
pub(super) fn fresh() -> Result<Zeroizing<Vec<u8>>, getrandom::Error> {
    let mut secret = Zeroizing::new(vec![0; LENGTH]);
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

/// What an authenticator reads, as text or as a QR code.
pub(super) fn address(secret: &[u8], login: &str) -> Secret {
    let secret = Zeroizing::new(BASE32_NOPAD.encode(secret));
    // Neither the issuer nor a login name has a character that an address can't hold.
    Secret::new(format!("otpauth://totp/Jianzai:{login}?secret={}&issuer=Jianzai", secret.as_str()))
}

/// The time step that a code belongs to: one around `now` (ms since 1970), later than `after`. Every candidate is compared,
/// whichever matches.
pub(super) fn step_of(secret: &[u8], code: &str, now: i64, after: i64) -> Option<i64> {
    let present = now.div_euclid(STEP_MS);
    let matches = |step: i64| bool::from(code_at(secret, step).as_bytes().ct_eq(code.as_bytes()));
    (present - DRIFT..=present + DRIFT).fold(None, |found, step| {
        let right = matches(step) && step > after;
        found.or(right.then_some(step))
    })
}

/// The code of a time step.
fn code_at(secret: &[u8], step: i64) -> Zeroizing<String> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return Zeroizing::default() };
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = digest.last().map_or(0, |last| usize::from(last & 0x0f));
    let four = digest.get(offset..offset + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).unwrap_or_default();
    Zeroizing::new(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % CODES))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1; the last six of its eight digits.
    const SECRET: &[u8] = b"12345678901234567890";
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn the_published_vectors_hold() {
        for (seconds, code) in VECTORS {
            assert_eq!(step_of(SECRET, code, seconds * 1_000, -1), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_holds_for_a_step_to_either_side_and_only_once() {
        let (seconds, code) = VECTORS[1];
        let step = seconds / 30;
        for (off, found) in [(-61, false), (-31, true), (0, true), (30, true), (61, false)] {
            let at = (step * 30 + 15 + off) * 1_000;
            assert_eq!(step_of(SECRET, code, at, 0).is_some(), found, "{off}");
        }
        let now = seconds * 1_000;
        assert_eq!(step_of(SECRET, code, now, step), None, "it was taken");
        assert_eq!(step_of(SECRET, code, now, step + 1), None, "a later one was taken");
        for wrong in ["", "81804", "0081804", "081805", "０８１８０４"] {
            assert_eq!(step_of(SECRET, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn the_address_holds_what_an_authenticator_needs() {
        let told = address(SECRET, "clerk.wang");
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(told.expose(), format!("otpauth://totp/Jianzai:clerk.wang?secret={secret}&issuer=Jianzai"));
    }
}
