//! The seven tables of `logtune/schema.py` under construction: a row per line, only the asked columns.

use crate::columns::{Cell, Column, Floats, Integers, Longs, Shapes, Shorts, Texts, Words};
use crate::lines::{Common, Lines, Names};
use crate::records::{Connection, Decision, Delivery, Notice, Queue, Row, Unrecognised, Verdict};
use crate::room::{self, Room};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Table name to the columns that are wanted; a table that is left out is not built.
pub type Columns = HashMap<String, HashSet<String>>;

/// Columns that every table keeps, whatever is asked for.
const ALWAYS: [&str; 2] = ["position", "stamp"];

/// Room is made for a line in so many bytes.
const BYTES_PER_LINE: usize = 128;

/// What stands in the text beside the record.
#[derive(Default)]
pub struct Beside<'t> {
    pub queue_id: Option<&'t str>,
    pub repeat: Option<i32>,
}

/// Columns of a batch, as far as they are made.
pub struct Finished(Vec<(Field, ArrayRef)>);

impl Finished {
    pub fn add(&mut self, name: &str, data_type: DataType, array: ArrayRef) {
        self.0.push((Field::new(name, data_type, true), array));
    }

    fn batch(self) -> Result<RecordBatch, ArrowError> {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = self.0.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

/// `columns!` makes a set of columns from `name: Type` or `name = field of the record: Type`.
macro_rules! columns {
    (@field $row:ident $name:ident) => { $row.$name };
    (@field $row:ident $name:ident $field:ident) => { $row.$field };
    ($set:ident of $record:ty { $($name:ident $(= $field:ident)?: $type:ty,)* }) => {
        struct $set {
            $($name: Option<$type>,)*
        }

        impl $set {
            fn new(wanted: &Wanted<'_>, room: &Room) -> Self {
                let bytes = |name: &str| room.bytes(name);
                Self {
                    $($name: wanted(stringify!($name)).then(|| <$type>::new(room.rows, bytes(stringify!($name)))),)*
                }
            }

            #[inline]
            fn put(&mut self, at: usize, row: &$record, block: &[u8]) {
                $(if let Some(column) = &mut self.$name {
                    if let Some(cell) = columns!(@field row $name $($field)?).cell() {
                        column.put(at, cell, block);
                    }
                })*
            }

            fn finish(self, rows: usize, found: &mut Finished) -> Result<(), ArrowError> {
                $(if let Some(column) = self.$name {
                    found.add(stringify!($name), <$type>::data_type(), column.finish(rows)?);
                })*
                Ok(())
            }
        }
    };
}

columns!(Besides of Beside<'_> {
    queue_id: Texts,
    repeat: Integers,
});

columns!(Decisions of Decision<'_> {
    origin: Words,
    action: Words,
    protocol_state: Words,
    client_name: Texts,
    client_addr: Texts,
    client_port: Integers,
    reply_code: Shorts,
    dsn: Texts,
    object: Texts,
    reason: Texts,
    reason_shape = reason: Shapes,
    sender: Texts,
    recipient: Texts,
    proto: Words,
    helo: Texts,
    sasl_method: Words,
    sasl_username: Texts,
    part: Words,
    text: Texts,
});

columns!(Connections of Connection<'_> {
    event: Words,
    client_name: Texts,
    client_addr: Texts,
    client_port: Integers,
    after: Words,
    counters: Words,
});

columns!(Queues of Queue<'_> {
    event: Words,
    client_name: Texts,
    client_addr: Texts,
    sasl_method: Words,
    sasl_username: Texts,
    orig_queue_id: Texts,
    orig_client: Texts,
    message_id: Texts,
    sender: Texts,
    size: Longs,
    nrcpt: Integers,
    notice_queue_id: Texts,
    uid: Longs,
});

columns!(Deliveries of Delivery<'_> {
    recipient: Texts,
    orig_recipient: Texts,
    relay: Texts,
    relay_name: Texts,
    relay_addr: Texts,
    relay_port: Integers,
    conn_use: Integers,
    delay: Floats,
    delay_before_qmgr: Floats,
    delay_in_qmgr: Floats,
    delay_setup: Floats,
    delay_transmit: Floats,
    tls: Words,
    dsn: Texts,
    status: Words,
    reason: Texts,
    queued_as: Texts,
});

columns!(Verdicts of Verdict<'_> {
    filter: Words,
    verdict: Words,
    score: Floats,
    client_addr: Texts,
    sender: Texts,
    recipient: Texts,
    message_id: Texts,
});

columns!(Notices of Notice<'_> {
    kind: Words,
    severity: Words,
    client_name: Texts,
    client_addr: Texts,
    endpoint: Texts,
    value: Floats,
    text: Texts,
});

columns!(Unrecogniseds of Unrecognised<'_> {
    text: Texts,
    why: Words,
});

/// A table's own columns, and whose rows they are.
struct Table<'c, C> {
    wanted: Box<Wanted<'c>>,
    /// The line of each row, as a number in [`Lines`].
    lines: Vec<u32>,
    besides: Besides,
    own: C,
}

/// A table that may get rows.
enum Slot<'c, C> {
    Empty,
    Unwanted,
    Filled(Box<Table<'c, C>>),
}

impl<'c, C> Slot<'c, C> {
    /// Table `name` without rows; not inlined, since it happens once.
    #[cold]
    #[inline(never)]
    fn filled(name: &str, columns: Option<&'c Columns>, block: usize, own: New<C>) -> Self {
        let Some(wanted) = wanted(columns, name) else {
            return Self::Unwanted;
        };
        let room = &Room::of(name, block);
        let besides = Besides::new(&wanted, room);
        let own = own(&wanted, room);
        Self::Filled(Box::new(Table {
            wanted: Box::new(wanted),
            lines: Vec::with_capacity(room.rows),
            besides,
            own,
        }))
    }
}

/// Tells whether a column is wanted.
type Wanted<'c> = dyn Fn(&str) -> bool + 'c;

/// Makes a set of columns.
type New<C> = fn(&Wanted<'_>, &Room) -> C;

/// `tables!` makes the set of all tables from `name: Columns of Record`.
macro_rules! tables {
    ($($name:ident: $columns:ident of $record:ident,)*) => {
        /// All tables of a block. A table takes shape with its first row.
        pub struct Tables<'c> {
            columns: Option<&'c Columns>,
            block: &'c [u8],
            lines: Lines,
            $($name: Slot<'c, $columns>,)*
        }

        impl<'c> Tables<'c> {
            /// Tables with the asked columns, all of all tables for `None`, for the lines of `block`.
            pub fn new(columns: Option<&'c Columns>, block: &'c [u8]) -> Self {
                Self {
                    columns,
                    block,
                    lines: Lines::with_capacity(block.len() / BYTES_PER_LINE),
                    $($name: Slot::Empty,)*
                }
            }

            /// Begins a line: the rows that are put from now on are of it.
            #[inline(always)]
            pub fn begin(&mut self, line: &Common) {
                self.lines.push(line);
            }

            /// Adds a row to the table it belongs to.
            #[inline]
            pub fn put(&mut self, beside: &Beside<'_>, row: Row<'_, '_>) {
                match row {
                    $(Row::$record(row) => {
                        if let Slot::Empty = self.$name {
                            self.$name = Slot::filled(stringify!($name), self.columns, self.block.len(), $columns::new);
                        }
                        if let Slot::Filled(table) = &mut self.$name {
                            let at = table.lines.len();
                            table.lines.push(self.lines.last());
                            table.besides.put(at, beside, self.block);
                            table.own.put(at, row, self.block);
                        }
                    })*
                }
            }

            /// Name and batch of every table that has rows.
            pub fn finish(self, names: &Names<'_>) -> Result<Vec<(&'static str, RecordBatch)>, ArrowError> {
                let mut batches = Vec::new();
                $(if let Slot::Filled(table) = self.$name {
                    let mut found = Finished(Vec::new());
                    let rows = self.lines.of(&table.lines);
                    let count = table.lines.len();
                    rows.finish_first(&*table.wanted, names, &mut found)?;
                    table.besides.finish(count, &mut found)?;
                    table.own.finish(count, &mut found)?;
                    rows.finish_last(&*table.wanted, &mut found)?;
                    batches.push((stringify!($name), found.batch()?));
                })*
                room::note(self.block.len(), &batches);
                Ok(batches)
            }
        }
    };
}

tables! {
    decisions: Decisions of Decision,
    connections: Connections of Connection,
    queue: Queues of Queue,
    deliveries: Deliveries of Delivery,
    verdicts: Verdicts of Verdict,
    notices: Notices of Notice,
    unrecognised: Unrecogniseds of Unrecognised,
}

/// Tells whether a column of `table` is wanted; `None` where the table is not.
fn wanted<'c>(columns: Option<&'c Columns>, table: &str) -> Option<impl Fn(&str) -> bool + use<'c>> {
    let asked = match columns {
        Some(columns) => Some(columns.get(table)?),
        None => None,
    };
    Some(move |name: &str| asked.is_none_or(|asked| asked.contains(name)) || ALWAYS.contains(&name))
}
