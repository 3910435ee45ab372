//! Rows of Arrow batches as values that can be compared, whatever the order of a dictionary.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Null,
    Number(i64),
    /// The bits of a float: NaN is equal to itself.
    Float(u64),
    Text(String),
}

/// Columns of one table by name.
pub type Table = BTreeMap<String, Vec<Cell>>;

/// The columns of all tables.
pub type Tables = BTreeMap<&'static str, Table>;

/// Adds the rows of `batches` to `tables`.
pub fn append(tables: &mut Tables, batches: &[(&'static str, RecordBatch)]) {
    for (name, batch) in batches {
        let table = tables.entry(name).or_default();
        for (field, values) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            assert_eq!(field.data_type(), values.data_type(), "{name}.{}", field.name());
            table.entry(field.name().clone()).or_default().extend(cells(values));
        }
    }
}

/// The numbers of a column, which has no nulls.
pub fn numbers(tables: &Tables, table: &str, column: &str) -> Vec<i64> {
    let cells = tables.get(table).and_then(|columns| columns.get(column));
    let number = |cell: &Cell| if let Cell::Number(number) = cell { *number } else { panic!("{cell:?}") };
    cells.into_iter().flatten().map(number).collect()
}

/// The cells of a column. Every value is read, so that a wrong offset or key is found.
pub fn cells(values: &ArrayRef) -> Vec<Cell> {
    values.to_data().validate_full().expect("sound arrays");
    (0..values.len()).map(|row| if values.is_null(row) { Cell::Null } else { cell(values, row) }).collect()
}

fn cell(values: &ArrayRef, row: usize) -> Cell {
    match values.data_type() {
        DataType::Int8 => Cell::Number(values.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Number(values.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Number(values.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Number(values.as_primitive::<Int64Type>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            Cell::Number(values.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Boolean => Cell::Number(values.as_boolean().value(row).into()),
        DataType::Float64 => Cell::Float(values.as_primitive::<Float64Type>().value(row).to_bits()),
        DataType::Utf8 => Cell::Text(values.as_string::<i32>().value(row).to_owned()),
        DataType::Dictionary(..) => {
            let words = values.as_dictionary::<Int32Type>();
            let key = words.keys().value(row) as usize;
            Cell::Text(words.values().as_string::<i32>().value(key).to_owned())
        }
        other => panic!("no column has the type {other}"),
    }
}
