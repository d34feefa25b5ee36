//! What lies behind the protocol: single use, a time within which, resumable upload as an independent client does it, and
//! judgement that takes nobody's word.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jianzai_server::clock::ShiftedClock;
use jianzai_server::config::Config;
use jianzai_tests::claims::Claimant;
use jianzai_tests::people::{AT_HOME, Register};
use jianzai_tests::places;
use jianzai_tests::service::Service;
use jianzai_wire::api::{Attempt, AttemptState, StepRequest};
use jianzai_wire::{Bytes32, Language, ReasonCode};

struct Stage {
    _folder: tempfile::TempDir,
    service: Service,
    phone: Claimant,
}

impl Stage {
    fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let register = Register::write(&folder.path().join("register"))?;
        let service = Service::start(&folder.path().join("service"), &register, &[])?;
        let phone = Claimant::new(&service, &AT_HOME)?;
        Ok(Self { _folder: folder, service, phone })
    }

    async fn outcome(&self, attempt: &Attempt) -> Result<AttemptState> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match self.phone.client.state(attempt.id, &attempt.token).await? {
                AttemptState::Accepted if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(100)).await
                }
                state => return Ok(state),
            }
        }
    }
}

#[tokio::test]
async fn a_plan_is_used_once() -> Result<()> {
    let stage = Stage::set()?;
    let attempt = stage.phone.committed().await?;
    let again = stage.phone.commit(&attempt, 1).await.context("the same commitment again has the same receipt")?;
    ensure!(again == stage.phone.commit(&attempt, 1).await?);
    let other = stage.phone.commit(&attempt, 2).await;
    ensure!(other.is_err_and(|error| error.reason() == ReasonCode::AttemptUsed), "another capture under a used plan");
    Ok(())
}

/// The service runs in this process, because its clock has to be put forward.
#[tokio::test]
async fn a_plan_expires_and_a_late_commitment_comes_to_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let register = Register::write(&folder.path().join("register"))?;
    let mut config = Config::new(folder.path().join("service"));
    config.models = places::models();
    let clock = Arc::new(ShiftedClock::default());
    jianzai_server::import::import(&config, &*clock, register.csv(), Language::En).await?;
    let running = jianzai_server::serve(config, clock.clone()).await?;
    let phone = Claimant::at(&format!("http://{}", running.address()), &AT_HOME)?;
    let (begun, complete) = (phone.attempt().await?, phone.attempt().await?);
    phone.claim_all(&complete).await?;
    clock.advance(Duration::from_mins(6));
    let step = StepRequest { ended: None, frames: 0, chain_head: Bytes32([0; 32]) };
    let expired = phone.client.step(begun.id, &begun.token, &step).await;
    ensure!(expired.is_err_and(|error| error.reason() == ReasonCode::AttemptExpired), "a step of an expired plan");
    let late = phone.commit(&complete, 1).await;
    ensure!(
        late.is_err_and(|error| error.reason() == ReasonCode::AttemptCommitLate),
        "a commitment that comes too late"
    );
    phone.attempt().await.context("another attempt may begin at once")?;
    running.stop().await;
    Ok(())
}

#[tokio::test]
async fn attempts_do_not_cancel_one_another() -> Result<()> {
    let stage = Stage::set()?;
    let first = stage.phone.attempt().await?;
    let second = stage.phone.attempt().await?;
    stage.phone.claim_all(&first).await?;
    stage.phone.claim_all(&second).await?;
    stage.phone.commit(&second, 1).await?;
    stage.phone.commit(&first, 1).await.context("the first still stands")?;
    Ok(())
}

#[tokio::test]
async fn tus_js_client_uploads_and_resumes_and_claims_alone_certify_nobody() -> Result<()> {
    let stage = Stage::set()?;
    let attempt = stage.phone.committed().await?;
    let output = tokio::process::Command::new("node")
        .arg(places::workspace().join("tests/tus/upload.mjs"))
        .arg(places::workspace().join("ui"))
        .arg(format!("{}/v1/uploads", stage.service.url()))
        .arg(attempt.token.expose())
        .arg("700000")
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let state = stage.outcome(&attempt).await?;
    let AttemptState::Refused { reasons } = state else { anyhow::bail!("claims without evidence ended as {state:?}") };
    ensure!(reasons.iter().all(|reason| reason.code().starts_with("evidence.")), "{reasons:?}");
    Ok(())
}
