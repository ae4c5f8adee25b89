//! Time and fresh randomness, passed in so that tests can fix them.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

/// A moment in milliseconds since 1970 UTC; this is also how rows hold it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, as git and tokens want it.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// That many milliseconds later, or earlier if negative.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Reads `2024-01-31T12:00:00.000Z`: a date and a time to the second or finer, in UTC or with an offset such as `+02:00`.
    /// What is finer than a millisecond is left out.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't', ' '])?;
        let (time, offset_minutes) = match rest.strip_suffix(['Z', 'z']) {
            Some(time) => (time, 0),
            None => {
                let at = rest.rfind(['+', '-'])?;
                let (hours, minutes) = rest.get(at + 1..)?.split_once(':')?;
                let minutes = digits(hours, 2)? * 60 + digits(minutes, 2)?;
                (rest.get(..at)?, if rest.as_bytes()[at] == b'-' { -minutes } else { minutes })
            }
        };
        let (year, month_day) = date.split_once('-')?;
        let (month, day) = month_day.split_once('-')?;
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        let (hour, minute_second) = time.split_once(':')?;
        let (minute, second) = minute_second.split_once(':')?;
        let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
        if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let millis = digits(format!("{fraction:0<3}").get(..3)?, 3)?;
        let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
        let days = days_from_civil(year, month, day);
        if civil_from_days(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let minutes = days * 1440 + hour * 60 + minute - offset_minutes;
        Some(Self(minutes * 60_000 + second * 1000 + millis))
    }

    /// Days since 1970, the key of daily buckets.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }
}

/// Shows `2024-01-31T12:00:00.000Z`, the form that the clients parse.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, millis) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
        let (second, milli) = (millis / 1000 % 60, millis % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

/// Days since 1970 to year, month, day in the Gregorian calendar, counted in 400-year eras that begin on 1 March.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The days since 1970 of a date in the Gregorian calendar, the other way round.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let fits = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Where time comes from.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Where unguessable bytes come from.
pub trait Ids: Send + Sync + fmt::Debug + 'static {
    /// Fills `bytes` with fresh randomness fit for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A fresh positive number for a database key.
    fn next_key(&self) -> i64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        // 53 bits: exact in the doubles of every JSON reader.
        (i64::from_le_bytes(bytes) & ((1 << 53) - 1)).max(1)
    }

    /// Fresh hexadecimal text of twice `N` digits.
    fn hex<const N: usize>(&self) -> String
    where
        Self: Sized,
    {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        hex::encode(bytes)
    }
}

/// A clock that stands still until it is moved, for tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.millis()))
    }

    /// Moves the clock on.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_as_clients_parse_them() {
        let check = |millis, expect: &str| assert_eq!(Timestamp::from_millis(millis).to_string(), expect);
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_706_702_400_123, "2024-01-31T12:00:00.123Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(4_107_542_399_999, "2100-02-28T23:59:59.999Z");
        check(-1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn moments_are_read_as_they_are_shown_and_as_others_write_them() {
        for millis in [0, 1_706_702_400_123, 951_782_400_000, 4_107_542_399_999, -1, 253_402_300_799_999] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment), "{moment}");
        }
        let check = |text, millis| assert_eq!(Timestamp::parse(text), Some(Timestamp::from_millis(millis)), "{text}");
        check("2024-01-31T12:00:00Z", 1_706_702_400_000);
        check("2024-01-31T14:00:00.1239+02:00", 1_706_702_400_123);
        check("2024-01-31 12:00:00.5-00:30", 1_706_704_200_500);
        let wrong = ["", "2024-01-31", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-31T24:00:00Z"];
        for text in
            wrong.into_iter().chain(["2024-01-31T12:00:00", "2024-01-31T12:00:00.Z", "x", "2024-1-31T12:00:00Z"])
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
