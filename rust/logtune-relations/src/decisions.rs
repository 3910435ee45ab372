//! A row of the table decisions, as all relations that ask for it read it.

use crate::numbers::{NO_NUMBER, NONE};
use crate::read::{Ids, Numbers, Source, Strings, Times, Words};
use crate::session_facts::{Process, Processes};
use crate::texts::{Client, NULL, TextId, Texts, either};
use arrow_array::types::Int16Type;
use arrow_schema::ArrowError;

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Action {
    Reject,
    Hangup,
    Warn,
    Accept,
    Hold,
    Discard,
    #[default]
    Other,
}

impl Action {
    fn of(word: &str) -> Self {
        match word {
            "reject" => Self::Reject,
            "hangup" => Self::Hangup,
            "reject_warning" => Self::Warn,
            "accept" => Self::Accept,
            "hold" => Self::Hold,
            "discard" => Self::Discard,
            _ => Self::Other,
        }
    }

    /// The command or the mail was really refused.
    pub fn refuses(self) -> bool {
        matches!(self, Self::Reject | Self::Hangup)
    }

    pub fn accepts(self) -> bool {
        self == Self::Accept
    }

    pub fn holds(self) -> bool {
        self == Self::Hold
    }

    pub fn discards(self) -> bool {
        self == Self::Discard
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Origin {
    Proxy,
    Postscreen,
    #[default]
    Other,
}

/// When a decision came, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Stage {
    Connect,
    /// HELO, EHLO
    Greeting,
    Xclient,
    Mail,
    Rcpt,
    /// DATA, BDAT, END-OF-MESSAGE
    Content,
    #[default]
    Other,
}

/// A protocol state.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct State {
    pub stage: Stage,
    pub word: TextId,
}

fn stage(state: &str) -> Stage {
    match state {
        "CONNECT" => Stage::Connect,
        "HELO" | "EHLO" => Stage::Greeting,
        "XCLIENT" => Stage::Xclient,
        "MAIL" => Stage::Mail,
        "RCPT" => Stage::Rcpt,
        "DATA" | "BDAT" | "END-OF-MESSAGE" => Stage::Content,
        _ => Stage::Other,
    }
}

pub struct Decision<'b> {
    pub position: i64,
    pub ts: i64,
    pub session: i64,
    pub message: i64,
    pub origin: Origin,
    pub origin_word: TextId,
    pub by_smtpd: bool,
    pub action: Action,
    pub state: State,
    pub client: Client,
    pub reply_code: i32,
    pub dsn: Option<&'b str>,
    pub restriction: TextId,
    /// The shape of the reason.
    pub text: TextId,
    pub sender: TextId,
    pub sender_text: Option<&'b str>,
    pub recipient: Option<&'b str>,
    pub helo: TextId,
    pub login: TextId,
    pub part: TextId,
    pub service: TextId,
    /// proto= says ESMTP
    pub extended: bool,
}

impl Decision<'_> {
    /// The reply code, or one of the class of the enhanced status code.
    pub fn code(&self) -> i32 {
        if self.reply_code != NO_NUMBER {
            return self.reply_code;
        }
        let class = self.dsn.and_then(|dsn| dsn.chars().next()).and_then(|class| class.to_digit(10));
        class.and_then(|class| i32::try_from(class).ok()).map_or(NO_NUMBER, |class| class * 100 + 50)
    }

    /// What the line names as the reason.
    pub fn by(&self) -> TextId {
        either(self.restriction, self.text)
    }
}

/// The rows of a batch.
pub struct Decisions<'b> {
    positions: Ids<'b>,
    times: Times<'b>,
    sessions: Ids<'b>,
    messages: Ids<'b>,
    processes: Processes<'b>,
    origins: Words<'b, (Origin, TextId)>,
    smtpd: Words<'b, bool>,
    actions: Words<'b, Action>,
    states: Words<'b, State>,
    names: Strings<'b>,
    addrs: Strings<'b>,
    reply_codes: Numbers<'b, Int16Type>,
    dsns: Strings<'b>,
    restrictions: Words<'b, TextId>,
    shapes: Words<'b, TextId>,
    senders: Strings<'b>,
    recipients: Strings<'b>,
    helos: Strings<'b>,
    logins: Strings<'b>,
    parts: Words<'b, TextId>,
    extended: Words<'b, bool>,
}

impl<'b> Decisions<'b> {
    pub fn read(source: &Source<'b>, texts: &mut Texts) -> Result<Self, ArrowError> {
        Ok(Self {
            positions: source.ids("position")?,
            times: source.times("ts")?,
            sessions: source.ids("session")?,
            messages: source.ids("message")?,
            processes: Processes::read(source, texts)?,
            origins: source.words("origin", |word| {
                let origin = match word {
                    "proxy" => Origin::Proxy,
                    "postscreen" => Origin::Postscreen,
                    _ => Origin::Other,
                };
                (origin, texts.id(word))
            })?,
            smtpd: source.words("daemon", |daemon| daemon == "smtpd")?,
            actions: source.words("action", Action::of)?,
            states: source
                .words("protocol_state", |word| State { stage: stage(word), word: texts.id(word) })?,
            names: source.strings("client_name")?,
            addrs: source.strings("client_addr")?,
            reply_codes: source.small_numbers("reply_code")?,
            dsns: source.strings("dsn")?,
            restrictions: source.words("restriction", |word| texts.id(word))?,
            shapes: source.words("reason_shape", |word| texts.id(word))?,
            senders: source.strings("sender")?,
            recipients: source.strings("recipient")?,
            helos: source.strings("helo")?,
            logins: source.strings("sasl_username")?,
            parts: source.words("part", |word| texts.id(word))?,
            extended: source.words("proto", |proto| proto == "ESMTP")?,
        })
    }

    pub fn get(&self, row: usize, texts: &mut Texts) -> Decision<'b> {
        let (origin, origin_word) = self.origins.get(row);
        let sender_text = self.senders.get(row);
        Decision {
            position: self.positions.get(row),
            ts: self.times.get(row),
            session: self.sessions.get(row),
            message: self.messages.get(row),
            origin,
            origin_word,
            by_smtpd: self.smtpd.get(row),
            action: self.actions.get(row),
            state: self.states.get(row),
            client: texts.client(self.names.get(row), self.addrs.get(row)),
            reply_code: self.reply_codes.get(row),
            dsn: self.dsns.get(row),
            restriction: self.restrictions.get(row),
            text: self.shapes.get(row),
            sender: texts.id_or_null(sender_text),
            sender_text,
            recipient: self.recipients.get(row),
            helo: texts.id_or_null(self.helos.get(row)),
            login: texts.id_or_null(self.logins.get(row)),
            part: self.parts.get(row),
            service: self.processes.service(row),
            extended: self.extended.get(row),
        }
    }

    pub fn process(&self, row: usize) -> Process {
        self.processes.get(row)
    }
}

/// Whether a line names a recipient of a mail.
pub fn names_recipient(decision: &Decision<'_>) -> bool {
    decision.recipient.is_some()
        && decision.part == NULL
        && matches!(decision.state.stage, Stage::Rcpt | Stage::Content)
        && (decision.session != NONE || decision.message != NONE || decision.origin == Origin::Postscreen)
}
