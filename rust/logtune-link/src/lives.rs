//! Lives of queue ids: where a message begins, and what its client line says about where it came from.

use crate::names::{NULL, Name, TextId, Texts};
use crate::rows::{QueueEvent, QueueStep};
use hashbrown::hash_table::Entry;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Stands for null in the arrays of a running pass.
pub const NONE: i64 = -1;

/// Number of a (host, instance).
pub type PlaceId = u32;

/// One life of a queue file. There is one of these per queue id for the whole pass, so it is kept small.
pub struct Life {
    pub message: i64,
    pub session: i64,
    place: PlaceId,
    queue_id: Name,
    client_addr: TextId,
    orig_queue_id: TextId,
    loopback: bool,
    by_client: bool,
    /// Whether `Lives::presumed` has something about it.
    presumed: bool,
    progress: Progress,
}

/// Decisions that a mail was given without certainty, and the sender that they name.
struct Presumed {
    sender: Option<Box<str>>,
    rows: Vec<usize>,
}

/// How far a queue file has come, by the furthest sign of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    New,
    MessageId,
    Active,
    Ended,
}

impl Life {
    fn new(place: PlaceId, queue_id: Name, message: i64) -> Self {
        Self {
            message,
            session: NONE,
            place,
            queue_id,
            client_addr: NULL,
            orig_queue_id: NULL,
            loopback: false,
            by_client: false,
            presumed: false,
            progress: Progress::New,
        }
    }

    /// Whether `event` can only be the first sign of another file with this queue id.
    fn is_over(&self, event: Option<QueueEvent>) -> bool {
        match event {
            Some(QueueEvent::Client | QueueEvent::Pickup) => self.by_client || self.progress > Progress::New,
            Some(QueueEvent::MessageId) => self.progress >= Progress::Active,
            Some(QueueEvent::Active) => self.progress == Progress::Ended,
            Some(QueueEvent::Removed | QueueEvent::Other) | None => false,
        }
    }
}

/// The current life of every queue id, found by (host, instance, queue id).
#[derive(Default)]
pub struct Lives {
    lives: Vec<Life>,
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    places: HashMap<(TextId, TextId), PlaceId, foldhash::fast::RandomState>,
    /// Most lines are of the place of the line before.
    last_place: Option<((TextId, TextId), PlaceId)>,
    /// Places of each host that have messages, in order of appearance.
    of_host: HashMap<TextId, Vec<PlaceId>, foldhash::fast::RandomState>,
    with_lives: Vec<bool>,
    presumed: HashMap<usize, Presumed, foldhash::fast::RandomState>,
}

/// Where a line was logged.
#[derive(Clone, Copy)]
pub struct At {
    pub host: TextId,
    pub place: PlaceId,
    pub position: i64,
}

impl Lives {
    #[inline]
    pub fn place(&mut self, host: TextId, instance: TextId) -> PlaceId {
        if let Some((known, place)) = self.last_place {
            if known == (host, instance) {
                return place;
            }
        }
        // as many as texts at most, see Texts::id
        let next = PlaceId::try_from(self.places.len()).unwrap_or(PlaceId::MAX);
        let place = *self.places.entry((host, instance)).or_insert(next);
        self.last_place = Some(((host, instance), place));
        place
    }

    pub fn get(&self, number: usize) -> Option<&Life> {
        self.lives.get(number)
    }

    /// A mail comes in by `session`; its message comes back.
    pub fn begun(&mut self, number: usize, session: i64) -> Option<i64> {
        let life = self.lives.get_mut(number)?;
        life.session = session;
        Some(life.message)
    }

    /// Number of the life that a line with a queue id belongs to; `event` can begin another one.
    pub fn of_line(&mut self, at: At, queue_id: Name, event: Option<QueueEvent>) -> usize {
        let (lives, hasher) = (&self.lives, &self.hasher);
        let key = |number: u32| slot(lives, number).map(|life| (life.place, life.queue_id));
        let entry = self.index.entry(
            hasher.hash_one((at.place, queue_id)),
            |&number| key(number) == Some((at.place, queue_id)),
            |&number| hasher.hash_one(key(number).unwrap_or((0, queue_id))),
        );
        match entry {
            Entry::Occupied(found) => {
                let number = usize::try_from(*found.get()).unwrap_or(usize::MAX);
                if let Some(life) = self.lives.get_mut(number).filter(|life| life.is_over(event)) {
                    *life = Life::new(at.place, queue_id, at.position);
                }
                number
            }
            Entry::Vacant(place) => {
                let number = self.lives.len();
                place.insert(u32::try_from(number).unwrap_or(u32::MAX));
                self.lives.push(Life::new(at.place, queue_id, at.position));
                self.note(at);
                number
            }
        }
    }

    /// A mail has `rows` of the table decisions, unless the queue manager names another sender than theirs.
    pub fn presume(&mut self, number: usize, sender: Option<Box<str>>, rows: Vec<usize>) {
        if let Some(life) = self.lives.get_mut(number) {
            life.presumed = true;
            self.presumed.insert(number, Presumed { sender, rows });
        }
    }

    /// What is presumed of a mail, which is not any more.
    fn settle(&mut self, number: usize) -> Option<Presumed> {
        let life = self.lives.get_mut(number).filter(|life| life.presumed)?;
        life.presumed = false;
        self.presumed.remove(&number)
    }

    /// A decision about the mail itself names `sender`.
    pub fn confirm(&mut self, number: usize, sender: Option<&str>) {
        let presumed = self.lives.get(number).is_some_and(|life| life.presumed);
        if presumed && self.presumed.get(&number).is_some_and(|known| known.sender.as_deref() == sender) {
            self.settle(number);
        }
    }

    /// The queue manager names the sender: lines of another one were of a mail before, which was given up.
    /// Their rows come back.
    pub fn verify(&mut self, number: usize, sender: Option<&str>) -> Vec<usize> {
        let presumed = sender.and_then(|sender| Some((sender, self.settle(number)?)));
        match presumed {
            Some((sender, presumed)) if !same_address(presumed.sender.as_deref().unwrap_or(""), sender) => {
                presumed.rows
            }
            _ => Vec::new(),
        }
    }

    /// Remember that messages live at a place.
    fn note(&mut self, at: At) {
        let index = usize::try_from(at.place).unwrap_or(usize::MAX);
        if self.with_lives.len() <= index {
            self.with_lives.resize(self.places.len().max(index.saturating_add(1)), false);
        }
        if let Some(known) = self.with_lives.get_mut(index).filter(|known| !**known) {
            *known = true;
            self.of_host.entry(at.host).or_default().push(at.place);
        }
    }

    /// Take what a line of the table queue says about its life.
    pub fn step(&mut self, number: usize, place: PlaceId, step: &QueueStep<'_>, texts: &mut Texts) {
        let before = match step.event {
            QueueEvent::Pickup => step.orig_queue_id.and_then(|id| self.find(place, texts.find_name(id)?)),
            _ => None,
        };
        let before = before.map(|life| (life.message, life.session));
        let Some(life) = self.lives.get_mut(number) else { return };
        match step.event {
            QueueEvent::Client => {
                life.by_client = true;
                life.client_addr = texts.id_or_null(step.client_addr);
                life.loopback = step.client_addr.is_some_and(is_loopback);
                life.orig_queue_id = texts.id_or_null(step.orig_queue_id);
            }
            QueueEvent::Pickup => {
                life.by_client = true;
                if let Some((message, session)) = before {
                    life.message = message; // requeued: the same mail
                    life.session = session;
                }
            }
            QueueEvent::MessageId => life.progress = life.progress.max(Progress::MessageId),
            QueueEvent::Active => life.progress = life.progress.max(Progress::Active),
            QueueEvent::Removed => life.progress = Progress::Ended,
            QueueEvent::Other => {}
        }
    }

    fn find(&self, place: PlaceId, queue_id: Name) -> Option<&Life> {
        let is = |life: &Life| life.place == place && life.queue_id == queue_id;
        let hash = self.hasher.hash_one((place, queue_id));
        let number = self.index.find(hash, |&number| slot(&self.lives, number).is_some_and(is))?;
        slot(&self.lives, *number)
    }

    /// What local(8) forwarded a mail as: a file of the same instance that no client brought.
    pub fn forwarded(&self, place: PlaceId, queue_id: Name, since: i64) -> Option<&Life> {
        self.find(place, queue_id).filter(|life| life.message > since && !life.by_client)
    }

    /// The life of `queue_id` on `host` that began after `since`, if its client line says it came from a filter.
    pub fn injected(&self, host: TextId, queue_id: Name, since: i64, from: From) -> Option<&Life> {
        let fits = |life: &&Life| {
            if life.message <= since || !life.by_client || life.client_addr == NULL {
                return false;
            }
            match (life.orig_queue_id, from.queue_id) {
                (NULL, _) | (_, Origin::Unknown) => life.loopback || Some(life.client_addr) == from.addr,
                (orig, Origin::QueueId(id)) => Some(orig) == id,
            }
        };
        let places = self.of_host.get(&host)?;
        places.iter().filter_map(|&place| self.find(place, queue_id)).find(fits)
    }
}

/// What is known of where a re-injected mail came from.
#[derive(Clone, Copy)]
pub struct From {
    /// Address of the filter, if any life came from it.
    pub addr: Option<TextId>,
    pub queue_id: Origin,
}

/// Queue id of a mail before its re-injection.
#[derive(Clone, Copy)]
pub enum Origin {
    /// The sender of the mail has none: a before-queue filter.
    Unknown,
    /// Its number in `Texts`, if any client line named it.
    QueueId(Option<TextId>),
}

fn same_address(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

fn slot(lives: &[Life], number: u32) -> Option<&Life> {
    usize::try_from(number).ok().and_then(|number| lives.get(number))
}

/// Whether `addr` is a loopback address; text that is no address is not.
fn is_loopback(addr: &str) -> bool {
    let addr = addr.split('%').next().unwrap_or_default();
    match addr.as_bytes().first() {
        Some(b'1') => addr.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        Some(b'0' | b':') => addr.parse::<Ipv6Addr>().is_ok_and(|ip| ip.to_canonical().is_loopback()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_small() {
        assert_eq!(size_of::<Life>(), 48);
    }

    #[test]
    fn loopback_is_told_as_the_reference_tells_it() {
        for addr in [
            "127.0.0.1",
            "127.255.1.2",
            "::1",
            "0:0:0:0:0:0:0:1",
            "::0.0.0.1",
            "127.0.0.1%x",
            "::1%lo",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_loopback(addr), "{addr}");
        }
        for addr in ["", "unknown", "127.1", "127.0.0.01", "::2", "192.0.2.1", "1::", "[::1]"] {
            assert!(!is_loopback(addr), "{addr}");
        }
    }
}
