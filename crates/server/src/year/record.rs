//! The one record in which every way of certifying ends: for whom, by whom, how, when, on what ground, decided by whom.
//!
//! **In**: what a channel brings. **Out**: a record that the policy allows, or every fault in it. Its [`Fact`] is what
//! standing sees. **What can go wrong**: each [`RecordFault`]; none of them changes anything for the person.
//!
//! The record holds identifiers, never names or texts: free words about a person belong in sealed evidence.

use time::Date;
use uuid::Uuid;

use super::channel::{Channel, EvidenceKind, Reason};
use super::dates::days_after;
use super::facts::{Fact, What};
use super::policy::{Policy, VolunteerVisits};

/// Who took part, or decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The beneficiary.
    Beneficiary,
    /// Somebody of the family, on their device.
    Family,
    /// A volunteer, signed in.
    Volunteer(Uuid),
    /// Staff of the agency, signed in.
    Staff(Uuid),
    /// Another office: a community, another agency.
    Office(Uuid),
    /// An employer.
    Employer(Uuid),
    /// A comparison of data, by a version of its rules.
    Rules {
        /// The version.
        version: u32,
    },
    /// The service's judge of face and actions.
    Judge,
}

impl Party {
    /// The account, where it is one that signs in.
    pub fn account(self) -> Option<Uuid> {
        match self {
            Self::Staff(id) | Self::Volunteer(id) => Some(id),
            Self::Beneficiary
            | Self::Family
            | Self::Office(_)
            | Self::Employer(_)
            | Self::Rules { .. }
            | Self::Judge => None,
        }
    }
}

/// Why somebody is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Evidence that is kept.
    Evidence {
        /// What kind.
        kind: EvidenceKind,
        /// Where it lies.
        reference: Uuid,
    },
    /// A reason, where nothing is kept.
    Reason(Reason),
}

/// A certification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificationRecord {
    /// Names the record.
    pub id: Uuid,
    /// For whom.
    pub beneficiary: Uuid,
    /// Who brought it.
    pub by: Party,
    /// How.
    pub channel: Channel,
    /// The day that proves.
    pub proof_date: Date,
    /// The day it was recorded.
    pub recorded: Date,
    /// Why they are believed.
    pub ground: Ground,
    /// Who decided.
    pub decided_by: Party,
}

/// Why a record cannot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The policy does not open this way.
    #[error("this way of certifying is not open under the policy of the insured place")]
    ChannelClosed,
    /// Nobody can prove a day that has not come.
    #[error("the proof date lies after the day of recording")]
    ProofInFuture,
    /// Older than the policy takes.
    #[error("the proof is older than the policy takes")]
    ProofTooOld,
    /// Neither the channel's evidence nor a reason that it may have.
    #[error("the ground does not fit the way of certifying")]
    WrongGround,
    /// Somebody else has to bring this.
    #[error("this way of certifying is brought by somebody else")]
    WrongParty,
    /// Somebody else has to decide this.
    #[error("this way of certifying is decided by somebody else")]
    WrongDecider,
    /// The policy wants a second person, who is neither the one who brought it nor the one who decided.
    #[error("this way of certifying wants a second person under the policy of the insured place")]
    SecondMissing,
}

impl CertificationRecord {
    /// Every fault under a policy; none if it can stand.
    pub fn faults(&self, policy: &Policy) -> Vec<RecordFault> {
        let oldest = days_after(self.recorded, -i64::from(policy.proof_age_days));
        [
            (!policy.allows(self.channel), RecordFault::ChannelClosed),
            (self.proof_date > self.recorded, RecordFault::ProofInFuture),
            (self.proof_date < oldest, RecordFault::ProofTooOld),
            (!self.ground_fits(), RecordFault::WrongGround),
            (!self.party_fits(), RecordFault::WrongParty),
            (!self.decider_fits(policy), RecordFault::WrongDecider),
        ]
        .into_iter()
        .filter_map(|(wrong, fault)| wrong.then_some(fault))
        .collect()
    }

    /// What standing sees of it.
    pub fn fact(&self) -> Fact {
        let what = What::Certified { id: self.id, channel: self.channel };
        Fact { on: self.proof_date, recorded: self.recorded, what }
    }

    /// The day on which its evidence must go, counted from the day it was recorded.
    pub fn delete_on(&self, policy: &Policy) -> Option<Date> {
        match self.ground {
            Ground::Evidence { kind, .. } => Some(policy.delete_on(kind, self.recorded)),
            Ground::Reason(_) => None,
        }
    }

    fn ground_fits(&self) -> bool {
        match self.ground {
            Ground::Evidence { kind, .. } => kind == self.channel.evidence(),
            Ground::Reason(reason) => self.channel.reasons().contains(&reason),
        }
    }

    fn party_fits(&self) -> bool {
        use Party::{Beneficiary, Employer, Family, Office, Rules, Staff, Volunteer};
        match self.channel {
            Channel::AppSelf => self.by == Beneficiary,
            Channel::AppAssisted => matches!(self.by, Family | Volunteer(_) | Staff(_)),
            Channel::ECardLink | Channel::WebPortal | Channel::VideoCall | Channel::PaperByMail => {
                matches!(self.by, Beneficiary | Family)
            }
            Channel::OfficePhone | Channel::AgencyByHand => matches!(self.by, Staff(_)),
            Channel::OfficeIdCard => matches!(self.by, Staff(_) | Office(_)),
            Channel::Community | Channel::AssistanceForm => matches!(self.by, Office(_)),
            Channel::Employer => matches!(self.by, Employer(_)),
            Channel::HomeVisit => matches!(self.by, Staff(_) | Volunteer(_) | Office(_)),
            Channel::SilentEvents | Channel::RegisterMatch => matches!(self.by, Rules { .. }),
        }
    }

    /// A machine decides on faces (a clerk on those it leaves open) and on data; staff decide on everything else, and
    /// nobody on what they brought themselves, unless they saw the person at the counter, or are a volunteer whose visits the
    /// policy trusts.
    fn decider_fits(&self, policy: &Policy) -> bool {
        let clerk = matches!(self.decided_by, Party::Staff(_));
        match self.channel.evidence() {
            EvidenceKind::Face => self.decided_by == Party::Judge || clerk && self.decided_by != self.by,
            EvidenceKind::Data => matches!(self.decided_by, Party::Rules { .. }),
            EvidenceKind::Visit if matches!(self.decided_by, Party::Volunteer(_)) => {
                self.decided_by == self.by && policy.volunteer_visits == VolunteerVisits::Stands
            }
            _ if self.channel.is_at_counter() => clerk,
            _ => clerk && self.decided_by != self.by,
        }
    }
}
