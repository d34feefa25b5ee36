//! An appeal against a refusal, in one call.
//!
//! **In**: the attempt that the service refused, for as long as it is on the screen, and words if the person wants to say
//! any. **Out**: the day by which somebody answers. **What can go wrong**: nobody answers for a while, or the service refuses
//! with its reason; nothing was lost then, and the same appeal again is the same.

use std::time::Duration;

use jianzai_wire::api::{Appeal, AppealRequest};
use jianzai_wire::{ReasonCode, Secret};
use tokio::time::Instant;
use uuid::Uuid;

use crate::backoff::persist;
use crate::client::Client;

/// How long to try: the person is waiting.
const PATIENCE: Duration = Duration::from_secs(20);

/// An attempt that was refused, and can be appealed against.
#[derive(Debug, Clone)]
pub struct RefusedAttempt {
    pub(crate) client: Client,
    pub(crate) attempt: Uuid,
    pub(crate) token: Secret,
}

impl RefusedAttempt {
    /// Appeals.
    ///
    /// # Errors
    /// The reason, as told to a person.
    pub async fn appeal(&self, statement: Option<Secret>) -> Result<Appeal, ReasonCode> {
        let request = AppealRequest { statement };
        let call = || self.client.appeal(self.attempt, &self.token, &request);
        persist(Instant::now() + PATIENCE, |_| {}, call).await.map_err(|error| error.reason())
    }
}
