//! One ordered pass over all rows: which session, which message, re-injected as which message, how often.
//!
//! The twin of `logtune/link.py`, which is its specification and explains the rules. Small state only: the open
//! smtpd session of each process, the current life of each queue id that is in use or was until a moment ago, the last
//! row of each host.

#![forbid(unsafe_code)]

mod cells;
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
    Action, Batch, ConnectionEvent, Daemon, Decision, Delivery, Fields, Origin, QueueEvent, Row, Stage, Table,
};
use crate::sessions::{Adopted, Process, Session, Sessions, Unnamed};
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

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
    /// Fails, and takes nothing, where a column is missing or of another type than in the schema, or a table comes twice.
    pub fn feed(&mut self, batches: &[(&str, &RecordBatch)]) -> Result<(Links, Late), ArrowError> {
        let mut read = Vec::with_capacity(batches.len());
        for (name, batch) in batches {
            read.extend(Batch::read(name, batch, &mut self.texts)?);
        }
        read.sort_by_key(|batch| batch.table.index());
        if read.windows(2).any(|pair| matches!(pair, [a, b] if a.table == b.table)) {
            return Err(ArrowError::SchemaError("there are two batches of a table".into()));
        }
        for batch in &mut read {
            batch.begin = self.filled.begin(batch.table, batch.repeats());
        }
        for row in InOrder::new(&read) {
            self.row(&row);
            self.lives.forget_oldest();
        }
        Ok(self.filled.take())
    }

    fn row(&mut self, row: &Row<'_>) {
        let (cell, host, daemon, fields) = (row.cell(), row.host(), row.daemon(), row.fields());
        if let Fields::Notice(notice) = &fields {
            if let Some(times) = notice.repeated(daemon) {
                return self.repeat(host, times);
            }
        }
        self.last.set(host, (cell, self.filled.repeated(cell)));
        let place = self.lives.place(host, row.instance());
        let line =
            Line { cell, at: At { host, place, position: row.position() }, queue_id: row.queue_id(), fields };
        let life = match (line.queue_id, &line.fields) {
            (Some(queue_id), Fields::Verdict) => self.verdict(&line, queue_id),
            (Some(queue_id), _) => Some(self.life(&line, daemon, queue_id)),
            (None, _) => None,
        };
        if daemon == Daemon::Smtpd {
            self.smtpd(&line, Process::new(place, row.service(), row.pid()), life);
        }
    }

    /// The row before of `host` happened `times` more.
    fn repeat(&mut self, host: TextId, times: f64) {
        if let Some((last, repeat)) = self.last.of(host) {
            *repeat = repeat.saturating_add(saturated(times));
            self.filled.repeat(*last, *repeat);
        }
    }

    /// A filter logs under a name of its own: it speaks of the last mail of that queue id on its host. Begins no life.
    fn verdict(&mut self, line: &Line<'_>, queue_id: &str) -> Option<u32> {
        let name = self.texts.find_name(queue_id)?;
        self.filled.message(line.cell, self.lives.last_on_host(line.at.host, name)?);
        None
    }

    /// Number of the life of a row with a queue id.
    fn life(&mut self, line: &Line<'_>, daemon: Daemon, queue_id: &str) -> u32 {
        let &Line { cell, at, .. } = line;
        let name = self.texts.name(queue_id);
        let step = if let Fields::Queue(step) = &line.fields { Some((step.event(), step)) } else { None };
        let number = self.lives.of_line(at, name, step.map(|(event, _)| event));
        if let Some((event, step)) = step {
            self.lives.step(number, at.place, event, step, &self.texts);
            if event == QueueEvent::Active {
                assign(&self.lives.verify(number, || step.sender()), NONE, &mut self.filled);
            }
        }
        let Some((message, session)) = self.lives.get(number).map(|life| (life.message, life.session)) else {
            return number;
        };
        self.filled.message(cell, message);
        match &line.fields {
            Fields::Delivery(delivery) => {
                if let Some(life) = self.successor(at, delivery, daemon, queue_id, message) {
                    self.filled.successor(cell.1, life);
                }
            }
            Fields::Decision(decision) => {
                self.filled.session(cell, session);
                self.lives.confirm(number, || decision.sender());
                if decision.ends_mail() {
                    self.lives.give_up(number);
                }
            }
            Fields::Notice(_) => self.filled.session(cell, session),
            _ => {}
        }
        number
    }

    /// The message that a delivery of the mail `queue_id`, which began at `since`, came back as.
    fn successor(
        &self,
        at: At,
        delivery: &Delivery<'_>,
        daemon: Daemon,
        queue_id: &str,
        since: i64,
    ) -> Option<i64> {
        let name = self.texts.find_name(delivery.queued_as()?)?;
        let found = if delivery.by_local(daemon) {
            self.lives.forwarded(at.place, name, since)
        } else {
            let from = From { addr: delivery.relay_addr(), queue_id: Some(queue_id) };
            self.lives.injected(at.host, name, since, from)
        };
        found.map(|life| life.message)
    }

    fn smtpd(&mut self, line: &Line<'_>, process: Process, life: Option<u32>) {
        let event = if let Fields::Connection(line) = &line.fields { Some(line.event()) } else { None };
        let begins = event == Some(ConnectionEvent::Connect);
        let known = self.sessions.find(process);
        let number = match (known, &line.fields) {
            (Some(number), _) if !begins => number,
            // logged before its session's connect line, or after its end
            (None, Fields::Notice(_)) => return,
            _ => {
                self.unclosed += u64::from(known.is_some());
                self.sessions.begin(process, line.at.position, begins)
            }
        };
        let Some(session) = self.sessions.get_mut(number) else { return };
        self.filled.session(line.cell, session.session);
        match &line.fields {
            Fields::Connection(counted) if event == Some(ConnectionEvent::Disconnect) => {
                self.uncounted += u64::from(session.whole && session.clients == 0 && counted.accepted());
                if let Some(mail) = session.mail {
                    self.lives.leave(mail);
                }
                self.sessions.end(process);
            }
            Fields::Queue(step) if step.event() == QueueEvent::Client => {
                client(session, line, life.map(|life| (life, &mut self.lives)), &mut self.filled);
            }
            Fields::Decision(decision) if line.queue_id.is_none() => {
                let answered = decided(session, line.cell, decision, &mut self.filled);
                if answered {
                    let from = From { addr: None, queue_id: None };
                    let name = queued_as(decision).and_then(|id| self.texts.find_name(id));
                    let find = |name| self.lives.injected(line.at.host, name, session.proxied, from);
                    let message = name.and_then(find).map(|life| life.message);
                    proxy_end(session, message, &mut self.filled);
                }
            }
            _ => {}
        }
    }
}

/// A row, and what most rules need of it.
struct Line<'b> {
    cell: Cell,
    at: At,
    queue_id: Option<&'b str>,
    fields: Fields<'b>,
}

/// A row and how often it happened.
type Counted = (Cell, i32);

/// The last row of each host, by the number of the host's name.
#[derive(Default)]
struct Last(Vec<Option<Counted>>);

impl Last {
    #[inline]
    fn set(&mut self, host: TextId, row: Counted) {
        let index = usize::try_from(host).unwrap_or(usize::MAX);
        if index >= self.0.len() {
            self.0.resize(index.saturating_add(1), None);
        }
        if let Some(last) = self.0.get_mut(index) {
            *last = Some(row);
        }
    }

    fn of(&mut self, host: TextId) -> Option<&mut Counted> {
        self.0.get_mut(usize::try_from(host).ok()?)?.as_mut()
    }
}

/// Gives the rows of all batches in the order of position, where each batch has its own in that order.
struct InOrder<'b> {
    batches: &'b [Batch<'b>],
    /// Number of the next row of each batch, and its position.
    rows: [usize; Table::ALL.len()],
    positions: [i64; Table::ALL.len()],
}

/// Position of the next row of a batch that has none: after all that rows have.
const ENDED: i64 = i64::MAX;

impl<'b> InOrder<'b> {
    /// Takes as many batches as there are tables.
    fn new(batches: &'b [Batch<'b>]) -> Self {
        let mut positions = [ENDED; Table::ALL.len()];
        for (first, batch) in positions.iter_mut().zip(batches) {
            *first = batch.position(0).unwrap_or(ENDED);
        }
        Self { batches, rows: [0; Table::ALL.len()], positions }
    }

    /// The batch whose next row comes first. Told without branches: a processor would guess most of them wrong.
    #[inline]
    fn first(&self) -> (i64, usize) {
        let [a, b, c, d, e, f] = self.positions;
        let first = |a: (i64, usize), b: (i64, usize)| if b.0 < a.0 { b } else { a };
        first(first(first((a, 0), (b, 1)), first((c, 2), (d, 3))), first((e, 4), (f, 5)))
    }
}

impl<'b> Iterator for InOrder<'b> {
    type Item = Row<'b>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (position, number) = self.first();
        if position == ENDED {
            return None;
        }
        let (batch, row) = (self.batches.get(number)?, self.rows.get_mut(number)?);
        let found = batch.row(*row);
        *row += 1;
        *self.positions.get_mut(number)? = batch.position(*row).unwrap_or(ENDED);
        Some(found)
    }
}

/// A mail begins in a session: `client=`.
fn client(
    session: &mut Session,
    &Line { cell, at: At { position, .. }, .. }: &Line<'_>,
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
        let message = message.unwrap_or(position);
        session.mail = mail;
        assign(&rows, message, filled);
        if let Some(sender) = presumed {
            lives.presume(number, sender, rows);
        }
        message
    } else {
        // a before-queue filter follows: no queue file here
        session.proxied = position;
        assign(&rows, position, filled);
        session.proxied_rows.clear();
        session.proxied_rows.push(cell);
        session.proxied_rows.extend(rows.into_iter().map(|index| (Table::Decisions, index)));
        position
    };
    filled.message(cell, message);
}

/// Rows of the table decisions are of `message`.
fn assign(rows: &[usize], message: i64, filled: &mut Filled) {
    for index in rows {
        filled.message((Table::Decisions, *index), message);
    }
}

/// A decision about a mail that has no queue id yet. Whether it is the filter's answer, which ends the mail.
fn decided(session: &mut Session, cell: Cell, decision: &Decision<'_>, filled: &mut Filled) -> bool {
    let stage = decision.stage();
    if stage == Stage::NoMail {
        return false;
    }
    let refused = decision.action() == Action::Reject;
    if refused && stage == Stage::Mail {
        session.settle(); // this mail ends here
        session.end_proxied();
        return false;
    }
    if matches!(stage, Stage::Mail | Stage::Rcpt) {
        let named = (decision.sender(), decision.recipient());
        let at_mail = stage == Stage::Mail;
        let judged = !refused && !at_mail && named.1.is_some();
        session.wait(&Unnamed { index: cell.1, named, reason: decision.reason(), refused, judged, at_mail });
    }
    if session.proxied == NONE {
        return false;
    }
    filled.message(cell, session.proxied);
    session.proxied_rows.push(cell);
    decision.origin() == Origin::Proxy
}

/// The queue id that a filter's answer names.
fn queued_as<'d>(decision: &Decision<'d>) -> Option<&'d str> {
    const WORDS: &str = "queued as ";
    if decision.action() != Action::Accept {
        return None;
    }
    let reason = decision.reason()?;
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
