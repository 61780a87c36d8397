//! The status in Prometheus' text format.
//!
//! # Source
//! ecosystem.md D.6; the text format 0.0.4.

use std::collections::BTreeMap;

use super::Status;
use crate::scoreboard::Stage;

/// Ends of messages: counter, label.
const RESULTS: [(&str, &str); 7] = [
    ("InMsgsStatusAccepted", "accepted"),
    ("InMsgsStatusRelayed", "relayed"),
    ("InMsgsStatusBounced", "bounced"),
    ("InMsgsStatusNoBounce", "not_bounced"),
    ("InMsgsStatusRejected", "rejected"),
    ("InMsgsStatusTempFailed", "tempfail"),
    ("InMsgsStatusDiscarded", "discarded"),
];

/// Categories of messages: counter, label.
const CATEGORIES: [(&str, &str); 9] = [
    ("ContentCleanMsgs", "clean"),
    ("ContentOversizedMsgs", "oversized"),
    ("ContentMtaFailedMsgs", "mta_failed"),
    ("ContentUncheckedMsgs", "unchecked"),
    ("ContentBadHdrMsgs", "bad_header"),
    ("ContentBannedMsgs", "banned"),
    ("ContentSpammyMsgs", "spammy"),
    ("ContentSpamMsgs", "spam"),
    ("ContentVirusMsgs", "infected"),
];

/// Times, counted in milliseconds: counter, label.
const STAGES: [(&str, &str); 3] = [
    ("TimeElapsedTotal", "total"),
    ("TimeElapsedReceiving", "receive"),
    ("TimeElapsedSending", "forward"),
];

/// A sample: labels, value.
type Sample = (Vec<(&'static str, String)>, f64);

/// All of it, a line each.
pub(super) fn lines(status: &Status) -> Vec<String> {
    let mut page = Page(Vec::new());
    daemon(&mut page, status);
    children(&mut page, status);
    engines(&mut page, status);
    messages(&mut page, status);
    let all = status
        .counters
        .iter()
        .map(|(name, count)| (vec![("name", (*name).to_owned())], float(*count)));
    page.add(
        "filterd_events_total",
        "counter",
        "Every counter of filterd(8), by its name there; names of AMAVIS-MIB where it has them.",
        all,
    );
    page.0
}

fn daemon(page: &mut Page, status: &Status) {
    page.add(
        "filterd_build_info",
        "gauge",
        "The version that runs.",
        [(vec![("version", status.version.clone())], 1.0)],
    );
    page.one(
        "filterd_uptime_seconds",
        "gauge",
        "Since the master was started.",
        status.uptime_seconds,
    );
    page.one(
        "filterd_config_generation",
        "gauge",
        "Configurations taken over since the start.",
        status.generation,
    );
    page.add(
        "filterd_config_reloads_total",
        "counter",
        "Reloads, by what became of them.",
        [
            label("result", "success", status.reloads),
            label("result", "rejected", status.rejected_reloads),
        ],
    );
}

fn children(page: &mut Page, status: &Status) {
    let there = |name: &str| {
        status
            .children
            .iter()
            .filter(|child| child.state == name)
            .count() as u64
    };
    let (idle, starting) = (there(Stage::Idle.name()), there(Stage::Starting.name()));
    let busy = status.busy as u64;
    let other = (status.children.len() as u64).saturating_sub(idle + starting + busy);
    page.add(
        "filterd_workers",
        "gauge",
        "Children, by state.",
        [
            label("state", "idle", idle),
            label("state", "busy", busy),
            label("state", "starting", starting),
            label("state", "other", other),
        ],
    );
    page.one(
        "filterd_workers_limit",
        "gauge",
        "max_servers: sessions that are served at a time.",
        status.max_servers,
    );
    page.one(
        "filterd_worker_forks_total",
        "counter",
        "Children that were started.",
        status.forks,
    );
    page.add(
        "filterd_worker_restarts_total",
        "counter",
        "Children that did not end by themselves.",
        [
            label("reason", "killed", status.kills),
            label("reason", "crashed", status.crashes),
        ],
    );
}

/// One name may stand for several scanners, of viruses and of spam: they count together, and one that is down makes the name down.
fn engines(page: &mut Page, status: &Status) {
    let (mut up, mut requests) = (BTreeMap::new(), BTreeMap::new());
    for scanner in &status.scanners {
        let name = scanner.name.as_str();
        *up.entry(name).or_insert(true) &= scanner.is_up;
        *requests.entry((name, "answered")).or_insert(0) += scanner.answers;
        *requests.entry((name, "failed")).or_insert(0) += scanner.failures;
    }
    let up = up
        .into_iter()
        .map(|(name, is_up)| label("engine", name, u64::from(is_up)));
    page.add("filterd_engine_up", "gauge", "Does the scanner answer?", up);
    let requests = requests.into_iter().map(|((name, outcome), count)| {
        let labels = vec![("engine", name.to_owned()), ("outcome", outcome.to_owned())];
        (labels, float(count))
    });
    page.add(
        "filterd_engine_requests_total",
        "counter",
        "Messages and parts given to the scanner.",
        requests,
    );
}

fn messages(page: &mut Page, status: &Status) {
    let count = |name: &str| status.counters.get(name).copied().unwrap_or(0);
    let by = |name: &'static str, list: &[(&str, &str)]| -> Vec<Sample> {
        list.iter()
            .map(|(counter, value)| label(name, value, count(counter)))
            .collect()
    };
    page.one(
        "filterd_sessions_total",
        "counter",
        "Connections that were served.",
        count("sessions"),
    );
    page.add(
        "filterd_messages_total",
        "counter",
        "Messages, by their end.",
        by("result", &RESULTS),
    );
    page.add(
        "filterd_messages_category_total",
        "counter",
        "Messages, by what they are first of all.",
        by("category", &CATEGORIES),
    );
    page.one(
        "filterd_recipients_total",
        "counter",
        "Recipients of messages.",
        count("InMsgsRecips"),
    );
    page.one(
        "filterd_message_bytes_total",
        "counter",
        "Octets of messages.",
        count("InMsgsSize"),
    );
    let times = by("stage", &STAGES)
        .into_iter()
        .map(|(labels, ms)| (labels, ms / 1000.0));
    page.add(
        "filterd_stage_seconds_total",
        "counter",
        "Time that messages took.",
        times,
    );
    page.one(
        "filterd_quarantined_total",
        "counter",
        "Messages that were kept.",
        count("QuarMsgs"),
    );
    page.one(
        "filterd_internal_errors_total",
        "counter",
        "Faults of filterd itself.",
        count("internalErrors"),
    );
}

/// Lines that are put together.
struct Page(Vec<String>);

impl Page {
    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.add(name, kind, help, [(Vec::new(), float(value))]);
    }

    fn add(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        self.0.push(format!("# HELP {name} {help}"));
        self.0.push(format!("# TYPE {name} {kind}"));
        for (labels, value) in samples {
            let labels: Vec<String> = labels
                .iter()
                .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
                .collect();
            let line = if labels.is_empty() {
                format!("{name} {value}")
            } else {
                format!("{name}{{{}}} {value}", labels.join(","))
            };
            self.0.push(line);
        }
    }
}

fn label(name: &'static str, value: &str, count: u64) -> Sample {
    (vec![(name, value.to_owned())], float(count))
}

/// The format has nothing but floating point numbers.
#[allow(
    clippy::cast_precision_loss,
    reason = "a count above 2^53 may lose its last digits"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// A label's value: names of scanners come from the configuration.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Counter;

    #[test]
    fn labels_are_escaped_and_empty_families_left_out() {
        let mut page = Page(Vec::new());
        page.add(
            "a_total",
            "counter",
            "A.",
            [(
                vec![("x", "q\"\\\n".to_owned()), ("y", "z".to_owned())],
                1.5,
            )],
        );
        page.add("b_total", "counter", "B.", []);
        assert_eq!(
            page.0,
            [
                "# HELP a_total A.",
                "# TYPE a_total counter",
                r#"a_total{x="q\"\\\n",y="z"} 1.5"#
            ]
        );
    }

    #[test]
    fn the_tables_name_counters_that_exist() {
        let lists = RESULTS.iter().chain(&CATEGORIES).chain(&STAGES);
        for (counter, _) in lists {
            assert!(
                Counter::ALL.iter().any(|known| known.name() == *counter),
                "{counter}"
            );
        }
    }
}
