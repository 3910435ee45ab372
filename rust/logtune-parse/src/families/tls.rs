//! TLS of every daemon (`src/tls`): `tls` is a connection with TLS, `tls_error` one that failed, else `other`.

use super::common::{Peer, peer};
use crate::records::{Notice, Record};
use crate::text::{Pattern, after, group, has, run};

pub static ERROR: Pattern = Pattern::new(concat!(
    r"\A(?:SSL_(?:accept|connect) error (from|to) |Cannot start TLS: |abort: TLS (from) |",
    r"(?:server |client )?certificate (?:peer name )?verification failed for |(?:TLS|SSL) handshake fail|",
    r"Server certificate not |TLS is required, but |non-SMTP command during TLS)",
));
pub static OTHER: Pattern = Pattern::new(concat!(
    r"\A(?:setting up TLS connection |Used TLS for |initializing the (?:server|client)-side TLS|",
    r"Host offered STARTTLS|(?:(?:~U+: )?(?:Untrusted|Trusted|Unverified|Verified|Matched|depth)~N.*?)?",
    r"(?:subject_CN|subject|verify)=|",
    r"(?:Peer |Server |Client )?certificate |SSL_(?:accept|connect):|SSL3 alert |",
    r"(?:Issuing|Decrypting|Encrypting|looking|save|saving|put|get|delete|remove|reloaded|[Rr]eusing|lookup)",
    r"~N(?:.*~N)?(?:session|ticket)|",
    r"[^\[ \t-\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+",
    r"\[[^\]]*\](?::[0-9]+)?: (?:re-?using session|Matched |subject|Trusted|Untrusted|Verified|cert)|",
    r"(?:~U+ )?fingerprint|cannot load |TLS cipher list|disabling TLS|No server certs available)",
));

/// Row of a line about TLS without its queue id.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    if let Some(record) = established(text) {
        return Some(record);
    }
    if let Some(found) = ERROR.captures(text) {
        let side = group(&found, 1).or(group(&found, 2)).unwrap_or("");
        let end = found.get(0).map_or(0, |m| m.end());
        return Some(with(Notice::info("tls_error", text), side, after(text, end)));
    }
    OTHER.is_match(text).then(|| Notice::info("other", text).into())
}

/// Row of a connection with TLS.
pub fn established(text: &str) -> Option<Record<'_>> {
    let (side, rest) = connection(text)?;
    Some(with(Notice::info("tls", text), side, rest))
}

fn with<'t>(row: Notice<'t>, side: &str, rest: &'t str) -> Record<'t> {
    let client = if side == "from" { peer(rest) } else { Peer::default() };
    Notice { client_name: client.name, client_addr: client.addr, ..row }.into()
}

/// `Anonymous TLS connection established from `: the side and what follows.
fn connection(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    let level = 1 + run(text, 1, |b| b.is_ascii_lowercase());
    if text.starts_with(|c: char| c.is_ascii_uppercase()) && level > 1 && has(text, level, b' ') {
        at = level + 1;
    }
    let rest = after(text, at).strip_prefix("TLS connection ")?;
    let rest = rest.strip_prefix("established ").or_else(|| rest.strip_prefix("reused "))?;
    ["from", "to"].into_iter().find_map(|side| Some((side, rest.strip_prefix(side)?.strip_prefix(' ')?)))
}
