//! What a certification tells whoever shows it: the window, the terminal, a script reading JSON lines.

use jianzai_wire::{Language, ReasonCode};
use serde::Serialize;

/// One thing that happened. JSON: an object with `event` in `snake_case` and the fields in `camelCase`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum JourneyEvent {
    /// The four facts match the register.
    Activated,
    /// The camera.
    Camera {
        /// What it is doing.
        state: CameraState,
    },
    /// Tell the person this, shown and spoken; answer with `prompt_ended(id)` when the spoken form has ended.
    Tell {
        /// Names this telling; a later one replaces it.
        id: u32,
        /// What to tell: the name of a [`jianzai_liveness::Instruction`], `place_face`, `open_mouth`, ...
        instruction: &'static str,
    },
    /// Something that should be otherwise, or (`None`) no longer is in the way. Waiting costs nothing.
    Hint {
        /// What, why and what to do.
        reason: Option<Said>,
    },
    /// Where the face is, relative to the oval; at most ten a second.
    Placement {
        /// Height of the face over that of the oval.
        size: f32,
        /// Offset to the right in the frame (as the camera sees it, not mirrored), over the oval's height.
        dx: f32,
        /// Offset downwards, over the oval's height.
        dy: f32,
        /// Whether the face is where it should be.
        ok: bool,
    },
    /// Steps done.
    Progress {
        /// So many.
        done: u32,
        /// Of so many.
        needed: u32,
    },
    /// The evidence is sealed and durable on this device: nothing is lost from here on.
    Saved,
    /// The evidence is on its way.
    Upload {
        /// Bytes that are durable on the other side.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Everything has arrived; the service is looking at it.
    Judging,
    /// Certified.
    Certified {
        /// Serial of the certificate.
        serial: String,
        /// Last day of validity, `2027-03-31`.
        valid_until: String,
        /// The name with all but its last character hidden.
        masked_name: String,
        /// The certificate: COSE_Sign1, base64url, as in the QR code.
        text: String,
    },
    /// Not certified; standing has not changed.
    Refused {
        /// Why, the most helpful first.
        reasons: Vec<Said>,
        /// Whether it is the service's answer to what was sent: then it can be appealed against.
        can_appeal: bool,
    },
    /// A person will look at it.
    Review {
        /// Why.
        reasons: Vec<Said>,
    },
    /// It cannot go on.
    Failed {
        /// Why.
        reason: Said,
        /// Whether `retry` takes up where this stopped.
        can_retry: bool,
    },
}

impl JourneyEvent {
    /// Whether nothing follows unless it is asked for.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Certified { .. } | Self::Refused { .. } | Self::Review { .. } | Self::Failed { .. })
    }
}

/// The state of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Being opened; the system may be asking for permission.
    Opening,
    /// Frames arrive.
    Ready,
}

/// A reason in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// The stable code.
    pub code: ReasonCode,
    /// What is the matter.
    pub sentence: &'static str,
    /// What to do now.
    pub next_step: &'static str,
}

impl Said {
    /// `code` in words of `language`.
    pub fn new(code: ReasonCode, language: Language) -> Self {
        let words = code.words(language);
        Self { code, sentence: words.sentence, next_step: words.next_step }
    }

    /// Several.
    pub fn all(codes: &[ReasonCode], language: Language) -> Vec<Self> {
        codes.iter().map(|code| Self::new(*code, language)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window's pages and scripts read this form.
    #[test]
    fn events_have_this_form() {
        let said = Said::new(ReasonCode::FaceTooDark, Language::En);
        insta::assert_json_snapshot!([
            JourneyEvent::Activated,
            JourneyEvent::Camera { state: CameraState::Opening },
            JourneyEvent::Tell { id: 1, instruction: "open_mouth" },
            JourneyEvent::Hint { reason: Some(said.clone()) },
            JourneyEvent::Hint { reason: None },
            JourneyEvent::Placement { size: 0.5, dx: 0.25, dy: -0.25, ok: false },
            JourneyEvent::Progress { done: 1, needed: 3 },
            JourneyEvent::Saved,
            JourneyEvent::Upload { sent: 1, total: 2 },
            JourneyEvent::Judging,
            JourneyEvent::Certified {
                serial: "s".into(),
                valid_until: "2027-03-31".into(),
                masked_name: "**明".into(),
                text: "0oRD".into(),
            },
            JourneyEvent::Refused { reasons: vec![said.clone()], can_appeal: true },
            JourneyEvent::Review { reasons: vec![said.clone()] },
            JourneyEvent::Failed { reason: said, can_retry: true },
        ]);
    }
}
