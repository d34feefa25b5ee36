//! What lives as long as the window: the journey, a camera being made ready, the certification under way.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jianzai_journey::outbox::Header;
use jianzai_journey::{Booth, CameraChoice, Certification, DrawnCertificate, Journey, JourneyEvent, Said};
use jianzai_wire::{Language, ReasonCode, Secret};
use serde::Deserialize;
use uuid::Uuid;

/// The state behind every command.
pub(crate) struct App {
    pub(crate) journey: Journey,
    /// Folder of the recorded person of a demonstration, if there is one.
    pub(crate) actor: Option<PathBuf>,
    /// A camera opened before a certification begins.
    warm: Mutex<Option<Arc<Booth>>>,
    current: Mutex<Option<Certification>>,
    /// What the link carries that led here, until somebody is certified: the next may be another person. And whether facts did
    /// not match with it once.
    link: Mutex<Option<(Secret, bool)>>,
    /// The language that the page speaks.
    language: Mutex<Language>,
    /// What was taken up from the outbox: one whose service is gone must not stand before the others.
    taken_up: Mutex<HashSet<Uuid>>,
}

/// Which camera the page wants.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Camera {
    Native { id: String },
    Webview,
    Actor,
}

impl App {
    pub(crate) fn new(journey: Journey, actor: Option<PathBuf>, link: Option<Secret>) -> Self {
        let language = Mutex::new(journey.config().language);
        let (warm, current, taken_up) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { journey, actor, warm, current, link: Mutex::new(link.map(|token| (token, false))), language, taken_up }
    }

    /// The camera that the page means.
    pub(crate) fn choice(&self, camera: Camera) -> Result<CameraChoice, Said> {
        let missing = || self.said(ReasonCode::CameraMissing);
        match camera {
            Camera::Native { id } => id.parse().map(CameraChoice::Native).map_err(|_| missing()),
            Camera::Webview => Ok(CameraChoice::Webview),
            #[cfg(feature = "demo")]
            Camera::Actor => {
                let folder = self.actor.clone().ok_or_else(missing)?;
                Ok(CameraChoice::Actor { folder, seed: None })
            }
            #[cfg(not(feature = "demo"))]
            Camera::Actor => Err(missing()),
        }
    }

    /// Makes a camera ready, and waits until it is open; one that is ready already stays. The page's own camera is the
    /// page's to open.
    pub(crate) fn warm(&self, choice: CameraChoice) -> Result<(), ReasonCode> {
        if choice == CameraChoice::Webview {
            *lock(&self.warm) = None;
            return Ok(());
        }
        let booth = {
            let mut warm = lock(&self.warm);
            if warm.as_ref().is_none_or(|booth| *booth.choice() != choice) {
                // The former camera is let go before the next is opened: it may be the same one.
                *warm = None;
                *warm = Some(self.journey.warm(choice));
            }
            warm.clone()
        };
        let opened = booth.as_ref().map_or(Ok(()), |booth| booth.opened());
        let mut warm = lock(&self.warm);
        if let (Err(_), Some(failed)) = (opened, &booth)
            && warm.as_ref().is_some_and(|now| Arc::ptr_eq(now, failed))
        {
            // Another try opens it anew.
            *warm = None;
        }
        opened
    }

    /// What the link carries that led here, if one did.
    pub(crate) fn link(&self) -> Option<Secret> {
        lock(&self.link).as_ref().map(|(token, _)| token.clone())
    }

    /// Goes on without the link once it has done what it is for or is over. Where facts did not match they may have been mistyped,
    /// or the link is another person's, and nobody is told which: the second time it goes, since all can be done without.
    pub(crate) fn notice(&self, event: &JourneyEvent) {
        let refused_for = |code| matches!(event, JourneyEvent::Refused { reasons, .. } if reasons.iter().any(|said| said.code == code));
        let mut link = lock(&self.link);
        if matches!(event, JourneyEvent::Certified { .. }) || refused_for(ReasonCode::LinkNotValid) {
            *link = None;
        } else if refused_for(ReasonCode::IdentityNotConfirmed) {
            *link = link.take().filter(|(_, before)| !before).map(|(token, _)| (token, true));
        }
    }

    /// Takes the camera that was made ready.
    pub(crate) fn take_warm(&self) -> Option<Arc<Booth>> {
        lock(&self.warm).take()
    }

    /// Puts a certification in the place of the former one, which ends.
    pub(crate) fn replace(&self, certification: Option<Certification>) {
        *lock(&self.current) = certification;
    }

    /// Of what waits, the oldest first, the next to take up: each once before any is taken up again.
    pub(crate) fn next_of(&self, waiting: Vec<Header>) -> Option<Header> {
        let mut taken_up = lock(&self.taken_up);
        if waiting.iter().all(|item| taken_up.contains(&item.attempt)) {
            taken_up.clear();
        }
        let next = waiting.into_iter().find(|item| !taken_up.contains(&item.attempt))?;
        taken_up.insert(next.attempt);
        Some(next)
    }

    /// Does something with the certification under way.
    pub(crate) fn with_current<T>(&self, with: impl FnOnce(&Certification) -> T) -> Option<T> {
        lock(&self.current).as_ref().map(with)
    }

    /// The latest picture of the camera as JPEG.
    pub(crate) fn picture(&self) -> Option<Vec<u8>> {
        let current = self.with_current(Certification::booth).flatten();
        current
            .and_then(|booth| booth.preview())
            .or_else(|| lock(&self.warm).as_ref().and_then(|booth| booth.preview()))
    }

    /// The certificate of the certification, once there is one.
    pub(crate) fn certificate(&self) -> Option<DrawnCertificate> {
        self.with_current(Certification::certificate).flatten()
    }

    /// A reason in the page's words.
    pub(crate) fn said(&self, reason: ReasonCode) -> Said {
        Said::new(reason, *lock(&self.language))
    }

    /// The page speaks this language from now on.
    pub(crate) fn speak(&self, language: Language) {
        *lock(&self.language) = language;
    }

    /// The journey in the page's language.
    pub(crate) fn journey(&self) -> Journey {
        self.journey.speaking(*lock(&self.language))
    }
}

/// The state as Tauri hands it out.
pub(crate) type Shared<'a> = tauri::State<'a, Arc<App>>;

/// Every change under these locks is one assignment: a panic elsewhere leaves them whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
