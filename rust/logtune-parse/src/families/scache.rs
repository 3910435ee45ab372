//! scache: how often kept connections were used again (`src/scache/scache.c`).

use crate::records::{Notice, Record};

const STATISTICS: [&str; 4] = ["start interval", "domain lookup", "address lookup", "max simultaneous"];

/// Row of an scache line.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    let rest = text.strip_prefix("statistics: ")?;
    STATISTICS.iter().any(|what| rest.starts_with(what)).then(|| Notice::info("scache", text).into())
}
