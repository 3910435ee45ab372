//! Texts as small keys: what repeats or must be remembered is kept once, short names not at all.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::BuildHasher;

/// Number of a text that is kept in `Texts`; zero is null.
pub type TextId = u32;

pub const NULL: TextId = 0;

const INLINE: usize = 16;

/// No UTF-8 text has this byte: it marks a name that is too long for its place.
const KEPT: u8 = 0xff;

/// A name as a key of fixed size: up to 16 bytes as they are, a longer one by its number in `Texts`.
/// Queue ids are 10 to 16 bytes long, so nearly all of them need no memory beyond the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Name([u64; 2]);

impl Name {
    /// `None` where `text` is too long, or ends as the padding does.
    fn inline(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() > INLINE || bytes.last() == Some(&0) {
            return None;
        }
        let mut padded = [0; INLINE];
        padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let both = u128::from_le_bytes(padded);
        let (low, high) = (both & u128::from(u64::MAX), both >> 64);
        Some(Self([u64::try_from(low).ok()?, u64::try_from(high).ok()?]))
    }

    fn kept(id: TextId) -> Self {
        Self([u64::from(id), u64::from(KEPT) << 56])
    }
}

/// Every text once, numbered from 1 by first appearance.
#[derive(Default)]
pub struct Texts {
    texts: Vec<Box<str>>,
    index: HashTable<TextId>,
    hasher: foldhash::fast::RandomState,
}

impl Texts {
    /// Number of `text`, which is added where it is new.
    pub fn id(&mut self, text: &str) -> TextId {
        let (texts, hasher) = (&self.texts, &self.hasher);
        let entry = self.index.entry(
            hasher.hash_one(text),
            |&id| get(texts, id) == Some(text),
            |&id| hasher.hash_one(get(texts, id).unwrap_or("")),
        );
        match entry {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(place) => {
                // four thousand million distinct texts do not fit in memory
                let id = TextId::try_from(texts.len() + 1).unwrap_or(TextId::MAX);
                place.insert(id);
                self.texts.push(text.into());
                id
            }
        }
    }

    pub fn id_or_null(&mut self, text: Option<&str>) -> TextId {
        text.map_or(NULL, |text| self.id(text))
    }

    /// Number of `text` if it is known.
    pub fn find(&self, text: &str) -> Option<TextId> {
        self.index.find(self.hasher.hash_one(text), |&id| get(&self.texts, id) == Some(text)).copied()
    }

    /// `text` as a key.
    pub fn name(&mut self, text: &str) -> Name {
        Name::inline(text).unwrap_or_else(|| Name::kept(self.id(text)))
    }

    /// `text` as a key; `None` where no key was ever made of it.
    pub fn find_name(&self, text: &str) -> Option<Name> {
        Name::inline(text).or_else(|| self.find(text).map(Name::kept))
    }
}

fn get(texts: &[Box<str>], id: TextId) -> Option<&str> {
    let at = usize::try_from(id).ok()?.checked_sub(1)?;
    texts.get(at).map(|text| &**text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_equal_texts() {
        let mut texts = Texts::default();
        let all = [
            "",
            "A",
            "A\0",
            "0123456789ABCDEF",
            "0123456789ABCDEF\0",
            "0123456789ABCDEFG",
            "0123456789ABCDEFH",
            "\0",
        ];
        let names = all.map(|text| texts.name(text));
        for (i, a) in names.iter().enumerate() {
            for (j, b) in names.iter().enumerate() {
                assert_eq!(a == b, i == j, "{:?} and {:?}", all[i], all[j]);
            }
        }
        assert_eq!(all.map(|text| texts.find_name(text)), names.map(Some));
        assert_eq!(texts.find_name("a name that is not known"), None);
    }

    #[test]
    fn short_names_are_not_kept() {
        let mut texts = Texts::default();
        texts.name("A1B2C3D4E5");
        assert_eq!(texts.texts.len(), 0);
    }
}
