//! The columns that all tables have: they are kept line by line, and made when it is known which lines a table has.

use crate::columns::{Column, Numbered, Words};
use crate::dictionary::Dictionary;
use crate::programs::Programs;
use crate::tables::Finished;
use arrow_array::types::{ArrowPrimitiveType, Int8Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow_schema::ArrowError;
use std::sync::Arc;

/// The columns before a table's own, and the stamp's kind. `host` and `program` are numbers in [`Names`].
#[derive(Default, Clone, Copy)]
pub struct Common {
    pub ts: Option<i64>,
    pub position: i64,
    pub host: Option<i32>,
    pub program: Option<i32>,
    pub pid: Option<i32>,
    pub stamp: Option<i8>,
}

/// Whose lines a block has.
pub struct Names<'c> {
    pub hosts: Dictionary,
    pub programs: Programs<'c>,
}

/// Number of a host, program, process or kind of stamp that is not known: what is known is not negative.
const NONE: i32 = -1;

/// [`Common`] in half the room.
struct Line {
    ts: i64,
    position: i64,
    host: i32,
    program: i32,
    pid: i32,
    /// The sign tells also whether `ts` is known.
    stamp: i8,
}

impl Line {
    fn ts(&self) -> Option<i64> {
        self.stamp().map(|_| self.ts)
    }

    fn stamp(&self) -> Option<i8> {
        Some(self.stamp).filter(|&stamp| stamp >= 0)
    }

    fn pid(&self) -> Option<i32> {
        Some(self.pid).filter(|&pid| pid >= 0)
    }
}

/// The lines of a block that have rows.
#[derive(Default)]
pub struct Lines(Vec<Line>);

impl Lines {
    /// No lines, with room for `count`.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    #[inline(always)]
    pub fn push(&mut self, line: &Common) {
        self.0.push(Line {
            ts: line.ts.unwrap_or_default(),
            position: line.position,
            host: line.host.unwrap_or(NONE),
            program: line.program.unwrap_or(NONE),
            pid: line.pid.unwrap_or(NONE),
            stamp: line.stamp.unwrap_or(-1),
        });
    }

    /// Number of the last line: a block has fewer than `u32` has numbers, see `BLOCK_LIMIT`.
    #[inline]
    pub fn last(&self) -> u32 {
        self.0.len().saturating_sub(1) as u32
    }

    /// The lines of a table's rows.
    pub fn of<'l>(&'l self, rows: &'l [u32]) -> Rows<'l> {
        Rows { lines: &self.0, rows }
    }
}

/// The columns that tell a program.
const PARTS: [&str; 3] = ["instance", "service", "daemon"];

/// The lines of a table's rows, by their numbers.
#[derive(Clone, Copy)]
pub struct Rows<'l> {
    lines: &'l [Line],
    rows: &'l [u32],
}

impl Rows<'_> {
    /// The columns before a table's own.
    pub fn finish_first(
        self,
        wanted: &dyn Fn(&str) -> bool,
        names: &Names<'_>,
        found: &mut Finished,
    ) -> Result<(), ArrowError> {
        self.numbers::<TimestampMicrosecondType>("ts", wanted, found, Line::ts)?;
        self.numbers::<Int64Type>("position", wanted, found, |line| Some(line.position))?;
        if wanted("host") {
            let hosts = Numbered(self.collect(|line| line.host));
            let used = hosts.used(names.hosts.count());
            let name = |host| names.hosts.text(host);
            found.add("host", Words::data_type(), hosts.named(&used, name)?);
        }
        self.finish_programs(wanted, names, found)?;
        self.numbers::<Int32Type>("pid", wanted, found, Line::pid)
    }

    fn finish_programs(
        self,
        wanted: &dyn Fn(&str) -> bool,
        names: &Names<'_>,
        found: &mut Finished,
    ) -> Result<(), ArrowError> {
        if !PARTS.into_iter().any(wanted) {
            return Ok(());
        }
        let programs = Numbered(self.collect(|line| line.program));
        let used = programs.used(names.programs.count());
        for (part, name) in PARTS.into_iter().enumerate().filter(|(_, name)| wanted(name)) {
            let array = programs.named(&used, |program| names.programs.parts(program)[part])?;
            found.add(name, Words::data_type(), array);
        }
        Ok(())
    }

    /// The column behind a table's own.
    pub fn finish_last(self, wanted: &dyn Fn(&str) -> bool, found: &mut Finished) -> Result<(), ArrowError> {
        self.numbers::<Int8Type>("stamp", wanted, found, Line::stamp)
    }

    fn collect<V>(self, mut value: impl FnMut(&Line) -> V) -> Vec<V> {
        self.rows.iter().map(|&row| value(&self.lines[row as usize])).collect()
    }

    fn numbers<T: ArrowPrimitiveType>(
        self,
        name: &str,
        wanted: &dyn Fn(&str) -> bool,
        found: &mut Finished,
        cell: impl Fn(&Line) -> Option<T::Native>,
    ) -> Result<(), ArrowError> {
        if !wanted(name) {
            return Ok(());
        }
        let mut complete = true;
        let values = self.collect(|line| {
            let value = cell(line);
            complete &= value.is_some();
            value.unwrap_or_default()
        });
        let known = |row: usize| cell(&self.lines[self.rows[row] as usize]).is_some();
        let nulls = (!complete).then(|| NullBuffer::new(BooleanBuffer::collect_bool(values.len(), known)));
        let array: ArrayRef = Arc::new(PrimitiveArray::<T>::try_new(ScalarBuffer::from(values), nulls)?);
        found.add(name, T::DATA_TYPE, array);
        Ok(())
    }
}
