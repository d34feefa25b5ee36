use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Division, DivisionLevel, ReasonCode};

/// The part of the country that somebody works for: a division of six digits (GB/T 2260), a street or town of nine, a
/// community or village of twelve, or the whole country (`000000`). Zeros at the end stand for everything below: `440300`
/// is all of Shenzhen.
///
/// Only the first six digits are known of people in the register. So who works for a street or a community is never
/// responsible for a person by their places alone, but only by a list on which the person stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Area {
    /// As it was given: 6, 9 or 12 digits.
    digits: String,
    /// How many of them every division of the area begins with.
    prefix: usize,
}

impl Area {
    /// From 6, 9 or 12 digits of which the first six are a division, current or retired. Error: `input.place_unknown`.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        let digits = text.trim();
        if !matches!(digits.len(), 6 | 9 | 12) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ReasonCode::InputPlaceUnknown);
        }
        let below = |from: usize, to: usize| digits.get(from..to).is_some_and(|part| part.bytes().any(|b| b != b'0'));
        let prefix = match () {
            () if below(9, 12) => 12,
            () if below(6, 9) => 9,
            () if below(4, 6) => 6,
            () if below(2, 4) => 4,
            () if below(0, 2) => 2,
            () => 0,
        };
        // A community without its street, or a street of no county, is none.
        let whole = (prefix < 12 || below(6, 9)) && (prefix <= 6 || below(4, 6));
        let known = digits.get(..6).and_then(|six| six.parse().ok()).and_then(Division::from_code);
        if whole && (prefix == 0 || known.is_some()) {
            Ok(Self { digits: digits.to_owned(), prefix })
        } else {
            Err(ReasonCode::InputPlaceUnknown)
        }
    }

    /// Whether everything in the division belongs to the area.
    pub fn covers(&self, division: Division) -> bool {
        let six = String::from(division);
        let own = match division.level() {
            DivisionLevel::Province => 2,
            DivisionLevel::Prefecture => 4,
            DivisionLevel::County => 6,
        };
        self.prefix <= own && six.starts_with(self.prefix())
    }

    /// Whether all of the other area belongs to this one.
    pub fn contains(&self, other: &Self) -> bool {
        other.prefix().starts_with(self.prefix())
    }

    /// Whether the area and the division have anything in common.
    pub fn meets(&self, division: Division) -> bool {
        let six = String::from(division);
        self.covers(division) || Self::parse(&six).is_ok_and(|other| other.contains(self))
    }

    /// The digits as they were given.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The lowest and the highest code that a division within it can have; none for a street or a community, which is less
    /// than any division.
    pub fn divisions(&self) -> Option<[String; 2]> {
        let prefix = (self.prefix <= 6).then(|| self.prefix())?;
        Some([format!("{prefix:0<6}"), format!("{prefix:9<6}")])
    }

    fn prefix(&self) -> &str {
        self.digits.get(..self.prefix).unwrap_or_default()
    }
}

impl fmt::Debug for Area {
    /// Where an account works is no fact about a beneficiary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Area({})", self.digits)
    }
}

impl TryFrom<String> for Area {
    type Error = ReasonCode;

    fn try_from(text: String) -> Result<Self, ReasonCode> {
        Self::parse(&text)
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.digits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn area(text: &str) -> Area {
        Area::parse(text).expect(text)
    }

    fn division(code: u32) -> Division {
        Division::from_code(code).expect("a division")
    }

    #[test]
    fn an_area_covers_what_lies_in_it_and_nothing_above_or_beside() {
        for (digits, code, covers) in [
            ("000000", 440305, true),
            ("440000", 440305, true),
            ("440300", 440305, true),
            ("440300", 440300, true),
            ("440305", 440305, true),
            ("440305000", 440305, true),
            ("440305", 440300, false),
            ("440300", 440000, false),
            ("440300", 440106, false),
            ("440305002", 440305, false),
            ("440305002001", 440305, false),
        ] {
            assert_eq!(area(digits).covers(division(code)), covers, "{digits} {code}");
            let within = |[lowest, highest]: [String; 2]| (lowest..=highest).contains(&code.to_string());
            assert_eq!(area(digits).divisions().is_some_and(within), covers, "{digits} {code}");
        }
        assert!(area("440305002001").meets(division(440305)) && area("440305002001").meets(division(440300)));
        assert!(!area("440305002001").meets(division(440304)));
        assert!(area("440300").contains(&area("440305002001")) && !area("440305002001").contains(&area("440300")));
    }

    #[test]
    fn what_is_no_area_is_refused() {
        for text in [
            "",
            "44",
            "4403",
            "4403050",
            "999999",
            "44030500",
            "440305000001",
            "440300002",
            "440300002001",
            "４４０３０５",
        ] {
            assert_eq!(Area::parse(text), Err(ReasonCode::InputPlaceUnknown), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_typed_makes_it_panic(text in "\\PC{0,16}") {
            let _ = Area::parse(&text);
        }

        #[test]
        fn what_an_area_contains_it_covers(at in 0..10_000_usize, outer in 0..3_usize) {
            let provinces = Division::children(None);
            let province = provinces[at % provinces.len()];
            let below = Division::children(Some(province));
            prop_assume!(!below.is_empty());
            let inner = below[at % below.len()];
            let outer = ["000000".to_owned(), province.into(), inner.into()][outer].clone();
            prop_assert!(area(&outer).covers(inner));
            prop_assert!(area(&outer).contains(&area(&String::from(inner))));
        }
    }
}
