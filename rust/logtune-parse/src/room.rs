//! How much room the columns of a block are given: as much as those of the block before took, since the blocks of a log
//! are alike. Columns that grow are copied each time, and those with much room to spare are cut at the end.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use std::cell::RefCell;
use std::collections::HashMap;

/// Without a block before: a row of each table in so many bytes, so many rows at most, and so many bytes a text.
const BYTES_PER_ROW: usize = 512;
const ROWS_LIMIT: usize = 8_192;
const BYTES_PER_TEXT: usize = 16;

/// A smaller block tells nothing of the next.
const TELLING: usize = 1 << 18;

/// No more rows than one in so many bytes, and no more text than the block has.
const BYTES_PER_LINE: usize = 64;

/// What a block took: its bytes, and the rows and the bytes of each text column of each table.
#[derive(Default)]
struct Taken {
    block: usize,
    tables: HashMap<&'static str, (usize, HashMap<String, usize>)>,
}

thread_local! {
    /// The last block of this thread. It changes nothing of what is parsed.
    static LAST: RefCell<Taken> = RefCell::default();
}

/// Room for a table.
pub struct Room {
    pub rows: usize,
    texts: Option<HashMap<String, usize>>,
}

impl Room {
    /// Room for `table` of a block of `block` bytes.
    pub fn of(table: &str, block: usize) -> Self {
        LAST.with_borrow(|last| {
            if last.block < TELLING {
                return Self { rows: (block / BYTES_PER_ROW).min(ROWS_LIMIT), texts: None };
            }
            // an eighth more, as blocks are not quite alike
            let scaled = |size: usize| (size as u64 * block as u64 / last.block as u64 * 9 / 8) as usize;
            let Some((rows, texts)) = last.tables.get(table) else {
                return Self { rows: 0, texts: Some(HashMap::new()) };
            };
            let texts = texts.iter().map(|(name, bytes)| (name.clone(), scaled(*bytes).min(block))).collect();
            Self { rows: scaled(*rows).min(block / BYTES_PER_LINE), texts: Some(texts) }
        })
    }

    /// Bytes for the text column `name`.
    pub fn bytes(&self, name: &str) -> usize {
        match &self.texts {
            Some(texts) => texts.get(name).copied().unwrap_or(0),
            None => self.rows * BYTES_PER_TEXT,
        }
    }
}

/// Notes what a block of `block` bytes took.
pub fn note(block: usize, batches: &[(&'static str, RecordBatch)]) {
    let table = |(name, rows): &(&'static str, RecordBatch)| (*name, (rows.num_rows(), texts(rows)));
    let taken = Taken { block, tables: batches.iter().map(table).collect() };
    LAST.set(taken);
}

fn texts(rows: &RecordBatch) -> HashMap<String, usize> {
    let columns = rows.schema_ref().fields().iter().zip(rows.columns());
    columns
        .filter_map(|(field, column)| {
            let bytes = column.as_string_opt::<i32>()?.value_data().len();
            Some((field.name().clone(), bytes))
        })
        .collect()
}
