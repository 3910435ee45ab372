//! The columns of a batch that the pass reads, and rows of them.

use crate::cells::{Source, Words, text};
use crate::columns::Cell;
use crate::lives::NONE;
use crate::names::{NULL, TextId, Texts};
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
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

/// What a row says beyond the columns that all have. Cells are looked up when they are asked for: most rows need few.
pub enum Fields<'b> {
    Decision(Decision<'b>),
    Connection(Connection<'b>),
    Queue(QueueStep<'b>),
    Delivery(Delivery<'b>),
    Verdict,
    Notice(Notice<'b>),
}

/// A row of the table decisions.
#[derive(Clone, Copy)]
pub struct Decision<'b> {
    columns: &'b Decisions<'b>,
    row: usize,
}

impl<'b> Decision<'b> {
    pub fn origin(&self) -> Origin {
        self.columns.origins.get(self.row)
    }

    pub fn action(&self) -> Action {
        self.columns.actions.get(self.row)
    }

    pub fn stage(&self) -> Stage {
        self.columns.stages.get(self.row)
    }

    pub fn sender(&self) -> Option<&'b str> {
        text(self.columns.senders, self.row)
    }

    pub fn recipient(&self) -> Option<&'b str> {
        text(self.columns.recipients, self.row)
    }

    pub fn reason(&self) -> Option<&'b str> {
        text(self.columns.reasons, self.row)
    }

    /// Whether the mail, which has a queue id, goes no further.
    pub fn ends_mail(&self) -> bool {
        let whole = || self.stage() == Stage::EndOfMessage || self.origin() == Origin::Cleanup;
        match self.action() {
            Action::Discard => true,
            Action::Reject => whole(),
            Action::Accept | Action::Other => false,
        }
    }
}

/// A row of the table connections.
pub struct Connection<'b> {
    columns: &'b Connections<'b>,
    row: usize,
}

impl Connection<'_> {
    pub fn event(&self) -> ConnectionEvent {
        self.columns.events.get(self.row)
    }

    /// Whether its counters have accepted recipients.
    pub fn accepted(&self) -> bool {
        self.columns.accepted.get(self.row)
    }
}

/// A step in a queue file's life: a row of the table queue.
pub struct QueueStep<'b> {
    columns: &'b Queue<'b>,
    row: usize,
}

impl<'b> QueueStep<'b> {
    pub fn event(&self) -> QueueEvent {
        self.columns.events.get(self.row)
    }

    pub fn client_addr(&self) -> Option<&'b str> {
        text(self.columns.client_addrs, self.row)
    }

    pub fn orig_queue_id(&self) -> Option<&'b str> {
        text(self.columns.orig_queue_ids, self.row)
    }

    pub fn sender(&self) -> Option<&'b str> {
        text(self.columns.senders, self.row)
    }
}

/// A row of the table deliveries.
pub struct Delivery<'b> {
    columns: &'b Deliveries<'b>,
    row: usize,
}

impl<'b> Delivery<'b> {
    pub fn queued_as(&self) -> Option<&'b str> {
        text(self.columns.queued_as, self.row)
    }

    pub fn relay_addr(&self) -> Option<&'b str> {
        text(self.columns.relay_addrs, self.row)
    }

    pub fn by_local(&self, daemon: Daemon) -> bool {
        daemon == Daemon::Local || text(self.columns.relays, self.row) == Some("local")
    }
}

/// A row of the table notices.
pub struct Notice<'b> {
    columns: &'b Notices<'b>,
    row: usize,
}

impl Notice<'_> {
    /// How often the row before happened once more, where this says so.
    pub fn repeated(&self, daemon: Daemon) -> Option<f64> {
        let Notices { others, values } = self.columns;
        let repeated = daemon == Daemon::Null && others.get(self.row) && !values.is_null(self.row);
        repeated.then(|| values.value(self.row))
    }
}

/// The columns of one batch.
pub struct Batch<'b> {
    pub table: Table,
    /// Number of its first row among all of its table.
    pub begin: usize,
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
    Decisions(Decisions<'b>),
    Connections(Connections<'b>),
    Queue(Queue<'b>),
    Deliveries(Deliveries<'b>),
    Verdicts,
    Notices(Notices<'b>),
}

struct Decisions<'b> {
    origins: Words<'b, Origin>,
    actions: Words<'b, Action>,
    stages: Words<'b, Stage>,
    senders: &'b StringArray,
    recipients: &'b StringArray,
    reasons: &'b StringArray,
}

struct Connections<'b> {
    events: Words<'b, ConnectionEvent>,
    accepted: Words<'b, bool>,
}

struct Queue<'b> {
    events: Words<'b, QueueEvent>,
    client_addrs: &'b StringArray,
    orig_queue_ids: &'b StringArray,
    senders: &'b StringArray,
}

struct Deliveries<'b> {
    queued_as: &'b StringArray,
    relay_addrs: &'b StringArray,
    relays: &'b StringArray,
}

struct Notices<'b> {
    /// Whether the kind is `other`.
    others: Words<'b, bool>,
    values: &'b Float64Array,
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
            begin: 0,
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

    /// Position of a row that it has.
    #[inline]
    pub fn position(&self, row: usize) -> Option<i64> {
        self.positions.values().get(row).copied()
    }

    /// How often each row happened: once where the column says nothing.
    pub fn repeats(&self) -> Vec<i32> {
        let times = |times: &i32| if *times == 0 { 1 } else { *times };
        match self.repeats.nulls() {
            None => self.repeats.values().iter().map(times).collect(),
            Some(_) => self.repeats.iter().map(|cell| times(&cell.unwrap_or(0))).collect(),
        }
    }

    #[inline]
    pub fn row(&self, row: usize) -> Row<'_> {
        Row { batch: self, row }
    }
}

/// A row of a batch.
#[derive(Clone, Copy)]
pub struct Row<'b> {
    batch: &'b Batch<'b>,
    row: usize,
}

impl<'b> Row<'b> {
    pub fn cell(&self) -> Cell {
        (self.batch.table, self.batch.begin + self.row)
    }

    pub fn position(&self) -> i64 {
        self.batch.position(self.row).unwrap_or(NONE)
    }

    pub fn host(&self) -> TextId {
        self.batch.hosts.get(self.row)
    }

    pub fn instance(&self) -> TextId {
        self.batch.instances.get(self.row)
    }

    pub fn service(&self) -> TextId {
        self.batch.services.get(self.row)
    }

    pub fn daemon(&self) -> Daemon {
        self.batch.daemons.get(self.row)
    }

    pub fn pid(&self) -> Option<i32> {
        let pids = self.batch.pids;
        (!pids.is_null(self.row)).then(|| pids.value(self.row))
    }

    pub fn queue_id(&self) -> Option<&'b str> {
        text(self.batch.queue_ids, self.row)
    }

    pub fn fields(&self) -> Fields<'b> {
        let row = self.row;
        match &self.batch.own {
            Own::Decisions(columns) => Fields::Decision(Decision { columns, row }),
            Own::Connections(columns) => Fields::Connection(Connection { columns, row }),
            Own::Queue(columns) => Fields::Queue(QueueStep { columns, row }),
            Own::Deliveries(columns) => Fields::Delivery(Delivery { columns, row }),
            Own::Verdicts => Fields::Verdict,
            Own::Notices(columns) => Fields::Notice(Notice { columns, row }),
        }
    }
}

impl<'b> Own<'b> {
    fn read(table: Table, source: Source<'b>) -> Result<Self, ArrowError> {
        Ok(match table {
            Table::Decisions => Self::Decisions(Decisions {
                origins: source.words("origin", Origin::Other, origin)?,
                actions: source.words("action", Action::Other, action)?,
                stages: source.words("protocol_state", Stage::Other, stage)?,
                senders: source.texts("sender")?,
                recipients: source.texts("recipient")?,
                reasons: source.texts("reason")?,
            }),
            Table::Connections => Self::Connections(Connections {
                events: source.words("event", ConnectionEvent::Other, connection_event)?,
                accepted: source.words("counters", false, counts_recipients)?,
            }),
            Table::Queue => Self::Queue(Queue {
                events: source.words("event", QueueEvent::Other, queue_event)?,
                client_addrs: source.texts("client_addr")?,
                orig_queue_ids: source.texts("orig_queue_id")?,
                senders: source.texts("sender")?,
            }),
            Table::Deliveries => Self::Deliveries(Deliveries {
                queued_as: source.texts("queued_as")?,
                relay_addrs: source.texts("relay_addr")?,
                relays: source.texts("relay")?,
            }),
            Table::Verdicts => Self::Verdicts,
            Table::Notices => Self::Notices(Notices {
                others: source.words("kind", false, |text| text == "other")?,
                values: source.numbers::<Float64Type>("value")?,
            }),
        })
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
