//! The columns of a batch that the pass reads, and rows of them.

use crate::lives::Lives;
use crate::names::{NULL, TextId, Texts};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrowPrimitiveType, DictionaryArray, Float64Array, Int32Array, Int64Array, PrimitiveArray,
    RecordBatch, StringArray,
};
use arrow_schema::ArrowError;

/// A table that the pass reads; `unrecognised` is not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    Decisions,
    Connections,
    Queue,
    Deliveries,
    Verdicts,
    Notices,
}

impl Table {
    pub const ALL: [Self; 6] =
        [Self::Decisions, Self::Connections, Self::Queue, Self::Deliveries, Self::Verdicts, Self::Notices];

    pub fn name(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Connections => "connections",
            Self::Queue => "queue",
            Self::Deliveries => "deliveries",
            Self::Verdicts => "verdicts",
            Self::Notices => "notices",
        }
    }

    pub fn index(self) -> usize {
        self as usize
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Daemon {
    Smtpd,
    Local,
    Other,
    Null,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEvent {
    Connect,
    Disconnect,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum QueueEvent {
    Client,
    Pickup,
    MessageId,
    Active,
    Removed,
    Other,
}

/// When a decision came, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not about a mail: CONNECT, HELO, EHLO, VRFY, ETRN.
    NoMail,
    Mail,
    Rcpt,
    EndOfMessage,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Reject,
    Discard,
    Accept,
    Other,
}

/// Who decided, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Proxy,
    Cleanup,
    Other,
}

/// A step in a queue file's life.
pub struct QueueStep<'b> {
    pub event: QueueEvent,
    pub client_addr: Option<&'b str>,
    pub orig_queue_id: Option<&'b str>,
    pub sender: Option<&'b str>,
}

pub struct Decision<'b> {
    pub origin: Origin,
    pub action: Action,
    pub stage: Stage,
    pub sender: Option<&'b str>,
    pub recipient: Option<&'b str>,
    pub reason: Option<&'b str>,
}

impl Decision<'_> {
    /// Whether the mail, which has a queue id, goes no further.
    pub fn ends_mail(&self) -> bool {
        let whole = self.stage == Stage::EndOfMessage || self.origin == Origin::Cleanup;
        self.action == Action::Discard || (self.action == Action::Reject && whole)
    }
}

pub struct Delivery<'b> {
    pub queued_as: Option<&'b str>,
    pub relay_addr: Option<&'b str>,
    pub by_local: bool,
}

/// What a row says beyond the common columns.
pub enum Fields<'b> {
    Decision(Decision<'b>),
    Connection { event: ConnectionEvent, accepted: bool },
    Queue(QueueStep<'b>),
    Delivery(Delivery<'b>),
    Verdict,
    Notice { repeated: Option<f64> },
}

/// The columns that all rows have.
pub struct Common<'b> {
    pub position: i64,
    pub host: TextId,
    pub place: u32,
    pub service: TextId,
    pub daemon: Daemon,
    pub pid: Option<i32>,
    pub queue_id: Option<&'b str>,
    pub repeat: i32,
}

pub struct Row<'b> {
    pub table: Table,
    pub common: Common<'b>,
    pub fields: Fields<'b>,
}

/// A dictionary-encoded column, its few values taken for what they mean.
struct Words<'b, T> {
    keys: &'b Int32Array,
    meanings: Vec<T>,
    null: T,
}

impl<T: Copy> Words<'_, T> {
    #[inline]
    fn get(&self, row: usize) -> T {
        if self.keys.is_null(row) {
            return self.null;
        }
        let key = self.keys.value(row);
        usize::try_from(key).ok().and_then(|key| self.meanings.get(key)).copied().unwrap_or(self.null)
    }
}

/// Tells what columns a batch lacks, or of what type they are instead.
#[derive(Clone, Copy)]
struct Source<'b> {
    table: &'b str,
    batch: &'b RecordBatch,
}

impl<'b> Source<'b> {
    fn column<T>(
        &self,
        name: &str,
        cast: impl FnOnce(&'b dyn Array) -> Option<&'b T>,
    ) -> Result<&'b T, ArrowError> {
        let at = || format!("column {name} of {}", self.table);
        let column = self.batch.column_by_name(name);
        let column = column.ok_or_else(|| ArrowError::SchemaError(format!("{} is missing", at())))?;
        let of_type = || ArrowError::SchemaError(format!("{} is of type {}", at(), column.data_type()));
        cast(column.as_ref()).ok_or_else(of_type)
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<&'b PrimitiveArray<T>, ArrowError> {
        self.column(name, |column| column.as_primitive_opt::<T>())
    }

    fn texts(&self, name: &str) -> Result<&'b StringArray, ArrowError> {
        self.column(name, |column| column.as_string_opt::<i32>())
    }

    fn words<T>(
        &self,
        name: &str,
        null: T,
        mut meaning: impl FnMut(&str) -> T,
    ) -> Result<Words<'b, T>, ArrowError>
    where
        T: Copy,
    {
        let words: &DictionaryArray<Int32Type> = self.column(name, |column| column.as_dictionary_opt())?;
        let values: &StringArray = self.column(name, |_| words.values().as_string_opt())?;
        let meanings = values.iter().map(|value| value.map_or(null, &mut meaning)).collect();
        Ok(Words { keys: words.keys(), meanings, null })
    }
}

#[inline]
fn text(column: &StringArray, row: usize) -> Option<&str> {
    (!column.is_null(row)).then(|| column.value(row))
}

/// The columns of one batch.
pub struct Batch<'b> {
    pub table: Table,
    positions: &'b Int64Array,
    hosts: Words<'b, TextId>,
    instances: Words<'b, TextId>,
    services: Words<'b, TextId>,
    daemons: Words<'b, Daemon>,
    pids: &'b Int32Array,
    queue_ids: &'b StringArray,
    repeats: &'b Int32Array,
    own: Own<'b>,
}

/// The columns beyond the common ones.
enum Own<'b> {
    Decisions {
        origins: Words<'b, Origin>,
        actions: Words<'b, Action>,
        stages: Words<'b, Stage>,
        senders: &'b StringArray,
        recipients: &'b StringArray,
        reasons: &'b StringArray,
    },
    Connections {
        events: Words<'b, ConnectionEvent>,
        accepted: Words<'b, bool>,
    },
    Queue {
        events: Words<'b, QueueEvent>,
        client_addrs: &'b StringArray,
        orig_queue_ids: &'b StringArray,
        senders: &'b StringArray,
    },
    Deliveries {
        queued_as: &'b StringArray,
        relay_addrs: &'b StringArray,
        relays: &'b StringArray,
    },
    Verdicts,
    Notices {
        others: Words<'b, bool>,
        values: &'b Float64Array,
    },
}

impl<'b> Batch<'b> {
    /// `None` for a table that the pass does not read.
    pub fn read(
        name: &'b str,
        batch: &'b RecordBatch,
        texts: &mut Texts,
    ) -> Result<Option<Self>, ArrowError> {
        let Some(table) = Table::of(name) else { return Ok(None) };
        let source = Source { table: name, batch };
        Ok(Some(Self {
            table,
            positions: source.numbers::<Int64Type>("position")?,
            hosts: source.words("host", NULL, |text| texts.id(text))?,
            instances: source.words("instance", NULL, |text| texts.id(text))?,
            services: source.words("service", NULL, |text| texts.id(text))?,
            daemons: source.words("daemon", Daemon::Null, daemon)?,
            pids: source.numbers::<Int32Type>("pid")?,
            queue_ids: source.texts("queue_id")?,
            repeats: source.numbers::<Int32Type>("repeat")?,
            own: Own::read(table, source)?,
        }))
    }

    pub fn positions(&self) -> &'b [i64] {
        self.positions.values()
    }

    pub fn row(&self, row: usize, lives: &mut Lives) -> Row<'b> {
        Row {
            table: self.table,
            common: self.common(row, lives),
            fields: self.own.fields(row, self.daemons.get(row)),
        }
    }

    fn common(&self, row: usize, lives: &mut Lives) -> Common<'b> {
        let (host, instance) = (self.hosts.get(row), self.instances.get(row));
        let repeat = if self.repeats.is_null(row) { 0 } else { self.repeats.value(row) };
        Common {
            position: self.positions.value(row),
            host,
            place: lives.place(host, instance),
            service: self.services.get(row),
            daemon: self.daemons.get(row),
            pid: (!self.pids.is_null(row)).then(|| self.pids.value(row)),
            queue_id: text(self.queue_ids, row),
            repeat: if repeat == 0 { 1 } else { repeat },
        }
    }
}

impl<'b> Own<'b> {
    fn read(table: Table, source: Source<'b>) -> Result<Self, ArrowError> {
        Ok(match table {
            Table::Decisions => Self::Decisions {
                origins: source.words("origin", Origin::Other, origin)?,
                actions: source.words("action", Action::Other, action)?,
                stages: source.words("protocol_state", Stage::Other, stage)?,
                senders: source.texts("sender")?,
                recipients: source.texts("recipient")?,
                reasons: source.texts("reason")?,
            },
            Table::Connections => Self::Connections {
                events: source.words("event", ConnectionEvent::Other, connection_event)?,
                accepted: source.words("counters", false, counts_recipients)?,
            },
            Table::Queue => Self::Queue {
                events: source.words("event", QueueEvent::Other, queue_event)?,
                client_addrs: source.texts("client_addr")?,
                orig_queue_ids: source.texts("orig_queue_id")?,
                senders: source.texts("sender")?,
            },
            Table::Deliveries => Self::Deliveries {
                queued_as: source.texts("queued_as")?,
                relay_addrs: source.texts("relay_addr")?,
                relays: source.texts("relay")?,
            },
            Table::Verdicts => Self::Verdicts,
            Table::Notices => Self::Notices {
                others: source.words("kind", false, |text| text == "other")?,
                values: source.numbers::<Float64Type>("value")?,
            },
        })
    }

    fn fields(&self, row: usize, daemon: Daemon) -> Fields<'b> {
        match self {
            Self::Decisions { origins, actions, stages, senders, recipients, reasons } => {
                Fields::Decision(Decision {
                    origin: origins.get(row),
                    action: actions.get(row),
                    stage: stages.get(row),
                    sender: text(senders, row),
                    recipient: text(recipients, row),
                    reason: text(reasons, row),
                })
            }
            Self::Connections { events, accepted } => {
                Fields::Connection { event: events.get(row), accepted: accepted.get(row) }
            }
            Self::Queue { events, client_addrs, orig_queue_ids, senders } => Fields::Queue(QueueStep {
                event: events.get(row),
                client_addr: text(client_addrs, row),
                orig_queue_id: text(orig_queue_ids, row),
                sender: text(senders, row),
            }),
            Self::Deliveries { queued_as, relay_addrs, relays } => Fields::Delivery(Delivery {
                queued_as: text(queued_as, row),
                relay_addr: text(relay_addrs, row),
                by_local: daemon == Daemon::Local || text(relays, row) == Some("local"),
            }),
            Self::Verdicts => Fields::Verdict,
            Self::Notices { others, values } => {
                let repeated = daemon == Daemon::Null && others.get(row) && !values.is_null(row);
                Fields::Notice { repeated: repeated.then(|| values.value(row)) }
            }
        }
    }
}

fn daemon(text: &str) -> Daemon {
    match text {
        "smtpd" => Daemon::Smtpd,
        "local" => Daemon::Local,
        _ => Daemon::Other,
    }
}

fn origin(text: &str) -> Origin {
    match text {
        "proxy" => Origin::Proxy,
        "cleanup" => Origin::Cleanup,
        _ => Origin::Other,
    }
}

fn action(text: &str) -> Action {
    match text {
        "reject" => Action::Reject,
        "discard" => Action::Discard,
        "accept" => Action::Accept,
        _ => Action::Other,
    }
}

fn stage(text: &str) -> Stage {
    match text {
        "CONNECT" | "HELO" | "EHLO" | "VRFY" | "ETRN" => Stage::NoMail,
        "MAIL" => Stage::Mail,
        "RCPT" => Stage::Rcpt,
        "END-OF-MESSAGE" => Stage::EndOfMessage,
        _ => Stage::Other,
    }
}

fn connection_event(text: &str) -> ConnectionEvent {
    match text {
        "connect" => ConnectionEvent::Connect,
        "disconnect" => ConnectionEvent::Disconnect,
        _ => ConnectionEvent::Other,
    }
}

fn queue_event(text: &str) -> QueueEvent {
    match text {
        "client" => QueueEvent::Client,
        "pickup" => QueueEvent::Pickup,
        "message_id" => QueueEvent::MessageId,
        "active" => QueueEvent::Active,
        "removed" => QueueEvent::Removed,
        _ => QueueEvent::Other,
    }
}

/// Whether the counters of a disconnect line have accepted recipients: `rcpt=1`, `rcpt=2/3`, not `rcpt=0/1`.
fn counts_recipients(counters: &str) -> bool {
    counters.match_indices("rcpt=").any(|(at, word)| {
        let (before, after) = (counters.get(..at), counters.get(at + word.len()..));
        let inside_word = before.and_then(|text| text.chars().next_back()).is_some_and(in_word);
        !inside_word && after.is_some_and(|text| text.starts_with(|c: char| ('1'..='9').contains(&c)))
    })
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_recipients_are_counted() {
        for counters in
            ["ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5", "rcpt=2/3", "rcpt=0/1 rcpt=12", "(rcpt=9"]
        {
            assert!(counts_recipients(counters), "{counters}");
        }
        for counters in ["", "rcpt=0/1", "xrcpt=1", "_rcpt=1", "rcpt=", "ehlo=1 quit=1"] {
            assert!(!counts_recipients(counters), "{counters}");
        }
    }
}
