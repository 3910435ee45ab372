//! pickup: mail that was submitted with sendmail(1) (`src/pickup/pickup.c`).

use super::common::integer;
use super::qmgr::sender_of;
use super::tail::word_at;
use crate::records::{Queue, Record};
use crate::text::{after, cut, run};
use memchr::memmem;

/// Row of a pickup line without its queue id: `uid=1000 from=<jane> orig_id=3E1B80A11`.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    let rest = text.strip_prefix("uid=")?;
    let digits = run(rest, 0, |b| b.is_ascii_digit());
    let from = after(rest, digits).strip_prefix(" from=")?;
    if digits == 0 {
        return None;
    }
    let (sender, orig_queue_id) = requeued(from).unwrap_or((from, None));
    Some(
        Queue {
            event: "pickup",
            sender: Some(sender_of(sender)),
            orig_queue_id,
            uid: integer(cut(rest, 0, digits), i64::MAX),
            ..Queue::default()
        }
        .into(),
    )
}

fn requeued(from: &str) -> Option<(&str, Option<&str>)> {
    let at = memmem::rfind(from.as_bytes(), b" orig_id=")?;
    let id = word_at(from, at + 9)?;
    (at + 9 + id.len() == from.len()).then(|| (cut(from, 0, at), Some(id)))
}
