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
use jianzai_wire::{Action, Mode, PersonFacts};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::booth::{Booth, CameraChoice};
use crate::capture::ToCapture;
use crate::consent::CONSENT_VERSION;
use crate::event::JourneyEvent;
use crate::journey::Journey;
use crate::settle::DrawnCertificate;
use crate::walk::Walk;

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
    /// Which camera.
    pub camera: CameraChoice,
}

impl Request {
    pub(crate) fn consent(&self) -> Consent {
        Consent { text_version: CONSENT_VERSION.to_owned(), by: self.consent }
    }
}

/// Hears what happens. Called on the certification's own thread.
pub type EventSink = Box<dyn FnMut(JourneyEvent) + Send>;

/// A certification under way. Dropping it calls it off; what is saved stays in the outbox.
pub struct Certification {
    shared: Arc<Shared>,
    wishes: UnboundedSender<Wish>,
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
}

impl Certification {
    /// Starts. `booth` is a camera opened beforehand; one for another choice than the request's is let go.
    pub(crate) fn start(journey: &Journey, request: Request, booth: Option<Booth>, tell: EventSink) -> Self {
        let shared = Arc::new(Shared::default());
        let booth = booth.filter(|booth| *booth.choice() == request.camera).map(Arc::new);
        *lock(&shared.booth) = booth;
        let (wishes, wished) = unbounded_channel();
        let walk = Walk::new(journey.clone(), request, Arc::clone(&shared), wished, tell);
        let thread = thread::Builder::new().name("certification".to_owned()).spawn(move || run(walk)).ok();
        Self { shared, wishes, thread }
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

    /// Goes on after `refused`, `review` or `failed`.
    pub fn retry(&self) {
        // Nobody listens once it has ended for good; then there is nothing to go on with.
        let _ = self.wishes.send(Wish::Retry);
    }

    /// Calls it off. What is saved stays in the outbox.
    pub fn cancel(&self) {
        self.shared.tell_capture(ToCapture::Stop(None));
        let _ = self.wishes.send(Wish::Cancel);
    }

    /// Waits until it has ended for good.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Certification {
    fn drop(&mut self) {
        self.cancel();
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
