//! What is said in English: short, plain, warm.

use super::{ReasonCode, Words};

pub(super) fn words(reason: ReasonCode) -> Words {
    use ReasonCode::*;
    let (sentence, next_step) = match reason {
        InputNameInvalid => (
            "The name has a character that can't be part of a name.",
            "Please write it as on the ID card: letters, and the dot in the middle if there is one.",
        ),
        InputIdNumberLength => (
            "An ID number has 18 characters.",
            "Please compare it with the card: a digit may be missing, or there is one too many.",
        ),
        InputIdNumberChecksum => (
            "One digit of the ID number may be different from the card.",
            "Please go through it once more, digit by digit.",
        ),
        InputIdNumberBirthDate => (
            "The birth date in the ID number (characters 7 to 14) is not a day that exists.",
            "Please compare these eight digits with the card.",
        ),
        InputIdNumberDivision => (
            "The first six digits of the ID number don't belong to any place.",
            "Please compare these six digits with the card.",
        ),
        InputPlaceUnknown => {
            ("We could not find this place.", "Please choose province, city and district from the list.")
        }
        InputBodyInvalid => (
            "The app and the service did not understand each other.",
            "Please update the app and try once more; what you typed is kept.",
        ),
        InputConsentMissing => (
            "The person has not agreed yet.",
            "Please let them read or hear the explanation and agree. Those who prefer not to use their face can choose “Not by face”.",
        ),
        InputLoginNameInvalid => (
            "A login name has small letters, digits, dots and dashes only.",
            "Please write 3 to 32 of these and try again.",
        ),
        InputListTooLong => {
            ("The list has more than 500 lines.", "Please send it in parts; lines that are sent twice count once.")
        }
        IdentityNotConfirmed => (
            "What you filled in does not match the register.",
            "Please check all four: name, ID number, insured place and residence. If all are right, ask the social security office of the insured place to update its register.",
        ),
        LimitTooManyTries => (
            "There were many tries just now; let's take a short break.",
            "Please try again a little later. The pension is not affected.",
        ),
        AccountNotConfirmed => (
            "Login name, password and code don't match together.",
            "Please check all three. The code changes every 30 seconds and works once: wait for the next one.",
        ),
        AccountSignedOut => ("You are not signed in any more.", "Please sign in again, then go on."),
        AccountNotAllowed => (
            "This account is not meant for that.",
            "Please ask a colleague whose account is, or whoever looks after the accounts.",
        ),
        AccountNameTaken => ("Somebody has this login name already.", "Please choose another and try again."),
        AccountPasswordWeak => (
            "This password is too short, or too easy to guess.",
            "Please take 12 characters or more: a few words that have nothing to do with each other will do.",
        ),
        GatewayNotConfirmed => (
            "The gateway that sends messages was not recognised.",
            "Its operator has to use the secret that was agreed upon with this service.",
        ),
        InvitationNotValid => (
            "This invitation can't be used.",
            "Please compare it letter by letter. If it was used already or is too old, ask whoever sent it for another.",
        ),
        DeskNobodyFound => (
            "Nobody with this ID number is found in your area.",
            "Please compare the number with the card. If the pension is insured elsewhere, the office there can help.",
        ),
        DeskNotListed => (
            "This person is not on your list of visits.",
            "Please ask whoever plans the visits to put them on the list.",
        ),
        ReviewTaken => (
            "A colleague has this case in hand, or you have not opened it.",
            "Please open it from the list; it comes free when the colleague is done.",
        ),
        ReviewDecided => ("This case was decided already.", "Please go on with the next one on the list."),
        ReviewSaidOtherwise => (
            "You have said something else about this case before, and that stands.",
            "Nothing was changed. If it was a mistake, please tell your head; the person can appeal.",
        ),
        ReviewSecondClerk => (
            "Your word on this case has been taken down.",
            "The rules of the place want a second colleague; please leave it to them.",
        ),
        ReviewOwn => (
            "You had a hand in this one: you helped with it, reported it, or made the decision that it is against.",
            "Please leave it to a colleague or the head, and go on with the next one on the list.",
        ),
        ReviewRefused => (
            "A colleague looked at the recording and could not confirm that it shows you.",
            "Please try again or choose another way; if you disagree, you can appeal.",
        ),
        DeskEvidenceGone => (
            "The recording was deleted on its day, or there never was one.",
            "Please go by what is written, or ask the person to certify once more.",
        ),
        AppealNothing => (
            "This try was not refused, so there is nothing to appeal.",
            "Please look at its outcome; with questions, ask the social security office.",
        ),
        AppealDecidedLately => (
            "An appeal was decided a short while ago.",
            "Please talk to the social security office of the insured place in person.",
        ),
        AppealLate => (
            "This was refused too long ago for an appeal in the app.",
            "Please certify once more, or talk to the social security office of the insured place.",
        ),
        LinkNotValid => (
            "This link can't be used now.",
            "You can do without it: begin on the first page, or ask the sender for a new one.",
        ),
        RecordProofInFuture => ("The day of the proof has not come yet.", "Please check the date on the paper."),
        RecordProofTooOld => {
            ("The proof is older than the insured place takes.", "Please bring a newer one, or choose another way.")
        }
        RecordSecondMissing => (
            "The insured place wants a second person for this way.",
            "Please name a colleague who was there as well; it can't be you.",
        ),
        DeathBeforeEntitled => (
            "This day lies before the day from which the pension is drawn.",
            "Please check year and day. If the register has the wrong day for the pension, have that put right first.",
        ),
        DeathBeforeProof => (
            "After this day the person was there for a certification, and it still counts.",
            "Please check year and day. If that certification was not genuine, have it revoked first, then record the death.",
        ),
        DeathRecorded => (
            "This person is recorded as no longer alive, so nothing can be certified.",
            "If they live, please let the head first take back that they died; then certify.",
        ),
        FormScanOther => (
            "The scan shows the code of another form, or several forms.",
            "Please check this paper against the code that was typed, and scan each form by itself.",
        ),
        FormCodeUnread => (
            "The code on the scan can't be read.",
            "Please type the code as it stands on the paper, and send it again.",
        ),
        FormNotTaken => (
            "No form that is still taken has this code.",
            "Please read the code once more; if it is too old, send a new form.",
        ),
        SlotGone => ("This time is taken, or can no longer be used.", "Please choose another one."),
        SlotDecided => (
            "The outcome of this call was recorded already.",
            "Please check the record; if it is wrong, ask the head of the office.",
        ),
        AttemptNotFound => {
            ("This certification can't be found any more.", "Please go back to the first page and start again.")
        }
        AttemptExpired => {
            ("The time for this certification has passed.", "Please start again; it takes a few minutes.")
        }
        AttemptUsed => {
            ("This certification has already been used.", "Please look at its result, or start again if you need to.")
        }
        AttemptCommitLate => (
            "Too long passed before the recording was confirmed, so it can't be used.",
            "Please find a place with good signal and start again.",
        ),
        AttemptNotCommitted => {
            ("The recording was not confirmed before it was sent.", "Please go back to the first page and start again.")
        }
        AttemptDemoRefused => (
            "This is a demonstration app; it can't make a real certification.",
            "Please install the real app and certify there.",
        ),
        AttemptUnauthorised => {
            ("This sign-in is no longer valid.", "Please go back to the first page and fill in the form again.")
        }
        AttemptAbilitiesReview => (
            "As few of the movements are possible for you, a member of staff will take a look.",
            "Nothing more to do: please wait for our message. For a home visit, phone the social security office of the insured place.",
        ),
        AttemptSampled => (
            "This was recorded without network, and a member of staff looks at some of these recordings.",
            "Nothing more to do: please wait for our message. Meanwhile the pension is not affected.",
        ),
        AttemptHelperClosed => (
            "The account of whoever helped you has been closed, so another member of staff takes a look.",
            "Nothing more to do: please wait for our message. Meanwhile the pension is not affected.",
        ),
        AttemptSecondPerson => (
            "The insured place wants two members of staff to look at each certification by this way.",
            "Nothing more to do: please wait for our message. Meanwhile the pension is not affected.",
        ),
        AttemptRecordedDead => (
            "The register has this person as no longer alive. That may be wrong, so a member of staff will take a look.",
            "Nothing more to do: please wait for our message, or phone the social security office of the insured place.",
        ),
        ChannelClosed => (
            "The place where the pension is insured does not certify by app.",
            "Please phone or visit its social security office, or ask the community: they will do it another way.",
        ),
        ActionWrong => (
            "The movement was a different one from what was asked.",
            "No problem, please try again: listen to the end first, then move slowly.",
        ),
        ActionNotSeen => (
            "We could not see the movement clearly.",
            "Please try again, and make the movement a little larger and slower.",
        ),
        ActionTooEarly => {
            ("The movement came a little early.", "Please try again: wait for the prompt to end, then move.")
        }
        ActionUnasked => (
            "There was a movement that was not asked for.",
            "Please try again: between prompts, just look at the screen and keep still.",
        ),
        FaceNone => ("We can't see a face yet.", "Please bring the face into the oval."),
        FaceSeveral => {
            ("There is more than one person in the picture.", "Please ask the others to step aside for a moment.")
        }
        FaceTooFar => ("A little too far away.", "Please come closer."),
        FaceTooNear => ("A little too close.", "Please move back a bit."),
        FaceOffCentre => ("The face is not in the middle.", "Please move it into the oval."),
        FaceTurned => ("The face is turned to the side.", "Please look straight at the screen."),
        FaceTooDark => ("It is a little dark.", "Please go where it is brighter, or switch on a light."),
        FaceDim => ("A little more light would be better.", "A lamp helps, if there is one. Just go on."),
        FaceTooBright => ("The light is too strong.", "Please step out of the direct light."),
        FaceBackLit => {
            ("The light behind makes the face hard to see.", "Please turn round so that the light falls on the face.")
        }
        FaceBlurred => ("The picture is blurred.", "Please hold the phone still, and wipe the lens."),
        FaceLost => {
            ("For a moment the face could not be seen.", "Please try again and keep the face in the oval throughout.")
        }
        FaceChanged => (
            "The face did not look the same all the way through.",
            "Please try again, with the same person in the picture from start to finish.",
        ),
        DeviceSlow => ("The phone is a little slow just now.", "No hurry. Closing other apps helps."),
        LivenessNoMotion => (
            "We did not see the person move.",
            "Please let the person sit in front of the phone and follow the prompts once more.",
        ),
        LivenessFlat => (
            "What we saw looks like a photo or a screen.",
            "Please let the person face the phone directly and try again.",
        ),
        SpoofSuspected => (
            "We could not confirm that the person was there in front of the camera.",
            "Please try again in good light, with the person facing the phone; or visit the social security office.",
        ),
        SpoofUnsure => (
            "The recording is not quite clear, so a member of staff will take a look.",
            "Nothing more to do: please wait for our message. The pension is not affected meanwhile.",
        ),
        MatchNotSame => (
            "The face does not match the photo in the register.",
            "Please let the person try again in good light. If the photo is old, the social security office can renew it.",
        ),
        MatchUnsure => (
            "The photo in the register may be old, so a member of staff will take a look.",
            "Nothing more to do: please wait for our message. The pension is not affected meanwhile.",
        ),
        MatchNoPortrait => (
            "There is no photo in the register yet, so a member of staff will take a look.",
            "Nothing more to do: please wait for our message. The pension is not affected meanwhile.",
        ),
        EvidenceTampered => (
            "The recording changed on its way to us.",
            "Please record once more; if this happens again, try another phone.",
        ),
        EvidenceTruncated => {
            ("The recording arrived incomplete.", "Please find a place with good signal and record once more.")
        }
        EvidenceReordered => (
            "The pictures of the recording arrived in the wrong order.",
            "Please record once more; if this happens again, try another phone.",
        ),
        EvidenceForeign => {
            ("The recording belongs to another certification.", "Please go back to the first page and start again.")
        }
        EvidenceOversized => {
            ("The recording is larger than it should be.", "Please update the app and record once more.")
        }
        EvidenceBadSignature => (
            "We could not confirm that the recording came from this phone.",
            "Please go back to the first page and start again on the same phone.",
        ),
        EvidenceWrongRecipient => (
            "The recording was sealed for another service and can't be opened here.",
            "Please update the app and start again.",
        ),
        EvidenceUndecodable => {
            ("The recording can't be opened.", "Please record once more; if this happens again, try another phone.")
        }
        EvidenceBadTimes => {
            ("The times in the recording don't fit together.", "Please close other apps and record once more.")
        }
        EvidenceCropMismatch => (
            "The photos don't fit the recording they came with.",
            "Please record once more; if this happens again, try another phone.",
        ),
        EvidenceNotAsCommitted => (
            "The recording is not the one that was confirmed when it ended.",
            "Please go back to the first page and start again.",
        ),
        EvidenceUnknownVersion => {
            ("The app on this phone and the service have different versions.", "Please update the app and start again.")
        }
        EvidenceLate => ("The recording arrived too late.", "Please connect to the network and start again."),
        UploadBadOffset => ("The upload lost its place.", "The app carries on by itself; please stay connected."),
        UploadTooLarge => ("What was sent is too large.", "Please update the app and record once more."),
        UploadNotFound => {
            ("This upload can't be found any more.", "The app sends it again from the start; please stay connected.")
        }
        UploadBadRequest => ("Something went wrong while sending.", "Please update the app and try again."),
        CameraRefused => (
            "The app is not allowed to use the camera yet.",
            "Please open the phone's Settings, find this app, and allow the camera.",
        ),
        CameraMissing => ("No camera was found.", "Please connect one, or use a phone that has a camera."),
        CameraBusy => ("Another app is using the camera.", "Please end video calls, close other apps, and try again."),
        CameraStopped => ("The camera stopped on the way.", "Please try again; if it stops again, restart the phone."),
        DeviceStalled => (
            "The phone was held up for a moment, and the recording has a gap.",
            "Please close other apps; then go again.",
        ),
        DeviceStorageFull => {
            ("The phone has no room left.", "Please delete some photos or videos you don't need, and try again.")
        }
        DeviceModelMissing => ("A file of the app is missing.", "Please remove the app and install it again."),
        DeviceModelWrong => {
            ("A file of the app is not as it should be.", "Please remove the app and install it again.")
        }
        DeviceRuntimeMissing => ("A part of the app is missing.", "Please remove the app and install it again."),
        DeviceRuntimeTooOld => ("A part of the app is too old.", "Please update the app."),
        NetworkUnreachable => (
            "There is no connection just now.",
            "Please check the network. What you recorded is kept on the phone and sent by itself once you are online.",
        ),
        ServerBusy => (
            "Many people are certifying right now.",
            "Please try again in a few minutes; nothing you recorded is lost.",
        ),
        ServerInternal => (
            "Something went wrong on our side, not on yours.",
            "Please try again a little later; nothing you recorded is lost.",
        ),
        ClientTooOld => ("This version of the app is too old.", "Please update the app and start again."),
        CertificateUnreadable => {
            ("The certificate could not be read.", "Please scan the QR code again, or use a clearer copy.")
        }
        CertificateBadSignature => (
            "This certificate did not pass the check and can't be relied on.",
            "Please ask for the original, or for a new certification.",
        ),
        CertificateUnknownKey => (
            "The office that signed this certificate is not known here.",
            "Please update the file of public keys and check again.",
        ),
        CertificateExpired => ("This certificate is past its last day.", "Please certify again to get a new one."),
        CertificateRevoked => (
            "The office that issued this certificate has taken it back.",
            "Please certify again, or ask that office why.",
        ),
        CertificateListOutdated => (
            "The list of revoked certificates is too old, or another office's, to say whether this one still stands.",
            "Please fetch the list anew and check again.",
        ),
    };
    Words { sentence, next_step }
}
