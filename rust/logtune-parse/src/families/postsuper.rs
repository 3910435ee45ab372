//! postsuper: what an administrator did to the queue (`src/postsuper/postsuper.c`).

use super::common::number;
use crate::records::{Notice, Record};
use crate::text::{Pattern, group};

pub static DONE: Pattern = Pattern::new(concat!(
    r"\A(?:removed|requeued|placed on hold|released from hold|expired|skipped|renamed|moved|expiration|",
    r"queue file)~E",
));
pub static COUNT: Pattern = Pattern::new(concat!(
    r"\A(?:Deleted|Requeued|Placed on hold|Released from hold|Expired|Renamed to match inode number|Fixed|Skipped)",
    r"[^:]*: ([0-9]+)",
));
pub static NEWS: Pattern =
    Pattern::new(r"\A(?:scanning |Scanning |[A-Za-z ]+: [0-9]+ (?:file|message|orphan))");

/// Row of a postsuper line without its queue id. `value` is the number of messages, where counted.
pub fn read<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    let row = Notice::info("postsuper", text);
    if queue_id.is_some() && DONE.is_match(text) {
        return Some(row.into());
    }
    if let Some(found) = COUNT.captures(text) {
        return Some(Notice { value: group(&found, 1).and_then(number), ..row }.into());
    }
    NEWS.is_match(text).then(|| row.into())
}
