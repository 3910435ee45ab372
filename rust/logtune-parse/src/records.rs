//! What a message family reads from a text, beside the common columns: one type per table. Fields are the columns of
//! `logtune/schema.py`; `None` is null. `reason_shape` is missing: it follows from `reason` and is made with the column.

use std::borrow::Cow;

/// A row of `decisions`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Decision<'t> {
    pub origin: &'t str,
    pub action: &'t str,
    pub protocol_state: Option<&'t str>,
    pub client_name: Option<&'t str>,
    pub client_addr: Option<&'t str>,
    pub client_port: Option<i32>,
    pub reply_code: Option<i16>,
    pub dsn: Option<&'t str>,
    pub object: Option<&'t str>,
    pub reason: Option<Cow<'t, str>>,
    pub sender: Option<&'t str>,
    pub recipient: Option<&'t str>,
    pub proto: Option<&'t str>,
    pub helo: Option<&'t str>,
    pub sasl_method: Option<&'t str>,
    pub sasl_username: Option<&'t str>,
    pub part: Option<&'t str>,
    pub text: Option<&'t str>,
}

/// A row of `connections`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Connection<'t> {
    pub event: &'t str,
    pub client_name: Option<&'t str>,
    pub client_addr: Option<&'t str>,
    pub client_port: Option<i32>,
    pub after: Option<&'t str>,
    pub counters: Option<&'t str>,
}

/// A row of `queue`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Queue<'t> {
    pub event: &'t str,
    pub client_name: Option<&'t str>,
    pub client_addr: Option<&'t str>,
    pub sasl_method: Option<&'t str>,
    pub sasl_username: Option<&'t str>,
    pub orig_queue_id: Option<&'t str>,
    pub orig_client: Option<&'t str>,
    pub message_id: Option<&'t str>,
    pub sender: Option<&'t str>,
    pub size: Option<i64>,
    pub nrcpt: Option<i32>,
    pub notice_queue_id: Option<&'t str>,
    pub uid: Option<i64>,
}

/// A row of `deliveries`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Delivery<'t> {
    pub recipient: &'t str,
    pub orig_recipient: Option<&'t str>,
    pub relay: Option<&'t str>,
    pub relay_name: Option<&'t str>,
    pub relay_addr: Option<&'t str>,
    pub relay_port: Option<i32>,
    pub conn_use: Option<i32>,
    pub delay: Option<f64>,
    pub delay_before_qmgr: Option<f64>,
    pub delay_in_qmgr: Option<f64>,
    pub delay_setup: Option<f64>,
    pub delay_transmit: Option<f64>,
    pub tls: Option<&'t str>,
    pub dsn: Option<&'t str>,
    pub status: Cow<'t, str>,
    pub reason: Option<&'t str>,
    pub queued_as: Option<&'t str>,
}

/// A row of `verdicts`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Verdict<'t> {
    pub filter: &'t str,
    pub verdict: Cow<'t, str>,
    pub score: Option<f64>,
    pub client_addr: Option<&'t str>,
    pub sender: Option<&'t str>,
    pub recipient: Option<&'t str>,
    pub message_id: Option<&'t str>,
}

/// A row of `notices`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Notice<'t> {
    pub kind: &'t str,
    pub severity: &'t str,
    pub client_name: Option<&'t str>,
    pub client_addr: Option<&'t str>,
    pub endpoint: Option<&'t str>,
    pub value: Option<f64>,
    pub text: Option<&'t str>,
}

impl<'t> Notice<'t> {
    /// A notice of severity info with its text.
    pub fn info(kind: &'t str, text: &'t str) -> Self {
        Self { kind, severity: "info", text: Some(text), ..Self::default() }
    }
}

/// A row of `unrecognised`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Unrecognised<'t> {
    pub text: Option<&'t str>,
    pub why: &'t str,
}

/// A row of any table but `unrecognised`.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // lives on the stack for one line; a box per line would cost more than the move
pub enum Record<'t> {
    Decision(Decision<'t>),
    Connection(Connection<'t>),
    Queue(Queue<'t>),
    Delivery(Delivery<'t>),
    Verdict(Verdict<'t>),
    Notice(Notice<'t>),
    Unrecognised(Unrecognised<'t>),
}

/// A [`Record`] that is lent where it was made: one that is moved is waited for until all stores before it are done.
#[derive(Clone, Copy)]
pub enum Row<'r, 't> {
    Decision(&'r Decision<'t>),
    Connection(&'r Connection<'t>),
    Queue(&'r Queue<'t>),
    Delivery(&'r Delivery<'t>),
    Verdict(&'r Verdict<'t>),
    Notice(&'r Notice<'t>),
    Unrecognised(&'r Unrecognised<'t>),
}

macro_rules! into_record {
    ($($kind:ident),*) => {
        impl<'t> Record<'t> {
            /// Lends the record.
            pub fn row(&self) -> Row<'_, 't> {
                match self {
                    $(Self::$kind(row) => Row::$kind(row),)*
                }
            }
        }

        $(impl<'r, 't> From<&'r $kind<'t>> for Row<'r, 't> {
            fn from(row: &'r $kind<'t>) -> Self {
                Self::$kind(row)
            }
        })*

        $(impl<'t> From<$kind<'t>> for Record<'t> {
            fn from(row: $kind<'t>) -> Self {
                Self::$kind(row)
            }
        })*
    };
}
into_record!(Decision, Connection, Queue, Delivery, Verdict, Notice, Unrecognised);
