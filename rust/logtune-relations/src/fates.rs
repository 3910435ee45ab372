//! The twin of `fates.sql`: what became of each recipient's mail, by its deliveries.

use crate::known::{From, Known};
use crate::message_lines::{Message, Messages};
use crate::numbers::{Groups, Map, NOWHERE, Place, at};
use crate::texts::{Lowered, NO_TEXT};
use crate::tries::{Ending, Try};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Delivered,
    Bounced,
    Expired,
    Discarded,
    Held,
    Waiting,
    Unknown,
}

/// What the deliveries tell of a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    pub fate: Option<Fate>,
    /// How many content filters the mail went through.
    pub hops: i32,
    /// The message in which it was seen last, `NOWHERE` if it was not injected again.
    pub last: Place,
}

/// More than any sane chain of filters.
const HOPS_MOST: i32 = 4;

/// A mail and the address by which a delivery of it may go.
type Seen = (Place, Lowered);

/// The tries of each message by name: an address after aliases, or before.
struct Names<'t> {
    tries: &'t [Try],
    ends: Vec<u32>,
    names: Vec<(Lowered, Place)>,
}

impl<'t> Names<'t> {
    fn new(tries: &'t [Try], of_message: &Groups, messages: usize) -> Self {
        let mut all =
            Self { tries, ends: Vec::with_capacity(messages), names: Vec::with_capacity(tries.len()) };
        for message in 0..messages {
            let begin = all.names.len();
            for &place in of_message.of(message as Place) {
                let Try { target, given, .. } = tries[at(place)];
                let names = [target, if given == target { NO_TEXT } else { given }];
                all.names.extend(names.into_iter().filter(|name| *name != NO_TEXT).map(|name| (name, place)));
            }
            all.names[begin..].sort_unstable();
            all.ends.push(all.names.len() as u32);
        }
        all
    }

    /// The tries of a message that go by a name.
    fn of(&self, (message, name): Seen) -> impl Iterator<Item = &'t Try> {
        let begin = if message == 0 { 0 } else { self.ends[at(message) - 1] as usize };
        let names = &self.names[begin..self.ends[at(message)] as usize];
        let from = names.partition_point(|(other, _)| *other < name);
        let found = names[from..].iter().take_while(move |(other, _)| *other == name);
        let tries = self.tries;
        found.map(move |(_, place)| &tries[at(*place)])
    }
}

/// The last try of each address of each message.
#[derive(Default)]
struct Endings {
    tries: Vec<(Place, Lowered, i64, Ending)>,
}

impl Endings {
    fn add(&mut self, one: &Try) {
        if one.successor == NOWHERE {
            self.tries.push((one.message, one.target, one.position, one.ending));
        }
    }

    fn last(&mut self) -> impl Iterator<Item = (Place, Ending)> + Clone {
        self.tries.sort_unstable();
        let addresses = self.tries.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        addresses.filter_map(|lines| lines.last()).map(|last| (last.0, last.3))
    }
}

/// What the deliveries tell of each of `known`, in its order.
pub fn fates(known: &[Known], messages: &Messages, tries: &[Try], tries_of: &Groups) -> Vec<Told> {
    let names = Names::new(tries, tries_of, messages.by_id.rows.len());
    let mut of_mails: Map<Place, Option<Fate>> = Map::default();
    let mut endings = Endings::default();
    let mut tell = |known: &Known| {
        if known.message == NOWHERE {
            return Told { fate: None, hops: 0, last: NOWHERE };
        }
        endings.tries.clear();
        let (hops, last) =
            if known.name == NO_TEXT { (0, NOWHERE) } else { follow(known, &names, messages, &mut endings) };
        let mut fate = fate(&mut endings, messages);
        if fate.is_none() && known.from != From::Stands {
            let place = if last == NOWHERE { known.message } else { last };
            fate = *of_mails.entry(place).or_insert_with(|| of_mail(tries, tries_of.of(place)));
        }
        Told { fate, hops, last }
    };
    known.iter().map(&mut tell).collect()
}

/// Follow a recipient along re-injections: how often, and the message in which it was seen last. Gathers the tries that
/// no re-injection followed.
fn follow(known: &Known, names: &Names<'_>, messages: &Messages, endings: &mut Endings) -> (i32, Place) {
    let id = |place: Place| messages.by_id.rows[at(place)].id;
    let mut seen: Vec<Seen> = vec![(known.message, known.name)];
    let (mut hops, mut last) = (0, NOWHERE);
    loop {
        let mut onward = Vec::new();
        for place in seen.into_iter().filter(|(_, name)| *name != NO_TEXT) {
            for one in names.of(place) {
                endings.add(one);
                if one.successor != NOWHERE && hops < HOPS_MOST {
                    onward.push((one.successor, one.target));
                }
            }
        }
        onward.sort_unstable();
        onward.dedup();
        let Some(latest) = onward.iter().map(|(message, _)| *message).max_by_key(|place| id(*place)) else {
            return (hops, last);
        };
        hops += 1;
        last = latest;
        seen = onward;
    }
}

/// What became of all addresses together; none where no line tells.
fn fate(endings: &mut Endings, messages: &Messages) -> Option<Fate> {
    let all = endings.last().map(|(message, ending)| (&messages.by_id.rows[at(message)], ending));
    let any = |test: fn(&Message, Ending) -> bool| all.clone().any(|(message, ending)| test(message, ending));
    all.clone().next()?;
    let bounced =
        |message: &Message, ending| matches!(ending, Ending::Bounced | Ending::Expired) && !message.expired;
    Some(if any(|_, ending| ending == Ending::Sent) {
        Fate::Delivered
    } else if any(bounced) {
        Fate::Bounced
    } else if any(|message, ending| message.expired || ending == Ending::Expired) {
        Fate::Expired
    } else if any(|_, ending| ending == Ending::Discarded) {
        Fate::Discarded
    } else if any(|message, _| message.removed_ts == crate::numbers::NONE) {
        Fate::Waiting
    } else {
        Fate::Unknown
    })
}

/// Where a filter or an alias renamed the recipient: what became of all of the mail, if it is one thing.
fn of_mail(tries: &[Try], of_message: &[Place]) -> Option<Fate> {
    let mut endings = Endings::default();
    of_message.iter().for_each(|&place| endings.add(&tries[at(place)]));
    let mut all = endings.last().map(|(_, ending)| ending);
    if all.clone().next().is_none() {
        None
    } else if all.clone().all(|ending| ending == Ending::Sent) {
        Some(Fate::Delivered)
    } else {
        all.all(|ending| matches!(ending, Ending::Bounced | Ending::Expired)).then_some(Fate::Bounced)
    }
}
