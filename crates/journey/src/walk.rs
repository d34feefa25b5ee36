//! The steps of a certification, one after another.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use jianzai_wire::api::{Activation, ActivationRequest, Attempt, AttemptRequest, CommitRequest};
use jianzai_wire::{Bytes32, Mode, ReasonCode, ReasonKind};
use time::OffsetDateTime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::backoff::persist;
use crate::booth::{Booth, CameraChoice};
use crate::capture::{CaptureError, CaptureEvent, FromCapture, Recorded, ToCapture, capture};
use crate::certification::{EventSink, Request, Shared, Whom, Wish, lock};
use crate::client::{Client, ClientError};
use crate::device_key;
use crate::event::{JourneyEvent, Said};
use crate::journey::Journey;
use crate::kept;
use crate::leased::Plan;
use crate::outbox::{Header, OutboxError, Stage};
use crate::settle::{Settled, settle};
use crate::source::{Source, ask};

/// How long to try to activate and to start an attempt: the person is waiting.
const PATIENCE_BEFORE: Duration = Duration::from_secs(20);

/// So often a stalled recording begins again without asking the person.
const STALLS_FORGIVEN: usize = 2;

/// Where a walk begins.
pub(crate) enum Start {
    /// With a person.
    New(Whom),
    /// With what is saved.
    Saved(Header),
}

/// A certification on its way.
pub(crate) struct Walk {
    journey: Journey,
    /// Absent where a walk began with what is saved.
    whom: Option<Whom>,
    shared: Arc<Shared>,
    wishes: UnboundedReceiver<Wish>,
    tell: EventSink,
    activation: Option<Activation>,
    /// What is saved and not settled yet.
    saved: Option<Header>,
    /// The word about a stall is on the screen.
    stall_shown: bool,
}

/// Why the walk stops short of an outcome.
#[derive(Debug)]
enum Stop {
    Reason(ReasonCode),
    CalledOff,
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        tracing::info!(%error, "the service did not do as asked");
        Self::Reason(error.reason())
    }
}

impl From<OutboxError> for Stop {
    fn from(error: OutboxError) -> Self {
        tracing::error!(?error, "this device's disk does not do as asked");
        Self::Reason(error.reason())
    }
}

impl From<CaptureError> for Stop {
    fn from(error: CaptureError) -> Self {
        tracing::info!(%error, "no recording");
        error.reason().map_or(Self::CalledOff, Self::Reason)
    }
}

impl Walk {
    pub(crate) fn new(
        journey: Journey,
        start: Start,
        shared: Arc<Shared>,
        wishes: UnboundedReceiver<Wish>,
        tell: EventSink,
    ) -> Self {
        let (whom, saved) = match start {
            Start::New(whom) => (Some(whom), None),
            Start::Saved(header) => (None, Some(header)),
        };
        Self { journey, whom, shared, wishes, tell, activation: None, saved, stall_shown: false }
    }

    /// Walks, as often as the person tries again, until nobody is interested any more.
    pub(crate) async fn run(mut self) {
        let (_nobody, none) = unbounded_channel();
        let mut wishes = std::mem::replace(&mut self.wishes, none);
        loop {
            // `None`: stopped on the way.
            let end = {
                let mut walked = pin!(self.once());
                loop {
                    tokio::select! {
                        end = &mut walked => break Some(end),
                        wish = wishes.recv() => match wish {
                            Some(Wish::Retry) => {}
                            Some(Wish::Cancel) => break None,
                            None => return,
                        },
                    }
                }
            };
            self.let_go();
            if let Some(Err(Stop::Reason(reason))) = end {
                self.stopped(reason);
            }
            loop {
                match wishes.recv().await {
                    Some(Wish::Retry) => break,
                    Some(Wish::Cancel) => {}
                    None => return,
                }
            }
        }
    }

    /// Once through, from wherever it stopped before.
    async fn once(&mut self) -> Result<(), Stop> {
        *lock(&self.shared.refused) = None;
        let header = match (self.saved.clone(), self.whom.clone()) {
            (Some(header), _) => header,
            (None, Some(whom)) => self.record(&whom).await?,
            (None, None) => return Err(Stop::CalledOff),
        };
        let outbox = self.journey.outbox()?;
        let patience = self.journey.config().patience;
        let attempt = header.attempt;
        // The stage may have moved on since: the header on disk knows.
        let header = outbox.header(attempt).unwrap_or(header);
        let client = Client::new(&header.server, self.journey.config().language);
        let client = client.map_err(|_| Stop::Reason(ReasonCode::NetworkUnreachable))?;
        let settled = settle(&client, &outbox, header, patience, &mut self.tell).await;
        let settled = settled.map_err(|error| {
            tracing::info!(%error, "not settled");
            Stop::Reason(error.reason())
        })?;
        if let Settled::Certified { drawn, .. } = &settled {
            *lock(&self.shared.certificate) = Some(drawn.clone());
            // Nothing is left to do for this person: the facts are forgotten.
            (self.whom, self.activation) = (None, None);
        }
        if let Settled::Refused { attempt, .. } = &settled {
            *lock(&self.shared.refused) = Some(attempt.clone());
        }
        let event = settled.event(self.journey.config().language);
        if let JourneyEvent::Certified { text, .. } = &event {
            kept::keep(&self.journey.config().data, attempt, text);
        }
        (self.tell)(event);
        self.saved = None;
        if let Err(error) = outbox.remove(attempt) {
            tracing::warn!(%error, "a settled item stays in the outbox and will be settled again");
        }
        Ok(())
    }

    /// From the person to an item in the outbox.
    async fn record(&mut self, whom: &Whom) -> Result<Header, Stop> {
        // A plan is for once: what was recorded by it before is brought back, not recorded over.
        if let Whom::Leased(request) = whom
            && let Ok(before) = self.journey.outbox()?.header(request.lease.attempt.id)
        {
            return Ok(before);
        }
        let booth = self.booth(whom.camera());
        let key = device_key(&self.journey.config().data)?;
        let mut source = match whom {
            Whom::Facts(request) => {
                let activation = self.activate(request, Bytes32(key.verifying_key().to_bytes())).await?;
                Source::Service(request.clone(), activation)
            }
            Whom::Leased(request) => Source::lent(request),
        };
        let (attempt, recorded) = self.capture_unless_it_stalls(&mut source, whom.mode(), booth).await?;
        self.let_go();
        let plan_hash = jianzai_wire::plan::plan_hash(attempt.id, &attempt.nonce, &recorded.steps);
        let commit = CommitRequest {
            chain_head: recorded.capture.chain_head,
            frames: recorded.capture.frames,
            duration_ms: recorded.capture.duration_ms,
        };
        let leased = source.brought_back(&commit);
        let sealed = recorded.capture.seal(&recorded.steps, &attempt.recipient, &key);
        let bundle = sealed.map_err(CaptureError::from)?.into_bytes();
        let header = Header {
            version: Header::VERSION,
            attempt: attempt.id,
            token: attempt.token,
            server: self.journey.client().server().to_owned(),
            plan_hash,
            captured_at: OffsetDateTime::now_utc(),
            bytes: bundle.len() as u64,
            stage: Stage::Uncommitted,
            commit,
            commit_by: attempt.commit_by,
            deliver_by: None,
            upload: None,
            leased,
        };
        let kept = self.journey.outbox().and_then(|outbox| outbox.keep(&header, &bundle));
        kept?;
        self.saved = Some(header.clone());
        (self.tell)(JourneyEvent::Saved);
        Ok(header)
    }

    async fn activate(&mut self, who: &Request, device_key: Bytes32) -> Result<Activation, Stop> {
        if let Some(activation) = &self.activation
            && activation.expires_at > OffsetDateTime::now_utc()
        {
            return Ok(activation.clone());
        }
        let request = ActivationRequest {
            person: who.person.clone(),
            mode: who.mode,
            consent: who.consent(),
            device_key,
            link: who.link.clone(),
        };
        let client = self.journey.client();
        let deadline = Instant::now() + PATIENCE_BEFORE;
        let activation = persist(deadline, |_| {}, || client.activate(who.session.as_ref(), &request)).await;
        if let (Err(error), Some(Whom::Facts(whom))) = (&activation, &mut self.whom)
            && [ReasonCode::LinkNotValid, ReasonCode::IdentityNotConfirmed].contains(&error.reason())
        {
            // The link is over, or another person's. All can be done without: so it is when it is tried again.
            whom.link = None;
        }
        let activation = activation?;
        self.activation = Some(activation.clone());
        (self.tell)(JourneyEvent::Activated);
        Ok(activation)
    }

    /// Captures; a device that was held up for a moment begins again by itself, with a fresh attempt, because the person has
    /// done nothing wrong and would only have to press a button.
    async fn capture_unless_it_stalls(
        &mut self,
        source: &mut Source,
        mode: Mode,
        booth: Arc<Booth>,
    ) -> Result<(Attempt, Recorded), Stop> {
        for _ in 0..STALLS_FORGIVEN {
            match self.capture(source, mode, Arc::clone(&booth)).await {
                Err(Stop::Reason(ReasonCode::DeviceStalled)) => {
                    self.show(CaptureEvent::Hint(Some(ReasonCode::DeviceStalled)));
                    self.stall_shown = true;
                }
                ended => return ended,
            }
        }
        self.capture(source, mode, booth).await
    }

    /// Captures on a thread of its own, and carries questions and answers between it and whoever knows the plan.
    async fn capture(
        &mut self,
        source: &mut Source,
        mode: Mode,
        booth: Arc<Booth>,
    ) -> Result<(Attempt, Recorded), Stop> {
        let (to_capture, told) = mpsc::channel();
        let (say, mut said) = unbounded_channel();
        *lock(&self.shared.capture) = Some(to_capture);
        let thread = thread::Builder::new().name("capture".to_owned());
        let (done, mut ended) = tokio::sync::oneshot::channel();
        let spawned = thread.spawn(move || {
            // Nobody waits for it any more if it was called off.
            let _ = done.send(capture(&booth, mode, &told, &say));
        });
        spawned.map_err(|_| Stop::Reason(ReasonCode::CameraStopped))?;
        let mut attempt = None;
        let (answers, mut answered) = unbounded_channel();
        loop {
            tokio::select! {
                biased;
                Some(word) = said.recv() => match word {
                    FromCapture::Event(event) => self.show(event),
                    FromCapture::Ready => attempt = Some(self.begin(source).await?),
                    FromCapture::AskStep(question) => match (&mut *source, &attempt) {
                        (Source::Service(..), Some(attempt)) => {
                            tokio::spawn(ask(self.journey.clone(), attempt.clone(), question, answers.clone()));
                        }
                        (Source::Lent(_, plan), Some(_)) => self.shared.tell_capture(plan.answer(question)),
                        (_, None) => {}
                    },
                },
                Some(word) = answered.recv() => self.shared.tell_capture(word),
                recorded = &mut ended => {
                    let recorded = recorded.map_err(|_| Stop::Reason(ReasonCode::CameraStopped))??;
                    let attempt = attempt.ok_or(Stop::CalledOff)?;
                    while let Ok(FromCapture::Event(event)) = said.try_recv() {
                        self.show(event);
                    }
                    return Ok((attempt, recorded));
                }
            }
        }
    }

    /// The attempt, of which the capture is told.
    async fn begin(&mut self, source: &mut Source) -> Result<Attempt, Stop> {
        let attempt = match source {
            Source::Service(request, activation) => self.attempt(request, activation).await?,
            Source::Lent(request, plan) => {
                *plan = Plan::of(&request.lease);
                request.lease.attempt.clone()
            }
        };
        self.shared.tell_capture(ToCapture::Attempt(Box::new(attempt.clone())));
        Ok(attempt)
    }

    /// Starts an attempt.
    async fn attempt(&mut self, who: &Request, activation: &Activation) -> Result<Attempt, Stop> {
        let mut cannot = who.cannot.clone();
        cannot.extend(who.camera.cannot());
        cannot.sort_unstable();
        cannot.dedup();
        let limitations = who.limitations.clone();
        let request = AttemptRequest { cannot, limitations, demo: who.camera.is_demo() };
        let client = self.journey.client();
        let deadline = Instant::now() + PATIENCE_BEFORE;
        let attempt = persist(deadline, |_| {}, || client.attempt(&activation.token, &request)).await;
        if let Err(ClientError::Refused(problem)) = &attempt
            && problem.code == ReasonCode::AttemptUnauthorised
        {
            // The activation has ended; trying again begins with a new one.
            self.activation = None;
        }
        Ok(attempt?)
    }

    fn show(&mut self, event: CaptureEvent) {
        let language = self.journey.config().language;
        match &event {
            // The new coach knows nothing of the word about the stall; it has been read once the recording begins.
            CaptureEvent::Shown(JourneyEvent::Progress { .. }) if self.stall_shown => {
                self.stall_shown = false;
                (self.tell)(JourneyEvent::Hint { reason: None });
            }
            CaptureEvent::Hint(_) => self.stall_shown = false,
            CaptureEvent::Shown(_) => {}
        }
        (self.tell)(match event {
            CaptureEvent::Shown(event) => event,
            CaptureEvent::Hint(reason) => JourneyEvent::Hint { reason: reason.map(|code| Said::new(code, language)) },
        });
    }

    /// The camera: the one opened beforehand, or one opened now.
    fn booth(&self, choice: &CameraChoice) -> Arc<Booth> {
        let warm = || self.journey.warm(choice.clone());
        Arc::clone(lock(&self.shared.booth).get_or_insert_with(warm))
    }

    /// Lets camera and capture go.
    fn let_go(&self) {
        *lock(&self.shared.capture) = None;
        *lock(&self.shared.booth) = None;
    }

    /// Tells why it stopped.
    fn stopped(&mut self, reason: ReasonCode) {
        let said = Said::new(reason, self.journey.config().language);
        (self.tell)(match reason.kind() {
            ReasonKind::Form | ReasonKind::Refusal => JourneyEvent::Refused { reasons: vec![said], can_appeal: false },
            ReasonKind::Review => JourneyEvent::Review { reasons: vec![said] },
            ReasonKind::Hint | ReasonKind::Device | ReasonKind::Wait | ReasonKind::Fault => {
                JourneyEvent::Failed { reason: said, can_retry: true }
            }
        });
    }
}
