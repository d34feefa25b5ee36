use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jianzai_wire::Language;
use time::OffsetDateTime;
use tokio::time::sleep;
use uuid::Uuid;

use crate::booth::{Booth, CameraChoice, Engine};
use crate::certification::{Certification, EventSink, Request, Whom};
use crate::client::{BadServerUrl, Client};
use crate::event::JourneyEvent;
use crate::kept;
use crate::leased::LeasedRequest;
use crate::outbox::{Header, Outbox, OutboxError};
use crate::settle::{Settled, Unsettled, settle};

/// How long one item is tried before the next has its turn: enough for a bundle over a very slow line, which goes on from
/// where it stopped in the next round.
const ROUND: Duration = Duration::from_mins(3);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(20);
/// What this run of the program saved is left to whoever waits for it before the screen for so long.
const WATCHED: Duration = Duration::from_mins(3);

/// What an installation knows.
#[derive(Debug, Clone)]
pub struct JourneyConfig {
    /// Address of the service.
    pub server: String,
    /// The app's own folder: device key and outbox.
    pub data: PathBuf,
    /// The folder with `MODELS.toml`.
    pub models: PathBuf,
    /// Language of reasons.
    pub language: Language,
    /// How long to try to deliver and wait for the outcome, before the item is left for another day.
    pub patience: Duration,
}

/// An installation, ready to certify. Clones are the same one.
#[derive(Clone)]
pub struct Journey {
    config: Arc<JourneyConfig>,
    client: Client,
    engine: Engine,
}

impl Journey {
    /// Prepares; nothing is opened yet.
    pub fn new(config: JourneyConfig) -> Result<Self, BadServerUrl> {
        let client = Client::new(&config.server, config.language)?;
        Ok(Self { config: Arc::new(config), client, engine: Arc::new(OnceLock::new()) })
    }

    /// Begins to open a camera, before it is needed.
    pub fn warm(&self, choice: CameraChoice) -> Arc<Booth> {
        Arc::new(Booth::warm(choice, self.config.models.clone(), &self.engine))
    }

    /// Starts a certification. `booth` is a camera opened beforehand, if there is one.
    pub fn certify(&self, request: Request, booth: Option<Arc<Booth>>, tell: EventSink) -> Certification {
        Certification::start(self, Whom::Facts(request), booth, tell)
    }

    /// Carries out a plan that was taken along; without network it is saved, and brought back another day.
    pub fn certify_leased(&self, request: LeasedRequest, booth: Option<Arc<Booth>>, tell: EventSink) -> Certification {
        Certification::start(self, Whom::Leased(request), booth, tell)
    }

    /// Takes up what a former run of the app saved, and tells how it ends.
    pub fn resume(&self, saved: Header, tell: EventSink) -> Certification {
        Certification::resume(self, saved, tell)
    }

    /// Delivers, in the background and as long as the program runs, what former runs of the app left and what nobody waits
    /// for any more. The items stay, so that the person can still be told how they ended ([`Journey::resume`]).
    pub fn deliver_in_background(&self) {
        let journey = self.clone();
        let run = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                if let Err(error) = runtime.block_on(journey.deliver_in_rounds()) {
                    tracing::warn!(%error, "the outbox cannot be looked through");
                }
            }
            Err(error) => tracing::warn!(%error, "no delivery without a runtime"),
        };
        if let Err(error) = std::thread::Builder::new().name("outbox".to_owned()).spawn(run) {
            tracing::warn!(%error, "no thread for the outbox");
        }
    }

    /// Tries each item for a while, then the next, round after round: one whose service is gone, or that is long in judging,
    /// holds up no other.
    async fn deliver_in_rounds(&self) -> Result<(), OutboxError> {
        let outbox = self.outbox()?;
        kept::forget_old(&self.config.data);
        let started = OffsetDateTime::now_utc();
        let mut settled = HashSet::new();
        loop {
            for header in outbox.waiting()? {
                let attempt = header.attempt;
                let watched = header.captured_at >= started && OffsetDateTime::now_utc() < header.captured_at + WATCHED;
                if watched || settled.contains(&attempt) {
                    continue;
                }
                match self.settle_within(ROUND, &outbox, header, &mut |_| {}).await {
                    Ok(_) => drop(settled.insert(attempt)),
                    Err(error) => tracing::info!(%attempt, %error, "still waits"),
                }
            }
            sleep(BETWEEN_ROUNDS).await;
        }
    }

    /// The person has saved the certificate of an attempt where they look for what they saved.
    pub fn certificate_is_saved(&self, attempt: Uuid) {
        kept::forget(&self.config.data, attempt);
    }

    /// The same installation, speaking `language`.
    pub fn speaking(&self, language: Language) -> Self {
        let config = JourneyConfig { language, ..(*self.config).clone() };
        Self { config: Arc::new(config), client: self.client.speaking(language), engine: Arc::clone(&self.engine) }
    }

    /// The outbox.
    pub fn outbox(&self) -> Result<Outbox, OutboxError> {
        Outbox::open(&self.config.data)
    }

    /// The service.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What was configured.
    pub fn config(&self) -> &JourneyConfig {
        &self.config
    }

    /// Brings an item of the outbox to its end, with the service it was made for.
    pub async fn settle(
        &self,
        outbox: &Outbox,
        header: Header,
        tell: &mut dyn FnMut(JourneyEvent),
    ) -> Result<Settled, SettleError> {
        self.settle_within(self.config.patience, outbox, header, tell).await
    }

    async fn settle_within(
        &self,
        patience: Duration,
        outbox: &Outbox,
        header: Header,
        tell: &mut dyn FnMut(JourneyEvent),
    ) -> Result<Settled, SettleError> {
        let client = Client::new(&header.server, self.config.language)?;
        Ok(settle(&client, outbox, header, patience, tell).await?)
    }
}

/// Why an item of the outbox was not settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Its service has no usable address.
    #[error(transparent)]
    Server(#[from] BadServerUrl),
    /// Not yet.
    #[error(transparent)]
    Unsettled(#[from] Unsettled),
}
