//! The relations of any order of lines: the same whole and part by part.
//!
//! The input is that of `link`: two bytes are a line.

use crate::Chance;
use crate::cells::{Cell, cells};
use crate::link::lines;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, RecordBatch};
use logtune_link::Linker;
use logtune_parse::parse_block;
use logtune_relations::{Error, Made, Parts, Relation};
use std::collections::{BTreeMap, BTreeSet};

/// Cuts of each input into parts.
const CUTS: usize = 3;

/// The rows of each relation in some order.
type Relations = BTreeMap<&'static str, Vec<Vec<Cell>>>;

/// Tables with the columns that link fills.
type Tables = Vec<(&'static str, RecordBatch)>;

/// Makes the relations of the lines that `data` stands for at once, and in parts that end anywhere: the same rows come
/// out, or that a row tells of what was over.
pub fn relations(data: &[u8]) {
    let tables = linked(&lines(data));
    let whole = made(&tables, &[]).expect("at once nothing is over");
    let chance = &mut Chance::of(data);
    for _ in 0..CUTS {
        let ends: Vec<_> = positions(&tables).into_iter().filter(|_| chance.one_in(4)).collect();
        match made(&tables, &ends) {
            Ok(made) => assert_eq!(made, whole, "in parts up to {ends:?}"),
            Err(Error::Reopened(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn linked(lines: &[String]) -> Tables {
    let parsed = parse_block(lines.concat().as_bytes(), 0, None, None).expect("no error for data");
    let batches: Vec<_> = parsed.batches.iter().map(|(name, batch)| (*name, batch)).collect();
    let (links, _) = Linker::new().feed(&batches).expect("batches of the schema");
    let mut links: BTreeMap<_, _> = links.into_iter().collect();
    let whole = |(name, batch): (&'static str, RecordBatch)| {
        let filled = links.remove(name).into_iter().flatten();
        let mut columns: BTreeMap<String, ArrayRef> =
            filled.map(|(name, values)| (name.to_owned(), values)).collect();
        if let Some(shape) = batch.column_by_name("reason_shape") {
            columns.insert("restriction".to_owned(), shape.clone()); // some text: the classifier is Python's
        }
        for (field, values) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            columns.entry(field.name().clone()).or_insert_with(|| values.clone());
        }
        (name, RecordBatch::try_from_iter(columns).expect("columns of one length"))
    };
    let mut tables: Tables = parsed.batches.into_iter().map(whole).collect();
    tables.retain(|(name, _)| Parts::ORDER.contains(name));
    tables
}

/// The relations of `tables` in parts that end at positions; the last one at the end.
fn made(tables: &Tables, ends: &[i64]) -> Result<Relations, Error> {
    let (mut parts, mut relations, mut begin) = (Parts::new(vec![]), Relations::new(), i64::MIN);
    for &end in ends {
        feed(&mut parts, tables, begin, end);
        add(&mut relations, &parts.make()?);
        begin = end;
    }
    feed(&mut parts, tables, begin, i64::MAX);
    let (made, added) = parts.finish()?;
    add(&mut relations, &made);
    assert_eq!(parts.waiting(), 0, "all rows are in a part");
    let added: BTreeSet<_> = added.into_iter().map(Cell::Number).collect();
    for rows in relations.values_mut() {
        rows.sort_unstable();
    }
    for name in ["recipient_facts", "flags"] {
        relations.entry(name).or_default().retain(|row| !added.contains(&row[0]));
    }
    Ok(relations)
}

/// Feeds the rows behind position `begin`, up to `end`.
fn feed(parts: &mut Parts, tables: &Tables, begin: i64, end: i64) {
    for (name, batch) in tables {
        let of_table = of(batch);
        let (from, to) =
            (of_table.partition_point(|row| *row <= begin), of_table.partition_point(|row| *row <= end));
        parts.feed(name, batch.slice(from, to - from)).expect("a table that is read");
    }
}

fn of(batch: &RecordBatch) -> &[i64] {
    batch.column_by_name("position").expect("a position").as_primitive::<Int64Type>().values()
}

fn positions(tables: &Tables) -> BTreeSet<i64> {
    tables.iter().flat_map(|(_, batch)| of(batch).iter().copied()).collect()
}

fn add(relations: &mut Relations, made: &Made) {
    for relation in Relation::ALL {
        let rows = made.rows(relation);
        let batch = made.batch(relation, 0..rows, &|_| true).expect("columns of one length");
        let columns: Vec<_> = batch.columns().iter().map(cells).collect();
        let row = |row: usize| columns.iter().map(|column| column[row].clone()).collect();
        relations.entry(relation.name()).or_default().extend((0..rows).map(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds is not taken for a fault, whichever lines meet.
    #[test]
    fn what_holds() {
        relations(&[]);
        relations(&(0..=255_u8).flat_map(|byte| [byte, byte.wrapping_mul(7)]).collect::<Vec<_>>());
    }

    /// A session that is over when a part ends is made in that part.
    #[test]
    fn parts_are_made() {
        let lines = ["connect from", "disconnect from"]
            .map(|what| format!("Mar  2 10:00:00 mail postfix/smtpd[7]: {what} a.example[192.0.2.1]\n"));
        let (tables, mut parts) = (linked(&vec![lines.concat(); 40]), Parts::new(vec![]));
        feed(&mut parts, &tables, i64::MIN, i64::MAX);
        let mut relations = Relations::new();
        add(&mut relations, &parts.make().expect("sound tables"));
        let sessions = relations["session_facts"].len();
        assert!((30..40).contains(&sessions), "{sessions} of 40");
        assert_eq!(parts.waiting(), 2 * (40 - sessions));
    }
}
