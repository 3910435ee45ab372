//! qmgr: what enters the active queue, what leaves the queue (`src/qmgr/qmgr_active.c`, `qmgr_message.c`).

use super::common::{integer, integer32};
use super::tail::word_at;
use super::{Put, delivery};
use crate::records::{Notice, Queue, Record};
use crate::text::{Pattern, after, cut, group, run};

pub static LEFT: Pattern = Pattern::new(r"\Afrom=<?((?s:.)*?)>?, status=([a-z-]*expired)(?-u:\b)[^<>]*\z");

/// Lends the row of a qmgr line without its queue id.
pub fn lend(text: &str, queue_id: Option<&str>, put: &mut Put<'_>) -> bool {
    if text.starts_with("from=") {
        if let Some(row) = &active(text) {
            put(row.into());
            return true;
        }
    }
    super::lend(read(text, queue_id), put)
}

/// Row of a qmgr line without its queue id.
pub fn read<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    if text == "removed" {
        return Some(Queue { event: "removed", ..Queue::default() }.into());
    }
    if text.starts_with("from=") {
        return active(text).or_else(|| left(text)).map(Record::from);
    }
    if text.starts_with("skipped, still being delivered") {
        return Some(Queue { event: "skipped", ..Queue::default() }.into());
    }
    if text.starts_with("status=") && queue_id.is_some() {
        return Some(Notice::info("other", text).into());
    }
    delivery::read(text, queue_id)
}

/// `from=<jane@example.com>, size=2666, nrcpt=2 (queue active)`. The sender may be quoted and hold anything, also a
/// false tail: so the true one is the last, at the end of the line.
fn active(text: &str) -> Option<Queue<'_>> {
    // of the equal signs from the right, nrcpt= and then size=
    let at = memchr::memrchr_iter(b'=', text.as_bytes())
        .filter_map(|at| at.checked_sub(6))
        .find(|&at| text.as_bytes()[at..].starts_with(b", size="))?;
    let digits = |from| run(text, from, |b| b.is_ascii_digit());
    let size = at + 7;
    let size_end = size + digits(size);
    let nrcpt = size_end + 8;
    if size_end == size || !after(text, size_end).starts_with(", nrcpt=") {
        return None;
    }
    let nrcpt_end = nrcpt + digits(nrcpt);
    if nrcpt_end == nrcpt {
        return None;
    }
    let event = match after(text, nrcpt_end).strip_prefix(" (queue ") {
        None if nrcpt_end == text.len() => "active",
        None => return None,
        Some(rest) => {
            let word = word_at(rest, 0)?;
            if !matches!(after(rest, word.len()), "" | ")") {
                return None;
            }
            word
        }
    };
    let sender = cut(text, 5, at);
    Some(Queue {
        event,
        sender: Some(sender_of(sender)),
        size: integer(cut(text, size, size_end), i64::MAX),
        nrcpt: integer32(cut(text, nrcpt, nrcpt_end)),
        ..Queue::default()
    })
}

/// A sender without its brackets; either may be missing.
pub fn sender_of(text: &str) -> &str {
    let text = text.strip_prefix('<').unwrap_or(text);
    text.strip_suffix('>').unwrap_or(text)
}

/// `from=<jane@example.com>, status=expired, returned to sender`.
fn left(text: &str) -> Option<Queue<'_>> {
    let found = LEFT.captures(text)?;
    Some(Queue { event: "expired", sender: group(&found, 1), ..Queue::default() })
}
