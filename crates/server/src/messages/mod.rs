//! Messages: what came due by the ladder, and announcements, handed to a sender.
//!
//! **In**: rows of `message` that wait. **Out**: each handed to a [`Sender`] (files by default, an HTTP gateway), and the
//! day on which it was. **What can go wrong**: the sender fails: it is tried again, ever later, and after [`MAX_TRIES`] a
//! person has to look at it. The process dies between sending and writing that it was sent: the message is handed over once
//! more under the same name, by which the sender knows it; people get it once. Whether it arrived, a gateway says later
//! ([`receipts`]). A legal notice that did not arrive goes by letter ([`letter`]); where a letter comes back, a person goes
//! ([`unreached`]).
//!
//! Looked at again just before it goes ([`needed`]): in the quiet hours it waits; who is certified by now, has died, or has opted
//! out (of all but the legal notices) gets nothing.

pub(crate) mod announce;
mod contacts;
mod file;
mod gateway;
mod letter;
mod needed;
pub(crate) mod receipts;
mod tapped;
mod text;
pub(crate) mod unreached;

use std::collections::VecDeque;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

pub use contacts::ContactWay;
#[cfg(test)]
pub(crate) use contacts::add_way;
pub use file::FileSender;
pub use gateway::{Gateway, GatewayError};
pub use tapped::{LinkAddress, NotAnAddress};
pub use text::text;

use crate::chronicle::people::{Addresses, addresses};
use crate::clock::to_millis;
use crate::db::Datastore;
use crate::db::year::message::{ActiveModel, Column, Entity, Model};
use crate::db::year::{benefit, opt_out};
use crate::messages::needed::Needed;
use crate::messages::tapped::can_be_tapped;
use crate::office::{Office, OfficeError};
use crate::year::dates::{day_number, numbered_day};
use crate::year::names::Named as _;
use crate::year::policy::{Medium, Recipient};
use jianzai_wire::{Language, Secret};

/// A message that no sender took so often is a person's to look at.
const MAX_TRIES: i64 = 8;
/// Messages claimed at once.
const AT_ONCE: u64 = 100;
/// Reminds of a video call, on the day before.
pub(crate) const CALL_SOON: &str = "call_soon";
/// The state of a message that nobody needed any more when it was to go.
pub(crate) const WITHDRAWN: &str = "withdrawn";
/// A claim is given up after so many minutes.
const CLAIM_MINUTES: i64 = 10;

/// A message on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Names the message: a sender that sees the name again has it already.
    pub id: Uuid,
    /// About whom.
    pub beneficiary: Uuid,
    /// To whom.
    pub recipient: Recipient,
    /// By which way.
    pub medium: Medium,
    /// Number or name by which the way reaches them; none for letters and tasks, whose addresses others keep.
    pub address: Option<Secret>,
    /// The language of the words.
    pub language: Language,
    /// The words. They name nobody.
    pub text: String,
}

/// Why a sender did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A file could not be written.
    #[error("a message could not be written: {0}")]
    File(#[from] std::io::Error),
    /// Nobody answers.
    #[error("the gateway cannot be reached")]
    Unreachable,
    /// The gateway refuses it for now.
    #[error("the gateway answers {0}")]
    Refused(u16),
    /// What the gateway says can't be understood.
    #[error("the gateway's answer has no receipt")]
    Garbled,
}

/// Takes messages and sees that they arrive.
pub trait Sender: Sync {
    /// Takes one; gives its own name for it. Taking the same one twice sends it once.
    fn send(&self, message: &Outgoing) -> impl Future<Output = Result<String, SendError>> + Send;
}

/// What came of sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// A sender took them.
    pub handed_over: u64,
    /// They wait: quiet hours, or a sender that failed.
    pub put_off: u64,
    /// Nobody needs them any more.
    pub withdrawn: u64,
    /// A person has to look at them.
    pub failed: u64,
}

/// What to do with a message that is due.
enum Way {
    Send {
        outgoing: Outgoing,
        /// The day that the words name.
        about_day: Option<i64>,
    },
    Wait(OffsetDateTime),
    Withdraw,
    None,
    /// What is kept about the person can't be read.
    Unready,
}

impl Office {
    /// Hands over all that waits, as if `now`, a time in China, lasted until it is done.
    pub async fn send(&self, sender: &impl Sender, now: OffsetDateTime) -> Result<Sent, OfficeError> {
        self.send_while(sender, &|| now).await
    }

    /// The same by a clock of China: with a slow gateway it may become quiet meanwhile, and tomorrow.
    pub async fn send_while(
        &self,
        sender: &impl Sender,
        clock: &(dyn Fn() -> OffsetDateTime + Sync),
    ) -> Result<Sent, OfficeError> {
        let mut sent = Sent::default();
        loop {
            let claimed_at = clock();
            let claimed = claim(&self.store, claimed_at).await?;
            if claimed.is_empty() {
                return Ok(sent);
            }
            let mut left = VecDeque::from(claimed);
            while let Some(message) = left.pop_front() {
                self.handle(sender, message, clock(), &mut sent).await?;
                // Soon they would be anybody's to claim, while they are handed over here.
                if clock() >= claimed_at + Duration::minutes(CLAIM_MINUTES - 1) {
                    put_back(&self.store, left, clock()).await?;
                    break;
                }
            }
        }
    }

    async fn handle(
        &self,
        sender: &impl Sender,
        message: Model,
        now: OffsetDateTime,
        sent: &mut Sent,
    ) -> Result<(), OfficeError> {
        let (id, tries) = (message.id, message.tries);
        // What must be told, and has no other way left, is tried for as long as it takes.
        let must = message.legal && message.medium.as_deref() == Some(Medium::Letter.name());
        let mut way = match self.way(&message, now).await {
            Err(OfficeError::Database(error)) => return Err(error.into()),
            // One who can't be read costs nobody else their message, and a person looks in the end.
            Err(error) => {
                tracing::error!(message = %id, %error, "can't be made ready");
                Way::Unready
            }
            Ok(way) => way,
        };
        if let Way::Send { outgoing, .. } = &mut way
            && message.cycle.is_some()
        {
            // Words without a link are better than none, and those who come after wait for theirs.
            if let Err(error) = self.add_link(outgoing, numbered_day(message.decided_on), now).await {
                tracing::error!(message = %id, %error, "it goes without a link");
            }
        }
        let mut row = ActiveModel { id: Set(id), ..Default::default() };
        match way {
            Way::Send { outgoing, about_day } => match sender.send(&outgoing).await {
                Ok(receipt) => {
                    sent.handed_over += 1;
                    row.about_day = Set(about_day);
                    row.state = Set("handed_over".to_owned());
                    row.handed_on = Set(Some(day_number(now.date())));
                    row.receipt = Set(Some(receipt));
                }
                Err(error) => {
                    tracing::warn!(message = %id, tries, %error, "not sent");
                    again_later(&mut row, tries, must, now, sent);
                }
            },
            Way::Unready => again_later(&mut row, tries, must, now, sent),
            Way::Wait(until) => {
                sent.put_off += 1;
                row.run_at = Set(to_millis(until));
                row.tries = Set(tries - 1);
            }
            Way::Withdraw => {
                sent.withdrawn += 1;
                row.state = Set(WITHDRAWN.to_owned());
            }
            Way::None => {
                sent.failed += 1;
                row.state = Set("no_way".to_owned());
            }
        }
        let tx = self.store.begin("message").await?;
        // A receipt may have come before the note that the message was taken, and says more.
        let noted = Entity::find_by_id(id).lock_exclusive().one(&*tx).await?;
        if noted.is_some_and(|noted| noted.state == "waiting") {
            let noted = row.update(&*tx).await?;
            if matches!(noted.state.as_str(), "failed" | "no_way") {
                letter::instead(&*tx, noted, now).await?;
            }
        }
        Ok(tx.commit().await?)
    }
}

impl Office {
    /// Ends the words with a link, where links are wanted and this one can be tapped.
    async fn add_link(
        &self,
        outgoing: &mut Outgoing,
        decided_on: Date,
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        let Some(links) = &self.links else { return Ok(()) };
        let who = outgoing.beneficiary;
        if !can_be_tapped(outgoing.recipient, outgoing.medium) {
            return Ok(());
        }
        let Some(rules) = self.rules_of(who).await? else { return Ok(()) };
        let row = benefit::Entity::find_by_id(who).one(self.store.reads()).await?;
        let suspends_on = row.and_then(|row| row.suspends_on).map(numbered_day);
        let sentence = links.sentence(&self.keys, outgoing, rules.on(now.date()), suspends_on, decided_on)?;
        outgoing.text.extend(sentence);
        Ok(())
    }
}

/// Puts a message off, ever longer, unless it was tried often enough.
fn again_later(row: &mut ActiveModel, tries: i64, must: bool, now: OffsetDateTime, sent: &mut Sent) {
    let last = tries >= MAX_TRIES && !must;
    *(if last { &mut sent.failed } else { &mut sent.put_off }) += 1;
    row.state = Set(if last { "failed" } else { "waiting" }.to_owned());
    row.run_at = Set(to_millis(now + Duration::minutes(1 << tries.clamp(0, MAX_TRIES))));
}

/// Messages that are due, not to be taken by another process for a while.
async fn claim(store: &Datastore, now: OffsetDateTime) -> Result<Vec<Model>, DbErr> {
    let tx = store.begin("claim messages").await?;
    let due = Entity::find()
        .filter(Column::State.eq("waiting"))
        .filter(Column::RunAt.lte(to_millis(now)))
        .order_by_asc(Column::RunAt)
        .order_by_asc(Column::Id)
        .limit(AT_ONCE)
        .lock_exclusive()
        .all(&*tx)
        .await?;
    Entity::update_many()
        .col_expr(Column::RunAt, Expr::value(to_millis(now + Duration::minutes(CLAIM_MINUTES))))
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .filter(Column::Id.is_in(due.iter().map(|message| message.id)))
        .exec(&*tx)
        .await?;
    tx.commit().await?;
    Ok(due.into_iter().map(|message| Model { tries: message.tries + 1, ..message }).collect())
}

/// A message is told once; where it is in one of some states it is told anew, since there is cause again.
pub(crate) fn told_anew<const N: usize>(where_it_is: [&'static str; N]) -> OnConflict {
    let columns = [
        Column::Medium,
        Column::Template,
        Column::AboutDay,
        Column::QuietFrom,
        Column::QuietUntil,
        Column::DecidedOn,
        Column::State,
        Column::Tries,
        Column::RunAt,
        Column::HandedOn,
        Column::Receipt,
    ];
    let state = Expr::col((Entity, Column::State));
    OnConflict::column(Column::Id).update_columns(columns).action_and_where(state.is_in(where_it_is)).to_owned()
}

/// Gives back what was claimed and not tried.
async fn put_back(store: &Datastore, untried: VecDeque<Model>, now: OffsetDateTime) -> Result<(), DbErr> {
    let tx = store.begin("put messages back").await?;
    Entity::update_many()
        .col_expr(Column::RunAt, Expr::value(to_millis(now)))
        .col_expr(Column::Tries, Expr::col(Column::Tries).sub(1))
        .filter(Column::Id.is_in(untried.into_iter().map(|message| message.id)))
        .filter(Column::State.eq("waiting"))
        .exec(&*tx)
        .await?;
    tx.commit().await
}

impl Office {
    /// What to do with a message, and what it says.
    async fn way(&self, message: &Model, now: OffsetDateTime) -> Result<Way, OfficeError> {
        let unknown = |what| OfficeError::Unreadable(what);
        let recipient = Recipient::named(&message.recipient).ok_or(unknown("message.recipient"))?;
        let medium = message.medium.as_deref().and_then(Medium::named).ok_or(unknown("message.medium"))?;
        let about_day = match self.needed(message, now).await? {
            Needed::Now { about_day } => about_day,
            Needed::Later => return Ok(Way::Wait(now + Duration::days(1))),
            Needed::No => return Ok(Way::Withdraw),
        };
        let db = self.store.reads();
        let opted_out =
            opt_out::Entity::find_by_id((message.beneficiary_id, message.recipient.clone())).one(db).await?;
        if opted_out.is_some() && !message.legal {
            return Ok(Way::Withdraw);
        }
        if let Some(until) = quiet_until(message.quiet_from, message.quiet_until, now) {
            return Ok(Way::Wait(until));
        }
        let found = addresses(db, &self.keys, message.beneficiary_id).await?;
        let found = found.map_err(|error| OfficeError::Unreadable(error.0))?;
        let Some((address, language)) = address(&found, recipient, medium) else { return Ok(Way::None) };
        let outgoing = Outgoing {
            id: message.id,
            beneficiary: message.beneficiary_id,
            recipient,
            medium,
            address,
            language,
            text: text(&message.template, about_day.map(numbered_day), language),
        };
        Ok(Way::Send { outgoing, about_day })
    }
}

/// Where a message goes; `None` if what was there is gone.
fn address(found: &Addresses, to: Recipient, by: Medium) -> Option<(Option<Secret>, Language)> {
    match by {
        // The post room has the address, unless another was given.
        Medium::Letter if to == Recipient::Elder => match found.first(to, by) {
            Some((address, language)) => Some((Some(address), language)),
            None => Some((None, Language::Zh)),
        },
        Medium::Task => Some((None, Language::Zh)),
        _ => found.first(to, by).map(|(address, language)| (Some(address), language)),
    }
}

/// The end of the quiet hours, if it is quiet now.
fn quiet_until(from: i64, until: i64, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let minute = i64::from(now.hour()) * 60 + i64::from(now.minute());
    let quiet = if from <= until { from <= minute && minute < until } else { from <= minute || minute < until };
    let wait = (until - minute).rem_euclid(24 * 60);
    quiet.then(|| now + Duration::minutes(wait))
}

#[cfg(test)]
mod tests;
