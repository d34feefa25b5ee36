//! Administrative divisions by GB/T 2260 code: 2 digits of province, 2 of prefecture, 2 of county.
//!
//! The table (`data/divisions.csv`) holds the divisions of today and those that were abolished, since people keep the ID
//! number they were given. Pickers offer only the former; [`Division::parse`] takes both.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::ReasonCode;

/// An administrative division: a GB/T 2260 code of six digits, current or retired.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Division(u32);

/// How far down a division is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DivisionLevel {
    /// A province, autonomous region, municipality or special administrative region.
    Province,
    /// A city with districts, a prefecture, a league.
    Prefecture,
    /// A district, county, banner or county-level city.
    County,
}

impl Division {
    /// From six digits, or from a name that means one current division only, with or without those above it:
    /// `广东省深圳市`, `深圳市`, `深圳市南山区`. Error: `input.place_unknown`.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        let tidy: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let found = if tidy.len() == 6 && tidy.bytes().all(|b| b.is_ascii_digit()) {
            tidy.parse().ok().and_then(Self::from_code)
        } else {
            BY_NAME.get(&tidy).copied().flatten()
        };
        found.ok_or(ReasonCode::InputPlaceUnknown)
    }

    /// The division with this code, if there is or was one.
    pub fn from_code(code: u32) -> Option<Self> {
        row(code).map(|_| Self(code))
    }

    /// The six digits as a number.
    pub fn code(self) -> u32 {
        self.0
    }

    /// Its own name: `南山区`. That of the last days, if it is retired.
    pub fn name(self) -> &'static str {
        row(self.0).map_or("", |row| row.name)
    }

    /// Its name after those above it: `广东省深圳市南山区`.
    pub fn full_name(self) -> String {
        self.parent().map(Self::full_name).unwrap_or_default() + self.name()
    }

    /// How far down it is.
    pub fn level(self) -> DivisionLevel {
        match (self.0 / 100 % 100, self.0 % 100) {
            (0, 0) => DivisionLevel::Province,
            (_, 0) => DivisionLevel::Prefecture,
            _ => DivisionLevel::County,
        }
    }

    /// The division above it; none for a province. Districts of a municipality and counties that a province governs
    /// itself belong to the province: the codes between are a formality and bear no name of a place.
    pub fn parent(self) -> Option<Self> {
        let province = self.0 / 10_000 * 10_000;
        match self.level() {
            DivisionLevel::Province => None,
            DivisionLevel::Prefecture => Self::from_code(province),
            DivisionLevel::County => {
                let prefecture = self.0 / 100 * 100;
                let named = row(prefecture).is_some_and(|row| row.status != Status::Formal);
                Self::from_code(if named { prefecture } else { province })
            }
        }
    }

    /// Whether it exists today.
    pub fn is_current(self) -> bool {
        row(self.0).is_some_and(|row| row.status == Status::Current)
    }

    /// Every county, current and retired, in the order of their codes.
    pub fn counties() -> impl Iterator<Item = Self> {
        let of_a_place = TABLE.iter().filter(|row| row.status != Status::Formal).map(|row| Self(row.code));
        of_a_place.filter(|division| division.level() == DivisionLevel::County)
    }

    /// The current divisions directly below `of`, or the provinces; in the order of their codes. For pickers.
    pub fn children(of: Option<Self>) -> Vec<Self> {
        TABLE
            .iter()
            .map(|row| Self(row.code))
            .filter(|division| division.is_current() && division.parent() == of)
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Current,
    Retired,
    /// A code between a province and its counties that names no place (`市辖区`).
    Formal,
}

struct Row {
    code: u32,
    name: &'static str,
    status: Status,
}

/// Sorted by code, as the file is.
static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    include_str!("../data/divisions.csv")
        .lines()
        .filter_map(|line| {
            let mut columns = line.split(',');
            let code = columns.next()?.parse().ok()?;
            let name = columns.next()?;
            let status = match columns.next()? {
                "" => Status::Current,
                "r" => Status::Retired,
                _ => Status::Formal,
            };
            Some(Row { code, name, status })
        })
        .collect()
});

/// Every name a current division goes by; `None` where several share it.
static BY_NAME: LazyLock<BTreeMap<String, Option<Division>>> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    for division in TABLE.iter().map(|row| Division(row.code)).filter(|division| division.is_current()) {
        for name in spellings(division) {
            names.entry(name).and_modify(|known| *known = None).or_insert(Some(division));
        }
    }
    names
});

/// `南山区`, `深圳市南山区`, `广东省南山区`, `广东省深圳市南山区`.
fn spellings(division: Division) -> Vec<String> {
    let own = division.name();
    let mut names = vec![own.to_owned()];
    if let Some(above) = division.parent() {
        names.extend(spellings(above).into_iter().map(|prefix| prefix + own));
    }
    names
}

fn row(code: u32) -> Option<&'static Row> {
    TABLE.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| TABLE.get(at))
}

impl std::fmt::Debug for Division {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Division(…)")
    }
}

impl TryFrom<String> for Division {
    type Error = ReasonCode;

    fn try_from(text: String) -> Result<Self, ReasonCode> {
        Self::parse(&text)
    }
}

impl From<Division> for String {
    fn from(division: Division) -> Self {
        format!("{:06}", division.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Division {
        Division::parse(text).expect(text)
    }

    #[test]
    fn the_file_is_sorted_and_whole() {
        let lines = include_str!("../data/divisions.csv").lines().count();
        assert_eq!(TABLE.len(), lines, "every line is read");
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(TABLE.iter().all(|row| row.code >= 110_000 && row.code < 900_000 && !row.name.is_empty()));
        for status in [Status::Current, Status::Retired] {
            assert!(TABLE.iter().filter(|row| row.status == status).count() > 3000);
        }
    }

    #[test]
    fn codes_and_names_lead_to_the_same_place() {
        for (code, name) in [
            ("440300", "广东省深圳市"),
            ("440305", "广东省深圳市南山区"),
            ("110105", "北京市朝阳区"),
            ("429004", "湖北省仙桃市"),
        ] {
            assert_eq!(at(code).full_name(), name);
            assert_eq!(at(name), at(code));
        }
        assert_eq!(at("深圳市"), at("440300"));
        assert_eq!(at(" 广东省 深圳市 "), at("440300"));
        assert_eq!(at("北京市"), at("110000"));
    }

    #[test]
    fn every_full_name_of_a_current_division_is_its_own() {
        for row in TABLE.iter().filter(|row| row.status == Status::Current) {
            let division = Division(row.code);
            assert_eq!(Division::parse(&division.full_name()), Ok(division), "{}", division.full_name());
        }
    }

    #[test]
    fn what_means_several_or_none_is_refused() {
        for text in [
            "",
            "朝阳区",
            "鼓楼区",
            "市辖区",
            "亚特兰蒂斯",
            "440399",
            "000000",
            "44030",
            "4403000",
            "４４０３００",
            "-40300",
        ] {
            assert_eq!(Division::parse(text), Err(ReasonCode::InputPlaceUnknown), "{text}");
        }
    }

    #[test]
    fn pickers_lead_to_every_current_division_and_to_no_other() {
        let provinces = Division::children(None);
        assert_eq!(provinces.len(), 34);
        let mut reached = provinces.clone();
        for province in provinces {
            let below = Division::children(Some(province));
            reached.extend(below.iter().flat_map(|division| Division::children(Some(*division))));
            reached.extend(below);
        }
        reached.sort_unstable();
        let current: Vec<_> = TABLE.iter().map(|row| Division(row.code)).filter(|d| d.is_current()).collect();
        assert!(reached == current, "{} reached, {} current", reached.len(), current.len());
    }

    #[test]
    fn retired_divisions_are_known_and_never_offered() {
        let chongwen = at("110103");
        assert_eq!((chongwen.name(), chongwen.is_current()), ("崇文区", false));
        assert_eq!(chongwen.parent(), Some(at("110000")));
        assert!(!Division::children(chongwen.parent()).contains(&chongwen));
    }
}
