//! Lines with a severity: `warning: [QUEUE-ID: ]TEXT`, also error, fatal and panic (`src/util/msg_output.c`).

use super::common::{Peer, number, peer, peer_end, queue_id};
use super::{cleanup, smtp};
use crate::records::{Notice, Record};
use crate::text::{Pattern, after, cut, group, is_unicode_space, unspaced_end, until};

pub static PROCESS_LIMIT: Pattern =
    Pattern::new(r#"\Aservice "?([^" \t-\r]+)"? \([^)]*\) has reached its process limit "?([0-9]+)"#);
pub static RATE_LIMIT: Pattern =
    Pattern::new(r"\A(?:[A-Z][0-9A-Za-z_ ]+) exceeded: ([0-9]+) from (~S+) for service (~S+)");
pub static SASL: Pattern = Pattern::new(concat!(
    r"\A([^\[ \t-\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*",
    r"\[[^\]]*\](?::~L+)?): SASL ~U+ authentication (?:failed|aborted)",
));
pub static OLD_NO_FORWARD: Pattern = Pattern::new(concat!(
    r"\A(?:smtpd_peer_init: )?([0-9A-Fa-f.:]+): ",
    r"(?:hostname ~U+ verification failed|address not listed for hostname)",
));

/// Severity at the start of `text`, and what follows.
#[inline]
pub fn severity(text: &str) -> Option<(&'static str, &str)> {
    if !matches!(text.as_bytes().first(), Some(b'w' | b'e' | b'f' | b'p')) {
        return None;
    }
    ["warning", "error", "fatal", "panic"].into_iter().find_map(|word| {
        let rest = text.strip_prefix(word)?.strip_prefix(':')?;
        Some((word, rest.strip_prefix(' ').unwrap_or(rest)))
    })
}

/// Queue id and row of `text`, which followed `severity`. What nothing knows is a notice of that severity.
pub fn read<'t>(text: &'t str, severity: &'static str) -> (Option<&'t str>, Record<'t>) {
    let (id, rest) = split_queue_id(text);
    let plain = Notice { kind: severity, severity, text: Some(rest), ..Notice::default() };
    (id, known(rest, &plain).unwrap_or_else(|| plain.into()))
}

/// Queue id and what follows; `NOQUEUE` is given as such.
#[inline]
pub fn split_queue_id(text: &str) -> (Option<&str>, &str) {
    match queue_id(text) {
        Some((id, rest)) => (Some(id), rest),
        None => (None, text),
    }
}

/// Row of a warning that means something; `plain` is the notice that it otherwise is.
fn known<'t>(text: &'t str, plain: &Notice<'t>) -> Option<Record<'t>> {
    let row = process_limit(text, plain)
        .or_else(|| rate_limit(text, plain))
        .or_else(|| sasl(text, plain))
        .or_else(|| resolve(text).map(|addr| Notice { client_addr: Some(addr), ..plain.clone() }))
        .or_else(|| from_client(text).map(|client| with(plain, client)));
    if row.is_some() {
        return row.map(Record::from);
    }
    if text.starts_with(cleanup::HOPS) {
        return cleanup::read(text, None);
    }
    is_tls(text).then(|| Notice { kind: "tls_error", ..plain.clone() }.into())
}

fn with<'t>(plain: &Notice<'t>, client: Peer<'t>) -> Notice<'t> {
    Notice { client_name: client.name, client_addr: client.addr, ..plain.clone() }
}

/// `service "smtp" (25)`: the endpoint is the name in master.cf, the parentheses hold the port or socket.
fn process_limit<'t>(text: &'t str, plain: &Notice<'t>) -> Option<Notice<'t>> {
    if !text.starts_with("service ") {
        return None;
    }
    let found = PROCESS_LIMIT.captures(text)?;
    let value = group(&found, 2).and_then(number);
    Some(Notice { kind: "process_limit", endpoint: group(&found, 1), value, ..plain.clone() })
}

fn rate_limit<'t>(text: &'t str, plain: &Notice<'t>) -> Option<Notice<'t>> {
    if !text.contains(" exceeded: ") {
        return None;
    }
    let found = RATE_LIMIT.captures(text)?;
    let value = group(&found, 1).and_then(number);
    let row = with(plain, peer(group(&found, 2)?));
    Some(Notice { kind: "rate_limit", endpoint: group(&found, 3), value, ..row })
}

fn sasl<'t>(text: &'t str, plain: &Notice<'t>) -> Option<Notice<'t>> {
    if !text.contains("SASL ") {
        return None;
    }
    if let Some(client) = sasl_plain(text).or_else(|| group(&SASL.captures(text)?, 1)) {
        return Some(Notice { kind: "sasl_failure", ..with(plain, peer(client)) });
    }
    smtp::is_sasl_failure(text).then(|| Notice { kind: "client_sasl_failure", ..plain.clone() })
}

/// Client of `mx.example.com[192.0.2.1]: SASL LOGIN authentication failed`, where all of that is printable ASCII.
fn sasl_plain(text: &str) -> Option<&str> {
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    let close = until(text, 0, [b']']);
    let name = cut(text, 0, until(text, 0, [b'[']).min(close));
    let said = after(text, close).strip_prefix("]: SASL ")?;
    let (mechanism, outcome) = said.split_once(' ')?;
    let failed =
        outcome.starts_with("authentication failed") || outcome.starts_with("authentication aborted");
    let plain = is_plain(name) && name.len() < close && !mechanism.is_empty() && is_plain(mechanism);
    (failed && plain).then(|| cut(text, 0, close + 1))
}

/// Address whose host name does not point back to it.
fn resolve(text: &str) -> Option<&str> {
    no_forward(text).or_else(|| {
        if !text.contains("hostname") {
            return None;
        }
        OLD_NO_FORWARD.captures(text).and_then(|found| group(&found, 1))
    })
}

fn no_forward(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("hostname ")?;
    let end = unspaced_end(rest, 0);
    let addr = after(rest, end).strip_prefix(" does not resolve to address ").filter(|_| end > 0)?;
    let end = unspaced_end(addr, 0);
    let next = addr.as_bytes().get(end);
    if end == 0 || !matches!(next, None | Some(b' ')) {
        return None;
    }
    let addr = cut(addr, 0, end);
    Some(addr.strip_suffix(':').filter(|addr| !addr.is_empty()).unwrap_or(addr))
}

/// `Illegal address syntax from C in MAIL command`; `non-SMTP command from C: ..`; `C sent message header instead ..`.
fn from_client(text: &str) -> Option<Peer<'_>> {
    for said in ["Illegal address syntax from ", "non-SMTP command from "] {
        if let Some(rest) = text.strip_prefix(said) {
            client_name_end(rest)?;
            return peer_end(rest).map(|(client, _)| client);
        }
    }
    let open = client_name_end(text)?;
    let close = after(text, open).find(']')?;
    after(text, open + close + 1).strip_prefix(" sent ")?;
    peer_end(text).map(|(client, _)| client)
}

/// Position of the bracket of a client at the start of `text`.
fn client_name_end(text: &str) -> Option<usize> {
    let end = text.find(|c| is_unicode_space(c) || c == '[')?;
    after(text, end).starts_with('[').then_some(end)
}

fn is_tls(text: &str) -> bool {
    ["SSL_accept", "SSL_connect"].into_iter().any(|call| {
        text.strip_prefix(call)
            .and_then(|rest| rest.strip_prefix(" error "))
            .is_some_and(|rest| rest.starts_with("from ") || rest.starts_with("to "))
    }) || text.starts_with("TLS handshake fail")
}
