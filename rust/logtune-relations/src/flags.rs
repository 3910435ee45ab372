//! The twin of `flags.sql`: a warned restriction and the recipient it applies to.

use crate::counters::Counted;
use crate::decisions::{Decision, Stage};
use crate::message_facts::OfSession;
use crate::message_lines::Messages;
use crate::numbers::{Groups, Map, NONE, NOWHERE, Place, Set, at};
use crate::read::Source;
use crate::recipient_facts::Recipient;
use crate::session_facts::Sessions;
use crate::texts::{NULL, TextId, Texts};
use arrow_schema::ArrowError;

/// A warning line.
pub struct Warned {
    pub position: i64,
    in_session: Place,
    message: Place,
    message_is_null: bool,
    /// Id of the recipient that it names.
    names: i64,
    sender: TextId,
    client_addr: TextId,
    helo: TextId,
    stage: Stage,
    pub state: TextId,
    pub reply_code: i32,
    pub dsn: TextId,
    pub service: TextId,
    pub restriction: TextId,
    pub text: TextId,
    extended: bool,
}

impl Warned {
    /// `None` where the line warns of nothing, or of no mail.
    pub fn line(
        decision: &Decision<'_>,
        (in_session, message): (Place, Place),
        names: Option<i64>,
        texts: &mut Texts,
    ) -> Option<Self> {
        let told = decision.action == crate::decisions::Action::Warn
            && (decision.session != NONE || decision.message != NONE);
        told.then(|| Self {
            position: decision.position,
            in_session,
            message,
            message_is_null: decision.message == NONE,
            names: names.unwrap_or(NONE),
            sender: decision.sender,
            client_addr: decision.client.addr,
            helo: decision.helo,
            stage: decision.state.stage,
            state: decision.state.word,
            reply_code: decision.reply_code,
            dsn: texts.id_or_null(decision.dsn),
            service: decision.service,
            restriction: decision.restriction,
            text: decision.text,
            extended: decision.extended,
        })
    }
}

/// Where TLS began in a session, by the last line that tells of it.
pub type TlsBegan = Map<Place, i64>;

/// Notices that tell where TLS began.
pub fn tls(source: &Source<'_>, sessions: &Sessions, began: &mut TlsBegan) -> Result<(), ArrowError> {
    let tls = source.words("kind", |kind| kind == "tls")?;
    let (ids, positions) = (source.ids("session")?, source.ids("position")?);
    for row in source.rows().filter(|&row| tls.get(row) && ids.get(row) != NONE) {
        if let Some(place) = sessions.by_id.find(ids.get(row)) {
            let last = began.entry(place).or_insert(NONE);
            *last = positions.get(row).max(*last);
        }
    }
    Ok(())
}

/// A warning line and a recipient.
pub struct Flag {
    pub id: i64,
    /// Place of the warning line.
    pub warned: Place,
    pub certain: bool,
}

/// How often a session was warned about its greeting, before and after TLS began.
#[derive(Default)]
struct Greetings {
    tls: Option<i64>,
    /// Up to three restrictions say this of one greeting; its names are at most as many as the greetings.
    names: Set<TextId>,
    lines: i32,
    after_tls: i32,
    again: i32,
}

impl Greetings {
    fn warnings(&self) -> i32 {
        self.lines + self.names.len() as i32
    }
}

/// What flags are made of.
pub struct Flags<'l> {
    pub warned: &'l [Warned],
    pub recipients: &'l [Recipient],
    pub messages: &'l Messages,
    pub sessions: &'l Sessions,
    pub of_session: &'l [OfSession],
    pub tls: &'l TlsBegan,
    pub texts: &'l Texts,
}

impl Flags<'_> {
    pub fn make(&self) -> Vec<Flag> {
        let sessions = self.sessions.by_id.rows.len();
        let messages = self.messages.by_id.rows.len();
        // of sessions and mails without a warning nothing is asked
        let warned_sessions = marked(sessions, self.warned.iter().map(|warned| warned.in_session));
        let warned_mails = marked(messages, self.warned.iter().map(|warned| warned.message));
        let place =
            |marked: &[bool], place| if marked.get(at(place)) == Some(&true) { place } else { NOWHERE };
        let of_session =
            Groups::new(sessions, self.recipients.iter().map(|one| place(&warned_sessions, one.in_session)));
        let of_message =
            Groups::new(messages, self.recipients.iter().map(|one| place(&warned_mails, one.message)));
        let greetings = self.greetings();
        let counted = self.only_counted();
        let mut flags = Vec::with_capacity(self.warned.len());
        for (place, warned) in self.warned.iter().enumerate() {
            let mut add = |id, certain| flags.push(Flag { id, warned: place as Place, certain });
            let in_session =
                || of_session.of(warned.in_session).iter().map(|&place| &self.recipients[at(place)]);
            let in_mail = || of_message.of(warned.message).iter().map(|&place| &self.recipients[at(place)]);
            match warned.stage {
                Stage::Rcpt if warned.names != NONE => add(warned.names, true),
                Stage::Mail if warned.message_is_null => {
                    let refused = |one: &&Recipient| {
                        one.message == NOWHERE
                            && one.sender == warned.sender
                            && one.sender != NULL
                            && one.id >= warned.position
                    };
                    in_session().filter(refused).for_each(|one| add(one.id, true));
                }
                Stage::Mail => {
                    in_mail().filter(|one| !self.only(one)).for_each(|one| add(one.id, true));
                    let theirs = self.one_of_several(warned, &counted);
                    theirs.iter().for_each(|&place| add(self.recipients[at(place)].id, false));
                }
                // a recipient that was refused at RCPT is no longer one of the mail when its DATA comes
                Stage::Content => {
                    in_mail().filter(|one| !one.refused_at_rcpt).for_each(|one| add(one.id, true))
                }
                Stage::Connect => in_session().for_each(|one| add(one.id, true)),
                // a front end names its client, and the client restrictions are evaluated anew (smtpd.c, xclient_cmd)
                Stage::Xclient => {
                    let later = |one: &&Recipient| {
                        one.id > warned.position
                            && one.client.addr == warned.client_addr
                            && one.client.addr != NULL
                    };
                    in_session().filter(later).for_each(|one| add(one.id, true));
                }
                Stage::Greeting => {
                    let Some(greetings) = greetings.get(&key(warned)) else { continue };
                    let counted = self.sessions.counted(warned.in_session);
                    for one in in_session() {
                        if let Some(certain) = self.greeting(warned, one, greetings, counted) {
                            add(one.id, certain);
                        }
                    }
                }
                _ => {}
            }
        }
        flags
    }

    /// Recipients that only smtpd's counters tell of, in a session that gave up several mails: of which is not told.
    fn only(&self, one: &Recipient) -> bool {
        one.stands
            && one.message != NOWHERE
            && one.id > one.message_id
            && self.of_session.get(at(one.in_session)).is_some_and(|told| told.aborted > 1)
    }

    /// Those of each session.
    fn only_counted(&self) -> Map<Place, Vec<Place>> {
        let mut counted: Map<Place, Vec<Place>> = Map::default();
        for (place, one) in self.recipients.iter().enumerate().filter(|(_, one)| self.only(one)) {
            counted.entry(one.in_session).or_default().push(place as Place);
        }
        counted
    }

    fn one_of_several<'c>(&self, warned: &Warned, counted: &'c Map<Place, Vec<Place>>) -> &'c [Place] {
        let message = self.messages.get(warned.message).filter(|message| message.aborted == Some(true));
        let theirs = message.and_then(|message| counted.get(&message.in_session));
        theirs.map_or(&[], Vec::as_slice)
    }

    fn greetings(&self) -> Map<(Place, TextId, TextId), Greetings> {
        let mut all: Map<_, Greetings> = Map::default();
        let told = |warned: &&Warned| warned.stage == Stage::Greeting && warned.in_session != NOWHERE;
        for warned in self.warned.iter().filter(told).filter(|warned| warned.text != NULL) {
            let greetings = all.entry(key(warned)).or_default();
            greetings.tls = self.tls.get(&warned.in_session).copied();
            greetings.after_tls += i32::from(greetings.tls.is_some_and(|tls| warned.position > tls));
            greetings.again += i32::from(warned.extended);
            if !self.texts.holds(warned.text, |text| text.ends_with("invalid ip address")) {
                greetings.lines += 1;
            } else if warned.helo != NULL {
                greetings.names.insert(warned.helo);
            }
        }
        all
    }

    /// Whether a warned greeting certainly was the recipient's; `None` where it was not.
    fn greeting(
        &self,
        warned: &Warned,
        one: &Recipient,
        greetings: &Greetings,
        counted: Option<&Counted>,
    ) -> Option<bool> {
        self.sessions.get(warned.in_session)?;
        let began = if one.message == NOWHERE { one.id } else { one.id.min(one.message_id) };
        let named = one.helo != NULL;
        if began <= warned.position
            || named && warned.helo != NULL && !self.same_greeting(one.helo, warned.helo)
        {
            return None;
        }
        // a front end that names its client by XCLIENT greets once for itself, and anew for the client (smtpd.c, xclient_cmd)
        if warned.client_addr != NULL && one.client.addr != NULL && warned.client_addr != one.client.addr {
            return None;
        }
        // TLS began between this greeting and the mail, which the client then greeted anew. Where no line tells of it, the
        // only warning in two greetings was of the first; of a client that also says HELO proto= does not tell it
        if greetings.tls.is_some_and(|tls| warned.position < tls && began > tls) {
            return None;
        }
        let warnings = greetings.warnings();
        let Some(counted) = counted else { return Some(true) };
        let of_first = greetings.tls.is_none()
            && !named
            && counted.starttls > 0
            && counted.greetings == 2
            && warnings == 1
            && greetings.again == 0
            && counted.helos == 0;
        if of_first {
            return None;
        }
        Some(
            named
                || warnings >= counted.greetings
                || counted.greetings == 2 && greetings.again > 0
                || greetings.tls.is_some_and(|tls| warned.position > tls)
                    && greetings.after_tls >= counted.greetings.saturating_sub(1),
        )
    }

    fn same_greeting(&self, a: TextId, b: TextId) -> bool {
        let chars = |id| self.texts.text(id).unwrap_or("").chars().map(neutered);
        a == b || chars(a).eq(chars(b))
    }
}

/// What warnings of a greeting are counted by.
fn key(warned: &Warned) -> (Place, TextId, TextId) {
    (warned.in_session, warned.restriction, warned.text)
}

/// What smtpd does to an accepted greeting before it logs it as helo=.
fn neutered(c: char) -> char {
    if c.is_ascii_control() || matches!(c, ' ' | '<' | '>' | '(' | ')' | '\\' | '"' | ';' | '@') {
        '?'
    } else {
        c
    }
}

fn marked(rows: usize, places: impl Iterator<Item = Place>) -> Vec<bool> {
    let mut marked = vec![false; rows];
    for place in places {
        if let Some(cell) = marked.get_mut(at(place)) {
            *cell = true;
        }
    }
    marked
}
