//! Any order of lines of few processes about few mails.
//!
//! Two bytes of the input are a line: which one, and whose. Text as such is the business of `parse_block`.

use crate::Chance;
use crate::cells::{Cell, Tables, append, cells, numbers};
use logtune_link::Linker;
use logtune_parse::parse_block;
use std::collections::{BTreeMap, BTreeSet};

/// Longer inputs say nothing new, and take long.
const LINES_LIMIT: usize = 60;

/// So many mails that are over are remembered: as many as there are, none, one or a few.
const KEPT: [usize; 4] = [LINES_LIMIT, 0, 1, 3];

/// Cuts of each input into blocks.
const CUTS: usize = 2;

/// What the pass looks at, with names for whose it is.
const TEXTS: [&str; 34] = [
    "smtpd[{pid}]: connect from a.example[{addr}]",
    "smtpd[{pid}]: NOQUEUE: client=a.example[{addr}]",
    "smtpd[{pid}]: {id}: client=a.example[{addr}]",
    "smtpd[{pid}]: {id}: client=localhost[127.0.0.1], orig_queue_id={other}, orig_client=a.example[{addr}]",
    "smtpd[{pid}]: {id}: client=a.example[{addr}], sasl_method=PLAIN, sasl_username=jane",
    "smtpd[{pid}]: NOQUEUE: reject_warning: RCPT from a.example[{addr}]: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: NOQUEUE: reject: RCPT from a.example[{addr}]: 550 5.1.1 <r@example.com>: Recipient address rejected: User unknown; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: NOQUEUE: reject: MAIL from a.example[{addr}]: 550 5.7.1 <{sender}>: Sender address rejected: Access denied; from=<{sender}> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: NOQUEUE: reject_warning: EHLO from a.example[{addr}]: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; proto=SMTP helo=<a>",
    "smtpd[{pid}]: {id}: reject_warning: DATA from a.example[{addr}]: 503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining; from=<{sender}> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as {other}; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: warning: a.example[{addr}]: SASL PLAIN authentication failed: authentication failure",
    "smtpd[{pid}]: lost connection after DATA from a.example[{addr}]",
    "smtpd[{pid}]: disconnect from a.example[{addr}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    "smtpd[{pid}]: disconnect from a.example[{addr}] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
    "submission/smtpd[{pid}]: connect from a.example[{addr}]",
    "submission/smtpd[{pid}]: {id}: client=a.example[{addr}], sasl_method=PLAIN, sasl_username=jane",
    "submission/smtpd[{pid}]: disconnect from a.example[{addr}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    "pickup[{pid}]: {id}: uid=0 from=<{sender}> orig_id={other}",
    "cleanup[{pid}]: {id}: message-id=<1@example.com>",
    "cleanup[{pid}]: {id}: hold: header Subject: x from a.example[{addr}]; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "cleanup[{pid}]: {id}: milter-reject: END-OF-MESSAGE from a.example[{addr}]: 5.7.1 Spam; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "cleanup[{pid}]: {id}: discard: body x from a.example[{addr}]; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: NOQUEUE: reject_warning: MAIL from a.example[{addr}]: 450 4.1.8 <{sender}>: Sender address rejected: Domain not found; from=<{sender}> proto=ESMTP helo=<a>",
    "smtpd[{pid}]: {id}: discard: RCPT from a.example[{addr}]: <{sender}>: Sender address triggers DISCARD action; from=<{sender}> to=<r@example.com> proto=ESMTP helo=<a>",
    "qmgr[{pid}]: {id}: from=<{sender}>, size=400, nrcpt=1 (queue active)",
    "qmgr[{pid}]: {id}: removed",
    "local[{pid}]: {id}: to=<r@example.com>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (forwarded as {other})",
    "smtp[{pid}]: {id}: to=<r@example.com>, relay=a.example[{addr}]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {other})",
    "bounce[{pid}]: {id}: sender non-delivery notification: {other}",
    "last message repeated 3 times",
    "last message repeated 99999999999 times",
    "smtpd[{pid}]: message repeated 2 times: [ {id}: client=a.example[{addr}]]",
];

/// Feeds the lines that `data` stands for to a pass, in one block and in several: the same comes out, as many rows as went
/// in, and ids are positions of rows.
pub fn link(data: &[u8]) {
    let lines = lines(data);
    let kept = KEPT[lines.len() % KEPT.len()];
    let (links, tables) = linked(&[&lines], kept);
    assert_ids(&links, &tables);
    let chance = &mut Chance::of(data);
    for _ in 0..CUTS {
        let blocks: Vec<_> = lines.chunk_by(|_, _| !chance.one_in(5)).collect();
        assert_eq!(linked(&blocks, kept).0, links, "in {} blocks", blocks.len());
    }
}

/// The lines that `data` stands for.
pub fn lines(data: &[u8]) -> Vec<String> {
    data.chunks_exact(2).take(LINES_LIMIT).map(|pair| line(pair[0], pair[1])).collect()
}

/// The text `which`, of the process, mail, sender and host that `whose` chooses.
fn line(which: u8, whose: u8) -> String {
    let text = TEXTS[usize::from(which) % TEXTS.len()];
    let bit = |number: u8| usize::from(whose >> number & 1);
    let text = text
        .replace("{pid}", ["7", "8"][bit(0)])
        .replace("{addr}", ["127.0.0.1", "192.0.2.1"][bit(1)])
        .replace("{sender}", ["a@example.com", "A@example.com", "", "b@example.net"][bit(2) + 2 * bit(3)])
        .replace("{id}", ["A1B2C3D4E5", "B1B2C3D4E5"][bit(4)])
        .replace("{other}", ["B1B2C3D4E5", "A1B2C3D4E5"][bit(5)]);
    let host = ["mail", "other"][bit(6)];
    let tag = if text.starts_with("last ") { "" } else { ["postfix/", "postfix-out/"][bit(7)] };
    format!("Mar  2 10:00:00 {host} {tag}{text}\n")
}

/// Columns by `table.name`, late changes put in, and the counters.
type Linked = (BTreeMap<String, Vec<Cell>>, u64, u64);

fn linked(blocks: &[&[String]], kept: usize) -> (Linked, Tables) {
    let (mut linker, mut tables, mut position) = (Linker::with_kept(kept), Tables::new(), 0);
    let mut linked = BTreeMap::<String, Vec<Cell>>::new();
    for block in blocks {
        let block = block.concat();
        let parsed = parse_block(block.as_bytes(), position, None, None).expect("no error for data");
        append(&mut tables, &parsed.batches);
        let batches: Vec<_> = parsed.batches.iter().map(|(name, batch)| (*name, batch)).collect();
        let (links, late) = linker.feed(&batches).expect("batches of the schema");
        for (table, name, rows, values) in late {
            let known = linked.get_mut(&format!("{table}.{name}")).expect("late changes are of rows before");
            put(known, &cells(&rows), cells(&values));
        }
        for (table, columns) in links {
            for (name, values) in columns {
                linked.entry(format!("{table}.{name}")).or_default().extend(cells(&values));
            }
        }
        position += block.len() as i64;
    }
    ((linked, linker.unclosed(), linker.uncounted()), tables)
}

/// Puts late `values` into the `rows` of a column.
fn put(column: &mut [Cell], rows: &[Cell], values: Vec<Cell>) {
    assert_eq!(rows.len(), values.len());
    for (row, value) in rows.iter().zip(values) {
        let Cell::Number(row) = row else { panic!("{row:?} is no row") };
        column[usize::try_from(*row).expect("a row")] = value;
    }
}

/// A session, a message and a successor are each the position of a line, a session not of a later one.
fn assert_ids((columns, ..): &Linked, tables: &Tables) {
    let positions: BTreeSet<_> = tables.keys().flat_map(|table| numbers(tables, table, "position")).collect();
    for (name, cells) in columns {
        let (table, column) = name.split_once('.').expect("table.column");
        let rows = numbers(tables, table, "position");
        assert_eq!(cells.len(), rows.len(), "rows of {name}");
        for (cell, row) in cells.iter().zip(rows) {
            match (column, cell) {
                ("repeat", Cell::Number(times)) => assert!(*times >= 1, "{name}: {times}"),
                (_, Cell::Number(id)) => {
                    assert!(positions.contains(id), "{name}: {id} is no line");
                    assert!(column != "session" || *id <= row, "{name}: {id} of {row}");
                }
                (_, Cell::Null) => assert_ne!(column, "repeat"),
                (_, other) => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds is not taken for a fault, whichever lines meet.
    #[test]
    fn what_holds() {
        link(&[]);
        link(&(0..=255_u8).flat_map(|byte| [byte, byte.wrapping_mul(7)]).collect::<Vec<_>>());
    }

    /// Each text is understood: no line of the input is wasted on what the pass does not see.
    #[test]
    fn texts_are_understood() {
        for which in 0..TEXTS.len() as u8 {
            let line = line(which, 0);
            let counts = parse_block(line.as_bytes(), 0, None, None).expect("no error for data").counts;
            assert_eq!((counts.recognised, counts.lines), (1, 1), "{line}");
        }
    }

    /// An id that is no line's position is found.
    #[test]
    #[should_panic(expected = "is no line")]
    fn a_wrong_id() {
        let ((columns, ..), tables) = linked(&[&[line(0, 0)]], 0);
        let columns = columns.into_iter().map(|(name, cells): (String, Vec<Cell>)| {
            let wrong = cells.iter().map(|_| Cell::Number(5)).collect();
            if name == "connections.session" { (name, wrong) } else { (name, cells) }
        });
        assert_ids(&(columns.collect(), 0, 0), &tables);
    }
}
