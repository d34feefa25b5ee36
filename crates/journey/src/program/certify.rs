//! `jianzai certify`.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jianzai_journey::person::TypedFacts;
use jianzai_journey::{
    CONSENT_VERSION, CameraChoice, DrawnCertificate, DrawnForm, JourneyEvent, Request, Said, consent_text,
};
use jianzai_wire::api::ConsentBy;
use jianzai_wire::{Action, Language, Limitation, Mode, PersonFacts};
use zeroize::Zeroizing;

use super::talk::{self, Teller};
use super::{Ended, Place, runtime};

/// Longest file of facts that is read.
const LONGEST_FACTS: u64 = 64 * 1024;

#[derive(Args)]
pub(crate) struct Certify {
    /// Address of the service.
    #[arg(long, value_name = "URL", env = "JIANZAI_SERVER")]
    server: String,
    /// TOML file with name, id_number, insured_place and residence, and perhaps a list `limitations` (cannot_open_mouth,
    /// cannot_turn_head, lying_down, one_eye, cannot_hear, cannot_see); `-` reads standard input.
    #[arg(long, value_name = "FILE|-")]
    person: PathBuf,
    /// Who holds the camera: the person (self) or someone else (assisted).
    #[arg(long, value_enum)]
    mode: Who,
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
enum Doing {
    OpenMouth,
    TurnLeft,
    TurnRight,
    LookUp,
    LookDown,
}

impl Certify {
    pub(crate) fn run(self, language: Language) -> anyhow::Result<Ended> {
        let mode = match self.mode {
            Who::OwnPhone => Mode::OwnPhone,
            Who::Assisted => Mode::Assisted,
        };
        let teller = Teller::new(language, mode, self.json);
        let typed = self.facts()?;
        let person = match typed.check() {
            Ok(person) => person,
            Err(bad) => {
                // The same words as in the form; nothing was sent.
                teller.remark(&format!("{}:", bad.field.name()), &format!("{}:", bad.field.name()))?;
                teller.tell(&JourneyEvent::Refused { reasons: vec![Said::new(bad.reason, language)] })?;
                return Ok(Ended::Refused);
            }
        };
        if !self.agreed(&teller, mode, language)? {
            let reason = jianzai_wire::ReasonCode::InputConsentMissing;
            teller.tell(&JourneyEvent::Refused { reasons: vec![Said::new(reason, language)] })?;
            return Ok(Ended::Refused);
        }
        self.certify(person, typed.limitations.clone(), mode, &teller, language)
    }

    fn certify(
        self,
        person: PersonFacts,
        limitations: Vec<Limitation>,
        mode: Mode,
        teller: &Teller,
        language: Language,
    ) -> anyhow::Result<Ended> {
        let journey = self.place.journey(&self.server, language)?;
        let consent = match mode {
            Mode::OwnPhone => ConsentBy::Beneficiary,
            Mode::Assisted => ConsentBy::BeneficiarySpoken,
        };
        let camera = self.camera()?;
        let booth = journey.warm(camera.clone());
        let cannot = self.cannot.iter().map(|d| d.action()).collect();
        let request = Request { person, mode, consent, cannot, limitations, camera };
        let (say, said) = mpsc::channel();
        let tell = Box::new(move |event| {
            // Once this program has seen the end it listens no more.
            let _ = say.send(event);
        });
        let certification = journey.certify(request, Some(booth), tell);
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
                certification.close();
                return Ok(ended);
            }
        }
        bail!("the certification ended without an outcome")
    }

    fn camera(&self) -> anyhow::Result<CameraChoice> {
        #[cfg(feature = "demo")]
        if let Some(folder) = &self.camera.actor {
            return Ok(CameraChoice::Actor { folder: folder.clone(), seed: self.seed });
        }
        self.camera.camera.map(CameraChoice::Native).context("no camera was named")
    }

    fn facts(&self) -> anyhow::Result<TypedFacts> {
        let mut text = Zeroizing::new(String::new());
        if self.person.as_os_str() == "-" {
            io::stdin().take(LONGEST_FACTS).read_to_string(&mut text).context("standard input cannot be read")?;
        } else {
            let file = fs::File::open(&self.person).with_context(|| self.person.display().to_string())?;
            file.take(LONGEST_FACTS).read_to_string(&mut text).with_context(|| self.person.display().to_string())?;
        }
        TypedFacts::from_toml(&text).with_context(|| format!("the facts in {}", self.person.display()))
    }

    /// Whether the person agreed to the use of face data.
    fn agreed(&self, teller: &Teller, mode: Mode, language: Language) -> anyhow::Result<bool> {
        if self.consent.is_some() {
            return Ok(true);
        }
        if self.person.as_os_str() == "-" || self.json {
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
    fn action(self) -> Action {
        match self {
            Self::OpenMouth => Action::OpenMouth,
            Self::TurnLeft => Action::TurnLeft,
            Self::TurnRight => Action::TurnRight,
            Self::LookUp => Action::LookUp,
            Self::LookDown => Action::LookDown,
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
