//! tlsproxy: TLS for postscreen and for kept connections of smtp (`src/tlsproxy/tlsproxy.c`).

use super::tls;
use crate::records::{Notice, Record};
use crate::text::{Pattern, group};

pub static SESSION: Pattern = Pattern::new(concat!(
    r"\A(?:CONNECT|DISCONNECT)(?: (from|to))? ",
    r"[^\[ \t-\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*\[([^\]]*)\]",
));

/// Row of a tlsproxy line.
pub fn read<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    let Some(found) = SESSION.captures(text) else {
        return tls::read(text, queue_id);
    };
    let addr = if group(&found, 1) == Some("to") { None } else { group(&found, 2) };
    Some(Notice { client_addr: addr, ..Notice::info("tlsproxy", text) }.into())
}
