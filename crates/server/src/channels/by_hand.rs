//! Certified by people: at a counter, at home, by an office, by an employer.
//!
//! **In**: who was seen or vouched for, how, on which day, and by whom. **Out**: the record, or the first word of two where the
//! place wants two. **What can go wrong**: the place does not take it; the person is recorded as dead, and that they live has
//! to be recorded first ([`crate::chronicle::reviews::deaths`]): then nothing is written, no word either. What was recorded
//! before the death is known as ever. Whoever may not see the person has been refused before they come here.

use sea_orm::{EntityTrait as _, QuerySelect as _};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::eyes::{self, Eyes, Waits};
use crate::audit::{self, Action, Entry};
use crate::chronicle::policies::Rules;
use crate::chronicle::record::{self, Recorded, certification_id, certify};
use crate::chronicle::reviews::deaths::is_dead_now;
use crate::clock::to_millis;
use crate::db::Writing;
use crate::db::year::certification_word::Model as Reported;
use crate::db::year::{benefit, certification};
use crate::office::{Office, OfficeError};
use crate::year::channel::Channel;
use crate::year::names::Named as _;
use crate::year::policy::{Policy, VolunteerVisits};
use crate::year::record::{CertificationRecord, Ground, Party, RecordFault};

/// How somebody was certified by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByHand {
    /// By which way.
    pub channel: Channel,
    /// Who brought it.
    pub by: Party,
    /// Who decided.
    pub decided_by: Party,
    /// The second person, where the policy wants one.
    pub seconded_by: Option<Party>,
    /// The day that proves.
    pub proof_date: Date,
    /// Why the person is believed.
    pub ground: Ground,
}

impl ByHand {
    /// Whether it is a volunteer's own report.
    pub(super) fn is_volunteers_own(&self) -> bool {
        matches!(self.decided_by, Party::Volunteer(_))
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certified {
    /// Recorded now.
    New(Uuid),
    /// It was recorded before.
    Known(Uuid),
    /// The policy of the place wants another account to say the same; under this name it will be recorded.
    Waits(Uuid),
    /// The policy of the place does not take it.
    Refused(Vec<RecordFault>),
    /// The person is recorded as dead.
    RecordedDead,
    /// Nowhere is there a policy for what the person draws, or there is no such person.
    NoPolicy,
}

impl Office {
    /// Records that somebody was certified by people.
    pub async fn certify(&self, who: Uuid, how: &ByHand, now: OffsetDateTime) -> Result<Certified, OfficeError> {
        let Some(rules) = self.rules_of(who).await? else { return Ok(Certified::NoPolicy) };
        let policy = rules.on(now.date());
        // Two clerks at the counter speak of one certification: it bears neither's name, but that of who came.
        let two_at_counter = how.channel.is_at_counter() && policy.four_eyes.contains(&how.channel);
        let by = if two_at_counter { Party::Beneficiary } else { how.by };
        let id = certification_id(who, how.channel, by, how.proof_date);
        record(self.store.begin("certify").await?, id, who, how, policy, now).await
    }

    /// The same, under a name that follows from the paper or the call.
    pub(super) async fn certify_as(
        &self,
        id: Uuid,
        who: Uuid,
        how: &ByHand,
        now: OffsetDateTime,
    ) -> Result<Certified, OfficeError> {
        match self.rules_of(who).await? {
            Some(rules) => {
                let tx = self.store.begin("certify").await?;
                record(tx, id, who, how, rules.on(now.date()), now).await
            }
            None => Ok(Certified::NoPolicy),
        }
    }

    /// Records a visit that a volunteer reported, on the very word that the clerk was shown. `None`: it does not wait any more,
    /// or was told otherwise meanwhile; nothing is recorded then.
    pub(crate) async fn confirm(
        &self,
        word: &Reported,
        how: &ByHand,
        now: OffsetDateTime,
    ) -> Result<Option<Certified>, OfficeError> {
        let who = word.beneficiary_id;
        let Some(rules) = self.rules_of(who).await? else { return Ok(Some(Certified::NoPolicy)) };
        let tx = self.store.begin("confirm visit").await?;
        if eyes::waits(&*tx, word).await? != Waits::AsRead {
            let is_recorded = certification::Entity::find_by_id(word.certification_id).one(&*tx).await?.is_some();
            return Ok(is_recorded.then_some(Certified::Known(word.certification_id)));
        }
        record(tx, word.certification_id, who, how, rules.on(now.date()), now).await.map(Some)
    }

    /// Sets a visit aside that a volunteer reported; false if it was recorded or told otherwise meanwhile. Set aside twice, it is
    /// put down once.
    pub(crate) async fn set_aside(&self, word: &Reported, by: Uuid, at: i64) -> Result<bool, OfficeError> {
        let (tx, id) = (self.store.begin("set visit aside").await?, word.certification_id);
        let waits = eyes::waits(&*tx, word).await?;
        // Told otherwise meanwhile, nobody has seen what would be taken away.
        let changed = waits == Waits::Otherwise;
        if changed || certification::Entity::find_by_id(id).one(&*tx).await?.is_some() {
            return Ok(false);
        }
        if waits == Waits::AsRead {
            eyes::take_away(&*tx, word).await?;
            audit::append(&tx, at, Entry::of(Action::VisitSetAside, id).by(by)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    pub(crate) async fn rules_of(&self, who: Uuid) -> Result<Option<Rules>, OfficeError> {
        Ok(Rules::of(&self.policies, self.store.reads(), &self.keys, who).await?)
    }
}

/// Writes a certification under a name, or the word of the first of two accounts, and ends the transaction.
async fn record(
    tx: Writing,
    id: Uuid,
    who: Uuid,
    how: &ByHand,
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<Certified, OfficeError> {
    let certified = record_in(&tx, id, who, how, policy, now).await?;
    tx.commit().await?;
    Ok(certified)
}

/// The same within the caller's transaction.
pub(super) async fn record_in(
    tx: &Writing,
    id: Uuid,
    who: Uuid,
    how: &ByHand,
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<Certified, OfficeError> {
    if is_dead_now(&**tx, who).await? && certification::Entity::find_by_id(id).one(&**tx).await?.is_none() {
        return Ok(Certified::RecordedDead);
    }
    let mut record = CertificationRecord {
        id,
        beneficiary: who,
        by: how.by,
        channel: how.channel,
        proof_date: how.proof_date,
        recorded: now.date(),
        ground: how.ground,
        decided_by: how.decided_by,
    };
    let (mut seconded_by, at) = (how.seconded_by, to_millis(now));
    let waits_for_clerk = how.is_volunteers_own() && policy.volunteer_visits == VolunteerVisits::Waits;
    let four_eyes = policy.four_eyes.contains(&how.channel);
    if waits_for_clerk || four_eyes {
        let mut faults = record::faults(&record, seconded_by, policy);
        // Who decides on a volunteer's word is still to come.
        faults.retain(|fault| !(waits_for_clerk && *fault == RecordFault::WrongDecider));
        if !faults.is_empty() {
            return Ok(Certified::Refused(faults));
        }
        match second_word(tx, id, who, how, four_eyes, at).await? {
            Word::Recorded => return Ok(Certified::Known(id)),
            Word::Waits => return Ok(Certified::Waits(id)),
            Word::Confirms(first) if how.is_volunteers_own() => record.decided_by = first,
            Word::Confirms(first) if first != how.by => seconded_by = seconded_by.or(Some(first)),
            Word::Confirms(_) => {}
        }
    }
    let recorded = certify(&**tx, &record, seconded_by, policy, at).await?;
    if recorded == Recorded::New {
        eyes::done(&**tx, id).await?;
        let entry = Entry::of(Action::Certified, id).detail(how.channel.name());
        audit::append(tx, at, Entry { actor: how.decided_by.account(), ..entry }).await?;
    }
    Ok(match recorded {
        Recorded::New => Certified::New(id),
        Recorded::Known => Certified::Known(id),
        Recorded::Refused(faults) => Certified::Refused(faults),
    })
}

/// A word where two are wanted.
enum Word {
    /// The certification is there already.
    Recorded,
    /// It was taken down.
    Waits,
    /// This one had said the same.
    Confirms(Party),
}

async fn second_word(
    tx: &Writing,
    id: Uuid,
    who: Uuid,
    how: &ByHand,
    four_eyes: bool,
    at: i64,
) -> Result<Word, OfficeError> {
    // Two who speak at once: the later one sees the other's word, or what came of both.
    benefit::Entity::find_by_id(who).lock_exclusive().one(&**tx).await?;
    if certification::Entity::find_by_id(id).one(&**tx).await?.is_some() {
        return Ok(Word::Recorded);
    }
    let account = how.decided_by.account().ok_or(OfficeError::Unreadable("who decided"))?;
    let tied = if four_eyes { eyes::tied(&**tx, account).await? } else { Vec::new() };
    match eyes::say(&**tx, id, who, account, &tied, how, at).await? {
        // A volunteer speaks of their own visits only.
        Eyes::Four { first } if how.by == Party::Volunteer(first) => Ok(Word::Confirms(how.by)),
        Eyes::Four { first } => Ok(Word::Confirms(Party::Staff(first))),
        Eyes::Two { is_new } => {
            if is_new {
                let entry = Entry::of(Action::WordGiven, id).by(account).detail(how.channel.name());
                audit::append(tx, at, entry).await?;
            }
            Ok(Word::Waits)
        }
    }
}
