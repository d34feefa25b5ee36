//! Passwords: Argon2id (RFC 9106) with the parameters that OWASP recommends (19 MiB, two passes, one lane).

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use data_encoding::BASE32_NOPAD;
use jianzai_wire::{LoginName, ReasonCode, Secret};
use zeroize::Zeroizing;

/// Characters that a password has at least, and bytes at most.
const SHORTEST: usize = 12;
const LONGEST: usize = 256;
/// Different characters in it.
const DIFFERENT: usize = 6;
/// Whoever guesses begins with these.
const OBVIOUS: [&str; 8] = ["password", "123456", "654321", "qwerty", "abcdef", "iloveyou", "admin", "jianzai"];
/// Random bytes in a password that the service makes: 100 bits.
const MADE: usize = 13;

/// What is compared with where there is no account, so that the work is the same. Nobody has the password.
pub(super) const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBvZiBub2JvZHkhIQ$Yck5SBwX7V0yXoJ0w0pUOSLvb0rW3ycvSIxF2g9rZkM";

/// The password could not be hashed: no memory, or no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password could not be hashed")]
pub(super) struct NotHashed;

/// What is kept of a password: a PHC string.
pub(super) fn hash(password: &Secret) -> Result<Zeroizing<String>, NotHashed> {
    let hash = Argon2::default().hash_password(password.expose().as_bytes()).map_err(|_| NotHashed)?;
    Ok(Zeroizing::new(hash.to_string()))
}

/// Whether it is the password. Takes a twentieth of a second.
pub(super) fn is_right(password: &Secret, hash: &str) -> bool {
    // A longer one was never accepted, and costs time to hash.
    password.expose().len() <= LONGEST && Argon2::default().verify_password(password.expose().as_bytes(), hash).is_ok()
}

/// Refuses a password that is soon guessed: `account.password_weak`.
pub(super) fn check(password: &Secret, login: &LoginName) -> Result<(), ReasonCode> {
    let text = Zeroizing::new(password.expose().to_lowercase());
    let mut different: Vec<_> = text.chars().collect();
    different.sort_unstable();
    different.dedup();
    let strong = text.chars().count() >= SHORTEST
        && password.expose().len() <= LONGEST
        && different.len() >= DIFFERENT
        && !text.contains(login.expose())
        && !OBVIOUS.iter().any(|word| text.contains(word));
    if strong { Ok(()) } else { Err(ReasonCode::AccountPasswordWeak) }
}

/// A password that nobody guesses, in groups that can be copied by hand.
pub(super) fn made() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; MADE]);
    getrandom::fill(bytes.as_mut())?;
    let text = Zeroizing::new(BASE32_NOPAD.encode(bytes.as_ref()).to_lowercase());
    let groups: Vec<_> = text.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
    Ok(Secret::new(groups.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> LoginName {
        LoginName::parse("clerk.wang").unwrap()
    }

    #[test]
    fn only_the_password_itself_is_right() {
        let password = Secret::new("vier Worte ohne Sinn".into());
        let kept = hash(&password).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.as_str());
        assert!(is_right(&password, &kept));
        assert_ne!(*hash(&password).unwrap(), *kept, "salted");
        for wrong in ["", "vier worte ohne Sinn", "vier Worte ohne Sinn "] {
            assert!(!is_right(&Secret::new(wrong.into()), &kept), "{wrong}");
        }
        assert!(!is_right(&password, NOBODYS) && !is_right(&password, "not a hash"));
    }

    /// Else the work for somebody unknown would be none.
    #[test]
    fn nobodys_hash_is_one() {
        let parsed = argon2::PasswordHash::new(NOBODYS).unwrap();
        let own = hash(&Secret::new("vier Worte ohne Sinn".into())).unwrap();
        let own = argon2::PasswordHash::new(&own).unwrap();
        assert_eq!((parsed.algorithm, parsed.version, &parsed.params), (own.algorithm, own.version, &own.params));
        assert_eq!(parsed.salt.unwrap().len(), own.salt.unwrap().len());
        assert_eq!(parsed.hash.unwrap().len(), own.hash.unwrap().len());
    }

    #[test]
    fn what_is_soon_guessed_is_refused() {
        for weak in
            ["short pass", "aaaaaaaaaaaaaaa", "abababababab", "Password2026!", "xClerk.Wang-1987", "x123456xyzuvw"]
        {
            assert_eq!(check(&Secret::new(weak.into()), &login()), Err(ReasonCode::AccountPasswordWeak), "{weak}");
        }
        for good in ["vier Worte ohne Sinn", "大雁塔下的第七只猫在睡午觉", made().unwrap().expose()] {
            assert_eq!(check(&Secret::new(good.into()), &login()), Ok(()), "{good}");
        }
    }
}
