//! `filterd status --watch`: the tables, again and again, and what changed between.

use std::{collections::BTreeMap, io::IsTerminal, path::Path, time::Duration};

use super::{
    super::{exit, print},
    current, text,
};
use crate::sys::wait::pause;

/// To the upper left corner, and everything below it away.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Shows the status `count` times, with `every` between, or until the daemon is gone; gives the exit status.
pub(super) fn run(state_dir: &Path, every: Duration, count: u64) -> u8 {
    let is_terminal = std::io::stdout().is_terminal();
    let mut before = None;
    for n in 1..=count {
        let status = match current(state_dir) {
            Ok(status) => status,
            Err(why) => {
                print::error(&format!("filterd: {why}"));
                return exit::UNAVAILABLE;
            }
        };
        let mut page = if is_terminal {
            CLEAR.to_owned()
        } else {
            String::new()
        };
        for line in text::lines(&status) {
            page.push_str(&line);
            page.push('\n');
        }
        if let Some(before) = &before {
            page.push_str(&load(before, &status.counters, every));
        }
        // Nobody reads any more: the end, as for a pipe.
        if !print::page(&page) {
            return exit::OK;
        }
        before = Some(status.counters);
        if n < count {
            pause(every);
        }
    }
    exit::OK
}

/// What went through between two looks.
fn load(
    before: &BTreeMap<&'static str, u64>,
    now: &BTreeMap<&'static str, u64>,
    every: Duration,
) -> String {
    let grown = |name: &str| {
        let of = |counters: &BTreeMap<&'static str, u64>| counters.get(name).copied().unwrap_or(0);
        of(now).wrapping_sub(of(before))
    };
    let (messages, octets) = (grown("InMsgs"), grown("InMsgsSize"));
    let each = grown("TimeElapsedTotal").checked_div(messages);
    format!(
        "\nin the last {} s: {messages} messages, {octets} octets, {}\n",
        every.as_secs_f64(),
        each.map_or_else(
            || "none finished".to_owned(),
            |each| format!("{each} ms each")
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_what_was_added() {
        let before = BTreeMap::from([
            ("InMsgs", 10),
            ("InMsgsSize", 1000),
            ("TimeElapsedTotal", 50),
        ]);
        let now = BTreeMap::from([
            ("InMsgs", 14),
            ("InMsgsSize", 5000),
            ("TimeElapsedTotal", 90),
        ]);
        assert_eq!(
            load(&before, &now, Duration::from_secs(2)),
            "\nin the last 2 s: 4 messages, 4000 octets, 10 ms each\n"
        );
        assert!(
            load(&now, &now, Duration::from_millis(500))
                .contains("0 messages, 0 octets, none finished")
        );
    }
}
