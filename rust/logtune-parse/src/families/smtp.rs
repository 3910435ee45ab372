//! smtp and lmtp clients: what servers said, connections that failed (`src/smtp`).

use super::{Put, checks, delivery, tls};
use crate::records::{Notice, Record};
use crate::text::{Pattern, after, cut, unspaced_end};

// Why another server is tried (smtp_trouble.c), and harmless news; "passing" since 3.6
pub static OTHER: Pattern = Pattern::new(concat!(
    r"\A(?:(?:SMTPUTF8|8BITMIME|REQUIRETLS) is required, but|message size [0-9]+ exceeds|protocol error: |",
    r"bad (?:host/domain|server)|unexpected server |enabling PIX |passing <.*> to transport=|Host offered STARTTLS|",
    r"breaking line |mail for ~U+ loops back|(?:host )?~U+ offer(?:s|ed) |server features|",
    r"using (?:SMTP|LMTP|ESMTP)|header name:|size limit)",
));

/// Lends the row of a line of smtp or lmtp without its queue id.
pub fn lend(text: &str, queue_id: Option<&str>, put: &mut Put<'_>) -> bool {
    if text.starts_with("to=") {
        return delivery::lend(text, queue_id, put);
    }
    super::lend(read(text, queue_id), put)
}

/// Row of a line of smtp or lmtp without its queue id.
pub fn read<'t>(text: &'t str, queue_id: Option<&str>) -> Option<Record<'t>> {
    if text.starts_with("to=") {
        return delivery::read(text, queue_id);
    }
    if let Some(kind) = kind(text) {
        return Some(Notice::info(kind, text).into());
    }
    // none of these begins with `[LEVEL ]TLS connection `
    if let Some(record) = tls::established(text) {
        return Some(record);
    }
    if OTHER.is_match(text) {
        return Some(Notice::info("other", text).into());
    }
    tls::read(text, queue_id).or_else(|| checks::read(text).map(Record::from))
}

fn kind(text: &str) -> Option<&'static str> {
    if let Some(rest) = text.strip_prefix("host ").or_else(|| text.strip_prefix("server ")) {
        let (_, said) = word(rest)?;
        let known = said.starts_with(" said:") || said.starts_with(" refused to talk to me:");
        return known.then_some("remote_said");
    }
    if let Some(rest) = text.strip_prefix("connect to ") {
        let (name, next) = word(rest)?;
        return (name.len() > 1 && name.ends_with(':') && next.starts_with(' ')).then_some("connect_failure");
    }
    if let Some(rest) = text.strip_prefix("lost connection with ") {
        return is_last(word(rest)?.1).then_some("remote_lost_connection");
    }
    if let Some(rest) = text.strip_prefix("conversation with ") {
        return is_last(word(rest)?.1.strip_prefix(" timed out")?).then_some("remote_timeout");
    }
    is_sasl_failure(text).then_some("client_sasl_failure")
}

/// First word of `text` and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = unspaced_end(text, 0);
    (end > 0).then(|| (cut(text, 0, end), after(text, end)))
}

fn is_last(rest: &str) -> bool {
    rest.starts_with(" while ") || rest.is_empty() || rest == "\n"
}

/// `SASL authentication failed; server mx.example.org[192.0.2.9] said: ..`.
pub fn is_sasl_failure(text: &str) -> bool {
    text.strip_prefix("SASL ")
        .map(|rest| rest.strip_prefix("[CACHED] ").unwrap_or(rest))
        .and_then(|rest| rest.strip_prefix("authentication failed"))
        .is_some_and(|rest| rest.starts_with([';', ':']))
}
