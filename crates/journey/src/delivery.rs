//! From the outbox to an outcome.
//!
//! **In**: an item of the outbox, at whatever stage a former run of the app left it. **Out**: events on the way, and the
//! [`Outcome`]. **What can go wrong**: no connection, or a service that is busy: tried again with growing pauses until
//! `patience` ends, and the item stays for another day ([`DeliveryError`]).
//!
//! The service's word about the attempt decides what is done next, not the header's: a lost answer is thereby harmless,
//! and any number of runs of the app may deliver the same item without harm.

use std::time::Duration;

use bytes::Bytes;
use jianzai_wire::api::AttemptState;
use jianzai_wire::{ReasonCode, ReasonKind};
use tokio::time::{Instant, sleep, timeout_at};

use crate::backoff::{Backoff, persist};
use crate::client::{Client, ClientError};
use crate::event::{JourneyEvent, Said};
use crate::outbox::{Header, Outbox, OutboxError, Stage};

/// Bytes sent in one piece; each is acknowledged when it is durable.
const PIECE: usize = 256 * 1024;
/// Pauses between two looks at a judgement under way, from the first to the longest.
const LOOK: (Duration, Duration) = (Duration::from_millis(400), Duration::from_secs(4));

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Certified.
    Certified {
        /// COSE_Sign1, base64url, as in the QR code.
        certificate: String,
    },
    /// A person will look at it.
    Review {
        /// Why.
        reasons: Vec<ReasonCode>,
    },
    /// Not certified.
    Refused {
        /// Why, the most helpful first.
        reasons: Vec<ReasonCode>,
    },
}

/// The item stays in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The service could not be reached, or not do its work, for as long as there was patience.
    #[error("not delivered yet: {0}")]
    Service(#[from] ClientError),
    /// This device's disk.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The judgement takes longer than there was patience.
    #[error("delivered, not judged yet")]
    StillJudging,
}

impl DeliveryError {
    /// The reason, as told to a person.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Service(error) => error.reason(),
            Self::Outbox(error) => error.reason(),
            Self::StillJudging => ReasonCode::ServerBusy,
        }
    }
}

/// Delivers `header`'s item and waits for its outcome, for `patience` at most. The item stays in the outbox until the
/// caller, having told the person, removes it.
pub async fn deliver(
    client: &Client,
    outbox: &Outbox,
    mut header: Header,
    patience: Duration,
    tell: &mut dyn FnMut(JourneyEvent),
) -> Result<Outcome, DeliveryError> {
    let mut delivery =
        Delivery { client, outbox, header: &mut header, deadline: Instant::now() + patience, tell, troubled: false };
    delivery.run().await
}

struct Delivery<'a> {
    client: &'a Client,
    outbox: &'a Outbox,
    header: &'a mut Header,
    deadline: Instant,
    tell: &'a mut dyn FnMut(JourneyEvent),
    /// Whether the person was told that the network is in the way.
    troubled: bool,
}

impl Delivery<'_> {
    async fn run(&mut self) -> Result<Outcome, DeliveryError> {
        let mut look = LOOK.0;
        let mut judging = false;
        loop {
            let step = match self.state().await? {
                Known::Final(outcome) => return Ok(outcome),
                Known::Open => self.commit().await,
                // The answer to the commitment was lost: the same request has the same answer.
                Known::Committed if self.header.deliver_by.is_none() => self.commit().await,
                Known::Committed => self.upload().await,
                Known::Accepted => {
                    if !std::mem::replace(&mut judging, true) {
                        self.move_to(Stage::Delivered)?;
                        (self.tell)(JourneyEvent::Judging);
                    }
                    if Instant::now() + look > self.deadline {
                        return Err(DeliveryError::StillJudging);
                    }
                    sleep(look).await;
                    look = (look * 5 / 4).min(LOOK.1);
                    Ok(())
                }
            };
            match step {
                Err(DeliveryError::Service(ClientError::Refused(problem))) if is_final(problem.code) => {
                    return Ok(Outcome::Refused { reasons: vec![problem.code] });
                }
                other => other?,
            }
        }
    }

    async fn state(&mut self) -> Result<Known, DeliveryError> {
        let (client, attempt, token) = (self.client, self.header.attempt, self.header.token.clone());
        let state = self.persist(|| client.state(attempt, &token)).await;
        Ok(match state {
            Ok(AttemptState::Open) => Known::Open,
            Ok(AttemptState::Committed) => Known::Committed,
            Ok(AttemptState::Accepted) => Known::Accepted,
            Ok(AttemptState::Certified { certificate }) => Known::Final(Outcome::Certified { certificate }),
            Ok(AttemptState::Review { reasons }) => Known::Final(Outcome::Review { reasons }),
            Ok(AttemptState::Refused { reasons }) => Known::Final(Outcome::Refused { reasons }),
            Err(ClientError::Refused(problem)) if is_final(problem.code) => {
                Known::Final(Outcome::Refused { reasons: vec![problem.code] })
            }
            Err(error) => return Err(error.into()),
        })
    }

    async fn commit(&mut self) -> Result<(), DeliveryError> {
        let commit = self.header.commit.clone();
        let (client, attempt, token) = (self.client, self.header.attempt, self.header.token.clone());
        let receipt = match self.header.leased.clone() {
            Some(leased) => self.persist(|| client.bring_back(attempt, &token, &leased)).await?,
            None => self.persist(|| client.commit(attempt, &token, &commit)).await?,
        };
        if receipt.plan_hash != self.header.plan_hash {
            tracing::warn!(%attempt, "the service's plan is not the one that the evidence is sealed with");
        }
        self.header.deliver_by = Some(receipt.deliver_by);
        self.move_to(Stage::Committed)
    }

    /// Sends what the other side doesn't have yet.
    async fn upload(&mut self) -> Result<(), DeliveryError> {
        let bundle = Bytes::from(self.outbox.bundle(self.header.attempt)?);
        let total = bundle.len() as u64;
        let mut backoff = Backoff::default();
        loop {
            let failure = match self.send(&bundle).await {
                Ok(()) => return Ok(()),
                Err(DeliveryError::Service(failure)) => failure,
                Err(other) => return Err(other),
            };
            match failure.reason() {
                // Forgotten on the other side: begin again.
                ReasonCode::UploadNotFound => self.remember_upload(None)?,
                // Someone else, or a lost answer, moved it: `send` asks for the offset.
                ReasonCode::UploadBadOffset => {}
                _ if failure.is_passing() => self.trouble(&failure),
                _ => return Err(failure.into()),
            }
            let next = Instant::now() + backoff.pause(failure.retry_after());
            if next > self.deadline {
                return Err(failure.into());
            }
            tracing::debug!(total, %failure, "the upload goes on after a pause");
            tokio::time::sleep_until(next).await;
        }
    }

    async fn send(&mut self, bundle: &Bytes) -> Result<(), DeliveryError> {
        let (client, token) = (self.client, self.header.token.clone());
        let total = bundle.len() as u64;
        let (upload, mut offset) = match self.header.upload.clone() {
            Some(upload) => {
                let offset = client.upload_offset(&upload, &token).await?;
                (upload, offset)
            }
            None => {
                let upload = client.create_upload(&token, total).await?;
                self.remember_upload(Some(upload.clone()))?;
                (upload, 0)
            }
        };
        loop {
            self.no_trouble();
            (self.tell)(JourneyEvent::Upload { sent: offset, total });
            let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(bundle.len());
            if begin == bundle.len() {
                return Ok(());
            }
            let piece = bundle.slice(begin..bundle.len().min(begin + PIECE));
            offset = client.upload_piece(&upload, &token, offset, piece).await?;
        }
    }

    fn remember_upload(&mut self, url: Option<String>) -> Result<(), DeliveryError> {
        self.header.upload = url;
        Ok(self.outbox.update(self.header)?)
    }

    fn move_to(&mut self, stage: Stage) -> Result<(), DeliveryError> {
        self.header.stage = stage;
        Ok(self.outbox.update(self.header)?)
    }

    async fn persist<T, F: Future<Output = Result<T, ClientError>>>(
        &mut self,
        call: impl FnMut() -> F,
    ) -> Result<T, ClientError> {
        let deadline = self.deadline;
        let answer = persist(deadline, |failure| self.trouble(failure), call);
        let answer = timeout_at(deadline + Duration::from_secs(30), answer).await;
        if matches!(answer, Ok(Ok(_))) {
            self.no_trouble();
        }
        answer.unwrap_or(Err(ClientError::Garbled { status: 504 }))
    }

    fn trouble(&mut self, failure: &ClientError) {
        if !std::mem::replace(&mut self.troubled, true) {
            let reason = Some(Said::new(failure.reason(), self.client.language()));
            (self.tell)(JourneyEvent::Hint { reason });
        }
    }

    fn no_trouble(&mut self) {
        if std::mem::take(&mut self.troubled) {
            (self.tell)(JourneyEvent::Hint { reason: None });
        }
    }
}

/// What the service says about an attempt.
enum Known {
    Open,
    Committed,
    Accepted,
    Final(Outcome),
}

/// Whether a refusal of a call settles the attempt for good.
fn is_final(code: ReasonCode) -> bool {
    matches!(code.kind(), ReasonKind::Refusal)
}
