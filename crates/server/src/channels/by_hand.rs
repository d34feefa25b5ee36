//! Certified by people: at a counter, at home, by an office, by an employer.

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::audit::{self, Action, Entry};
use crate::chronicle::policies::Rules;
use crate::chronicle::record::{Recorded, certification_id, certify};
use crate::clock::to_millis;
use crate::office::{Office, OfficeError};
use crate::year::channel::Channel;
use crate::year::names::Named as _;
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

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certified {
    /// Recorded now.
    New(Uuid),
    /// It was recorded before.
    Known(Uuid),
    /// The policy of the place does not take it.
    Refused(Vec<RecordFault>),
    /// Nowhere is there a policy for what the person draws, or there is no such person.
    NoPolicy,
}

impl Office {
    /// Records that somebody was certified by people.
    pub async fn certify(&self, who: Uuid, how: &ByHand, now: OffsetDateTime) -> Result<Certified, OfficeError> {
        let id = certification_id(who, how.channel, how.by, how.proof_date);
        self.certify_as(id, who, how, now).await
    }

    /// The same, under a name that follows from the paper or the call.
    pub(super) async fn certify_as(
        &self,
        id: Uuid,
        who: Uuid,
        how: &ByHand,
        now: OffsetDateTime,
    ) -> Result<Certified, OfficeError> {
        let record = CertificationRecord {
            id,
            beneficiary: who,
            by: how.by,
            channel: how.channel,
            proof_date: how.proof_date,
            recorded: now.date(),
            ground: how.ground,
            decided_by: how.decided_by,
        };
        let rules = Rules::of(&self.policies, self.store.reads(), &self.keys, who).await?;
        let Some(rules) = rules else { return Ok(Certified::NoPolicy) };
        let tx = self.store.begin("certify").await?;
        let policy = rules.on(now.date());
        let recorded = certify(&*tx, &record, how.seconded_by, policy, to_millis(now)).await?;
        if recorded == Recorded::New {
            let entry = Entry::of(Action::Certified, id).detail(how.channel.name());
            audit::append(&tx, to_millis(now), Entry { actor: how.decided_by.account(), ..entry }).await?;
        }
        tx.commit().await?;
        Ok(match recorded {
            Recorded::New => Certified::New(id),
            Recorded::Known => Certified::Known(id),
            Recorded::Refused(faults) => Certified::Refused(faults),
        })
    }
}
