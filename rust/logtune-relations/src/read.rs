//! The columns of a batch that the relations read.

use crate::numbers::{NO_NUMBER, NONE};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrowPrimitiveType, DictionaryArray, PrimitiveArray, RecordBatch, StringArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;

/// A batch of rows of one table, in position order. Tells what columns it lacks, or of what type they are instead.
#[derive(Clone, Copy)]
pub struct Source<'b> {
    pub table: &'b str,
    pub batch: &'b RecordBatch,
    /// Which rows are meant; all where it is `None`.
    pub chosen: Option<&'b BooleanBuffer>,
}

/// A column of ids, positions or times.
pub struct Longs<'b, T: ArrowPrimitiveType<Native = i64>>(&'b PrimitiveArray<T>);

impl<T: ArrowPrimitiveType<Native = i64>> Longs<'_, T> {
    #[inline]
    pub fn get(&self, row: usize) -> i64 {
        if self.0.is_null(row) { NONE } else { self.0.value(row) }
    }
}

pub type Ids<'b> = Longs<'b, Int64Type>;
pub type Times<'b> = Longs<'b, TimestampMicrosecondType>;

/// A column of small numbers.
pub struct Numbers<'b, T: ArrowPrimitiveType>(&'b PrimitiveArray<T>);

impl<T: ArrowPrimitiveType> Numbers<'_, T>
where
    T::Native: Into<i32>,
{
    #[inline]
    pub fn get(&self, row: usize) -> i32 {
        if self.0.is_null(row) { NO_NUMBER } else { self.0.value(row).into() }
    }
}

/// A column of texts.
pub struct Strings<'b>(&'b StringArray);

impl<'b> Strings<'b> {
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'b str> {
        if self.0.is_null(row) { None } else { Some(self.0.value(row)) }
    }
}

/// A dictionary-encoded column, its few values taken for what they mean.
pub struct Words<'b, T> {
    column: &'b DictionaryArray<Int32Type>,
    meanings: Vec<T>,
}

impl<T: Copy + Default> Words<'_, T> {
    /// The default stands for null.
    #[inline]
    pub fn get(&self, row: usize) -> T {
        let keys = self.column.keys();
        if keys.is_null(row) {
            return T::default();
        }
        usize::try_from(keys.value(row))
            .ok()
            .and_then(|key| self.meanings.get(key))
            .copied()
            .unwrap_or_default()
    }
}

impl<'b> Source<'b> {
    fn column<T>(
        &self,
        name: &str,
        cast: impl FnOnce(&'b dyn Array) -> Option<&'b T>,
    ) -> Result<&'b T, ArrowError> {
        let at = || format!("column {name} of {}", self.table);
        let column = self.batch.column_by_name(name);
        let column = column.ok_or_else(|| ArrowError::SchemaError(format!("{} is missing", at())))?;
        let of_type = || ArrowError::SchemaError(format!("{} is of type {}", at(), column.data_type()));
        cast(column.as_ref()).ok_or_else(of_type)
    }

    pub fn rows(&self) -> impl Iterator<Item = usize> + use<'b> {
        let chosen = self.chosen;
        (0..self.batch.num_rows()).filter(move |&row| chosen.is_none_or(|chosen| chosen.value(row)))
    }

    pub fn ids(&self, name: &str) -> Result<Ids<'b>, ArrowError> {
        self.column(name, |column| column.as_primitive_opt()).map(Longs)
    }

    pub fn times(&self, name: &str) -> Result<Times<'b>, ArrowError> {
        self.column(name, |column| column.as_primitive_opt()).map(Longs)
    }

    pub fn numbers(&self, name: &str) -> Result<Numbers<'b, Int32Type>, ArrowError> {
        self.column(name, |column| column.as_primitive_opt()).map(Numbers)
    }

    pub fn small_numbers(&self, name: &str) -> Result<Numbers<'b, Int16Type>, ArrowError> {
        self.column(name, |column| column.as_primitive_opt()).map(Numbers)
    }

    pub fn strings(&self, name: &str) -> Result<Strings<'b>, ArrowError> {
        self.column(name, |column| column.as_string_opt::<i32>()).map(Strings)
    }

    /// `meaning` is asked once for each word of the dictionary.
    pub fn words<T: Copy + Default>(
        &self,
        name: &str,
        mut meaning: impl FnMut(&str) -> T,
    ) -> Result<Words<'b, T>, ArrowError> {
        let column = self.column(name, |column| column.as_dictionary_opt::<Int32Type>())?;
        let at = || format!("dictionary of column {name} of {}", self.table);
        let words = column.values().as_string_opt::<i32>();
        let words = words.ok_or_else(|| ArrowError::SchemaError(format!("{} holds no text", at())))?;
        let meanings = words.iter().map(|word| word.map_or_else(T::default, &mut meaning)).collect();
        Ok(Words { column, meanings })
    }
}
