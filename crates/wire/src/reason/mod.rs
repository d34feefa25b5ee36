//! The one list of reasons: why something was refused, hinted at, sent to review or failed; and what is said about it.
//!
//! Words are for people of eighty: what is the matter, without blame and without jargon, and what to do now. Chinese
//! (`words_zh`) comes first; English (`words_en`) is a text of its own, not a translation word by word.

use serde::{Deserialize, Serialize};

mod language;
mod words_en;
mod words_zh;

pub use language::Language;

/// What sort of thing a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReasonKind {
    /// Something typed needs another look.
    Form,
    /// Said during capture; waiting costs nothing.
    Hint,
    /// The attempt or call was refused.
    Refusal,
    /// A person will look at it.
    Review,
    /// The phone or computer needs something.
    Device,
    /// Try again later; nothing is lost.
    Wait,
    /// A program spoke wrongly to another; people should never see it.
    Fault,
}

/// A sentence and the next step, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What is the matter.
    pub sentence: &'static str,
    /// What to do now.
    pub next_step: &'static str,
}

/// A stable reason code. The text form (`face.too_dark`) never changes meaning and is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReasonCode {
    /// `input.name_invalid`
    #[serde(rename = "input.name_invalid")]
    InputNameInvalid,
    /// `input.id_number_length`
    #[serde(rename = "input.id_number_length")]
    InputIdNumberLength,
    /// `input.id_number_checksum`
    #[serde(rename = "input.id_number_checksum")]
    InputIdNumberChecksum,
    /// `input.id_number_birth_date`
    #[serde(rename = "input.id_number_birth_date")]
    InputIdNumberBirthDate,
    /// `input.id_number_division`
    #[serde(rename = "input.id_number_division")]
    InputIdNumberDivision,
    /// `input.place_unknown`
    #[serde(rename = "input.place_unknown")]
    InputPlaceUnknown,
    /// `input.body_invalid`
    #[serde(rename = "input.body_invalid")]
    InputBodyInvalid,
    /// `input.consent_missing`
    #[serde(rename = "input.consent_missing")]
    InputConsentMissing,
    /// `input.login_name_invalid`
    #[serde(rename = "input.login_name_invalid")]
    InputLoginNameInvalid,
    /// `identity.not_confirmed`
    #[serde(rename = "identity.not_confirmed")]
    IdentityNotConfirmed,
    /// `limit.too_many_tries`
    #[serde(rename = "limit.too_many_tries")]
    LimitTooManyTries,
    /// `account.not_confirmed`
    #[serde(rename = "account.not_confirmed")]
    AccountNotConfirmed,
    /// `account.signed_out`
    #[serde(rename = "account.signed_out")]
    AccountSignedOut,
    /// `account.not_allowed`
    #[serde(rename = "account.not_allowed")]
    AccountNotAllowed,
    /// `account.name_taken`
    #[serde(rename = "account.name_taken")]
    AccountNameTaken,
    /// `account.password_weak`
    #[serde(rename = "account.password_weak")]
    AccountPasswordWeak,
    /// `invitation.not_valid`
    #[serde(rename = "invitation.not_valid")]
    InvitationNotValid,
    /// `desk.nobody_found`
    #[serde(rename = "desk.nobody_found")]
    DeskNobodyFound,
    /// `desk.not_listed`
    #[serde(rename = "desk.not_listed")]
    DeskNotListed,
    /// `attempt.not_found`
    #[serde(rename = "attempt.not_found")]
    AttemptNotFound,
    /// `attempt.expired`
    #[serde(rename = "attempt.expired")]
    AttemptExpired,
    /// `attempt.used`
    #[serde(rename = "attempt.used")]
    AttemptUsed,
    /// `attempt.commit_late`
    #[serde(rename = "attempt.commit_late")]
    AttemptCommitLate,
    /// `attempt.not_committed`
    #[serde(rename = "attempt.not_committed")]
    AttemptNotCommitted,
    /// `attempt.demo_refused`
    #[serde(rename = "attempt.demo_refused")]
    AttemptDemoRefused,
    /// `attempt.unauthorised`
    #[serde(rename = "attempt.unauthorised")]
    AttemptUnauthorised,
    /// `attempt.abilities_review`
    #[serde(rename = "attempt.abilities_review")]
    AttemptAbilitiesReview,
    /// `channel.closed`
    #[serde(rename = "channel.closed")]
    ChannelClosed,
    /// `action.wrong`
    #[serde(rename = "action.wrong")]
    ActionWrong,
    /// `action.not_seen`
    #[serde(rename = "action.not_seen")]
    ActionNotSeen,
    /// `action.too_early`
    #[serde(rename = "action.too_early")]
    ActionTooEarly,
    /// `action.unasked`
    #[serde(rename = "action.unasked")]
    ActionUnasked,
    /// `face.none`
    #[serde(rename = "face.none")]
    FaceNone,
    /// `face.several`
    #[serde(rename = "face.several")]
    FaceSeveral,
    /// `face.too_far`
    #[serde(rename = "face.too_far")]
    FaceTooFar,
    /// `face.too_near`
    #[serde(rename = "face.too_near")]
    FaceTooNear,
    /// `face.off_centre`
    #[serde(rename = "face.off_centre")]
    FaceOffCentre,
    /// `face.turned`
    #[serde(rename = "face.turned")]
    FaceTurned,
    /// `face.too_dark`
    #[serde(rename = "face.too_dark")]
    FaceTooDark,
    /// `face.dim`
    #[serde(rename = "face.dim")]
    FaceDim,
    /// `face.too_bright`
    #[serde(rename = "face.too_bright")]
    FaceTooBright,
    /// `face.back_lit`
    #[serde(rename = "face.back_lit")]
    FaceBackLit,
    /// `face.blurred`
    #[serde(rename = "face.blurred")]
    FaceBlurred,
    /// `face.lost`
    #[serde(rename = "face.lost")]
    FaceLost,
    /// `face.changed`
    #[serde(rename = "face.changed")]
    FaceChanged,
    /// `device.slow`
    #[serde(rename = "device.slow")]
    DeviceSlow,
    /// `liveness.no_motion`
    #[serde(rename = "liveness.no_motion")]
    LivenessNoMotion,
    /// `liveness.flat`
    #[serde(rename = "liveness.flat")]
    LivenessFlat,
    /// `spoof.suspected`
    #[serde(rename = "spoof.suspected")]
    SpoofSuspected,
    /// `spoof.unsure`
    #[serde(rename = "spoof.unsure")]
    SpoofUnsure,
    /// `match.not_same`
    #[serde(rename = "match.not_same")]
    MatchNotSame,
    /// `match.unsure`
    #[serde(rename = "match.unsure")]
    MatchUnsure,
    /// `match.no_portrait`
    #[serde(rename = "match.no_portrait")]
    MatchNoPortrait,
    /// `evidence.tampered`
    #[serde(rename = "evidence.tampered")]
    EvidenceTampered,
    /// `evidence.truncated`
    #[serde(rename = "evidence.truncated")]
    EvidenceTruncated,
    /// `evidence.reordered`
    #[serde(rename = "evidence.reordered")]
    EvidenceReordered,
    /// `evidence.foreign`
    #[serde(rename = "evidence.foreign")]
    EvidenceForeign,
    /// `evidence.oversized`
    #[serde(rename = "evidence.oversized")]
    EvidenceOversized,
    /// `evidence.bad_signature`
    #[serde(rename = "evidence.bad_signature")]
    EvidenceBadSignature,
    /// `evidence.wrong_recipient`
    #[serde(rename = "evidence.wrong_recipient")]
    EvidenceWrongRecipient,
    /// `evidence.undecodable`
    #[serde(rename = "evidence.undecodable")]
    EvidenceUndecodable,
    /// `evidence.bad_times`
    #[serde(rename = "evidence.bad_times")]
    EvidenceBadTimes,
    /// `evidence.crop_mismatch`
    #[serde(rename = "evidence.crop_mismatch")]
    EvidenceCropMismatch,
    /// `evidence.not_as_committed`
    #[serde(rename = "evidence.not_as_committed")]
    EvidenceNotAsCommitted,
    /// `evidence.unknown_version`
    #[serde(rename = "evidence.unknown_version")]
    EvidenceUnknownVersion,
    /// `evidence.late`
    #[serde(rename = "evidence.late")]
    EvidenceLate,
    /// `upload.bad_offset`
    #[serde(rename = "upload.bad_offset")]
    UploadBadOffset,
    /// `upload.too_large`
    #[serde(rename = "upload.too_large")]
    UploadTooLarge,
    /// `upload.not_found`
    #[serde(rename = "upload.not_found")]
    UploadNotFound,
    /// `upload.bad_request`
    #[serde(rename = "upload.bad_request")]
    UploadBadRequest,
    /// `camera.refused`
    #[serde(rename = "camera.refused")]
    CameraRefused,
    /// `camera.missing`
    #[serde(rename = "camera.missing")]
    CameraMissing,
    /// `camera.busy`
    #[serde(rename = "camera.busy")]
    CameraBusy,
    /// `camera.stopped`
    #[serde(rename = "camera.stopped")]
    CameraStopped,
    /// `device.stalled`
    #[serde(rename = "device.stalled")]
    DeviceStalled,
    /// `device.storage_full`
    #[serde(rename = "device.storage_full")]
    DeviceStorageFull,
    /// `device.model_missing`
    #[serde(rename = "device.model_missing")]
    DeviceModelMissing,
    /// `device.model_wrong`
    #[serde(rename = "device.model_wrong")]
    DeviceModelWrong,
    /// `device.runtime_missing`
    #[serde(rename = "device.runtime_missing")]
    DeviceRuntimeMissing,
    /// `device.runtime_too_old`
    #[serde(rename = "device.runtime_too_old")]
    DeviceRuntimeTooOld,
    /// `network.unreachable`
    #[serde(rename = "network.unreachable")]
    NetworkUnreachable,
    /// `server.busy`
    #[serde(rename = "server.busy")]
    ServerBusy,
    /// `server.internal`
    #[serde(rename = "server.internal")]
    ServerInternal,
    /// `client.too_old`
    #[serde(rename = "client.too_old")]
    ClientTooOld,
    /// `certificate.unreadable`
    #[serde(rename = "certificate.unreadable")]
    CertificateUnreadable,
    /// `certificate.bad_signature`
    #[serde(rename = "certificate.bad_signature")]
    CertificateBadSignature,
    /// `certificate.unknown_key`
    #[serde(rename = "certificate.unknown_key")]
    CertificateUnknownKey,
    /// `certificate.expired`
    #[serde(rename = "certificate.expired")]
    CertificateExpired,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: &[Self] = &[
        Self::InputNameInvalid,
        Self::InputIdNumberLength,
        Self::InputIdNumberChecksum,
        Self::InputIdNumberBirthDate,
        Self::InputIdNumberDivision,
        Self::InputPlaceUnknown,
        Self::InputBodyInvalid,
        Self::InputConsentMissing,
        Self::InputLoginNameInvalid,
        Self::IdentityNotConfirmed,
        Self::LimitTooManyTries,
        Self::AccountNotConfirmed,
        Self::AccountSignedOut,
        Self::AccountNotAllowed,
        Self::AccountNameTaken,
        Self::AccountPasswordWeak,
        Self::InvitationNotValid,
        Self::DeskNobodyFound,
        Self::DeskNotListed,
        Self::AttemptNotFound,
        Self::AttemptExpired,
        Self::AttemptUsed,
        Self::AttemptCommitLate,
        Self::AttemptNotCommitted,
        Self::AttemptDemoRefused,
        Self::AttemptUnauthorised,
        Self::AttemptAbilitiesReview,
        Self::ChannelClosed,
        Self::ActionWrong,
        Self::ActionNotSeen,
        Self::ActionTooEarly,
        Self::ActionUnasked,
        Self::FaceNone,
        Self::FaceSeveral,
        Self::FaceTooFar,
        Self::FaceTooNear,
        Self::FaceOffCentre,
        Self::FaceTurned,
        Self::FaceTooDark,
        Self::FaceDim,
        Self::FaceTooBright,
        Self::FaceBackLit,
        Self::FaceBlurred,
        Self::FaceLost,
        Self::FaceChanged,
        Self::DeviceSlow,
        Self::LivenessNoMotion,
        Self::LivenessFlat,
        Self::SpoofSuspected,
        Self::SpoofUnsure,
        Self::MatchNotSame,
        Self::MatchUnsure,
        Self::MatchNoPortrait,
        Self::EvidenceTampered,
        Self::EvidenceTruncated,
        Self::EvidenceReordered,
        Self::EvidenceForeign,
        Self::EvidenceOversized,
        Self::EvidenceBadSignature,
        Self::EvidenceWrongRecipient,
        Self::EvidenceUndecodable,
        Self::EvidenceBadTimes,
        Self::EvidenceCropMismatch,
        Self::EvidenceNotAsCommitted,
        Self::EvidenceUnknownVersion,
        Self::EvidenceLate,
        Self::UploadBadOffset,
        Self::UploadTooLarge,
        Self::UploadNotFound,
        Self::UploadBadRequest,
        Self::CameraRefused,
        Self::CameraMissing,
        Self::CameraBusy,
        Self::CameraStopped,
        Self::DeviceStalled,
        Self::DeviceStorageFull,
        Self::DeviceModelMissing,
        Self::DeviceModelWrong,
        Self::DeviceRuntimeMissing,
        Self::DeviceRuntimeTooOld,
        Self::NetworkUnreachable,
        Self::ServerBusy,
        Self::ServerInternal,
        Self::ClientTooOld,
        Self::CertificateUnreadable,
        Self::CertificateBadSignature,
        Self::CertificateUnknownKey,
        Self::CertificateExpired,
    ];

    /// The stable text form.
    pub fn code(self) -> &'static str {
        match self {
            Self::InputNameInvalid => "input.name_invalid",
            Self::InputIdNumberLength => "input.id_number_length",
            Self::InputIdNumberChecksum => "input.id_number_checksum",
            Self::InputIdNumberBirthDate => "input.id_number_birth_date",
            Self::InputIdNumberDivision => "input.id_number_division",
            Self::InputPlaceUnknown => "input.place_unknown",
            Self::InputBodyInvalid => "input.body_invalid",
            Self::InputConsentMissing => "input.consent_missing",
            Self::InputLoginNameInvalid => "input.login_name_invalid",
            Self::IdentityNotConfirmed => "identity.not_confirmed",
            Self::LimitTooManyTries => "limit.too_many_tries",
            Self::AccountNotConfirmed => "account.not_confirmed",
            Self::AccountSignedOut => "account.signed_out",
            Self::AccountNotAllowed => "account.not_allowed",
            Self::AccountNameTaken => "account.name_taken",
            Self::AccountPasswordWeak => "account.password_weak",
            Self::InvitationNotValid => "invitation.not_valid",
            Self::DeskNobodyFound => "desk.nobody_found",
            Self::DeskNotListed => "desk.not_listed",
            Self::AttemptNotFound => "attempt.not_found",
            Self::AttemptExpired => "attempt.expired",
            Self::AttemptUsed => "attempt.used",
            Self::AttemptCommitLate => "attempt.commit_late",
            Self::AttemptNotCommitted => "attempt.not_committed",
            Self::AttemptDemoRefused => "attempt.demo_refused",
            Self::AttemptUnauthorised => "attempt.unauthorised",
            Self::AttemptAbilitiesReview => "attempt.abilities_review",
            Self::ChannelClosed => "channel.closed",
            Self::ActionWrong => "action.wrong",
            Self::ActionNotSeen => "action.not_seen",
            Self::ActionTooEarly => "action.too_early",
            Self::ActionUnasked => "action.unasked",
            Self::FaceNone => "face.none",
            Self::FaceSeveral => "face.several",
            Self::FaceTooFar => "face.too_far",
            Self::FaceTooNear => "face.too_near",
            Self::FaceOffCentre => "face.off_centre",
            Self::FaceTurned => "face.turned",
            Self::FaceTooDark => "face.too_dark",
            Self::FaceDim => "face.dim",
            Self::FaceTooBright => "face.too_bright",
            Self::FaceBackLit => "face.back_lit",
            Self::FaceBlurred => "face.blurred",
            Self::FaceLost => "face.lost",
            Self::FaceChanged => "face.changed",
            Self::DeviceSlow => "device.slow",
            Self::LivenessNoMotion => "liveness.no_motion",
            Self::LivenessFlat => "liveness.flat",
            Self::SpoofSuspected => "spoof.suspected",
            Self::SpoofUnsure => "spoof.unsure",
            Self::MatchNotSame => "match.not_same",
            Self::MatchUnsure => "match.unsure",
            Self::MatchNoPortrait => "match.no_portrait",
            Self::EvidenceTampered => "evidence.tampered",
            Self::EvidenceTruncated => "evidence.truncated",
            Self::EvidenceReordered => "evidence.reordered",
            Self::EvidenceForeign => "evidence.foreign",
            Self::EvidenceOversized => "evidence.oversized",
            Self::EvidenceBadSignature => "evidence.bad_signature",
            Self::EvidenceWrongRecipient => "evidence.wrong_recipient",
            Self::EvidenceUndecodable => "evidence.undecodable",
            Self::EvidenceBadTimes => "evidence.bad_times",
            Self::EvidenceCropMismatch => "evidence.crop_mismatch",
            Self::EvidenceNotAsCommitted => "evidence.not_as_committed",
            Self::EvidenceUnknownVersion => "evidence.unknown_version",
            Self::EvidenceLate => "evidence.late",
            Self::UploadBadOffset => "upload.bad_offset",
            Self::UploadTooLarge => "upload.too_large",
            Self::UploadNotFound => "upload.not_found",
            Self::UploadBadRequest => "upload.bad_request",
            Self::CameraRefused => "camera.refused",
            Self::CameraMissing => "camera.missing",
            Self::CameraBusy => "camera.busy",
            Self::CameraStopped => "camera.stopped",
            Self::DeviceStalled => "device.stalled",
            Self::DeviceStorageFull => "device.storage_full",
            Self::DeviceModelMissing => "device.model_missing",
            Self::DeviceModelWrong => "device.model_wrong",
            Self::DeviceRuntimeMissing => "device.runtime_missing",
            Self::DeviceRuntimeTooOld => "device.runtime_too_old",
            Self::NetworkUnreachable => "network.unreachable",
            Self::ServerBusy => "server.busy",
            Self::ServerInternal => "server.internal",
            Self::ClientTooOld => "client.too_old",
            Self::CertificateUnreadable => "certificate.unreadable",
            Self::CertificateBadSignature => "certificate.bad_signature",
            Self::CertificateUnknownKey => "certificate.unknown_key",
            Self::CertificateExpired => "certificate.expired",
        }
    }

    /// What sort of thing it is.
    pub fn kind(self) -> ReasonKind {
        match self {
            Self::InputNameInvalid
            | Self::InputIdNumberLength
            | Self::InputIdNumberChecksum
            | Self::InputIdNumberBirthDate
            | Self::InputIdNumberDivision
            | Self::InputPlaceUnknown
            | Self::InputConsentMissing
            | Self::InputLoginNameInvalid
            | Self::AccountNameTaken
            | Self::AccountPasswordWeak => ReasonKind::Form,
            Self::InputBodyInvalid
            | Self::AttemptNotCommitted
            | Self::UploadBadOffset
            | Self::UploadTooLarge
            | Self::UploadNotFound
            | Self::UploadBadRequest => ReasonKind::Fault,
            Self::IdentityNotConfirmed
            | Self::AccountNotConfirmed
            | Self::AccountSignedOut
            | Self::AccountNotAllowed
            | Self::InvitationNotValid
            | Self::DeskNobodyFound
            | Self::DeskNotListed
            | Self::AttemptNotFound
            | Self::AttemptExpired
            | Self::AttemptUsed
            | Self::AttemptCommitLate
            | Self::AttemptDemoRefused
            | Self::AttemptUnauthorised
            | Self::ChannelClosed
            | Self::ActionWrong
            | Self::ActionNotSeen
            | Self::ActionTooEarly
            | Self::ActionUnasked
            | Self::FaceLost
            | Self::FaceChanged
            | Self::LivenessNoMotion
            | Self::LivenessFlat
            | Self::SpoofSuspected
            | Self::MatchNotSame
            | Self::EvidenceTampered
            | Self::EvidenceTruncated
            | Self::EvidenceReordered
            | Self::EvidenceForeign
            | Self::EvidenceOversized
            | Self::EvidenceBadSignature
            | Self::EvidenceWrongRecipient
            | Self::EvidenceUndecodable
            | Self::EvidenceBadTimes
            | Self::EvidenceCropMismatch
            | Self::EvidenceNotAsCommitted
            | Self::EvidenceUnknownVersion
            | Self::EvidenceLate
            | Self::ClientTooOld
            | Self::CertificateUnreadable
            | Self::CertificateBadSignature
            | Self::CertificateUnknownKey
            | Self::CertificateExpired => ReasonKind::Refusal,
            Self::LimitTooManyTries | Self::NetworkUnreachable | Self::ServerBusy | Self::ServerInternal => {
                ReasonKind::Wait
            }
            Self::AttemptAbilitiesReview | Self::SpoofUnsure | Self::MatchUnsure | Self::MatchNoPortrait => {
                ReasonKind::Review
            }
            Self::FaceNone
            | Self::FaceSeveral
            | Self::FaceTooFar
            | Self::FaceTooNear
            | Self::FaceOffCentre
            | Self::FaceTurned
            | Self::FaceTooDark
            | Self::FaceDim
            | Self::FaceTooBright
            | Self::FaceBackLit
            | Self::FaceBlurred
            | Self::DeviceSlow
            | Self::DeviceStalled => ReasonKind::Hint,
            Self::CameraRefused
            | Self::CameraMissing
            | Self::CameraBusy
            | Self::CameraStopped
            | Self::DeviceStorageFull
            | Self::DeviceModelMissing
            | Self::DeviceModelWrong
            | Self::DeviceRuntimeMissing
            | Self::DeviceRuntimeTooOld => ReasonKind::Device,
        }
    }

    /// What is said about it.
    pub fn words(self, language: Language) -> Words {
        match language {
            Language::Zh => words_zh::words(self),
            Language::En => words_en::words(self),
        }
    }

    /// The code with this text form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for ReasonCode {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_stable_texts() {
        let codes: BTreeSet<_> = ReasonCode::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), ReasonCode::ALL.len());
        for reason in ReasonCode::ALL {
            assert_eq!(ReasonCode::from_code(reason.code()), Some(*reason));
            assert_eq!(serde_json::to_value(reason).expect("serialises"), reason.code());
            let (group, name) = reason.code().split_once('.').expect("group and name");
            assert!(
                [group, name].iter().all(|part| part.chars().all(|c| c.is_ascii_lowercase() || c == '_')),
                "{reason}"
            );
        }
    }

    #[test]
    fn every_reason_has_a_short_sentence_and_a_step_to_take() {
        for reason in ReasonCode::ALL {
            let zh = reason.words(Language::Zh);
            let en = reason.words(Language::En);
            for text in [zh.sentence, zh.next_step] {
                assert!(text.ends_with('。') && (6..=50).contains(&text.chars().count()), "{reason}: {text}");
            }
            for text in [en.sentence, en.next_step] {
                assert!(text.ends_with('.') && (10..=170).contains(&text.len()), "{reason}: {text}");
                assert!(text.starts_with(char::is_uppercase), "{reason}: {text}");
            }
            assert_ne!(zh.sentence, zh.next_step);
        }
    }

    #[test]
    fn hints_are_short_enough_to_be_read_at_a_glance() {
        for reason in ReasonCode::ALL.iter().filter(|reason| reason.kind() == ReasonKind::Hint) {
            assert!(reason.words(Language::Zh).next_step.chars().count() <= 20, "{reason}");
            assert!(reason.words(Language::En).next_step.len() <= 70, "{reason}");
        }
    }

    #[test]
    fn the_words_blame_nobody_and_name_no_machinery() {
        let banned_zh =
            ["您错", "错误", "失败", "非法", "违规", "欺诈", "作弊", "参数", "服务器", "令牌", "哈希", "签名", "异常"];
        let banned_en = [
            "error",
            "fail",
            "invalid",
            "illegal",
            "fraud",
            "cheat",
            "token",
            "hash",
            "server",
            "parameter",
            "you must",
        ];
        for reason in ReasonCode::ALL {
            let (zh, en) = (reason.words(Language::Zh), reason.words(Language::En));
            for word in banned_zh {
                assert!(!zh.sentence.contains(word) && !zh.next_step.contains(word), "{reason}: {word}");
            }
            for word in banned_en {
                let text = format!("{} {}", en.sentence, en.next_step).to_lowercase();
                assert!(!text.contains(word), "{reason}: {word}");
            }
        }
    }

    #[test]
    fn one_refusal_for_any_wrong_fact_names_all_four() {
        let words = ReasonCode::IdentityNotConfirmed.words(Language::Zh);
        for fact in ["姓名", "身份证号", "参保地", "居住地"] {
            assert!(words.next_step.contains(fact), "{fact}");
        }
    }
}
