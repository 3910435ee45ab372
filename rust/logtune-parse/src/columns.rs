//! Columns under construction. A row that gives a column no cell costs that column nothing: rows that were skipped
//! become null all at once when the next cell or the end comes.

use crate::dictionary::Dictionary;
use crate::families::common::reason_shape;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A column under construction.
pub trait Column {
    type Value<'v>;

    /// An empty column with room for `rows` cells and, where they are texts, for `bytes` of them.
    fn new(rows: usize, bytes: usize) -> Self;

    /// Gives row `row` its cell, whose text mostly stands in `block`. Rows come in order.
    fn put(&mut self, row: usize, cell: Self::Value<'_>, block: &[u8]);

    /// The array of `rows` rows.
    fn finish(self, rows: usize) -> Result<ArrayRef, ArrowError>;

    fn data_type() -> DataType;
}

/// A field of a record as the cell of a column; `None` is null.
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
copied_cells!(i16, i32, i64, f64);

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

/// The rows without a cell.
#[derive(Default)]
struct Gaps(Vec<Range<usize>>);

impl Gaps {
    /// The null bitmap of `rows` rows; `None` where none is null.
    fn nulls(self, rows: usize) -> Option<NullBuffer> {
        if self.0.is_empty() {
            return None;
        }
        let mut words = vec![u64::MAX; rows.div_ceil(64)];
        for gap in &self.0 {
            clear(&mut words, gap.clone());
        }
        Some(NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(words), 0, rows)))
    }
}

/// Clears the bits `range` of `words`.
fn clear(words: &mut [u64], range: Range<usize>) {
    let mut at = range.start;
    while at < range.end {
        let (word, bit) = (at / 64, at % 64);
        let count = (range.end - at).min(64 - bit);
        if let Some(word) = words.get_mut(word) {
            *word &= !((u64::MAX >> (64 - count)) << bit);
        }
        at += count;
    }
}

/// Plain text.
pub struct Texts {
    bytes: Vec<u8>,
    /// Where each text begins, and where the last one ends.
    offsets: Vec<i32>,
    gaps: Gaps,
}

impl Texts {
    /// Where the next text begins: a block's texts fit, see `BLOCK_LIMIT`.
    #[inline]
    fn end(&self) -> i32 {
        self.bytes.len() as i32
    }

    /// Makes the rows before `row` null that have no cell.
    fn skip_to(&mut self, row: usize) {
        self.gaps.0.push(self.offsets.len() - 1..row);
        self.offsets.resize(row + 1, self.end());
    }

    /// Adds `text`, which `chunk` begins with, as the cell of `row`; false where that needs more than a copy.
    #[inline]
    fn add_chunk<const N: usize>(&mut self, row: usize, text: &str, chunk: Option<&[u8; N]>) -> bool {
        let Some(chunk) = chunk.filter(|_| text.len() <= N) else {
            return false;
        };
        let room = self.bytes.capacity() - self.bytes.len() >= N;
        if !room || self.offsets.len() != row + 1 || self.offsets.len() == self.offsets.capacity() {
            return false;
        }
        debug_assert!(chunk.starts_with(text.as_bytes()));
        let end = self.bytes.len() + text.len();
        self.bytes.extend_from_slice(chunk);
        self.bytes.truncate(end);
        self.offsets.push(self.end());
        true
    }

    /// What [`Column::put`] does in all cases.
    #[cold]
    #[inline(never)]
    fn put_any(&mut self, row: usize, text: &str) {
        if self.offsets.len() != row + 1 {
            self.skip_to(row);
        }
        self.bytes.extend_from_slice(text.as_bytes());
        self.offsets.push(self.end());
    }
}

/// `values` without the room for cells that did not come: batches are kept for as long as their log is.
fn bare<T>(mut values: Vec<T>) -> Vec<T> {
    values.shrink_to_fit();
    values
}

impl Column for Texts {
    type Value<'v> = &'v str;

    fn new(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { bytes: Vec::with_capacity(bytes), offsets, gaps: Gaps::default() }
    }

    /// Most texts are short and stand in `block`: then so many bytes are copied as fit into registers, whatever the
    /// length, and those behind the text are taken off again. That needs no call and no choice by length.
    #[inline]
    fn put(&mut self, row: usize, cell: &str, block: &[u8]) {
        // beyond the end where the text stands elsewhere
        let at = (cell.as_ptr() as usize).wrapping_sub(block.as_ptr() as usize);
        let here = block.get(at..).unwrap_or_default();
        if !self.add_chunk::<32>(row, cell, here.first_chunk())
            && !self.add_chunk::<64>(row, cell, here.first_chunk())
        {
            self.put_any(row, cell);
        }
    }

    fn finish(mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        if self.offsets.len() != rows + 1 {
            self.skip_to(rows);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(bare(self.offsets)));
        Ok(Arc::new(StringArray::try_new(
            offsets,
            Buffer::from_vec(bare(self.bytes)),
            self.gaps.nulls(rows),
        )?))
    }

    fn data_type() -> DataType {
        DataType::Utf8
    }
}

/// Numbers of one Arrow type.
pub struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    gaps: Gaps,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    /// Makes the rows before `row` null that have no cell.
    fn skip_to(&mut self, row: usize) {
        self.gaps.0.push(self.values.len()..row);
        self.values.resize(row, T::Native::default());
    }

    fn array(mut self, rows: usize) -> Result<PrimitiveArray<T>, ArrowError> {
        if self.values.len() != rows {
            self.skip_to(rows);
        }
        PrimitiveArray::try_new(ScalarBuffer::from(bare(self.values)), self.gaps.nulls(rows))
    }
}

impl<T: ArrowPrimitiveType> Column for Numbers<T> {
    type Value<'v> = T::Native;

    fn new(rows: usize, _bytes: usize) -> Self {
        Self { values: Vec::with_capacity(rows), gaps: Gaps::default() }
    }

    #[inline]
    fn put(&mut self, row: usize, cell: T::Native, _block: &[u8]) {
        if self.values.len() != row {
            self.skip_to(row);
        }
        self.values.push(cell);
    }

    fn finish(self, rows: usize) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.array(rows)?))
    }

    fn data_type() -> DataType {
        T::DATA_TYPE
    }
}

pub type Shorts = Numbers<Int16Type>;
pub type Integers = Numbers<Int32Type>;
pub type Longs = Numbers<Int64Type>;
pub type Floats = Numbers<Float64Type>;

/// Text that repeats, dictionary-encoded in order of first appearance.
pub struct Words {
    keys: Integers,
    words: Dictionary,
}

impl Column for Words {
    type Value<'v> = &'v str;

    fn new(rows: usize, bytes: usize) -> Self {
        Self { keys: Integers::new(rows, bytes), words: Dictionary::default() }
    }

    #[inline]
    fn put(&mut self, row: usize, cell: &str, block: &[u8]) {
        self.keys.put(row, self.words.number(cell), block);
    }

    fn finish(self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let words = StringArray::from_iter_values(self.words.texts());
        Ok(Arc::new(DictionaryArray::try_new(self.keys.array(rows)?, Arc::new(words))?))
    }

    fn data_type() -> DataType {
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
    }
}

/// Shapes of the reasons that are put in, dictionary-encoded.
pub struct Shapes {
    words: Words,
    shape: String,
}

impl Column for Shapes {
    type Value<'v> = &'v str;

    fn new(rows: usize, bytes: usize) -> Self {
        Self { words: Words::new(rows, bytes), shape: String::new() }
    }

    fn put(&mut self, row: usize, cell: &str, block: &[u8]) {
        reason_shape(cell, &mut self.shape);
        self.words.put(row, &self.shape, block);
    }

    fn finish(self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.words.finish(rows)
    }

    fn data_type() -> DataType {
        Words::data_type()
    }
}

/// Numbers that stand for names, which are found at the end, once for each number. Negative is null.
pub struct Numbered(pub Vec<i32>);

impl Numbered {
    /// Which numbers below `count` occur, and at last whether another does.
    pub fn used(&self, count: usize) -> Vec<bool> {
        let mut used = vec![false; count + 1];
        for &number in &self.0 {
            used[index(number, count)] = true;
        }
        used
    }

    /// The array of the names, dictionary-encoded; `name` gives the name of a number that is `used`.
    pub fn named<'n>(
        &self,
        used: &[bool],
        name: impl Fn(i32) -> Option<&'n str>,
    ) -> Result<ArrayRef, ArrowError> {
        let mut words = Dictionary::default();
        let count = used.len() - 1;
        let key = |(number, used): (i32, &bool)| {
            let text = if *used { name(number) } else { None };
            text.map(|text| words.number(text))
        };
        let of: Vec<Option<i32>> = (0..).zip(used).map(key).collect();
        let complete = of.iter().zip(used).all(|(key, used)| key.is_some() || !used);
        let bare: Vec<i32> = of.iter().map(|key| key.unwrap_or(0)).collect();
        let keys: Vec<i32> = self.0.iter().map(|&number| bare[index(number, count)]).collect();
        let known = |row: usize| of[index(self.0[row], count)].is_some();
        let nulls = (!complete).then(|| NullBuffer::new(BooleanBuffer::collect_bool(keys.len(), known)));
        let words = StringArray::from_iter_values(words.texts());
        let keys = PrimitiveArray::try_new(ScalarBuffer::from(keys), nulls)?;
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(words))?))
    }
}

/// `number`, or `count` where it is not below.
#[inline]
fn index(number: i32, count: usize) -> usize {
    (number as u32 as usize).min(count)
}
