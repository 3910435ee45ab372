//! The twin of `known.sql`: every recipient there is, as numbers.

use crate::message_lines::{Message, Messages, Via};
use crate::numbers::{Groups, Map, NONE, NOWHERE, Place, at};
use crate::rcpt::Judged;
use crate::session_facts::Sessions;
use crate::shown::Shown;
use crate::texts::{Lowered, NO_TEXT};
use std::cmp::Reverse;

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

/// `judged_of` and `tries_of` group by message.
pub fn known(
    messages: &Messages,
    sessions: &Sessions,
    (judged, judged_of): (&[Judged], &Groups),
    shown: &[Shown],
    tries_of: &Groups,
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
    let added = added(shown, messages, &surplus);
    known.extend(
        shown.iter().zip(added).filter(|(_, added)| !added).map(|(shown, _)| of_delivery(shown, rows)),
    );
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

/// Which of `shown` Postfix added itself (`always_bcc` and the like): of each session as many as its `surplus` over what smtpd
/// accepted. Those that stand in most mails go first, then the last ones of a mail.
fn added(shown: &[Shown], messages: &Messages, surplus: &[i64]) -> Vec<bool> {
    let mut added = vec![false; shown.len()];
    let session = |shown: &Shown| messages.by_id.rows[at(shown.message)].in_session;
    let owner = |shown: &Shown| if surplus[at(session(shown))] > 0 { session(shown) } else { NOWHERE };
    if shown.iter().all(|shown| owner(shown) == NOWHERE) {
        return added;
    }
    let mut mails: Map<Lowered, u32> = Map::default();
    for shown in shown {
        *mails.entry(shown.given).or_default() += 1;
    }
    let most = mails.values().copied().max().unwrap_or(0);
    let of_session = Groups::new(surplus.len(), shown.iter().map(owner));
    for (session, surplus) in surplus.iter().enumerate().filter(|(_, surplus)| **surplus > 0) {
        let mut theirs = of_session.of(session as Place).to_vec();
        theirs.sort_by_key(|&place| {
            let shown = &shown[at(place)];
            Reverse((mails.get(&shown.given) == Some(&most), shown.id))
        });
        for place in theirs.into_iter().take(usize::try_from(*surplus).unwrap_or(usize::MAX)) {
            added[at(place)] = true;
        }
    }
    added
}
