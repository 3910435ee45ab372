//! The cells of a batch, by column.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrowPrimitiveType, DictionaryArray, Int32Array, PrimitiveArray, RecordBatch, StringArray,
};
use arrow_schema::ArrowError;

/// A dictionary-encoded column, its few values taken for what they mean.
pub struct Words<'b, T> {
    keys: &'b Int32Array,
    meanings: Vec<T>,
    null: T,
    /// What all rows mean, where that is one thing: then no row is looked at.
    only: Option<T>,
}

impl<'b, T: Copy + PartialEq> Words<'b, T> {
    fn new(keys: &'b Int32Array, meanings: Vec<T>, null: T) -> Self {
        let mut all = meanings.iter().copied().chain((keys.null_count() > 0).then_some(null));
        let first = all.next().unwrap_or(null);
        let only = all.all(|other| other == first).then_some(first);
        Self { keys, meanings, null, only }
    }

    #[inline]
    pub fn get(&self, row: usize) -> T {
        if let Some(only) = self.only {
            return only;
        }
        if self.keys.is_null(row) {
            return self.null;
        }
        let key = self.keys.value(row);
        usize::try_from(key).ok().and_then(|key| self.meanings.get(key)).copied().unwrap_or(self.null)
    }
}

/// Tells what columns a batch lacks, or of what type they are instead.
#[derive(Clone, Copy)]
pub struct Source<'b> {
    pub table: &'b str,
    pub batch: &'b RecordBatch,
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

    pub fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<&'b PrimitiveArray<T>, ArrowError> {
        self.column(name, |column| column.as_primitive_opt::<T>())
    }

    pub fn texts(&self, name: &str) -> Result<&'b StringArray, ArrowError> {
        self.column(name, |column| column.as_string_opt::<i32>())
    }

    pub fn words<T>(
        &self,
        name: &str,
        null: T,
        mut meaning: impl FnMut(&str) -> T,
    ) -> Result<Words<'b, T>, ArrowError>
    where
        T: Copy + PartialEq,
    {
        let words: &DictionaryArray<Int32Type> = self.column(name, |column| column.as_dictionary_opt())?;
        let values: &StringArray = self.column(name, |_| words.values().as_string_opt())?;
        let meanings = values.iter().map(|value| value.map_or(null, &mut meaning)).collect();
        Ok(Words::new(words.keys(), meanings, null))
    }
}

#[inline]
pub fn text(column: &StringArray, row: usize) -> Option<&str> {
    (!column.is_null(row)).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn words_mean_the_same_whether_rows_are_looked_at_or_not() {
        for (keys, only) in [
            (vec![Some(0), Some(2), Some(0)], Some(true)),
            (vec![Some(0), Some(1), Some(2)], None),
            (vec![Some(0), None, Some(2)], None),
            (vec![None, None, None], None),
        ] {
            let named: &[&str] = if only.is_some() { &["a", "b", "a"] } else { &["a", "c", "a"] };
            let values = Arc::new(StringArray::from(named.to_vec()));
            let column = DictionaryArray::new(Int32Array::from(keys.clone()), values);
            let batch = RecordBatch::try_from_iter([("word", Arc::new(column) as _)]).unwrap();
            let source = Source { table: "t", batch: &batch };
            let words = source.words("word", false, |text| text != "c").unwrap();
            assert_eq!(words.only, only, "{keys:?}");
            for (row, key) in keys.iter().enumerate() {
                assert_eq!(
                    words.get(row),
                    key.is_some_and(|key: i32| named[key as usize] != "c"),
                    "{keys:?}"
                );
            }
        }
    }
}
