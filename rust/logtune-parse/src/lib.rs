//! Blocks of Postfix log lines to Arrow batches: the native core of logtune.
//!
//! It gives the same batches as the reference core in `logtune/parse`, cell for cell; that is the specification, and
//! files here are named after those there. Whatever the bytes are, a line is recognised, or a row of `unrecognised` with
//! a reason, or blank, so that `recognised + unrecognised + blank == lines`. Pure: no state between blocks but the sizes
//! by which memory is reserved (`room.rs`), no clock of the machine, no unsafe code.

#![forbid(unsafe_code)]

mod columns;
mod dictionary;
pub mod envelope;
pub mod families;
mod lines;
pub mod programs;
pub mod records;
mod room;
pub mod stamp;
pub mod tables;
pub mod text;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use dictionary::Dictionary;
use envelope::Memory;
use families::common::{integer32, number};
use families::{Family, filters, loss, read_postfix};
use lines::{Common, Names};
use programs::{Program, Programs, Tags};
use records::{Notice, Row, Unrecognised};
use std::borrow::Cow;
use tables::{Beside, Columns, Tables};
use text::{Pattern, after, cut, group, head};

/// So many characters of a line are kept in `unrecognised`.
const TEXT_LIMIT: usize = 2000;

/// A longer line is not read further: Postfix writes 2,040 bytes, rsyslog 8,192.
const LINE_LIMIT: usize = 8_192;

/// Largest block in bytes: every text column of it fits the 32-bit offsets of its array, also where each byte of it
/// becomes the three bytes of U+FFFD.
pub const BLOCK_LIMIT: usize = 1 << 29;

/// `unrecognised.why` of a line of a program that is neither Postfix nor a known filter.
const NOT_POSTFIX: &str = "not postfix";
const NO_HEADER: &str = "no syslog header";
const TOO_LONG: &str = "line too long";

static REPEATED: Pattern = Pattern::new(r"\A(?:--- )?last message repeated ([0-9]+) times?");
static REPEATED_TEXT: Pattern = Pattern::new(r"\Amessage repeated ([0-9]+) times?: \[ ?((?s:.)*)\z");
static SOLARIS: Pattern = Pattern::new(r"\[ID [0-9]+ [0-9A-Za-z_.]+\] ?");

/// Line accounts of what was parsed; `not_postfix` is a part of `unrecognised`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub recognised: u64,
    pub unrecognised: u64,
    pub blank: u64,
    pub not_postfix: u64,
}

/// A batch per table that has rows, and the line accounts.
#[derive(Debug)]
pub struct ParsedBlock {
    pub batches: Vec<(&'static str, RecordBatch)>,
    pub counts: Counts,
}

/// Parses `block`, which ends at a line end or at the end of its source; `base_position` is the position of its first
/// byte. `columns` names what is wanted, `tags` maps syslog tags that do not follow `instance/service/daemon`.
///
/// # Errors
/// A block larger than [`BLOCK_LIMIT`]. Never for what stands in it.
pub fn parse_block(
    block: &[u8],
    base_position: i64,
    columns: Option<&Columns>,
    tags: Option<&Tags>,
) -> Result<ParsedBlock, ArrowError> {
    if block.len() > BLOCK_LIMIT {
        return Err(ArrowError::InvalidArgumentError(format!("a block has at most {BLOCK_LIMIT} bytes")));
    }
    let mut parser = Parser {
        tables: Tables::new(columns, block),
        counts: Counts::default(),
        names: Names { hosts: Dictionary::default(), programs: Programs::new(tags) },
        host: None,
    };
    let mut memory = Memory::default();
    let whole = std::str::from_utf8(block).ok();
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', block).chain((!block.ends_with(b"\n")).then_some(block.len()));
    for end in ends.filter(|_| !block.is_empty()) {
        let position = base_position.wrapping_add_unsigned(start as u64);
        let raw = block.get(start..end).unwrap_or_default();
        let line = match whole {
            Some(whole) if raw.len() <= LINE_LIMIT => Cow::Borrowed(cut(whole, start, end)),
            _ => String::from_utf8_lossy(raw.get(..LINE_LIMIT).unwrap_or(raw)),
        };
        parser.line(without_end(&line), raw.len() > LINE_LIMIT, position, &mut memory);
        start = end + 1;
    }
    Ok(ParsedBlock { batches: parser.tables.finish(&parser.names)?, counts: parser.counts })
}

/// `line` without what a line of a foreign system may end with.
#[inline]
fn without_end(line: &str) -> &str {
    if line.ends_with(['\r', '\0']) { line.trim_end_matches(['\r', '\0']) } else { line }
}

struct Parser<'c> {
    tables: Tables<'c>,
    counts: Counts,
    names: Names<'c>,
    /// Of the line before.
    host: Option<i32>,
}

/// A line whose envelope was read.
struct Line<'t> {
    program: Program,
    text: &'t str,
    whole: &'t str,
}

impl Parser<'_> {
    fn line(&mut self, whole: &str, too_long: bool, position: i64, memory: &mut Memory) {
        self.counts.lines += 1;
        let Some(envelope) = envelope::read(whole, memory) else {
            return self.no_envelope(whole, position);
        };
        let program = envelope.tag.map(|tag| self.names.programs.find(tag)).unwrap_or_default();
        if !envelope.again {
            self.host = envelope.host.map(|host| self.names.hosts.number(host));
        }
        self.tables.begin(&Common {
            ts: envelope.stamp.ts,
            position,
            host: self.host,
            program: program.number,
            pid: envelope.pid,
            stamp: envelope.stamp.lacks,
        });
        let line = Line { program, text: envelope.text, whole };
        match program.reader {
            Some(_) if too_long => self.put_unrecognised(None, Some(whole), TOO_LONG),
            Some(reader) => self.read_postfix(&line, reader),
            None if too_long => self.put_unrecognised(None, None, NOT_POSTFIX),
            None => self.read_other(&line),
        }
    }

    #[cold]
    fn no_envelope(&mut self, line: &str, position: i64) {
        if line.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | 0 | 0x0b | 0x0c)) {
            self.counts.blank += 1;
        } else {
            self.tables.begin(&Common { position, ..Common::default() });
            self.put_unrecognised(None, Some(line), NO_HEADER);
        }
    }

    /// A Postfix line; `message repeated N times: [ text]` is the row of `text` itself.
    fn read_postfix(&mut self, line: &Line<'_>, reader: Family) {
        let mut solaris = String::new();
        let text =
            if line.text.starts_with("[ID ") { without_id(line.text, &mut solaris) } else { line.text };
        let (text, repeat) =
            if text.starts_with("message repeated ") { repeated(text) } else { (text, None) };
        let known = read_postfix(text, reader, |queue_id, row| {
            self.counts.recognised += 1;
            self.tables.put(&Beside { queue_id, repeat }, row);
        });
        if !known {
            let parts = line.program.number.map(|number| self.names.programs.parts(number));
            let [_, _, daemon] = parts.unwrap_or_default();
            let why = format!("unknown {} text", daemon.unwrap_or(""));
            self.put_unrecognised(repeat, Some(line.whole), &why);
        }
    }

    /// A line of a program that is not Postfix.
    fn read_other(&mut self, line: &Line<'_>) {
        let (text, program) = (line.text, &line.program);
        if let Some((queue_id, verdict)) = program.filter.and_then(|filter| filters::read(filter, text)) {
            return self.put(queue_id, Row::from(&verdict));
        }
        if let Some(lost) = Some(text).filter(|_| program.syslog).and_then(loss::read) {
            return self.put(None, Row::from(&lost));
        }
        let repeated = if text.starts_with(['l', '-']) { REPEATED.captures(text) } else { None };
        if let Some(repeated) = repeated {
            let value = group(&repeated, 1).and_then(number);
            return self.put(None, Row::from(&Notice { value, ..Notice::info("other", text) }));
        }
        self.put_unrecognised(None, None, NOT_POSTFIX);
    }

    fn put(&mut self, queue_id: Option<&str>, row: Row<'_, '_>) {
        self.counts.recognised += 1;
        self.tables.put(&Beside { queue_id, repeat: None }, row);
    }

    fn put_unrecognised(&mut self, repeat: Option<i32>, text: Option<&str>, why: &str) {
        self.counts.unrecognised += 1;
        self.counts.not_postfix += u64::from(why == NOT_POSTFIX);
        let text = text.map(|text| head(text, TEXT_LIMIT));
        self.tables.put(&Beside { queue_id: None, repeat }, Row::from(&Unrecognised { text, why }));
    }
}

/// `text` without the message id that Solaris writes.
fn without_id<'t>(text: &'t str, solaris: &'t mut String) -> &'t str {
    let Some(id) = SOLARIS.captures(text).and_then(|found| found.get(0)) else {
        return text;
    };
    if id.start() == 0 {
        return after(text, id.end());
    }
    solaris.push_str(cut(text, 0, id.start()));
    solaris.push_str(after(text, id.end()));
    solaris
}

fn repeated(text: &str) -> (&str, Option<i32>) {
    let Some(found) = REPEATED_TEXT.captures(text) else {
        return (text, None);
    };
    let inner = group(&found, 2).unwrap_or("");
    (inner.strip_suffix(']').unwrap_or(inner), group(&found, 1).and_then(integer32))
}

#[cfg(test)]
mod tests;
