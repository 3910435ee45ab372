//! What must hold for the native core whatever its input is; each function panics where it does not.
//!
//! They are tried by libFuzzer (`fuzz_targets/`) and, where there is no nightly toolchain, by `src/bin/mutate.rs`.

#![forbid(unsafe_code)]

mod cells;
mod link;
mod parse;
mod relations;

pub use link::link;
pub use parse::parse_block;
pub use relations::relations;

/// Panics where a property does not hold for an input.
pub type Property = fn(&[u8]);

/// The properties by the names of the fuzz targets.
pub const TARGETS: [(&str, Property); 3] =
    [("parse_block", parse_block), ("link", link), ("relations", relations)];

/// Numbers that depend on the input alone, so that a failing input fails again.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// FNV-1a, of which any bit of the input changes all.
    pub fn of(data: &[u8]) -> Self {
        let hash = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(hash)
    }

    /// A number below `limit`, or 0 where that is 0 (xorshift64*).
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        (high as usize).checked_rem(limit).unwrap_or(0)
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
