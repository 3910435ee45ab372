//! smtpd and qmqpd: sessions, decisions, who brought a mail (`src/smtpd/smtpd.c`).

use super::common::{peer, peer_end};
use super::tail::parenthesised;
use super::{Put, decisions};
use crate::records::{Connection, Queue, Record, Row};
use crate::text::{after, cut, has, is_space, run, some};

/// Why a session ended or what a client did wrong, as smtpd says it, to `connections.event`.
const EVENTS: [(&str, &str); 5] = [
    ("lost connection", "lost_connection"),
    ("timeout", "timeout"),
    ("too many errors", "too_many_errors"),
    ("improper command pipelining", "pipelining"),
    ("bare <LF> received", "bare_lf"),
];

/// So many characters of a protocol state are looked at.
const STATE_LIMIT: usize = 64;

/// Lends the row of an smtpd line whose queue id was `queue_id` (`NOQUEUE` as logged).
pub fn lend(text: &str, queue_id: Option<&str>, put: &mut Put<'_>) -> bool {
    let events = [("connect from ", "connect"), ("disconnect from ", "disconnect")];
    for (said, event) in events {
        if let Some(client) = text.strip_prefix(said) {
            return session(event, client).inspect(|row| put(row.into())).is_some();
        }
    }
    if let Some(client) = text.strip_prefix("client=") {
        let mut row = Queue::default();
        let known = queue_id.is_some() && brought(client, &mut row).is_some();
        if known {
            put(Row::from(&row));
        }
        return known;
    }
    match ended(text) {
        Some(row) => put(Row::from(&row)),
        None => return decisions::read(text, "smtpd").inspect(|row| put(row.into())).is_some(),
    }
    true
}

/// Row of an smtpd line whose queue id was `queue_id` (`NOQUEUE` as logged).
pub fn read<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    if let Some(client) = text.strip_prefix("connect from ") {
        return session("connect", client).map(Record::from);
    }
    if let Some(client) = text.strip_prefix("disconnect from ") {
        return session("disconnect", client).map(Record::from);
    }
    if let Some(client) = text.strip_prefix("client=") {
        queue_id?;
        let mut row = Queue::default();
        brought(client, &mut row)?;
        return Some(row.into());
    }
    match ended(text) {
        Some(row) => Some(row.into()),
        None => decisions::read(text, "smtpd").map(Record::from),
    }
}

fn session<'t>(event: &'t str, text: &'t str) -> Option<Connection<'t>> {
    let (client, end) = peer_end(text)?;
    let counters = if event == "disconnect" { some(second(after(text, end))) } else { None };
    Some(Connection {
        event,
        client_name: client.name,
        client_addr: client.addr,
        client_port: client.port,
        after: None,
        counters,
    })
}

/// `text` without its first character.
fn second(text: &str) -> &str {
    let mut rest = text.chars();
    rest.next();
    rest.as_str()
}

/// `lost connection after DATA (4000 bytes) from mx.example.com[192.0.2.1]`.
fn ended(text: &str) -> Option<Connection<'_>> {
    if !matches!(text.as_bytes().first()?, b'l' | b't' | b'i' | b'b') {
        return None; // what most texts are
    }
    let (said, event) = EVENTS.iter().find(|(said, _)| text.starts_with(said))?;
    let rest = after(text, said.len()).strip_prefix(" after ")?;
    for (at, c) in rest.char_indices().take(STATE_LIMIT + 1) {
        if c == ' ' && at > 0 {
            if let Some(end) = from_end(rest, at) {
                let client = peer(after(rest, end));
                return Some(Connection {
                    event,
                    client_name: client.name,
                    client_addr: client.addr,
                    client_port: client.port,
                    after: Some(cut(rest, 0, at)),
                    counters: None,
                });
            }
        }
        if c == '\n' {
            break;
        }
    }
    None
}

/// End of ` (..) from ` at `at`, where a client follows; the parentheses are optional.
fn from_end(text: &str, at: usize) -> Option<usize> {
    let start = parenthesised(text, at + 1).unwrap_or(at);
    let end = start + 6;
    let follows = after(text, start).starts_with(" from ")
        && has(text, end + run(text, end, |b| !is_space(b) && b != b'['), b'[');
    follows.then_some(end)
}

/// `client=` and its attributes; a login name may hold a comma, so an attribute ends where the next begins.
fn brought<'t>(text: &'t str, row: &mut Queue<'t>) -> Option<()> {
    let (client, end) = peer_end(text)?;
    (row.event, row.client_name, row.client_addr) = ("client", client.name, client.addr);
    let mut next = next_attribute(text, end);
    while let Some((key, start)) = next {
        next = next_attribute(text, start);
        let stop = next.map_or(text.len(), |(key, start)| start - key.len() - 3);
        let value = Some(cut(text, start, stop));
        match key {
            "sasl_method" => row.sasl_method = value,
            "sasl_username" => row.sasl_username = value,
            "orig_queue_id" => row.orig_queue_id = value,
            "orig_client" => row.orig_client = value,
            _ => {}
        }
    }
    Some(())
}

/// Key of the next `, KEY=` at or after `from`, and where its value begins.
fn next_attribute(text: &str, from: usize) -> Option<(&'static str, usize)> {
    const KEYS: [&str; 5] = ["sasl_method", "sasl_username", "sasl_sender", "orig_queue_id", "orig_client"];
    let rest = after(text, from);
    memchr::memchr_iter(b',', rest.as_bytes()).find_map(|at| {
        let named = after(rest, at + 1).strip_prefix(' ')?;
        let key = KEYS.iter().find(|key| named.starts_with(**key) && has(named, key.len(), b'='))?;
        Some((*key, from + at + 2 + key.len() + 1))
    })
}
