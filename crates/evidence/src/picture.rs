//! Pictures cut from frames: regions, scaling, JPEG, and whether a picture shows what the video shows.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ImageFormat, ImageReader, RgbImage};

use crate::error::{EvidenceError, RecordError};

/// Longest side of a crop in pixels.
pub(crate) const CROP_SIDE: u32 = 360;
/// Longest side of the best photo in pixels.
pub(crate) const PHOTO_SIDE: u32 = 440;
/// A crop's JPEG stays below this if quality [`LEAST_QUALITY`] allows.
pub(crate) const CROP_BYTES: usize = 13_000;
/// The same for the best photo.
pub(crate) const PHOTO_BYTES: usize = 24_000;
const BEST_QUALITY: u8 = 92;
const LEAST_QUALITY: u8 = 68;

/// Cuts `[x, y, width, height]` (which must lie in the frame) and scales it down to `side` if it is larger.
pub(crate) fn cut(frame: &RgbImage, [x, y, width, height]: [u32; 4], side: u32) -> RgbImage {
    let view = imageops::crop_imm(frame, x, y, width, height);
    let longest = width.max(height);
    if longest <= side {
        return view.to_image();
    }
    let scaled = |length: u32| (length * side / longest).max(1);
    imageops::resize(&*view, scaled(width), scaled(height), FilterType::Triangle)
}

/// JPEG of the best quality that fits into `budget`; where not even [`LEAST_QUALITY`] does, the picture is made smaller.
pub(crate) fn jpeg(picture: &RgbImage, budget: usize) -> Result<Vec<u8>, RecordError> {
    let mut quality = BEST_QUALITY;
    let mut smaller: Option<RgbImage> = None;
    loop {
        let picture = smaller.as_ref().unwrap_or(picture);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode_image(picture)
            .map_err(|error| RecordError::Jpeg(error.to_string()))?;
        let (width, height) = picture.dimensions();
        if bytes.len() <= budget || width.min(height) < 2 * GRID {
            return Ok(bytes);
        }
        if quality > LEAST_QUALITY {
            quality -= 6;
        } else {
            smaller = Some(imageops::resize(picture, width * 3 / 4, height * 3 / 4, FilterType::Triangle));
        }
    }
}

/// Decodes a JPEG of at most `side` pixels a side.
pub(crate) fn decode_jpeg(bytes: &[u8], side: u32) -> Result<RgbImage, EvidenceError> {
    let bad = || EvidenceError::Undecodable("a picture");
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(side);
    limits.max_image_height = Some(side);
    limits.max_alloc = Some(u64::from(side) * u64::from(side) * 16);
    reader.limits(limits);
    Ok(reader.decode().map_err(|_| bad())?.into_rgb8())
}

/// Side of the grid on which picture and video are compared, and of its tiles.
const GRID: u32 = 64;
const TILE: u32 = 8;
/// Least correlation over the whole picture.
const LEAST_CORRELATION: f64 = 0.95;
/// Largest root mean square difference of luma (0 to 255) in any tile.
const LARGEST_TILE_ERROR: f64 = 12.0;

/// How far a picture is from what the video shows of its region: correlation over the whole, and the error of the worst
/// tile, both on luma at reduced scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Likeness {
    /// 1 for the same picture.
    pub(crate) correlation: f64,
    /// 0 for the same picture.
    pub(crate) worst_tile: f64,
}

impl Likeness {
    /// Compares `picture` with `[x, y, width, height]` of a judged frame, of which `video` is the decoded frame at its own scale.
    pub(crate) fn of(picture: &RgbImage, video: &RgbImage, region: [u32; 4], frame_size: (u32, u32)) -> Self {
        let seen = luma_grid(&region_of(video, region, frame_size));
        let claimed = luma_grid(picture);
        Self { correlation: correlation(&claimed, &seen), worst_tile: worst_tile(&claimed, &seen) }
    }

    /// Whether the picture can be of that frame.
    pub(crate) fn same(self) -> bool {
        self.correlation >= LEAST_CORRELATION && self.worst_tile <= LARGEST_TILE_ERROR
    }
}

/// The region, given in pixels of the judged frame, cut from the video's frame, which may be smaller.
fn region_of(video: &RgbImage, [x, y, width, height]: [u32; 4], frame_size: (u32, u32)) -> RgbImage {
    let scale = |value: u32, from: u32, to: u32| {
        u32::try_from(u64::from(value) * u64::from(to) / u64::from(from.max(1))).unwrap_or(u32::MAX)
    };
    let (w, h) = video.dimensions();
    let (x, y) = (scale(x, frame_size.0, w), scale(y, frame_size.1, h));
    let (width, height) = (scale(width, frame_size.0, w), scale(height, frame_size.1, h));
    imageops::crop_imm(video, x, y, width, height).to_image()
}

fn luma_grid(picture: &RgbImage) -> Vec<f64> {
    let small = imageops::thumbnail(picture, GRID, GRID);
    small.pixels().map(|p| 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2])).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        both += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    // A flat picture correlates with nothing; one is added so that noise on it doesn't either.
    both / ((square_a + 1.0) * (square_b + 1.0)).sqrt()
}

fn worst_tile(a: &[f64], b: &[f64]) -> f64 {
    let side = (GRID / TILE) as usize;
    let mut squares = vec![0.0; side * side];
    for (place, (a, b)) in a.iter().zip(b).enumerate() {
        let (x, y) = (place % GRID as usize, place / GRID as usize);
        if let Some(sum) = squares.get_mut(y / TILE as usize * side + x / TILE as usize) {
            *sum += (a - b) * (a - b);
        }
    }
    squares.into_iter().fold(0.0, f64::max).sqrt() / f64::from(TILE)
}
