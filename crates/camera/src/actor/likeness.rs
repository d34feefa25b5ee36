use image::RgbImage;

/// A picture at half its size in shades of grey: what the pixel distance of two frames is measured on.
#[derive(Clone)]
pub struct HalfLuma {
    width: u32,
    luma: Vec<u8>,
}

impl HalfLuma {
    /// The mean of each 2x2 pixels; an odd row or column at the edge is left out.
    pub fn of(image: &RgbImage) -> Self {
        let (width, height) = (image.width() / 2, image.height() / 2);
        let luma = |x, y| {
            let [r, g, b] = image.get_pixel(x, y).0.map(u32::from);
            299 * r + 587 * g + 114 * b
        };
        let mut half = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (2 * x, 2 * y);
                let sum = luma(x, y) + luma(x + 1, y) + luma(x, y + 1) + luma(x + 1, y + 1);
                half.push(u8::try_from(sum / 4_000).unwrap_or(u8::MAX));
            }
        }
        Self { width, luma: half }
    }

    /// Mean absolute difference, 0 to 255: the `pixels` of [`Nearness`](super::Nearness). Pictures of different size are
    /// infinitely far apart.
    pub fn distance(&self, other: &Self) -> f32 {
        if self.width != other.width || self.luma.len() != other.luma.len() || self.luma.is_empty() {
            return f32::INFINITY;
        }
        let sum: u64 = self.luma.iter().zip(&other.luma).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f32 / self.luma.len() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_the_mean_difference_in_grey() {
        let grey = |level| HalfLuma::of(&RgbImage::from_pixel(10, 7, image::Rgb([level; 3])));
        assert_eq!(grey(100).distance(&grey(100)), 0.0);
        assert_eq!(grey(100).distance(&grey(130)), 30.0);
        let wider = HalfLuma::of(&RgbImage::new(12, 7));
        assert_eq!(grey(0).distance(&wider), f32::INFINITY);
    }
}
