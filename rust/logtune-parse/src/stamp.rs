//! Time stamps: microseconds since 1970, of the wall clock as if UTC where the zone is not known.

use crate::text::{after, cut, has, run};

/// Stamps without a year are put here, because 29 February must exist.
const LEAP_YEAR: i64 = 1972;

/// What a stamp lacks: column `stamp`.
const COMPLETE: i8 = 0;
const NO_ZONE: i8 = 1;
const NO_YEAR: i8 = 2;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `ts` in microseconds since 1970; null where unreadable, `lacks` too.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Stamp {
    pub ts: Option<i64>,
    pub lacks: Option<i8>,
}

const UNREADABLE: Stamp = Stamp { ts: None, lacks: None };

/// The day of the last stamp like `Mar  2 06:12:00`: most lines are of the day of the line before.
#[derive(Default)]
pub struct Day {
    /// The day in the lower bytes.
    text: u64,
    /// Microseconds since 1970 of its midnight; `None` where the day does not exist.
    midnight: Option<i64>,
}

/// Length of `Mar  2 06:12:00`.
const CLASSIC: usize = 15;

impl Day {
    /// Stamp like `Mar  2 06:12:00` at the start of `line`, and its end. `None` may also be a stamp of another form.
    #[inline]
    pub fn stamp(&mut self, line: &str) -> Option<(Stamp, usize)> {
        let bytes: &[u8; CLASSIC] = line.as_bytes().first_chunk()?;
        let seconds = seconds(bytes.last_chunk()?)?;
        let day = u64::from_le_bytes(*bytes.first_chunk()?) & u64::MAX >> 8;
        if day != self.text {
            self.change(line, day)?;
        }
        let ts = self.midnight? + seconds * 1_000_000;
        Some((Stamp { ts: Some(ts), lacks: Some(NO_YEAR) }, CLASSIC))
    }

    #[cold]
    fn change(&mut self, line: &str, day: u64) -> Option<()> {
        let is_classic = line.starts_with(|c: char| c.is_ascii_uppercase()) && usual_end(line)? == CLASSIC;
        let ts = if is_classic { usual(cut(line, 0, CLASSIC)).ts? } else { return None };
        *self = Self { text: day, midnight: Some(ts - ts % DAY_LENGTH) };
        Some(())
    }
}

/// Microseconds of a day.
const DAY_LENGTH: i64 = 86_400_000_000;

/// Seconds since midnight of a clock like `06:12:00`.
#[inline]
fn seconds(clock: &[u8; 8]) -> Option<i64> {
    // digits become 0..=9 and colons 0: more carries into the upper four bits
    let word = u64::from_le_bytes(*clock) ^ u64::from_le_bytes(*b"00:00:00");
    let above = u64::from_le_bytes([6, 6, 15, 6, 6, 15, 6, 6]);
    if (word | word.wrapping_add(above)) & u64::from_le_bytes([0xf0; 8]) != 0 {
        return None;
    }
    let [h, hh, _, m, mm, _, s, ss] = word.to_le_bytes().map(i64::from);
    let (hour, minute, second) = (h * 10 + hh, m * 10 + mm, s * 10 + ss);
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
}

/// End of a stamp in one of the two usual forms at the start of `line`: `Mar  2 06:12:00` or ISO 8601.
#[inline]
pub fn usual_end(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    match bytes.first()? {
        b'A'..=b'Z' => {
            if !bytes.get(1)?.is_ascii_lowercase()
                || !bytes.get(2)?.is_ascii_lowercase()
                || *bytes.get(3)? != b' '
            {
                return None;
            }
            let day = if *bytes.get(4)? == b' ' { 5 } else { 4 };
            let digits = run(line, day, |b| b.is_ascii_digit());
            let clock = day + digits + 1;
            (matches!(digits, 1 | 2) && has(line, clock - 1, b' ') && is_clock(bytes, clock))
                .then_some(clock + 8)
        }
        b'0'..=b'9' => {
            if !is_date(bytes) || !matches!(bytes.get(10), Some(b'T' | b' ')) || !is_clock(bytes, 11) {
                return None;
            }
            let mut end = 19;
            if matches!(bytes.get(end), Some(b'.' | b',')) {
                let digits = run(line, end + 1, |b| b.is_ascii_digit());
                if !(1..=9).contains(&digits) {
                    return None;
                }
                end += 1 + digits;
            }
            Some(end + zone_length(line, end))
        }
        _ => None,
    }
}

/// Length of `Z`, `+01:00` or `+0100` at `at`; 0 where none stands there.
fn zone_length(line: &str, at: usize) -> usize {
    let bytes = line.as_bytes();
    match bytes.get(at) {
        Some(b'Z') => 1,
        Some(b'+' | b'-') => {
            let colon = usize::from(has(line, at + 3, b':'));
            let pair = |from| digits(bytes, from, 2).is_some();
            if pair(at + 1) && pair(at + 3 + colon) { 5 + colon } else { 0 }
        }
        _ => 0,
    }
}

#[inline]
fn is_clock(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..at + 8), Some([a, b, b':', c, d, b':', e, f])
        if [a, b, c, d, e, f].iter().all(|digit| digit.is_ascii_digit()))
}

#[inline]
fn is_date(bytes: &[u8]) -> bool {
    matches!(bytes.get(..10), Some([a, b, c, d, b'-', e, f, b'-', g, h])
        if [a, b, c, d, e, f, g, h].iter().all(|digit| digit.is_ascii_digit()))
}

/// Number of `count` digits at `at`.
#[inline]
fn digits(bytes: &[u8], at: usize, count: usize) -> Option<i64> {
    bytes
        .get(at..at + count)?
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Stamp of a text that [`usual_end`] found.
#[inline]
pub fn usual(text: &str) -> Stamp {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return iso(text);
    }
    let clock = text.len().saturating_sub(8);
    let day = cut(text, 4, clock).trim_matches(' ');
    let clock =
        [cut(text, clock, clock + 2), cut(text, clock + 3, clock + 5), cut(text, clock + 6, clock + 8)];
    moment(LEAP_YEAR, month(cut(text, 0, 3)), number(day), clock, "", NO_YEAR)
}

/// ISO 8601 as Python's `datetime.fromisoformat` reads it; a leap second counts as the second before. Any character may
/// stand between date and time.
pub fn iso(text: &str) -> Stamp {
    let bytes = text.as_bytes();
    let rest = after(text, 19);
    let two = |at| digits(bytes, at, 2).unwrap_or(99);
    let second = match two(17) {
        60 => 59,
        second => second,
    };
    let day = days(digits(bytes, 0, 4).unwrap_or(0), two(5), two(8));
    let (Some(day), true) = (day, two(11) < 24 && two(14) < 60 && second < 60) else {
        return UNREADABLE;
    };
    let (fraction, zone) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => {
            let length = run(rest, 0, |b| b.is_ascii_digit());
            (cut(rest, 0, length), after(rest, length))
        }
        None => ("", rest),
    };
    let wall = ((day * 24 + two(11)) * 60 + two(14)) * 60 + second;
    let micros = |seconds: i64| Some(seconds * 1_000_000 + micro(fraction));
    match zone {
        "" => Stamp { ts: micros(wall), lacks: Some(NO_ZONE) },
        _ => match offset(zone) {
            Some(offset) => Stamp { ts: micros(wall - offset), lacks: Some(COMPLETE) },
            None => UNREADABLE,
        },
    }
}

/// Seconds east of Greenwich; `None` where it is no zone, or a day or more.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let bytes = zone.as_bytes();
    let hours = digits(bytes, 1, 2)?;
    let minutes = match zone.len() {
        3 => 0,
        5 => digits(bytes, 3, 2)?,
        6 if has(zone, 3, b':') => digits(bytes, 4, 2)?,
        _ => return None,
    };
    let seconds = (hours * 60 + minutes) * 60;
    match bytes.first() {
        _ if seconds >= 86_400 => None,
        Some(b'+') => Some(seconds),
        Some(b'-') => Some(-seconds),
        _ => None,
    }
}

/// Stamp of the parts of a stamp with the name of a month.
pub fn classic(year: Option<&str>, name: &str, day: &str, clock: [&str; 3], fraction: &str) -> Stamp {
    let lacks = if year.is_some() { NO_ZONE } else { NO_YEAR };
    let known = name.get(..3).and_then(month);
    moment(year.map_or(LEAP_YEAR, number), known, number(day), clock, fraction, lacks)
}

fn month(name: &str) -> Option<i64> {
    let at = MONTHS.iter().position(|month| *month == name)?;
    i64::try_from(at + 1).ok()
}

fn moment(year: i64, month: Option<i64>, day: i64, clock: [&str; 3], fraction: &str, lacks: i8) -> Stamp {
    let [hour, minute, second] = clock.map(number);
    match month.and_then(|month| days(year, month, day)) {
        Some(day) if hour < 24 && minute < 60 => {
            let seconds = ((day * 24 + hour) * 60 + minute) * 60 + second.min(59);
            Stamp { ts: Some(seconds * 1_000_000 + micro(fraction)), lacks: Some(lacks) }
        }
        _ => UNREADABLE,
    }
}

/// Number of a few digits.
fn number(text: &str) -> i64 {
    digits(text.as_bytes(), 0, text.len()).unwrap_or(0)
}

/// Microseconds in a fraction of a second, whose further digits do not count.
fn micro(fraction: &str) -> i64 {
    fraction.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |sum, b| sum * 10 + i64::from(b - b'0'))
}

/// Days since 1970 of a date of the Gregorian calendar; `None` where it does not exist.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    const LENGTH: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month - 1).ok()?;
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let longer = i64::from(leap && month == 2);
    if !(1..=9999).contains(&year) || !(1..=LENGTH.get(index)? + longer).contains(&day) {
        return None;
    }
    let past = year - 1;
    let leap_days = past / 4 - past / 100 + past / 400 - 477; // 477 of them before 1970
    let passed = BEFORE.get(index)? + i64::from(leap && month > 2);
    Some((year - 1970) * 365 + leap_days + passed + day - 1)
}
