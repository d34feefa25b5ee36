//! Every reason there is: its name in Rust, its stable text form, and what sort of thing it is, each said once.

use serde::{Deserialize, Serialize};

use super::ReasonKind;

/// Makes [`ReasonCode`] and what follows from the list alone. A line is `Name = "group.name", Kind;`.
macro_rules! reasons {
    ($($name:ident = $code:literal, $kind:ident;)+) => {
        /// A stable reason code. The text form (`face.too_dark`) never changes meaning and is never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ReasonCode {
            $(
                #[doc = concat!("`", $code, "`")]
                #[serde(rename = $code)]
                $name,
            )+
        }

        impl ReasonCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable text form.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What sort of thing it is.
            pub fn kind(self) -> ReasonKind {
                match self {
                    $(Self::$name => ReasonKind::$kind,)+
                }
            }
        }
    };
}

reasons! {
    InputNameInvalid = "input.name_invalid", Form;
    InputIdNumberLength = "input.id_number_length", Form;
    InputIdNumberChecksum = "input.id_number_checksum", Form;
    InputIdNumberBirthDate = "input.id_number_birth_date", Form;
    InputIdNumberDivision = "input.id_number_division", Form;
    InputPlaceUnknown = "input.place_unknown", Form;
    InputBodyInvalid = "input.body_invalid", Fault;
    InputConsentMissing = "input.consent_missing", Form;
    InputLoginNameInvalid = "input.login_name_invalid", Form;
    InputListTooLong = "input.list_too_long", Form;

    IdentityNotConfirmed = "identity.not_confirmed", Refusal;

    LimitTooManyTries = "limit.too_many_tries", Wait;

    AccountNotConfirmed = "account.not_confirmed", Refusal;
    AccountSignedOut = "account.signed_out", Refusal;
    AccountNotAllowed = "account.not_allowed", Refusal;
    AccountNameTaken = "account.name_taken", Form;
    AccountPasswordWeak = "account.password_weak", Form;

    GatewayNotConfirmed = "gateway.not_confirmed", Fault;

    InvitationNotValid = "invitation.not_valid", Refusal;

    DeskNobodyFound = "desk.nobody_found", Refusal;
    DeskNotListed = "desk.not_listed", Refusal;
    DeskEvidenceGone = "desk.evidence_gone", Refusal;

    ReviewTaken = "review.taken", Refusal;
    ReviewDecided = "review.decided", Refusal;
    ReviewSaidOtherwise = "review.said_otherwise", Refusal;
    ReviewSecondClerk = "review.second_clerk", Refusal;
    ReviewOwn = "review.own", Refusal;
    ReviewRefused = "review.refused", Refusal;

    AppealNothing = "appeal.nothing", Refusal;
    AppealDecidedLately = "appeal.decided_lately", Refusal;
    AppealLate = "appeal.late", Refusal;

    LinkNotValid = "link.not_valid", Refusal;

    RecordProofInFuture = "record.proof_in_future", Form;
    RecordProofTooOld = "record.proof_too_old", Form;
    RecordSecondMissing = "record.second_missing", Form;

    DeathBeforeEntitled = "death.before_entitled", Form;
    DeathBeforeProof = "death.before_proof", Form;
    DeathRecorded = "death.recorded", Refusal;

    FormNotTaken = "form.not_taken", Refusal;
    FormScanOther = "form.scan_other", Form;
    FormCodeUnread = "form.code_unread", Form;

    SlotGone = "slot.gone", Refusal;
    SlotDecided = "slot.decided", Refusal;

    AttemptNotFound = "attempt.not_found", Refusal;
    AttemptExpired = "attempt.expired", Refusal;
    AttemptUsed = "attempt.used", Refusal;
    AttemptCommitLate = "attempt.commit_late", Refusal;
    AttemptNotCommitted = "attempt.not_committed", Fault;
    AttemptDemoRefused = "attempt.demo_refused", Refusal;
    AttemptUnauthorised = "attempt.unauthorised", Refusal;
    AttemptAbilitiesReview = "attempt.abilities_review", Review;
    AttemptSampled = "attempt.sampled", Review;
    AttemptHelperClosed = "attempt.helper_closed", Review;
    AttemptSecondPerson = "attempt.second_person", Review;
    AttemptRecordedDead = "attempt.recorded_dead", Review;

    ChannelClosed = "channel.closed", Refusal;

    ActionWrong = "action.wrong", Refusal;
    ActionNotSeen = "action.not_seen", Refusal;
    ActionTooEarly = "action.too_early", Refusal;
    ActionUnasked = "action.unasked", Refusal;

    FaceNone = "face.none", Hint;
    FaceSeveral = "face.several", Hint;
    FaceTooFar = "face.too_far", Hint;
    FaceTooNear = "face.too_near", Hint;
    FaceOffCentre = "face.off_centre", Hint;
    FaceTurned = "face.turned", Hint;
    FaceTooDark = "face.too_dark", Hint;
    FaceDim = "face.dim", Hint;
    FaceTooBright = "face.too_bright", Hint;
    FaceBackLit = "face.back_lit", Hint;
    FaceBlurred = "face.blurred", Hint;
    FaceLost = "face.lost", Refusal;
    FaceChanged = "face.changed", Refusal;

    DeviceSlow = "device.slow", Hint;

    LivenessNoMotion = "liveness.no_motion", Refusal;
    LivenessFlat = "liveness.flat", Refusal;

    SpoofSuspected = "spoof.suspected", Refusal;
    SpoofUnsure = "spoof.unsure", Review;

    MatchNotSame = "match.not_same", Refusal;
    MatchUnsure = "match.unsure", Review;
    MatchNoPortrait = "match.no_portrait", Review;

    EvidenceTampered = "evidence.tampered", Refusal;
    EvidenceTruncated = "evidence.truncated", Refusal;
    EvidenceReordered = "evidence.reordered", Refusal;
    EvidenceForeign = "evidence.foreign", Refusal;
    EvidenceOversized = "evidence.oversized", Refusal;
    EvidenceBadSignature = "evidence.bad_signature", Refusal;
    EvidenceWrongRecipient = "evidence.wrong_recipient", Refusal;
    EvidenceUndecodable = "evidence.undecodable", Refusal;
    EvidenceBadTimes = "evidence.bad_times", Refusal;
    EvidenceCropMismatch = "evidence.crop_mismatch", Refusal;
    EvidenceNotAsCommitted = "evidence.not_as_committed", Refusal;
    EvidenceUnknownVersion = "evidence.unknown_version", Refusal;
    EvidenceLate = "evidence.late", Refusal;

    UploadBadOffset = "upload.bad_offset", Fault;
    UploadTooLarge = "upload.too_large", Fault;
    UploadNotFound = "upload.not_found", Fault;
    UploadBadRequest = "upload.bad_request", Fault;

    CameraRefused = "camera.refused", Device;
    CameraMissing = "camera.missing", Device;
    CameraBusy = "camera.busy", Device;
    CameraStopped = "camera.stopped", Device;

    DeviceStalled = "device.stalled", Hint;
    DeviceStorageFull = "device.storage_full", Device;
    DeviceModelMissing = "device.model_missing", Device;
    DeviceModelWrong = "device.model_wrong", Device;
    DeviceRuntimeMissing = "device.runtime_missing", Device;
    DeviceRuntimeTooOld = "device.runtime_too_old", Device;

    NetworkUnreachable = "network.unreachable", Wait;

    ServerBusy = "server.busy", Wait;
    ServerInternal = "server.internal", Wait;

    ClientTooOld = "client.too_old", Refusal;

    CertificateUnreadable = "certificate.unreadable", Refusal;
    CertificateBadSignature = "certificate.bad_signature", Refusal;
    CertificateUnknownKey = "certificate.unknown_key", Refusal;
    CertificateExpired = "certificate.expired", Refusal;
    CertificateRevoked = "certificate.revoked", Refusal;
    CertificateListOutdated = "certificate.list_outdated", Refusal;
}
