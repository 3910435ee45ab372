//! Reply and attributes of a line in which smtpd, postscreen or a milter decided: `REPLY; from=<..> to=<..> ..`.
//!
//! Everything between the brackets was written by strangers, so a tail counts only if it reaches the end of the line,
//! and what is not plain is read from the right. `families/tail.py` tells more.

use super::common::{address_end, codes};
use crate::text::{after, cut, has, is_space, is_word, run, some, until};
use memchr::memmem;

/// The attributes of a decision; `reply` is what stands before them.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Tail<'t> {
    pub reply: &'t str,
    pub sender: Option<&'t str>,
    pub recipient: Option<&'t str>,
    pub proto: Option<&'t str>,
    pub helo: Option<&'t str>,
    pub sasl_method: Option<&'t str>,
    pub sasl_username: Option<&'t str>,
}

/// Splits `text`, which follows the client, into reply and attributes.
pub fn read_tail<'t>(text: &'t str, state: &str) -> Tail<'t> {
    if state == "HELO" || state == "EHLO" {
        return early(text);
    }
    plain(text).unwrap_or_else(|| from_the_right(text))
}

/// `; from=<jane@example.com> to=<joe@example.org> proto=ESMTP helo=<mx.example.com>`, postscreen's with commas.
fn plain(text: &str) -> Option<Tail<'_>> {
    memchr::memchr_iter(b';', text.as_bytes()).find_map(|at| plain_at(text, at))
}

fn plain_at(text: &str, start: usize) -> Option<Tail<'_>> {
    let mut at = start + 1;
    let mut tail = Tail { reply: cut(text, 0, start), ..Tail::default() };
    tail.sender = angled(text, &mut at, " from=<", true);
    tail.recipient = with_comma(text, &mut at, |text, at| angled(text, at, " to=<", true));
    tail.proto = with_comma(text, &mut at, |text, at| keyed(text, at, " proto=", is_word));
    tail.helo = with_comma(text, &mut at, |text, at| angled(text, at, " helo=<", false));
    (tail.sasl_method, tail.sasl_username) = sasl(text, at)?;
    Some(tail)
}

/// Value of `KEY<VALUE>` at `at`, without brackets in it, and for addresses without quotes.
#[inline(always)]
pub fn angled<'t>(text: &'t str, at: &mut usize, key: &str, address: bool) -> Option<&'t str> {
    if !after(text, *at).starts_with(key) {
        return None;
    }
    let start = *at + key.len();
    let end = if address { until(text, start, *b"<>\"") } else { until(text, start, *b"<>") };
    has(text, end, b'>').then(|| {
        *at = end + 1;
        cut(text, start, end)
    })
}

/// Value of `KEY=VALUE` at `at`, one character of `class` at least.
#[inline]
pub fn keyed<'t>(text: &'t str, at: &mut usize, key: &str, class: impl Fn(u8) -> bool) -> Option<&'t str> {
    if !after(text, *at).starts_with(key) {
        return None;
    }
    let start = *at + key.len();
    let length = run(text, start, class);
    (length > 0).then(|| {
        *at = start + length;
        cut(text, start, start + length)
    })
}

/// `read` with an optional comma before it.
#[inline]
fn with_comma<'t>(
    text: &'t str,
    at: &mut usize,
    read: impl Fn(&'t str, &mut usize) -> Option<&'t str>,
) -> Option<&'t str> {
    let mut from = *at + usize::from(has(text, *at, b','));
    let found = read(text, &mut from);
    if found.is_some() {
        *at = from;
    }
    found
}

/// `sasl_method=PLAIN sasl_username=jane sasl_sender=x` from `at` to the end of `text`, each of them optional.
fn sasl(text: &str, start: usize) -> Option<(Option<&str>, Option<&str>)> {
    let mut at = start;
    let method =
        with_comma(text, &mut at, |text, at| keyed(text, at, " sasl_method=", |b| !is_space(b) && b != b','));
    let before = at;
    let bracketed = with_comma(text, &mut at, |text, at| angled(text, at, " sasl_username=<", false));
    if bracketed.is_some() && sasl_end(text, at) {
        return Some((method, bracketed.and_then(some))); // an empty name is none
    }
    at = before;
    let bare = with_comma(text, &mut at, |text, at| keyed(text, at, " sasl_username=", |b| !is_space(b)));
    sasl_end(text, at).then_some((method, bare))
}

fn sasl_end(text: &str, start: usize) -> bool {
    let mut at = start;
    with_comma(text, &mut at, |text, at| keyed(text, at, " sasl_sender=", |b| !is_space(b)));
    at == text.len()
}

/// A raw greeting may hold anything, but it stands twice: as the object of the reply and in `helo=<..>`.
/// The longest text that stands in both places is the greeting.
fn early(text: &str) -> Tail<'_> {
    let body = codes(text).2;
    let mut end = if body.starts_with('<') { memmem::rfind(body.as_bytes(), b">: ") } else { None };
    while let Some(close) = end.filter(|&close| close > 0) {
        let greeting = cut(body, 1, close);
        if let Some(rest) = text.strip_suffix('>').and_then(|rest| rest.strip_suffix(greeting)) {
            if let Some(rest) = rest.strip_suffix(" helo=<") {
                return Tail { helo: Some(greeting), ..from_the_right(rest) };
            }
        }
        end = memmem::rfind(&body.as_bytes()[..close], b">: ");
    }
    memmem::find_iter(text.as_bytes(), b"; ")
        .find_map(|at| early_at(text, at))
        .unwrap_or_else(|| from_the_right(text))
}

/// `; proto=SMTP helo=<` at `start`, with `from=<..> ` only where MAIL came before.
fn early_at(text: &str, start: usize) -> Option<Tail<'_>> {
    let mut at = start + 1;
    let sender = angled(text, &mut at, " from=<", false);
    let proto = keyed(text, &mut at, " proto=", is_word)?;
    let helo = after(text, at).strip_prefix(" helo=<")?;
    Some(Tail {
        reply: cut(text, 0, start),
        sender,
        proto: Some(proto),
        helo: Some(helo.strip_suffix('>').unwrap_or(helo)),
        ..Tail::default()
    })
}

/// `helo=<`, then `proto=`, `to=<` and `from=<`, each at the end of what is left.
fn from_the_right(text: &str) -> Tail<'_> {
    let (rest, sasl_method, sasl_username) = take_sasl(text);
    let (rest, helo) = take_helo(rest);
    let (before, proto) = take_proto(rest);
    if proto.is_none() && helo.is_none() && !rest.ends_with('>') {
        return Tail { reply: text, ..Tail::default() };
    }
    let (rest, sender, recipient) = take_addresses(before);
    let reply = rest.strip_suffix([';', ',']).unwrap_or(rest);
    Tail { reply, sender, recipient, proto, helo, sasl_method, sasl_username }
}

type Sasl<'t> = (&'t str, Option<&'t str>, Option<&'t str>);

fn take_sasl(text: &str) -> Sasl<'_> {
    if memmem::find(text.as_bytes(), b" sasl_").is_none() {
        return (text, None, None);
    }
    memchr::memchr_iter(b'>', text.as_bytes())
        .find_map(|at| sasl(text, at + 1).map(|(method, username)| (cut(text, 0, at + 1), method, username)))
        .unwrap_or((text, None, None))
}

/// A line that was cut at about 2,040 bytes may lack the closing bracket, or end within the greeting.
fn take_helo(text: &str) -> (&str, Option<&str>) {
    let Some(at) = memmem::rfind(text.as_bytes(), b" helo=<") else {
        return (text, None);
    };
    let value = after(text, at + 7);
    let helo = match value.strip_suffix('>') {
        Some(whole) => whole,
        None if value.contains('>') => return (text, None),
        None => value,
    };
    let rest = cut(text, 0, at);
    (rest.strip_suffix(',').unwrap_or(rest), Some(helo))
}

/// `[;,]? proto=WORD` at the end of `text`.
fn take_proto(text: &str) -> (&str, Option<&str>) {
    let length = text.bytes().rev().take_while(|&b| is_word(b)).count();
    let (before, proto) = (cut(text, 0, text.len() - length), after(text, text.len() - length));
    match before.strip_suffix(" proto=") {
        Some(rest) if length > 0 => (rest.strip_suffix([';', ',']).unwrap_or(rest), Some(proto)),
        _ => (text, None),
    }
}

type Addresses<'t> = (&'t str, Option<&'t str>, Option<&'t str>);

/// What is left, sender and recipient of a text that ends with the closing bracket of either.
fn take_addresses(text: &str) -> Addresses<'_> {
    if let Some((rest, recipient)) = last_address(text, " to=<") {
        let rest = rest.strip_suffix(',').unwrap_or(rest);
        return match any_address(rest, "; from=<") {
            Some((left, sender)) => (left, Some(sender), Some(recipient)),
            None => (rest, None, Some(recipient)),
        };
    }
    if let Some((rest, sender)) = last_address(text, "; from=<") {
        return (rest, Some(sender), None);
    }
    let (rest, recipient) = match damaged_address(text, " to=<") {
        Some((rest, recipient)) => (rest.strip_suffix(',').unwrap_or(rest), Some(recipient)),
        None => (text, None),
    };
    match any_address(rest, "; from=<") {
        Some((left, sender)) => (left, Some(sender), recipient),
        None => (rest, None, recipient),
    }
}

fn any_address<'t>(text: &'t str, key: &str) -> Option<(&'t str, &'t str)> {
    last_address(text, key).or_else(|| damaged_address(text, key))
}

/// What stands before `key`, and the address from there to the end of `text`; the rightmost that is a whole address.
fn last_address<'t>(text: &'t str, key: &str) -> Option<(&'t str, &'t str)> {
    let inner = text.strip_suffix('>')?;
    let mut at = memmem::rfind(inner.as_bytes(), key.as_bytes());
    while let Some(found) = at {
        let value = after(inner, found + key.len());
        if address_end(value) == value.len() {
            return Some((cut(text, 0, found), value));
        }
        at = memmem::rfind(&inner.as_bytes()[..found], key.as_bytes());
    }
    None
}

/// As [`last_address`] for what is no address at all, like `<1F4@bs>` in `to=<<1F4@bs>>`.
fn damaged_address<'t>(text: &'t str, key: &str) -> Option<(&'t str, &'t str)> {
    let inner = text.strip_suffix('>')?;
    let at = memmem::rfind(inner.as_bytes(), key.as_bytes())?;
    Some((cut(text, 0, at), after(inner, at + key.len())))
}

/// The ASCII word (`\w+`) at `at`.
pub fn word_at(text: &str, at: usize) -> Option<&str> {
    let length = run(text, at, is_word);
    (length > 0).then(|| cut(text, at, at + length))
}

/// End of `(..)` at `at` without parentheses in it.
pub fn parenthesised(text: &str, at: usize) -> Option<usize> {
    if !has(text, at, b'(') {
        return None;
    }
    let length = run(text, at + 1, |b| b != b'(' && b != b')');
    has(text, at + 1 + length, b')').then_some(at + length + 2)
}
