//! Messages that were in work when their child died: a bounded table in the master, published for the children to read.
//!
//! # Guards
//! Decision 17 and 27: entries come from the master's own reaping. Keys are keyed digests, so no sender can aim at another's.

use std::collections::VecDeque;

use crate::scoreboard::Scoreboard;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct PoisonTable {
    /// Oldest first.
    entries: VecDeque<Entry>,
    /// Where the next new entry goes in shared memory.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    tries: u64,
    place: usize,
}

impl PoisonTable {
    /// Notes a death; gives the number of deaths of this message.
    pub(super) fn note(&mut self, key: u64, scoreboard: &Scoreboard) -> u64 {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key) {
            entry.tries = entry.tries.saturating_add(1);
            scoreboard.set_poison(entry.place, key, entry.tries);
            return entry.tries;
        }
        if self.entries.len() == Scoreboard::poison_entries() {
            self.entries.pop_front();
        }
        let place = self.next;
        self.next = (self.next + 1) % Scoreboard::poison_entries();
        self.entries.push_back(Entry {
            key,
            tries: 1,
            place,
        });
        scoreboard.set_poison(place, key, 1);
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_are_counted_by_message_and_the_oldest_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 1).unwrap();
        let mut table = PoisonTable::default();
        assert_eq!(
            (
                table.note(5, &board),
                table.note(6, &board),
                table.note(5, &board)
            ),
            (1, 1, 2)
        );
        assert_eq!((board.poison_tries(5), board.poison_tries(6)), (2, 1));
        for key in 1000..1000 + Scoreboard::poison_entries() as u64 {
            table.note(key, &board);
        }
        assert_eq!((board.poison_tries(5), board.poison_tries(1000)), (0, 1));
        assert_eq!(table.note(5, &board), 1);
    }
}
