//! cleanup: message ids, header and body checks, milters, refused content (`src/cleanup`).

use super::{Put, checks, decisions};
use crate::records::{Decision, Queue, Record, Row};
use crate::text::{after, cut, find_byte, is_space, run, until};
use std::borrow::Cow;

/// Logged with the severity warning (`src/cleanup/cleanup_message.c`), but it refuses a mail.
pub const HOPS: &str = "message rejected: hopcount exceeded";

/// Lends the row of a cleanup line without its queue id.
pub fn lend(text: &str, queue_id: Option<&str>, put: &mut Put<'_>) -> bool {
    if let Some(header) = message_id_header(text) {
        put(Row::from(&with_message_id(header)));
        return true;
    }
    super::lend(read(text, queue_id), put)
}

fn with_message_id(header: &str) -> Queue<'_> {
    Queue { event: "message_id", message_id: Some(message_id(header)), ..Queue::default() }
}

/// Row of a cleanup line without its queue id.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    if let Some(header) = message_id_header(text) {
        return Some(with_message_id(header).into());
    }
    if text == "removed" || text.starts_with("removed (") {
        return Some(Queue { event: "removed", ..Queue::default() }.into());
    }
    if text.starts_with(HOPS) {
        let reason = Some(Cow::Borrowed(HOPS));
        return Some(Decision { origin: "cleanup", action: "reject", reason, ..Decision::default() }.into());
    }
    checks::read(text)
        .or_else(|| mime_error(text))
        .or_else(|| decisions::read(text, "cleanup"))
        .map(Record::from)
}

/// What follows `message-id=` or `resent-message-id=`, in letters of either case.
fn message_id_header(text: &str) -> Option<&str> {
    let without = |text, key: &str| {
        let start = str::get(text, ..key.len())?;
        start.eq_ignore_ascii_case(key).then(|| after(text, key.len()))
    };
    without(text, "message-id=").or_else(|| without(text, "resent-message-id="))
}

/// What stands in the first angle brackets of a Message-ID header; all of it where it has none.
pub fn message_id(header: &str) -> &str {
    match after(header, run(header, 0, is_space)).strip_prefix('<') {
        Some(inside) => cut(inside, 0, until(inside, 0, *b"<>")),
        None => header,
    }
}

/// `reject: mime-error improper use of 8-bit data: x from mx.example.com[192.0.2.1]; from=<..> to=<..>`.
fn mime_error(text: &str) -> Option<Decision<'_>> {
    let rest = text.strip_prefix("reject: ").filter(|rest| rest.starts_with("mime-error "))?;
    let end = find_byte(rest, 0, b':').unwrap_or(rest.len());
    let line = if end == rest.len() { "" } else { after(rest, end).strip_prefix(": ")? };
    let found = checks::origin(line)?;
    Some(Decision {
        origin: "cleanup",
        action: "reject",
        client_name: found.client.name,
        client_addr: found.client.addr,
        client_port: found.client.port,
        reason: Some(Cow::Borrowed(cut(rest, 0, end))),
        sender: found.sender,
        recipient: found.recipient,
        proto: found.proto,
        helo: found.helo,
        text: Some(cut(line, 0, found.at)),
        ..Decision::default()
    })
}
