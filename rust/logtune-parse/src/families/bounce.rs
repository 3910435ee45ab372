//! bounce, defer, trace: notices that were sent (`src/bounce`).

use super::delivery;
use crate::records::{Queue, Record};
use crate::text::{after, cut, find_byte};

/// Row of a bounce line without its queue id: `sender non-delivery notification: 3E1B80A11`.
pub fn read<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    match notice(text) {
        Some(id) => {
            Some(Queue { event: "bounce_notice", notice_queue_id: Some(id), ..Queue::default() }.into())
        }
        None => delivery::read(text, queue_id),
    }
}

fn notice(text: &str) -> Option<&str> {
    let colon = find_byte(text, 0, b':')?;
    let kind = cut(text, 0, colon).strip_suffix(" notification")?;
    let id = after(text, colon).strip_prefix(": ")?;
    let named = (3..=61).contains(&kind.len())
        && kind.starts_with(|c: char| c.is_ascii_lowercase())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b' ' || b == b'-');
    let whole = (5..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    (named && whole).then_some(id)
}
