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

use crate::records::{Notice, Record, Row};

/// Takes the row of a text.
pub type Put<'p> = dyn FnMut(Row<'_, '_>) + 'p;

/// Message family: lends the row of a text, false where it does not know the text.
pub type Family = fn(&str, Option<&str>, &mut Put<'_>) -> bool;

/// What reads the texts of a family that are not frequent.
type Reader = for<'t> fn(&'t str, Option<&str>) -> Option<Record<'t>>;

/// Lends `record`; false where there is none.
fn lend(record: Option<Record<'_>>, put: &mut Put<'_>) -> bool {
    record.inspect(|record| put(record.row())).is_some()
}

/// The family whose texts `$name::read` reads.
macro_rules! family {
    ($name:ident) => {
        |text, queue_id, put| lend($name::read(text, queue_id), put)
    };
}

/// The family of programs that say nothing which counts.
pub const OTHER: Family = family!(other);

/// Family `name`; `None` where there is no such family.
pub fn reader(name: &str) -> Option<Family> {
    Some(match name {
        "anvil" => family!(anvil),
        "bounce" => family!(bounce),
        "cleanup" => cleanup::lend,
        "delivery" => delivery::lend,
        "dnsblog" => family!(dnsblog),
        "master" => family!(master),
        "other" => OTHER,
        "pickup" => family!(pickup),
        "postscreen" => family!(postscreen),
        "postsuper" => family!(postsuper),
        "qmgr" => qmgr::lend,
        "scache" => family!(scache),
        "script" => family!(script),
        "smtp" => smtp::lend,
        "smtpd" => smtpd::lend,
        "tlsproxy" => family!(tlsproxy),
        _ => return None,
    })
}

/// A text is known by its wording, whoever logs it. postsuper's "removed" is told from qmgr's by the program alone, so
/// it is not here.
const ANYBODY: [Reader; 14] = [
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

/// Gives queue id and row of `text`, as a program of `family` logged it, to `put`; false where nobody knows the text.
/// The queue id is `None` for `NOQUEUE` and where there is none.
pub fn read_postfix(text: &str, family: Family, mut put: impl FnMut(Option<&str>, Row<'_, '_>)) -> bool {
    if let Some((severity, rest)) = warnings::severity(text) {
        let (queue_id, record) = warnings::read(rest, severity);
        put(real(queue_id), record.row());
        return true;
    }
    let (queue_id, rest) = warnings::split_queue_id(text);
    let put = &mut |row: Row<'_, '_>| put(real(queue_id), row);
    family(rest, queue_id, put) || lend(by_anybody(rest, queue_id), put)
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
