//! postfix-script and other commands of the administrator (`conf/postfix-script`, `src/postlog`).

use crate::records::{Notice, Record};
use crate::text::Pattern;

pub static NEWS: Pattern = Pattern::new(concat!(
    r"\A(?:(?:starting|stopping|refreshing|waiting for|aborting|the)~N(?:.*~N)?Postfix mail system|",
    r"(?:Starting|Stopping) Postfix|",
    r"Postfix is (?:running|using) |[Ss]ee http|To disable backwards|flushing queued mail|",
    r"(?:not owned by|group or other writable|symlink|checking)~E|queue directory)",
));

/// Row of a line of postfix-script.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    NEWS.is_match(text).then(|| Notice::info("script", text).into())
}
