//! Time stamp, host, tag and process id of one log line: every form that syslog daemons write.
//! `logtune/parse/envelope.py` lists the forms. What cannot be read is null, never guessed.

use crate::families::common::integer32;
use crate::stamp::{self, Day, Stamp};
use crate::text::{Pattern, after, cut, group, has, word_end};

/// What stands before the text. `tag` is `None` where the line has none (`last message repeated`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope<'t> {
    pub stamp: Stamp,
    pub host: Option<&'t str>,
    /// Stamp and host are those of the line before.
    pub again: bool,
    pub tag: Option<&'t str>,
    pub pid: Option<i32>,
    pub text: &'t str,
}

pub static ISO: Pattern = Pattern::new(
    r"\A(~d{4}-~d~d-~d~d[T ]~d~d:~d~d:~d~d(?:[.,]~d{1,9})?(?: ?(?:Z|UTC|[+-]~d~d(?::?~d~d)?))?)~s",
);
pub static CLASSIC: Pattern = Pattern::new(concat!(
    r"\A((?P<mon>[^ \t-\r0-9:|<{]{3,10}) {1,2}(?P<d>~d{1,2}) (?:(?P<y>~d{4}),? )?",
    r"(?P<h>~d~d?):(?P<m>~d~d):(?P<s>~d~d)(?:[.,](?P<f>~d+))?(?: (?P<y2>~d{4}))?)~s",
));
pub static YEAR_FIRST: Pattern = Pattern::new(concat!(
    r"\A((?P<y>~d{4}) (?P<mon>[^ \t-\r0-9:]{3,10}) {1,2}(?P<d>~d{1,2}) ",
    r"(?P<h>~d~d?):(?P<m>~d~d):(?P<s>~d~d)(?:[.,](?P<f>~d+))?)~s",
));
pub static PRIORITY: Pattern = Pattern::new(r"\A<~d{1,3}>(1 )?");
pub static COMPOSE: Pattern = Pattern::new(r"\A[0-9A-Za-z_.@/-]{1,128} *\| +");
pub static JSON_FILE: Pattern = Pattern::new(r#"\A\{"log":("(?:[^"\\]|\\(?s:.))*")"#);
pub static WEEKDAY: Pattern = Pattern::new(r"\A(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? ");
pub static ZONE_NAME: Pattern = Pattern::new(r"\A( [A-Z]{2,5}) ");
pub static STREAM: Pattern = Pattern::new(r"\A(?:stdout|stderr) [FP] ");
pub static LEVEL: Pattern = Pattern::new(
    r"\A(?:<[0-9A-Za-z_.]{1,24}>:? |(?:kern|user|mail|daemon|auth|authpriv|syslog|local[0-7])\.[a-z]{3,7} )",
);
pub static HOST_TAG: Pattern = Pattern::new(concat!(
    r"\A(?:(~S*[^: \t-\r]) )?(?:(?:kern|user|mail|daemon|local[0-7])\.[a-z]{3,7} )?",
    r"([^\[: \t-\r]+)(?:\[([^\] \t-\r]*)\])?: ?((?s:.)*)",
));
pub static RFC5424: Pattern =
    Pattern::new(r"\A(~S+) (~S+) (~S+) ~S+ (?:-|(?:\[[^\]]*\])+)(?: \x{feff}?((?s:.)*)|\z)");
pub static REPEATED: Pattern =
    Pattern::new(r"\A(?:(~S+) )?((?:--- )?last message repeated ~d+ times?(?s:.)*)");

/// What is kept from line to line, for speed alone.
#[derive(Default)]
pub struct Memory {
    /// What was written escaped.
    scratch: String,
    day: Day,
    /// `STAMP host ` of the line before, where its form was usual: a busy server writes many lines a second.
    head: String,
    host_start: usize,
    /// The last stamp of another form.
    text: String,
    stamp: Stamp,
}

/// Envelope of `line`, or `None` where no syslog header stands at its start. It is made where it is used: one that is
/// handed over in memory is waited for until all earlier stores are done.
#[inline(always)]
pub fn read<'t>(line: &'t str, memory: &'t mut Memory) -> Option<Envelope<'t>> {
    match usual(line, memory) {
        Some(envelope) => Some(envelope),
        None => {
            memory.head.clear();
            rare(line, &mut memory.scratch)
        }
    }
}

/// `STAMP host tag[pid]: text`, which fills nearly every log. A host does not end with a colon: that would be a tag.
#[inline(always)]
fn usual<'t>(line: &'t str, memory: &mut Memory) -> Option<Envelope<'t>> {
    let again = !memory.head.is_empty() && line.starts_with(memory.head.as_str());
    if !again {
        read_head(line, memory)?;
    }
    let tag_start = memory.head.len();
    let tag_end = word_end(line, tag_start, *b"[:");
    if tag_end == tag_start {
        return None;
    }
    let mut at = tag_end;
    let mut pid = None;
    if has(line, at, b'[') {
        let digits = after(line, at + 1).bytes().take(10);
        let (number, length) = digits
            .take_while(u8::is_ascii_digit)
            .fold((0, 0), |(number, length), digit| (number * 10 + i64::from(digit - b'0'), length + 1));
        at += 1 + length;
        pid = Some(i32::try_from(number).ok().filter(|_| length > 0 && has(line, at, b']'))?);
        at += 1; // no number, or a large one: the patterns know better
    }
    if !has(line, at, b':') {
        return None;
    }
    at += 1 + usize::from(has(line, at + 1, b' '));
    Some(Envelope {
        stamp: memory.stamp,
        host: Some(cut(line, memory.host_start, tag_start - 1)),
        again,
        tag: Some(cut(line, tag_start, tag_end)),
        pid,
        text: after(line, at),
    })
}

/// Remembers `STAMP host ` at the start of `line`.
#[inline(never)]
fn read_head(line: &str, memory: &mut Memory) -> Option<()> {
    let end = match memory.day.stamp(line) {
        Some((stamp, end)) => {
            memory.stamp = stamp;
            memory.text.clear();
            end
        }
        None => usual_stamp(line, memory)?,
    };
    let host_start = end + 1;
    let host_end = word_end(line, host_start, []);
    let whole = host_end > host_start && has(line, end, b' ') && has(line, host_end, b' ');
    if !whole || has(line, host_end - 1, b':') {
        return None;
    }
    memory.host_start = host_start;
    memory.head.clear();
    memory.head.push_str(cut(line, 0, host_end + 1));
    Some(())
}

/// Remembers the stamp in one of the two usual forms at the start of `line`, and gives its end.
fn usual_stamp(line: &str, memory: &mut Memory) -> Option<usize> {
    let end = stamp::usual_end(line)?;
    let text = cut(line, 0, end);
    if memory.text != text {
        memory.stamp = stamp::usual(text);
        memory.text.clear();
        memory.text.push_str(text);
    }
    Some(end)
}

/// The forms that [`usual`] does not know: prefixes, other stamps, no host, no tag.
#[cold]
fn rare<'t>(line: &'t str, scratch: &'t mut String) -> Option<Envelope<'t>> {
    let (line, rfc5424) = without_prefixes(line, scratch);
    let (stamp, rest) = take_stamp(line)?;
    let rest = after(rest, LEVEL.end(rest));
    if rfc5424 {
        let found = RFC5424.captures(rest)?;
        let known = |index| group(&found, index).filter(|value| *value != "-");
        let text = group(&found, 4).unwrap_or("");
        return Some(Envelope {
            stamp,
            host: known(1),
            again: false,
            tag: known(2),
            pid: group(&found, 3).and_then(integer32),
            text,
        });
    }
    if let Some(found) = REPEATED.captures(rest) {
        let text = group(&found, 2).unwrap_or("");
        return Some(Envelope { stamp, host: group(&found, 1), again: false, tag: None, pid: None, text });
    }
    let found = HOST_TAG.captures(rest)?;
    let text = group(&found, 4).unwrap_or("");
    Some(Envelope {
        stamp,
        host: group(&found, 1),
        again: false,
        tag: group(&found, 2),
        pid: group(&found, 3).and_then(integer32),
        text,
    })
}

/// `line` without what containers and syslog daemons put before the stamp, and whether it is RFC 5424.
fn without_prefixes<'t>(line: &'t str, scratch: &'t mut String) -> (&'t str, bool) {
    let mut line = line.trim_start_matches(['\u{feff}', '\0', ' ']);
    if line.starts_with('{') {
        if let Some(literal) = JSON_FILE.captures(line).and_then(|found| group(&found, 1)) {
            line = match unescape(literal, scratch) {
                Some(()) => scratch.trim_end_matches(['\r', '\n']),
                None => literal,
            };
        }
    }
    line = after(line, COMPOSE.end(line));
    match PRIORITY.captures(line) {
        Some(found) => (after(line, found.get(0).map_or(0, |m| m.end())), group(&found, 1).is_some()),
        None => (line, false),
    }
}

/// Writes the string that a JSON string literal stands for; `None` where it is damaged. Half a surrogate pair is U+FFFD.
fn unescape(literal: &str, text: &mut String) -> Option<()> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    text.clear();
    let mut rest = inner;
    while let Some(at) = rest.find(|c: char| c == '\\' || c < ' ') {
        text.push_str(cut(rest, 0, at));
        rest = after(rest, at).strip_prefix('\\')?;
        let kind = *rest.as_bytes().first()?;
        if !kind.is_ascii() {
            return None;
        }
        rest = after(rest, 1);
        text.push(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => code_point(&mut rest)?,
            _ => return None,
        });
    }
    text.push_str(rest);
    Some(())
}

/// The character of `XXXX` or `XXXX\uXXXX` at the start of `rest`, which follow `\u`.
fn code_point(rest: &mut &str) -> Option<char> {
    let high = four(rest)?;
    *rest = after(rest, 4);
    if (0xd800..0xdc00).contains(&high) {
        if let Some(low) =
            rest.strip_prefix("\\u").and_then(four).filter(|low| (0xdc00..0xe000).contains(low))
        {
            *rest = after(rest, 6);
            return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        }
    }
    Some(char::from_u32(high).unwrap_or('\u{fffd}'))
}

fn four(text: &str) -> Option<u32> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// Stamp at the start of `line` and what follows. `docker logs -t` puts its own before the log's: that counts.
fn take_stamp(line: &str) -> Option<(Stamp, &str)> {
    let (stamp, rest) = one_stamp(line)?;
    let rest = after(rest, STREAM.end(rest));
    Some((stamp, one_stamp(rest).map_or(rest, |(_, after)| after)))
}

fn one_stamp(line: &str) -> Option<(Stamp, &str)> {
    let weekday = WEEKDAY.end(line);
    let line = after(line, weekday);
    if let Some(text) = ISO.captures(line).and_then(|found| group(&found, 1)) {
        let rest = after(line, text.len());
        let zone =
            if weekday > 0 { ZONE_NAME.captures(rest).and_then(|found| group(&found, 1)) } else { None };
        let (date, clock) = (cut(text, 0, 10), after(text, 11));
        let stamp = stamp::iso(&format!("{date}T{}", clock.replace(" UTC", "Z").replace(' ', "")));
        return Some((stamp, after(rest, zone.map_or(0, str::len) + 1)));
    }
    let found = CLASSIC.captures(line).or_else(|| YEAR_FIRST.captures(line))?;
    let named = |name| found.name(name).map(|m| m.as_str());
    let year = named("y").or_else(|| named("y2"));
    let stamp = stamp::classic(
        year,
        named("mon").unwrap_or(""),
        named("d").unwrap_or(""),
        [named("h").unwrap_or(""), named("m").unwrap_or(""), named("s").unwrap_or("")],
        named("f").unwrap_or(""),
    );
    let end = group(&found, 1).map_or(0, str::len);
    Some((stamp, after(line, end).trim_start_matches(' ')))
}
