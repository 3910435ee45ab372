//! Lives of queue ids: where a message begins, and what its client line says about where it came from.

use crate::names::{Held, NULL, Name, TextId, Texts};
use crate::rows::{QueueEvent, QueueStep};
use hashbrown::{HashMap, HashTable};
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Stands for null in the arrays of a running pass.
pub const NONE: i64 = -1;

/// Number of a (host, instance).
pub type PlaceId = u32;

/// So many mails that are over are remembered; `logtune/link.py` says why.
pub const KEPT: usize = 1 << 18;

/// One life of a queue file: a cache line.
pub struct Life {
    pub message: i64,
    pub session: i64,
    /// Position of its first line: no other life has the same.
    born: i64,
    queue_id: Name,
    place: PlaceId,
    /// Numbers in `Lives::origins`.
    client_addr: TextId,
    orig_queue_id: TextId,
    came: Came,
    /// Whether `Lives::presumed` has something about it.
    presumed: bool,
    /// No queue file came of it, unless the queue manager says otherwise.
    given_up: bool,
    progress: Progress,
}

/// How a mail came into the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    Unknown,
    /// By a client or a user of this machine.
    In,
    FromLoopback,
}

/// A life as others remember it, who do not notice when it is forgotten.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mail {
    number: u32,
    born: i64,
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
            born: message,
            queue_id,
            place,
            client_addr: NULL,
            orig_queue_id: NULL,
            came: Came::Unknown,
            presumed: false,
            given_up: false,
            progress: Progress::New,
        }
    }

    /// Whether `event` can only be the first sign of another file with this queue id.
    fn is_over(&self, event: Option<QueueEvent>) -> bool {
        match event {
            Some(QueueEvent::Client | QueueEvent::Pickup) => {
                self.came != Came::Unknown || self.progress > Progress::New
            }
            Some(QueueEvent::MessageId) => self.progress >= Progress::Active,
            Some(QueueEvent::Active) => self.progress == Progress::Ended,
            Some(QueueEvent::Removed | QueueEvent::Other) | None => false,
        }
    }

    /// Whether Postfix has no file of it any more.
    fn over(&self) -> bool {
        self.progress == Progress::Ended || (self.given_up && self.progress < Progress::Active)
    }
}

/// The current life of every queue id that is in use or was until a moment ago, by (host, instance, queue id).
pub struct Lives {
    lives: Vec<Life>,
    /// Numbers of lives that are forgotten.
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    /// Those that are over, as they came to an end, and how many of them are remembered.
    over: VecDeque<Mail>,
    kept: usize,
    /// Where mails came from: client addresses and queue ids of before.
    origins: Held,
    places: HashMap<(TextId, TextId), PlaceId, foldhash::fast::RandomState>,
    /// Most lines are of the place of the line before.
    last_place: Option<((TextId, TextId), PlaceId)>,
    /// Places of each host that have messages, in order of appearance.
    of_host: HashMap<TextId, Vec<PlaceId>, foldhash::fast::RandomState>,
    with_lives: Vec<bool>,
    presumed: HashMap<u32, Presumed, foldhash::fast::RandomState>,
}

/// Where a line was logged.
#[derive(Clone, Copy)]
pub struct At {
    pub host: TextId,
    pub place: PlaceId,
    pub position: i64,
}

impl Lives {
    /// Remembers so many mails that are over.
    pub fn new(kept: usize) -> Self {
        Self {
            lives: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            over: VecDeque::new(),
            kept,
            origins: Held::default(),
            places: HashMap::default(),
            last_place: None,
            of_host: HashMap::default(),
            with_lives: Vec::new(),
            presumed: HashMap::default(),
        }
    }

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

    pub fn get(&self, number: u32) -> Option<&Life> {
        slot(&self.lives, number)
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Life> {
        slot_mut(&mut self.lives, number)
    }

    /// A mail comes in by `session`; its message comes back, and how to find it again.
    pub fn begun(&mut self, number: u32, session: i64) -> Option<(i64, Mail)> {
        let life = self.get_mut(number)?;
        life.session = session;
        Some((life.message, Mail { number, born: life.born }))
    }

    /// Number of the life that a line with a queue id belongs to; `event` can begin another one.
    pub fn of_line(&mut self, at: At, queue_id: Name, event: Option<QueueEvent>) -> u32 {
        let hash = self.hasher.hash_one((at.place, queue_id));
        let begun = || Life::new(at.place, queue_id, at.position);
        if let Some(number) = self.number(hash, at.place, queue_id) {
            if self.get(number).is_some_and(|life| life.is_over(event)) {
                self.replace(number, begun());
            }
            return number;
        }
        let number = self.add(begun());
        let (lives, hasher) = (&self.lives, &self.hasher);
        self.index.insert_unique(hash, number, |&number| {
            slot(lives, number).map_or(0, |life| hasher.hash_one((life.place, life.queue_id)))
        });
        self.note(at);
        number
    }

    fn add(&mut self, life: Life) -> u32 {
        if let Some(number) = self.free.pop() {
            self.replace(number, life);
            return number;
        }
        self.lives.push(life);
        u32::try_from(self.lives.len() - 1).unwrap_or(u32::MAX)
    }

    fn number(&self, hash: u64, place: PlaceId, queue_id: Name) -> Option<u32> {
        let is = |life: &Life| life.queue_id == queue_id && life.place == place;
        self.index.find(hash, |&number| slot(&self.lives, number).is_some_and(is)).copied()
    }

    /// Put `life` in the place of another one, of which nothing stays.
    fn replace(&mut self, number: u32, life: Life) {
        let Some(place) = self.get_mut(number) else { return };
        let before = std::mem::replace(place, life);
        self.origins.release(before.client_addr);
        self.origins.release(before.orig_queue_id);
        if before.presumed {
            self.presumed.remove(&number);
        }
    }

    /// A life is over: it is remembered for a while only.
    fn end(&mut self, number: u32) {
        if let Some(born) = self.get(number).map(|life| life.born) {
            self.over.push_back(Mail { number, born });
        }
    }

    /// Let go of the mails that have been over for longest. No number of a life outlasts this.
    #[inline]
    pub fn forget_oldest(&mut self) {
        while self.over.len() > self.kept {
            let Some(mail) = self.over.pop_front() else { return };
            if self.find_mail(mail).is_some_and(Life::over) {
                self.forget(mail.number);
            }
        }
    }

    fn forget(&mut self, number: u32) {
        let Some((place, queue_id)) = self.get(number).map(|life| (life.place, life.queue_id)) else {
            return;
        };
        let hash = self.hasher.hash_one((place, queue_id));
        if let Ok(entry) = self.index.find_entry(hash, |&known| known == number) {
            entry.remove();
        }
        self.replace(number, Life { born: NONE, ..Life::new(place, queue_id, NONE) });
        self.free.push(number);
    }

    /// What `mail` is the life of, unless that was forgotten or another one has its queue id.
    fn find_mail(&self, mail: Mail) -> Option<&Life> {
        self.get(mail.number).filter(|life| life.born == mail.born)
    }

    /// Nothing came of a mail, unless the queue manager says otherwise.
    pub fn give_up(&mut self, number: u32) {
        if let Some(life) = self.get_mut(number) {
            life.given_up = true;
            self.end(number);
        }
    }

    /// A session goes on without its last mail. Of one that came whole, cleanup has logged the Message-ID.
    pub fn leave(&mut self, mail: Mail) {
        if self.find_mail(mail).is_some_and(|life| life.progress == Progress::New) {
            self.give_up(mail.number);
        }
    }

    /// A mail has `rows` of the table decisions, unless the queue manager names another sender than theirs.
    pub fn presume(&mut self, number: u32, sender: Option<Box<str>>, rows: Vec<usize>) {
        if let Some(life) = self.get_mut(number) {
            life.presumed = true;
            self.presumed.insert(number, Presumed { sender, rows });
        }
    }

    /// What is presumed of a mail, which is not any more.
    fn settle(&mut self, number: u32) -> Option<Presumed> {
        let life = self.get_mut(number).filter(|life| life.presumed)?;
        life.presumed = false;
        self.presumed.remove(&number)
    }

    /// A decision about the mail itself names `sender`.
    pub fn confirm<'s>(&mut self, number: u32, sender: impl FnOnce() -> Option<&'s str>) {
        let presumed = self.get(number).is_some_and(|life| life.presumed);
        if presumed && self.presumed.get(&number).is_some_and(|known| known.sender.as_deref() == sender()) {
            self.settle(number);
        }
    }

    /// The queue manager names the sender: lines of another one were of a mail before, which was given up.
    /// Their rows come back.
    pub fn verify<'s>(&mut self, number: u32, sender: impl FnOnce() -> Option<&'s str>) -> Vec<usize> {
        let is_presumed = self.get(number).is_some_and(|life| life.presumed);
        let sender = if is_presumed { sender() } else { None };
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
    pub fn step(
        &mut self,
        number: u32,
        place: PlaceId,
        event: QueueEvent,
        step: &QueueStep<'_>,
        texts: &Texts,
    ) {
        let before = match event {
            QueueEvent::Pickup => step.orig_queue_id().and_then(|id| self.find(place, texts.find_name(id)?)),
            _ => None,
        };
        let before = before.map(|life| (life.message, life.session));
        let Some(life) = slot_mut(&mut self.lives, number) else { return };
        match event {
            QueueEvent::Client => {
                let addr = step.client_addr();
                let loopback = addr.is_some_and(is_loopback);
                life.came = if loopback { Came::FromLoopback } else { Came::In };
                life.client_addr = self.origins.hold_or_null(addr);
                life.orig_queue_id = self.origins.hold_or_null(step.orig_queue_id());
            }
            QueueEvent::Pickup => {
                life.came = Came::In;
                if let Some((message, session)) = before {
                    life.message = message; // requeued: the same mail
                    life.session = session;
                }
            }
            QueueEvent::MessageId => life.progress = life.progress.max(Progress::MessageId),
            QueueEvent::Active => life.progress = life.progress.max(Progress::Active),
            QueueEvent::Removed => {
                life.progress = Progress::Ended;
                self.end(number);
            }
            QueueEvent::Other => {}
        }
    }

    fn find(&self, place: PlaceId, queue_id: Name) -> Option<&Life> {
        let hash = self.hasher.hash_one((place, queue_id));
        self.get(self.number(hash, place, queue_id)?)
    }

    /// The lives that `queue_id` has now on `host`.
    fn on_host(&self, host: TextId, queue_id: Name) -> impl Iterator<Item = &Life> {
        let places = self.of_host.get(&host).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(move |&place| self.find(place, queue_id))
    }

    /// The message that began last of those that have `queue_id` on `host`.
    pub fn last_on_host(&self, host: TextId, queue_id: Name) -> Option<i64> {
        self.on_host(host, queue_id).map(|life| life.message).max()
    }

    /// What local(8) forwarded a mail as: a file of the same instance that no client brought.
    pub fn forwarded(&self, place: PlaceId, queue_id: Name, since: i64) -> Option<&Life> {
        self.find(place, queue_id).filter(|life| life.message > since && life.came == Came::Unknown)
    }

    /// The life of `queue_id` on `host` that began after `since`, if its client line says it came from a filter.
    pub fn injected(&self, host: TextId, queue_id: Name, since: i64, from: From<'_>) -> Option<&Life> {
        let fits = |life: &&Life| {
            let Some(client_addr) = self.origins.get(life.client_addr) else { return false };
            if life.message <= since {
                return false;
            }
            match (self.origins.get(life.orig_queue_id), from.queue_id) {
                (Some(orig), Some(id)) => orig == id,
                _ => life.came == Came::FromLoopback || Some(client_addr) == from.addr,
            }
        };
        self.on_host(host, queue_id).find(fits)
    }
}

/// What is known of where a re-injected mail came from.
#[derive(Clone, Copy)]
pub struct From<'b> {
    /// Address of the filter.
    pub addr: Option<&'b str>,
    /// Queue id of the mail before; of one that a before-queue filter took there is none.
    pub queue_id: Option<&'b str>,
}

fn same_address(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

fn slot_mut(lives: &mut [Life], number: u32) -> Option<&mut Life> {
    usize::try_from(number).ok().and_then(|number| lives.get_mut(number))
}

fn slot(lives: &[Life], number: u32) -> Option<&Life> {
    usize::try_from(number).ok().and_then(|number| lives.get(number))
}

/// Whether `addr` is a loopback address; text that is no address is not.
fn is_loopback(addr: &str) -> bool {
    let without_zone = || addr.split('%').next().unwrap_or_default();
    if addr.starts_with("127.") {
        return without_zone().parse::<Ipv4Addr>().is_ok(); // 127.0.0.0/8
    }
    addr.starts_with(['0', ':'])
        && without_zone().parse::<Ipv6Addr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_small() {
        assert_eq!(size_of::<Life>(), 64);
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
