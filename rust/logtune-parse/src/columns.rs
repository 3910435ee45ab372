//! Columns that grow by a cell per row, and become Arrow arrays.

use crate::families::common::reason_shape;
use arrow_array::builder::{PrimitiveBuilder, StringBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, DictionaryArray, StringArray};
use arrow_schema::DataType;
use hashbrown::HashTable;
use std::borrow::Cow;
use std::hash::BuildHasher;
use std::sync::Arc;

/// A column under construction; `V` is the type of its cells.
pub trait Column {
    type Value<'v>;

    /// An empty column with room for about `rows` cells.
    fn new(rows: usize) -> Self;

    /// Adds a cell; `None` is null.
    fn push(&mut self, cell: Option<Self::Value<'_>>);

    /// The finished array.
    fn finish(self) -> ArrayRef;

    fn data_type() -> DataType;
}

/// A field of a record as the cell of a column.
pub trait Cell {
    type Value<'v>
    where
        Self: 'v;

    fn cell(&self) -> Option<Self::Value<'_>>;
}

macro_rules! copied_cells {
    ($($type:ty),*) => {
        $(impl Cell for Option<$type> {
            type Value<'v> = $type;

            #[inline]
            fn cell(&self) -> Option<$type> {
                *self
            }
        })*
    };
}
copied_cells!(i8, i16, i32, i64, f64);

impl Cell for i64 {
    type Value<'v> = i64;

    #[inline]
    fn cell(&self) -> Option<i64> {
        Some(*self)
    }
}

macro_rules! text_cells {
    ($($type:ty: $self:ident => $cell:expr),*) => {
        $(impl Cell for $type {
            type Value<'v> = &'v str where Self: 'v;

            #[inline]
            fn cell(&$self) -> Option<&str> {
                $cell
            }
        })*
    };
}
text_cells!(
    &str: self => Some(*self),
    Option<&str>: self => *self,
    Cow<'_, str>: self => Some(self),
    Option<Cow<'_, str>>: self => self.as_deref()
);

/// Plain text.
pub struct Texts(StringBuilder);

impl Column for Texts {
    type Value<'v> = &'v str;

    fn new(rows: usize) -> Self {
        Self(StringBuilder::with_capacity(rows, rows * 16))
    }

    #[inline]
    fn push(&mut self, cell: Option<&str>) {
        match cell {
            Some(text) => self.0.append_value(text),
            None => self.0.append_null(),
        }
    }

    fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }

    fn data_type() -> DataType {
        DataType::Utf8
    }
}

/// Numbers of one Arrow type.
pub struct Numbers<T: ArrowPrimitiveType>(PrimitiveBuilder<T>);

impl<T: ArrowPrimitiveType> Column for Numbers<T> {
    type Value<'v> = T::Native;

    fn new(rows: usize) -> Self {
        Self(PrimitiveBuilder::with_capacity(rows))
    }

    #[inline]
    fn push(&mut self, cell: Option<T::Native>) {
        self.0.append_option(cell);
    }

    fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }

    fn data_type() -> DataType {
        T::DATA_TYPE
    }
}

pub type Times = Numbers<TimestampMicrosecondType>;
pub type Bytes = Numbers<Int8Type>;
pub type Shorts = Numbers<Int16Type>;
pub type Integers = Numbers<Int32Type>;
pub type Longs = Numbers<Int64Type>;
pub type Floats = Numbers<Float64Type>;

/// Text that repeats, dictionary-encoded in order of first appearance.
pub struct Words {
    keys: PrimitiveBuilder<Int32Type>,
    values: Vec<Box<str>>,
    index: HashTable<i32>,
    hasher: foldhash::fast::RandomState,
    recent: [i32; RECENT],
}

/// So many words are found without hashing.
const RECENT: usize = 32;

/// Where a word is remembered.
#[inline]
fn slot(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ends = usize::from(bytes.first().copied().unwrap_or(0))
        ^ usize::from(bytes.last().copied().unwrap_or(0)) << 1;
    (bytes.len() ^ ends) % RECENT
}

impl Words {
    /// Key of `text`, which is added where it is new.
    fn key(&mut self, text: &str) -> i32 {
        let hash = self.hasher.hash_one(text);
        let (values, hasher) = (&self.values, &self.hasher);
        let of = |key: i32| usize::try_from(key).ok().and_then(|at| values.get(at)).map_or("", |value| value);
        let entry = self.index.entry(hash, |&key| of(key) == text, |&key| hasher.hash_one(of(key)));
        match entry {
            hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
            hashbrown::hash_table::Entry::Vacant(place) => {
                // a block has fewer lines than int32 has numbers, see BLOCK_LIMIT
                let key = i32::try_from(self.values.len()).unwrap_or(i32::MAX);
                place.insert(key);
                self.values.push(text.into());
                key
            }
        }
    }
}

impl Column for Words {
    type Value<'v> = &'v str;

    fn new(rows: usize) -> Self {
        Self {
            keys: PrimitiveBuilder::with_capacity(rows),
            values: Vec::new(),
            index: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            recent: [0; RECENT],
        }
    }

    #[inline]
    fn push(&mut self, cell: Option<&str>) {
        let Some(text) = cell else {
            return self.keys.append_null();
        };
        let slot = slot(text);
        let mut key = self.recent[slot];
        let known = usize::try_from(key).ok().and_then(|at| self.values.get(at));
        if known.is_none_or(|known| **known != *text) {
            key = self.key(text);
            self.recent[slot] = key;
        }
        self.keys.append_value(key);
    }

    fn finish(mut self) -> ArrayRef {
        let values = StringArray::from_iter_values(&self.values);
        Arc::new(DictionaryArray::new(self.keys.finish(), Arc::new(values)))
    }

    fn data_type() -> DataType {
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
    }
}

/// Shapes of the reasons that are pushed, dictionary-encoded.
pub struct Shapes {
    words: Words,
    shape: String,
}

impl Column for Shapes {
    type Value<'v> = &'v str;

    fn new(rows: usize) -> Self {
        Self { words: Words::new(rows), shape: String::new() }
    }

    fn push(&mut self, cell: Option<&str>) {
        let shape = cell.map(|reason| {
            reason_shape(reason, &mut self.shape);
            self.shape.as_str()
        });
        self.words.push(shape);
    }

    fn finish(self) -> ArrayRef {
        self.words.finish()
    }

    fn data_type() -> DataType {
        Words::data_type()
    }
}
