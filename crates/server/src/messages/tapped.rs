//! Links in messages: whoever taps one is where they can certify.
//!
//! **In**: a rung of the ladder on its way to the elder or the family by a way that can be tapped; the address under which links are
//! followed. **Out**: one more sentence, with a link of their own. **What can go wrong**: the address is none
//! ([`NotAnAddress`]); the place opens no way that a link leads into: the words stay as they are.
//!
//! A link goes on for [`AT_LEAST_DAYS`] at least, and until payment would stop: a message that was opened late must not cost
//! a pension. The same message has the same link each time that a sender is asked to take it.

use jianzai_wire::Language;
use reqwest::Url;
use time::Date;

use super::Outgoing;
use crate::channels::Link;
use crate::channels::link::{self, token_of_message};
use crate::columns::NotSealed;
use crate::keys::KeyRing;
use crate::year::channel::Channel;
use crate::year::dates::days_after;
use crate::year::policy::{Medium, Policy, Recipient};

const AT_LEAST_DAYS: i64 = 60;

/// Where links in messages lead: the service's `/v1/links/`, as people reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkAddress(Url);

/// It can't stand before a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("links want an address that begins with https:// and ends with /")]
pub struct NotAnAddress;

impl LinkAddress {
    /// `https`, without a question, ending with `/`; on this machine itself `http` will do.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let url = Url::parse(text).map_err(|_| NotAnAddress)?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        let plain =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        let safe = url.scheme() == "https" || url.scheme() == "http" && here;
        if safe && plain && url.path().ends_with('/') { Ok(Self(url)) } else { Err(NotAnAddress) }
    }

    /// One more sentence for somebody, where a link leads on.
    pub(super) fn sentence(
        &self,
        keys: &KeyRing,
        message: &Outgoing,
        policy: &Policy,
        suspends_on: Option<Date>,
        decided_on: Date,
    ) -> Result<Option<String>, NotSealed> {
        let Some(channel) = leads_into(policy) else { return Ok(None) };
        let longest = days_after(decided_on, AT_LEAST_DAYS);
        let until = suspends_on.map_or(longest, |day| day.max(longest));
        let link = Link { beneficiary: message.beneficiary, channel, until };
        let token = token_of_message(keys, &link, message.id)?;
        Ok(Some(match message.language {
            Language::Zh => format!("点这里办：{}{token}", self.0),
            Language::En => format!(" Tap to certify: {}{token}", self.0),
        }))
    }
}

/// Whether somebody can tap on what comes so.
pub(super) fn can_be_tapped(to: Recipient, by: Medium) -> bool {
    to != Recipient::Community && matches!(by, Medium::Sms | Medium::Wechat | Medium::App)
}

/// The app where it is open, whoever holds the phone; else a portal.
fn leads_into(policy: &Policy) -> Option<Channel> {
    [Channel::AppSelf, Channel::WebPortal].into_iter().find(|channel| link::is_open(policy, *channel))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use time::Duration;

    use super::*;
    use crate::messages::tests::{DUE, due};
    use crate::messages::{SendError, Sender};
    use crate::tests::Kind;
    use crate::year::tests::stage::morning;

    #[test]
    fn links_stand_behind_a_safe_address_only() {
        for good in ["https://certify.example/v1/links/", "http://127.0.0.1:8470/v1/links/"] {
            assert!(LinkAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://certify.example/l/",
            "https://certify.example/l",
            "https://x.example/l/?to=",
            "https://:secret@x.example/l/",
            "links/",
            "",
        ] {
            assert_eq!(LinkAddress::parse(bad), Err(NotAnAddress), "{bad}");
        }
    }

    /// Takes the words, and its answer is lost.
    #[derive(Default)]
    struct Lost(Mutex<Vec<String>>);

    impl Sender for Lost {
        async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
            self.0.lock().unwrap().push(message.text.clone());
            Err(SendError::Garbled)
        }
    }

    #[tokio::test]
    async fn a_message_that_is_handed_over_again_says_the_same() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let (_world, office) = due(kind).await;
            let office = office.with_links(Some(LinkAddress::parse("https://certify.example/v1/links/").unwrap()));
            let sender = Lost::default();
            // The last day is counted from the day on which the message was decided.
            for hours in [0, 2, 30] {
                office.send(&sender, morning(DUE) + Duration::hours(hours)).await.unwrap();
            }
            let said = sender.0.lock().unwrap().clone();
            assert!(said.len() == 3 && said.iter().all(|one| *one == said[0]), "{said:?}");
        }
    }
}
