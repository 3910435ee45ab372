//! Delivery attempts: one line per recipient, from every delivery agent (`src/global/log_adhoc.c`).
//!
//! Attributes are read by key: `orig_to`, `conn_use`, `delays`, `tls` (3.11) and `dsn` come and go.

use super::Put;
use super::common::{Peer, address_end, decimal, integer32, number, peer};
use crate::records::{Delivery, Record, Row};
use crate::text::{
    Needle, after, cut, find, find_byte, has, is_space, is_unicode_space, run, some, until, word_end,
};
use memchr::memmem::Finder;
use std::borrow::Cow;

static STATUS: Needle = Needle::new(|| Finder::new("status="));
static QUEUED_AS: Needle = Needle::new(|| Finder::new("ed as "));

/// Lends the row of a delivery line without its queue id.
pub fn lend(text: &str, _queue_id: Option<&str>, put: &mut Put<'_>) -> bool {
    let mut row = Delivery::default();
    let known = fill(text, &mut row).is_some();
    if known {
        put(Row::from(&row));
    }
    known
}

/// Row of a delivery line without its queue id.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    let mut row = Delivery::default();
    fill(text, &mut row)?;
    Some(row.into())
}

/// Fills in `row`, which is empty; `None` where `text` is no delivery.
fn fill<'t>(text: &'t str, row: &mut Delivery<'t>) -> Option<()> {
    let (recipient, rest) = address(text.strip_prefix("to=")?)?;
    let (original, rest) = match rest.strip_prefix("orig_to=").and_then(address) {
        Some((original, rest)) => (Some(original), rest),
        None => (None, rest),
    };
    (row.recipient, row.orig_recipient) = (recipient, original);
    let rest = match plain_attributes(rest, row) {
        Some(rest) => rest,
        None => {
            let at = find(rest, 0, &STATUS)?;
            *row = Delivery { recipient, orig_recipient: original, ..Delivery::default() };
            attributes(cut(rest, 0, at), row);
            after(rest, at + 7)
        }
    };
    (row.status, row.reason) = status(rest)?;
    row.queued_as = row.reason.and_then(queued_as);
    Some(())
}

/// Fills in `KEY=VALUE, ` pairs with keys that are known and no equal sign in a value, and gives what follows
/// `status=`. `None` where the text is not so plain; `row` may be filled in part then.
fn plain_attributes<'t>(text: &'t str, row: &mut Delivery<'t>) -> Option<&'t str> {
    let mut at = 0;
    loop {
        let rest = after(text, at);
        let (length, fill): (usize, Fill<'t>) = match rest.as_bytes().first()? {
            b'r' if rest.starts_with("relay=") => (6, fill_relay),
            b'd' if rest.starts_with("delay=") => (6, fill_delay),
            b'd' if rest.starts_with("delays=") => (7, fill_delays),
            b'd' if rest.starts_with("dsn=") => (4, fill_dsn),
            b'c' if rest.starts_with("conn_use=") => (9, fill_conn_use),
            b't' if rest.starts_with("tls=") => (4, fill_tls),
            _ => return rest.strip_prefix("status="),
        };
        let start = at + length;
        let end = word_end(text, start, *b",=");
        if !has(text, end, b',') || !has(text, end + 1, b' ') {
            return None;
        }
        fill(row, cut(text, start, end));
        at = end + 2;
    }
}

/// Address at the start of `text` and what follows the `, ` behind it.
#[inline]
fn address(text: &str) -> Option<(&str, &str)> {
    let Some(inner) = text.strip_prefix('<') else {
        let end = text.find(|c| is_unicode_space(c) || matches!(c, '<' | '>' | ',')).unwrap_or(text.len());
        return Some((cut(text, 0, end), separated(text, end)?));
    };
    let end = address_end(inner);
    if has(inner, end, b'>') {
        if let Some(rest) = separated(inner, end + 1) {
            return Some((cut(inner, 0, end), rest));
        }
    }
    // what is no address ends at the first bracket with a separator behind it
    memchr::memchr_iter(b'>', inner.as_bytes())
        .find_map(|end| separated(inner, end + 1).map(|rest| (cut(inner, 0, end), rest)))
}

/// What follows the separator at `at`: a space, with or without a comma.
#[inline]
fn separated(text: &str, at: usize) -> Option<&str> {
    let at = at + usize::from(has(text, at, b','));
    has(text, at, b' ').then(|| after(text, at + 1))
}

/// Status in lower case, and the reason: what stands in the outermost parentheses, also where the line was cut.
fn status(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let length = run(text, 0, |b| b.is_ascii_alphabetic() || b == b'-');
    let word = cut(text, 0, length);
    let at = length + usize::from(has(text, length, b','));
    let at = at + usize::from(has(text, at, b' '));
    let rest = after(text, at);
    let reason = match rest.strip_prefix('(') {
        Some(inner) => Some(inner.strip_suffix(')').unwrap_or(inner)),
        None => some(rest),
    };
    let lower = if word.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(word.to_ascii_lowercase())
    } else {
        Cow::Borrowed(word)
    };
    Some((lower, reason))
}

/// Fills in `KEY=VALUE` pairs; of a key that stands twice the last one counts.
fn attributes<'t>(text: &'t str, row: &mut Delivery<'t>) {
    let mut done = 0;
    while let Some(equals) = find_byte(text, done, b'=') {
        let key_length = text.as_bytes()[done..equals]
            .iter()
            .rev()
            .take_while(|&&b| b.is_ascii_lowercase() || b == b'_')
            .count();
        let start = equals + 1;
        if key_length == 0 {
            done = start;
            continue;
        }
        let end = start + run(text, start, |b| !is_space(b) && b != b',');
        attribute(row, cut(text, equals - key_length, equals), cut(text, start, end));
        done = end;
    }
}

/// Fills the value of an attribute into a row.
type Fill<'t> = fn(&mut Delivery<'t>, &'t str);

fn attribute<'t>(row: &mut Delivery<'t>, key: &str, value: &'t str) {
    match key {
        "relay" => fill_relay(row, value),
        "delay" => fill_delay(row, value),
        "delays" => fill_delays(row, value),
        "dsn" => fill_dsn(row, value),
        "conn_use" => fill_conn_use(row, value),
        "tls" => fill_tls(row, value),
        _ => {}
    }
}

fn fill_relay<'t>(row: &mut Delivery<'t>, value: &'t str) {
    let to = relay(value);
    row.relay = Some(value);
    (row.relay_name, row.relay_addr, row.relay_port) = (to.name, to.addr, to.port);
}

fn fill_delay<'t>(row: &mut Delivery<'t>, value: &'t str) {
    row.delay = number(value);
}

fn fill_delays<'t>(row: &mut Delivery<'t>, value: &'t str) {
    let [before, waited, setup, sent] = stages(value);
    row.delay_before_qmgr = before;
    row.delay_in_qmgr = waited;
    row.delay_setup = setup;
    row.delay_transmit = sent;
}

fn fill_dsn<'t>(row: &mut Delivery<'t>, value: &'t str) {
    row.dsn = Some(value);
}

fn fill_conn_use<'t>(row: &mut Delivery<'t>, value: &'t str) {
    row.conn_use = integer32(value);
}

fn fill_tls<'t>(row: &mut Delivery<'t>, value: &'t str) {
    row.tls = Some(value);
}

/// `0.76/0.01/0.09/0.34`; none of them where they are not four.
fn stages(value: &str) -> [Option<f64>; 4] {
    let (mut four, mut at) = ([None; 4], 0);
    for (index, stage) in four.iter_mut().enumerate() {
        let (found, end) = decimal(value, at);
        if (end == value.len()) != (index == 3) {
            return [None; 4];
        }
        *stage = found;
        at = end + 1;
    }
    four
}

/// `name[addr]:port`; a socket path (`mail[private/lmtp]`) is no address, `local` is nobody.
fn relay(value: &str) -> Peer<'_> {
    let to = peer(value);
    match to.addr {
        Some(path) if until(path, 0, [b'/']) < path.len() => Peer { addr: None, port: None, ..to },
        _ => to,
    }
}

/// Queue id in the last `queued as ID` or `forwarded as ID`: the innermost hop stands last.
fn queued_as(reason: &str) -> Option<&str> {
    let mut found = None;
    let mut done = 0;
    while let Some(at) = find(reason, done, &QUEUED_AS) {
        let before = cut(reason, done, at);
        let start = at + 6;
        let length = run(reason, start, |b| b.is_ascii_alphanumeric()).min(100);
        done = start;
        if length >= 5 && (before.ends_with("queu") || before.ends_with("forward")) {
            done = start + length;
            found = Some(cut(reason, start, done));
        }
    }
    found
}
