//! What the pass fills, row by row, and the Arrow arrays of it.

use crate::lives::NONE;
use crate::rows::Table;
use arrow_array::{ArrayRef, Int32Array, Int64Array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row of a table: rows are numbered from 0 over all batches of the table.
pub type Cell = (Table, usize);

/// Per table its columns by name.
pub type Links = Vec<(&'static str, Vec<(&'static str, ArrayRef)>)>;

/// Table, column, numbers of rows of earlier blocks, and what their cells are now.
pub type Late = Vec<(&'static str, &'static str, ArrayRef, ArrayRef)>;

/// What the pass fills for one table: the rows of the running block, and what it learns of rows before it.
#[derive(Default)]
struct Columns {
    /// Number of the first row of the running block.
    begin: usize,
    session: Vec<i64>,
    message: Vec<i64>,
    repeat: Vec<i32>,
    successor: Vec<i64>,
    late_message: BTreeMap<usize, i64>,
    late_repeat: BTreeMap<usize, i32>,
}

impl Columns {
    /// Place of a row in the running block.
    fn place(&self, row: usize) -> Option<usize> {
        row.checked_sub(self.begin)
    }
}

/// What the pass fills for all tables.
#[derive(Default)]
pub struct Filled([Columns; Table::ALL.len()]);

impl Filled {
    fn of(&mut self, table: Table) -> Option<&mut Columns> {
        self.0.get_mut(table.index())
    }

    /// Takes the rows of a table in the running block, and how often each happened. The number of the first comes back.
    pub fn begin(&mut self, table: Table, mut repeats: Vec<i32>) -> usize {
        let Some(columns) = self.of(table) else { return usize::MAX };
        let (before, rows) = (columns.session.len(), columns.session.len() + repeats.len());
        columns.session.resize(rows, NONE);
        columns.message.resize(rows, NONE);
        columns.repeat.append(&mut repeats);
        if table == Table::Deliveries {
            columns.successor.resize(rows, NONE);
        }
        columns.begin + before
    }

    /// The session of a row of the running block.
    pub fn session(&mut self, (table, row): Cell, session: i64) {
        let Some(columns) = self.of(table) else { return };
        let place = columns.place(row);
        put(&mut columns.session, place, session);
    }

    /// The message of any row.
    pub fn message(&mut self, (table, row): Cell, message: i64) {
        let Some(columns) = self.of(table) else { return };
        match columns.place(row) {
            None => _ = columns.late_message.insert(row, message),
            place => put(&mut columns.message, place, message),
        }
    }

    /// The successor of a delivery of the running block.
    pub fn successor(&mut self, row: usize, message: i64) {
        let Some(columns) = self.of(Table::Deliveries) else { return };
        let place = columns.place(row);
        put(&mut columns.successor, place, message);
    }

    /// How often a row of the running block happened.
    pub fn repeated(&self, (table, row): Cell) -> i32 {
        let columns = self.0.get(table.index());
        columns.and_then(|columns| columns.repeat.get(columns.place(row)?)).copied().unwrap_or(1)
    }

    /// Puts right how often any row happened.
    pub fn repeat(&mut self, (table, row): Cell, times: i32) {
        let Some(columns) = self.of(table) else { return };
        match columns.place(row) {
            None => _ = columns.late_repeat.insert(row, times),
            place => put(&mut columns.repeat, place, times),
        }
    }

    /// Gives away the columns of the running block, and what was learned meanwhile of rows before it.
    pub fn take(&mut self) -> (Links, Late) {
        let (mut links, mut late) = (Links::new(), Late::new());
        for (table, columns) in Table::ALL.into_iter().zip(&mut self.0) {
            let begin = columns.begin + columns.session.len();
            let done = std::mem::replace(columns, Columns { begin, ..Columns::default() });
            if !done.late_message.is_empty() {
                let values = nullable(done.late_message.values().copied().collect());
                late.push((table.name(), "message", numbers(done.late_message.keys()), values));
            }
            if !done.late_repeat.is_empty() {
                let values: Int32Array = done.late_repeat.values().copied().collect();
                late.push((table.name(), "repeat", numbers(done.late_repeat.keys()), Arc::new(values)));
            }
            if !done.session.is_empty() {
                links.push((table.name(), arrays(table, done)));
            }
        }
        (links, late)
    }
}

fn put<T>(column: &mut [T], place: Option<usize>, value: T) {
    if let Some(cell) = place.and_then(|place| column.get_mut(place)) {
        *cell = value;
    }
}

fn arrays(table: Table, columns: Columns) -> Vec<(&'static str, ArrayRef)> {
    let mut arrays = vec![("session", nullable(columns.session)), ("message", nullable(columns.message))];
    if table == Table::Deliveries {
        arrays.push(("successor", nullable(columns.successor)));
    }
    arrays.push(("repeat", Arc::new(Int32Array::from(columns.repeat))));
    arrays
}

fn numbers<'r>(rows: impl Iterator<Item = &'r usize>) -> ArrayRef {
    let rows = rows.map(|&row| i64::try_from(row).unwrap_or(i64::MAX));
    Arc::new(rows.collect::<Vec<i64>>().into_iter().map(Some).collect::<Int64Array>())
}

fn nullable(values: Vec<i64>) -> ArrayRef {
    let known = |bits: u64, (at, value): (usize, &i64)| bits | u64::from(*value != NONE) << at;
    let words = values.chunks(64).map(|cells| cells.iter().enumerate().fold(0, known).to_le());
    let known = Buffer::from_vec(words.collect::<Vec<u64>>());
    let nulls = NullBuffer::new(BooleanBuffer::new(known, 0, values.len()));
    Arc::new(Int64Array::new(values.into(), Some(nulls)))
}
