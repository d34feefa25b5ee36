//! A phone that claims to have seen what was asked and has seen nothing: for tests of what lies behind the protocol.

use anyhow::{Context as _, Result};
use jianzai_journey::{CONSENT_VERSION, Client, ClientError};
use jianzai_wire::api::{
    ActivationRequest, Attempt, AttemptRequest, CommitReceipt, CommitRequest, Consent, ConsentBy, StepAnswer,
    StepRequest,
};
use jianzai_wire::{
    Bytes32, Division, FrameTime, IdNumber, Language, Mode, Name, PersonFacts, Step, StepOutcome, StepReport,
};

use crate::people::Person;
use crate::service::Service;

/// Speaks with a service as a phone does.
pub struct Claimant {
    /// The typed client.
    pub client: Client,
    facts: PersonFacts,
}

impl Claimant {
    /// A phone in the hands of `person`.
    pub fn new(service: &Service, person: &Person) -> Result<Self> {
        Self::at(service.url(), person)
    }

    /// The same, at a service that may run in this process.
    pub fn at(url: &str, person: &Person) -> Result<Self> {
        let facts = PersonFacts {
            name: Name::parse(person.name)?,
            id_number: IdNumber::parse(person.id_number)?,
            insured_place: Division::parse(person.insured_place)?,
            residence: Division::parse(person.residence)?,
        };
        Ok(Self { client: Client::new(url, Language::Zh)?, facts })
    }

    /// Facts matched, an attempt issued.
    pub async fn attempt(&self) -> Result<Attempt, ClientError> {
        let request = ActivationRequest {
            person: self.facts.clone(),
            mode: Mode::OwnPhone,
            consent: Consent { text_version: CONSENT_VERSION.into(), by: ConsentBy::Beneficiary },
            device_key: Bytes32([9; 32]),
            link: None,
        };
        let activation = self.client.activate(None, &request).await?;
        self.client.attempt(&activation.token, &AttemptRequest::default()).await
    }

    /// Starts an attempt, is shown a step, and goes away.
    pub async fn abandon(&self) -> Result<(), ClientError> {
        let attempt = self.attempt().await?;
        let request = StepRequest { ended: None, frames: 0, chain_head: Bytes32([0; 32]) };
        self.client.step(attempt.id, &attempt.token, &request).await?;
        Ok(())
    }

    /// Claims every step done until the plan is complete. Returns the steps.
    pub async fn claim_all(&self, attempt: &Attempt) -> Result<Vec<Step>> {
        let (mut steps, mut ended) = (Vec::new(), None);
        loop {
            let request = StepRequest { ended, frames: 0, chain_head: Bytes32([0; 32]) };
            match self.client.step(attempt.id, &attempt.token, &request).await? {
                StepAnswer::Complete => return Ok(steps),
                StepAnswer::Next(step) => {
                    steps.push(step);
                    ended = Some(done(step));
                }
            }
        }
    }

    /// Commits to something.
    pub async fn commit(&self, attempt: &Attempt, head: u8) -> Result<CommitReceipt, ClientError> {
        let request = CommitRequest { chain_head: Bytes32([head; 32]), frames: 10, duration_ms: 100 };
        self.client.commit(attempt.id, &attempt.token, &request).await
    }

    /// An attempt whose claims are committed: all that is missing is evidence.
    pub async fn committed(&self) -> Result<Attempt> {
        let attempt = self.attempt().await?;
        self.claim_all(&attempt).await?;
        self.commit(&attempt, 1).await.context("committed")?;
        Ok(attempt)
    }
}

fn done(step: Step) -> StepReport {
    let at = |ms: u64| FrameTime(u64::from(step.index) * 20 + ms);
    StepReport { index: step.index, outcome: StepOutcome::Done, cue_at: at(0), began_at: at(10), ended_at: at(20) }
}
