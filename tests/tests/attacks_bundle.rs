//! Sealed bundles that must not be accepted, delivered to the real service: each is refused with the code that names its
//! fault. The attacker has the facts, the device and the form; what is changed is signed, sealed and committed as it should
//! be, unless that is the fault.

use anyhow::{Context as _, Result, ensure};
use ciborium::Value;
use ed25519_dalek::SigningKey;
use jianzai_tests::doctored::{Doctored, FRAMES, Recorded};
use jianzai_tests::people::{AT_HOME, Register};
use jianzai_tests::sealed::{Bundle, field, rows_mut, seal};
use jianzai_tests::service::Service;
use jianzai_wire::ReasonCode;
use sha2::{Digest as _, Sha256};

struct Stage {
    _folder: tempfile::TempDir,
    _service: Service,
    phone: Doctored,
}

impl Stage {
    async fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let register = Register::write(&folder.path().join("register"))?;
        let service = Service::start(&folder.path().join("service"), &register, &[])?;
        let phone = Doctored::activated(&service, &AT_HOME).await?;
        Ok(Self { _folder: folder, _service: service, phone })
    }

    /// The reasons for which a bundle is refused after `change`, which is committed to.
    async fn refused(&self, change: impl FnOnce(&mut Bundle) -> Result<()>) -> Result<Vec<ReasonCode>> {
        let mut recorded = self.phone.recorded().await?;
        change(&mut recorded.bundle)?;
        // No forgery is refused merely because it is longer than the attempt has lasted.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        self.phone.commit(&mut recorded).await?;
        self.phone.judged(recorded, &self.phone.device).await
    }

    /// The same, where `change` comes after the commit.
    async fn refused_after_commit(&self, change: impl FnOnce(&mut Bundle) -> Result<()>) -> Result<Vec<ReasonCode>> {
        let mut recorded = self.phone.recorded().await?;
        self.phone.commit(&mut recorded).await?;
        change(&mut recorded.bundle)?;
        self.phone.judged(recorded, &self.phone.device).await
    }

    /// The same, where the bytes are changed on the way.
    async fn refused_on_the_wire(&self, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<ReasonCode>> {
        let Recorded { attempt, plan_hash, bundle } = self.committed().await?;
        let mut sealed = seal(bundle.write(&self.phone.device)?, attempt.id, &plan_hash, &attempt.recipient)?;
        change(&mut sealed);
        self.phone.delivered(&attempt, sealed).await
    }

    async fn committed(&self) -> Result<Recorded> {
        let mut recorded = self.phone.recorded().await?;
        self.phone.commit(&mut recorded).await?;
        Ok(recorded)
    }
}

fn swap_units(bundle: &mut Bundle) -> Result<()> {
    bundle.units.swap(20, 21);
    let rows = rows_mut(&mut bundle.record)?;
    let length = |rows: &[Value], at: usize| rows[at].as_array().map(|row| row[1].clone()).context("a length");
    let (a, b) = (length(rows, 20)?, length(rows, 21)?);
    for (at, value) in [(20, b), (21, a)] {
        rows[at].as_array_mut().context("a row")?[1] = value;
    }
    Ok(())
}

fn set_time(bundle: &mut Bundle, frame: usize, ms: u64) -> Result<()> {
    rows_mut(&mut bundle.record)?[frame].as_array_mut().context("a row")?[0] = Value::from(ms);
    Ok(())
}

/// Puts another picture in the place of a crop, and tells record and frame table so.
fn replace_crop(bundle: &mut Bundle, jpeg: Vec<u8>) -> Result<()> {
    let digest = Sha256::digest(&jpeg);
    let crop = &mut field(&mut bundle.record, "crops")?.as_array_mut().context("crops")?[1];
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    *field(crop, "sha256")? = Value::Text(hex);
    let frame: usize = field(crop, "frame")?.as_integer().context("a frame")?.try_into()?;
    rows_mut(&mut bundle.record)?[frame].as_array_mut().context("a row")?[4] = Value::Bytes(digest.to_vec());
    field(&mut bundle.payload, "crops")?.as_array_mut().context("crops")?[1] = Value::Bytes(jpeg);
    Ok(())
}

/// A picture of somebody else, of the size of a crop.
fn somebody_else() -> Result<Vec<u8>> {
    let clip = jianzai_tests::places::footage("franck.mp4")?;
    let clip = jianzai_camera::actor::Recording::open(&clip, None, |number| number == 100)?;
    let mut jpeg = std::io::Cursor::new(Vec::new());
    clip.frame(100).context("a frame")?.write_to(&mut jpeg, image::ImageFormat::Jpeg)?;
    Ok(jpeg.into_inner())
}

#[tokio::test]
async fn on_the_wire() -> Result<()> {
    let stage = Stage::set().await?;
    let flipped = stage.refused_on_the_wire(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    assert_eq!(flipped.await?, [ReasonCode::EvidenceTampered]);
    let cut = stage.refused_on_the_wire(|bytes| bytes.truncate(bytes.len() - 1_000));
    assert_eq!(cut.await?, [ReasonCode::EvidenceTruncated]);
    let pieces = stage.refused_on_the_wire(|bytes| {
        let middle = bytes.len() / 2;
        bytes[200..].rotate_left(middle);
    });
    assert_eq!(pieces.await?, [ReasonCode::EvidenceTampered]);
    let newer = stage.refused_on_the_wire(|bytes| bytes[4] = 2);
    assert_eq!(newer.await?, [ReasonCode::EvidenceUnknownVersion]);
    let renamed = stage.refused_on_the_wire(|bytes| bytes[22] ^= 1);
    assert_eq!(renamed.await?, [ReasonCode::EvidenceWrongRecipient]);
    Ok(())
}

#[tokio::test]
async fn of_another_attempt_device_or_recipient_or_too_large() -> Result<()> {
    let stage = Stage::set().await?;
    let phone = &stage.phone;
    let (first, second) = (stage.committed().await?, stage.committed().await?);
    let Recorded { attempt, plan_hash, bundle } = first;
    let sealed = seal(bundle.write(&phone.device)?, attempt.id, &plan_hash, &attempt.recipient)?;
    assert_eq!(phone.delivered(&second.attempt, sealed).await?, [ReasonCode::EvidenceForeign]);

    let other = SigningKey::from_bytes(&[12; 32]);
    assert_eq!(phone.judged(stage.committed().await?, &other).await?, [ReasonCode::EvidenceBadSignature]);

    let mut recorded = stage.committed().await?;
    recorded.plan_hash.0[0] ^= 1;
    let reasons = phone.judged(recorded, &phone.device).await?;
    assert_eq!(reasons, [ReasonCode::EvidenceTampered], "sealed to another plan");

    let recorded = stage.committed().await?;
    let refused = phone.client.create_upload(&recorded.attempt.token, 1_000_001).await;
    ensure!(refused.is_err_and(|error| error.reason() == ReasonCode::UploadTooLarge), "a bundle of more than 1 MB");
    Ok(())
}

#[tokio::test]
async fn changed_after_the_commit() -> Result<()> {
    let stage = Stage::set().await?;
    let reordered = stage.refused_after_commit(swap_units).await?;
    assert_eq!(reordered, [ReasonCode::EvidenceReordered]);
    let changed = stage.refused_after_commit(|bundle| {
        let at = bundle.units[30].len() - 1;
        bundle.units[30][at] ^= 1;
        Ok(())
    });
    assert_eq!(changed.await?, [ReasonCode::EvidenceTampered]);
    let shortened = stage.refused_after_commit(|bundle| {
        bundle.units.pop();
        Ok(())
    });
    assert_eq!(shortened.await?, [ReasonCode::EvidenceTruncated]);
    let retold = stage.refused_after_commit(|bundle| {
        swap_units(bundle)?;
        bundle.retell_units()
    });
    assert_eq!(retold.await?, [ReasonCode::EvidenceNotAsCommitted]);
    let newer = stage.refused_after_commit(|bundle| {
        *field(&mut bundle.record, "app_version")? = Value::Text("9.9.9".into());
        Ok(())
    });
    assert_eq!(newer.await?, [ReasonCode::EvidenceNotAsCommitted]);
    Ok(())
}

#[tokio::test]
async fn committed_as_it_is_and_still_no_recording() -> Result<()> {
    let stage = Stage::set().await?;
    let back = stage.refused(|bundle| set_time(bundle, 30, 1_100)).await?;
    assert_eq!(back, [ReasonCode::EvidenceBadTimes]);
    let gap = stage.refused(|bundle| (40..FRAMES).try_for_each(|at| set_time(bundle, at, 2_600 + at as u64))).await?;
    assert_eq!(gap, [ReasonCode::EvidenceBadTimes]);
    let noise = stage.refused(|bundle| {
        bundle.units[30] = [&[0, 0, 0, 1, 0x41], [0x5a; 300].as_slice()].concat();
        bundle.retell_units()
    });
    assert_eq!(noise.await?, [ReasonCode::EvidenceUndecodable]);
    let crowded = stage.refused(|bundle| {
        let rows = rows_mut(&mut bundle.record)?;
        let last = rows.last().context("a row")?.clone();
        for extra in 1..=2_000 {
            let mut row = last.clone();
            row.as_array_mut().context("a row")?[0] = Value::from(2_180 + extra);
            rows.push(row);
            bundle.units.push(Vec::new());
        }
        bundle.retell_units()
    });
    assert_eq!(crowded.await?, [ReasonCode::EvidenceOversized]);
    let face = somebody_else()?;
    assert_eq!(stage.refused(|bundle| replace_crop(bundle, face)).await?, [ReasonCode::EvidenceCropMismatch]);
    Ok(())
}

/// The bundle that the others were made from passes every check of its form, and is refused for what it shows.
#[tokio::test]
async fn the_unchanged_one_is_judged_by_what_it_shows() -> Result<()> {
    let stage = Stage::set().await?;
    let reasons = stage.refused(|_| Ok(())).await?;
    // A fault of form is the only reason given; the judge, who looks at the face, has others.
    ensure!(reasons.iter().any(|reason| !reason.code().starts_with("evidence.")), "{reasons:?}");
    Ok(())
}
