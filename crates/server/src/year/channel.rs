//! Every way in which the field certifies somebody, and what each must bring.

use jianzai_wire::channels::VisitReason;

use super::names::words;

words! {
    /// How somebody was certified.
    pub Channel {
        /// The app, in the beneficiary's own hand: face and actions.
        AppSelf = "app_self",
        /// The app, held by somebody else: a child, a volunteer on a round.
        AppAssisted = "app_assisted",
        /// The same flow, entered by a link from the electronic social-security card.
        ECardLink = "e_card_link",
        /// A web portal, on a computer with a camera.
        WebPortal = "web_portal",
        /// At the office, a member of staff holds the phone.
        OfficePhone = "office_phone",
        /// At the office, the ID card on a reader, the person before the counter.
        OfficeIdCard = "office_id_card",
        /// At the agency's office, by hand, on site.
        AgencyByHand = "agency_by_hand",
        /// The community or street office has seen the person.
        Community = "community",
        /// The employer confirms its retired staff.
        Employer = "employer",
        /// A video call with staff, by appointment.
        VideoCall = "video_call",
        /// Papers by post: copies of the household register, a life certificate.
        PaperByMail = "paper_by_mail",
        /// The form by which another agency confirms somebody who lives there, by post.
        AssistanceForm = "assistance_form",
        /// Staff or volunteers have been to the person's home.
        HomeVisit = "home_visit",
        /// Events in other services (a hospital stay, home care, card spending), by rule.
        SilentEvents = "silent_events",
        /// The monthly comparison with the household register found the person.
        RegisterMatch = "register_match",
    }
}

words! {
    /// What is kept to show that a certification was right.
    pub EvidenceKind {
        /// Sealed footage of the face.
        Face = "face",
        /// Notes and recording of a video call.
        Call = "call",
        /// A scan of papers.
        Paper = "paper",
        /// The reading of an ID card.
        IdCard = "id_card",
        /// A visitor's report, with what was seen.
        Visit = "visit",
        /// The data events and the rules that weighed them.
        Data = "data",
    }
}

words! {
    /// Why somebody is believed where no evidence is kept.
    pub Reason {
        /// Staff saw the person and the ID card, at the counter.
        SeenInPerson = "seen_in_person",
        /// Seen at home, since they are severely ill or in bed.
        SeverelyIll = "severely_ill",
        /// Seen at home, since they are old and frail.
        Frail = "frail",
        /// Seen at home, since they are disabled.
        Disabled = "disabled",
        /// Seen at home, since there is no phone, and nobody who could help with one.
        NoPhone = "no_phone",
        /// Seen at home, since neither data nor reminders reached them.
        NotReached = "not_reached",
        /// The employer vouches.
        EmployerVouches = "employer_vouches",
        /// The community vouches.
        CommunityVouches = "community_vouches",
    }
}

impl Reason {
    /// Why somebody is seen at home.
    pub const AT_HOME: [Self; 5] = [Self::SeverelyIll, Self::Frail, Self::Disabled, Self::NoPhone, Self::NotReached];

    /// As a visitor says it.
    pub(crate) fn of_visit(why: VisitReason) -> Self {
        match why {
            VisitReason::SeverelyIll => Self::SeverelyIll,
            VisitReason::Frail => Self::Frail,
            VisitReason::Disabled => Self::Disabled,
            VisitReason::NoPhone => Self::NoPhone,
            VisitReason::NotReached => Self::NotReached,
        }
    }
}

impl Channel {
    /// What kind of evidence certifies by this way.
    pub fn evidence(self) -> EvidenceKind {
        match self {
            Self::AppSelf | Self::AppAssisted | Self::ECardLink | Self::WebPortal | Self::OfficePhone => {
                EvidenceKind::Face
            }
            Self::OfficeIdCard => EvidenceKind::IdCard,
            Self::VideoCall => EvidenceKind::Call,
            Self::AgencyByHand | Self::Community | Self::Employer | Self::PaperByMail | Self::AssistanceForm => {
                EvidenceKind::Paper
            }
            Self::HomeVisit => EvidenceKind::Visit,
            Self::SilentEvents | Self::RegisterMatch => EvidenceKind::Data,
        }
    }

    /// The reasons that may stand in place of evidence.
    pub fn reasons(self) -> &'static [Reason] {
        match self {
            Self::AgencyByHand | Self::OfficeIdCard => &[Reason::SeenInPerson],
            Self::HomeVisit => &Reason::AT_HOME,
            Self::Employer => &[Reason::EmployerVouches],
            Self::Community => &[Reason::CommunityVouches],
            _ => &[],
        }
    }

    /// Whether the person comes to a counter: whoever stands behind it both brings it and decides.
    pub fn is_at_counter(self) -> bool {
        matches!(self, Self::AgencyByHand | Self::OfficeIdCard)
    }

    /// Whether nothing but somebody's word stands for it, or a paper that somebody has seen: no machine looked, and nobody
    /// called.
    pub fn is_told_by_people(self) -> bool {
        matches!(self.evidence(), EvidenceKind::IdCard | EvidenceKind::Paper | EvidenceKind::Visit)
    }

    /// Whether face data are used, which needs a consent of its own.
    pub fn uses_face(self) -> bool {
        matches!(self.evidence(), EvidenceKind::Face)
    }

    /// Whether the person, or somebody for them, has to do something: false for comparisons of data.
    pub fn needs_the_person(self) -> bool {
        !matches!(self.evidence(), EvidenceKind::Data)
    }
}
