//! `jianzai outbox`.

use std::path::PathBuf;

use clap::Args;
use jianzai_journey::outbox::{Header, Outbox, Stage};
use jianzai_journey::{Journey, JourneyEvent, Said, SettleError, Settled};
use jianzai_wire::{Language, Mode};

use super::certify::write_certificate;
use super::talk::{self, Teller};
use super::{Ended, Place, runtime};

#[derive(Args)]
pub(crate) struct Waiting {
    /// Deliver what waits, and wait for the outcomes.
    #[arg(long)]
    deliver: bool,
    /// Where to write certificates: a folder for each, named by its attempt.
    #[arg(long, value_name = "DIR", requires = "deliver")]
    out: Option<PathBuf>,
    /// Print one item or event a line as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

impl Waiting {
    pub(crate) fn run(self, language: Language) -> anyhow::Result<Ended> {
        let teller = Teller::new(language, Mode::OwnPhone, self.json);
        let outbox = Outbox::open(&self.place.data)?;
        let waiting = outbox.waiting()?;
        if waiting.is_empty() {
            teller.remark("没有待送的认证。", "Nothing waits.")?;
        }
        let mut ended = Ended::Good;
        for header in waiting {
            self.list(&teller, &header, language)?;
            if self.deliver {
                let attempt = header.attempt;
                // One that cannot be settled keeps none behind it waiting.
                let settled = self.settle(&teller, &outbox, header, language).or_else(|error| {
                    teller.remark(&format!("{attempt}：{error:#}"), &format!("{attempt}: {error:#}"))?;
                    anyhow::Ok(Ended::Failed)
                })?;
                ended = worse(ended, settled);
            }
        }
        Ok(ended)
    }

    fn list(&self, teller: &Teller, header: &Header, language: Language) -> anyhow::Result<()> {
        if self.json {
            return teller.line(&serde_json::to_string(&serde_json::json!({
                "attempt": header.attempt,
                "server": header.server,
                "capturedAt": header.captured_at.format(&time::format_description::well_known::Rfc3339)?,
                "bytes": header.bytes,
                "stage": header.stage,
            }))?);
        }
        let stage = match (language, header.stage) {
            (Language::Zh, Stage::Uncommitted) => "待登记",
            (Language::Zh, Stage::Committed) => "待上传",
            (Language::Zh, Stage::Delivered) => "待审核",
            (Language::En, Stage::Uncommitted) => "to be committed",
            (Language::En, Stage::Committed) => "to be delivered",
            (Language::En, Stage::Delivered) => "being judged",
        };
        let here = time::UtcOffset::local_offset_at(header.captured_at).unwrap_or(time::UtcOffset::UTC);
        let minutes = time::macros::format_description!(
            "[year]-[month]-[day] [hour]:[minute] [offset_hour sign:mandatory]:[offset_minute]"
        );
        let captured = header.captured_at.to_offset(here).format(&minutes)?;
        teller.line(&format!(
            "{}  {captured}  {} KB  {stage}  {}",
            header.attempt,
            header.bytes.div_ceil(1024),
            header.server
        ))
    }

    fn settle(&self, teller: &Teller, outbox: &Outbox, header: Header, language: Language) -> anyhow::Result<Ended> {
        let attempt = header.attempt;
        let journey: Journey = self.place.journey(&header.server, language)?;
        let mut broken = None;
        let mut tell = |event: JourneyEvent| {
            if let Err(error) = teller.tell(&event) {
                broken.get_or_insert(error);
            }
        };
        let settled = runtime()?.block_on(journey.settle(outbox, header, &mut tell));
        if let Some(error) = broken {
            return Err(error);
        }
        let event = match &settled {
            Ok(settled) => settled.event(language),
            Err(SettleError::Unsettled(error)) => {
                JourneyEvent::Failed { reason: Said::new(error.reason(), language), can_retry: true }
            }
            Err(SettleError::Server(error)) => anyhow::bail!("{error}"),
        };
        teller.tell(&event)?;
        if let (Ok(Settled::Certified { text, drawn, .. }), Some(out)) = (&settled, &self.out) {
            write_certificate(&out.join(attempt.to_string()), text, Some(drawn), teller)?;
        }
        if settled.is_ok() {
            outbox.remove(attempt)?;
        }
        Ok(talk::ended(&event).unwrap_or(Ended::Failed))
    }
}

/// Of several outcomes the one to report: an error before a refusal before a review.
fn worse(one: Ended, other: Ended) -> Ended {
    let rank = |ended| match ended {
        Ended::Good => 0,
        Ended::InReview => 1,
        Ended::Refused => 2,
        Ended::Failed => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}
