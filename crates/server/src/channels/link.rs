//! Links that lead into the flow: from the electronic social-security card, or in a text message.
//!
//! **In**: for whom, by which way, until which day. **Out**: a token for the link, and back. **What can go wrong**: it was
//! altered, made with another key, or its days are over: [`LinkRefused`], and nothing else is said.
//!
//! A link is sealed: whoever reads it learns nothing, not even whom it is for. It may be used as often as needed within its
//! days, since a message that was opened once too early must not cost a pension. It authorises nothing: the four facts are
//! asked for as ever, and must be those of the person whom the link is for.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jianzai_wire::Secret;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::columns::{self, NotSealed, Place};
use crate::keys::KeyRing;
use crate::office::Office;
use crate::year::channel::Channel;
use crate::year::dates::{day_number, numbered_day};
use crate::year::names::Named as _;
use crate::year::policy::Policy;

/// What a link says to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// For whom.
    pub beneficiary: Uuid,
    /// By which way they come; [`Channel::AppSelf`] stands for the app, whoever holds the phone.
    pub channel: Channel,
    /// The last day on which it may be used.
    pub until: Date,
}

/// A link that can't be used: altered, foreign, or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link can't be used; ask for a new one")]
pub struct LinkRefused;

/// Links lie in no row.
const PLACE: Place = Place { table: "link", column: "token", row: Uuid::nil() };

impl Office {
    /// The token of a link.
    pub fn link(&self, link: &Link) -> Result<String, NotSealed> {
        token(&self.keys, link)
    }

    /// What a token says, if it may be used now.
    pub fn follow(&self, token: &str, now: OffsetDateTime) -> Result<Link, LinkRefused> {
        follow(&self.keys, &Secret::new(token.to_owned()), now)
    }
}

/// Whether a policy opens the way that a link leads into.
pub(crate) fn is_open(policy: &Policy, channel: Channel) -> bool {
    policy.allows(channel) || channel == Channel::AppSelf && policy.allows(Channel::AppAssisted)
}

/// The token of a link.
pub(crate) fn token(keys: &KeyRing, link: &Link) -> Result<String, NotSealed> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(columns::seal(keys, PLACE, &said(link))?))
}

/// The token of a link that stands in a message: the same each time, since whoever hands the message over may ask for it twice.
pub(crate) fn token_of_message(keys: &KeyRing, link: &Link, message: Uuid) -> Result<String, NotSealed> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(columns::seal_same(keys, PLACE, &said(link), message)?))
}

fn said(link: &Link) -> Vec<u8> {
    let mut said = link.beneficiary.as_bytes().to_vec();
    said.extend_from_slice(&day_number(link.until).to_be_bytes());
    said.extend_from_slice(link.channel.name().as_bytes());
    said
}

/// What a token says, if it may be used now.
pub(crate) fn follow(keys: &KeyRing, token: &Secret, now: OffsetDateTime) -> Result<Link, LinkRefused> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(token.expose()).map_err(|_| LinkRefused)?;
    let said = columns::open(keys, PLACE, &sealed).map_err(|_| LinkRefused)?;
    let (beneficiary, rest) = said.split_first_chunk::<16>().ok_or(LinkRefused)?;
    let (until, channel) = rest.split_first_chunk::<8>().ok_or(LinkRefused)?;
    let channel = std::str::from_utf8(channel).ok().and_then(Channel::named).ok_or(LinkRefused)?;
    let until = numbered_day(i64::from_be_bytes(*until));
    let link = Link { beneficiary: Uuid::from_bytes(*beneficiary), channel, until };
    if now.date() <= until { Ok(link) } else { Err(LinkRefused) }
}
