//! Camera and networks, made ready before they are needed.
//!
//! **In**: which camera. **Out**: frames, a preview, an engine that observes them. **What can go wrong**: the camera may
//! not be used or isn't there ([`CameraError`]), a network or ONNX Runtime is missing ([`ModelError`]). Both are kept until
//! the capture asks, because the person may still be typing their name.
//!
//! Opening a camera takes up to seconds, reading the networks about one: both happen on threads of their own. The
//! networks are read once in the life of the program; the camera is opened for a capture and let go when the booth is
//! dropped, so that its light goes out when nothing is recorded.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, RwLock};
use std::thread;

use image::codecs::jpeg::JpegEncoder;
use jianzai_camera::{CameraError, CaptureClock, FramePusher, LatestFrames, NativeSource, PushedSource};
use jianzai_evidence::Source;
use jianzai_face::{EngineOptions, FaceEngine, ModelError, Models};
use jianzai_wire::{Action, ReasonCode};

/// Which camera to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraChoice {
    /// The machine's camera of this number.
    Native(u32),
    /// The page of the window has the camera and pushes its frames.
    Webview,
    /// Recorded people who follow instructions.
    #[cfg(feature = "demo")]
    Actor {
        /// Folder of the recordings and their index.
        folder: PathBuf,
        /// Decides the actor's delays; absent: another each time.
        seed: Option<u64>,
    },
}

impl CameraChoice {
    /// Whether the frames are those of a demonstration.
    pub fn is_demo(&self) -> bool {
        match self {
            Self::Native(_) | Self::Webview => false,
            #[cfg(feature = "demo")]
            Self::Actor { .. } => true,
        }
    }

    /// Actions that will not be seen there, because the recording doesn't show them.
    pub(crate) fn cannot(&self) -> Vec<Action> {
        match self {
            Self::Native(_) | Self::Webview => Vec::new(),
            #[cfg(feature = "demo")]
            Self::Actor { folder, .. } => {
                // An index that cannot be read is told when the actor is opened.
                let index = jianzai_camera::actor::ActorIndex::read(&folder.join("actor.json"));
                let shown = index.map(|index| index.actions_shown()).unwrap_or_default();
                Action::ALL.into_iter().filter(|action| !shown.contains(action)).collect()
            }
        }
    }
}

/// Held while networks are being read.
static READING: RwLock<()> = RwLock::new(());

/// To be called before the process ends: waits until no network is being read, a second at most, and lets none be read any
/// more. ONNX Runtime takes itself apart at the end, and whoever reads a network meanwhile crashes.
pub fn close_networks() {
    static CLOSED: Once = Once::new();
    CLOSED.call_once(|| std::mem::forget(READING.write()));
}

/// The networks and what runs them, read once.
pub(crate) type Engine = Arc<OnceLock<Result<Seeing, ModelError>>>;

/// An engine and what its networks are.
pub(crate) struct Seeing {
    pub(crate) models: Models,
    pub(crate) engine: Mutex<FaceEngine>,
}

/// A camera that is open or being opened.
pub struct Booth {
    choice: CameraChoice,
    camera: Arc<OnceLock<Result<OpenCamera, CameraError>>>,
    /// For the page's frames; there before the camera is, because the page pushes first.
    pusher: Option<FramePusher>,
    engine: Engine,
}

/// An open camera.
pub(crate) struct OpenCamera {
    pub(crate) frames: LatestFrames,
    pub(crate) source: Source,
    #[cfg(feature = "demo")]
    pub(crate) cue: Option<jianzai_camera::actor::ActorCue>,
}

impl Booth {
    /// Begins to open the camera and, the first time, to read the networks.
    pub(crate) fn warm(choice: CameraChoice, models: PathBuf, engine: &Engine) -> Self {
        let clock = CaptureClock::real();
        let (pusher, pushed) = match choice {
            CameraChoice::Webview => Some(PushedSource::new(clock.clone())).unzip(),
            _ => (None, None),
        };
        let camera = Arc::new(OnceLock::new());
        let booth = Self { choice: choice.clone(), camera: Arc::clone(&camera), pusher, engine: Arc::clone(engine) };
        let engine = Arc::clone(engine);
        in_background("open camera", move || {
            camera.get_or_init(|| open(choice, clock, pushed));
        });
        in_background("read networks", move || {
            let _reading = READING.read().unwrap_or_else(PoisonError::into_inner);
            engine.get_or_init(|| see(&models));
        });
        booth
    }

    /// Which camera it is.
    pub fn choice(&self) -> &CameraChoice {
        &self.choice
    }

    /// Waits until the camera is open. Error: why it cannot be used. Blocks, for some seconds at most.
    pub fn opened(&self) -> Result<(), ReasonCode> {
        self.camera().map(drop).map_err(|error| error.reason())
    }

    /// Where the page pushes its frames, if it has the camera.
    pub fn pusher(&self) -> Option<&FramePusher> {
        self.pusher.as_ref()
    }

    /// The latest frame as JPEG, for the preview; `None` until there is one, or if the page has the camera itself.
    pub fn preview(&self) -> Option<Vec<u8>> {
        let camera = self.camera.get()?.as_ref().ok()?;
        let frame = camera.frames.peek()?;
        let mut jpeg = Cursor::new(Vec::new());
        JpegEncoder::new_with_quality(&mut jpeg, 80).encode_image(&frame.image).ok()?;
        Some(jpeg.into_inner())
    }

    /// The camera, once it is open. Blocks.
    pub(crate) fn camera(&self) -> Result<&OpenCamera, CameraError> {
        self.camera.wait().as_ref().map_err(Clone::clone)
    }

    /// The engine, once the networks are read. Blocks.
    pub(crate) fn seeing(&self) -> Result<&Seeing, &ModelError> {
        self.engine.wait().as_ref()
    }
}

impl OpenCamera {
    /// Lets the actor hear what the person is told. A camera with real people before it hears nothing.
    #[cfg_attr(not(feature = "demo"), expect(unused_variables, clippy::unused_self, reason = "only the actor listens"))]
    pub(crate) fn hear(&self, instruction: jianzai_liveness::Instruction) {
        #[cfg(feature = "demo")]
        if let Some(cue) = &self.cue {
            use jianzai_camera::actor;
            cue.ask(match instruction {
                jianzai_liveness::Instruction::Do(action) => actor::Instruction::Do(action),
                _ => actor::Instruction::Rest,
            });
        }
    }
}

fn open(choice: CameraChoice, clock: CaptureClock, pushed: Option<PushedSource>) -> Result<OpenCamera, CameraError> {
    #[cfg(feature = "demo")]
    let mut cue = None;
    let (frames, source) = match (choice, pushed) {
        (CameraChoice::Native(number), _) => {
            (LatestFrames::start(NativeSource::open(number, clock.clone())?)?, Source::Camera)
        }
        (CameraChoice::Webview, Some(pushed)) => (LatestFrames::start(pushed)?, Source::Webview),
        (CameraChoice::Webview, None) => return Err(CameraError::Missing("no page".to_owned())),
        #[cfg(feature = "demo")]
        (CameraChoice::Actor { folder, seed }, _) => {
            let actor = jianzai_camera::actor::Actor::open(&folder, seed.unwrap_or_else(rand::random), clock.clone())?;
            cue = Some(actor.cue());
            (LatestFrames::start(actor)?, Source::Actor)
        }
    };
    Ok(OpenCamera {
        frames,
        source,
        #[cfg(feature = "demo")]
        cue,
    })
}

fn see(models: &Path) -> Result<Seeing, ModelError> {
    let models = Models::open(models)?;
    let engine = Mutex::new(FaceEngine::new(&models, EngineOptions::default())?);
    Ok(Seeing { models, engine })
}

/// Does `work` on a thread of its own; at once where the system gives none.
fn in_background(name: &str, work: impl FnOnce() + Send + 'static) {
    let work = Arc::new(Mutex::new(Some(work)));
    let theirs = Arc::clone(&work);
    let take = |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
        if let Some(work) = take(&theirs) {
            work();
        }
    });
    if started.is_err()
        && let Some(work) = take(&work)
    {
        work();
    }
}
