//! `jianzai certify`.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jianzai_journey::person::TypedFacts;
use jianzai_journey::{
    CONSENT_VERSION, CameraChoice, Certification, DrawnCertificate, DrawnForm, JourneyEvent, LeasedRequest,
    RefusedAttempt, Request, Said, TakenPlan, consent_text,
};
use jianzai_wire::api::ConsentBy;
use jianzai_wire::{Action, Language, Limitation, Mode, PersonFacts, Secret};
use zeroize::Zeroizing;

use super::lease::session;
use super::talk::{self, Teller};
use super::{Ended, Place, runtime};

/// Longest file of facts that is read.
const LONGEST_FACTS: u64 = 64 * 1024;

#[derive(Args)]
pub(crate) struct Certify {
    /// Address of the service.
    #[arg(long, value_name = "URL", env = "JIANZAI_SERVER", required_unless_present = "lease")]
    server: Option<String>,
    /// TOML file with name, id_number, insured_place and residence, and perhaps a list `limitations` (cannot_open_mouth,
    /// cannot_turn_head, lying_down, one_eye, cannot_hear, cannot_see); `-` reads standard input.
    #[arg(long, value_name = "FILE|-", required_unless_present = "lease", conflicts_with = "lease")]
    person: Option<PathBuf>,
    /// Who holds the camera: the person (self) or someone else (assisted).
    #[arg(long, value_enum, required_unless_present = "lease", conflicts_with = "lease")]
    mode: Option<Who>,
    /// A plan that was taken along (`jianzai lease`): no network is needed until the person has been recorded.
    #[arg(long, value_name = "FILE", conflicts_with = "cannot")]
    lease: Option<PathBuf>,
    #[command(flatten)]
    camera: Camera,
    /// Decides the actor's delays; without it they are others each time.
    #[cfg(feature = "demo")]
    #[arg(long, value_name = "N", requires = "actor")]
    seed: Option<u64>,
    /// An action that the person cannot do; may be given several times.
    #[arg(long, value_enum, value_name = "ACTION")]
    cannot: Vec<Doing>,
    /// The person has read, or was asked aloud, the text on face data, and agreed. Without it the program asks.
    #[arg(long, value_parser = ["yes"], value_name = "yes")]
    consent: Option<String>,
    /// Appeal at once if it is refused: a clerk looks at it, and nothing is withheld meanwhile.
    #[arg(long)]
    appeal: bool,
    /// What the link carries that led here: from the electronic social-security card, or a text message.
    #[arg(long, value_name = "TOKEN", env = "JIANZAI_LINK", hide_env_values = true)]
    link: Option<String>,
    /// File with the token of one's own session at the desk, of whoever holds the phone at the office or at the door: the record
    /// will say who it was. `-` reads standard input.
    #[arg(long, value_name = "FILE|-", conflicts_with = "lease")]
    session: Option<PathBuf>,
    /// Where to write certificate.txt, certificate.png and certificate.pdf.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one event a line as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Camera {
    /// The machine's camera of this number.
    #[arg(long, value_name = "N")]
    camera: Option<u32>,
    /// A folder with a recorded person who follows instructions.
    #[cfg(feature = "demo")]
    #[arg(long, value_name = "DIR")]
    actor: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    #[value(name = "self")]
    OwnPhone,
    Assisted,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Doing {
    OpenMouth,
    TurnLeft,
    TurnRight,
    LookUp,
    LookDown,
}

impl Certify {
    pub(crate) fn run(self, language: Language) -> anyhow::Result<Ended> {
        let mode = match self.mode {
            Some(Who::OwnPhone) => Mode::OwnPhone,
            Some(Who::Assisted) | None => Mode::Assisted,
        };
        let from_input = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.as_os_str() == "-");
        if self.session.is_some() && mode == Mode::OwnPhone {
            bail!("--session is for whoever helps somebody: --mode assisted");
        }
        if from_input(&self.session) && from_input(&self.person) {
            bail!("--session and --person can't both read standard input");
        }
        let teller = Teller::new(language, mode, self.json);
        let typed = self.facts()?;
        let person = match typed.as_ref().map(TypedFacts::check).transpose() {
            Ok(person) => person,
            Err(bad) => {
                // The same words as in the form; nothing was sent.
                teller.remark(&format!("{}:", bad.field.name()), &format!("{}:", bad.field.name()))?;
                teller.tell(&JourneyEvent::Refused {
                    reasons: vec![Said::new(bad.reason, language)],
                    can_appeal: false,
                })?;
                return Ok(Ended::Refused);
            }
        };
        if !self.agreed(&teller, mode, language)? {
            let reason = jianzai_wire::ReasonCode::InputConsentMissing;
            teller.tell(&JourneyEvent::Refused { reasons: vec![Said::new(reason, language)], can_appeal: false })?;
            return Ok(Ended::Refused);
        }
        let limitations = typed.map(|typed| typed.limitations.clone()).unwrap_or_default();
        self.certify(person, limitations, mode, &teller, language)
    }

    fn certify(
        self,
        person: Option<PersonFacts>,
        limitations: Vec<Limitation>,
        mode: Mode,
        teller: &Teller,
        language: Language,
    ) -> anyhow::Result<Ended> {
        let taken = self.lease.as_deref().map(|path| TakenPlan::read(path).with_context(|| path.display().to_string()));
        let taken = taken.transpose()?;
        let server =
            taken.as_ref().map(|taken| &taken.server).or(self.server.as_ref()).context("no service was named")?;
        let session = self.session.as_deref().map(session).transpose()?;
        let journey = self.place.journey(server, language)?;
        let consent = match mode {
            Mode::OwnPhone => ConsentBy::Beneficiary,
            Mode::Assisted => ConsentBy::BeneficiarySpoken,
        };
        let camera = self.camera()?;
        let booth = Some(journey.warm(camera.clone()));
        let (say, said) = mpsc::channel();
        let tell = Box::new(move |event| {
            // Once this program has seen the end it listens no more.
            let _ = say.send(event);
        });
        let certification = match (taken, person) {
            (Some(TakenPlan { lease, taken_at, .. }), _) => {
                journey.certify_leased(LeasedRequest { lease, taken_at, consent, camera }, booth, tell)
            }
            (None, Some(person)) => {
                let cannot = self.cannot.iter().map(|doing| doing.action()).collect();
                let link = self.link.clone().map(Secret::new);
                let request = Request { person, mode, consent, cannot, limitations, camera, link, session };
                journey.certify(request, booth, tell)
            }
            (None, None) => bail!("neither facts nor a plan were given"),
        };
        self.follow(&certification, said, teller, language)?
            .context("the certification ended without an outcome")
            .inspect(|_| {
                certification.close();
            })
    }

    /// Tells what happens, up to the outcome.
    fn follow(
        &self,
        certification: &Certification,
        said: mpsc::Receiver<JourneyEvent>,
        teller: &Teller,
        language: Language,
    ) -> anyhow::Result<Option<Ended>> {
        for event in said {
            teller.tell(&event)?;
            if let JourneyEvent::Tell { id, .. } = event {
                // Nothing is spoken on a terminal: it is read at once.
                certification.prompt_ended(id);
            }
            if let (JourneyEvent::Certified { text, .. }, Some(out)) = (&event, &self.out) {
                write_certificate(out, text, certification.certificate().as_ref(), teller)?;
            }
            if let Some(ended) = talk::ended(&event) {
                if let (true, Some(refused)) = (self.appeal, certification.refused()) {
                    appeal(&refused, teller, language)?;
                }
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn camera(&self) -> anyhow::Result<CameraChoice> {
        #[cfg(feature = "demo")]
        if let Some(folder) = &self.camera.actor {
            return Ok(CameraChoice::Actor { folder: folder.clone(), seed: self.seed });
        }
        self.camera.camera.map(CameraChoice::Native).context("no camera was named")
    }

    /// What was typed; nothing where a plan says who it is.
    fn facts(&self) -> anyhow::Result<Option<TypedFacts>> {
        let Some(person) = &self.person else { return Ok(None) };
        let mut text = Zeroizing::new(String::new());
        if person.as_os_str() == "-" {
            io::stdin().take(LONGEST_FACTS).read_to_string(&mut text).context("standard input cannot be read")?;
        } else {
            let file = fs::File::open(person).with_context(|| person.display().to_string())?;
            file.take(LONGEST_FACTS).read_to_string(&mut text).with_context(|| person.display().to_string())?;
        }
        TypedFacts::from_toml(&text).map(Some).with_context(|| format!("the facts in {}", person.display()))
    }

    /// Whether the person agreed to the use of face data.
    fn agreed(&self, teller: &Teller, mode: Mode, language: Language) -> anyhow::Result<bool> {
        if self.consent.is_some() {
            return Ok(true);
        }
        if self.person.as_deref().is_some_and(|person| person.as_os_str() == "-") || self.json {
            bail!("consent cannot be asked for here: ask the person, and say so with --consent yes");
        }
        teller.line(consent_text(language))?;
        let question = match (language, mode) {
            (Language::Zh, Mode::OwnPhone) => "您同意吗？(同意请输入 y) ",
            (Language::Zh, Mode::Assisted) => "请读给老人听，并问：您同意吗？(同意请输入 y) ",
            (Language::En, Mode::OwnPhone) => "Do you agree? (y for yes) ",
            (Language::En, Mode::Assisted) => "Read this to the person and ask: do you agree? (y for yes) ",
        };
        let mut out = io::stdout();
        write!(out, "[{CONSENT_VERSION}] {question}")?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "同意" | "是"))
    }
}

impl Doing {
    pub(crate) fn action(self) -> Action {
        match self {
            Self::OpenMouth => Action::OpenMouth,
            Self::TurnLeft => Action::TurnLeft,
            Self::TurnRight => Action::TurnRight,
            Self::LookUp => Action::LookUp,
            Self::LookDown => Action::LookDown,
        }
    }
}

/// Appeals against a refusal, and says what came of it.
fn appeal(refused: &RefusedAttempt, teller: &Teller, language: Language) -> anyhow::Result<()> {
    match runtime()?.block_on(refused.appeal(None)) {
        Ok(appeal) => {
            let day = appeal.answer_by;
            let zh = format!("已申诉。工作人员会在 {day} 前答复，在这之前待遇不会停。");
            teller.remark(&zh, &format!("Appealed. There is an answer by {day}; nothing is withheld until then."))
        }
        Err(reason) => {
            let said = Said::new(reason, language);
            let words = format!("[{}] {} {}", said.code, said.sentence, said.next_step);
            teller.remark(&words, &words)
        }
    }
}

/// Writes the certificate into `out`: text, picture and sheet. The text is what counts; a picture that the service cannot
/// draw now is a remark, for whoever is certified stays so.
pub(crate) fn write_certificate(
    out: &Path,
    text: &str,
    drawn: Option<&DrawnCertificate>,
    teller: &Teller,
) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let write = |name: &str, content: &[u8]| {
        let path = out.join(name);
        fs::write(&path, content).with_context(|| path.display().to_string())?;
        teller.remark(&format!("  {}", path.display()), &format!("  {}", path.display()))
    };
    write("certificate.txt", format!("{text}\n").as_bytes())?;
    let Some(drawn) = drawn else { return Ok(()) };
    let runtime = runtime()?;
    for form in [DrawnForm::Png, DrawnForm::Pdf] {
        let name = form.file_name();
        match runtime.block_on(drawn.fetch(form)) {
            Ok(file) => write(name, &file)?,
            Err(error) => teller.remark(
                &format!("  {name} 没有取到（{error}）。认证已经成功，不受影响。"),
                &format!("  no {name} ({error}). The certification stands."),
            )?,
        }
    }
    Ok(())
}
