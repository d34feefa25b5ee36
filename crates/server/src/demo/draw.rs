//! Chance that can be repeated: numbers that follow from a seed, a person and a purpose, on every machine and in every
//! release (which no library promises of its generators).

/// Odd, and with its bits well spread: the step of SplitMix64 (Steele, Lea, Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers.
pub(super) struct Draw(u64);

impl Draw {
    /// The stream of a purpose for a person.
    pub(super) fn new(seed: u64, person: u64, purpose: u64) -> Self {
        let mut draw = Self(seed);
        for part in [person, purpose] {
            draw = Self(draw.next() ^ part.wrapping_mul(STEP));
        }
        draw
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // The high half of a product: as even as 64 bits allow.
        u64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap_or(0)
    }

    /// True in so many of a million cases.
    pub(super) fn chance(&mut self, millionths: u64) -> bool {
        self.below(1_000_000) < millionths
    }

    /// One of several.
    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0))
    }

    /// A whole number with this mean, given in thousandths: the whole below or above it.
    pub(super) fn about(&mut self, thousandths: u64) -> u64 {
        thousandths / 1_000 + u64::from(self.below(1_000) < thousandths % 1_000)
    }
}

/// A permutation of the numbers below `end`: four rounds of a Feistel network over the next even power of two, walked until
/// it falls below `end`.
pub(super) struct Shuffle {
    end: u64,
    half_bits: u32,
    seed: u64,
}

impl Shuffle {
    pub(super) fn new(end: u64, seed: u64) -> Self {
        let bits = u64::BITS - end.saturating_sub(1).leading_zeros();
        Self { end, half_bits: bits.div_ceil(2).max(1), seed }
    }

    /// Where a number goes. It must lie below `end`.
    pub(super) fn at(&self, number: u64) -> u64 {
        let mut place = self.rounds(number);
        while place >= self.end {
            place = self.rounds(place);
        }
        place
    }

    fn rounds(&self, number: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for round in 0..4 {
            let mixed = Draw::new(self.seed, right, round).next() & mask;
            (left, right) = (right, left ^ mixed);
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Files made years apart must be the same.
    #[test]
    fn the_numbers_are_pinned() {
        let mut draw = Draw(0);
        assert_eq!(
            [draw.next(), draw.next()],
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4],
            "SplitMix64's own vectors"
        );
    }

    #[test]
    fn a_shuffle_leaves_nobody_out() {
        for end in [1, 2, 3, 100, 1_000, 1_025] {
            let shuffle = Shuffle::new(end, 7);
            let places: BTreeSet<_> = (0..end).map(|number| shuffle.at(number)).collect();
            assert_eq!(places.len() as u64, end);
            assert!(places.iter().all(|place| *place < end));
        }
        let moved = (0..1_000).filter(|number| Shuffle::new(1_000, 7).at(*number) != *number).count();
        assert!(moved > 900);
    }

    #[test]
    fn chance_is_fair_enough() {
        let mut draw = Draw::new(1, 2, 3);
        let hits = (0..100_000).filter(|_| draw.chance(250_000)).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
        assert_eq!((draw.below(0), draw.below(1)), (0, 0));
        let sum: u64 = (0..10_000).map(|_| draw.about(2_300)).sum();
        assert!((22_500..23_500).contains(&sum), "{sum}");
    }
}
