//! The open session of each smtpd process, and its decisions that still wait for a queue id.

use crate::columns::Cell;
use crate::lives::{Mail, NONE, PlaceId};
use crate::names::TextId;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;
use std::ops::Range;

/// Which smtpd process: place and service, process id and whether there is one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process(u64, u64);

impl Process {
    pub fn new(place: PlaceId, service: TextId, pid: Option<i32>) -> Self {
        let pid = pid.map_or(0, |pid| 1 << 32 | u64::from(pid as u32));
        Self(u64::from(place) << 32 | u64::from(service), pid)
    }
}

/// The open session of each process. One that ends leaves its room to the next one.
#[derive(Default)]
pub struct Sessions {
    sessions: Vec<Session>,
    ended: Vec<usize>,
    open: HashMap<Process, usize, foldhash::fast::RandomState>,
}

impl Sessions {
    /// Number of the open session of a process.
    pub fn find(&self, process: Process) -> Option<usize> {
        self.open.get(&process).copied()
    }

    pub fn get_mut(&mut self, number: usize) -> Option<&mut Session> {
        self.sessions.get_mut(number)
    }

    /// A process begins the session `session`; another one that it had is over.
    pub fn begin(&mut self, process: Process, session: i64, whole: bool) -> usize {
        self.end(process);
        let number = self.ended.pop().unwrap_or(self.sessions.len());
        match self.sessions.get_mut(number) {
            Some(room) => room.begin(session, whole),
            None => self.sessions.push(Session::new(session, whole)),
        }
        self.open.insert(process, number);
        number
    }

    pub fn end(&mut self, process: Process) {
        self.ended.extend(self.open.remove(&process));
    }
}

/// Sender and recipient of a line.
type Named<'t> = (Option<&'t str>, Option<&'t str>);

/// Where a text stands in `Session::texts`.
type Kept = Option<Range<usize>>;

/// Memory of a session that is over is used again, up to so many bytes of text, or lines.
const ROOM: usize = 1 << 10;

/// A decision line that has no queue id yet.
struct Waiting {
    index: usize,
    named: (Kept, Kept),
    reason: Kept,
    judged: bool,
    at_mail: bool,
}

/// A decision about a mail that has no queue id yet.
pub struct Unnamed<'t> {
    pub index: usize,
    pub named: Named<'t>,
    pub reason: Option<&'t str>,
    pub refused: bool,
    /// Nothing was refused by it, and it names a recipient: the queue file that follows is its mail's.
    pub judged: bool,
    /// Logged at MAIL, so it stands before all others of its mail.
    pub at_mail: bool,
}

/// What waited for a mail.
#[derive(Default, Debug, PartialEq)]
pub struct Adopted {
    /// Rows of the table decisions.
    pub rows: Vec<usize>,
    /// What they are only presumed to be of: a mail of this sender.
    pub presumed: Option<Option<Box<str>>>,
}

/// The open session of one smtpd process.
pub struct Session {
    pub session: i64,
    waiting: Vec<Waiting>,
    texts: String,
    /// What was refused among those waiting.
    refused: HashTable<(Kept, Kept)>,
    hasher: foldhash::fast::RandomState,
    /// The mail that a before-queue filter has: position of its client line.
    pub proxied: i64,
    pub proxied_rows: Vec<Cell>,
    /// The last mail with a queue file.
    pub mail: Option<Mail>,
    pub clients: u64,
    /// Whether the log shows its connect line.
    pub whole: bool,
}

impl Session {
    pub fn new(session: i64, whole: bool) -> Self {
        Self {
            session,
            waiting: Vec::new(),
            texts: String::new(),
            refused: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            proxied: NONE,
            proxied_rows: Vec::new(),
            mail: None,
            clients: 0,
            whole,
        }
    }

    /// Another session begins in the room of this one, which was none that took unusually much.
    fn begin(&mut self, session: i64, whole: bool) {
        if self.texts.capacity() > ROOM || self.waiting.capacity().max(self.proxied_rows.capacity()) > ROOM {
            *self = Self::new(session, whole);
            return;
        }
        self.settle();
        self.end_proxied();
        (self.session, self.mail, self.clients, self.whole) = (session, None, 0, whole);
    }

    fn text(&self, kept: &Kept) -> Option<&str> {
        text(&self.texts, kept)
    }

    fn named(&self, line: &Waiting) -> Named<'_> {
        named(&self.texts, &line.named)
    }

    fn keep(&mut self, text: Option<&str>) -> Kept {
        text.map(|text| {
            let begin = self.texts.len();
            self.texts.push_str(text);
            begin..self.texts.len()
        })
    }

    /// Keep a line until its mail has a queue id.
    pub fn wait(&mut self, line: &Unnamed<'_>) {
        let Unnamed { index, named: names, refused, judged, at_mail, .. } = *line;
        let hash = if refused || !self.refused.is_empty() { self.hasher.hash_one(names) } else { 0 };
        if at_mail {
            self.begin_mail(line);
        } else if self.is_next_mail(hash, names) {
            self.settle();
        }
        let kept = (self.keep(names.0), self.keep(names.1));
        let reason = self.keep(line.reason);
        if refused {
            let (texts, hasher) = (&self.texts, &self.hasher);
            self.refused.insert_unique(hash, kept.clone(), |known| hasher.hash_one(named(texts, known)));
        }
        self.waiting.push(Waiting { index, named: kept, reason, judged, at_mail });
    }

    /// A line logged at MAIL ends what was before: inside a mail, smtpd answers MAIL without judging it (`mail_cmd`).
    ///
    /// Only lines of the same command stay: about the same sender, each for another reason.
    fn begin_mail(&mut self, line: &Unnamed<'_>) {
        let same = self.waiting.iter().all(|known| known.at_mail && self.named(known) == line.named);
        let said = self.waiting.iter().any(|known| self.text(&known.reason) == line.reason);
        if !same || (said && !three_in_one(&[line.reason])) {
            self.settle();
        }
        self.end_proxied();
    }

    /// The before-queue filter has no mail any more.
    pub fn end_proxied(&mut self) {
        self.proxied = NONE;
        self.proxied_rows.clear();
    }

    /// Whether a line that names `names` is of another mail than those waiting: it was refused there already.
    ///
    /// A client may name it twice in one mail. Where MAIL was warned about, the next mail would be, too.
    fn is_next_mail(&self, hash: u64, names: Named<'_>) -> bool {
        let refused = self.refused.find(hash, |known| named(&self.texts, known) == names).is_some();
        refused && !self.waiting.iter().any(|line| line.at_mail && self.named(line).0 == names.0)
    }

    /// Nothing waits any more.
    pub fn settle(&mut self) {
        self.waiting.clear();
        self.texts.clear();
        self.refused.clear();
    }

    /// Keep what was said about the last recipient, and of that the last time, where the same was said before.
    pub fn keep_last(&mut self) {
        let mut lines = std::mem::take(&mut self.waiting);
        if let Some(last) = lines.last().map(|line| self.named(line)) {
            let same: Vec<bool> = lines.iter().map(|line| self.named(line) == last).collect();
            let mut same = same.into_iter();
            lines.retain(|_| same.next().unwrap_or(false));
        }
        lines.drain(..lines.len() - self.last_time(&lines));
        self.waiting = lines;
    }

    /// How many of `lines`, at their end, are of the last time that the same was said.
    fn last_time(&self, lines: &[Waiting]) -> usize {
        let reasons: Vec<Option<&str>> = lines.iter().map(|line| self.text(&line.reason)).collect();
        let mut said = reasons.as_slice();
        while said.len() >= 2 && said.len() % 2 == 0 && !three_in_one(said) {
            let (before, after) = said.split_at(said.len() / 2);
            if before != after {
                break;
            }
            said = after;
        }
        said.len()
    }

    /// The lines that wait and have the sender of the last of them; nothing waits any more.
    pub fn adopted(&mut self) -> Adopted {
        let Some(last) = self.waiting.last() else { return Adopted::default() };
        let sender = self.named(last).0;
        let same = |line: &&Waiting| self.named(line).0 == sender;
        let rows = self.waiting.iter().filter(same).map(|line| line.index).collect();
        let presumed = (!last.judged).then(|| sender.map(Box::from));
        self.settle();
        Adopted { rows, presumed }
    }
}

fn text<'t>(texts: &'t str, kept: &Kept) -> Option<&'t str> {
    kept.as_ref().and_then(|range| texts.get(range.clone()))
}

fn named<'t>(texts: &'t str, (sender, recipient): &(Kept, Kept)) -> Named<'t> {
    (text(texts, sender), text(texts, recipient))
}

/// Whether one text stands for up to three restrictions: each HELO restriction says this of a bad literal.
fn three_in_one(reasons: &[Option<&str>]) -> bool {
    reasons.iter().all(|reason| reason.is_some_and(|text| text.ends_with("invalid ip address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(lines: &[(&str, &str, &str, bool)]) -> Session {
        let mut session = Session::new(1, true);
        for (index, &(sender, recipient, reason, refused)) in lines.iter().enumerate() {
            let (named, reason) = ((Some(sender), Some(recipient)), Some(reason));
            session.wait(&Unnamed { index, named, reason, refused, judged: !refused, at_mail: false });
        }
        session
    }

    fn judged(rows: &[usize]) -> Adopted {
        Adopted { rows: rows.to_vec(), presumed: None }
    }

    #[test]
    fn a_mail_adopts_the_lines_of_its_sender() {
        let mut session = waiting(&[
            ("a@a.example", "r@example.com", "no", false),
            ("b@a.example", "r@example.com", "no", false),
            ("b@a.example", "s@example.com", "no", false),
        ]);
        assert_eq!(session.adopted(), judged(&[1, 2]));
        assert_eq!(session.adopted(), Adopted::default());
    }

    #[test]
    fn a_refused_recipient_that_is_named_again_is_of_the_next_mail() {
        let line = ("a@a.example", "r@example.com", "no", true);
        let mut session = waiting(&[line, ("a@a.example", "s@example.com", "no", false), line]);
        assert_eq!(session.adopted(), Adopted { rows: vec![2], presumed: Some(Some("a@a.example".into())) });
    }

    #[test]
    fn what_was_said_twice_was_said_of_two_mails() {
        let said = |reason| ("a@a.example", "r@example.com", reason, false);
        let mut session = waiting(&[said("one"), said("two"), said("one"), said("two")]);
        session.keep_last();
        assert_eq!(session.adopted(), judged(&[2, 3]));
        let mut session = waiting(&[said("invalid ip address"), said("invalid ip address")]);
        session.keep_last();
        assert_eq!(session.adopted(), judged(&[0, 1]));
        let mut session = waiting(&[said("one"), said("two"), said("one")]);
        session.keep_last();
        assert_eq!(session.adopted(), judged(&[0, 1, 2]));
    }
}
