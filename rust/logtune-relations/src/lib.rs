//! Sessions, messages, recipients and flags of the linked tables, as numbers and texts by id.
//!
//! The twin of `logtune/relations/*.sql`, which is the specification and explains the rules; a file here has the name of
//! the file there. A log is made part by part (`Parts`): of each part the tables are read once, in position order, in the
//! order of `Relations::ORDER`; what stays of them is a small row for each session, message, delivery attempt and recipient.
//!
//! Where SQL takes any of several values, both take the first in position order.

#![forbid(unsafe_code)]

mod added;
mod counters;
mod decisions;
mod fates;
mod flags;
mod known;
mod message_facts;
mod message_lines;
mod numbers;
mod output;
mod parts;
mod rcpt;
mod read;
mod recipient_facts;
mod session_facts;
mod shown;
mod stopped;
mod texts;
mod tries;
mod units;

use crate::added::Added;
use crate::decisions::Decisions;
use crate::flags::{Flags, TlsBegan, Warned};
use crate::message_lines::Messages;
use crate::numbers::{Groups, NONE, Set, at};
pub use crate::output::{Made, Relation};
pub use crate::parts::Parts;
use crate::rcpt::Recipients;
use crate::read::Source;
use crate::recipient_facts::{Around, Recipient};
use crate::session_facts::{Line, Sessions};
use crate::stopped::{Commands, Stopped};
use crate::texts::{Hasher, NULL, Texts};
use crate::tries::Try;
use arrow_array::RecordBatch;
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;

/// Why relations cannot be made.
#[derive(Debug)]
pub enum Error {
    /// A column is missing, or of another type than in the schema.
    Columns(ArrowError),
    /// A row names a session or mail that was over.
    Reopened(i64),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Columns(error) => error.fmt(f),
            Self::Reopened(id) => write!(f, "a row tells of {id}, which was over"),
        }
    }
}

impl std::error::Error for Error {}

impl std::convert::From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Self::Columns(error)
    }
}

/// Feed the tables one after another, then `make` the relations.
#[derive(Default)]
struct Relations {
    probe_senders: Set<String>,
    texts: Texts,
    sessions: Sessions,
    messages: Messages,
    tries: Vec<Try>,
    recipients: Recipients,
    commands: Commands,
    warned: Vec<Warned>,
    tls: TlsBegan,
}

impl Relations {
    /// The tables that are read, in this order: later ones ask for what earlier ones told.
    const ORDER: [&str; 5] = ["connections", "queue", "deliveries", "decisions", "notices"];

    fn new(probe_senders: &[String], hasher: Hasher) -> Self {
        let probe_senders = probe_senders.iter().cloned().collect();
        Self { probe_senders, texts: Texts::new(hasher), ..Self::default() }
    }

    /// Take rows of a table, which follow those before in position order: those that are `chosen`, or all.
    ///
    /// Fails where a column is missing or of another type than in the schema.
    fn feed(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        chosen: Option<&BooleanBuffer>,
    ) -> Result<(), ArrowError> {
        let source = Source { table, batch, chosen };
        let Self { texts, sessions, messages, .. } = self;
        match table {
            "connections" => sessions.connections(&source, texts),
            "queue" => messages.queue(&source, sessions, texts),
            "deliveries" => tries::deliveries(&source, &mut self.tries, messages, texts),
            "decisions" => self.decisions(&source),
            _ => {
                messages.notices(&source, texts)?;
                flags::tls(&source, sessions, &mut self.tls)
            }
        }
    }

    fn decisions(&mut self, source: &Source<'_>) -> Result<(), ArrowError> {
        let texts = &mut self.texts;
        let rows = Decisions::read(source, texts)?;
        for row in source.rows() {
            let decision = rows.get(row, texts);
            let session = self.sessions.place(decision.session);
            let message = self.messages.place(decision.message);
            if decision.session != NONE {
                if decision.by_smtpd {
                    let (position, client, login) = (decision.position, decision.client, decision.login);
                    let process = || rows.process(row);
                    self.sessions.decision(
                        session,
                        Line { process: &process, position, client, login },
                        texts,
                    );
                }
                if decision.helo != NULL && texts.text(decision.helo) != Some("") {
                    self.sessions.greeting(session, decision.helo);
                }
            }
            self.messages.judged(message, &decision, texts);
            self.commands.line(&decision, session, texts);
            let mails = self.sessions.counted(session).map(|counted| counted.mail);
            let named = self.recipients.line(&decision, message, mails, texts);
            let id = named.map(|place| self.recipients.judged[at(place)].id);
            self.warned.extend(Warned::line(&decision, (session, message), id, texts));
        }
        Ok(())
    }

    /// All relations. What only their making needs is let go on the way.
    fn make(self, added: &mut Added) -> Made {
        let Self {
            probe_senders,
            mut texts,
            mut sessions,
            mut messages,
            tries,
            recipients,
            commands,
            warned,
            tls,
            ..
        } = self;
        let Recipients { lines, judged, .. } = recipients;
        let mut of_session = message_facts::settle(&mut messages, &mut sessions, &texts);
        for place in judged.iter().filter_map(|judged| sessions.by_id.find(judged.session)) {
            of_session[at(place)].judged = true;
        }
        let stopped = commands.settled(&of_session);
        let rcpt = lines.into_iter().map(|(position, place)| (position, judged[at(place)].id)).collect();
        let around = Around {
            messages: &messages,
            sessions: &sessions,
            of_session: &of_session,
            texts: &texts,
            probe_senders: &probe_senders,
        };
        let recipients = recipients_of(&around, judged, tries, &stopped, added);
        let flags = Flags {
            warned: &warned,
            recipients: &recipients,
            messages: &messages,
            sessions: &sessions,
            of_session: &of_session,
            tls: &tls,
            texts: &texts,
        };
        let flags = flags.make();
        sessions.by_id.only(|session| session.exists);
        messages.by_id.only(|message| message.exists);
        texts.close();
        Made { texts, sessions, messages, rcpt, recipients, flags, warned }
    }
}

fn recipients_of(
    around: &Around<'_>,
    judged: Vec<rcpt::Judged>,
    tries: Vec<Try>,
    stopped: &[Stopped],
    added: &mut Added,
) -> Vec<Recipient> {
    let messages = around.messages;
    let groups = messages.by_id.rows.len();
    let judged_of = Groups::new(groups, judged.iter().map(|judged| judged.message));
    let tries_of = Groups::new(groups, tries.iter().map(|one| one.message));
    let shown = shown::shown(messages, (&judged, &judged_of), (&tries, &tries_of));
    let known = known::known(messages, around.sessions, (&judged, &judged_of), &shown, &tries_of, added);
    drop((shown, judged_of));
    let fates = fates::fates(&known, messages, &tries, &tries_of);
    drop((tries, tries_of));
    let mut recipients = Vec::with_capacity(known.len() + stopped.len());
    recipients.extend(known.iter().zip(fates).map(|(known, told)| around.known(known, &judged, told)));
    recipients.extend(stopped.iter().map(|stopped| around.stopped(stopped)));
    recipients
}
