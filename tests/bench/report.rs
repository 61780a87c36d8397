//! Medians, for people and for programs.

use crate::{SIZES, Wish, peers::Target};

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub target: Target,
    pub size: &'static str,
    pub keeps_open: bool,
    pub per_second: f64,
    pub cpu_per_thousand: f64,
}

/// What a daemon's start and stay cost.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub target: Target,
    pub milliseconds: f64,
    pub pss_kib: u64,
}

/// Median and range of messages a second, and median CPU seconds for 1000 messages.
struct Row {
    target: Target,
    size: &'static str,
    keeps_open: bool,
    per_second: (f64, f64, f64),
    cpu: f64,
}

pub fn print(wish: &Wish, figures: &[Figure], starts: &[Start]) {
    println!(
        "{} rounds, {} children, medians; [least - most]",
        wish.rounds, wish.children
    );
    println!();
    println!(
        "{:<9} {:<14} {:<12} {:>11} {:>19}  {:>16}",
        "size", "connection", "through", "messages/s", "", "CPU s/1000 msgs"
    );
    for row in rows(figures) {
        let (median, least, most) = row.per_second;
        let connection = if row.keeps_open {
            "kept open"
        } else {
            "each its own"
        };
        let range = format!("[{least:.0} - {most:.0}]");
        let cpu = if row.target == Target::Nothing {
            "-".to_owned()
        } else {
            format!("{:.3}", row.cpu)
        };
        println!(
            "{:<9} {connection:<14} {:<12} {median:>11.0} {range:>19}  {cpu:>16}",
            row.size,
            row.target.name()
        );
    }
    println!();
    println!(
        "{:<12} {:>22} {:>24}",
        "", "start to banner, ms", "PSS of all processes, MB"
    );
    for target in Target::ALL
        .into_iter()
        .filter(|target| *target != Target::Nothing)
    {
        if let Some((start, pss)) = start_of(target, starts) {
            println!("{:<12} {start:>22.1} {:>24.1}", target.name(), pss / 1024.0);
        }
    }
    if wish.smoke {
        println!("\nA debug build and a handful of messages: these figures mean nothing.");
    }
}

pub fn json(wish: &Wish, figures: &[Figure], starts: &[Start]) -> String {
    let row = |row: &Row| {
        serde_json::json!({
            "through": row.target.name(), "size": row.size, "kept_open": row.keeps_open, "messages_per_second": row.per_second.0,
            "least": row.per_second.1, "most": row.per_second.2, "cpu_seconds_per_1000": row.cpu,
        })
    };
    let start = |target: &Target| {
        let (milliseconds, pss) = start_of(*target, starts)?;
        Some(
            serde_json::json!({ "through": target.name(), "start_ms": milliseconds, "pss_kib": pss }),
        )
    };
    let targets = [Target::Filterd, Target::Original];
    let value = serde_json::json!({
        "rounds": wish.rounds, "children": wish.children, "messages": wish.messages, "smoke": wish.smoke,
        "figures": rows(figures).iter().map(row).collect::<Vec<_>>(),
        "processes": targets.iter().filter_map(start).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).unwrap()
}

fn rows(figures: &[Figure]) -> Vec<Row> {
    let mut rows = Vec::new();
    for &(size, ..) in SIZES {
        for keeps_open in [false, true] {
            for target in Target::ALL {
                let same =
                    |f: &&Figure| (f.target, f.size, f.keeps_open) == (target, size, keeps_open);
                let mine: Vec<&Figure> = figures.iter().filter(same).collect();
                let rates = sorted(mine.iter().map(|f| f.per_second));
                if let (Some(&least), Some(&most)) = (rates.first(), rates.last()) {
                    let per_second = (median(&rates), least, most);
                    let cpu = median(&sorted(mine.iter().map(|f| f.cpu_per_thousand)));
                    rows.push(Row {
                        target,
                        size,
                        keeps_open,
                        per_second,
                        cpu,
                    });
                }
            }
        }
    }
    rows
}

fn start_of(target: Target, starts: &[Start]) -> Option<(f64, f64)> {
    let mine: Vec<&Start> = starts
        .iter()
        .filter(|start| start.target == target)
        .collect();
    mine.first()?;
    let times = sorted(mine.iter().map(|start| start.milliseconds));
    let sizes = sorted(mine.iter().map(|start| start.pss_kib as f64));
    Some((median(&times), median(&sizes)))
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}
