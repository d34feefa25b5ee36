//! The four facts, as they are typed and as they are read from a file, and what the person cannot do.
//!
//! **In**: text. **Out**: [`PersonFacts`], checked; limitations. **What can go wrong** is told field by field ([`BadFact`]), with the
//! reason that the person is shown and never with what was typed.

use jianzai_wire::{Division, IdNumber, Limitation, Name, PersonFacts, ReasonCode};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One of the four facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Name as in the register.
    Name,
    /// Citizen ID number.
    IdNumber,
    /// Where the pension is insured.
    InsuredPlace,
    /// Where the person lives.
    Residence,
}

impl Field {
    /// Checks what was typed into this field.
    pub fn check(self, text: &str) -> Result<(), ReasonCode> {
        match self {
            Self::Name => Name::parse(text).map(drop),
            Self::IdNumber => IdNumber::parse(text).map(drop),
            Self::InsuredPlace | Self::Residence => Division::parse(text).map(drop),
        }
    }

    /// The stable name, as in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::IdNumber => "id_number",
            Self::InsuredPlace => "insured_place",
            Self::Residence => "residence",
        }
    }
}

/// A fact that cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", field.name())]
pub struct BadFact {
    /// Which.
    pub field: Field,
    /// Why.
    pub reason: ReasonCode,
}

/// The four facts as typed. Wiped when dropped; never prints.
#[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct TypedFacts {
    /// Name as in the register.
    pub name: String,
    /// Citizen ID number.
    pub id_number: String,
    /// Six digits or a full name.
    pub insured_place: String,
    /// Six digits or a full name.
    pub residence: String,
    /// What the person cannot do; may be left out.
    #[serde(default)]
    #[zeroize(skip)]
    pub limitations: Vec<Limitation>,
}

impl std::fmt::Debug for TypedFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedFacts(…)")
    }
}

impl TypedFacts {
    /// Reads a TOML document with the four keys. The error says where it stopped, never what it read.
    pub fn from_toml(text: &str) -> Result<Self, BadFile> {
        toml::from_str(text).map_err(|error| BadFile {
            line: error
                .span()
                .map_or(0, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1),
        })
    }

    /// Checks all four.
    pub fn check(&self) -> Result<PersonFacts, BadFact> {
        let bad = |field| move |reason| BadFact { field, reason };
        Ok(PersonFacts {
            name: Name::parse(&self.name).map_err(bad(Field::Name))?,
            id_number: IdNumber::parse(&self.id_number).map_err(bad(Field::IdNumber))?,
            insured_place: Division::parse(&self.insured_place).map_err(bad(Field::InsuredPlace))?,
            residence: Division::parse(&self.residence).map_err(bad(Field::Residence))?,
        })
    }
}

/// A file of facts that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: expected the keys name, id_number, insured_place and residence, each a text in quotes, and perhaps \
     limitations, a list of {}",
    limitations()
)]
pub struct BadFile {
    /// Where reading stopped, counted from 1; 0 if unknown.
    pub line: usize,
}

/// The names of all limitations, for whoever wrote another.
fn limitations() -> String {
    Limitation::ALL.map(Limitation::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "name = '王健在'\nid_number = '44030419520315201X'\ninsured_place = '440300'\nresidence = '440300'\n";

    #[test]
    fn four_good_facts_are_read_and_a_bad_one_is_named() {
        assert!(TypedFacts::from_toml(GOOD).expect("reads").check().is_ok());
        let wrong = GOOD.replace("201X", "2019");
        let bad = TypedFacts::from_toml(&wrong).expect("reads").check().expect_err("the check digit is wrong");
        assert_eq!(bad, BadFact { field: Field::IdNumber, reason: ReasonCode::InputIdNumberChecksum });
    }

    #[test]
    fn what_the_person_cannot_do_may_be_said_and_only_that() {
        let read = |line: &str| TypedFacts::from_toml(&format!("{GOOD}{line}"));
        assert_eq!(read("").expect("reads").limitations, []);
        let said = read("limitations = ['lying_down', 'cannot_hear']\n").expect("reads");
        assert_eq!(said.limitations, [Limitation::LyingDown, Limitation::CannotHear]);
        let error = read("limitations = ['cannot_fly']\n").expect_err("the list is closed");
        assert_eq!(error.line, 5);
        let told = error.to_string();
        assert!(Limitation::ALL.iter().all(|limitation| told.contains(limitation.name())), "{told}");
    }

    #[test]
    fn a_file_that_is_no_file_of_facts_is_told_without_its_content() {
        for bad in [GOOD.replace("residence", "residenz"), GOOD.replace("'\nres", "\nres"), String::from("王健在")] {
            let error = TypedFacts::from_toml(&bad).expect_err("bad").to_string();
            assert!(!error.contains("王健在") && !error.contains("4403"), "{error}");
        }
    }
}
