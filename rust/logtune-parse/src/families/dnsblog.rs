//! dnsblog: which DNS list knows a client of postscreen (`src/dnsblog/dnsblog.c`).

use crate::records::{Notice, Record};
use crate::text::{after, cut, unspaced_end};

/// Row of a dnsblog line: `addr 192.0.2.1 listed by domain bl.example.com as 127.0.0.2`.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    let rest = text.strip_prefix("addr ")?;
    let end = unspaced_end(rest, 0);
    let said = after(rest, end);
    let listed =
        end > 0 && (said.starts_with(" listed by domain ") || said.starts_with(" blocked by domain "));
    listed.then(|| Notice { client_addr: Some(cut(rest, 0, end)), ..Notice::info("dnsblog", text) }.into())
}
