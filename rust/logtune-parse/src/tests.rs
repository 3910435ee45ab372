//! Hard cases. That both cores read the same is tested from Python: `tests/parse/test_cores.py`.

use super::*;
use crate::families::common::{codes, integer, is_address, peer, queue_id, reason_shape, signed};
use crate::families::tail::read_tail;
use arrow_array::Array;
use arrow_array::cast::AsArray;

fn parsed(block: &[u8]) -> ParsedBlock {
    parse_block(block, 0, None, None).expect("data never fails")
}

fn shape(reason: &str) -> String {
    let mut shape = String::new();
    reason_shape(reason, &mut shape);
    shape
}

/// Every pattern is one for the regex crate.
#[test]
fn patterns_compile() {
    use crate::envelope as e;
    use crate::families::*;
    let all: [&[&Pattern]; 7] = [
        &[&REPEATED, &REPEATED_TEXT, &SOLARIS, &anvil::PEAK, &checks::TAIL, &master::NEWS, &qmgr::LEFT],
        &[&loss::SUPPRESSED, &loss::RATE, &loss::DROPPED, &other::NEWS],
        &[&postscreen::CLIENT, &postscreen::STRESS, &postsuper::DONE, &postsuper::COUNT, &postsuper::NEWS],
        &[&script::NEWS, &smtp::OTHER, &tls::ERROR, &tls::OTHER, &tlsproxy::SESSION, &warnings::SASL],
        &[&warnings::PROCESS_LIMIT, &warnings::RATE_LIMIT, &warnings::OLD_NO_FORWARD, &e::ISO, &e::CLASSIC],
        &[&e::YEAR_FIRST, &e::PRIORITY, &e::COMPOSE, &e::JSON_FILE, &e::WEEKDAY, &e::ZONE_NAME, &e::STREAM],
        &[&e::LEVEL, &e::HOST_TAG, &e::RFC5424, &e::REPEATED],
    ];
    assert!(all.iter().copied().flatten().all(|pattern| pattern.is_sound()));
}

/// Each daemon's family has a reader.
#[test]
fn families_have_readers() {
    assert!(programs::FAMILIES.iter().all(|(_, family)| families::reader(family).is_some()));
}

/// Every line is counted once, with and without a last newline, and blank lines are told from others.
#[test]
fn counts() {
    let block = b"Mar  2 06:12:00 mail postfix/smtpd[7]: connect from a[192.0.2.1]\n\n\0\r\nx\n\
        Mar  2 06:12:00 mail cron[7]: x\nMar  2 06:12:00 mail postfix/smtpd[7]: gibberish";
    let expected = Counts { lines: 6, recognised: 1, unrecognised: 3, blank: 2, not_postfix: 1 };
    assert_eq!(parsed(block).counts, expected);
    assert_eq!(parsed(&[block, b"\n".as_slice()].concat()).counts, expected);
    assert_eq!(parsed(b"").counts, Counts::default());
}

/// Undecodable bytes become U+FFFD, and a line over the limit is cut within a character without harm.
#[test]
fn undecodable() {
    let mut block = b"Mar  2 06:12:00 mail postfix/smtpd[7]: \xf0\x9f\x98 gibberish\n".to_vec();
    block.extend("\u{1f600}".repeat(3_000).bytes());
    let found = parsed(&block);
    let (table, batch) = &found.batches[0];
    assert_eq!(*table, "unrecognised");
    let text = batch.column_by_name("text").expect("a column").as_string::<i32>();
    assert!(text.value(0).ends_with(": \u{fffd} gibberish"));
    assert_eq!((text.len(), text.value(1)), (2, "\u{1f600}".repeat(TEXT_LIMIT).as_str()));
}

/// What is found eight bytes at a time is what is found byte by byte, whatever stands before and behind.
#[test]
fn eight_at_a_time() {
    use crate::text::{is_space, run, until, word_end};
    for c in (0..=255).map(char::from) {
        for before in 0..10 {
            let text = format!("{}{c}\u{1}] {}", "x".repeat(before), "y".repeat(before));
            assert_eq!(until(&text, 0, *b"]:"), run(&text, 0, |b| b != b']' && b != b':'));
            assert_eq!(word_end(&text, 0, [b']']), run(&text, 0, |b| !is_space(b) && b != b']'));
        }
    }
}

/// A text keeps its number, and no two texts share one, however alike their ends are.
#[test]
fn dictionary_numbers() {
    let mut words = Dictionary::default();
    let alike =
        ["x".repeat(40), format!("{}y{}", "x".repeat(20), "x".repeat(19)), "\0".into(), "\0\0".into()];
    let texts: Vec<String> = (0..40).map(|length| "x".repeat(length)).chain(alike).collect();
    for _ in 0..2 {
        let numbers: Vec<i32> = texts.iter().map(|text| words.number(text)).collect();
        assert!(numbers.iter().copied().eq(0..44), "{numbers:?}");
    }
    assert!(words.texts().eq(texts.iter().map(String::as_str)));
}

/// Rows without a cell are null, wherever they stand, also across the words of the bitmap. Texts are what they are,
/// whether they stand in the block, near its end, or elsewhere.
#[test]
fn columns_with_gaps() {
    use crate::columns::{Column, Longs, Texts, Words};
    for rows in [0, 1, 63, 64, 65, 200] {
        let given = |row: &usize| !(row % 7 == 3 || (10..80).contains(row) || *row > 190);
        let block = "abcdefg".repeat(20);
        let text = |row: usize| &block[row % 60..][..(row * 7) % 81];
        let (mut texts, mut words, mut longs) = (Texts::new(0, 0), Words::new(0, 0), Longs::new(0, 0));
        for row in (0..rows).filter(given) {
            let copy = text(row).to_owned();
            texts.put(row, if row % 3 == 0 { &copy } else { text(row) }, block.as_bytes());
            words.put(row, &row.to_string(), block.as_bytes());
            longs.put(row, row as i64, block.as_bytes());
        }
        let arrays =
            [texts.finish(rows), words.finish(rows), longs.finish(rows)].map(|array| array.expect("fits"));
        for array in &arrays {
            assert!((0..rows).all(|row| array.is_valid(row) == given(&row)) && array.len() == rows);
        }
        let texts = arrays[0].as_string::<i32>();
        assert!((0..rows).filter(given).all(|row| texts.value(row) == text(row)));
    }
}

/// The day of the line before is not taken for another day, nor for a stamp of another form.
#[test]
fn days() {
    use crate::stamp::{Day, usual};
    let mut day = Day::default();
    for stamp in
        ["Mar  2 06:12:00", "Mar  2 23:59:59", "Mar 12 06:12:00", "Feb 29 00:00:00", "Mar  2 06:12:00"]
    {
        assert_eq!(day.stamp(stamp), Some((usual(stamp), 15)), "{stamp}");
    }
    for stamp in
        ["Feb 30 06:12:00", "Mar  2 24:12:00", "Mar  2 06:12:60", "Mar 2 06:12:00 ", "Mar  2 06:12:0"]
    {
        assert_eq!(day.stamp(stamp), None, "{stamp}");
    }
}

/// Numbers have bounds, and no sign but a minus where it may be.
#[test]
fn numbers() {
    let cases =
        ["", "0", "9223372036854775807", "9223372036854775808", "12345678901234567890", "-1", "\u{663}"];
    let read = cases.map(|text| integer(text, i64::MAX));
    assert_eq!(read, [None, Some(0), Some(i64::MAX), None, None, None, None]);
    let cases = ["1.", ".5", "1.5", "-0.30", "1e3", "123456789012345678.5"];
    assert_eq!(
        cases.map(signed),
        [None, None, Some(1.5), Some(-0.3), None, Some(1.234_567_890_123_456_8e17)]
    );
}

#[test]
fn queue_ids() {
    let known = ["4F2A91C0E: x", "NOQUEUE: x", "BBCCDDFFGGH: x", "abc123:x", "DECADE: x"];
    assert!(known.iter().all(|text| queue_id(text).is_some_and(|(_, rest)| rest == "x")));
    assert!(["warning: x", "reject: x", "4F2A91C0E x", "4F2: x"].iter().all(|text| queue_id(text).is_none()));
}

#[test]
fn peers() {
    let who = peer("mx.example.com[2001:db8::1%eth0]:48123, x");
    assert_eq!(
        (who.name, who.addr, who.port),
        (Some("mx.example.com"), Some("2001:db8::1%eth0"), Some(48123))
    );
    assert_eq!(peer("[]:99999999999").port, None);
    assert_eq!(peer("a b[192.0.2.1]"), Default::default());
}

/// Addresses in brackets are told from other text, and a bracket that a cut left open is closed.
#[test]
fn shapes() {
    assert_eq!(shape("Client host [192.0.2.1] blocked; <a@b> [x]"), "Client host [ip] blocked; <> []");
    assert_eq!(shape("[[a] b [c"), "[[] b []");
    assert_eq!(shape("\u{e9}<\u{e9}"), "\u{e9}<>");
    assert!(
        is_address("::1") && is_address("192.0.2.1") && !is_address("1.2.3") && !is_address("1.2.3.4444")
    );
}

#[test]
fn reply_codes() {
    assert_eq!(codes("550 5.7.1 no"), (Some(550), Some("5.7.1"), "no"));
    assert_eq!(codes("5.7.1"), (None, Some("5.7.1"), ""));
    assert_eq!(codes("550-5.7.1234 no"), (Some(550), None, "5.7.1234 no"));
    assert_eq!(codes("650 no"), (None, None, "650 no"));
}

/// A quoted local part that looks like the rest of the line stays one address, and a raw greeting one greeting.
#[test]
fn hostile_tails() {
    let tail = read_tail(r#"550 no; from=<"> to=<x> helo=<y"@a> to=<b@c> proto=ESMTP helo=<mx>"#, "RCPT");
    assert_eq!((tail.sender, tail.recipient), (Some(r#""> to=<x> helo=<y"@a"#), Some("b@c")));
    assert_eq!((tail.reply, tail.proto, tail.helo), ("550 no", Some("ESMTP"), Some("mx")));
    let tail = read_tail("504 5.5.2 <x> helo=<y>: no; proto=SMTP helo=<x> helo=<y>", "HELO");
    assert_eq!((tail.reply, tail.helo), ("504 5.5.2 <x> helo=<y>: no", Some("x> helo=<y")));
}

/// Stamps: leap years, leap seconds, zones to the minute, and what does not exist.
#[test]
fn stamps() {
    use crate::stamp::{iso, usual};
    assert_eq!(usual("Feb 29 00:00:60").ts, Some(((730 + 31 + 28) * 86_400 + 59) * 1_000_000));
    assert_eq!(iso("2026-03-02T06:12:60.999+01:30").ts, Some(1_772_426_579_999_000));
    assert_eq!(iso("1969-12-31T23:59:59.5Z").ts, Some(-500_000));
    let missing =
        ["2026-02-29T00:00:00", "0000-01-01T00:00:00", "2026-01-01T24:00:00", "2026-01-01T00:00:00+24:00"];
    assert!(missing.iter().all(|text| iso(text).ts.is_none() && iso(text).lacks.is_none()));
}

/// No prefix and no suffix of a line can make the parser panic.
#[test]
fn every_cut() {
    let line = "{\"log\":\"Mar  2 06:12:00 m\u{e9}il postfix/smtpd[77]: NOQUEUE: milter-reject: RCPT from \u{e9}[::1]:1: \
        550 5.1.1 <\u{e9}>: no; from=<\\\"\u{1f600}> to=<\u{e9}> proto=ESMTP helo=<\u{e9}>\\ud83d\\ude00\"";
    for inner in [line, &line[8..]] {
        for cut in 0..=inner.len() {
            assert_eq!(parsed(&inner.as_bytes()[..cut]).counts.lines, u64::from(cut > 0));
            assert_eq!(parsed(&inner.as_bytes()[cut..]).counts.lines, u64::from(cut < inner.len()));
        }
    }
}

/// What a check says behind the line is the same by the plain way and by the pattern.
#[test]
fn tails_of_checks() {
    use crate::families::checks::{any_tail, plain_tail};
    let full =
        "from=<jane@example.com> to=<joe@example.org> proto=ESMTP helo=<mx.example.com>: no \"x\" here";
    let parts = ["jane@example.com", "joe@example.org", "ESMTP", "mx.example.com", "no \"x\" here"].map(Some);
    assert_eq!((plain_tail(full), any_tail(full)), (Some(parts), Some(parts)));
    for text in
        ["from=<>", "from=<a> proto=SMTP", "from=<a> to=<b>: ", "from=<a> helo=<>: \n", "from=<ä> to=<>"]
    {
        assert_eq!(plain_tail(text), any_tail(text), "{text}");
        assert!(plain_tail(text).is_some(), "{text}");
    }
    for text in
        ["from=<\"<\"@b>", "from=<a> to=<<b>>", "from=<a> proto=", "from=<a> helo=x>", "from=<a>:x", "x"]
    {
        assert_eq!(plain_tail(text), None, "{text}");
    }
}
