//! Log lines that were lost: what journald, rsyslog and syslog-ng say about it.

use super::common::number;
use crate::records::Notice;
use crate::text::{Pattern, group, some};

pub static SUPPRESSED: Pattern = Pattern::new(concat!(
    r"\A(?:(?:Suppressed|Missed) ([0-9]+) messages?(?: from (~S+))?",
    r"|Forwarding to syslog missed ([0-9]+) messages?)",
));
pub static RATE: Pattern = Pattern::new(concat!(
    r"\A.*?(?:begins? to drop messages|lost ([0-9]+) messages|([0-9]+) messages lost)(?-u:\b)",
    r".*rate-?limiting",
));
pub static DROPPED: Pattern =
    Pattern::new(r"\A(?i-u:Number of messages dropped|Message\(?s?\)? dropped)[^0-9]*([0-9]*)");

/// Row of a note about lost lines. `value` is how many (null if not counted), `endpoint` whose.
pub fn read(text: &str) -> Option<Notice<'_>> {
    let row = Notice { severity: "warning", ..Notice::info("log_loss", text) };
    if let Some(found) = SUPPRESSED.captures(text) {
        let value = group(&found, 1).or(group(&found, 3)).and_then(number);
        return Some(Notice { endpoint: group(&found, 2), value, ..row });
    }
    if let Some(found) = RATE.captures(text) {
        let value = group(&found, 1).or(group(&found, 2)).and_then(number);
        return Some(Notice { value, ..row });
    }
    let found = DROPPED.captures(text)?;
    Some(Notice { value: group(&found, 1).and_then(some).and_then(number), ..row })
}
