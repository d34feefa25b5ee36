//! The citizen ID number, GB 11643-1999: six digits of the place of first registration, eight of the birth date, three of
//! sequence, one check character (ISO 7064 MOD 11-2).
//!
//! **In**: what was typed or read: full-width digits, a small x, spaces and dashes anywhere; 18 characters, or the 15 of
//! the form before 1999. **Out**: the 18 characters. **What can go wrong**, in the order in which it is said:
//! `input.id_number_length` (not 18 or 15 digits), `input.id_number_checksum`, `input.id_number_division` (the first six
//! digits name no division, current or retired), `input.id_number_birth_date` (no such day, before 1800, or still to come).

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime, UtcOffset};
use zeroize::Zeroizing;

use crate::{Division, ReasonCode};

/// A citizen ID number (GB 11643-1999), always in its 18-character form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdNumber(Zeroizing<String>);

impl IdNumber {
    /// Checks what was typed; "today" is today in China.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        let china = UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC);
        Self::parse_on(text, OffsetDateTime::now_utc().to_offset(china).date())
    }

    /// Checks what was typed, on a given day: birth dates after `today` are refused.
    pub fn parse_on(text: &str, today: Date) -> Result<Self, ReasonCode> {
        let number = upgraded(normalised(text))?;
        let (body, check) = number.split_at_checked(17).ok_or(ReasonCode::InputIdNumberLength)?;
        if !check.starts_with(check_character(body)) {
            return Err(ReasonCode::InputIdNumberChecksum);
        }
        let id = Self(number);
        Division::from_code(id.digits(0, 6)).ok_or(ReasonCode::InputIdNumberDivision)?;
        let birth = id.birth().ok_or(ReasonCode::InputIdNumberBirthDate)?;
        if birth.year() < 1800 || birth > today {
            return Err(ReasonCode::InputIdNumberBirthDate);
        }
        Ok(id)
    }

    /// The number of a place, a birth date and a sequence number (odd for men, even for women), as the authority makes it.
    pub fn compose(place: Division, birth: Date, sequence: u16) -> Result<Self, ReasonCode> {
        if sequence > 999 || !(1800..=9999).contains(&birth.year()) {
            return Err(ReasonCode::InputIdNumberBirthDate);
        }
        let (year, month, day) = (birth.year(), u8::from(birth.month()), birth.day());
        let mut number = Zeroizing::new(format!("{:06}{year:04}{month:02}{day:02}{sequence:03}", place.code()));
        let check = check_character(&number);
        number.push(check);
        Ok(Self(number))
    }

    /// The 18 characters, for the register and the keyed hash; never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The number with all but its last two characters hidden. Whoever knows place and birth date, as a relative does,
    /// could work the number out from the usual last four.
    pub fn masked(&self) -> String {
        let last: String = self.0.chars().skip(16).collect();
        "*".repeat(16) + &last
    }

    /// The birth date that the number states.
    pub fn birth_date(&self) -> Date {
        self.birth().unwrap_or(Date::MIN)
    }

    fn birth(&self) -> Option<Date> {
        let month = Month::try_from(u8::try_from(self.digits(10, 2)).ok()?).ok()?;
        Date::from_calendar_date(i32::try_from(self.digits(6, 4)).ok()?, month, u8::try_from(self.digits(12, 2)).ok()?)
            .ok()
    }

    fn digits(&self, from: usize, count: usize) -> u32 {
        self.0
            .chars()
            .skip(from)
            .take(count)
            .filter_map(|c| c.to_digit(10))
            .fold(0, |number, digit| number * 10 + digit)
    }
}

/// ASCII digits and a capital X; spaces of any width and dashes left out.
fn normalised(text: &str) -> Zeroizing<String> {
    // Room for all at once: a String that grows leaves copies of what it held behind, unwiped.
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    out.extend(text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '－' | '‐' | '–' | '\u{200b}')).map(
        |c| match c {
            'x' | 'ｘ' | 'Ｘ' => 'X',
            '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
            _ => c,
        },
    ));
    out
}

/// The 18-character form, its shape checked but not yet its check character.
fn upgraded(number: Zeroizing<String>) -> Result<Zeroizing<String>, ReasonCode> {
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match number.split_at_checked(17) {
        Some((body, check)) if all_digits(body) && (check == "X" || (check.len() == 1 && all_digits(check))) => {
            Ok(number)
        }
        None if number.len() == 15 && all_digits(&number) => {
            let (place, rest) = number.split_at_checked(6).ok_or(ReasonCode::InputIdNumberLength)?;
            let mut full = Zeroizing::new(String::with_capacity(18));
            full.push_str(place);
            full.push_str("19");
            full.push_str(rest);
            let check = check_character(&full);
            full.push(check);
            Ok(full)
        }
        _ => Err(ReasonCode::InputIdNumberLength),
    }
}

/// ISO 7064 MOD 11-2 over 17 digits.
fn check_character(body: &str) -> char {
    let sum = body.bytes().fold(0, |sum, digit| (sum + u32::from(digit.wrapping_sub(b'0'))) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('X'),
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber(…)")
    }
}

impl TryFrom<String> for IdNumber {
    type Error = ReasonCode;

    fn try_from(text: String) -> Result<Self, ReasonCode> {
        Self::parse(&Zeroizing::new(text))
    }
}

impl From<IdNumber> for String {
    fn from(id: IdNumber) -> Self {
        id.0.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn on(text: &str) -> Result<IdNumber, ReasonCode> {
        IdNumber::parse_on(text, date!(2026 - 03 - 01))
    }

    #[test]
    fn the_published_examples_hold() {
        for text in ["11010519491231002X", "440524188001010014"] {
            assert_eq!(on(text).expect(text).expose(), text);
        }
        assert_eq!(on("11010519491231002X").expect("valid").birth_date(), date!(1949 - 12 - 31));
    }

    #[test]
    fn what_is_composed_is_valid_and_says_what_went_in() {
        let place = Division::parse("110105").expect("a district");
        let id = IdNumber::compose(place, date!(1949 - 12 - 31), 2).expect("a number");
        assert_eq!(id.expose(), "11010519491231002X");
        for sequence in [0, 1, 499, 999] {
            let id = IdNumber::compose(place, date!(1931 - 02 - 28), sequence).expect("a number");
            assert_eq!(on(id.expose()), Ok(id));
        }
        assert!(IdNumber::compose(place, date!(1949 - 12 - 31), 1_000).is_err());
        assert!(IdNumber::compose(place, date!(-001 - 12 - 31), 1).is_err());
    }

    #[test]
    fn it_is_read_however_it_is_typed() {
        let typed = [
            "11010519491231002x",
            " 110105 19491231 002X ",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105-19491231-002ｘ",
            "110105491231002",
        ];
        for text in typed {
            assert_eq!(on(text).expect(text).expose(), "11010519491231002X", "{text}");
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        use ReasonCode::*;
        let faults = [
            ("", InputIdNumberLength),
            ("1101051949123100", InputIdNumberLength),
            ("11010519491231002XX", InputIdNumberLength),
            ("11010519491231002Y", InputIdNumberLength),
            ("1101051949123100２é", InputIdNumberLength),
            ("X1010519491231002X", InputIdNumberLength),
            ("110105194912310021", InputIdNumberChecksum),
            ("11010519491231020X", InputIdNumberChecksum), // two digits changed places
            ("999999194912310029", InputIdNumberChecksum),
            (&with_check("99999919491231002"), InputIdNumberDivision),
            (&with_check("11010519490230002"), InputIdNumberBirthDate),
            (&with_check("11010520260302002"), InputIdNumberBirthDate),
            (&with_check("11010517991231002"), InputIdNumberBirthDate),
            ("110105490230002", InputIdNumberBirthDate),
        ];
        for (text, code) in faults {
            assert_eq!(on(text).map(|_| ()), Err(code), "{text}");
        }
        assert!(on(&with_check("11010520260301002")).is_ok(), "born today");
    }

    #[test]
    fn prefixes_that_were_abolished_are_accepted() {
        // Chongwen (Beijing, until 2010), Xuanwu, and a county of Chengde prefecture (until 1993).
        for prefix in ["110103", "110104", "132629", "830000"] {
            assert!(on(&with_check(&format!("{prefix}18800101002"))).is_ok(), "{prefix}");
        }
    }

    /// Verdicts of python-stdnum's `cn.ric` over generated numbers (births before 1900: nobody's).
    #[test]
    fn it_agrees_with_an_independent_implementation() {
        let mut seen = std::collections::BTreeMap::new();
        for line in include_str!("../tests/fixtures/id_numbers.csv").lines() {
            let (text, verdict) = line.split_once(',').expect("two columns");
            let ours = on(text).map_or_else(|reason| reason.code(), |_| "ok");
            assert_eq!(ours, verdict, "{text}");
            *seen.entry(verdict).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 5, "every verdict occurs: {seen:?}");
        assert!(seen.values().all(|count| *count >= 40), "{seen:?}");
    }

    #[test]
    fn the_mask_shows_two_characters() {
        assert_eq!(on("11010519491231002X").expect("valid").masked(), "****************2X");
    }

    fn with_check(body: &str) -> String {
        format!("{body}{}", check_character(body))
    }
}
