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

/// A bearer token. Prints as `…`; compare with `subtle` on the server, where only its digest is kept.
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
