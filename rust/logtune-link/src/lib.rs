//! One ordered pass over all rows: which session, which message, re-injected as which message, how often.
//!
//! The twin of `logtune/link.py`, which is its specification and explains the rules. Small state only: the open
//! smtpd session of each process, the current life of each queue id that is in use or was until a moment ago, the last
//! row of each host.

#![forbid(unsafe_code)]

mod columns;
mod lives;
mod names;
mod rows;
mod sessions;

use crate::columns::{Cell, Filled};
pub use crate::columns::{Late, Links};
use crate::lives::{At, From, KEPT, Lives, NONE};
use crate::names::{TextId, Texts};
use crate::rows::{
    Action, Batch, Common, ConnectionEvent, Daemon, Decision, Delivery, Fields, Origin, QueueEvent, Row,
    Stage, Table,
};
use crate::sessions::{Adopted, Session, Sessions, Unnamed};
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use hashbrown::HashMap;

/// Feed batches in order. `unclosed` and `uncounted` are signs of lost lines.
pub struct Linker {
    texts: Texts,
    lives: Lives,
    sessions: Sessions,
    last: Last,
    filled: Filled,
    unclosed: u64,
    uncounted: u64,
}

impl Default for Linker {
    fn default() -> Self {
        Self::with_kept(KEPT)
    }
}

impl Linker {
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers so many mails that are over.
    pub fn with_kept(kept: usize) -> Self {
        Self {
            texts: Texts::default(),
            lives: Lives::new(kept),
            sessions: Sessions::default(),
            last: Last::default(),
            filled: Filled::default(),
            unclosed: 0,
            uncounted: 0,
        }
    }

    /// How often a `connect` came inside an open session of the same process.
    pub fn unclosed(&self) -> u64 {
        self.unclosed
    }

    /// How often a `disconnect` counted accepted recipients in a session whose lines show no `client=`.
    pub fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// Take the batches of one block, by table, each in order of position. Rows of different tables are interleaved by
    /// position.
    ///
    /// The columns of the block come back (session, message, (deliveries) successor, repeat, in row order), and what
    /// it tells late about rows of earlier blocks: their message, or how often they happened.
    ///
    /// Fails, and takes nothing, where a column is missing or of another type than in the schema.
    pub fn feed(&mut self, batches: &[(&str, &RecordBatch)]) -> Result<(Links, Late), ArrowError> {
        let mut read = Vec::with_capacity(batches.len());
        for (name, batch) in batches {
            read.extend(Batch::read(name, batch, &mut self.texts)?);
        }
        for batch in &read {
            self.filled.reserve(batch.table, batch.positions().len());
        }
        for (batch, row) in InOrder::new(&read) {
            if let Some(batch) = read.get(batch) {
                let row = batch.row(row, &mut self.lives);
                self.row(&row);
                self.lives.forget_oldest();
            }
        }
        Ok(self.filled.take())
    }

    fn row(&mut self, row: &Row<'_>) {
        let common = &row.common;
        let cell = (row.table, self.filled.append(row.table, common.repeat));
        if let Fields::Notice { repeated: Some(times) } = row.fields {
            if let Some((last, repeat)) = self.last.of(common.host) {
                *repeat = repeat.saturating_add(saturated(times));
                self.filled.repeat(*last, *repeat);
            }
            return;
        }
        self.last.set(common.host, (cell, common.repeat));
        if let Fields::Verdict = row.fields {
            // a filter logs under a name of its own: it speaks of the last mail of that queue id on its host
            let name = common.queue_id.and_then(|id| self.texts.find_name(id));
            if let Some(message) = name.and_then(|name| self.lives.last_on_host(common.host, name)) {
                self.filled.message(cell, message);
            }
        }
        let life = common.queue_id.filter(|_| row.table != Table::Verdicts);
        let life = life.map(|queue_id| self.life(cell, row, queue_id));
        if common.daemon == Daemon::Smtpd {
            self.smtpd(cell, row, life);
        }
    }

    /// Number of the life of a row with a queue id.
    fn life(&mut self, cell: Cell, row: &Row<'_>, queue_id: &str) -> u32 {
        let Common { host, place, position, .. } = row.common;
        let step = if let Fields::Queue(step) = &row.fields { Some(step) } else { None };
        let name = self.texts.name(queue_id);
        let number = self.lives.of_line(At { host, place, position }, name, step.map(|step| step.event));
        if let Some(step) = step {
            self.lives.step(number, place, step, &self.texts);
            if step.event == QueueEvent::Active {
                assign(&self.lives.verify(number, step.sender), NONE, &mut self.filled);
            }
        }
        let Some((message, session)) = self.lives.get(number).map(|life| (life.message, life.session)) else {
            return number;
        };
        self.filled.message(cell, message);
        match &row.fields {
            Fields::Delivery(delivery) => self.delivery(cell, &row.common, delivery, message),
            Fields::Decision(decision) => {
                self.filled.session(cell, session);
                self.lives.confirm(number, decision.sender);
                if decision.ends_mail() {
                    self.lives.give_up(number);
                }
            }
            Fields::Notice { .. } => self.filled.session(cell, session),
            _ => {}
        }
        number
    }

    fn delivery(&mut self, (_, index): Cell, common: &Common<'_>, delivery: &Delivery<'_>, since: i64) {
        let Some(name) = delivery.queued_as.and_then(|id| self.texts.find_name(id)) else { return };
        let found = if delivery.by_local {
            self.lives.forwarded(common.place, name, since)
        } else {
            let from = From { addr: delivery.relay_addr, queue_id: common.queue_id };
            self.lives.injected(common.host, name, since, from)
        };
        if let Some(life) = found {
            self.filled.successor(index, life.message);
        }
    }

    fn smtpd(&mut self, cell: Cell, row: &Row<'_>, life: Option<u32>) {
        let common = &row.common;
        let process = (common.place, common.service, common.pid);
        if let Fields::Connection { event: ConnectionEvent::Connect, .. } = row.fields {
            let before = self.sessions.insert(process, Session::new(common.position, true));
            self.unclosed += u64::from(before.is_some());
        } else if row.table == Table::Notices && !self.sessions.contains_key(&process) {
            return; // logged before its session's connect line, or after its end
        }
        let begun_before = || Session::new(common.position, false);
        let session = self.sessions.entry(process).or_insert_with(begun_before);
        self.filled.session(cell, session.session);
        match &row.fields {
            Fields::Connection { event: ConnectionEvent::Disconnect, accepted } => {
                self.uncounted += u64::from(*accepted && session.whole && session.clients == 0);
                if let Some(mail) = session.mail {
                    self.lives.leave(mail);
                }
                self.sessions.remove(&process);
            }
            Fields::Queue(step) if step.event == QueueEvent::Client => {
                client(session, cell, common, life.map(|life| (life, &mut self.lives)), &mut self.filled);
            }
            Fields::Decision(decision) => {
                if let Some(answer) = decided(session, cell, common, decision, &mut self.filled) {
                    let from = From { addr: None, queue_id: None };
                    let name = queued_as(answer).and_then(|id| self.texts.find_name(id));
                    let life =
                        name.and_then(|name| self.lives.injected(common.host, name, session.proxied, from));
                    proxy_end(session, life.map(|life| life.message), &mut self.filled);
                }
            }
            _ => {}
        }
    }
}

/// A row and how often it happened.
type Counted = (Cell, i32);

/// The last row of each host. Most lines are of the host of the line before.
#[derive(Default)]
struct Last {
    latest: Option<(TextId, Counted)>,
    others: HashMap<TextId, Counted, foldhash::fast::RandomState>,
}

impl Last {
    fn set(&mut self, host: TextId, row: Counted) {
        match &mut self.latest {
            Some((known, latest)) if *known == host => *latest = row,
            latest => {
                if let Some((other, row)) = latest.replace((host, row)) {
                    self.others.insert(other, row);
                }
            }
        }
    }

    fn of(&mut self, host: TextId) -> Option<&mut Counted> {
        match &mut self.latest {
            Some((known, row)) if *known == host => Some(row),
            _ => self.others.get_mut(&host),
        }
    }
}

/// Gives numbers of batch and row in the order of position, where each batch has its rows in that order.
struct InOrder<'b>(Vec<Next<'b>>);

/// The next row of a batch that has not come to its end.
struct Next<'b> {
    position: i64,
    batch: usize,
    row: usize,
    positions: &'b [i64],
}

impl<'b> InOrder<'b> {
    fn new(batches: &[Batch<'b>]) -> Self {
        let positions = batches.iter().map(Batch::positions).enumerate();
        let first = |(batch, positions): (usize, &'b [i64])| {
            positions.first().map(|&position| Next { position, batch, row: 0, positions })
        };
        Self(positions.filter_map(first).collect())
    }
}

impl Iterator for InOrder<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // of few batches, so a look at all of them is quicker than a heap
        let (place, _) = self.0.iter().enumerate().min_by_key(|(_, next)| next.position)?;
        let next = self.0.get_mut(place)?;
        let found = (next.batch, next.row);
        next.row += 1;
        if let Some(position) = next.positions.get(next.row) {
            next.position = *position;
        } else {
            self.0.remove(place);
        }
        Some(found)
    }
}

/// A mail begins in a session: `client=`.
fn client(
    session: &mut Session,
    cell: Cell,
    common: &Common<'_>,
    life: Option<(u32, &mut Lives)>,
    filled: &mut Filled,
) {
    session.clients += 1;
    if session.proxied != NONE {
        session.keep_last(); // the mail before went no further: only the last recipient is surely of this one
    }
    let Adopted { rows, presumed } = session.adopted();
    let message = if let Some((number, lives)) = life {
        session.proxied = NONE;
        if let Some(before) = session.mail.take() {
            lives.leave(before);
        }
        let (message, mail) = lives.begun(number, session.session).unzip();
        let message = message.unwrap_or(common.position);
        session.mail = mail;
        assign(&rows, message, filled);
        if let Some(sender) = presumed {
            lives.presume(number, sender, rows);
        }
        message
    } else {
        // a before-queue filter follows: no queue file here
        session.proxied = common.position;
        assign(&rows, common.position, filled);
        session.proxied_rows.clear();
        session.proxied_rows.push(cell);
        session.proxied_rows.extend(rows.into_iter().map(|index| (Table::Decisions, index)));
        common.position
    };
    filled.message(cell, message);
}

/// Rows of the table decisions are of `message`.
fn assign(rows: &[usize], message: i64, filled: &mut Filled) {
    for index in rows {
        filled.message((Table::Decisions, *index), message);
    }
}

/// A decision about a mail that has no queue id yet. The filter's answer comes back: it ends the mail.
fn decided<'d>(
    session: &mut Session,
    cell: Cell,
    common: &Common<'_>,
    decision: &'d Decision<'_>,
    filled: &mut Filled,
) -> Option<&'d Decision<'d>> {
    if common.queue_id.is_some() || decision.stage == Stage::NoMail {
        return None;
    }
    let refused = decision.action == Action::Reject;
    if refused && decision.stage == Stage::Mail {
        session.settle(); // this mail ends here
        session.end_proxied();
        return None;
    }
    if matches!(decision.stage, Stage::Mail | Stage::Rcpt) {
        let named = (decision.sender, decision.recipient);
        let at_mail = decision.stage == Stage::Mail;
        let judged = !refused && !at_mail && decision.recipient.is_some();
        session.wait(&Unnamed { index: cell.1, named, reason: decision.reason, refused, judged, at_mail });
    }
    if session.proxied == NONE {
        return None;
    }
    filled.message(cell, session.proxied);
    session.proxied_rows.push(cell);
    (decision.origin == Origin::Proxy).then_some(decision)
}

/// The queue id that a filter's answer names.
fn queued_as<'d>(decision: &'d Decision<'_>) -> Option<&'d str> {
    const WORDS: &str = "queued as ";
    if decision.action != Action::Accept {
        return None;
    }
    let reason = decision.reason?;
    let ids = reason.match_indices(WORDS).filter_map(|(at, _)| {
        let rest = reason.get(at + WORDS.len()..)?;
        rest.get(..rest.bytes().take_while(u8::is_ascii_alphanumeric).count())
    });
    ids.into_iter().find(|id| !id.is_empty())
}

/// The filter's answer ends the mail; the queue file it names, if it is ours, is the mail's.
fn proxy_end(session: &mut Session, message: Option<i64>, filled: &mut Filled) {
    if let Some(message) = message {
        for cell in &session.proxied_rows {
            filled.message(*cell, message);
        }
    }
    session.end_proxied();
    session.settle();
}

/// A count as a column holds it.
fn saturated(times: f64) -> i32 {
    times as i32 // a cast of a float saturates, and takes what is no number for 0
}
