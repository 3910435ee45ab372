//! What the pass fills, row by row, and the Arrow arrays of it.

use crate::lives::NONE;
use crate::rows::Table;
use arrow_array::{ArrayRef, Int32Array, Int64Array};
use arrow_buffer::NullBuffer;
use std::sync::Arc;

/// A row of a table: rows are numbered from 0 over all batches of the table.
pub type Cell = (Table, usize);

/// What the pass fills for one table.
#[derive(Default)]
struct Columns {
    session: Vec<i64>,
    message: Vec<i64>,
    repeat: Vec<i32>,
    successor: Vec<i64>,
}

/// What the pass fills for all tables.
#[derive(Default)]
pub struct Filled([Columns; Table::ALL.len()]);

impl Filled {
    fn of(&mut self, table: Table) -> Option<&mut Columns> {
        self.0.get_mut(table.index())
    }

    /// Adds a row; its number comes back.
    pub fn append(&mut self, table: Table, repeat: i32) -> usize {
        let Some(columns) = self.of(table) else { return usize::MAX };
        columns.session.push(NONE);
        columns.message.push(NONE);
        columns.repeat.push(repeat);
        if table == Table::Deliveries {
            columns.successor.push(NONE);
        }
        columns.session.len() - 1
    }

    pub fn session(&mut self, (table, row): Cell, session: i64) {
        put(self.of(table).map(|columns| &mut columns.session), row, session);
    }

    pub fn message(&mut self, (table, row): Cell, message: i64) {
        put(self.of(table).map(|columns| &mut columns.message), row, message);
    }

    pub fn successor(&mut self, row: usize, message: i64) {
        put(self.of(Table::Deliveries).map(|columns| &mut columns.successor), row, message);
    }

    /// The row happened `times` times more.
    pub fn repeat(&mut self, (table, row): Cell, times: i32) {
        if let Some(repeat) = self.of(table).and_then(|columns| columns.repeat.get_mut(row)) {
            *repeat = repeat.saturating_add(times);
        }
    }

    /// Per table its columns by name.
    pub fn finish(self) -> Vec<(&'static str, Vec<(&'static str, ArrayRef)>)> {
        let tables = Table::ALL.into_iter().zip(self.0);
        tables.map(|(table, columns)| (table.name(), arrays(table, columns))).collect()
    }
}

fn put(column: Option<&mut Vec<i64>>, row: usize, value: i64) {
    if let Some(cell) = column.and_then(|column| column.get_mut(row)) {
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

fn nullable(values: Vec<i64>) -> ArrayRef {
    let nulls: NullBuffer = values.iter().map(|value| *value != NONE).collect();
    Arc::new(Int64Array::new(values.into(), Some(nulls)))
}
