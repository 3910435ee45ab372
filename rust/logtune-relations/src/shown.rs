//! The twin of `shown.sql`: recipients that only the deliveries show.

use crate::message_lines::{Messages, Via};
use crate::numbers::{Groups, NONE, Place, at, least};
use crate::rcpt::Judged;
use crate::texts::{Lowered, NO_TEXT};
use crate::tries::Try;

/// A recipient of a mail that came by smtpd, by the address that was given in RCPT TO.
pub struct Shown {
    /// Position of its first delivery.
    pub id: i64,
    pub message: Place,
    pub given: Lowered,
    pub ts: i64,
}

/// `judged_of` and `tries_of` group by message.
pub fn shown(
    messages: &Messages,
    (judged, judged_of): (&[Judged], &Groups),
    (tries, tries_of): (&[Try], &Groups),
) -> Vec<Shown> {
    let mut shown = Vec::new();
    let (mut accepted, mut known, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (place, message) in messages.by_id.rows.iter().enumerate() {
        let place = place as Place;
        if message.via() != Some(Via::Smtpd) || message.session == NONE {
            continue;
        }
        let tries_of = || tries_of.of(place).iter().map(|&place| &tries[at(place)]);
        accepted.clear();
        let judged_of = judged_of.of(place).iter().map(|&place| &judged[at(place)]);
        accepted.extend(judged_of.filter(|judged| !judged.refused).map(|judged| judged.name));
        accepted.sort_unstable();
        let is_accepted = |name: Lowered| name != NO_TEXT && accepted.binary_search(&name).is_ok();
        known.clear();
        known.extend(
            tries_of().filter(|one| is_accepted(one.target) || is_accepted(one.given)).map(|one| one.given),
        );
        known.sort_unstable();
        rest.clear();
        let unknown = |one: &&Try| known.binary_search(&one.given).is_err();
        rest.extend(tries_of().filter(unknown).map(|one| (one.given, one.position, one.ts)));
        rest.sort_unstable();
        for lines in rest.chunk_by(|a, b| a.0 == b.0) {
            let ts = lines.iter().fold(NONE, |ts, line| least(ts, line.2));
            shown.push(Shown { id: lines[0].1, message: place, given: lines[0].0, ts });
        }
    }
    shown
}
