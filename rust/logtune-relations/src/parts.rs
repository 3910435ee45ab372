//! The relations of a log part by part: what is over is made and forgotten, what is not waits for the next part.

use crate::added::Added;
use crate::numbers::NONE;
use crate::output::Made;
use crate::texts::Hasher;
use crate::units::Units;
use crate::{Error, Relations};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;
use arrow_select::filter::filter_record_batch;

/// Feed the tables up to some position, `make` what is over, and so on; `finish` with the rest.
#[derive(Default)]
pub struct Parts {
    probe_senders: Vec<String>,
    hasher: Hasher,
    /// Rows that wait, by the number of their table.
    waiting: [Vec<RecordBatch>; Relations::ORDER.len()],
    /// Position of the last row that was in a part.
    until: i64,
    /// Ids of sessions and mails that are over, of each part in order.
    over: Vec<Vec<i64>>,
    added: Added,
}

/// Of the rows of a part the last one in so many positions is too young to be over.
const YOUNG: i64 = 16;

impl Parts {
    /// The tables that are read.
    pub const ORDER: [&str; 5] = Relations::ORDER;

    /// `probe_senders`: sender addresses of the site's address verification.
    pub fn new(probe_senders: Vec<String>) -> Self {
        Self { probe_senders, until: NONE, ..Self::default() }
    }

    /// Take rows of a table, which follow those before in position order.
    pub fn feed(&mut self, table: &str, batch: RecordBatch) -> Result<(), ArrowError> {
        let number = Relations::ORDER.iter().position(|name| *name == table);
        let unknown = || ArrowError::InvalidArgumentError(format!("no relation reads table {table}"));
        self.waiting[number.ok_or_else(unknown)?].push(batch);
        Ok(())
    }

    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.waiting.iter().flatten().map(RecordBatch::num_rows).sum()
    }

    /// The relations of what is over. All tables were fed up to one position.
    ///
    /// Fails where a row tells of something that was over: then only the whole log can be made.
    pub fn make(&mut self) -> Result<Made, Error> {
        let waiting = std::mem::take(&mut self.waiting);
        let (first, last) = ends(&waiting)?;
        let mut units = Units::default();
        let read = |(table, batch)| units.read(table, batch, |id| self.known(id));
        let mut nodes = named(&waiting).map(read).collect::<Result<Vec<_>, _>>()?.into_iter();
        let ids = units.settle(last - (last - first.max(self.until)) / YOUNG);
        self.until = self.until.max(last);
        self.over.push(ids);
        let mut relations = self.relations();
        for (number, (table, batches)) in Relations::ORDER.iter().zip(waiting).enumerate() {
            for batch in batches {
                let over = units.over(&nodes.next().unwrap_or_default());
                relations.feed(table, &batch, Some(&over))?;
                if over.count_set_bits() < over.len() {
                    self.waiting[number].push(filter_record_batch(&batch, &not(&over))?);
                }
            }
        }
        Ok(relations.make(&mut self.added))
    }

    /// The relations of all the rest, and ids of recipients of all parts that are none: Postfix added them itself.
    ///
    /// Fails as `make` does.
    pub fn finish(&mut self) -> Result<(Made, Vec<i64>), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        if !self.over.is_empty() {
            let mut units = Units::default();
            for (table, batch) in named(&waiting) {
                units.read(table, batch, |id| self.known(id))?;
            }
        }
        let mut relations = self.relations();
        for (table, batch) in named(&waiting) {
            relations.feed(table, batch, None)?;
        }
        let made = relations.make(&mut self.added);
        Ok((made, self.added.settle()))
    }

    fn relations(&self) -> Relations {
        Relations::new(&self.probe_senders, self.hasher.clone())
    }

    /// An id that comes anew must not be of what is over: most are of rows that were not there before.
    fn known(&self, id: i64) -> Result<(), Error> {
        let over = id <= self.until && self.over.iter().any(|ids| ids.binary_search(&id).is_ok());
        if over { Err(Error::Reopened(id)) } else { Ok(()) }
    }
}

fn named(waiting: &[Vec<RecordBatch>]) -> impl Iterator<Item = (&'static str, &RecordBatch)> {
    let tables = Relations::ORDER.iter().zip(waiting);
    tables.flat_map(|(table, batches)| batches.iter().map(|batch| (*table, batch)))
}

/// Positions of the first and the last row.
fn ends(waiting: &[Vec<RecordBatch>]) -> Result<(i64, i64), ArrowError> {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for (table, batch) in named(waiting).filter(|(_, batch)| batch.num_rows() > 0) {
        let lacking = || ArrowError::SchemaError(format!("column position of {table} is missing"));
        let positions = batch.column_by_name("position").ok_or_else(lacking)?;
        let positions = positions.as_primitive_opt::<Int64Type>().ok_or_else(lacking)?.values();
        first = first.min(positions[0]);
        last = last.max(positions[positions.len() - 1]);
    }
    Ok(if first > last { (0, 0) } else { (first, last) })
}

fn not(rows: &BooleanBuffer) -> BooleanArray {
    BooleanArray::new(!rows, None)
}
