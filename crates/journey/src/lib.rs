//! The certification as the phone lives it.
//!
//! **In**: the person's four facts, mode and consent, a camera. **Out**: [`JourneyEvent`]s for whoever shows them, the
//! last of which is the outcome. **What can go wrong** is told as an event with a reason; what was called saved is kept in
//! the [`outbox`] and delivered another day.
//!
//! The window (`src-tauri`) and the terminal program (`jianzai`) both drive the one [`Certification`] and hold no rules of
//! their own.
//!
//! ```text
//! activation -> camera -> attempt -> capture (face, coach, recorder) -> sealed -> outbox -> "saved"
//!                                                            -> commit -> delivery -> judgement -> certificate
//! ```

mod appeal;
pub mod backoff;
mod booth;
mod capture;
mod certification;
pub mod client;
mod consent;
pub mod delivery;
mod device_key;
mod durable;
mod event;
mod journey;
mod kept;
mod language;
mod leased;
pub mod outbox;
pub mod person;
mod preferences;
mod settle;
mod source;
#[cfg(test)]
mod tests;
mod walk;

pub use appeal::RefusedAttempt;
pub use booth::{Booth, CameraChoice, close_networks};
pub use certification::{Certification, EventSink, Request};
pub use client::{BadServerUrl, Client, ClientError};
pub use consent::{CONSENT_VERSION, consent_text};
pub use device_key::device_key;
pub use event::{CameraState, JourneyEvent, Said};
pub use jianzai_face::forbid_telemetry;
pub use journey::{Journey, JourneyConfig, SettleError};
pub use language::system_language;
pub use leased::{LeasedRequest, TakenPlan};
pub use preferences::{Preferences, TextSize};
pub use settle::{DrawnCertificate, DrawnForm, Settled, Unsettled};
