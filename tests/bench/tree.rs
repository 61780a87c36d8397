//! A process and all its descendants, seen through `/proc`.

use std::fs;

/// See the module's text.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    pub root: u32,
}

impl Tree {
    /// CPU time of everything that lives, and of all that has died and was waited for.
    pub fn cpu_seconds(self) -> f64 {
        let ticks: u64 = self.all().iter().filter_map(|pid| ticks(*pid)).sum();
        // What sysconf(_SC_CLK_TCK) gives on every Linux there is.
        ticks as f64 / 100.0
    }

    /// Memory: each page by its share.
    pub fn pss_kib(self) -> u64 {
        let pss = |pid: &u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let line = text.lines().find(|line| line.starts_with("Pss:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        self.all().iter().filter_map(pss).sum()
    }

    fn all(self) -> Vec<u32> {
        let mut all = vec![self.root];
        let mut at = 0;
        while let Some(pid) = all.get(at).copied() {
            let path = format!("/proc/{pid}/task/{pid}/children");
            let children = fs::read_to_string(path).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|child| child.parse::<u32>().ok()),
            );
            at += 1;
        }
        all
    }
}

/// Fields 14 to 17 of `/proc/pid/stat`; the name before them may hold blanks.
fn ticks(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields = rest.split_whitespace().skip(11).take(4);
    Some(fields.filter_map(|field| field.parse::<u64>().ok()).sum())
}
