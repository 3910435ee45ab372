//! Content filters: their word on a mail. Every other line of theirs is not Postfix's.
//! `families/filters.py` shows samples, and the patterns that are written out here.

use super::common::{signed, unangled};
use crate::records::Verdict;
use crate::text::{Needle, after, cut, find, has, is_unicode_space, run, some, until};
use memchr::memmem::Finder;
use std::borrow::Cow;

static AMAVIS_MAIL: Needle = Needle::new(|| Finder::new("> -> <"));
static HITS: Needle = Needle::new(|| Finder::new(", Hits: "));
static MESSAGE_ID: Needle = Needle::new(|| Finder::new(", Message-ID: "));
static QUEUE_ID: Needle = Needle::new(|| Finder::new(", Queue-ID: "));
static MID: Needle = Needle::new(|| Finder::new("mid="));

/// Queue id and verdict of a line of `filter` (amavis, rspamd, spamd).
pub fn read<'t>(filter: &str, text: &'t str) -> Option<(Option<&'t str>, Verdict<'t>)> {
    match filter {
        "amavis" => amavis(text),
        "rspamd" => rspamd(text),
        _ => spamd(text),
    }
}

fn amavis(text: &str) -> Option<(Option<&str>, Verdict<'_>)> {
    let word = amavis_said(text)?;
    let (sender, recipient) = amavis_mail(text).unzip();
    let verdict = Verdict {
        filter: "amavis",
        verdict: amavis_word(word.trim_end_matches('-')),
        score: field(text, &HITS).and_then(signed),
        client_addr: amavis_client(text),
        sender,
        recipient,
        message_id: field(text, &MESSAGE_ID).and_then(some).map(unangled),
    };
    Some((field(text, &QUEUE_ID), verdict))
}

/// `(01234-05) Passed CLEAN`, with or without the number of the task.
fn amavis_said(text: &str) -> Option<&str> {
    let task = text.strip_prefix('(').and_then(|task| {
        let length = run(task, 0, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        after(task, length).strip_prefix(") ").filter(|_| length > 0)
    });
    let text = task.unwrap_or(text);
    let rest = text.strip_prefix("Passed ").or_else(|| text.strip_prefix("Blocked "))?;
    let word = cut(rest, 0, run(rest, 0, |b| b.is_ascii_uppercase() || b == b'-'));
    (!word.is_empty() && !word.starts_with('-')).then_some(word)
}

/// Address in the first `, [192.0.2.1]` or `, LOCAL [192.0.2.1]`.
fn amavis_client(text: &str) -> Option<&str> {
    memchr::memchr_iter(b'[', text.as_bytes()).find_map(|open| {
        let before = cut(text, 0, open);
        let close = open + 1 + run(text, open + 1, |b| b.is_ascii_hexdigit() || b == b'.' || b == b':');
        let whole = close > open + 1 && has(text, close, b']');
        let fits = before.ends_with(", ") || before.ends_with(", LOCAL ");
        (whole && fits).then(|| cut(text, open + 1, close))
    })
}

/// Sender and recipient in the first ` <jane@example.com> -> <joe@example.org>`.
fn amavis_mail(text: &str) -> Option<(&str, &str)> {
    AMAVIS_MAIL.find_iter(text.as_bytes()).find_map(|end| {
        let before = cut(text, 0, end);
        let open = before.rfind(['<', '>']).filter(|&open| has(text, open, b'<'))?;
        let start = end + 6;
        let close = until(text, start, *b"<>");
        let whole = has(text, close, b'>') && before.as_bytes()[..open].ends_with(b" ");
        whole.then(|| (cut(text, open + 1, end), cut(text, start, close)))
    })
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
fn field<'t>(text: &'t str, key: &Needle) -> Option<&'t str> {
    let start = find(text, 0, key)? + key.needle().len();
    Some(cut(text, start, until(text, start, [b','])))
}

fn rspamd(text: &str) -> Option<(Option<&str>, Verdict<'_>)> {
    let line = until(text, 0, [b'\n']);
    let mut opens = memchr::memchr_iter(b'(', text.as_bytes()).take_while(|&open| open <= line);
    let (is_spam, said, score) = opens.find_map(|open| rspamd_said(after(text, open + 1)))?;
    let word = match (is_spam, said) {
        (true, _) => "spam",
        (_, "no action") => "clean",
        _ => said,
    };
    let mut row =
        Verdict { filter: "rspamd", verdict: word.into(), score: signed(score), ..Verdict::default() };
    let mut queue_id = None;
    let mut done = 0;
    while let Some((key, start)) = rspamd_field(text, done) {
        let value = value(text, start);
        done = start + value.len();
        let value = Some(unangled(value));
        match key {
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

/// `default: F (no action): [1.40/15.00]` behind a parenthesis: whether it is spam, the action and the score.
fn rspamd_said(text: &str) -> Option<(bool, &str, &str)> {
    let settings = run(text, 0, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    let rest = after(text, settings).strip_prefix(": ").filter(|_| settings > 0)?;
    let is_spam = has(rest, 0, b'T');
    let rest = rest.strip_prefix(['T', 'F', 'S'])?.strip_prefix(" (")?;
    let length = run(rest, 0, |b| b.is_ascii_lowercase() || b == b' ');
    let score = after(rest, length).strip_prefix("): [").filter(|_| length > 0)?;
    let minus = usize::from(score.starts_with('-'));
    let end = minus + run(score, minus, |b| b.is_ascii_digit() || b == b'.');
    (end > minus && has(score, end, b'/')).then(|| (is_spam, cut(rest, 0, length), cut(score, 0, end)))
}

/// The next `KEY: ` at or after `from` that begins the text or follows a comma or `log:`; where its value begins.
fn rspamd_field(text: &str, from: usize) -> Option<(&'static str, usize)> {
    const KEYS: [&str; 5] = ["qid", "id", "ip", "from", "rcpts"];
    memchr::memchr_iter(b':', text.as_bytes().get(from..)?).map(|at| from + at).find_map(|colon| {
        let key = KEYS.into_iter().find(|key| {
            let before = cut(text, from, colon).strip_suffix(key);
            before.is_some_and(|before| {
                (before.is_empty() && from == 0) || before.ends_with(", ") || before.ends_with("log: ")
            })
        })?;
        has(text, colon + 1, b' ').then_some((key, colon + 2))
    })
}

/// Value at `start`: what stands in angle brackets, else what stands before a comma or a space.
fn value(text: &str, start: usize) -> &str {
    let rest = after(text, start);
    if rest.starts_with('<') {
        let close = until(rest, 1, *b"<>");
        if has(rest, close, b'>') {
            return cut(rest, 0, close + 1);
        }
    }
    cut(rest, 0, rest.find(|c| c == ',' || is_unicode_space(c)).unwrap_or(rest.len()))
}

/// spamd says each verdict twice (`identified spam`, `result:`); the second names the mail, so it counts.
fn spamd(text: &str) -> Option<(Option<&str>, Verdict<'_>)> {
    let said = text.strip_prefix("spamd: ").unwrap_or(text).strip_prefix("result: ")?;
    let rest = said.strip_prefix(['Y', '.'])?;
    let spaces = run(rest, 0, |b| b == b' ');
    let (score, _) = after(rest, spaces).split_once(" - ")?;
    if spaces == 0 || !is_score(score) {
        return None;
    }
    let verdict = Verdict {
        filter: "spamd",
        verdict: if said.starts_with('Y') { "spam" } else { "clean" }.into(),
        score: signed(score),
        message_id: mid(text).filter(|mid| *mid != "(unknown)").map(unangled),
        ..Verdict::default()
    };
    Some((None, verdict))
}

/// Whether `text` is a number, however long.
fn is_score(text: &str) -> bool {
    let whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    text.split_once('.').map_or(whole(text), |(before, behind)| whole(before) && whole(behind))
}

/// Value of `mid=` behind a comma or a space.
fn mid(text: &str) -> Option<&str> {
    let at = MID.find_iter(text.as_bytes()).find(|at| cut(text, 0, *at).ends_with([',', ' ']))?;
    Some(value(text, at + 4))
}
