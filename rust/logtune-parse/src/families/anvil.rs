//! anvil: peaks of rates and connections per client (`src/anvil/anvil.c`).

use super::common::number;
use crate::records::{Notice, Record};
use crate::text::{Pattern, after, cut, group, has, run, some};
use memchr::memmem;

// The service may be "127.0.0.1:10025", the address may have colons too: an IPv4 address is taken from the right.
pub static PEAK: Pattern = Pattern::new(concat!(
    r"\Astatistics: max [a-z ]+ ([0-9]+)(?:/[0-9]+s)?",
    r"(?: for \((?:(.*):([0-9]+(?:\.[0-9]+){3})|([^:]*):(.*?))\))? at ",
));

/// Row of an anvil line. `value` is the peak, `endpoint` the service.
pub fn read<'t>(text: &'t str, _queue_id: Option<&str>) -> Option<Record<'t>> {
    let rest = text.strip_prefix("statistics: max ")?;
    let (value, service, addr) = plain(rest).or_else(|| any(text))?;
    let row = Notice { client_addr: addr, endpoint: service, ..Notice::info("anvil", text) };
    Some(Notice { value: number(value), ..row }.into())
}

type Peak<'t> = (&'t str, Option<&'t str>, Option<&'t str>);

/// `connection rate 3/60s for (smtp:192.0.2.1) at Mar  2 06:12:00` with one place where the parentheses can end.
fn plain(text: &str) -> Option<Peak<'_>> {
    let words = run(text, 0, |b| b.is_ascii_lowercase() || b == b' ');
    let digits = run(text, words, |b| b.is_ascii_digit());
    if words < 2 || digits == 0 || !has(text, words - 1, b' ') {
        return None;
    }
    let mut rest = after(text, words + digits);
    if let Some(per) = rest.strip_prefix('/') {
        let seconds = run(per, 0, |b| b.is_ascii_digit());
        rest = after(per, seconds).strip_prefix('s').filter(|_| seconds > 0)?;
    }
    let value = cut(text, words, words + digits);
    if rest.starts_with(" at ") {
        return Some((value, None, None));
    }
    let inner = rest.strip_prefix(" for (")?;
    let close = memmem::find(inner.as_bytes(), b") at ")?;
    let client = cut(inner, 0, close);
    if memmem::find(after(inner, close + 1).as_bytes(), b") at ").is_some() || client.contains('\n') {
        return None;
    }
    let (service, addr) =
        client.rsplit_once(':').filter(|(_, addr)| is_dotted(addr)).or_else(|| client.split_once(':'))?;
    Some((value, some(service), some(addr)))
}

fn is_dotted(addr: &str) -> bool {
    addr.bytes().filter(|&b| b == b'.').count() == 3
        && addr.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn any(text: &str) -> Option<Peak<'_>> {
    let found = PEAK.captures(text)?;
    let either = |a, b| group(&found, a).and_then(some).or_else(|| group(&found, b).and_then(some));
    Some((group(&found, 1)?, either(2, 4), either(3, 5)))
}
