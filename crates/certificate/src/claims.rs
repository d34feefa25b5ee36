//! What a certificate says, and how it is written: a CBOR Web Token (RFC 8392). Registered claims where there are any
//! (issuer 1, expiry 4, issued at 6, token id 7), private ones below -65536.

use std::fmt;

use ciborium::Value;
use jianzai_wire::{Division, Mode};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, UtcOffset};
use uuid::Uuid;

pub(crate) const ISSUER: i64 = 1;
pub(crate) const EXPIRY: i64 = 4;
pub(crate) const ISSUED_AT: i64 = 6;
const SERIAL: i64 = 7;
const MASKED_NAME: i64 = -65_537;
const PROOF_DATE: i64 = -65_538;
const CHANNEL: i64 = -65_539;
const INSURED_PLACE: i64 = -65_540;
const DEMO: i64 = -65_541;

/// Certificates are of China: a day begins at midnight there.
pub(crate) const CHINA: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// How the person was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// By face, with the phone in the beneficiary's own hand.
    FaceSelf,
    /// By face, with someone else holding the phone.
    FaceAssisted,
}

impl From<Mode> for Channel {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::OwnPhone => Self::FaceSelf,
            Mode::Assisted => Self::FaceAssisted,
        }
    }
}

/// What a certificate says. `Debug` shows the serial only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Names this certificate.
    pub serial: Uuid,
    /// Who issued it: the agency's full name.
    pub issuer: String,
    /// The name as [`jianzai_wire::Name::masked`] writes it.
    pub masked_name: String,
    /// How the person was seen.
    pub channel: Channel,
    /// The day in China on which the person was seen alive.
    pub proof_date: Date,
    /// When the certificate was issued; whole seconds.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// The last day in China on which it is valid.
    pub valid_until: Date,
    /// Where the pension is insured.
    pub insured_place: Division,
    /// Made by the demonstration, from recorded footage: worth nothing.
    pub demo: bool,
}

impl Claims {
    /// The moment at which it ceases to be valid: midnight in China after its last day.
    pub fn expires_at(&self) -> OffsetDateTime {
        self.valid_until.next_day().unwrap_or(Date::MAX).midnight().assume_offset(CHINA)
    }

    pub(crate) fn to_cbor(&self) -> Value {
        let key = |label: i64| Value::from(label);
        let mut map = vec![
            (key(ISSUER), Value::from(self.issuer.as_str())),
            (key(EXPIRY), Value::from(self.expires_at().unix_timestamp())),
            (key(ISSUED_AT), Value::from(self.issued_at.unix_timestamp())),
            (key(SERIAL), Value::Bytes(self.serial.as_bytes().to_vec())),
            (key(MASKED_NAME), Value::from(self.masked_name.as_str())),
            (key(PROOF_DATE), Value::from(self.proof_date.to_julian_day() - epoch_julian_day())),
            (key(CHANNEL), Value::from(channel_number(self.channel))),
            (key(INSURED_PLACE), Value::from(self.insured_place.code())),
        ];
        if self.demo {
            map.push((key(DEMO), Value::Bool(true)));
        }
        Value::Map(map)
    }

    /// `None` if a claim is missing, twice there, of another kind, or unknown: such a certificate says something that this
    /// version does not understand.
    pub(crate) fn from_cbor(value: Value) -> Option<Self> {
        let mut claims = Fields::new(value)?;
        let valid_until =
            OffsetDateTime::from_unix_timestamp(claims.integer(EXPIRY)?).ok()?.checked_to_offset(CHINA)?;
        if valid_until.time() != time::Time::MIDNIGHT {
            return None;
        }
        let julian_day = claims.integer::<i32>(PROOF_DATE)?.checked_add(epoch_julian_day())?;
        let found = Self {
            serial: Uuid::from_slice(&claims.take(SERIAL)?.into_bytes().ok()?).ok()?,
            issuer: claims.take(ISSUER)?.into_text().ok()?,
            masked_name: claims.take(MASKED_NAME)?.into_text().ok()?,
            channel: channel_of(claims.integer(CHANNEL)?)?,
            proof_date: Date::from_julian_day(julian_day).ok()?,
            issued_at: OffsetDateTime::from_unix_timestamp(claims.integer(ISSUED_AT)?).ok()?,
            valid_until: valid_until.date().previous_day()?,
            insured_place: Division::from_code(claims.integer(INSURED_PLACE)?)?,
            demo: match claims.take(DEMO) {
                None => false,
                Some(value) => value.into_bool().ok()?,
            },
        };
        claims.none_left().then_some(found)
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").field("serial", &self.serial).finish_non_exhaustive()
    }
}

fn epoch_julian_day() -> i32 {
    OffsetDateTime::UNIX_EPOCH.date().to_julian_day()
}

fn channel_number(channel: Channel) -> u8 {
    match channel {
        Channel::FaceSelf => 1,
        Channel::FaceAssisted => 2,
    }
}

fn channel_of(number: u8) -> Option<Channel> {
    [Channel::FaceSelf, Channel::FaceAssisted].into_iter().find(|channel| channel_number(*channel) == number)
}

/// The claims not yet taken.
pub(crate) struct Fields(Vec<(i64, Value)>);

impl Fields {
    pub(crate) fn new(value: Value) -> Option<Self> {
        let fields = value.into_map().ok()?.into_iter().map(|(label, value)| {
            let label = label.into_integer().ok()?.try_into().ok()?;
            Some((label, value))
        });
        fields.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Removes one claim. A second one of the same label stays behind, where [`Self::none_left`] finds it.
    pub(crate) fn take(&mut self, label: i64) -> Option<Value> {
        let at = self.0.iter().position(|(found, _)| *found == label)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(crate) fn integer<T: TryFrom<ciborium::value::Integer>>(&mut self, label: i64) -> Option<T> {
        self.take(label)?.into_integer().ok()?.try_into().ok()
    }

    pub(crate) fn none_left(&self) -> bool {
        self.0.is_empty()
    }
}
