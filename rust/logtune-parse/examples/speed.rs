//! `cargo run --release --example speed LOG [ROUNDS]`: how fast one thread parses a log, all tables built.

use std::time::Instant;

/// Small enough for the tables of a block to stay in the cache.
const BLOCK: usize = 1 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let log = std::fs::read(arguments.next().ok_or("which log?")?)?;
    let rounds = arguments.next().map_or(Ok(1), |rounds| rounds.parse())?;
    for _ in 0..rounds {
        let (mut lines, mut rest, start) = (0, log.as_slice(), Instant::now());
        while !rest.is_empty() {
            let limit = rest.len().min(BLOCK);
            let end = memchr::memrchr(b'\n', &rest[..limit]).map_or(rest.len(), |at| at + 1);
            lines += logtune_parse::parse_block(&rest[..end], 0, None, None)?.counts.lines;
            rest = &rest[end..];
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{lines} lines in {seconds:.3} s: {:.2} million lines/s", lines as f64 / seconds / 1e6);
    }
    Ok(())
}
