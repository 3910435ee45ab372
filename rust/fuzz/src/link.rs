//! Any order of lines of few processes about few mails.
//!
//! Two bytes of the input are a line: which one, and whose. Text as such is the business of `parse_block`.

use crate::Chance;
use crate::cells::{Cell, Tables, append, cells, numbers};
use logtune_link::Linker;
use logtune_parse::parse_block;
use std::collections::BTreeSet;

/// Longer inputs say nothing new, and take long.
const LINES_LIMIT: usize = 60;

/// Cuts of each input into blocks.
const CUTS: usize = 2;

/// What the pass looks at, with Q and R for queue ids, S for a sender and A for an address.
const TEXTS: [&str; 30] = [
    "smtpd[P]: connect from a.example[A]",
    "smtpd[P]: NOQUEUE: client=a.example[A]",
    "smtpd[P]: Q: client=a.example[A]",
    "smtpd[P]: Q: client=localhost[127.0.0.1], orig_queue_id=R, orig_client=a.example[A]",
    "smtpd[P]: Q: client=a.example[A], sasl_method=PLAIN, sasl_username=jane",
    "smtpd[P]: NOQUEUE: reject_warning: RCPT from a.example[A]: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; from=<S> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[P]: NOQUEUE: reject: RCPT from a.example[A]: 550 5.1.1 <r@example.com>: Recipient address rejected: User unknown; from=<S> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[P]: NOQUEUE: reject: MAIL from a.example[A]: 550 5.7.1 <S>: Sender address rejected: Access denied; from=<S> proto=ESMTP helo=<a>",
    "smtpd[P]: NOQUEUE: reject_warning: EHLO from a.example[A]: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; proto=SMTP helo=<a>",
    "smtpd[P]: Q: reject_warning: DATA from a.example[A]: 503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining; from=<S> proto=ESMTP helo=<a>",
    "smtpd[P]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as R; from=<S> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[P]: proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject; from=<S> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[P]: warning: a.example[A]: SASL PLAIN authentication failed: authentication failure",
    "smtpd[P]: lost connection after DATA from a.example[A]",
    "smtpd[P]: disconnect from a.example[A] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    "smtpd[P]: disconnect from a.example[A] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
    "submission/smtpd[P]: connect from a.example[A]",
    "submission/smtpd[P]: Q: client=a.example[A], sasl_method=PLAIN, sasl_username=jane",
    "submission/smtpd[P]: disconnect from a.example[A] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    "pickup[P]: Q: uid=0 from=<S> orig_id=R",
    "cleanup[P]: Q: message-id=<1@example.com>",
    "cleanup[P]: Q: hold: header Subject: x from a.example[A]; from=<S> to=<r@example.com> proto=ESMTP helo=<a>",
    "qmgr[P]: Q: from=<S>, size=400, nrcpt=1 (queue active)",
    "qmgr[P]: Q: removed",
    "local[P]: Q: to=<r@example.com>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (forwarded as R)",
    "smtp[P]: Q: to=<r@example.com>, relay=a.example[A]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as R)",
    "bounce[P]: Q: sender non-delivery notification: R",
    "last message repeated 3 times",
    "last message repeated 99999999999 times",
    "message repeated 2 times: [ Q: client=a.example[A]]",
];

/// Feeds the lines that `data` stands for to a pass, in one block and in several: the same comes out, as many rows as went
/// in, and ids are positions of rows.
pub fn link(data: &[u8]) {
    let lines: Vec<_> = data.chunks_exact(2).take(LINES_LIMIT).map(|pair| line(pair[0], pair[1])).collect();
    let (links, tables) = linked(&[&lines]);
    assert_ids(&links, &tables);
    let chance = &mut Chance::of(data);
    for _ in 0..CUTS {
        let blocks: Vec<_> = lines.chunk_by(|_, _| !chance.one_in(5)).collect();
        assert_eq!(linked(&blocks).0, links, "in {} blocks", blocks.len());
    }
}

/// The text `which`, of the process, mail, sender and host that `whose` chooses.
fn line(which: u8, whose: u8) -> String {
    let text = TEXTS[usize::from(which) % TEXTS.len()];
    let bit = |number: u8| usize::from(whose >> number & 1);
    let text = text
        .replace('P', ["7", "8"][bit(0)])
        .replace("[A]", ["[127.0.0.1]", "[192.0.2.1]"][bit(1)])
        .replace("<S>", ["<a@example.com>", "<A@example.com>", "<>", "<b@example.net>"][bit(2) + 2 * bit(3)])
        .replace("Q: ", ["A1B2C3D4E5: ", "B1B2C3D4E5: "][bit(4)])
        .replace("=R", ["=B1B2C3D4E5", "=4dQYfH1rsBz1xYZ"][bit(5)])
        .replace(" as R", [" as B1B2C3D4E5", " as A1B2C3D4E5"][bit(5)])
        .replace(": R", ": B1B2C3D4E5");
    let host = ["mail", "other"][bit(6)];
    let syslog = text.starts_with("last ") || text.starts_with("message ");
    let tag = if syslog { "" } else { ["postfix/", "postfix-out/"][bit(7)] };
    format!("Mar  2 10:00:00 {host} {tag}{text}\n")
}

type Linked = (Vec<(String, Vec<Cell>)>, u64, u64);

fn linked(blocks: &[&[String]]) -> (Linked, Tables) {
    let (mut linker, mut tables, mut position) = (Linker::new(), Tables::new(), 0);
    for block in blocks {
        let block = block.concat();
        let parsed = parse_block(block.as_bytes(), position, None, None).expect("no error for data");
        append(&mut tables, &parsed.batches);
        let batches: Vec<_> = parsed.batches.iter().map(|(name, batch)| (*name, batch)).collect();
        linker.feed(&batches).expect("batches of the schema");
        position += block.len() as i64;
    }
    let counters = (linker.unclosed(), linker.uncounted());
    let columns = linker.finish().into_iter().flat_map(|(table, columns)| {
        columns.into_iter().map(move |(name, values)| (format!("{table}.{name}"), cells(&values)))
    });
    ((columns.collect(), counters.0, counters.1), tables)
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
