//! Small tools for text: character classes as the reference's patterns have them, and cuts that cannot fail.

use std::sync::LazyLock;

/// What stands at `range` of `text`; empty where the range is none. Callers cut beside ASCII characters, so a
/// wrong cut is a bug, but never a crash.
#[inline]
pub fn cut(text: &str, from: usize, to: usize) -> &str {
    debug_assert!(text.get(from..to).is_some(), "{from}..{to} of {text:?}");
    text.get(from..to).unwrap_or("")
}

/// `text` from `from` on, see [`cut`].
#[inline]
pub fn after(text: &str, from: usize) -> &str {
    cut(text, from, text.len())
}

/// ASCII `\s`: with the vertical tab, which `u8::is_ascii_whitespace` leaves out.
#[inline]
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// ASCII `\w`.
#[inline]
pub const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Python's `\s` of patterns that are not limited to ASCII.
#[inline]
pub fn is_unicode_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// How many bytes from `start` on satisfy `class`.
#[inline]
pub fn run(text: &str, start: usize, class: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes().get(start..).unwrap_or(&[]);
    bytes.iter().position(|&b| !class(b)).unwrap_or(bytes.len())
}

const LOW_BITS: u64 = u64::from_le_bytes([1; 8]);
const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);

/// Marks the upper bit of the bytes of `word` that are `byte`; a borrow may also mark bytes above the lowest such byte.
#[inline]
const fn marks(word: u64, byte: u8) -> u64 {
    let other = word ^ (LOW_BITS * byte as u64);
    other.wrapping_sub(LOW_BITS) & !other
}

/// Position of the lowest byte from `start` on that `marks` marks, eight bytes at a time. Where it finds none, where
/// the last bytes begin that are fewer than eight.
#[inline]
fn first_mark(bytes: &[u8], start: usize, marks: impl Fn(u64) -> u64) -> Result<usize, usize> {
    let mut at = start;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let marked = marks(u64::from_le_bytes(*eight)) & HIGH_BITS;
        if marked != 0 {
            return Ok(at + (marked.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    Err(at)
}

/// Position of the first of `stops` at or after `start`, or the end. For what is near, that is faster than memchr.
#[inline]
pub fn until<const N: usize>(text: &str, start: usize, stops: [u8; N]) -> usize {
    let any = |word| stops.iter().fold(0, |all, &stop| all | marks(word, stop));
    match first_mark(text.as_bytes(), start, any) {
        Ok(at) => at,
        Err(at) => at + run(text, at, |b| !stops.contains(&b)),
    }
}

/// End of the bytes from `start` on that are neither space (ASCII `\s`) nor one of `stops`.
#[inline]
pub fn word_end<const N: usize>(text: &str, start: usize, stops: [u8; N]) -> usize {
    let bytes = text.as_bytes();
    let any = |word: u64| {
        let control = word.wrapping_sub(LOW_BITS * 0x21) & !word;
        stops.iter().fold(control, |all, &stop| all | marks(word, stop))
    };
    match first_mark(bytes, start, any) {
        Ok(at) if bytes[at] >= b' ' || is_space(bytes[at]) => at,
        Ok(at) | Err(at) => at + run(text, at, |b| !is_space(b) && !stops.contains(&b)),
    }
}

/// End of the characters from `start` on that are no space in Python's sense (`\S*`).
pub fn unspaced_end(text: &str, start: usize) -> usize {
    let rest = after(text, start);
    start + rest.find(is_unicode_space).unwrap_or(rest.len())
}

/// The first `limit` characters.
pub fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    match text.char_indices().nth(limit) {
        Some((end, _)) => cut(text, 0, end),
        None => text,
    }
}

/// `None` for the empty text.
#[inline]
pub fn some(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}

/// Whether `byte` stands at `at`.
#[inline]
pub fn has(text: &str, at: usize, byte: u8) -> bool {
    text.as_bytes().get(at) == Some(&byte)
}

/// Position of `byte` at or after `start`.
#[inline]
pub fn find_byte(text: &str, start: usize, byte: u8) -> Option<usize> {
    memchr::memchr(byte, text.as_bytes().get(start..)?).map(|at| start + at)
}

/// Position of `needle` at or after `start`, found by its byte at `rare`: for short texts and needles with a rare byte
/// that is faster than a general search, which first has to look at the needle.
#[inline]
pub fn find_by(text: &str, start: usize, needle: &str, rare: usize) -> Option<usize> {
    let byte = *needle.as_bytes().get(rare)?;
    let bytes = text.as_bytes();
    memchr::memchr_iter(byte, bytes.get(start..)?)
        .filter_map(|at| (start + at).checked_sub(rare))
        .find(|&at| at >= start && bytes[at..].starts_with(needle.as_bytes()))
}

/// A text to search for, prepared when it is first needed.
pub type Needle = LazyLock<memchr::memmem::Finder<'static>>;

/// Position of `needle` at or after `start`.
#[inline]
pub fn find(text: &str, start: usize, needle: &Needle) -> Option<usize> {
    needle.find(text.as_bytes().get(start..)?).map(|at| start + at)
}

/// A regular expression that is compiled when it is first needed. Patterns are constants of this crate; one that
/// does not compile never matches, and a test compiles all of them.
pub struct Pattern {
    source: &'static str,
    compiled: std::sync::OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    /// `source` in the syntax of the regex crate, with the place-holders of [`expanded`].
    pub const fn new(source: &'static str) -> Self {
        Self { source, compiled: std::sync::OnceLock::new() }
    }

    fn get(&self) -> Option<&regex::Regex> {
        self.compiled.get_or_init(|| regex::Regex::new(&expanded(self.source)).ok()).as_ref()
    }

    /// Whether the pattern compiles.
    pub fn is_sound(&self) -> bool {
        self.get().is_some()
    }

    /// Whether `text` has a match.
    pub fn is_match(&self, text: &str) -> bool {
        self.get().is_some_and(|re| re.is_match(text))
    }

    /// Where the first match ends; 0 where there is none.
    pub fn end(&self, text: &str) -> usize {
        self.get().and_then(|re| re.find(text)).map_or(0, |found| found.end())
    }

    /// Groups of the first match.
    pub fn captures<'t>(&self, text: &'t str) -> Option<regex::Captures<'t>> {
        self.get()?.captures(text)
    }

    /// Groups of all matches.
    pub fn all<'r, 't>(&'r self, text: &'t str) -> impl Iterator<Item = regex::Captures<'t>> + use<'r, 't> {
        self.get().into_iter().flat_map(move |re| re.captures_iter(text))
    }
}

/// Writes out the classes that the regex crate spells differently from Python: `~s ~S ~w ~W ~d` are ASCII,
/// `~U` is `\S` and `~L` is `\w` of patterns that are not limited to ASCII, `~N` is any of these but `~L` and newline.
fn expanded(source: &str) -> String {
    const SPACES: &str =
        r"\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}";
    source
        .replace("~s", r"[ \t-\r]")
        .replace("~S", r"[^ \t-\r]")
        .replace("~w", "[0-9A-Za-z_]")
        .replace("~d", "[0-9]")
        .replace("~U", &format!(r"[^ \t-\r{SPACES}]"))
        .replace("~L", r"[\p{L}\p{N}_]")
        .replace("~N", r"[^\p{L}\p{N}_\n]")
        .replace("~E", r"(?:[^\p{L}\p{N}_]|\z)")
}

/// Group `index` of `found`.
pub fn group<'t>(found: &regex::Captures<'t>, index: usize) -> Option<&'t str> {
    found.get(index).map(|m| m.as_str())
}
