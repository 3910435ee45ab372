//! Message families: one file per family, each a pure function from text to row. `read(text, queue_id)` gets the text
//! after tag, severity and queue id. Which family a program belongs to is told by [`crate::programs`].

pub mod anvil;
pub mod bounce;
pub mod checks;
pub mod cleanup;
pub mod common;
pub mod decisions;
pub mod delivery;
pub mod dnsblog;
pub mod filters;
pub mod loss;
pub mod master;
pub mod other;
pub mod pickup;
pub mod postscreen;
pub mod postsuper;
pub mod qmgr;
pub mod scache;
pub mod script;
pub mod smtp;
pub mod smtpd;
pub mod tail;
pub mod tls;
pub mod tlsproxy;
pub mod warnings;

use crate::records::{Notice, Record};

/// Reader of a message family.
pub type Family = for<'t> fn(&'t str, Option<&str>) -> Option<Record<'t>>;

/// Reader of the family `name`; `None` where there is no such family.
pub fn reader(name: &str) -> Option<Family> {
    Some(match name {
        "anvil" => anvil::read,
        "bounce" => bounce::read,
        "cleanup" => cleanup::read,
        "delivery" => delivery::read,
        "dnsblog" => dnsblog::read,
        "master" => master::read,
        "other" => other::read,
        "pickup" => pickup::read,
        "postscreen" => postscreen::read,
        "postsuper" => postsuper::read,
        "qmgr" => qmgr::read,
        "scache" => scache::read,
        "script" => script::read,
        "smtp" => smtp::read,
        "smtpd" => smtpd::read,
        "tlsproxy" => tlsproxy::read,
        _ => return None,
    })
}

/// A text is known by its wording, whoever logs it. postsuper's "removed" is told from qmgr's by the program alone, so
/// it is not here.
const ANYBODY: [Family; 14] = [
    tls::read,
    smtpd::read,
    qmgr::read,
    cleanup::read,
    pickup::read,
    bounce::read,
    smtp::read,
    postscreen::read,
    dnsblog::read,
    anvil::read,
    scache::read,
    master::read,
    script::read,
    other::read,
];

/// Gives queue id and record of `text`, as a program of `family` logged it, to `put`; false where nobody knows the text.
/// The queue id is `None` for `NOQUEUE` and where there is none. A record is large: it is lent, not moved.
pub fn read_postfix<'t>(
    text: &'t str,
    family: Family,
    put: impl FnOnce(Option<&'t str>, &Record<'t>),
) -> bool {
    if let Some((severity, rest)) = warnings::severity(text) {
        let (queue_id, row) = warnings::read(rest, severity);
        put(real(queue_id), &row);
        return true;
    }
    let (queue_id, rest) = warnings::split_queue_id(text);
    if let Some(row) = &family(rest, queue_id) {
        put(real(queue_id), row);
        return true;
    }
    match &by_anybody(rest, queue_id) {
        Some(row) => put(real(queue_id), row),
        None => return false,
    }
    true
}

#[cold]
fn by_anybody<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    if let Some(row) = ANYBODY.iter().find_map(|family| family(text, queue_id)) {
        return Some(row);
    }
    // "NOQUEUE: fatal: update queue file ..": a severity after the queue id
    queue_id?;
    let (severity, rest) = warnings::severity(text)?;
    Some(Notice { kind: severity, severity, text: Some(rest), ..Notice::default() }.into())
}

fn real(queue_id: Option<&str>) -> Option<&str> {
    queue_id.filter(|id| *id != "NOQUEUE")
}
