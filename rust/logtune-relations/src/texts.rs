//! Texts as numbers: every text is kept once, and compared in lower case as a hash.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::BuildHasher;

/// Number of a text in `Texts`.
pub type TextId = u32;

/// Stands for null.
pub const NULL: TextId = 0;

/// Hash of a text in lower case, equal within one unit for equal texts only (two of 2^64).
pub type Lowered = u64;

/// Stands for null.
pub const NO_TEXT: Lowered = 0;

/// A client as a line names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Client {
    pub name: TextId,
    pub addr: TextId,
}

impl Client {
    /// Takes what `later` tells.
    pub fn update(&mut self, later: Self) {
        *self = later.or(*self);
    }

    /// What this one lacks is taken from `other`.
    pub fn or(self, other: Self) -> Self {
        Self { name: either(self.name, other.name), addr: either(self.addr, other.addr) }
    }
}

/// The first that is not null.
pub fn either(first: TextId, second: TextId) -> TextId {
    if first == NULL { second } else { first }
}

/// Gives the hashes of addresses: the same in all parts of a log, another one in each run.
pub type Hasher = foldhash::fast::RandomState;

/// Every text once, numbered from 1 by first appearance.
#[derive(Default)]
pub struct Texts {
    bytes: String,
    ends: Vec<usize>,
    index: HashTable<TextId>,
    clients: Vec<Client>,
    client_index: HashTable<u32>,
    hasher: Hasher,
    lowered: String,
}

impl Texts {
    pub fn new(hasher: Hasher) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Number of `text`, which is added where it is new.
    pub fn id(&mut self, text: &str) -> TextId {
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        let entry = self.index.entry(
            hasher.hash_one(text),
            |&id| get(bytes, ends, id) == text,
            |&id| hasher.hash_one(get(bytes, ends, id)),
        );
        match entry {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(place) => {
                self.bytes.push_str(text);
                self.ends.push(self.bytes.len());
                let id = self.ends.len() as TextId; // four thousand million distinct texts do not fit in memory
                place.insert(id);
                id
            }
        }
    }

    pub fn id_or_null(&mut self, text: Option<&str>) -> TextId {
        text.map_or(NULL, |text| self.id(text))
    }

    /// The text of a number; null has none.
    pub fn text(&self, id: TextId) -> Option<&str> {
        (id != NULL).then(|| get(&self.bytes, &self.ends, id))
    }

    /// Whether a text begins with `prefix`, ends with `suffix` or the like; null does not.
    pub fn holds(&self, id: TextId, test: impl FnOnce(&str) -> bool) -> bool {
        self.text(id).is_some_and(test)
    }

    /// The greater one, byte by byte; null is less than all.
    pub fn max(&self, a: TextId, b: TextId) -> TextId {
        if a == b || self.text(a) >= self.text(b) { a } else { b }
    }

    /// A client as numbers. Most lines are of clients that are known: both texts are looked up at once.
    pub fn client(&mut self, name: Option<&str>, addr: Option<&str>) -> Client {
        let hash = self.hasher.hash_one((name, addr));
        let is = |&at: &u32| {
            let client = self.clients[at as usize];
            self.text(client.name) == name && self.text(client.addr) == addr
        };
        if let Some(&at) = self.client_index.find(hash, is) {
            return self.clients[at as usize];
        }
        let client = Client { name: self.id_or_null(name), addr: self.id_or_null(addr) };
        let at = self.clients.len() as u32;
        self.clients.push(client);
        let (bytes, ends, clients, hasher) = (&self.bytes, &self.ends, &self.clients, &self.hasher);
        let text = |id| (id != NULL).then(|| get(bytes, ends, id));
        self.client_index.insert_unique(hash, at, |&at| {
            let client = clients[at as usize];
            hasher.hash_one((text(client.name), text(client.addr)))
        });
        client
    }

    /// Hash of `text` in lower case.
    pub fn lowered(&mut self, text: Option<&str>) -> Lowered {
        let Some(text) = text else { return NO_TEXT };
        self.lowered.clear();
        if text.is_ascii() {
            self.lowered.push_str(text);
            self.lowered.make_ascii_lowercase();
        } else {
            // as DuckDB's lower: one character for one, whatever stands beside it
            self.lowered.extend(text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)));
        }
        self.hasher.hash_one(self.lowered.as_str()).max(NO_TEXT + 1)
    }

    /// Only the texts of numbers are asked for from now on.
    pub fn close(&mut self) {
        (self.index, self.client_index, self.clients) = (HashTable::new(), HashTable::new(), Vec::new());
    }

    /// A hash of numbers.
    pub fn hash(&self, of: impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(of)
    }
}

fn get<'t>(bytes: &'t str, ends: &[usize], id: TextId) -> &'t str {
    let at = id as usize - 1;
    let begin = if at == 0 { 0 } else { ends[at - 1] };
    &bytes[begin..ends[at]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let mut texts = Texts::default();
        let ids = ["a", "", "b", "a", ""].map(|text| texts.id(text));
        assert_eq!(ids, [1, 2, 3, 1, 2]);
        assert_eq!(ids.map(|id| texts.text(id).unwrap_or("?")), ["a", "", "b", "a", ""]);
        assert_eq!(texts.text(NULL), None);
    }

    #[test]
    fn a_client_is_both_texts() {
        let mut texts = Texts::default();
        let known = texts.client(Some("a.example"), Some("192.0.2.1"));
        assert_eq!(texts.client(Some("a.example"), Some("192.0.2.1")), known);
        assert_ne!(texts.client(Some("a.example"), None), known);
        assert_eq!(texts.client(None, None), Client::default());
    }

    #[test]
    fn lower_case_is_one_character_for_one() {
        let mut texts = Texts::default();
        let pairs = [("A@Example.COM", "a@example.com"), ("ÄΣ", "äσ"), ("\u{130}", "i")];
        for (upper, lower) in pairs {
            assert_eq!(texts.lowered(Some(upper)), texts.lowered(Some(lower)), "{upper}");
        }
        assert_ne!(texts.lowered(Some("")), texts.lowered(None));
    }
}
