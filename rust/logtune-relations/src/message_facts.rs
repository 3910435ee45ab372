//! The twin of `message_facts.sql` and `session_told.sql`: who took a mail, and how the mails of a session ended.

use crate::message_lines::{AcceptedAs, Message, Messages, Via};
use crate::numbers::{NONE, NOWHERE, Place, at};
use crate::session_facts::Sessions;
use crate::texts::Texts;

/// What the mails of a session tell, by the place of the session.
#[derive(Clone, Default)]
pub struct OfSession {
    /// Its last mail, `NONE` without mails.
    pub last_mail: i64,
    /// Mails by smtpd whose queue file became active.
    active: i32,
    by_smtpd: bool,
    pub accepted: i32,
    pub refused: i32,
    pub aborted: i32,
    /// A decision line names a recipient in it.
    pub judged: bool,
    /// Every DATA command belongs to a mail that was accepted or refused.
    pub no_data: Option<bool>,
}

/// Settles who took the mails; what those of each session tell comes back.
pub fn settle(messages: &mut Messages, sessions: &mut Sessions, texts: &Texts) -> Vec<OfSession> {
    for message in messages.by_id.rows.iter_mut().filter(|message| message.exists) {
        message.session = message.named_session();
        message.in_session = sessions.place(message.session);
    }
    let mut of_session =
        vec![OfSession { last_mail: NONE, ..OfSession::default() }; sessions.by_id.rows.len()];
    for message in messages.by_id.rows.iter().filter(|message| message.in_session != NOWHERE) {
        let told = &mut of_session[at(message.in_session)];
        told.last_mail = told.last_mail.max(message.id);
        if message.via() == Some(Via::Smtpd) {
            told.by_smtpd = true;
            told.active += i32::from(message.active);
        }
    }
    for message in messages.by_id.rows.iter_mut().filter(|message| message.exists) {
        let taken = taken(message, sessions, &of_session, texts);
        message.accepted_as = accepted_as(message, taken);
        message.aborted = aborted(message);
        if message.proxied {
            of_client(message, sessions);
        }
        if let Some(told) = of_session.get_mut(at(message.in_session)) {
            told.accepted += i32::from(message.accepted_as.is_some());
            told.refused += i32::from(message.refused);
            told.aborted += i32::from(message.aborted == Some(true));
        }
    }
    for (place, told) in of_session.iter_mut().enumerate().filter(|(_, told)| told.last_mail != NONE) {
        told.no_data = sessions.counted(place as Place).map(|counted| {
            i64::from(counted.data) <= i64::from(counted.data_ok.max(told.accepted)) + i64::from(told.refused)
                && (counted.data_ok == 0 || told.accepted > 0)
        });
    }
    of_session
}

/// Whether Postfix took a mail that it held or discarded. Such a mail leaves no line of its end: it counts as taken when
/// neither a reject nor the loss of the connection in DATA followed and the session finished more DATA commands than
/// its other mails account for.
fn taken(message: &Message, sessions: &Sessions, of_session: &[OfSession], texts: &Texts) -> bool {
    if !(message.held || message.discarded) || message.refused {
        return false;
    }
    let Some(session) = sessions.get(message.in_session) else { return true };
    let told = &of_session[at(message.in_session)];
    let in_data =
        texts.holds(session.lost_after, |state| matches!(state, "DATA" | "BDAT" | "END-OF-MESSAGE"));
    if session.lost != 0 && in_data && message.id == told.last_mail {
        return false;
    }
    let left_over = sessions.counted(message.in_session).filter(|_| told.by_smtpd);
    left_over.is_none_or(|counted| i64::from(counted.data_ok) - i64::from(told.active) > 0)
}

fn accepted_as(message: &Message, taken: bool) -> Option<AcceptedAs> {
    match message {
        Message { proxied: true, .. } => Some(AcceptedAs::Proxy),
        Message { active: true, .. } => Some(AcceptedAs::Active),
        Message { held: true, .. } if taken => Some(AcceptedAs::Held),
        _ if taken => Some(AcceptedAs::Discarded),
        _ => None,
    }
}

/// The client gave the mail up. Null where the log does not tell how the mail came.
fn aborted(message: &Message) -> Option<bool> {
    let not_taken = message.accepted_as.is_none() && !message.refused;
    if not_taken { message.via().map(|via| via == Via::Smtpd) } else { Some(false) }
}

/// Of a before-queue filter's mail the session tells the client and who logged in.
fn of_client(message: &mut Message, sessions: &Sessions) {
    let Some(session) = sessions.get(message.in_session) else { return };
    message.client = session.client().or(message.client);
    if message.login == 0 {
        message.login = crate::texts::either(session.login_of_mails, session.login_of_decisions);
    }
}
