//! `GET /v1/desk/reviews/{id}/evidence/{part}`: best photo, crops, recording and portrait, for the clerk who has the case.
//!
//! **In**: a case in the clerk's hands. **Out**: a JPEG or an MP4, made anew from the sealed evidence each time, kept
//! nowhere and not to be kept by anybody between. **What can go wrong**: the case is not in the clerk's hands
//! (`review.taken`); the evidence was deleted on its date (`desk.evidence_gone`), or is not what it must be: its own code.
//!
//! Each look is logged before anything is sent.

use std::io::Cursor;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use image::codecs::jpeg::JpegEncoder;
use image::{GenericImage as _, RgbImage};
use jianzai_evidence::{Opened, Picture};
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::cases::EvidencePart;
use tokio::time::Instant;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::access::What;
use super::case::{Found, Sought, found, read};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::chronicle::decisions::in_hand;
use crate::columns;
use crate::db::entity::beneficiary;
use crate::judging::by_clerk::{NotShown, opened};
use crate::problem::Refusal;
use crate::register::place;

/// Crops beside each other on the sheet.
const ACROSS: usize = 4;
const QUALITY: u8 = 92;

/// A part of the evidence of a case that one has in hand.
#[utoipa::path(get, path = "/v1/desk/reviews/{id}/evidence/{part}", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The case."), ("part" = EvidencePart, Path, description = "Which part.")),
    responses(
    (status = 200, content_type = "image/jpeg", description = "Photo, crops and portrait; the recording is `video/mp4`. \
        The look is logged."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`review.taken`: the case is not \
        in the clerk's hands; `review.decided`"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`desk.evidence_gone`"),
))]
pub(crate) async fn part(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path((id, part)): Path<(Uuid, EvidencePart)>,
) -> Result<Response, Refusal> {
    let (arrived, now) = (Instant::now(), app.clock.now());
    let tx = app.store.begin("see evidence").await?;
    let what = if part == EvidencePart::Portrait { What::Portrait } else { What::Evidence };
    let (tx, Found { row, kind, person }) = found(&app, tx, &signed_in, Sought { id, what, arrived, now }).await?;
    in_hand(&*tx, id, signed_in.account.id, now).await?;
    read(what, kind, &row).log(&tx, &signed_in, now).await?;
    tx.commit().await?;
    let (kind, bytes) = match part {
        EvidencePart::Portrait => portrait(&app, &person)?,
        _ => of_recording(&app, row.attempt_id.ok_or(ReasonCode::DeskEvidenceGone)?, part).await?,
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, bytes.to_vec()).into_response())
}

/// Content type and bytes.
type Shown = (&'static str, Zeroizing<Vec<u8>>);

fn portrait(app: &App, person: &beneficiary::Model) -> Result<Shown, Refusal> {
    let sealed = person.portrait.as_ref().ok_or(ReasonCode::DeskEvidenceGone)?;
    let bytes = columns::open(&app.keys, place("portrait", person.id), sealed);
    let bytes = bytes.map_err(|error| Refusal::internal(&error))?;
    let kind = image::guess_format(&bytes).map_or("application/octet-stream", |format| format.to_mime_type());
    Ok((kind, bytes))
}

async fn of_recording(app: &App, attempt: Uuid, part: EvidencePart) -> Result<Shown, Refusal> {
    let opened = opened(app, attempt).await?;
    let made = tokio::task::spawn_blocking(move || match part {
        EvidencePart::Clip => opened.mp4().map(|clip| ("video/mp4", Zeroizing::new(clip))).map_err(NotShown::from),
        _ => Ok(("image/jpeg", pictures(&opened, part).ok_or(NotShown::Gone)?)),
    });
    Ok(made.await.map_err(|error| Refusal::internal(&error))??)
}

/// The best photo, or every crop on one sheet, as JPEG.
fn pictures(opened: &Opened, part: EvidencePart) -> Option<Zeroizing<Vec<u8>>> {
    match part {
        EvidencePart::Photo => jpeg(&opened.best_photo().or(opened.crops().first())?.pixels),
        _ => jpeg(&sheet(opened.crops())?),
    }
}

/// The crops in rows, each in a field of the largest one's size.
fn sheet(crops: &[Picture]) -> Option<RgbImage> {
    let width = crops.iter().map(|crop| crop.pixels.width()).max()?;
    let height = crops.iter().map(|crop| crop.pixels.height()).max()?;
    let across = crops.len().min(ACROSS) as u32;
    let down = crops.len().div_ceil(ACROSS) as u32;
    let mut sheet = RgbImage::new(width * across, height * down);
    for (at, crop) in (0_u32..).zip(crops) {
        let (x, y) = (at % across * width, at / across * height);
        sheet.copy_from(&crop.pixels, x, y).ok()?;
    }
    Some(sheet)
}

fn jpeg(picture: &RgbImage) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(Cursor::new(&mut *bytes), QUALITY);
    picture.write_with_encoder(encoder).ok()?;
    Some(bytes)
}

impl From<NotShown> for Refusal {
    fn from(error: NotShown) -> Self {
        match error {
            NotShown::Gone => ReasonCode::DeskEvidenceGone.into(),
            NotShown::Evidence(error) => error.reason().into(),
            NotShown::Judging(error) => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use jianzai_wire::FrameTime;

    use super::*;

    #[test]
    fn every_crop_is_on_the_sheet() {
        let crop = |side, colour| {
            let pixels = RgbImage::from_pixel(side, side, Rgb([colour; 3]));
            Picture { frame: 0, at: FrameTime(0), region: [0; 4], pixels }
        };
        let crops: Vec<_> = (1..=6).map(|number| crop(8 + u32::from(number), number * 40)).collect();
        let sheet = sheet(&crops).unwrap();
        assert_eq!(sheet.dimensions(), (4 * 14, 2 * 14));
        for (at, crop) in (0_u32..).zip(&crops) {
            let seen = sheet.get_pixel(at % 4 * 14 + 3, at / 4 * 14 + 3);
            assert_eq!(seen, crop.pixels.get_pixel(0, 0), "{at}");
        }
        assert!(super::sheet(&[]).is_none());
    }
}
