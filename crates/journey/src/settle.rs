//! An item of the outbox brought to its end: delivered, judged, and the certificate checked before anyone is told of it.

use std::time::Duration;

use bytes::Bytes;
use jianzai_certificate::{CertificateError, Claims};
use jianzai_wire::{Language, ReasonCode, Secret};
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use crate::appeal::RefusedAttempt;
use crate::backoff::persist;
use crate::client::{Client, ClientError};
use crate::delivery::{DeliveryError, Outcome, deliver};
use crate::event::{JourneyEvent, Said};
use crate::outbox::{Header, Outbox};

/// How an attempt ended, checked.
#[derive(Debug, Clone)]
pub enum Settled {
    /// Certified.
    Certified {
        /// What the certificate says.
        claims: Box<Claims>,
        /// Its text, as in the QR code.
        text: String,
        /// Where to get it as picture and PDF.
        drawn: DrawnCertificate,
    },
    /// A person will look at it.
    Review(Vec<ReasonCode>),
    /// Not certified.
    Refused {
        /// Why.
        reasons: Vec<ReasonCode>,
        /// What can be appealed against.
        attempt: RefusedAttempt,
    },
}

/// Why an item is not settled; it stays in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// Not delivered or not judged yet.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// The service says "certified" and shows a certificate that is none.
    #[error("the certificate that was received is not valid: {0}")]
    Certificate(#[from] CertificateError),
}

impl Unsettled {
    /// The reason, as told to a person.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Delivery(error) => error.reason(),
            Self::Certificate(error) => error.reason(),
        }
    }
}

impl Settled {
    /// As told to whoever shows it.
    pub fn event(&self, language: Language) -> JourneyEvent {
        match self {
            Self::Certified { claims, text, .. } => JourneyEvent::Certified {
                serial: claims.serial.to_string(),
                valid_until: claims.valid_until.to_string(),
                masked_name: claims.masked_name.clone(),
                text: text.clone(),
            },
            Self::Review(reasons) => JourneyEvent::Review { reasons: Said::all(reasons, language) },
            Self::Refused { reasons, .. } => {
                JourneyEvent::Refused { reasons: Said::all(reasons, language), can_appeal: true }
            }
        }
    }
}

/// Brings `header`'s item to its end, within `patience`. The caller tells the person and then removes the item.
pub(crate) async fn settle(
    client: &Client,
    outbox: &Outbox,
    header: Header,
    patience: Duration,
    tell: &mut dyn FnMut(JourneyEvent),
) -> Result<Settled, Unsettled> {
    let deadline = Instant::now() + patience;
    let (attempt, token) = (header.attempt, header.token.clone());
    let text = match deliver(client, outbox, header, patience, tell).await? {
        Outcome::Certified { certificate } => certificate,
        Outcome::Review { reasons } => return Ok(Settled::Review(reasons)),
        Outcome::Refused { reasons } => {
            let attempt = RefusedAttempt { client: client.clone(), attempt, token };
            return Ok(Settled::Refused { reasons, attempt });
        }
    };
    let keys = persist(deadline, |_| {}, || client.keys()).await.map_err(DeliveryError::from)?;
    let now = OffsetDateTime::now_utc();
    let claims = match jianzai_certificate::verify(text.as_bytes(), &keys.certificate_keys, now) {
        Ok(claims) => Box::new(claims),
        // This machine's clock may be wrong by years; the certificate was issued a moment ago.
        Err(CertificateError::Expired(claims)) => claims,
        Err(error) => return Err(error.into()),
    };
    Ok(Settled::Certified { claims, text, drawn: DrawnCertificate { client: client.clone(), attempt, token } })
}

/// A certificate as picture and PDF, drawn by the service.
#[derive(Debug, Clone)]
pub struct DrawnCertificate {
    client: Client,
    attempt: Uuid,
    token: Secret,
}

impl DrawnCertificate {
    /// The attempt that led to it: names the certificate's files, and says nothing about the person.
    pub fn attempt(&self) -> Uuid {
        self.attempt
    }
}

/// The forms in which a certificate is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawnForm {
    /// A picture.
    Png,
    /// A sheet to print.
    Pdf,
}

impl DrawnForm {
    /// Name of its file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Png => "certificate.png",
            Self::Pdf => "certificate.pdf",
        }
    }
}

impl DrawnCertificate {
    /// Fetches the file.
    pub async fn fetch(&self, form: DrawnForm) -> Result<Bytes, ClientError> {
        let deadline = Instant::now() + Duration::from_secs(30);
        let (client, attempt, token) = (&self.client, self.attempt, &self.token);
        persist(deadline, |_| {}, || client.drawn_certificate(attempt, token, form.file_name())).await
    }
}
