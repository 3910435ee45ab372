//! smtpd's counters of a session's commands: `rcpt=2`, or `rcpt=1/2` (accepted/tried). The twin of the macros `tried` and
//! `done`.

use crate::numbers::{NOWHERE, Place};
use hashbrown::HashMap;

/// Commands that were tried, accepted or not; `_ok` those that were accepted. 0 where a command did not come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub helos: i32,
    pub greetings: i32,
    pub starttls: i32,
    pub quit: i32,
    pub rset: i32,
    pub mail: i32,
    pub rcpt: i32,
    pub rcpt_ok: i32,
    pub data: i32,
    pub data_ok: i32,
}

impl Counted {
    fn read(counters: &str) -> Self {
        let of = |command| count(counters, command);
        let tried = |command| of(command).1;
        let (helos, data, bdat) = (tried("helo"), of("data"), of("bdat"));
        Self {
            helos,
            greetings: helos.saturating_add(tried("ehlo")),
            starttls: tried("starttls"),
            quit: tried("quit"),
            rset: tried("rset"),
            mail: tried("mail"),
            rcpt: tried("rcpt"),
            rcpt_ok: of("rcpt").0,
            data: data.1.saturating_add(bdat.1),
            data_ok: data.0.saturating_add(bdat.0),
        }
    }
}

/// How often `command` was accepted and tried. What is no number, or too large for one, is 0.
fn count(counters: &str, command: &str) -> (i32, i32) {
    let number = |digits: &str| digits.parse().unwrap_or(0);
    for (begin, _) in counters.match_indices(command) {
        let before = counters[..begin].bytes().last();
        let Some(rest) = counters[begin + command.len()..].strip_prefix('=') else { continue };
        let done = digits(rest);
        if before.is_none_or(|byte| byte == b' ') && !done.is_empty() {
            let tried = rest[done.len()..].strip_prefix('/').map_or("", digits);
            return (number(done), number(if tried.is_empty() { done } else { tried }));
        }
    }
    (0, 0)
}

fn digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

/// A busy server has a few hundred different counters: each is read once.
#[derive(Default)]
pub struct Counters {
    places: HashMap<Box<str>, Place, foldhash::fast::RandomState>,
    all: Vec<Counted>,
}

impl Counters {
    pub fn place(&mut self, counters: &str) -> Place {
        if let Some(&place) = self.places.get(counters) {
            return place;
        }
        self.all.push(Counted::read(counters));
        let place = self.all.len() as Place - 1;
        self.places.insert(counters.into(), place);
        place
    }

    pub fn get(&self, place: Place) -> Option<&Counted> {
        if place == NOWHERE { None } else { self.all.get(place as usize) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_as_smtpd_writes_them() {
        let read =
            Counted::read("ehlo=2 starttls=1 mail=1 rcpt=1/3 bdat=1 data=0/1 rset=1 quit=1 commands=7/10");
        let expected = Counted {
            helos: 0,
            greetings: 2,
            starttls: 1,
            quit: 1,
            rset: 1,
            mail: 1,
            rcpt: 3,
            rcpt_ok: 1,
            data: 2,
            data_ok: 1,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_count_is_not_taken_for_one() {
        assert_eq!(count("xrcpt=1 rcpt=x rcpt=5/", "rcpt"), (5, 5));
        assert_eq!(count("rcpt=99999999999/2", "rcpt"), (0, 2));
        assert_eq!(count("", "rcpt"), (0, 0));
    }
}
