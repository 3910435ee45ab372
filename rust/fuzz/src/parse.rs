//! Any bytes as a block.

use crate::Chance;
use crate::cells::{Tables, append, numbers};
use logtune_parse::programs::{Tag, Tags};
use logtune_parse::tables::Columns;
use logtune_parse::{Counts, ParsedBlock, parse_block as parse};

/// Blocks of so few lines are cut at every line end, longer ones at some.
const ALL_CUTS: usize = 8;
const SOME_CUTS: usize = 4;

/// A position with a rank, as sources give them.
const BASE: i64 = 3 << 40;

/// Parses `block` whole and in parts: every line is one row or blank; cuts at line ends and left out columns change
/// nothing of what is there.
pub fn parse_block(block: &[u8]) {
    let chance = &mut Chance::of(block);
    let tags = chance.one_in(4).then(site_tags);
    let Parts { tables, counts } = Parts::of(&[block], None, tags.as_ref());
    assert_counts(block, counts, &tables);
    assert_positions(block, counts, &tables);
    for cuts in cuts(block, chance) {
        let found = Parts::of(&parts(block, &cuts), None, tags.as_ref());
        assert_eq!(found.counts, counts, "counts, cut at {cuts:?}");
        assert_eq!(found.tables, tables, "rows, cut at {cuts:?}");
    }
    assert_columns(block, chance, tags.as_ref(), &Parts { tables, counts });
}

#[derive(Default)]
struct Parts {
    tables: Tables,
    counts: Counts,
}

impl Parts {
    fn of(blocks: &[&[u8]], columns: Option<&Columns>, tags: Option<&Tags>) -> Self {
        let mut all = Self::default();
        let mut position = BASE;
        for block in blocks {
            let ParsedBlock { batches, counts } =
                parse(block, position, columns, tags).expect("no error for data");
            assert!(batches.iter().all(|(_, batch)| batch.num_rows() > 0), "a batch has rows");
            append(&mut all.tables, &batches);
            all.counts.lines += counts.lines;
            all.counts.recognised += counts.recognised;
            all.counts.unrecognised += counts.unrecognised;
            all.counts.blank += counts.blank;
            all.counts.not_postfix += counts.not_postfix;
            position += block.len() as i64;
        }
        all
    }
}

fn site_tags() -> Tags {
    let tag = |instance: &str, service: Option<&str>, daemon: &str| Tag {
        instance: instance.to_owned(),
        service: service.map(str::to_owned),
        daemon: daemon.to_owned(),
    };
    let site = tag("postfix-x", Some("submission"), "smtpd");
    Tags::from_iter([("site".to_owned(), site), ("odd".to_owned(), tag("", None, "nonsense"))])
}

/// Where each line begins, in the block.
fn starts(block: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(block.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1));
    starts.retain(|start| *start < block.len());
    starts
}

fn assert_counts(block: &[u8], counts: Counts, tables: &Tables) {
    let rows = |name| numbers(tables, name, "position").len() as u64;
    assert_eq!(counts.lines, starts(block).len() as u64, "lines");
    assert_eq!(counts.recognised + counts.unrecognised + counts.blank, counts.lines, "{counts:?}");
    assert_eq!(rows("unrecognised"), counts.unrecognised, "rows of unrecognised");
    assert_eq!(tables.keys().map(|name| rows(name)).sum::<u64>(), counts.lines - counts.blank, "rows");
    assert!(counts.not_postfix <= counts.unrecognised, "{counts:?}");
}

/// Each row is at the start of its own line, and each table in the order of the block.
fn assert_positions(block: &[u8], counts: Counts, tables: &Tables) {
    let mut found = Vec::new();
    for name in tables.keys() {
        let positions = numbers(tables, name, "position");
        assert!(positions.is_sorted(), "{name} is in order");
        found.extend(positions);
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len() as u64, counts.lines - counts.blank, "a line is one row");
    let starts: Vec<_> = starts(block).into_iter().map(|start| BASE + start as i64).collect();
    assert!(found.iter().all(|position| starts.binary_search(position).is_ok()), "a row begins a line");
}

/// The line ends to cut at: each one alone, or all, or some.
fn cuts(block: &[u8], chance: &mut Chance) -> Vec<Vec<usize>> {
    let places = starts(block).split_off(1.min(block.len()));
    let mut cuts = vec![places.clone()];
    if places.len() <= ALL_CUTS {
        cuts.extend(places.iter().map(|place| vec![*place]));
    } else {
        cuts.extend((0..SOME_CUTS).map(|_| {
            let part = chance.below(places.len());
            places.iter().copied().filter(|_| chance.one_in(part)).collect()
        }));
    }
    cuts
}

fn parts<'b>(block: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = block;
    let mut parts = Vec::new();
    for cut in cuts {
        let (part, after) = rest.split_at(cut - (block.len() - rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// Some columns of some tables are the same alone, and nothing else is built but what every table keeps.
fn assert_columns(block: &[u8], chance: &mut Chance, tags: Option<&Tags>, full: &Parts) {
    let mut wanted = Columns::new();
    let mut expected = full.tables.clone();
    expected.retain(|name, table| {
        if chance.one_in(3) {
            return false;
        }
        table.retain(|column, _| matches!(column.as_str(), "position" | "stamp") || chance.one_in(2));
        wanted.insert((*name).to_owned(), table.keys().cloned().collect());
        true
    });
    let found = Parts::of(&[block], Some(&wanted), tags);
    assert_eq!(found.counts, full.counts, "counts of {wanted:?}");
    assert_eq!(found.tables, expected, "columns {wanted:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"Mar  2 06:12:00 mail postfix/smtpd[7]: connect from a[192.0.2.1]\n\nx\n\
        Mar  2 06:12:00 mail postfix/smtp[7]: 4F2A91C0E: to=<a@example.org>, relay=none, delay=1, status=sent (ok)";

    /// What holds is not taken for a fault: lines with and without an end, blank ones, none, and bytes that are no text.
    #[test]
    fn what_holds() {
        for block in [BLOCK, b"", b"\n", b"\n\n", b"\r\0", b"\xff\n\xe2\x82"] {
            parse_block(block);
        }
        parse_block(&BLOCK.repeat(4));
    }

    /// Every line end is a place to cut, and all of them at once; the end of the block is none.
    #[test]
    fn places_to_cut() {
        let chance = &mut Chance::new(1);
        assert_eq!(cuts(b"a\nb\n\nc\n", chance), [vec![2, 4, 5], vec![2], vec![4], vec![5]]);
        assert_eq!(parts(b"a\nb\n\nc\n", &[2, 4, 5]), [b"a\n", b"b\n", b"\n".as_slice(), b"c\n"]);
        assert!(cuts(b"", chance).concat().is_empty());
    }

    /// A row that is lost or counted twice is found.
    #[test]
    #[should_panic(expected = "rows")]
    fn a_lost_row() {
        let Parts { tables, counts } = Parts::of(&[b"x\n"], None, None);
        let counts = Counts { lines: 2, unrecognised: 1, recognised: 1, ..counts };
        assert_counts(b"x\nx\n", counts, &tables);
    }

    /// A row that names another line's start is found.
    #[test]
    #[should_panic(expected = "begins a line")]
    fn a_wrong_position() {
        let Parts { tables, counts } = Parts::of(&[b"x\n"], None, None);
        assert_positions(b"", counts, &tables);
    }
}
