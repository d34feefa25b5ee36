//! One certification, from the four facts to its outcome.
//!
//! **In**: a [`Request`] and, while it runs, what the person does: a prompt has ended, a frame of the page, cancel, try
//! again. **Out**: [`JourneyEvent`]s. **What can go wrong** ends in one of `refused`, `review` and `failed`; after these
//! [`Certification::retry`] takes up where it stopped: with a delivery if something is saved, else with a new attempt, else
//! with the activation.
//!
//! Order at the end of a capture: finished, sealed, durable in the outbox; only then `saved`; then committed and delivered.
//! The plan is known from its revealed steps and the recipient from the attempt, so nothing of the network is needed for
//! it, and whatever happens to app or machine after the last frame loses nothing.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use jianzai_wire::api::{Consent, ConsentBy};
use jianzai_wire::{Action, Limitation, Mode, PersonFacts, Secret};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::appeal::RefusedAttempt;
use crate::booth::{Booth, CameraChoice};
use crate::capture::ToCapture;
use crate::consent::CONSENT_VERSION;
use crate::event::JourneyEvent;
use crate::journey::Journey;
use crate::leased::LeasedRequest;
use crate::outbox::Header;
use crate::settle::DrawnCertificate;
use crate::walk::{Start, Walk};

/// Who is to be certified, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The four facts.
    pub person: PersonFacts,
    /// Who holds the phone.
    pub mode: Mode,
    /// Who agreed to [`crate::consent_text`].
    pub consent: ConsentBy,
    /// Actions that the person cannot do.
    pub cannot: Vec<Action>,
    /// What else they cannot do.
    pub limitations: Vec<Limitation>,
    /// Which camera.
    pub camera: CameraChoice,
    /// What the link carries that led here, if one did.
    pub link: Option<Secret>,
    /// The session of whoever holds the phone and is signed in at the desk, if somebody is: in assisted mode only.
    pub session: Option<Secret>,
}

impl Request {
    pub(crate) fn consent(&self) -> Consent {
        Consent { text_version: CONSENT_VERSION.to_owned(), by: self.consent }
    }
}

/// What a walk begins with, as often as it is tried again.
#[derive(Debug, Clone)]
pub(crate) enum Whom {
    /// Somebody whose facts are known.
    Facts(Request),
    /// Somebody on a volunteer's list, by a plan that was taken along.
    Leased(LeasedRequest),
}

impl Whom {
    pub(crate) fn camera(&self) -> &CameraChoice {
        match self {
            Self::Facts(request) => &request.camera,
            Self::Leased(request) => &request.camera,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        match self {
            Self::Facts(request) => request.mode,
            Self::Leased(_) => Mode::Assisted,
        }
    }
}

/// Hears what happens. Called on the certification's own thread.
pub type EventSink = Box<dyn FnMut(JourneyEvent) + Send>;

/// A certification under way. Dropping it ends it; what is saved stays in the outbox.
pub struct Certification {
    shared: Arc<Shared>,
    /// Its end is how the certification learns that nobody is interested any more.
    wishes: Option<UnboundedSender<Wish>>,
    thread: Option<JoinHandle<()>>,
}

/// What the person wants while it runs.
#[derive(Debug)]
pub(crate) enum Wish {
    Retry,
    Cancel,
}

/// What both sides hold.
#[derive(Default)]
pub(crate) struct Shared {
    /// The camera in use.
    pub(crate) booth: Mutex<Option<Arc<Booth>>>,
    /// The way to the capture under way.
    pub(crate) capture: Mutex<Option<mpsc::Sender<ToCapture>>>,
    /// The certificate, once there is one.
    pub(crate) certificate: Mutex<Option<DrawnCertificate>>,
    /// What was refused last, until something else is begun.
    pub(crate) refused: Mutex<Option<RefusedAttempt>>,
}

impl Certification {
    /// Starts at the beginning. `booth` is a camera opened beforehand; one for another choice than the request's is let go.
    pub(crate) fn start(journey: &Journey, whom: Whom, booth: Option<Arc<Booth>>, tell: EventSink) -> Self {
        let booth = booth.filter(|booth| booth.choice() == whom.camera());
        Self::spawn(booth, |shared, wishes| Walk::new(journey.clone(), Start::New(whom), shared, wishes, tell))
    }

    /// Takes up an item of the outbox that a former run of the app left.
    pub(crate) fn resume(journey: &Journey, saved: Header, tell: EventSink) -> Self {
        Self::spawn(None, |shared, wishes| Walk::new(journey.clone(), Start::Saved(saved), shared, wishes, tell))
    }

    fn spawn(booth: Option<Arc<Booth>>, walk: impl FnOnce(Arc<Shared>, UnboundedReceiver<Wish>) -> Walk) -> Self {
        let shared = Arc::new(Shared::default());
        *lock(&shared.booth) = booth;
        let (wishes, wished) = unbounded_channel();
        let walk = walk(Arc::clone(&shared), wished);
        let thread = thread::Builder::new().name("certification".to_owned()).spawn(move || run(walk)).ok();
        Self { shared, wishes: Some(wishes), thread }
    }

    /// The spoken form of the prompt `id` has ended.
    pub fn prompt_ended(&self, id: u32) {
        self.shared.tell_capture(ToCapture::PromptEnded(id));
    }

    /// The camera in use: its preview, and where the page pushes its frames.
    pub fn booth(&self) -> Option<Arc<Booth>> {
        lock(&self.shared.booth).clone()
    }

    /// The certificate as picture and PDF, once certified.
    pub fn certificate(&self) -> Option<DrawnCertificate> {
        lock(&self.shared.certificate).clone()
    }

    /// What can be appealed against, after `refused`.
    pub fn refused(&self) -> Option<RefusedAttempt> {
        lock(&self.shared.refused).clone()
    }

    /// Goes on after `refused`, `review` or `failed`, or after [`Certification::cancel`].
    pub fn retry(&self) {
        self.wish(Wish::Retry);
    }

    /// Stops what is under way, and lets the camera go. What is saved stays in the outbox.
    pub fn cancel(&self) {
        self.shared.tell_capture(ToCapture::Stop(None));
        self.wish(Wish::Cancel);
    }

    /// Ends it for good, and waits until what was begun on the disk is done.
    pub fn close(mut self) {
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported where it happened.
            let _ = thread.join();
        }
    }

    fn wish(&self, wish: Wish) {
        if let Some(wishes) = &self.wishes {
            // The thread ends only after this sender does, or by a fault that was reported there.
            let _ = wishes.send(wish);
        }
    }
}

impl Drop for Certification {
    fn drop(&mut self) {
        self.shared.tell_capture(ToCapture::Stop(None));
    }
}

impl Shared {
    pub(crate) fn tell_capture(&self, word: ToCapture) {
        if let Some(capture) = &*lock(&self.capture) {
            // A capture that has just ended needs to hear nothing more.
            let _ = capture.send(word);
        }
    }
}

/// Every change under these locks is one assignment: a panic elsewhere leaves them whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(walk: Walk) {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(walk.run()),
        Err(error) => tracing::error!(%error, "no certification without a runtime"),
    }
}
