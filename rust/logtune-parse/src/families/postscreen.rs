//! postscreen: tests before smtpd sees a client (`src/postscreen`).

use super::common::{number, signed};
use super::decisions;
use crate::records::{Notice, Record};
use crate::text::{Pattern, cut, find_byte, group, has, some};

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

/// `CONNECT from [192.0.2.1]:48123`: only letters before the first bracket, which most lines have.
fn plain(text: &str) -> Option<Client<'_>> {
    let open = find_byte(text, 0, b'[')?;
    let words = cut(text, 0, open);
    if !words.starts_with(|c: char| c.is_ascii_uppercase())
        || !words.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ' || b == b'-')
        || words.contains("after ")
    {
        return None;
    }
    let close = find_byte(text, open, b']')?;
    has(text, close + 1, b':').then(|| (Some(cut(text, open + 1, close)), None))
}

fn client(text: &str) -> Option<Client<'_>> {
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) || !text.contains('[') {
        return None;
    }
    let found = CLIENT.captures(text)?;
    let value = group(&found, 1).or(group(&found, 2));
    Some((group(&found, 3), value.and_then(some).and_then(signed)))
}
