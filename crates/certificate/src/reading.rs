//! Finds a certificate's bytes in what somebody has of it; and the codes of forms in a scan that came back.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use image::imageops::{FilterType, resize};
use image::{GrayImage, ImageFormat, ImageReader, Limits};

use crate::SignedCertificate;
use crate::signed::PREFIX;

/// So many pictures of a PDF are looked at: a scan has one a page.
const PICTURES: usize = 8;
/// Width and height of a picture that may be a page: not a thumbnail, and no more than A4 at 600 dots an inch.
const PAGE: RangeInclusive<u32> = 300..=7_100;
/// After so long no further picture of a PDF is looked at.
const TIME: Duration = Duration::from_secs(5);
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Text, COSE bytes, PNG or JPEG with the QR code, the PDF, or a scan of it as a PDF. `None` if there is nothing.
pub(crate) fn find(input: &[u8]) -> Option<Vec<u8>> {
    match input {
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => in_picture(input, &SignedCertificate::from_text).pop(),
        [b'%', b'P', b'D', b'F', ..] => in_pdf(input).or_else(|| in_scan(input, &SignedCertificate::from_text).pop()),
        [0xd2 | 0x84, ..] => Some(input.to_vec()),
        _ => SignedCertificate::from_text(std::str::from_utf8(input).ok()?),
    }
}

/// The PDF names the certificate in its metadata, which is not compressed.
fn in_pdf(pdf: &[u8]) -> Option<Vec<u8>> {
    let prefix = PREFIX.as_bytes();
    pdf.windows(prefix.len()).enumerate().filter(|(_, window)| *window == prefix).find_map(|(at, _)| {
        let rest = pdf.get(at + prefix.len()..)?;
        let end =
            rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))).unwrap_or(rest.len());
        SignedCertificate::from_text(std::str::from_utf8(pdf.get(at..at + prefix.len() + end)?).ok()?)
    })
}

/// The codes of forms ([`crate::MailedForm`]) that a scan shows, each once, as they are printed: PNG, JPEG, or a PDF with JPEG
/// pictures as scanners make it. None if there is none that can be read, or it is no picture.
pub fn form_codes(scan: &[u8]) -> BTreeSet<String> {
    let printed = |text: &str| is_form_code(text).then(|| text.to_owned());
    let found = if scan.starts_with(b"%PDF") { in_scan(scan, &printed) } else { in_picture(scan, &printed) };
    found.into_iter().collect()
}

/// In the JPEG pictures of a PDF, which lie in it as they are. Nothing of it is unpacked but these: a small file can't unfold into
/// gigabytes. Pictures of other kinds (black and white as in a facsimile) are not read.
fn in_scan<T>(pdf: &[u8], wanted: &dyn Fn(&str) -> Option<T>) -> Vec<T> {
    let begun = Instant::now();
    let begins = pdf.windows(JPEG.len()).enumerate().filter(|(_, window)| *window == JPEG).map(|(at, _)| at);
    let pictures = begins.take_while(|_| begun.elapsed() < TIME).filter_map(|at| pdf.get(at..));
    pictures.filter(|picture| is_page(picture)).take(PICTURES).flat_map(|picture| in_picture(picture, wanted)).collect()
}

fn is_page(picture: &[u8]) -> bool {
    let size = ImageReader::with_format(Cursor::new(picture), ImageFormat::Jpeg).into_dimensions();
    size.is_ok_and(|(width, height)| PAGE.contains(&width) && PAGE.contains(&height))
}

/// `ABCDE-FGHJK-LMNPQ-RSTUV`.
fn is_form_code(text: &str) -> bool {
    let groups = || text.split('-');
    let letters = |group: &str| group.len() == 5 && group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    groups().count() == 4 && groups().all(letters)
}

/// All that is found at the first size at which anything is.
fn in_picture<T>(file: &[u8], wanted: &dyn Fn(&str) -> Option<T>) -> Vec<T> {
    let Some(grey) = decoded(file) else { return Vec::new() };
    let found = in_pixels(&grey, wanted);
    if !found.is_empty() {
        return found;
    }
    // A small or soft code that is missed at one size is often found at another.
    let sizes = [3, 4, 6].map(|halves| (grey.width() * halves / 2, grey.height() * halves / 2));
    let mut found = sizes
        .into_iter()
        .filter(|(width, height)| width.max(height) <= &5_000)
        .map(|(width, height)| in_pixels(&resize(&grey, width, height, FilterType::CatmullRom), wanted));
    found.find(|found| !found.is_empty()).unwrap_or_default()
}

fn decoded(file: &[u8]) -> Option<GrayImage> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    // A photo of 50 megapixels passes; a small file that unfolds into gigabytes does not.
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(12_000), Some(12_000), Some(256 << 20));
    reader.limits(limits);
    Some(reader.decode().ok()?.into_luma8())
}

fn in_pixels<T>(grey: &GrayImage, wanted: &dyn Fn(&str) -> Option<T>) -> Vec<T> {
    let (Ok(width), Ok(height)) = (usize::try_from(grey.width()), usize::try_from(grey.height())) else {
        return Vec::new();
    };
    let pixels = grey.as_raw();
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        pixels.get(y * width + x).copied().unwrap_or(255)
    });
    let found = picture.detect_grids();
    found.iter().filter_map(|grid| grid.decode().ok()).filter_map(|(_, text)| wanted(&text)).collect()
}
