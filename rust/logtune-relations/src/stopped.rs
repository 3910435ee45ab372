//! The twin of `stopped.sql`: commands that were really refused before a recipient could be named.

use crate::decisions::{Decision, Stage};
use crate::message_facts::OfSession;
use crate::numbers::{Map, NO_NUMBER, NONE, Place, at, least};
use crate::texts::{Client, NULL, TextId, Texts, either};

/// What the lines say of the refused commands of one sender and session.
pub struct Stopped {
    /// Position of the first line.
    pub id: i64,
    pub session: i64,
    pub in_session: Place,
    pub ts: i64,
    pub client: Client,
    pub helo: TextId,
    pub sender: TextId,
    pub login: TextId,
    pub refused_by: TextId,
    pub by_code: i32,
    at_mail: bool,
}

/// Refused commands by session and sender.
#[derive(Default)]
pub struct Commands {
    places: Map<(i64, TextId), Place>,
    all: Vec<Stopped>,
}

impl Commands {
    pub fn line(&mut self, decision: &Decision<'_>, in_session: Place, texts: &Texts) {
        let stage = decision.state.stage;
        let before_rcpt = matches!(stage, Stage::Connect | Stage::Greeting | Stage::Mail);
        if !before_rcpt || !decision.action.refuses() || decision.session == NONE || decision.message != NONE
        {
            return;
        }
        let place = *self.places.entry((decision.session, decision.sender)).or_insert_with(|| {
            self.all.push(Stopped {
                id: decision.position,
                session: decision.session,
                in_session,
                ts: NONE,
                client: Client::default(),
                helo: NULL,
                sender: decision.sender,
                login: NULL,
                refused_by: NULL,
                by_code: NO_NUMBER,
                at_mail: stage == Stage::Mail,
            });
            self.all.len() as Place - 1
        });
        let stopped = &mut self.all[at(place)];
        stopped.ts = least(stopped.ts, decision.ts);
        stopped.client = stopped.client.or(decision.client);
        stopped.helo = either(stopped.helo, decision.helo);
        stopped.login = texts.max(stopped.login, decision.login);
        stopped.refused_by = either(stopped.refused_by, decision.by());
        if stopped.by_code == NO_NUMBER {
            stopped.by_code = decision.reply_code;
        }
    }

    /// Those that stand for a recipient: at MAIL, and the first of a session in which nothing else tells of a mail.
    pub fn settled(self, of_session: &[OfSession]) -> Vec<Stopped> {
        let mut begun = vec![false; of_session.len()]; // in position order: the first of a session comes first
        let mut settled = self.all;
        settled.retain(|stopped| {
            let before = std::mem::replace(&mut begun[at(stopped.in_session)], true);
            let told = &of_session[at(stopped.in_session)];
            stopped.at_mail || !before && !told.judged && told.last_mail == NONE
        });
        settled
    }
}
