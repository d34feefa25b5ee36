//! Days and months, as the agencies count them: in China, from midnight to midnight.

use std::fmt;

use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::clock::to_time;

/// A moment (milliseconds since 1970, UTC) as China's clocks show it.
pub fn china(millis: i64) -> OffsetDateTime {
    // Eight hours is within what an offset may be.
    to_time(millis).to_offset(UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC))
}

/// A day as a number, counted from 1970-01-01: how days are kept.
pub fn day_number(date: Date) -> i64 {
    i64::from(date.to_julian_day() - UNIX_EPOCH_JULIAN)
}

/// The day with this number; the last day there is if it has none.
pub fn numbered_day(number: i64) -> Date {
    let julian = number.checked_add(i64::from(UNIX_EPOCH_JULIAN)).and_then(|day| i32::try_from(day).ok());
    julian.and_then(|day| Date::from_julian_day(day).ok()).unwrap_or(Date::MAX)
}

/// The moment at which a day ends in China, in milliseconds since 1970, UTC.
pub fn end_of_day(date: Date) -> i64 {
    (day_number(date) + 1).saturating_mul(DAY_MS).saturating_sub(8 * 3_600_000)
}

const UNIX_EPOCH_JULIAN: i32 = 2_440_588;
const DAY_MS: i64 = 86_400_000;

/// A month of a year; what a pension is paid for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month of a day.
    pub fn of(date: Date) -> Self {
        Self(date.year() * 12 + i32::from(u8::from(date.month())) - 1)
    }

    /// From `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
        ((1..=12).contains(&month) && (1..=9_999).contains(&year)).then(|| Self(year * 12 + month - 1))
    }

    /// `months` later; earlier if negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Its place in the year, 1 to 12.
    pub fn number(self) -> u8 {
        u8::try_from(self.0.rem_euclid(12) + 1).unwrap_or(1)
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// Its first day.
    pub fn first(self) -> Date {
        let month = time::Month::try_from(self.number()).unwrap_or(time::Month::January);
        Date::from_calendar_date(self.year(), month, 1).unwrap_or(if self.0 < 0 { Date::MIN } else { Date::MAX })
    }

    /// Its last day.
    pub fn last(self) -> Date {
        days_after(self.plus(1).first(), -1)
    }

    /// From `self` up to, not including, `end`.
    pub fn until(self, end: Self) -> impl Iterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The same day `months` later; the month's last day if it has no such day.
pub fn months_after(date: Date, months: u8) -> Date {
    let month = Month::of(date).plus(i32::from(months));
    month.first().replace_day(date.day()).unwrap_or_else(|_| month.last())
}

/// Days until a letter has come, from the day on which it was given to be printed and sent.
pub const LETTER_DAYS: i64 = 5;

/// `days` later; earlier if negative. Stops at the ends of time.
pub fn days_after(date: Date, days: i64) -> Date {
    date.saturating_add(Duration::days(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::to_millis;
    use time::macros::{date, datetime};

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        assert_eq!(china(to_millis(datetime!(2026-11-20 15:59:59 UTC))).date(), date!(2026 - 11 - 20));
        assert_eq!(china(to_millis(datetime!(2026-11-20 16:00 UTC))).date(), date!(2026 - 11 - 21));
    }

    #[test]
    fn days_are_numbered_from_1970() {
        for (date, number) in
            [(date!(1970 - 01 - 01), 0), (date!(2026 - 11 - 22), 20_779), (date!(1931 - 02 - 28), -14_187)]
        {
            assert_eq!((day_number(date), numbered_day(number)), (number, date));
        }
        assert_eq!(numbered_day(i64::MAX), Date::MAX);
        assert_eq!(china(end_of_day(date!(2026 - 11 - 22)) - 1).date(), date!(2026 - 11 - 22));
        assert_eq!(china(end_of_day(date!(2026 - 11 - 22))).date(), date!(2026 - 11 - 23));
    }

    #[test]
    fn months_are_read_as_they_are_written() {
        let month = Month::of(date!(2026 - 11 - 22));
        assert_eq!(Month::parse(&month.to_string()), Some(month));
        for text in ["2026-13", "2026-0", "2026", "-1-1", "2026-1x", ""] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }

    #[test]
    fn months_have_their_days() {
        let month = Month::of(date!(2028 - 02 - 29));
        assert_eq!((month.first(), month.last()), (date!(2028 - 02 - 01), date!(2028 - 02 - 29)));
        assert_eq!(month.to_string(), "2028-02");
        assert_eq!(month.plus(-2).to_string(), "2027-12");
        assert_eq!(month.until(month.plus(3)).last(), Some(month.plus(2)));
        assert_eq!(month.until(month.plus(-3)).count(), 0);
    }

    #[test]
    fn a_day_that_a_month_lacks_is_its_last() {
        assert_eq!(months_after(date!(2028 - 02 - 29), 12), date!(2029 - 02 - 28));
        assert_eq!(months_after(date!(2026 - 08 - 31), 6), date!(2027 - 02 - 28));
        assert_eq!(months_after(date!(2026 - 11 - 30), 3), date!(2027 - 02 - 28));
        assert_eq!(months_after(date!(2026 - 12 - 15), 1), date!(2027 - 01 - 15));
        assert_eq!(days_after(Date::MAX, 40), Date::MAX);
    }
}
