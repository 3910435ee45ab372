//! The twin of `known.sql`: every recipient there is, as numbers.

use crate::added::Added;
use crate::message_lines::{Message, Messages, Via};
use crate::numbers::{Groups, NONE, NOWHERE, Place, at};
use crate::rcpt::Judged;
use crate::session_facts::Sessions;
use crate::shown::Shown;
use crate::texts::{Lowered, NO_TEXT};

/// What a recipient is known from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// Decision lines name it: its place among those.
    Judged(Place),
    /// Deliveries do.
    Shown,
    /// No line names it: its mail stands for it.
    Stands,
}

pub struct Known {
    pub id: i64,
    pub session: i64,
    /// Place of the message.
    pub message: Place,
    pub ts: i64,
    pub name: Lowered,
    /// Of which mail of its session it is, is not told.
    pub unsure: bool,
    pub from: From,
}

/// No more of a mail are only counted: an id must not reach the next line.
const COUNTED_MOST: i64 = 60;

/// What smtpd counted as accepted recipients of a session, and what its mails show.
#[derive(Clone)]
struct Uncounted {
    /// Accepted recipients that lines show, and one for each mail that shows none.
    told: i64,
    /// First mail without deliveries.
    mail: Place,
    given_up: bool,
    not_given_up: bool,
}

/// `judged_of` and `tries_of` group by message. Those that Postfix added itself are among them until `added` is settled.
pub fn known(
    messages: &Messages,
    sessions: &Sessions,
    (judged, judged_of): (&[Judged], &Groups),
    shown: &[Shown],
    tries_of: &Groups,
    added: &mut Added,
) -> Vec<Known> {
    let rows = &messages.by_id.rows;
    let shown_of = Groups::new(rows.len(), shown.iter().map(|shown| shown.message));
    let mut known: Vec<Known> = judged.iter().enumerate().map(of_lines).collect();
    let nothing = Uncounted { told: 0, mail: NOWHERE, given_up: false, not_given_up: false };
    let mut uncounted = vec![nothing; sessions.by_id.rows.len()];
    let mut any = vec![false; uncounted.len()];
    for (place, message) in rows.iter().enumerate().filter(|(_, message)| by_smtpd(message)) {
        let place = place as Place;
        let lines = judged_of.of(place);
        let taken = lines.iter().filter(|&&line| !judged[at(line)].refused_at_rcpt).count();
        let taken = (taken + shown_of.of(place).len()) as i64;
        let stands = taken == 0 && lines.is_empty();
        if stands {
            known.push(of_mail(message, place, message.id, false));
        }
        any[at(message.in_session)] = true;
        let told = &mut uncounted[at(message.in_session)];
        told.told += taken + i64::from(stands);
        if tries_of.of(place).is_empty() {
            if told.mail == NOWHERE || rows[at(told.mail)].id > message.id {
                told.mail = place;
            }
            *(if message.aborted == Some(true) { &mut told.given_up } else { &mut told.not_given_up }) = true;
        }
    }
    let mut surplus = vec![0; uncounted.len()];
    for (session, told) in uncounted.iter().enumerate().filter(|(session, _)| any[*session]) {
        let begun = sessions.by_id.rows.get(session).is_some_and(|session| session.connect_ts != NONE);
        let Some(counted) = sessions.counted(session as Place).filter(|_| begun) else { continue };
        let left = i64::from(counted.rcpt_ok) - told.told;
        surplus[session] = (-left).max(0);
        if let Some(message) = rows.get(at(told.mail)) {
            let counted = 1..=left.min(COUNTED_MOST);
            let unsure = told.given_up && told.not_given_up;
            known.extend(counted.map(|number| of_mail(message, told.mail, message.id + number, unsure)));
        }
    }
    added.take(shown, messages, &surplus);
    known.extend(shown.iter().map(|shown| of_delivery(shown, rows)));
    known
}

fn by_smtpd(message: &Message) -> bool {
    message.via() == Some(Via::Smtpd) && message.session != NONE
}

fn of_lines((place, judged): (usize, &Judged)) -> Known {
    Known {
        id: judged.id,
        session: judged.session,
        message: judged.message,
        ts: judged.ts,
        name: judged.name,
        unsure: false,
        from: From::Judged(place as Place),
    }
}

fn of_mail(message: &Message, place: Place, id: i64, unsure: bool) -> Known {
    let (session, ts) = (message.session, message.first_ts());
    Known { id, session, message: place, ts, name: NO_TEXT, unsure, from: From::Stands }
}

fn of_delivery(shown: &Shown, messages: &[Message]) -> Known {
    Known {
        id: shown.id,
        session: messages[at(shown.message)].session,
        message: shown.message,
        ts: shown.ts,
        name: shown.given,
        unsure: false,
        from: From::Shown,
    }
}
