//! master: starts, reloads, ends (`src/master`). Its warnings are read with all others.

use crate::records::{Notice, Record};
use crate::text::Pattern;

pub static NEWS: Pattern = Pattern::new(concat!(
    r"\A(?:daemon started~E|reload (?:-- |configuration )|terminating on signal |(?:re)?starting~E|",
    r"exiting~E)",
));

/// Row of a master line.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    NEWS.is_match(text).then(|| Notice::info("master", text).into())
}
