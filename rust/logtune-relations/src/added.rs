//! The part of `known.sql` that tells which recipients Postfix added itself (`always_bcc` and the like).
//!
//! Of each session as many as its deliveries show more than smtpd accepted. Those that stand in most mails of the log go
//! first, then the last ones of a mail: so what an earlier part of the log shows is only settled by its last one.

use crate::message_lines::Messages;
use crate::numbers::{Groups, Map, NOWHERE, Place, at};
use crate::shown::Shown;
use crate::texts::Lowered;
use std::cmp::Reverse;

/// Recipients of one session that only deliveries show, of which so many were added.
struct Undecided {
    surplus: usize,
    /// Address and id of each.
    shown: Vec<(Lowered, i64)>,
}

impl Undecided {
    /// Ids of those that were added.
    fn added(mut self, most: impl Fn(Lowered) -> bool) -> impl Iterator<Item = i64> {
        self.shown.sort_by_key(|&(given, id)| Reverse((most(given), id)));
        self.shown.into_iter().take(self.surplus).map(|(_, id)| id)
    }
}

/// What the parts of a log tell so far.
#[derive(Default)]
pub struct Added {
    /// In how many mails each address stands.
    mails: Map<Lowered, u32>,
    undecided: Vec<Undecided>,
}

impl Added {
    /// Take what a part shows; `surplus` counts by the place of the session.
    pub fn take(&mut self, shown: &[Shown], messages: &Messages, surplus: &[i64]) {
        for shown in shown {
            *self.mails.entry(shown.given).or_default() += 1;
        }
        let session = |shown: &Shown| messages.by_id.rows[at(shown.message)].in_session;
        let owner = |shown: &Shown| if surplus[at(session(shown))] > 0 { session(shown) } else { NOWHERE };
        if shown.iter().all(|shown| owner(shown) == NOWHERE) {
            return;
        }
        let of_session = Groups::new(surplus.len(), shown.iter().map(owner));
        let candidate = |place: &Place| (shown[at(*place)].given, shown[at(*place)].id);
        for (session, surplus) in surplus.iter().enumerate().filter(|(_, surplus)| **surplus > 0) {
            let shown: Vec<_> = of_session.of(session as Place).iter().map(candidate).collect();
            if !shown.is_empty() {
                let surplus = usize::try_from(*surplus).unwrap_or(usize::MAX);
                self.undecided.push(Undecided { surplus, shown });
            }
        }
    }

    /// Ids of all that were added, once the last part is taken.
    pub fn settle(&mut self) -> Vec<i64> {
        let most = self.mails.values().copied().max().unwrap_or(0);
        let stands_most = |given| self.mails.get(&given) == Some(&most);
        let mut added: Vec<i64> =
            std::mem::take(&mut self.undecided).into_iter().flat_map(|one| one.added(stands_most)).collect();
        added.sort_unstable();
        added
    }
}
