//! Values that name or belong to a person. None of them prints: `Debug` shows `…`, there is no `Display`. They are wiped
//! from memory when dropped. They serialise, because the wire needs them; never log a serialised one.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{Division, IdNumber, ReasonCode};

/// A person's name as in the register: 1 to 50 characters of letters, `·` and spaces between them. Trimmed; full-width
/// dots of other kinds are written as `·`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Zeroizing<String>);

impl Name {
    /// Checks and tidies what was typed. Error: `input.name_invalid`.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        let tidy: String =
            text.trim().chars().map(|c| if matches!(c, '•' | '・' | '‧' | '∙' | '．') { '·' } else { c }).collect();
        let length = tidy.chars().count();
        let letters = tidy.chars().all(|c| c.is_alphabetic() || matches!(c, '·' | ' ' | '-' | '\''));
        let edge = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        if (1..=50).contains(&length) && letters && edge(tidy.chars().next()) && edge(tidy.chars().last()) {
            Ok(Self(Zeroizing::new(tidy)))
        } else {
            Err(ReasonCode::InputNameInvalid)
        }
    }

    /// The text, for the register, the certificate and the form; never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The name with all but its last character hidden, as shown on a certificate: `**明`.
    pub fn masked(&self) -> String {
        let hidden = self.0.chars().count().saturating_sub(1);
        let last = self.0.chars().last().map(String::from).unwrap_or_default();
        if hidden == 0 { "*".into() } else { "*".repeat(hidden) + &last }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

impl TryFrom<String> for Name {
    type Error = ReasonCode;

    fn try_from(text: String) -> Result<Self, ReasonCode> {
        Self::parse(&Zeroizing::new(text))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.as_str().to_owned()
    }
}

/// The four facts that must match the register.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonFacts {
    /// Name as in the register.
    pub name: Name,
    /// Citizen ID number.
    pub id_number: IdNumber,
    /// Where the pension is insured.
    pub insured_place: Division,
    /// Where the person lives.
    pub residence: Division,
}

impl fmt::Debug for PersonFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonFacts(…)")
    }
}

/// The name that a member of staff or a volunteer signs in with: 3 to 32 small letters, digits, dots, dashes and lines
/// below, beginning with a letter. Capitals are written small.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoginName(Zeroizing<String>);

impl LoginName {
    /// Checks and tidies what was typed. Error: `input.login_name_invalid`.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        let tidy = text.trim().to_ascii_lowercase();
        let plain =
            tidy.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
        if plain && (3..=32).contains(&tidy.len()) && tidy.starts_with(|c: char| c.is_ascii_lowercase()) {
            Ok(Self(Zeroizing::new(tidy)))
        } else {
            Err(ReasonCode::InputLoginNameInvalid)
        }
    }

    /// The text, for finding the account; never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginName(…)")
    }
}

impl TryFrom<String> for LoginName {
    type Error = ReasonCode;

    fn try_from(text: String) -> Result<Self, ReasonCode> {
        Self::parse(&Zeroizing::new(text))
    }
}

impl From<LoginName> for String {
    fn from(login: LoginName) -> Self {
        login.0.as_str().to_owned()
    }
}

/// A bearer token, a password or a code. Prints as `…`; compare with `subtle` on the server, where only its digest is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a token.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for an `Authorization` header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_tidied_and_others_refused() {
        for (typed, name) in [
            (" 王小明 ", "王小明"),
            ("阿依古丽•买买提", "阿依古丽·买买提"),
            ("阿依古丽・买买提", "阿依古丽·买买提"),
            ("王𬎆", "王𬎆"),
            ("Mary O'Neill-Wang", "Mary O'Neill-Wang"),
        ] {
            assert_eq!(Name::parse(typed).expect(typed).expose(), name);
        }
        for typed in ["", " ", "·", "王小明·", "王1", "王<b>", "王\u{0}明", &"王".repeat(51), "😀"] {
            assert_eq!(Name::parse(typed), Err(ReasonCode::InputNameInvalid), "{typed}");
        }
    }

    #[test]
    fn the_mask_shows_the_last_character_and_never_a_whole_name() {
        for (name, masked) in [("王小明", "**明"), ("王𬎆", "*𬎆"), ("王", "*")] {
            assert_eq!(Name::parse(name).expect(name).masked(), masked);
        }
    }

    #[test]
    fn login_names_are_small_and_plain() {
        for (typed, login) in [(" Clerk.Wang ", "clerk.wang"), ("a_1", "a_1"), ("v-07", "v-07")] {
            assert_eq!(LoginName::parse(typed).expect(typed).expose(), login);
        }
        for typed in ["", "ab", "1ab", ".ab", "a b", "王小明", "a@b", &"a".repeat(33), "ａｂｃ"] {
            assert_eq!(LoginName::parse(typed), Err(ReasonCode::InputLoginNameInvalid), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn nothing_typed_makes_it_panic(text in any::<String>()) {
            let _ = Name::parse(&text);
            let _ = LoginName::parse(&text);
            let _ = IdNumber::parse(&text);
            let _ = Division::parse(&text);
        }

        #[test]
        fn what_is_accepted_is_accepted_again_unchanged(name in "[a-z王明·•' -]{0,12}", digits in "[0-9０-９xX ]{14,20}") {
            if let Ok(name) = Name::parse(&name) {
                prop_assert_eq!(Name::parse(name.expose()), Ok(name));
            }
            if let Ok(id) = IdNumber::parse(&digits) {
                prop_assert_eq!(IdNumber::parse(id.expose()), Ok(id));
            }
        }
    }
}
