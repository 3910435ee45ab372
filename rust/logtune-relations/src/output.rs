//! The relations as Arrow batches.

use crate::counters::Counted;
use crate::fates::Fate;
use crate::flags::{Flag, Warned};
use crate::message_lines::{AcceptedAs, Message, Messages, Via};
use crate::numbers::{Map, at, some, some_number};
use crate::recipient_facts::{Outcome, Recipient};
use crate::session_facts::{Session, Sessions, count};
use crate::texts::{NULL, TextId, Texts};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// A relation that is made here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    SessionFacts,
    MessageFacts,
    Rcpt,
    RecipientFacts,
    Flags,
}

impl Relation {
    pub const ALL: [Self; 5] =
        [Self::SessionFacts, Self::MessageFacts, Self::Rcpt, Self::RecipientFacts, Self::Flags];

    pub fn name(self) -> &'static str {
        match self {
            Self::SessionFacts => "session_facts",
            Self::MessageFacts => "message_facts",
            Self::Rcpt => "rcpt",
            Self::RecipientFacts => "recipient_facts",
            Self::Flags => "flags",
        }
    }
}

/// The rows of all relations.
pub struct Made {
    pub(crate) texts: Texts,
    pub(crate) sessions: Sessions,
    pub(crate) messages: Messages,
    /// Position of a line, and id of the recipient it names.
    pub(crate) rcpt: Vec<(i64, i64)>,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) warned: Vec<Warned>,
}

impl Made {
    /// Number of rows.
    pub fn rows(&self, relation: Relation) -> usize {
        match relation {
            Relation::SessionFacts => self.sessions.by_id.rows.len(),
            Relation::MessageFacts => self.messages.by_id.rows.len(),
            Relation::Rcpt => self.rcpt.len(),
            Relation::RecipientFacts => self.recipients.len(),
            Relation::Flags => self.flags.len(),
        }
    }

    /// Lets the rows of a relation go: there are none afterwards.
    pub fn forget(&mut self, relation: Relation) {
        match relation {
            Relation::SessionFacts => self.sessions.by_id.rows = Vec::new(),
            Relation::MessageFacts => self.messages.by_id.rows = Vec::new(),
            Relation::Rcpt => self.rcpt = Vec::new(),
            Relation::RecipientFacts => self.recipients = Vec::new(),
            Relation::Flags => (self.flags, self.warned) = (Vec::new(), Vec::new()),
        }
    }

    /// Rows of a relation with the columns of its SQL that are `wanted`; those beyond the last row are left out.
    pub fn batch(
        &self,
        relation: Relation,
        rows: Range<usize>,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<RecordBatch, ArrowError> {
        let end = rows.end.min(self.rows(relation));
        let rows = rows.start.min(end)..end;
        let mut columns = Columns { wanted, made: Vec::new() };
        match relation {
            Relation::SessionFacts => self.session_facts(&self.sessions.by_id.rows[rows], &mut columns),
            Relation::MessageFacts => self.message_facts(&self.messages.by_id.rows[rows], &mut columns),
            Relation::Rcpt => rcpt(&self.rcpt[rows], &mut columns),
            Relation::RecipientFacts => self.recipient_facts(&self.recipients[rows], &mut columns),
            Relation::Flags => self.flags(&self.flags[rows], &mut columns),
        }
        let made = columns.made.into_iter().map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(made)
    }

    fn session_facts(&self, rows: &[Session], columns: &mut Columns<'_>) {
        let texts = &self.texts;
        let process = |of: fn(&crate::session_facts::Process) -> TextId| {
            words(texts, rows, |session| session.process.as_ref().map_or(NULL, of))
        };
        let counted =
            |of: fn(&Counted) -> i32| numbers(rows, |session| count(self.sessions.counted_of(session), of));
        columns.put("session", || ids(rows, |session| session.id));
        columns.put("host", || process(|process| process.host));
        columns.put("instance", || process(|process| process.instance));
        columns.put("service", || process(|process| process.service));
        columns.put("pid", || {
            numbers(rows, |session| session.process.map_or(crate::numbers::NO_NUMBER, |one| one.pid))
        });
        columns.put("client_name", || strings(texts, rows, |session| session.client().name));
        columns.put("client_addr", || strings(texts, rows, |session| session.client().addr));
        columns.put("connect_ts", || times(rows, |session| session.connect_ts));
        columns.put("end_ts", || times(rows, |session| session.end_ts));
        columns.put("end_position", || ids(rows, Session::end_position));
        columns.put("ended", || names(&["disconnect"], rows, |session| session.finished.then_some(0)));
        columns.put("lost", || words(texts, rows, |session| session.lost));
        columns.put("lost_after", || words(texts, rows, |session| session.lost_after));
        columns.put("helos", || counted(|counted| counted.helos));
        columns.put("greetings", || counted(|counted| counted.greetings));
        columns.put("starttls", || counted(|counted| counted.starttls));
        columns.put("quit", || counted(|counted| counted.quit));
        columns.put("rset", || counted(|counted| counted.rset));
        columns.put("mail", || counted(|counted| counted.mail));
        columns.put("rcpt", || counted(|counted| counted.rcpt));
        columns.put("rcpt_ok", || counted(|counted| counted.rcpt_ok));
        columns.put("data", || counted(|counted| counted.data));
        columns.put("data_ok", || counted(|counted| counted.data_ok));
    }

    fn message_facts(&self, rows: &[Message], columns: &mut Columns<'_>) {
        let texts = &self.texts;
        let flag = |of: fn(&Message) -> bool| flags(rows, |message| Some(of(message)));
        columns.put("message", || ids(rows, |message| message.id));
        columns.put("session", || ids(rows, |message| message.session));
        columns.put("first_ts", || times(rows, Message::first_ts));
        columns.put("client_name", || strings(texts, rows, |message| message.client.name));
        columns.put("client_addr", || strings(texts, rows, |message| message.client.addr));
        columns.put("sasl_username", || strings(texts, rows, |message| message.login));
        columns.put("sender", || strings(texts, rows, Message::sender));
        columns.put("size", || ids(rows, |message| message.size));
        columns.put("nrcpt", || numbers(rows, |message| message.nrcpt));
        columns.put("via", || names(&VIA, rows, |message| message.via().map(|via| via as i32)));
        columns.put("accepted", || flag(|message| message.accepted_as.is_some()));
        columns.put("accepted_as", || {
            names(&ACCEPTED_AS, rows, |message| message.accepted_as.map(|how| how as i32))
        });
        columns.put("active_ts", || times(rows, |message| message.active_ts));
        columns.put("removed_ts", || times(rows, |message| message.removed_ts));
        columns.put("expired", || flag(|message| message.expired));
        columns.put("held", || flag(|message| message.held));
        columns.put("discarded", || flag(|message| message.discarded));
        columns.put("refused", || flag(|message| message.refused));
        columns.put("predecessor", || ids(rows, |message| message.predecessor));
        columns.put("reinjected", || flag(|message| some(message.predecessor).is_some()));
        columns.put("aborted", || flags(rows, |message| message.aborted));
    }

    fn recipient_facts(&self, rows: &[Recipient], columns: &mut Columns<'_>) {
        let texts = &self.texts;
        columns.put("id", || ids(rows, |one| one.id));
        columns.put("session", || ids(rows, |one| one.session));
        columns.put("message", || ids(rows, |one| one.message_id));
        columns.put("ts", || times(rows, |one| one.ts));
        columns.put("client_name", || strings(texts, rows, |one| one.client.name));
        columns.put("client_addr", || strings(texts, rows, |one| one.client.addr));
        columns.put("helo", || strings(texts, rows, |one| one.helo));
        columns.put("sender", || strings(texts, rows, |one| one.sender));
        columns.put("sasl_username", || strings(texts, rows, |one| one.login));
        columns.put("outcome", || names(&OUTCOME, rows, |one| Some(one.outcome as i32)));
        columns.put("by", || words(texts, rows, |one| one.by));
        columns.put("by_code", || numbers(rows, |one| one.by_code));
        columns.put("fate", || names(&FATE, rows, |one| one.fate.map(|fate| fate as i32)));
        columns.put("by_state", || words(texts, rows, |one| one.by_state));
        columns.put("hops", || numbers(rows, |one| one.hops));
        columns.put("reinjected", || flags(rows, |one| Some(one.reinjected)));
        columns.put("stands", || flags(rows, |one| Some(one.stands)));
    }

    fn flags(&self, rows: &[Flag], columns: &mut Columns<'_>) {
        let texts = &self.texts;
        let line = |flag: &Flag| &self.warned[at(flag.warned)];
        let codes =
            rows.iter().map(|flag| some_number(line(flag).reply_code).and_then(|code| code.try_into().ok()));
        columns.put("id", || ids(rows, |flag| flag.id));
        columns.put("position", || ids(rows, |flag| line(flag).position));
        columns.put("restriction", || words(texts, rows, |flag| line(flag).restriction));
        columns.put("text", || words(texts, rows, |flag| line(flag).text));
        columns.put("protocol_state", || words(texts, rows, |flag| line(flag).state));
        columns.put("reply_code", || Arc::new(codes.collect::<Int16Array>()));
        columns.put("dsn", || words(texts, rows, |flag| line(flag).dsn));
        columns.put("service", || words(texts, rows, |flag| line(flag).service));
        columns.put("certain", || flags(rows, |flag| Some(flag.certain)));
    }
}

/// The columns of a batch: only what is wanted is made.
struct Columns<'w> {
    wanted: &'w dyn Fn(&str) -> bool,
    made: Vec<(&'static str, ArrayRef)>,
}

impl Columns<'_> {
    fn put(&mut self, name: &'static str, make: impl FnOnce() -> ArrayRef) {
        if (self.wanted)(name) {
            self.made.push((name, make()));
        }
    }
}

const VIA: [&str; 3] = ["smtpd", "pickup", "internal"];
const _: () = assert!(Via::Smtpd as i32 == 0 && Via::Pickup as i32 == 1 && Via::Internal as i32 == 2);

const ACCEPTED_AS: [&str; 4] = ["active", "proxy", "held", "discarded"];
const _: () = assert!(
    AcceptedAs::Proxy as i32 == 1 && AcceptedAs::Held as i32 == 2 && AcceptedAs::Discarded as i32 == 3
);

const OUTCOME: [&str; 6] = ["accepted", "rejected", "deferred", "abandoned", "probe", "unknown"];
const _: () =
    assert!(Outcome::Accepted as i32 == 0 && Outcome::Abandoned as i32 == 3 && Outcome::Unknown as i32 == 5);

const FATE: [&str; 7] = ["delivered", "bounced", "expired", "discarded", "held", "waiting", "unknown"];
const _: () =
    assert!(Fate::Delivered as i32 == 0 && Fate::Discarded as i32 == 3 && Fate::Unknown as i32 == 6);

fn rcpt(rows: &[(i64, i64)], columns: &mut Columns<'_>) {
    columns.put("position", || ids(rows, |row| row.0));
    columns.put("id", || ids(rows, |row| row.1));
}

fn ids<T>(rows: &[T], of: impl Fn(&T) -> i64) -> ArrayRef {
    Arc::new(rows.iter().map(|row| some(of(row))).collect::<Int64Array>())
}

fn times<T>(rows: &[T], of: impl Fn(&T) -> i64) -> ArrayRef {
    Arc::new(rows.iter().map(|row| some(of(row))).collect::<TimestampMicrosecondArray>())
}

fn numbers<T>(rows: &[T], of: impl Fn(&T) -> i32) -> ArrayRef {
    Arc::new(rows.iter().map(|row| some_number(of(row))).collect::<Int32Array>())
}

fn flags<T>(rows: &[T], of: impl Fn(&T) -> Option<bool>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<BooleanArray>())
}

/// Texts of which there are many: grouping by a dictionary of them would be slow.
fn strings<T>(texts: &Texts, rows: &[T], of: impl Fn(&T) -> TextId) -> ArrayRef {
    Arc::new(rows.iter().map(|row| texts.text(of(row))).collect::<StringArray>())
}

/// Texts of which there are few.
fn words<T>(texts: &Texts, rows: &[T], of: impl Fn(&T) -> TextId) -> ArrayRef {
    let mut keys: Map<TextId, i32> = Map::default();
    let mut values = Vec::new();
    let mut key = |id: TextId| {
        *keys.entry(id).or_insert_with(|| {
            values.push(texts.text(id));
            values.len() as i32 - 1
        })
    };
    let mut last = (NULL, None);
    let column = rows.iter().map(|row| {
        let id = of(row);
        if id != last.0 {
            last = (id, (id != NULL).then(|| key(id)));
        }
        last.1
    });
    encoded(column.collect(), values.into_iter().collect())
}

/// Numbers of `values`.
fn names<T>(values: &[&str], rows: &[T], of: impl Fn(&T) -> Option<i32>) -> ArrayRef {
    encoded(rows.iter().map(of).collect(), values.iter().copied().map(Some).collect())
}

fn encoded(keys: Int32Array, values: StringArray) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(values)))
}
