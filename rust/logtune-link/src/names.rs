//! Texts as small keys: what repeats or must be remembered is kept once, short names not at all.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, Hash, Hasher};

/// Number of a text that is kept in `Texts`; zero is null.
pub type TextId = u32;

pub const NULL: TextId = 0;

/// Long queue ids have up to 23 bytes: 6 of seconds, 4 of microseconds, `z`, and the inode's number to the base 51
/// (Postfix's global/mail_queue.h).
const INLINE: usize = 24;

/// No UTF-8 text has this byte: it marks a name that is too long for its place.
const KEPT: u8 = 0xff;

/// A name as a key of fixed size: up to 24 bytes as they are, a longer one by its number in `Texts`.
/// No queue id of Postfix's is longer, so they need no memory beyond the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name([u64; 3]);

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|&word| state.write_u64(word)); // an array would be hashed as bytes, which takes longer
    }
}

impl Name {
    /// `None` where `text` is too long, or ends as the padding does.
    #[inline]
    fn inline(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() > INLINE || bytes.last() == Some(&0) {
            return None;
        }
        let mut words = [0; 3];
        let mut whole = bytes.chunks_exact(8);
        let mut places = words.iter_mut();
        for (bytes, word) in whole.by_ref().zip(places.by_ref()) {
            *word = u64::from_le_bytes(bytes.try_into().ok()?);
        }
        let rest = whole.remainder();
        if let (false, Some(word)) = (rest.is_empty(), places.next()) {
            *word = match bytes.last_chunk() {
                Some(&last) => u64::from_le_bytes(last) >> (8 * (8 - rest.len())),
                None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
            };
        }
        Some(Self(words))
    }

    fn kept(id: TextId) -> Self {
        Self([u64::from(id), 0, u64::from(KEPT) << 56])
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

/// Texts that are kept as long as somebody holds them, numbered from 1; a number that is free is given again.
#[derive(Default)]
pub struct Held {
    texts: Vec<(Box<str>, u32)>,
    free: Vec<TextId>,
    index: HashTable<TextId>,
    hasher: foldhash::fast::RandomState,
}

impl Held {
    /// Number of `text`, held once more.
    pub fn hold(&mut self, text: &str) -> TextId {
        if let Some(id) = self.find(text) {
            if let Some((_, holders)) = self.slot(id) {
                *holders = holders.saturating_add(1);
            }
            return id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.texts.push(<(Box<str>, u32)>::default());
            TextId::try_from(self.texts.len()).unwrap_or(TextId::MAX)
        });
        if let Some(slot) = self.slot(id) {
            *slot = (text.into(), 1);
        }
        let (texts, hasher) = (&self.texts, &self.hasher);
        self.index
            .insert_unique(hasher.hash_one(text), id, |&id| hasher.hash_one(held(texts, id).unwrap_or("")));
        id
    }

    /// As `hold`; of null nothing.
    pub fn hold_or_null(&mut self, text: Option<&str>) -> TextId {
        text.map_or(NULL, |text| self.hold(text))
    }

    /// One holder lets go.
    pub fn release(&mut self, id: TextId) {
        let Some((text, holders)) = self.slot(id).filter(|(_, holders)| *holders > 0) else { return };
        *holders -= 1;
        if *holders == 0 {
            let text = std::mem::take(text);
            if let Ok(entry) = self.index.find_entry(self.hasher.hash_one(&*text), |&known| known == id) {
                entry.remove();
            }
            self.free.push(id);
        }
    }

    /// Number of `text` if somebody holds it.
    pub fn find(&self, text: &str) -> Option<TextId> {
        self.index.find(self.hasher.hash_one(text), |&id| held(&self.texts, id) == Some(text)).copied()
    }

    /// The text with that number; none is 0.
    pub fn get(&self, id: TextId) -> Option<&str> {
        held(&self.texts, id)
    }

    fn slot(&mut self, id: TextId) -> Option<&mut (Box<str>, u32)> {
        self.texts.get_mut(usize::try_from(id).ok()?.checked_sub(1)?)
    }
}

fn held(texts: &[(Box<str>, u32)], id: TextId) -> Option<&str> {
    let at = usize::try_from(id).ok()?.checked_sub(1)?;
    texts.get(at).map(|(text, _)| &**text)
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
            "01234567",
            "0123456",
            "0123456789",
            "1234567890",
            "0123456789ABCDEF01234567",
            "0123456789ABCDEF0123456\0",
            "0123456789ABCDEF01234567G",
            "0123456789ABCDEF01234567H",
            "\0",
        ];
        let names = all.map(|text| texts.name(text));
        for (i, a) in names.iter().enumerate() {
            for (j, b) in names.iter().enumerate() {
                assert_eq!(a == b, i == j, "{:?} and {:?}", all[i], all[j]);
            }
        }
        assert_eq!(all.map(|text| texts.find_name(text)), names.map(Some));
        assert_eq!(texts.find_name("a long name that is not known"), None);
    }

    #[test]
    fn short_names_are_not_kept() {
        let mut texts = Texts::default();
        texts.name("A1B2C3D4E5");
        assert_eq!(texts.texts.len(), 0);
    }

    #[test]
    fn a_text_is_kept_as_long_as_it_is_held() {
        let mut held = Held::default();
        let (a, b) = (held.hold("a"), held.hold("b"));
        assert_eq!((held.hold("a"), held.find("b")), (a, Some(b)));
        held.release(a);
        assert_eq!(held.find("a"), Some(a));
        held.release(a);
        assert_eq!((held.find("a"), held.hold("c"), held.find("b")), (None, a, Some(b)));
        assert_eq!(held.texts.len(), 2);
        held.release(NULL);
    }
}
