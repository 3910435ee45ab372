//! The twin of `recipient_facts.sql`: one row per RCPT TO of one mail in one session, with outcome and fate.

use crate::fates::{Fate, Told};
use crate::known::{From, Known};
use crate::message_facts::OfSession;
use crate::message_lines::{AcceptedAs, Message, Messages};
use crate::numbers::{NO_NUMBER, NONE, NOWHERE, Place, Set, at};
use crate::rcpt::Judged;
use crate::session_facts::{Greeting, Session, Sessions};
use crate::stopped::Stopped;
use crate::texts::{Client, NULL, TextId, Texts, either};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Accepted,
    Rejected,
    Deferred,
    Abandoned,
    Probe,
    Unknown,
}

pub struct Recipient {
    pub id: i64,
    pub session: i64,
    pub in_session: Place,
    pub message: Place,
    pub message_id: i64,
    pub ts: i64,
    pub client: Client,
    pub helo: TextId,
    pub sender: TextId,
    pub login: TextId,
    pub by: TextId,
    pub by_code: i32,
    pub by_state: TextId,
    pub refused_at_rcpt: bool,
    pub outcome: Outcome,
    pub fate: Option<Fate>,
    pub hops: i32,
    pub reinjected: bool,
    pub stands: bool,
}

/// What decides about the outcome beside the lines of the recipient.
pub struct Around<'l> {
    pub messages: &'l Messages,
    pub sessions: &'l Sessions,
    pub of_session: &'l [OfSession],
    pub texts: &'l Texts,
    pub probe_senders: &'l Set<String>,
}

/// What lines say of a recipient, or of a command that was refused.
#[derive(Default)]
struct Lines {
    client: Client,
    helo: TextId,
    sender: TextId,
    login: TextId,
    refused: bool,
    refused_by: TextId,
    by_code: i32,
    by_state: TextId,
    refused_at_rcpt: bool,
}

impl Lines {
    fn of_judged(judged: &Judged) -> Self {
        Self {
            client: judged.client,
            helo: judged.helo,
            sender: judged.sender,
            login: judged.login,
            refused: judged.refused,
            refused_by: judged.refused_by,
            by_code: judged.by_code,
            by_state: judged.by_state,
            refused_at_rcpt: judged.refused_at_rcpt,
        }
    }

    fn of_stopped(stopped: &Stopped) -> Self {
        Self {
            client: stopped.client,
            helo: stopped.helo,
            sender: stopped.sender,
            login: stopped.login,
            refused: true,
            refused_by: stopped.refused_by,
            by_code: stopped.by_code,
            by_state: NULL,
            refused_at_rcpt: false,
        }
    }
}

impl Around<'_> {
    /// A recipient that is known, with what its deliveries tell.
    pub fn known(&self, known: &Known, judged: &[Judged], told: Told) -> Recipient {
        let lines = match known.from {
            From::Judged(place) => Some(Lines::of_judged(&judged[at(place)])),
            _ => None,
        };
        let stands = known.from == From::Stands;
        self.recipient((known.id, known.session, known.ts), known.message, lines, known.unsure, stands, told)
    }

    /// A command that was refused before a recipient could be named.
    pub fn stopped(&self, stopped: &Stopped) -> Recipient {
        let told = Told { fate: None, hops: 0, last: NOWHERE };
        let key = (stopped.id, stopped.session, stopped.ts);
        self.recipient(key, NOWHERE, Some(Lines::of_stopped(stopped)), false, true, told)
    }

    fn recipient(
        &self,
        (id, session_id, ts): (i64, i64, i64),
        place: Place,
        lines: Option<Lines>,
        unsure: bool,
        stands: bool,
        told: Told,
    ) -> Recipient {
        let message = self.messages.get(place);
        let in_session = self.sessions.by_id.find(session_id).unwrap_or(NOWHERE);
        let session = self.sessions.get(in_session);
        let of_mail = message.map_or(Client::default(), |message| message.client);
        let known_client = lines.as_ref().map_or(of_mail, |lines| lines.client);
        let of_session = session.map_or(Client::default(), Session::client);
        let sender =
            lines.as_ref().map_or_else(|| message.map_or(NULL, Message::sender), |lines| lines.sender);
        let lines = lines.unwrap_or(Lines { by_code: NO_NUMBER, ..Lines::default() });
        let case = Case {
            message,
            in_session,
            session,
            lines: &lines,
            known_addr: known_client.addr,
            sender,
            unsure,
        };
        let outcome = self.outcome(&case);
        let stopped = matches!(outcome, Outcome::Rejected | Outcome::Deferred);
        let (by, by_code) = match message {
            _ if !stopped => (NULL, NO_NUMBER),
            Some(message) if !lines.refused => (message.refused_by, message.by_code),
            _ => (lines.refused_by, lines.by_code),
        };
        let login = message.map_or(NULL, |message| message.login);
        let greeting = either(message.map_or(NULL, |message| message.helo), greeting(session));
        Recipient {
            id,
            session: session_id,
            in_session,
            message: place,
            message_id: message.map_or(NONE, |message| message.id),
            ts,
            client: known_client.or(of_session),
            helo: either(lines.helo, greeting),
            sender,
            login: either(lines.login, login),
            by,
            by_code,
            by_state: lines.by_state,
            refused_at_rcpt: lines.refused_at_rcpt,
            outcome,
            fate: if outcome == Outcome::Accepted {
                message.map(|message| self.fate(message, told))
            } else {
                None
            },
            hops: told.hops,
            reinjected: message.is_some_and(|message| message.predecessor != NONE),
            stands,
        }
    }

    fn outcome(&self, case: &Case<'_>) -> Outcome {
        let Case { message, session, lines, .. } = *case;
        if case.unsure {
            return Outcome::Unknown;
        }
        if lines.refused {
            return refused(lines.by_code);
        }
        let lost = session.is_some_and(|session| session.lost != NULL);
        let Some(message) = message else {
            return if lost { Outcome::Abandoned } else { Outcome::Unknown };
        };
        if message.by_code != NO_NUMBER && message.accepted_as != Some(AcceptedAs::Active) {
            refused(message.by_code)
        } else if message.accepted_as.is_some() {
            Outcome::Accepted
        } else if !lost && !session.is_some_and(|session| session.finished) {
            Outcome::Unknown
        } else if self.polite(case, message) && self.probes(case, message) {
            Outcome::Probe
        } else {
            Outcome::Abandoned
        }
    }

    /// The client gave the mail up before DATA, by RSET or by QUIT.
    fn polite(&self, case: &Case<'_>, message: &Message) -> bool {
        let Some(told) = self.of_session.get(at(case.in_session)) else { return false };
        let Some(session) = case.session else { return false };
        let counted = self.sessions.counted(case.in_session);
        let quit = session.lost == NULL && counted.is_some_and(|counted| counted.quit > 0);
        let rset = || self.texts.holds(session.lost_after, |state| state == "RSET");
        told.no_data == Some(true) && (quit || rset() || message.id < told.last_mail)
    }

    /// A probe has a null or probe sender; where no line names the sender: RCPT and a polite QUIT without DATA or RSET is
    /// how addresses are verified.
    fn probes(&self, case: &Case<'_>, message: &Message) -> bool {
        if let Some(sender) = self.texts.text(case.sender) {
            return sender.is_empty()
                || sender.starts_with("double-bounce@")
                || self.probe_senders.contains(sender);
        }
        let counted = self.sessions.counted(case.in_session);
        let remote = |addr: &str| addr != "127.0.0.1" && addr != "::1";
        counted.is_some_and(|counted| counted.rset == 0)
            && message.login == NULL
            && self.texts.holds(case.known_addr, remote)
    }

    /// What became of an accepted recipient.
    fn fate(&self, message: &Message, told: Told) -> Fate {
        let last = if told.last == NOWHERE { message } else { &self.messages.by_id.rows[at(told.last)] };
        match (told.fate, message.accepted_as) {
            (Some(fate), _) => fate,
            (None, Some(AcceptedAs::Held)) if message.removed_by_hand => Fate::Unknown,
            (None, Some(AcceptedAs::Held)) => Fate::Held,
            (None, Some(AcceptedAs::Discarded)) => Fate::Discarded,
            (None, Some(AcceptedAs::Proxy)) => Fate::Unknown,
            (None, _) if last.removed_ts == NONE => Fate::Waiting,
            (None, _) => Fate::Unknown,
        }
    }
}

/// What is known of a recipient when its outcome is settled.
struct Case<'l> {
    message: Option<&'l Message>,
    in_session: Place,
    session: Option<&'l Session>,
    lines: &'l Lines,
    known_addr: TextId,
    sender: TextId,
    unsure: bool,
}

fn refused(code: i32) -> Outcome {
    if (400..500).contains(&code) { Outcome::Deferred } else { Outcome::Rejected }
}

/// The only greeting of a session is known from any of its lines.
fn greeting(session: Option<&Session>) -> TextId {
    match session.map(|session| session.greeting) {
        Some(Greeting::One(helo)) => helo,
        _ => NULL,
    }
}
