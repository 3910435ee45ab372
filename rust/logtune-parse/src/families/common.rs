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
    match decimal(text, 0) {
        (value, end) if end == text.len() => value,
        _ => None,
    }
}

/// Decimal number from `start` of `text` to the next slash or the end, and where it ends; see [`number`].
#[inline]
pub fn decimal(text: &str, start: usize) -> (Option<f64>, usize) {
    let (mut digits, mut point, mut end) = (0u64, None, start);
    for &byte in text.as_bytes().get(start..).unwrap_or_default() {
        match byte {
            b'0'..=b'9' => digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            b'.' if point.is_none() => point = Some(end),
            b'/' => break,
            _ => return (None, until(text, end, [b'/'])),
        }
        end += 1;
    }
    let whole = point.unwrap_or(end) - start;
    let fraction = point.map_or(0, |point| end - point - 1);
    let fits = (1..=18).contains(&whole) && fraction <= 18 && (fraction > 0 || point.is_none());
    let value = match fits {
        // one instruction makes a double of a signed number, and both parts of the division are exact, so its result is the nearest double
        true if whole + fraction <= 15 => Some(digits as i64 as f64 / TENS[fraction]),
        true => cut(text, start, end).parse().ok(),
        false => None,
    };
    (value, end)
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
    let (mut length, mut seen) = (0, 0);
    for &byte in text.as_bytes() {
        let letter = LETTERS[usize::from(byte)];
        if letter == 0 {
            break;
        }
        seen |= letter;
        length += 1;
    }
    if !(6..=100).contains(&length) || !has(text, length, b':') {
        return None;
    }
    let id = cut(text, 0, length);
    let known = seen & DIGIT != 0 || seen & NO_HEX == 0 || (length >= 11 && seen & VOWEL == 0);
    if !known && id != "NOQUEUE" {
        return None;
    }
    let end = length + 1 + usize::from(has(text, length + 1, b' '));
    Some((id, after(text, end)))
}

const DIGIT: u8 = 1;
const HEX: u8 = 2;
const NO_HEX: u8 = 4;
const VOWEL: u8 = 8;

/// What a byte is in a queue id; 0 for none. Only upper case is hexadecimal.
const LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let kind = match byte {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'F' => HEX,
            b'G'..=b'Z' | b'a'..=b'z' => NO_HEX,
            _ => 0,
        };
        let vowel = matches!(byte | 0x20, b'a' | b'e' | b'i' | b'o' | b'u') && kind != 0;
        letters[byte as usize] = if vowel { kind | VOWEL } else { kind };
        byte += 1;
    }
    letters
};

/// The other side of a connection as a line gives it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Peer<'t> {
    pub name: Option<&'t str>,
    pub addr: Option<&'t str>,
    pub port: Option<i32>,
}

/// `name[addr]:port` at the start of `text`, and where it ends. Handed over in memory, it would be waited for.
#[inline(always)]
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
    let bytes = shape.as_bytes();
    if let Some(open) = memchr::memrchr2(b'<', b'>', bytes).max(memchr::memrchr2(b'[', b']', bytes)) {
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
