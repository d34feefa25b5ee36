//! One person after the other, each from the seed and their number alone.
//!
//! How every ID number occurs once without a list of those given: people are numbered in the order of their ages by a
//! [`Shuffle`], so that those born on the same day have numbers next to each other; and numbers next to each other are sent
//! to different pairs of division and sequence by a multiplication modulo the count of such pairs.

use std::collections::BTreeMap;

use jianzai_wire::{Division, IdNumber};
use time::{Date, Duration};

use super::draw::{Draw, Shuffle};
use super::{Options, names};

/// More than draw a pension anywhere.
pub(super) const MOST: u64 = 400_000_000;

/// Age in years and the share of people up to the next, in ten-thousandths.
const AGES: [(i64, u64); 12] = [
    (50, 650),
    (55, 1_250),
    (60, 2_000),
    (65, 2_000),
    (70, 1_600),
    (75, 1_150),
    (80, 750),
    (85, 400),
    (90, 155),
    (95, 35),
    (100, 10),
    (110, 0),
];
const SHARES: u64 = 10_000;
/// Men draw a pension from here.
const MEN_FROM: i64 = 60;
/// Sequence numbers are 002 to 999; two neighbours, one for each sex, belong to one place.
const SEQUENCES: u64 = 499;
/// Prime, and larger than there are pairs of division and sequence.
const SPREAD: u64 = 2_654_435_761;
/// To these people move, and are insured there.
const CITIES: [u32; 12] =
    [110000, 310000, 440100, 440300, 120000, 500000, 330100, 320100, 510100, 420100, 610100, 370200];
/// Codes below this are of the mainland.
const MAINLAND: u32 = 700_000;
const DAYS_IN_A_YEAR_TENTHOUSANDTHS: i64 = 3_652_425;

/// Somebody who doesn't exist.
pub(super) struct Person {
    /// Counts from 0.
    pub(super) number: u64,
    pub(super) seed: u64,
    pub(super) name: String,
    pub(super) id_number: IdNumber,
    pub(super) insured_place: Division,
    pub(super) residence: Division,
    /// With `;` between.
    pub(super) phones: String,
    /// Full years.
    pub(super) age: i64,
    /// The day of death, if it lies before "today". The register does not know it yet.
    pub(super) died: Option<Date>,
}

/// All of them.
pub(super) struct People {
    options: Options,
    by_age: Shuffle,
    homes: Vec<Home>,
    cities: Vec<Place>,
}

/// Where an ID number was given out, and where its owner may be insured and live today.
struct Home {
    code: Division,
    place: usize,
    province: u32,
}

/// An insured place and the counties in it.
struct Place {
    division: Division,
    counties: Vec<Division>,
}

impl People {
    /// `None` if there can't be so many.
    pub(super) fn new(options: Options) -> Option<Self> {
        if !(1..=MOST).contains(&options.people) {
            return None;
        }
        let mut counties = BTreeMap::<Division, Vec<Division>>::new();
        for county in Division::counties().filter(|county| county.is_current()) {
            counties.entry(county.parent().unwrap_or(county)).or_default().push(county);
        }
        let (mut places, mut homes): (Vec<Place>, _) = (Vec::new(), Vec::new());
        for code in Division::counties().filter(|code| code.code() < MAINLAND) {
            let Some(division) = insured_near(code) else { continue };
            // Counties of one place stand together.
            let place = match places.iter().rposition(|place| place.division == division) {
                Some(place) => place,
                None => {
                    let counties = counties.get(&division).cloned().unwrap_or_else(|| vec![division]);
                    places.push(Place { division, counties });
                    places.len() - 1
                }
            };
            homes.push(Home { code, place, province: code.code() / 10_000 });
        }
        let by_age = Shuffle::new(options.people, options.seed);
        Some(Self { options, by_age, homes, cities: places })
    }

    /// Makes each person and hands them to `then`.
    pub(super) fn each<E>(&self, mut then: impl FnMut(&Person) -> Result<(), E>) -> Result<(), E> {
        for number in 0..self.options.people {
            if let Some(person) = self.person(number) {
                then(&person)?;
            }
        }
        Ok(())
    }

    fn person(&self, number: u64) -> Option<Person> {
        let (seed, on) = (self.options.seed, self.options.on);
        let rank = self.by_age.at(number);
        let days = age_in_days(rank, self.options.people);
        let born = on.checked_sub(Duration::days(days))?;
        let age = days * 10_000 / DAYS_IN_A_YEAR_TENTHOUSANDTHS;
        let (home, sequences) = self.pair(rank);
        let home = self.homes.get(home)?;
        let mut draw = Draw::new(seed, number, 1);
        let female = age < MEN_FROM || draw.chance(530_000);
        let sequence = u16::try_from(sequences * 2 + 2 + u64::from(!female)).ok()?;
        let id_number = IdNumber::compose(home.code, born, sequence).ok()?;
        let place = self.insured(home, &mut draw)?;
        let residence = if draw.chance(930_000) { place } else { draw.one(&self.cities)? };
        Some(Person {
            number,
            seed,
            name: names::name(&mut draw, female, born.year(), home.province),
            id_number,
            insured_place: place.division,
            residence: *draw.one(&residence.counties).unwrap_or(&residence.division),
            phones: phones(&mut draw),
            age,
            died: died(&mut draw, age, on),
        })
    }

    /// The home of a rank, and which two sequence numbers are its own there. Neighbours never share both.
    fn pair(&self, rank: u64) -> (usize, u64) {
        let pairs = (self.homes.len() as u64 * SEQUENCES).max(1);
        let pair = (u128::from(rank) * u128::from(SPREAD) % u128::from(pairs)) as u64;
        (usize::try_from(pair / SEQUENCES).unwrap_or(0), pair % SEQUENCES)
    }

    /// Most are insured where they come from, some in a large city.
    fn insured(&self, home: &Home, draw: &mut Draw) -> Option<&Place> {
        let city = draw.one(&CITIES).copied().filter(|_| draw.chance(120_000));
        let moved = city.and_then(|code| self.cities.iter().find(|place| place.division.code() == code));
        moved.or_else(|| self.cities.get(home.place))
    }
}

/// The age of somebody by rank among so many, the youngest first: never falls as the rank grows.
fn age_in_days(rank: u64, people: u64) -> i64 {
    let at = u128::from(rank) * u128::from(SHARES);
    let mut before = 0;
    for pair in AGES.windows(2) {
        let [(from, share), (to, _)] = [pair[0], pair[1]];
        let below = u128::from(before) * u128::from(people);
        let width = u128::from(share) * u128::from(people);
        if at < below + width {
            let (first, last) = (in_days(from), in_days(to));
            let within = (at - below) * (last - first).unsigned_abs() as u128 / width;
            return first + i64::try_from(within).unwrap_or(0);
        }
        before += share;
    }
    in_days(MEN_FROM)
}

fn in_days(years: i64) -> i64 {
    // Rounded up, so that nobody is a day too young.
    (years * DAYS_IN_A_YEAR_TENTHOUSANDTHS + 9_999) / 10_000
}

/// The city that a county belongs to, or the county itself where a province governs it; for a code that was abolished, what
/// its digits say. Current.
fn insured_near(code: Division) -> Option<Division> {
    let prefecture = Division::from_code(code.code() / 100 * 100);
    let province = Division::from_code(code.code() / 10_000 * 10_000);
    let own = code.is_current().then_some(code);
    [prefecture, own, province].into_iter().flatten().find(|division| division.is_current())
}

/// Own and family's. No mobile network has numbers that begin with 120.
fn phones(draw: &mut Draw) -> String {
    let count = [0, 1, 1, 1, 1, 1, 2, 2, 2, 2][usize::try_from(draw.below(10)).unwrap_or(0)];
    let numbers: Vec<_> = (0..count).map(|_| format!("120{:08}", draw.below(100_000_000))).collect();
    numbers.join(";")
}

/// Deaths of the last two years: eight in a thousand a year at sixty, twice as many every seven years.
fn died(draw: &mut Draw, age: i64, on: Date) -> Option<Date> {
    let doubled = u32::try_from((age - 60).max(0) / 7).unwrap_or(0).min(5);
    let days = i64::try_from(draw.below(730)).unwrap_or(0) + 1;
    draw.chance(2 * (8_000 << doubled)).then(|| on.checked_sub(Duration::days(days)))?
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::date;

    use super::*;

    /// With more people than any country has, tens of thousands are born on one day.
    #[test]
    fn nobody_shares_a_number_with_somebody_born_on_the_same_day() {
        let people = People::new(Options { people: MOST, seed: 1, on: date!(2026 - 11 - 21) }).unwrap();
        // The shares below sixty end here; the first day above it follows.
        let first = MOST * (650 + 1_250) / SHARES;
        let day = (first..MOST).take_while(|rank| age_in_days(*rank, MOST) == in_days(60));
        let mut seen = BTreeSet::new();
        for rank in day {
            let (home, sequences) = people.pair(rank);
            assert!(home < people.homes.len() && sequences < SEQUENCES && seen.insert((home, sequences)), "{rank}");
        }
        assert!(seen.len() > 40_000, "{}", seen.len());
    }

    #[test]
    fn ages_never_fall_as_the_rank_grows() {
        for people in [1, 2, 7, 1_000, MOST] {
            let step = (people / 997).max(1);
            let ages: Vec<_> =
                (0..people).step_by(usize::try_from(step).unwrap()).map(|r| age_in_days(r, people)).collect();
            assert!(ages.is_sorted() && ages.iter().all(|age| (in_days(50)..=in_days(110)).contains(age)), "{people}");
        }
    }
}
