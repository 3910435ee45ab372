//! `mutate TARGET SECONDS SEED DICTIONARY SEEDS ARTIFACTS`: tries inputs made of changed seeds, without libFuzzer.
//!
//! It knows nothing of coverage, and needs nothing but a stable compiler. Exit status 1 where a property does not hold;
//! then the input stands in the folder ARTIFACTS.

use logtune_fuzz::{Chance, TARGETS};
use std::error::Error;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// As libFuzzer is told: beyond the length at which a line is cut.
const LENGTH_LIMIT: usize = 20_000;
const CHANGES: usize = 6;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [target, seconds, seed, dictionary, seeds, artifacts] = arguments.as_slice() else {
        return Err("usage: mutate TARGET SECONDS SEED DICTIONARY SEEDS ARTIFACTS".into());
    };
    let (_, holds) = TARGETS.into_iter().find(|(name, _)| name == target).ok_or("no such target")?;
    let mut source =
        Source { seeds: files(seeds)?, tokens: tokens(dictionary)?, chance: Chance::new(seed.parse()?) };
    let (begin, limit) = (Instant::now(), Duration::from_secs_f64(seconds.parse()?));
    let mut tried = 0_u64;
    let mut failing = source.seeds.iter().find(|input| catch_unwind(|| holds(input)).is_err()).cloned();
    while failing.is_none() && begin.elapsed() < limit {
        let input = source.input();
        tried += 1;
        failing = catch_unwind(|| holds(&input)).is_err().then_some(input);
    }
    println!(
        "{target}: {} seeds and {tried} changed ones tried in {:.0?}",
        source.seeds.len(),
        begin.elapsed()
    );
    let Some(input) = failing else { return Ok(ExitCode::SUCCESS) };
    println!("{target}: this does not hold for {}", keep(&input, target, Path::new(artifacts))?.display());
    Ok(ExitCode::FAILURE)
}

/// The contents of all files of a folder, in the order of their names.
fn files(folder: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut paths = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    paths.sort();
    let found = paths.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() { Err(format!("no seeds in {folder}").into()) } else { Ok(found) }
}

/// The quoted tokens of a dictionary of libFuzzer; `\xNN` is a byte.
fn tokens(dictionary: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let text = std::fs::read_to_string(dictionary)?;
    text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"')).map(unquoted).collect()
}

fn unquoted(token: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut parts = token.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or("a dictionary has two digits after \\x")?;
        bytes.push(u8::from_str_radix(code, 16)?);
        bytes.extend(rest.as_bytes());
    }
    Ok(bytes)
}

fn keep(input: &[u8], target: &str, folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("{target}-{:08x}", Chance::of(input).below(usize::MAX)));
    std::fs::write(&path, input)?;
    Ok(path)
}

struct Source {
    seeds: Vec<Vec<u8>>,
    tokens: Vec<Vec<u8>>,
    chance: Chance,
}

impl Source {
    fn input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.chance.below(CHANGES) {
            self.change(&mut input);
        }
        input.truncate(LENGTH_LIMIT);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        self.seeds[self.chance.below(self.seeds.len())].clone()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let start = self.chance.below(input.len() + 1);
        let end = (start + self.chance.below(40)).min(input.len());
        match self.chance.below(8) {
            0 => input.truncate(start),
            1 => drop(input.drain(start..end)),
            2 => input.extend_from_within(start..end),
            3 => {
                let other = self.seed();
                input.truncate(start);
                input.extend(&other[self.chance.below(other.len())..]);
            }
            4 => input.extend(self.seed()),
            5 => input.splice(start..end, [self.chance.below(256) as u8]).for_each(drop),
            _ => {
                let token = self.tokens[self.chance.below(self.tokens.len())].clone();
                let end = if self.chance.one_in(2) { start } else { end };
                input.splice(start..end, token).for_each(drop);
            }
        }
    }
}
