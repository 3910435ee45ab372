//! Content filters: their word on a mail. Every other line of theirs is not Postfix's.
//! `families/filters.py` shows samples.

use super::common::{signed, unangled};
use crate::records::Verdict;
use crate::text::{Pattern, cut, find_byte, group, some};
use memchr::memmem;
use std::borrow::Cow;

pub static AMAVIS: Pattern = Pattern::new(r"\A(?:\([0-9A-Za-z_-]+\) )?(Passed|Blocked) ([A-Z][A-Z-]*)");
pub static AMAVIS_CLIENT: Pattern = Pattern::new(r", (?:LOCAL )?\[([0-9A-Fa-f.:]+)\]");
pub static AMAVIS_MAIL: Pattern = Pattern::new(r" <([^<>]*)> -> <([^<>]*)>");
pub static RSPAMD: Pattern = Pattern::new(r"\A.*?\(([0-9A-Za-z_.-]+): ([TFS]) \(([a-z ]+)\): \[(-?[0-9.]+)/");
pub static RSPAMD_FIELD: Pattern = Pattern::new(concat!(
    r"(?:\A|, |log: )(id|qid|ip|from|rcpts): (<[^<>]*>|",
    r"[^, \t-\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*)",
));
pub static SPAMD: Pattern = Pattern::new(r"\A(?:spamd: )?result: ([Y.]) +(-?[0-9]+(?:\.[0-9]+)?) - ");
pub static MID: Pattern = Pattern::new(concat!(
    r"[, ]mid=(<[^<>]*>|",
    r"[^, \t-\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*)",
));

/// Queue id and verdict of a line of `filter` (amavis, rspamd, spamd).
pub fn read<'t>(filter: &str, text: &'t str) -> Option<(Option<&'t str>, Verdict<'t>)> {
    match filter {
        "amavis" => amavis(text),
        "rspamd" => rspamd(text),
        _ => spamd(text),
    }
}

fn amavis(text: &str) -> Option<(Option<&str>, Verdict<'_>)> {
    let found = AMAVIS.captures(text)?;
    let mail = AMAVIS_MAIL.captures(text);
    let party = |index| mail.as_ref().and_then(|mail| group(mail, index));
    let verdict = Verdict {
        filter: "amavis",
        verdict: amavis_word(group(&found, 2)?.trim_end_matches('-')),
        score: field(text, ", Hits: ").and_then(signed),
        client_addr: AMAVIS_CLIENT.captures(text).and_then(|client| group(&client, 1)),
        sender: party(1),
        recipient: party(2),
        message_id: field(text, ", Message-ID: ").and_then(some).map(unangled),
    };
    Some((field(text, ", Queue-ID: "), verdict))
}

fn amavis_word(word: &str) -> Cow<'_, str> {
    match word {
        "CLEAN" => "clean".into(),
        "SPAM" | "SPAMMY" => "spam".into(),
        "INFECTED" => "virus".into(),
        "BANNED" => "banned".into(),
        "BAD-HEADER" => "bad header".into(),
        "UNCHECKED" => "unchecked".into(),
        _ => word.to_ascii_lowercase().into(),
    }
}

/// What stands between `key` and the next comma.
fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let start = memmem::find(text.as_bytes(), key.as_bytes())? + key.len();
    Some(cut(text, start, find_byte(text, start, b',').unwrap_or(text.len())))
}

fn rspamd(text: &str) -> Option<(Option<&str>, Verdict<'_>)> {
    let found = RSPAMD.captures(text)?;
    let said = group(&found, 3)?;
    let word = match (group(&found, 2)?, said) {
        ("T", _) => "spam",
        (_, "no action") => "clean",
        _ => said,
    };
    let mut row = Verdict {
        filter: "rspamd",
        verdict: word.into(),
        score: group(&found, 4).and_then(signed),
        ..Verdict::default()
    };
    let mut queue_id = None;
    for named in RSPAMD_FIELD.all(text) {
        let value = group(&named, 2).map(unangled);
        match group(&named, 1)? {
            "id" => row.message_id = value,
            "qid" => queue_id = value,
            "ip" => row.client_addr = value,
            "from" => row.sender = value,
            _ => row.recipient = value,
        }
    }
    row.recipient = row.recipient.and_then(some).and_then(|all| all.split(',').next());
    Some((queue_id.filter(|id| !id.is_empty() && *id != "undef"), row))
}

/// spamd says each verdict twice (`identified spam`, `result:`); the second names the mail, so it counts.
fn spamd(text: &str) -> Option<(Option<&str>, Verdict<'_>)> {
    let found = SPAMD.captures(text)?;
    let mid = MID.captures(text).and_then(|mid| group(&mid, 1)).filter(|mid| *mid != "(unknown)");
    let verdict = Verdict {
        filter: "spamd",
        verdict: if group(&found, 1) == Some("Y") { "spam" } else { "clean" }.into(),
        score: group(&found, 2).and_then(signed),
        message_id: mid.map(unangled),
        ..Verdict::default()
    };
    Some((None, verdict))
}
