//! The twin of `rcpt.sql` and `judged.sql`: which recipient a decision line is about, and what such lines say of it.

use crate::decisions::{Decision, Stage, names_recipient};
use crate::numbers::{Map, NO_NUMBER, NONE, Place, at, least};
use crate::texts::{Client, Lowered, NULL, TextId, Texts, either};

/// What the lines say of a recipient that they name.
pub struct Judged {
    /// Position of the first line.
    pub id: i64,
    pub session: i64,
    /// Place of the message.
    pub message: Place,
    pub ts: i64,
    pub client: Client,
    pub helo: TextId,
    pub sender: TextId,
    pub login: TextId,
    pub refused_by: TextId,
    pub by_code: i32,
    pub by_state: TextId,
    pub refused: bool,
    /// `by_state` is RCPT.
    pub refused_at_rcpt: bool,
    pub name: Lowered,
}

impl Judged {
    fn line(&mut self, decision: &Decision<'_>, texts: &Texts) {
        self.ts = least(self.ts, decision.ts);
        self.client.update(decision.client);
        self.helo = either(decision.helo, self.helo);
        self.sender = either(self.sender, decision.sender);
        self.login = texts.max(self.login, decision.login);
        if decision.action.refuses() {
            self.refused = true;
            self.refused_by = either(self.refused_by, decision.by());
            if self.by_code == NO_NUMBER {
                self.by_code = decision.code();
            }
            if self.by_state == NULL {
                self.by_state = decision.state.word;
                self.refused_at_rcpt = decision.state.stage == Stage::Rcpt;
            }
        }
    }
}

/// The recipient that lines of one key are about now.
struct Named {
    judged: Place,
    /// It was refused: who names it once more does so in another mail.
    over: bool,
}

/// Recipients by key: unit, and a hash of what the line names in it.
#[derive(Default)]
pub struct Recipients {
    named: Map<(i64, u64), Named>,
    /// Position of each line that names a recipient, and which.
    pub lines: Vec<(i64, Place)>,
    pub judged: Vec<Judged>,
}

impl Recipients {
    /// Take a line; its recipient comes back. `mails` is what smtpd counted as MAIL commands of the session.
    pub fn line(
        &mut self,
        decision: &Decision<'_>,
        message: Place,
        mails: Option<i32>,
        texts: &mut Texts,
    ) -> Option<Place> {
        if !names_recipient(decision) {
            return None;
        }
        let Decision { position, session, message: message_id, .. } = *decision;
        let unit = [session, message_id, position].into_iter().find(|id| *id != NONE)?;
        let (sender, name) = (texts.lowered(decision.sender_text), texts.lowered(decision.recipient));
        let judged = &mut self.judged;
        let mut begin = || {
            judged.push(Judged {
                id: position,
                session,
                message,
                ts: NONE,
                client: Client::default(),
                helo: NULL,
                sender: NULL,
                login: NULL,
                refused_by: NULL,
                by_code: NO_NUMBER,
                by_state: NULL,
                refused: false,
                refused_at_rcpt: false,
                name,
            });
            judged.len() as Place - 1
        };
        let key = (unit, texts.hash((message_id, session, sender, name)));
        let named = self.named.entry(key).or_insert_with(|| Named { judged: begin(), over: false });
        if named.over {
            named.judged = begin();
        }
        let refused = decision.action.refuses() && decision.state.stage == Stage::Rcpt;
        named.over = refused && mails != Some(1);
        let place = named.judged;
        self.lines.push((position, place));
        self.judged[at(place)].line(decision, texts);
        Some(place)
    }
}
