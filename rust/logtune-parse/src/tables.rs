//! The seven tables of `logtune/schema.py` under construction: a row per line, only the asked columns.

use crate::columns::{Bytes, Cell, Column, Floats, Integers, Longs, Shapes, Shorts, Texts, Times, Words};
use crate::records::{Connection, Decision, Delivery, Notice, Queue, Record, Unrecognised, Verdict};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Table name to the columns that are wanted; a table that is left out is not built.
pub type Columns = HashMap<String, HashSet<String>>;

/// Columns that every table keeps, whatever is asked for.
const ALWAYS: [&str; 2] = ["position", "stamp"];

/// Room is made for a row of each table in so many bytes, and for so many rows at most.
const BYTES_PER_ROW: usize = 512;
const ROWS_LIMIT: usize = 8_192;

/// The columns before a table's own, and the stamp's kind.
#[derive(Default)]
pub struct Common<'t> {
    pub ts: Option<i64>,
    pub position: i64,
    pub host: Option<&'t str>,
    pub instance: Option<&'t str>,
    pub service: Option<&'t str>,
    pub daemon: Option<&'t str>,
    pub pid: Option<i32>,
    pub queue_id: Option<&'t str>,
    pub repeat: Option<i32>,
    pub stamp: Option<i8>,
}

type Finished = Vec<(Field, ArrayRef)>;

fn finished<C: Column>(name: &str, column: Option<C>, found: &mut Finished) {
    if let Some(column) = column {
        found.push((Field::new(name, C::data_type(), true), column.finish()));
    }
}

/// `columns!` makes a set of columns from `name: Type` or `name = field of the record: Type`.
macro_rules! columns {
    (@field $row:ident $name:ident) => { $row.$name };
    (@field $row:ident $name:ident $field:ident) => { $row.$field };
    ($set:ident of $record:ident { $($name:ident $(= $field:ident)?: $type:ty,)* }) => {
        struct $set {
            $($name: Option<$type>,)*
        }

        impl $set {
            fn new(wanted: impl Fn(&str) -> bool, rows: usize) -> Self {
                Self { $($name: wanted(stringify!($name)).then(|| <$type>::new(rows)),)* }
            }

            fn push(&mut self, row: &$record<'_>) {
                $(if let Some(column) = &mut self.$name {
                    column.push(columns!(@field row $name $($field)?).cell());
                })*
            }

            fn finish(self, found: &mut Finished) {
                $(finished(stringify!($name), self.$name, found);)*
            }
        }
    };
}

columns!(CommonColumns of Common {
    ts: Times,
    position: Longs,
    host: Words,
    instance: Words,
    service: Words,
    daemon: Words,
    pid: Integers,
    queue_id: Texts,
    repeat: Integers,
});

columns!(StampColumns of Common {
    stamp: Bytes,
});

columns!(Decisions of Decision {
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

columns!(Connections of Connection {
    event: Words,
    client_name: Texts,
    client_addr: Texts,
    client_port: Integers,
    after: Words,
    counters: Words,
});

columns!(Queues of Queue {
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

columns!(Deliveries of Delivery {
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

columns!(Verdicts of Verdict {
    filter: Words,
    verdict: Words,
    score: Floats,
    client_addr: Texts,
    sender: Texts,
    recipient: Texts,
    message_id: Texts,
});

columns!(Notices of Notice {
    kind: Words,
    severity: Words,
    client_name: Texts,
    client_addr: Texts,
    endpoint: Texts,
    value: Floats,
    text: Texts,
});

columns!(Unrecogniseds of Unrecognised {
    text: Texts,
    why: Words,
});

/// A table's common columns and its own.
struct Table<C> {
    common: CommonColumns,
    own: C,
    stamp: StampColumns,
}

/// `tables!` makes the set of all tables from `name: Columns of Record`.
macro_rules! tables {
    ($($name:ident: $columns:ident of $record:ident,)*) => {
        /// All tables of a block. A table takes shape with its first row.
        #[derive(Default)]
        pub struct Tables<'c> {
            columns: Option<&'c Columns>,
            rows: usize,
            $($name: Option<Box<Table<$columns>>>,)*
        }

        impl<'c> Tables<'c> {
            /// Tables with the asked columns, all of all tables for `None`, for a block of so many bytes.
            pub fn new(columns: Option<&'c Columns>, bytes: usize) -> Self {
                Self { columns, rows: (bytes / BYTES_PER_ROW).min(ROWS_LIMIT), ..Self::default() }
            }

            /// Adds a row to the table it belongs to.
            pub fn push(&mut self, common: &Common<'_>, record: &Record<'_>) {
                match record {
                    $(Record::$record(row) => {
                        if self.$name.is_none() {
                            let Some(wanted) = wanted(self.columns, stringify!($name)) else {
                                return;
                            };
                            self.$name = Some(Box::new(Table {
                                common: CommonColumns::new(&wanted, self.rows),
                                own: $columns::new(&wanted, self.rows),
                                stamp: StampColumns::new(&wanted, self.rows),
                            }));
                        }
                        if let Some(table) = &mut self.$name {
                            table.common.push(common);
                            table.own.push(row);
                            table.stamp.push(common);
                        }
                    })*
                }
            }

            /// Name and batch of every table that has rows.
            pub fn finish(self) -> Result<Vec<(&'static str, RecordBatch)>, ArrowError> {
                let mut batches = Vec::new();
                $(if let Some(table) = self.$name {
                    let mut found = Finished::new();
                    table.common.finish(&mut found);
                    table.own.finish(&mut found);
                    table.stamp.finish(&mut found);
                    batches.push((stringify!($name), batch(found)?));
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

fn batch(found: Finished) -> Result<RecordBatch, ArrowError> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = found.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}
