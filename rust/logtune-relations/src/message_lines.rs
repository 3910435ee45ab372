//! The twin of `message_lines.sql` and `mail_told.sql`: what the lines of each message say of it.

use crate::decisions::{Decision, Origin, Stage};
use crate::numbers::{ById, NO_NUMBER, NONE, NOWHERE, Place, at, first, least};
use crate::read::Source;
use crate::session_facts::{Line, Processes, Sessions};
use crate::texts::{Client, NULL, TextId, Texts, either};
use arrow_schema::ArrowError;

/// How a mail came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    Smtpd,
    Pickup,
    Internal,
}

/// What the lines say of a message, and (from `accepted_as` on) what follows from it.
pub struct Message {
    pub id: i64,
    /// Whether there is a row of it; of others only a successor's id is known.
    pub exists: bool,
    pub session: i64,
    proxy_session: i64,
    step_ts: i64,
    judged_ts: i64,
    pub sent_ts: i64,
    pub active_ts: i64,
    pub removed_ts: i64,
    pub client: Client,
    pub login: TextId,
    sender: TextId,
    judged_sender: TextId,
    pub size: i64,
    pub nrcpt: i32,
    has_steps: bool,
    by_client: bool,
    by_pickup: bool,
    pub active: bool,
    pub expired: bool,
    pub proxied: bool,
    pub held: bool,
    pub discarded: bool,
    pub refused: bool,
    pub predecessor: i64,
    /// The restriction or text by which lines of the whole mail refused it, and the reply code.
    pub refused_by: TextId,
    pub by_code: i32,
    by_line: bool,
    pub helo: TextId,
    pub removed_by_hand: bool,
    /// Place of its session.
    pub in_session: Place,
    pub accepted_as: Option<AcceptedAs>,
    /// Null where the log does not tell how the mail came.
    pub aborted: Option<bool>,
}

/// How Postfix took responsibility for a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AcceptedAs {
    Active,
    Proxy,
    Held,
    Discarded,
}

impl Message {
    fn new(id: i64) -> Self {
        Self {
            id,
            exists: false,
            session: NONE,
            proxy_session: NONE,
            step_ts: NONE,
            judged_ts: NONE,
            sent_ts: NONE,
            active_ts: NONE,
            removed_ts: NONE,
            client: Client::default(),
            login: NULL,
            sender: NULL,
            judged_sender: NULL,
            size: NONE,
            nrcpt: NO_NUMBER,
            has_steps: false,
            by_client: false,
            by_pickup: false,
            active: false,
            expired: false,
            proxied: false,
            held: false,
            discarded: false,
            refused: false,
            predecessor: NONE,
            refused_by: NULL,
            by_code: NO_NUMBER,
            by_line: false,
            helo: NULL,
            removed_by_hand: false,
            in_session: NOWHERE,
            accepted_as: None,
            aborted: None,
        }
    }

    pub fn via(&self) -> Option<Via> {
        match self {
            Self { by_client: true, .. } => Some(Via::Smtpd),
            Self { by_pickup: true, .. } => Some(Via::Pickup),
            Self { has_steps: true, .. } => Some(Via::Internal),
            _ => None,
        }
    }

    pub fn first_ts(&self) -> i64 {
        first(first(self.step_ts, self.judged_ts), self.sent_ts)
    }

    pub fn sender(&self) -> TextId {
        either(self.sender, self.judged_sender)
    }

    /// The session that the lines name: of a before-queue filter's mail, that of the client.
    pub fn named_session(&self) -> i64 {
        first(self.proxy_session, self.session)
    }

    fn judged(&mut self, decision: &Decision<'_>, texts: &mut Texts) {
        self.exists = true;
        self.judged_ts = least(self.judged_ts, decision.ts);
        self.judged_sender = either(self.judged_sender, decision.sender);
        self.helo = either(decision.helo, self.helo);
        if decision.origin == Origin::Proxy && decision.action.accepts() {
            self.proxied = true;
            self.proxy_session = least(self.proxy_session, decision.session);
        }
        self.held |= decision.action.holds();
        self.discarded |= decision.action.discards();
        if decision.action.refuses() && !matches!(decision.state.stage, Stage::Mail | Stage::Rcpt) {
            self.refused = true;
            self.told(decision, texts);
        }
    }

    /// A line refuses the whole mail: at DATA, at its end, by header and body checks, a milter or the before-queue filter.
    fn told(&mut self, decision: &Decision<'_>, texts: &mut Texts) {
        if self.refused_by == NULL {
            let text = match texts.text(decision.part) {
                Some(part) => {
                    let checks = format!("{part}_checks");
                    texts.id(&checks)
                }
                None => decision.text,
            };
            self.refused_by = either(either(decision.restriction, text), decision.origin_word);
        }
        if !self.by_line {
            self.by_line = true;
            let code = decision.code();
            self.by_code = if code == NO_NUMBER { 550 } else { code };
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Other,
    Client,
    Pickup,
    Active,
    Removed,
    Expired,
}

/// All messages.
#[derive(Default)]
pub struct Messages {
    pub by_id: ById<Message>,
}

impl Messages {
    /// Place of the message, whether or not there will be a row of it.
    pub fn place(&mut self, id: i64) -> Place {
        if id == NONE { NOWHERE } else { self.by_id.place(id, || Message::new(id)) }
    }

    pub fn get(&self, place: Place) -> Option<&Message> {
        self.by_id.rows.get(at(place)).filter(|message| message.exists)
    }

    /// Rows of the table queue; those that begin a mail in a session tell of the session too.
    pub fn queue(
        &mut self,
        source: &Source<'_>,
        sessions: &mut Sessions,
        texts: &mut Texts,
    ) -> Result<(), ArrowError> {
        let steps = source.words("event", |event| match event {
            "client" => Step::Client,
            "pickup" => Step::Pickup,
            "active" => Step::Active,
            "removed" => Step::Removed,
            "expired" => Step::Expired,
            _ => Step::Other,
        })?;
        let (ids, session_ids, positions) =
            (source.ids("message")?, source.ids("session")?, source.ids("position")?);
        let (names, addrs) = (source.strings("client_name")?, source.strings("client_addr")?);
        let (logins, senders) = (source.strings("sasl_username")?, source.strings("sender")?);
        let (sizes, nrcpts, times) = (source.ids("size")?, source.numbers("nrcpt")?, source.times("ts")?);
        let processes = Processes::read(source, texts)?;
        for row in source.rows() {
            let (step, id, session, ts) =
                (steps.get(row), ids.get(row), session_ids.get(row), times.get(row));
            let login = texts.id_or_null(logins.get(row));
            let begins = step == Step::Client;
            let client =
                if begins { texts.client(names.get(row), addrs.get(row)) } else { Client::default() };
            if begins && session != NONE {
                let process = || processes.get(row);
                let place = sessions.place(session);
                let line = Line { process: &process, position: positions.get(row), client, login };
                sessions.mail(place, line, texts);
            }
            let place = self.place(id);
            let Some(message) = self.by_id.rows.get_mut(at(place)) else { continue };
            message.exists = true;
            message.has_steps = true;
            message.step_ts = least(message.step_ts, ts);
            message.login = texts.max(message.login, login);
            message.size = message.size.max(sizes.get(row));
            message.nrcpt = message.nrcpt.max(nrcpts.get(row));
            if message.sender == NULL {
                message.sender = texts.id_or_null(senders.get(row));
            }
            match step {
                Step::Client => {
                    message.by_client = true;
                    message.session = least(message.session, session);
                    message.client = message.client.or(client);
                }
                Step::Pickup => message.by_pickup = true,
                Step::Active => {
                    message.active = true;
                    message.active_ts = least(message.active_ts, ts);
                }
                Step::Removed => message.removed_ts = message.removed_ts.max(ts),
                Step::Expired => message.expired = true,
                Step::Other => {}
            }
        }
        Ok(())
    }

    /// A delivery of the message, maybe re-injected as another.
    pub fn sent(&mut self, message: Place, successor: Place, ts: i64) {
        let mut id = NONE;
        if let Some(message) = self.by_id.rows.get_mut(at(message)) {
            message.exists = true;
            message.active = true; // what is delivered was in the active queue
            message.sent_ts = least(message.sent_ts, ts);
            id = message.id;
        }
        if let Some(successor) = self.by_id.rows.get_mut(at(successor)) {
            successor.predecessor = least(successor.predecessor, id);
        }
    }

    /// A decision about the message.
    pub fn judged(&mut self, message: Place, decision: &Decision<'_>, texts: &mut Texts) {
        if let Some(message) = self.by_id.rows.get_mut(at(message)) {
            message.judged(decision, texts);
        }
    }

    /// Notices that tell that a mail was refused without a reject line, or removed by hand.
    pub fn notices(&mut self, source: &Source<'_>, texts: &mut Texts) -> Result<(), ArrowError> {
        let by_hand = source.words("kind", |kind| kind == "postsuper")?;
        let ids = source.ids("message")?;
        let strings = source.strings("text")?;
        for row in source.rows().filter(|&row| ids.get(row) != NONE) {
            let (Some(text), Some(place)) = (strings.get(row), self.by_id.find(ids.get(row))) else {
                continue;
            };
            let message = &mut self.by_id.rows[at(place)];
            message.removed_by_hand |= by_hand.get(row) && text == "removed";
            if message.by_code == NO_NUMBER && refuses(text) {
                message.refused_by = texts.id(text);
                message.by_code = if text.contains("not accepted") { 451 } else { 552 };
            }
        }
        Ok(())
    }
}

/// 552 and 451 that smtpd gives without a reject line (smtpd.c, `cleanup_strerror.c`).
fn refuses(text: &str) -> bool {
    const BEGIN: &str = "BDAT request from ";
    const END: &str = " exceeds message size limit";
    text == "queue file size limit exceeded"
        || text.strip_prefix(BEGIN).is_some_and(|rest| rest.ends_with(END))
        || text.ends_with("message not accepted, try again later")
}
