//! The status as tables, for people.

use super::{
    super::table::{Colours, Side, Table},
    Status,
};
use crate::{counters::Counter, sys::clock::unix_seconds};

/// The status in tables.
pub(super) fn lines(status: &Status) -> Vec<String> {
    let colours = Colours::detect();
    let mut lines = summary(status, colours);
    lines.push(String::new());
    lines.extend(children(status, colours));
    lines.push(String::new());
    if !status.scanners.is_empty() {
        lines.extend(scanners(status, colours));
        lines.push(String::new());
    }
    let mut table = Table::new(&[("counter", Side::Left), ("count", Side::Right)]);
    for counter in Counter::ALL {
        let count = status.counters.get(counter.name()).copied().unwrap_or(0);
        if count > 0 {
            table.add(vec![counter.name().to_owned(), count.to_string()]);
        }
    }
    lines.extend(table.lines(colours, |_, _, text| text));
    lines
}

fn summary(status: &Status, colours: Colours) -> Vec<String> {
    let Status {
        version,
        master_pid,
        generation,
        configuration,
        max_servers,
        ..
    } = status;
    let title = format!(
        "filterd {version}, process {master_pid}, up {}",
        span(status.uptime_seconds)
    );
    let there = status.children.len();
    let Status {
        busy,
        idle,
        forks,
        kills,
        crashes,
        reloads,
        rejected_reloads,
        ..
    } = status;
    vec![
        colours.bold(&title),
        format!("listening on   {}", status.listeners.join(", ")),
        format!("configuration  {configuration}"),
        format!("children       {there} of {max_servers}: {busy} busy, {idle} idle"),
        format!("so far         {forks} forked, {kills} killed, {crashes} crashed"),
        format!("generation     {generation}; {reloads} reloads, {rejected_reloads} rejected"),
    ]
}

fn children(status: &Status, colours: Colours) -> Vec<String> {
    let mut table = Table::new(&[
        ("pid", Side::Right),
        ("gen", Side::Right),
        ("state", Side::Left),
        ("for", Side::Right),
        ("age", Side::Right),
        ("sessions", Side::Right),
        ("messages", Side::Right),
        ("log id", Side::Left),
        ("queue id", Side::Left),
    ]);
    for child in &status.children {
        table.add(vec![
            child.pid.to_string(),
            child.generation.to_string(),
            child.state.to_owned(),
            span(child.seconds),
            span(child.age_seconds),
            child.sessions.to_string(),
            child.messages.to_string(),
            child.log_id.clone(),
            child.queue_id.clone(),
        ]);
    }
    table.lines(colours, |column, cell, text| match (column, cell) {
        (2, "idle") => colours.green(&text),
        (2, _) => colours.yellow(&text),
        _ => text,
    })
}

fn scanners(status: &Status, colours: Colours) -> Vec<String> {
    let mut table = Table::new(&[
        ("scanner", Side::Left),
        ("state", Side::Left),
        ("answers", Side::Right),
        ("failures", Side::Right),
        ("why it failed last", Side::Left),
    ]);
    for scanner in &status.scanners {
        let state = match scanner.failing_since {
            None => "up".to_owned(),
            Some(since) => format!(
                "down {}, next try in {}",
                span(unix_seconds().saturating_sub(since)),
                span(scanner.next_try_seconds.unwrap_or(0))
            ),
        };
        table.add(vec![
            scanner.name.clone(),
            state,
            scanner.answers.to_string(),
            scanner.failures.to_string(),
            scanner.why.clone(),
        ]);
    }
    table.lines(colours, |column, cell, text| match (column, cell) {
        (1, "up") => colours.green(&text),
        (1, _) => colours.red(&text),
        _ => text,
    })
}

/// `7s`, `12m`, `3h05m`, `4d02h`
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        for (seconds, want) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_900, "1h05m"),
            (190_000, "2d04h"),
        ] {
            assert_eq!(span(seconds), want);
        }
    }
}
