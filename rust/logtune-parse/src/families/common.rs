//! What several families read the same way: clients, numbers, replies, shapes of reasons.

use crate::text::{after, cut, has, is_space, is_unicode_space, run, some, until, word_end};

/// Whole number in `text`; `None` where it is none, or larger than `limit`.
#[inline]
pub fn integer(text: &str, limit: i64) -> Option<i64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let mut value: u64 = 0; // 19 digits always fit
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    i64::try_from(value).ok().filter(|&value| value <= limit)
}

/// Whole number in `text` that fits the column type int32.
#[inline]
pub fn integer32(text: &str) -> Option<i32> {
    integer(text, i64::from(i32::MAX)).and_then(|value| i32::try_from(value).ok())
}

/// Powers of ten that a double holds exactly.
const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Decimal number in `text`: at most 18 digits before and after the point, no sign, no exponent.
#[inline]
pub fn number(text: &str) -> Option<f64> {
    let (mut digits, mut point) = (0u64, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let whole = point.unwrap_or(text.len());
    let fraction = text.len() - point.map_or(whole, |point| point + 1);
    if !(1..=18).contains(&whole) || fraction > 18 || (fraction == 0 && point.is_some()) {
        return None;
    }
    if whole + fraction > 15 {
        return text.parse().ok();
    }
    // both parts of the division are exact, so its result is the nearest double
    Some(digits as f64 / TENS[fraction])
}

/// As [`number`], with a minus sign.
pub fn signed(text: &str) -> Option<f64> {
    match text.strip_prefix('-') {
        Some(rest) => number(rest).map(|value| -value),
        None => number(text),
    }
}

/// Length of `QUEUE-ID: ` at the start of `text` and of the id alone.
///
/// Short ids are upper case hexadecimal, long ones have no vowels, others have a digit (`src/global/mail_queue.h`).
#[inline]
pub fn queue_id(text: &str) -> Option<(&str, &str)> {
    let length = word_end(text, 0, [b':']);
    if !(6..=100).contains(&length) || !has(text, length, b':') {
        return None;
    }
    let id = cut(text, 0, length);
    if !id.bytes().all(|b| b.is_ascii_alphanumeric()) || (id != "NOQUEUE" && !is_id(id.as_bytes())) {
        return None;
    }
    let end = length + 1 + usize::from(has(text, length + 1, b' '));
    Some((id, after(text, end)))
}

fn is_id(id: &[u8]) -> bool {
    id.iter().any(u8::is_ascii_digit)
        || id.iter().all(|b| matches!(b, b'A'..=b'F'))
        || (id.len() >= 11 && !id.iter().any(|b| b"AEIOUaeiou".contains(b)))
}

/// The other side of a connection as a line gives it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Peer<'t> {
    pub name: Option<&'t str>,
    pub addr: Option<&'t str>,
    pub port: Option<i32>,
}

/// `name[addr]:port` at the start of `text`, and where it ends.
#[inline]
pub fn peer_end(text: &str) -> Option<(Peer<'_>, usize)> {
    let name = word_end(text, 0, *b"[]");
    if !has(text, name, b'[') {
        return None;
    }
    let close = until(text, name + 1, [b']']);
    if close == text.len() {
        return None;
    }
    let mut peer =
        Peer { name: some(cut(text, 0, name)), addr: some(cut(text, name + 1, close)), port: None };
    let mut end = close + 1;
    if has(text, end, b':') {
        let length = run(text, end + 1, |b| !is_space(b) && !matches!(b, b':' | b',' | b';'));
        peer.port = integer32(cut(text, end + 1, end + 1 + length));
        end += 1 + length;
    }
    Some((peer, end))
}

/// `name[addr]:port` at the start of `text`; nobody where there is none.
#[inline]
pub fn peer(text: &str) -> Peer<'_> {
    peer_end(text).map(|(peer, _)| peer).unwrap_or_default()
}

/// Length of the address at the start of `text`: an optional quoted local part, then no quote and no bracket.
#[inline]
pub fn address_end(text: &str) -> usize {
    let start = quoted_end(text).unwrap_or(0);
    until(text, start, *b"\"<>")
}

/// End of the quoted string at the start of `text`.
fn quoted_end(text: &str) -> Option<usize> {
    if !has(text, 0, b'"') {
        return None;
    }
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// `text` without the angle brackets round it; a line that was cut lacks the closing one.
#[inline]
pub fn unangled(text: &str) -> &str {
    match text.strip_prefix('<') {
        Some(rest) => rest.strip_suffix('>').unwrap_or(rest),
        None => text,
    }
}

/// Whether `text` is an IP address as Postfix prints client addresses (no `IPv6:`, zone allowed).
pub fn is_address(text: &str) -> bool {
    is_ipv4(text) || is_ipv6(text)
}

fn is_ipv4(text: &str) -> bool {
    let mut parts = 0;
    for part in text.split('.') {
        parts += 1;
        if !(1..=3).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
    }
    parts == 4
}

fn is_ipv6(text: &str) -> bool {
    let length = run(text, 0, |b| b.is_ascii_hexdigit() || b == b':' || b == b'.');
    if !(2..=45).contains(&length) || text.bytes().filter(|&b| b == b':').count() < 2 {
        return false;
    }
    match after(text, length).strip_prefix('%') {
        Some(zone) => {
            (1..=32).contains(&zone.chars().take(33).count())
                && !zone.contains(|c| is_unicode_space(c) || c == ']')
        }
        None => length == text.len(),
    }
}

/// Writes `reason` with what stands in `[..]` and `<..>` taken out to `shape`: `[ip]` for an address, else `[]`; `<>`.
/// A bracket that a cut line left open is closed.
pub fn reason_shape(reason: &str, shape: &mut String) {
    shape.clear();
    let bytes = reason.as_bytes();
    let mut done = 0;
    let mut at = 0;
    while let Some(open) = memchr::memchr2(b'[', b'<', &bytes[at..]).map(|found| at + found) {
        let (first, second) = if bytes[open] == b'[' { (b'[', b']') } else { (b'<', b'>') };
        let close = memchr::memchr2(first, second, &bytes[open + 1..]).map(|found| open + 1 + found);
        at = open + 1;
        if let Some(close) = close.filter(|&close| bytes[close] == second) {
            shape.push_str(cut(reason, done, open));
            shape.push_str(match second {
                b'>' => "<>",
                _ if is_address(cut(reason, open + 1, close)) => "[ip]",
                _ => "[]",
            });
            done = close + 1;
            at = done;
        }
    }
    shape.push_str(after(reason, done));
    let last = shape.bytes().rposition(|b| matches!(b, b'<' | b'>' | b'[' | b']'));
    if let Some(open) = last {
        let closed = match shape.as_bytes()[open] {
            b'<' => "<>",
            b'[' => "[]",
            _ => return,
        };
        shape.truncate(open);
        shape.push_str(closed);
    }
}

/// Reply code, enhanced status code and the rest of `text`, which starts with them or not.
pub fn codes(text: &str) -> (Option<i16>, Option<&str>, &str) {
    let bytes = text.as_bytes();
    let mut code = None;
    let mut at = 0;
    if let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = bytes {
        if matches!(rest.first(), None | Some(b' ' | b'-')) {
            let digit = |byte: &u8| i16::from(byte - b'0');
            code = Some(digit(a) * 100 + digit(b) * 10 + digit(c));
            at = 3 + usize::from(!rest.is_empty());
        }
    }
    match dsn_end(text, at) {
        Some(end) => (code, Some(cut(text, at, end)), after(text, end + usize::from(end < text.len()))),
        None => (code, None, after(text, at)),
    }
}

/// End of `5.7.1` at `at` of `text`, where a space or the end follows.
fn dsn_end(text: &str, at: usize) -> Option<usize> {
    if !matches!(text.as_bytes().get(at), Some(b'2' | b'4' | b'5')) || !has(text, at + 1, b'.') {
        return None;
    }
    let middle = run(text, at + 2, |b| b.is_ascii_digit());
    let point = at + 2 + middle;
    let last = run(text, point + 1, |b| b.is_ascii_digit());
    let end = point + 1 + last;
    let fits = (1..=3).contains(&middle) && has(text, point, b'.') && (1..=3).contains(&last);
    (fits && (end == text.len() || has(text, end, b' '))).then_some(end)
}
