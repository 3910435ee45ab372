//! The twin of `session_facts.sql`: what reports need of each smtpd session.

use crate::counters::{Counted, Counters};
use crate::numbers::{ById, NO_NUMBER, NONE, NOWHERE, Place, at, least};
use crate::read::{Source, Words};
use crate::texts::{Client, NULL, TextId, Texts};
use arrow_schema::ArrowError;

/// The smtpd process of a session: the same on all of its lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Process {
    pub host: TextId,
    pub instance: TextId,
    pub service: TextId,
    pub pid: i32,
}

/// The columns of a table that name the process.
pub struct Processes<'b> {
    host: Words<'b, TextId>,
    instance: Words<'b, TextId>,
    service: Words<'b, TextId>,
    pid: crate::read::Numbers<'b, arrow_array::types::Int32Type>,
}

impl<'b> Processes<'b> {
    pub fn read(source: &Source<'b>, texts: &mut Texts) -> Result<Self, ArrowError> {
        Ok(Self {
            host: source.words("host", |word| texts.id(word))?,
            instance: source.words("instance", |word| texts.id(word))?,
            service: source.words("service", |word| texts.id(word))?,
            pid: source.numbers("pid")?,
        })
    }

    pub fn get(&self, row: usize) -> Process {
        Process {
            host: self.host.get(row),
            instance: self.instance.get(row),
            service: self.service.get(row),
            pid: self.pid.get(row),
        }
    }

    pub fn service(&self, row: usize) -> TextId {
        self.service.get(row)
    }
}

/// What the session's lines of the tables say. Some are only asked for by an id that no line of a session has.
pub struct Session {
    pub id: i64,
    /// Whether there is a row of it.
    pub exists: bool,
    pub finished: bool,
    pub process: Option<Process>,
    /// What its lines say of the client: the disconnect line, then all of connections, decisions and queue.
    at_end: Client,
    of_events: Client,
    of_decisions: Client,
    of_mails: Client,
    /// Several clients (XCLIENT).
    several: bool,
    pub connect_ts: i64,
    pub end_ts: i64,
    finished_position: i64,
    last_position: i64,
    pub lost: TextId,
    pub lost_after: TextId,
    counted: Place,
    /// Greatest login name of its mails, and of its decisions.
    pub login_of_mails: TextId,
    pub login_of_decisions: TextId,
    pub greeting: Greeting,
}

/// The greeting names that a session's lines tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Greeting {
    None,
    One(TextId),
    Several,
}

impl Session {
    fn new(id: i64) -> Self {
        Self {
            id,
            exists: false,
            finished: false,
            process: None,
            at_end: Client::default(),
            of_events: Client::default(),
            of_decisions: Client::default(),
            of_mails: Client::default(),
            several: false,
            connect_ts: NONE,
            end_ts: NONE,
            finished_position: NONE,
            last_position: NONE,
            lost: NULL,
            lost_after: NULL,
            counted: NOWHERE,
            login_of_mails: NULL,
            login_of_decisions: NULL,
            greeting: Greeting::None,
        }
    }

    /// Without a disconnect line, or of several clients: then the last line that names a client counts.
    fn unusual(&self) -> bool {
        self.several || !self.finished
    }

    pub fn client(&self) -> Client {
        if self.unusual() { self.of_decisions.or(self.of_mails).or(self.of_events) } else { self.at_end }
    }

    pub fn end_position(&self) -> i64 {
        if self.unusual() { self.last_position } else { self.finished_position }
    }

    fn seen(&mut self, process: impl FnOnce() -> Process) {
        self.exists = true;
        self.process.get_or_insert_with(process);
    }

    fn greeted(&mut self, helo: TextId) {
        self.greeting = match self.greeting {
            Greeting::None => Greeting::One(helo),
            Greeting::One(known) if known == helo => return,
            _ => Greeting::Several,
        };
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Event {
    #[default]
    Other,
    Connect,
    Disconnect,
    Broken(TextId),
}

/// All sessions.
#[derive(Default)]
pub struct Sessions {
    pub by_id: ById<Session>,
    counters: Counters,
}

impl Sessions {
    /// Place of the session, whether or not there will be a row of it.
    pub fn place(&mut self, id: i64) -> Place {
        if id == NONE { NOWHERE } else { self.by_id.place(id, || Session::new(id)) }
    }

    pub fn get(&self, place: Place) -> Option<&Session> {
        self.by_id.rows.get(at(place)).filter(|session| session.exists)
    }

    /// What smtpd counted in the session; null without a disconnect line, or without counters in it.
    pub fn counted(&self, place: Place) -> Option<&Counted> {
        self.get(place).and_then(|session| self.counters.get(session.counted))
    }

    pub fn counted_of(&self, session: &Session) -> Option<&Counted> {
        self.counters.get(session.counted)
    }

    /// Rows of the table connections.
    pub fn connections(&mut self, source: &Source<'_>, texts: &mut Texts) -> Result<(), ArrowError> {
        let events = source.words("event", |event| match event {
            "connect" => Event::Connect,
            "disconnect" => Event::Disconnect,
            "lost_connection" | "timeout" | "too_many_errors" => Event::Broken(texts.id(event)),
            _ => Event::Other,
        })?;
        let sessions = source.ids("session")?;
        let positions = source.ids("position")?;
        let times = source.times("ts")?;
        let after = source.words("after", |state| texts.id(state))?;
        let counters = source.words("counters", |text| Some(self.counters.place(text)))?;
        let names = source.strings("client_name")?;
        let addrs = source.strings("client_addr")?;
        let processes = Processes::read(source, texts)?;
        let rows = || source.rows().filter(|&row| sessions.get(row) != NONE);
        // nearly all is known from the disconnect line: first these, then of the others what they lack
        for row in rows().filter(|&row| events.get(row) == Event::Disconnect) {
            let place = self.place(sessions.get(row));
            let session = &mut self.by_id.rows[at(place)];
            session.seen(|| processes.get(row));
            session.finished = true;
            session.at_end = texts.client(names.get(row), addrs.get(row));
            session.of_events.update(session.at_end);
            session.end_ts = times.get(row);
            session.finished_position = positions.get(row);
            session.last_position = session.last_position.max(positions.get(row));
            session.counted = counters.get(row).unwrap_or(NOWHERE);
        }
        for row in rows().filter(|&row| events.get(row) != Event::Disconnect) {
            let place = self.place(sessions.get(row));
            let session = &mut self.by_id.rows[at(place)];
            session.seen(|| processes.get(row));
            session.last_position = session.last_position.max(positions.get(row));
            if !session.finished || session.at_end.name == NULL || session.at_end.addr == NULL {
                let client = texts.client(names.get(row), addrs.get(row));
                session.of_events = session.at_end.or(client).or(session.of_events);
            }
            match events.get(row) {
                Event::Connect => session.connect_ts = least(session.connect_ts, times.get(row)),
                Event::Broken(event) => {
                    session.lost = event;
                    session.lost_after = crate::texts::either(after.get(row), session.lost_after);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A mail begins in the session: `client=`.
    pub fn mail(&mut self, place: Place, line: Line<'_>, texts: &Texts) {
        let session = &mut self.by_id.rows[at(place)];
        session.later(&line);
        session.of_mails.update(line.client);
        session.login_of_mails = texts.max(session.login_of_mails, line.login);
    }

    /// smtpd decided in the session.
    pub fn decision(&mut self, place: Place, line: Line<'_>, texts: &Texts) {
        let session = &mut self.by_id.rows[at(place)];
        session.later(&line);
        session.of_decisions.update(line.client);
        session.login_of_decisions = texts.max(session.login_of_decisions, line.login);
    }

    /// A line of any daemon names the greeting: it is known where there was one only.
    pub fn greeting(&mut self, place: Place, helo: TextId) {
        if self.counted(place).is_some_and(|counted| counted.greetings == 1) {
            self.by_id.rows[at(place)].greeted(helo);
        }
    }
}

/// A line of a session after its connect line.
pub struct Line<'l> {
    pub process: &'l dyn Fn() -> Process,
    pub position: i64,
    pub client: Client,
    pub login: TextId,
}

impl Session {
    fn later(&mut self, line: &Line<'_>) {
        self.seen(line.process);
        self.several |= self.finished && line.client != self.at_end;
        self.last_position = self.last_position.max(line.position);
    }
}

/// A count of `counted`, null where smtpd did not count.
pub fn count(counted: Option<&Counted>, of: impl FnOnce(&Counted) -> i32) -> i32 {
    counted.map_or(NO_NUMBER, of)
}
