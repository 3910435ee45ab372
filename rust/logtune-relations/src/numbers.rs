//! Ids, times and counts that may be null, and maps and groups of them.

use hashbrown::{HashMap, HashSet};

/// Stands for null in ids and times: all of them are greater.
pub const NONE: i64 = i64::MIN;

/// Stands for null in numbers of 32 bits.
pub const NO_NUMBER: i32 = i32::MIN;

/// Number of a row in a list; `NOWHERE` is none.
pub type Place = u32;

pub const NOWHERE: Place = Place::MAX;

/// A map with keys that no stranger chooses.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A set of the like.
pub type Set<T> = HashSet<T, foldhash::fast::RandomState>;

/// The lesser one; null does not count.
pub fn least(a: i64, b: i64) -> i64 {
    if a == NONE || b != NONE && b < a { b } else { a }
}

/// The first that is not null.
pub fn first(a: i64, b: i64) -> i64 {
    if a == NONE { b } else { a }
}

/// `None` for null.
pub fn some(number: i64) -> Option<i64> {
    (number != NONE).then_some(number)
}

/// `None` for null.
pub fn some_number(number: i32) -> Option<i32> {
    (number != NO_NUMBER).then_some(number)
}

/// The number of a row as an index.
pub fn at(place: Place) -> usize {
    place as usize
}

/// Rows by id, in the order in which the ids appeared.
pub struct ById<T> {
    places: Map<i64, Place>,
    pub rows: Vec<T>,
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self { places: Map::default(), rows: Vec::new() }
    }
}

impl<T> ById<T> {
    /// Place of the row of `id`, which `new` makes where there is none.
    pub fn place(&mut self, id: i64, new: impl FnOnce() -> T) -> Place {
        *self.places.entry(id).or_insert_with(|| {
            self.rows.push(new());
            self.rows.len() as Place - 1
        })
    }

    /// Keeps the rows that `keep` tells. No id is found afterwards.
    pub fn only(&mut self, keep: impl FnMut(&T) -> bool) {
        self.places = Map::default();
        self.rows.retain(keep);
    }

    /// Place of the row of `id`, if there is one. Null has none.
    pub fn find(&self, id: i64) -> Option<Place> {
        self.places.get(&id).copied()
    }
}

/// Numbers of rows, grouped by what they belong to; within a group in the order of the rows.
pub struct Groups {
    ends: Vec<u32>,
    members: Vec<Place>,
}

impl Groups {
    /// `owners` gives for each row the group (less than `groups`) that it is in, or `NOWHERE`.
    pub fn new(groups: usize, owners: impl Iterator<Item = Place> + Clone) -> Self {
        let mut ends = vec![0; groups + 1];
        for owner in owners.clone().filter(|owner| *owner != NOWHERE) {
            ends[at(owner) + 1] += 1;
        }
        for group in 1..ends.len() {
            ends[group] += ends[group - 1];
        }
        let mut members = vec![0; ends[groups] as usize];
        for (row, owner) in owners.enumerate().filter(|(_, owner)| *owner != NOWHERE) {
            let end = &mut ends[at(owner)];
            members[*end as usize] = row as Place;
            *end += 1; // so each begin becomes the end
        }
        ends.pop();
        Self { ends, members }
    }

    /// The rows of a group; none of `NOWHERE`.
    pub fn of(&self, group: Place) -> &[Place] {
        if group == NOWHERE {
            return &[];
        }
        let begin = if group == 0 { 0 } else { self.ends[at(group) - 1] };
        &self.members[begin as usize..self.ends[at(group)] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_the_least() {
        assert_eq!([least(NONE, 3), least(3, NONE), least(3, 2), least(NONE, NONE)], [3, 3, 2, NONE]);
    }

    #[test]
    fn rows_are_grouped_in_order() {
        let groups = Groups::new(4, [2, 0, NOWHERE, 2, 3].into_iter());
        let found: Vec<_> = (0..4).map(|group| groups.of(group).to_vec()).collect();
        assert_eq!(found, [vec![1], vec![], vec![0, 3], vec![4]]);
        assert!(groups.of(NOWHERE).is_empty());
    }
}
