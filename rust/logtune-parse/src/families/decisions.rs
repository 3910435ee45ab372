//! Decision lines: `TAG: STATE from CLIENT: REPLY; ATTRIBUTES` (`src/smtpd/smtpd_check.c` log_whatsup, smtpd.c).
//! `families/decisions.py` shows samples.

use super::common::{Peer, address_end, codes, integer32};
use super::tail::{Tail, parenthesised, read_tail, word_at};
use crate::records::Decision;
use crate::text::{after, cut, has, run, some, until, word_end};
use memchr::memmem;

/// What stands before the reply of a decision line.
struct Head<'t> {
    prefix: Option<&'t str>,
    action: &'t str,
    state: &'t str,
    client: Option<Peer<'t>>,
    rest: &'t str,
}

/// Decision in `text` (without queue id). `origin` is smtpd, postscreen or cleanup; lines of milters and the proxy
/// name theirs.
pub fn read<'t>(text: &'t str, origin: &'t str) -> Option<Decision<'t>> {
    let head = read_head(text)?;
    if head.action == "abort" || (head.client.is_none() && head.prefix != Some("proxy")) {
        return None;
    }
    let state = if head.state == "connect" { "CONNECT" } else { head.state };
    let tail = read_tail(head.rest, head.state);
    Some(build(
        head.prefix.unwrap_or(origin),
        head.action,
        Some(state),
        head.client.unwrap_or_default(),
        &tail,
    ))
}

fn read_head(text: &str) -> Option<Head<'_>> {
    for prefix in ["milter", "proxy"] {
        if let Some(rest) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')) {
            let with =
                action_head(rest).map(|head| Head { prefix: Some(cut(text, 0, prefix.len())), ..head });
            return with.or_else(|| action_head(text));
        }
    }
    action_head(text)
}

/// `ACTION: STATE (..) from CLIENT: REPLY`.
fn action_head(text: &str) -> Option<Head<'_>> {
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let length = run(text, 0, |b| b.is_ascii_lowercase() || b == b'_' || b == b'-');
    if !(2..=21).contains(&length) || !after(text, length).starts_with(": ") {
        return None;
    }
    let mut at = length + 2;
    let state = state_at(text, at)?;
    at += state.len();
    if has(text, at, b' ') {
        at = parenthesised(text, at + 1).unwrap_or(at);
    }
    let client = client_at(text, &mut at)?;
    at += usize::from(has(text, at, b':'));
    at += usize::from(has(text, at, b' '));
    Some(Head { prefix: None, action: cut(text, 0, length), state, client, rest: after(text, at) })
}

fn state_at(text: &str, at: usize) -> Option<&str> {
    if after(text, at).starts_with("connect") {
        return Some(cut(text, at, at + 7));
    }
    if !text.as_bytes().get(at)?.is_ascii_uppercase() {
        return None;
    }
    let length = run(text, at, |b| b.is_ascii_uppercase() || b == b'-');
    (length >= 2).then(|| cut(text, at, at + length))
}

/// ` from name[addr]:port`, or nothing where a colon follows at once.
fn client_at<'t>(text: &'t str, at: &mut usize) -> Option<Option<Peer<'t>>> {
    if has(text, *at, b':') {
        return Some(None);
    }
    if !after(text, *at).starts_with(" from ") {
        return None;
    }
    let start = *at + 6;
    let open = word_end(text, start, *b"[]");
    if !has(text, open, b'[') {
        return None;
    }
    let close = until(text, open + 1, [b']']);
    if close == text.len() {
        return None;
    }
    *at = close + 1;
    let mut port = None;
    if has(text, *at, b':') {
        if let Some(word) = word_at(text, *at + 1) {
            port = integer32(word);
            *at += 1 + word.len();
        }
    }
    Some(Some(Peer { name: some(cut(text, start, open)), addr: some(cut(text, open + 1, close)), port }))
}

/// Decision of the parts of its line: reply codes and object are read from the tail's reply.
fn build<'t>(
    origin: &'t str,
    action: &'t str,
    protocol_state: Option<&'t str>,
    client: Peer<'t>,
    tail: &Tail<'t>,
) -> Decision<'t> {
    let (reply_code, dsn, body) = codes(tail.reply);
    let (object, text) = split_object(body, tail.helo);
    Decision {
        origin,
        action,
        protocol_state,
        client_name: client.name,
        client_addr: client.addr,
        client_port: client.port,
        reply_code,
        dsn,
        object,
        reason: some(text.trim_end_matches(' ')).map(Into::into),
        sender: tail.sender,
        recipient: tail.recipient,
        proto: tail.proto,
        helo: tail.helo,
        sasl_method: tail.sasl_method,
        sasl_username: tail.sasl_username,
        part: None,
        text: None,
    }
}

/// Object and the text after it of a reply without codes; an object that the cut at 510 bytes left open takes all.
fn split_object<'t>(body: &'t str, helo: Option<&'t str>) -> (Option<&'t str>, &'t str) {
    let Some(inner) = body.strip_prefix('<') else {
        return (None, body);
    };
    if let Some(helo) = helo {
        if let Some(rest) = inner.strip_prefix(helo).and_then(|rest| rest.strip_prefix(">: ")) {
            return (Some(helo), rest);
        }
    }
    let end = address_end(inner);
    if let Some(rest) = after(inner, end).strip_prefix(">: ") {
        return (Some(cut(inner, 0, end)), rest);
    }
    match memmem::find(inner.as_bytes(), b">: ") {
        Some(end) => (Some(cut(inner, 0, end)), after(inner, end + 3)),
        None if body.contains('>') => (None, body),
        None => (Some(inner), ""),
    }
}
