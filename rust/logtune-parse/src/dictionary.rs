//! Texts that repeat, with a number each.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::BuildHasher;

/// So many texts are found without hashing.
const RECENT: usize = 32;

/// Texts of up to so many bytes are known by their [`Ends`] alone.
const SHORT: usize = 16;

/// Length, first and last bytes of a text: they tell short texts apart for sure, longer ones mostly.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    length: usize,
    first: u64,
    last: u64,
}

impl Ends {
    #[inline]
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let length = bytes.len();
        let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => Self::of_few(bytes),
        };
        Self { length, first, last }
    }

    #[inline]
    fn of_few(bytes: &[u8]) -> (u64, u64) {
        match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
            (Some(first), Some(last), _) => {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            }
            (_, _, [first, .., last]) => (u64::from(*first) | u64::from(bytes[1]) << 8, u64::from(*last)),
            (_, _, [only]) => (u64::from(*only), 0),
            _ => (0, 0),
        }
    }

    /// Where such a text is remembered.
    #[inline]
    fn slot(self) -> usize {
        // 2**64 / golden ratio: spreads to the upper bits
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.first ^ self.last.rotate_left(29) ^ self.length as u64).wrapping_mul(SPREAD);
        (mixed >> 59) as usize % RECENT
    }
}

/// Texts in order of their numbers, which count from 0 in order of first appearance.
pub struct Dictionary {
    texts: Vec<Box<str>>,
    index: HashTable<i32>,
    hasher: foldhash::fast::RandomState,
    recent: [(Ends, i32); RECENT],
}

impl Default for Dictionary {
    fn default() -> Self {
        let nothing = Ends { length: usize::MAX, first: 0, last: 0 };
        Self {
            texts: Vec::new(),
            index: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            recent: [(nothing, 0); RECENT],
        }
    }
}

impl Dictionary {
    /// Number of `text`, which is added where it is new.
    #[inline]
    pub fn number(&mut self, text: &str) -> i32 {
        let ends = Ends::of(text);
        let slot = ends.slot();
        let (known, number) = self.recent[slot];
        if known == ends && (ends.length <= SHORT || self.text(number) == Some(text)) {
            return number;
        }
        let number = self.search(text);
        self.recent[slot] = (ends, number);
        number
    }

    fn search(&mut self, text: &str) -> i32 {
        let hash = self.hasher.hash_one(text);
        let (texts, hasher) = (&self.texts, &self.hasher);
        let entry = self.index.entry(hash, |&at| of(texts, at) == text, |&at| hasher.hash_one(of(texts, at)));
        match entry {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(place) => {
                // a block has fewer lines than int32 has numbers, see BLOCK_LIMIT
                let number = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
                place.insert(number);
                self.texts.push(text.into());
                number
            }
        }
    }

    /// The text of `number`; `None` where no text has it.
    pub fn text(&self, number: i32) -> Option<&str> {
        usize::try_from(number).ok().and_then(|at| self.texts.get(at)).map(|text| &**text)
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// All texts in order of their numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}

#[inline]
fn of(texts: &[Box<str>], number: i32) -> &str {
    usize::try_from(number).ok().and_then(|at| texts.get(at)).map_or("", |text| text)
}
