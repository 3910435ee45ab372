//! postscreen: tests before smtpd sees a client (`src/postscreen`).

use super::common::{number, signed};
use super::decisions;
use crate::records::{Notice, Record};
use crate::text::{Pattern, after, cut, find_by, group, has, is_space, some, until};

// The number counts only in DNSBL and PREGREET: "HANGUP after 0 from" gives seconds
pub static CLIENT: Pattern = Pattern::new(concat!(
    r"\A(?:DNSBL rank (-?[0-9]+) for |PREGREET ([0-9]+) after ~S+ from |",
    r"[A-Z][A-Za-z -]*?(?:after ~S+ )?(?:from |for )?)\[([^\]]*)\]:",
));
pub static STRESS: Pattern = Pattern::new(r"\A(?:entering|leaving) STRESS mode with ([0-9]+) connections");

/// Row of a postscreen line. `value` is the rank, the bytes sent too early, or the connections.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    if let Some((addr, value)) = plain(text).or_else(|| client(text)) {
        return Some(Notice { client_addr: addr, value, ..Notice::info("postscreen", text) }.into());
    }
    if let Some(found) = STRESS.captures(text) {
        let value = group(&found, 1).and_then(number);
        return Some(Notice { value, ..Notice::info("postscreen", text) }.into());
    }
    decisions::read(text, "postscreen").map(Record::from)
}

type Client<'t> = (Option<&'t str>, Option<f64>);

/// What the first bracket follows in nearly all lines: `CONNECT from [192.0.2.1]:48123`, `DNSBL rank 3 for [..]:1`,
/// `PREGREET 11 after 0.1 from [..]:1`, `HANGUP after 0 from [..]:1`.
fn plain(text: &str) -> Option<Client<'_>> {
    let open = until(text, 0, [b'[']);
    let value = before(cut(text, 0, open))?;
    let close = until(text, open, [b']']);
    has(text, close + 1, b':').then(|| (Some(cut(text, open + 1, close)), value.and_then(signed)))
}

/// The number that counts in what stands before the bracket; `None` where it is not plain.
fn before(words: &str) -> Option<Option<&str>> {
    if let Some(rank) = words.strip_prefix("DNSBL rank ") {
        return whole(rank.strip_suffix(" for ")?).map(Some);
    }
    if let Some(early) = words.strip_prefix("PREGREET ") {
        let (value, after) = early.split_once(" after ")?;
        return is_word(after.strip_suffix(" from ")?).then_some(()).and(whole(value)).map(Some);
    }
    let timed =
        words.strip_suffix(" from ").and_then(|words| Some((words, find_by(words, 0, " after ", 2)?)));
    let said = match timed {
        Some((words, at)) if is_word(after(words, at + 7)) => cut(words, 0, at),
        Some(_) => return None,
        None => words,
    };
    let plain = said.starts_with(|c: char| c.is_ascii_uppercase())
        && said.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ' || b == b'-')
        && find_by(said, 0, "after ", 1).is_none();
    plain.then_some(None)
}

/// `text` if it is a whole number without a sign.
fn whole(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.bytes().any(is_space)
}

fn client(text: &str) -> Option<Client<'_>> {
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) || !text.contains('[') {
        return None;
    }
    let found = CLIENT.captures(text)?;
    let value = group(&found, 1).or(group(&found, 2));
    Some((group(&found, 3), value.and_then(some).and_then(signed)))
}
