//! The seven tables of `logtune/schema.py` under construction: a row per line, only the asked columns.

use crate::columns::{
    Bytes, Cell, Column, Floats, Integers, Longs, Numbered, Shapes, Shorts, Texts, Times, Words,
};
use crate::dictionary::Dictionary;
use crate::programs::Programs;
use crate::records::{Connection, Decision, Delivery, Notice, Queue, Record, Unrecognised, Verdict};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Table name to the columns that are wanted; a table that is left out is not built.
pub type Columns = HashMap<String, HashSet<String>>;

/// Columns that every table keeps, whatever is asked for.
const ALWAYS: [&str; 2] = ["position", "stamp"];

/// Room is made for a row of each table in so many bytes, and for so many rows at most.
const BYTES_PER_ROW: usize = 512;
const ROWS_LIMIT: usize = 8_192;

/// The columns before a table's own, and the stamp's kind. `host` and `program` are numbers in [`Names`].
#[derive(Default)]
pub struct Common {
    pub ts: Option<i64>,
    pub position: i64,
    pub host: Option<i32>,
    pub program: Option<i32>,
    pub pid: Option<i32>,
    pub stamp: Option<i8>,
}

/// What stands in the text beside the record.
#[derive(Default)]
pub struct Beside<'t> {
    pub queue_id: Option<&'t str>,
    pub repeat: Option<i32>,
}

/// Whose lines a block has.
pub struct Names<'c> {
    pub hosts: Dictionary,
    pub programs: Programs<'c>,
}

struct Finished(Vec<(Field, ArrayRef)>);

impl Finished {
    fn add(&mut self, name: &str, data_type: DataType, array: ArrayRef) {
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
            fn new(wanted: impl Fn(&str) -> bool, rows: usize) -> Self {
                Self { $($name: wanted(stringify!($name)).then(|| <$type>::new(rows)),)* }
            }

            #[inline]
            fn put(&mut self, at: usize, row: &$record) {
                $(if let Some(column) = &mut self.$name {
                    if let Some(cell) = columns!(@field row $name $($field)?).cell() {
                        column.put(at, cell);
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

columns!(Moments of Common {
    ts: Times,
    position: Longs,
});

columns!(Pids of Common {
    pid: Integers,
});

columns!(Besides of Beside<'_> {
    queue_id: Texts,
    repeat: Integers,
});

columns!(Stamps of Common {
    stamp: Bytes,
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

/// Host and program of each row: their names are found at the end, once per name.
struct WhoColumns {
    hosts: Option<Numbered>,
    programs: Option<Numbered>,
    parts: [bool; PARTS.len()],
}

/// The columns that tell a program.
const PARTS: [&str; 3] = ["instance", "service", "daemon"];

/// Number of a host or program that is not known.
const NOBODY: i32 = -1;

impl WhoColumns {
    fn new(wanted: impl Fn(&str) -> bool, rows: usize) -> Self {
        let parts = PARTS.map(&wanted);
        let numbers = || Numbered::new(rows);
        Self { hosts: wanted("host").then(numbers), programs: parts.contains(&true).then(numbers), parts }
    }

    #[inline]
    fn put(&mut self, common: &Common) {
        if let Some(hosts) = &mut self.hosts {
            hosts.push(common.host.unwrap_or(NOBODY));
        }
        if let Some(programs) = &mut self.programs {
            programs.push(common.program.unwrap_or(NOBODY));
        }
    }

    fn finish(self, names: &Names<'_>, found: &mut Finished) -> Result<(), ArrowError> {
        if let Some(hosts) = self.hosts {
            let used = hosts.used(names.hosts.count());
            let name = |host| names.hosts.text(host);
            found.add("host", Words::data_type(), hosts.named(&used, name)?);
        }
        let Some(programs) = self.programs else {
            return Ok(());
        };
        let used = programs.used(names.programs.count());
        for (part, name) in PARTS.into_iter().enumerate().filter(|(part, _)| self.parts[*part]) {
            let array = programs.named(&used, |program| names.programs.parts(program)[part])?;
            found.add(name, Words::data_type(), array);
        }
        Ok(())
    }
}

/// A table's common columns and its own.
struct Table<C> {
    rows: usize,
    times: Moments,
    who: WhoColumns,
    pids: Pids,
    besides: Besides,
    own: C,
    stamps: Stamps,
}

/// A table that may get rows.
enum Slot<C> {
    Empty,
    Unwanted,
    Filled(Box<Table<C>>),
}

/// `tables!` makes the set of all tables from `name: Columns of Record`.
macro_rules! tables {
    ($($name:ident: $columns:ident of $record:ident,)*) => {
        /// All tables of a block. A table takes shape with its first row.
        pub struct Tables<'c> {
            columns: Option<&'c Columns>,
            room: usize,
            $($name: Slot<$columns>,)*
        }

        impl<'c> Tables<'c> {
            /// Tables with the asked columns, all of all tables for `None`, for a block of so many bytes.
            pub fn new(columns: Option<&'c Columns>, bytes: usize) -> Self {
                Self { columns, room: (bytes / BYTES_PER_ROW).min(ROWS_LIMIT), $($name: Slot::Empty,)* }
            }

            /// Adds a row to the table it belongs to.
            #[inline]
            pub fn put(&mut self, common: &Common, beside: &Beside<'_>, record: &Record<'_>) {
                match record {
                    $(Record::$record(row) => {
                        if let Slot::Empty = self.$name {
                            self.$name = match wanted(self.columns, stringify!($name)) {
                                Some(wanted) => Slot::Filled(Box::new(Table {
                                    rows: 0,
                                    times: Moments::new(&wanted, self.room),
                                    who: WhoColumns::new(&wanted, self.room),
                                    pids: Pids::new(&wanted, self.room),
                                    besides: Besides::new(&wanted, self.room),
                                    own: $columns::new(&wanted, self.room),
                                    stamps: Stamps::new(&wanted, self.room),
                                })),
                                None => Slot::Unwanted,
                            };
                        }
                        if let Slot::Filled(table) = &mut self.$name {
                            let at = table.rows;
                            table.rows += 1;
                            table.times.put(at, common);
                            table.who.put(common);
                            table.pids.put(at, common);
                            table.besides.put(at, beside);
                            table.own.put(at, row);
                            table.stamps.put(at, common);
                        }
                    })*
                }
            }

            /// Name and batch of every table that has rows.
            pub fn finish(self, names: &Names<'_>) -> Result<Vec<(&'static str, RecordBatch)>, ArrowError> {
                let mut batches = Vec::new();
                $(if let Slot::Filled(table) = self.$name {
                    let mut found = Finished(Vec::new());
                    table.times.finish(table.rows, &mut found)?;
                    table.who.finish(names, &mut found)?;
                    table.pids.finish(table.rows, &mut found)?;
                    table.besides.finish(table.rows, &mut found)?;
                    table.own.finish(table.rows, &mut found)?;
                    table.stamps.finish(table.rows, &mut found)?;
                    batches.push((stringify!($name), found.batch()?));
                })*
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
