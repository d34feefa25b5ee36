//! The certification as the phone lives it.
//!
//! **In**: the person's four facts, mode and consent, a camera. **Out**: [`JourneyEvent`]s for whoever shows them, the
//! last of which is the outcome. **What can go wrong** is told as an event with a reason; what was called saved is kept in
//! the [`outbox`] and delivered another day.
//!
//! The window (`src-tauri`) and the terminal program (`jianzai`) both drive the one [`Certification`] of [`certification`]
//! and hold no rules of their own.
//!
//! ```text
//! activation -> attempt -> capture (camera, face, coach, recorder) -> sealed -> outbox -> commit -> delivery -> outcome
//! ```

pub mod backoff;
pub mod client;
mod device_key;
mod durable;
pub mod outbox;

pub use client::{BadServerUrl, Client, ClientError};
pub use device_key::device_key;
