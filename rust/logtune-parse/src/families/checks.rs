//! Header and body checks of cleanup and smtp, and milter_header_checks (`src/cleanup/cleanup_message.c`).
//! `families/checks.py` shows samples.

use super::common::{Peer, codes, peer};
use super::tail::{angled, keyed};
use crate::records::Decision;
use crate::text::{Pattern, after, cut, find_byte, group, has, is_space, is_word, run, some};
use memchr::memmem;
use std::borrow::Cow;

/// cleanup prints at most so many bytes of the line, so a stranger cannot push the origin further to the right.
const LINE_LIMIT: usize = 200;

pub static TAIL: Pattern = Pattern::new(concat!(
    r#"\Afrom=<(?P<sender>(?:"(?:[^"\\]|\\(?s:.))*")?[^"<>]*|[^>]*>?)>"#,
    r#"(?: to=<(?P<recipient>(?:"(?:[^"\\]|\\(?s:.))*")?[^"<>]*|[^>]*>?)>)?"#,
    r"(?: proto=(?P<proto>~w+))?(?: helo=<?(?P<helo>[^<>]*)>)?",
    r"(?: sasl_method=~S+)?(?: sasl_username=~S+)?(?: sasl_sender=~S+)?(?:: (?P<text>(?s:.)*))?\z",
));

/// Where a mail's line came from, and the attributes behind it.
pub struct Origin<'t> {
    /// Where the mail's line ends.
    pub at: usize,
    pub client: Peer<'t>,
    pub sender: Option<&'t str>,
    pub recipient: Option<&'t str>,
    pub proto: Option<&'t str>,
    pub helo: Option<&'t str>,
    text: &'t str,
}

/// Check in `text` (without queue id).
pub fn read(text: &str) -> Option<Decision<'_>> {
    let (action, part, line) = head(text)?;
    let by = if text.starts_with("milter-") { "milter" } else { "cleanup" };
    let Some(found) = origin(line) else {
        return Some(without_origin(by, action, part, line));
    };
    let (_, dsn, reason) = codes(found.text);
    Some(Decision {
        origin: by,
        action,
        client_name: found.client.name,
        client_addr: found.client.addr,
        client_port: found.client.port,
        dsn,
        reason: some(reason).map(Cow::Borrowed),
        sender: found.sender,
        recipient: found.recipient,
        proto: found.proto,
        helo: found.helo,
        part: Some(part),
        text: Some(cut(line, 0, found.at)),
        ..Decision::default()
    })
}

/// `ACTION: PART LINE`.
fn head(text: &str) -> Option<(&str, &str, &str)> {
    let text = ["milter-header-", "milter-body-"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text);
    let length = run(text, 0, |b| b.is_ascii_lowercase());
    let rest = after(text, length).strip_prefix(": ")?;
    let part = ["header", "body", "content"].into_iter().find(|part| rest.starts_with(part))?;
    let line = after(rest, part.len()).strip_prefix(' ')?;
    (2..=12).contains(&length).then(|| (cut(text, 0, length), part, line))
}

/// The last place within reach from which an origin and its attributes fit to the end.
pub fn origin(text: &str) -> Option<Origin<'_>> {
    let mut best = None;
    for at in memmem::find_iter(text.as_bytes(), b" from ") {
        let Some((client, end)) = client_at(text, at + 6) else {
            continue;
        };
        if best.is_some() && at > LINE_LIMIT && cut(text, 0, at).chars().count() > LINE_LIMIT {
            break;
        }
        let tail = after(text, end);
        if let Some([sender, recipient, proto, helo, said]) = plain_tail(tail).or_else(|| any_tail(tail)) {
            best = Some(Origin { at, client, sender, recipient, proto, helo, text: said.unwrap_or("") });
        }
    }
    best
}

/// Sender, recipient, proto, helo and the text behind them.
pub type Tail<'t> = [Option<&'t str>; 5];

/// What [`TAIL`] finds first, where nothing is quoted and no login follows, as in nearly all lines.
pub fn plain_tail(text: &str) -> Option<Tail<'_>> {
    let mut at = 0;
    let sender = angled(text, &mut at, "from=<", true)?;
    let recipient = angled(text, &mut at, " to=<", true);
    let proto = keyed(text, &mut at, " proto=", is_word);
    let helo = angled(text, &mut at, " helo=<", false);
    let said = match after(text, at) {
        "" => None,
        rest => Some(rest.strip_prefix(": ")?),
    };
    Some([Some(sender), recipient, proto, helo, said])
}

pub fn any_tail(text: &str) -> Option<Tail<'_>> {
    let found = TAIL.captures(text)?;
    Some([1, 2, 3, 4, 5].map(|index| group(&found, index)))
}

/// `local; `, `unknown; ` or `name[addr]:port; ` at `at`, where `from=<` follows.
fn client_at(text: &str, at: usize) -> Option<(Peer<'_>, usize)> {
    let rest = after(text, at);
    for word in ["local", "unknown"] {
        if rest.strip_prefix(word).is_some_and(|rest| rest.starts_with("; from=<")) {
            return Some((Peer::default(), at + word.len() + 2));
        }
    }
    let name = run(rest, 0, |b| !is_space(b) && b != b'[' && b != b']');
    let close = if has(rest, name, b'[') { find_byte(rest, name, b']')? } else { return None };
    if cut(rest, name, close).bytes().any(is_space) {
        return None;
    }
    let mut end = close + 1;
    if has(rest, end, b':') {
        end += 1 + super::tail::word_at(rest, end + 1)?.len();
    }
    after(rest, end).starts_with("; from=<").then(|| (peer(cut(rest, 0, end)), at + end + 2))
}

/// `replace: header NAME: OLD: NAME: NEW` of smtp_header_checks (`src/global/header_body_checks.c`).
fn without_origin<'t>(by: &'t str, action: &'t str, part: &'t str, text: &'t str) -> Decision<'t> {
    let row = Decision { origin: by, action, part: Some(part), ..Decision::default() };
    let name = text.split(':').next().unwrap_or("");
    let again = format!(": {name}:");
    match memmem::find(text.as_bytes(), again.as_bytes()) {
        Some(at) if !name.is_empty() => Decision {
            reason: Some(Cow::Owned(format!("{name}:{}", after(text, at + again.len())))),
            text: Some(cut(text, 0, at)),
            ..row
        },
        _ => Decision { text: Some(text), ..row },
    }
}
