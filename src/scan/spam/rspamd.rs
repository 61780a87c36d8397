//! Rspamd, by its normal worker's HTTP interface.
//!
//! # Source
//! Rspamd's protocol: `/checkv2`, request fields, and the JSON of a reply.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LONGEST_REPLY, Request, SpamReport};
use crate::{
    config::scanner::ScannerAddress,
    mail::score::Points,
    scan::{failure::ScanError, link::Link},
    sys::clock::Deadline,
    wire::http::{self, Length},
};

/// Header fields of a reply that are taken.
const MOST_FIELDS: usize = 20;

pub(super) struct Place<'p> {
    pub(super) addresses: &'p [ScannerAddress],
    pub(super) path: &'p str,
    pub(super) password: Option<&'p str>,
}

/// What of a reply matters here.
#[derive(Debug, Deserialize)]
struct Reply {
    score: Option<f64>,
    #[serde(default)]
    is_skipped: bool,
    #[serde(default)]
    symbols: BTreeMap<String, Symbol>,
    #[serde(default)]
    milter: Milter,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Symbol {
    score: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct Milter {
    #[serde(default)]
    add_headers: BTreeMap<String, serde_json::Value>,
}

pub(super) fn ask(
    place: &Place<'_>,
    request: &Request<'_>,
    own_limit: Option<u64>,
    deadline: Deadline,
) -> Result<SpamReport, ScanError> {
    let message = request.whole(own_limit);
    let mut link = Link::open(place.addresses, deadline, LONGEST_REPLY)?;
    let head = head(place, request, message.len(), link.address());
    let sent = link.send(&[head.as_bytes(), &message]);
    if let Err(error) = sent
        && !matches!(error, ScanError::Closed(_))
    {
        return Err(error);
    }
    let mut section = Vec::new();
    loop {
        let line = link.line()?;
        if line.is_empty() {
            break;
        }
        section.push(line);
    }
    let section = section.join("\r\n");
    let head = http::head(&section)
        .ok_or_else(|| ScanError::Strange(section.chars().take(200).collect()))?;
    let body = match head.length {
        Length::Octets(count) => link.exactly(count)?,
        Length::ToEnd => link.until_closed()?,
        Length::Chunked => chunks(&mut link)?,
    };
    if head.status != 200 {
        let said: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        return Err(ScanError::Strange(format!(
            "HTTP status {}: {said}",
            head.status
        )));
    }
    let reply: Reply = serde_json::from_slice(&body)
        .map_err(|error| ScanError::Strange(format!("no JSON of a check: {error}")))?;
    report(reply)
}

fn head(place: &Place<'_>, request: &Request<'_>, size: usize, address: &str) -> String {
    let host = if address.starts_with('/') {
        "localhost"
    } else {
        address
    };
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {size}\r\nContent-Type: message/rfc822\r\n",
        place.path
    );
    let mut put = |name: &str, value: &str| {
        let value = http::value(value);
        if !value.is_empty() {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    };
    put("From", request.sender);
    for recipient in request.recipients {
        put("Rcpt", recipient);
    }
    if let Some(address) = request.client {
        put("IP", &address.to_string());
    }
    put("Helo", request.hello.unwrap_or_default());
    put("Hostname", request.client_name.unwrap_or_default());
    put("Queue-Id", request.queue_id.unwrap_or_default());
    put("User", request.user.unwrap_or_default());
    put("MTA-Name", request.host);
    put("Password", place.password.unwrap_or_default());
    head.push_str("\r\n");
    head
}

fn chunks(link: &mut Link) -> Result<Vec<u8>, ScanError> {
    let mut body = Vec::new();
    loop {
        let line = link.line()?;
        let size = http::chunk_size(&line).ok_or(ScanError::Strange(line))?;
        if size == 0 {
            return Ok(body);
        }
        if body.len().saturating_add(size) > LONGEST_REPLY {
            return Err(ScanError::Strange("it does not end".to_owned()));
        }
        body.extend(link.exactly(size)?);
        let _end = link.line()?;
    }
}

fn report(reply: Reply) -> Result<SpamReport, ScanError> {
    if let Some(error) = reply.error {
        return Err(ScanError::Strange(error.chars().take(200).collect()));
    }
    // What its settings skip has no score; what its test line is, is skipped and has one.
    let score = reply
        .score
        .or_else(|| reply.is_skipped.then_some(0.0))
        .filter(|score| score.is_finite())
        .ok_or_else(|| ScanError::Strange("no score".to_owned()))?;
    let tests = reply
        .symbols
        .into_iter()
        .filter(|(name, _)| is_name(name))
        .map(|(name, symbol)| Points {
            name,
            points: symbol.score.filter(|score| score.is_finite()),
        });
    Ok(SpamReport {
        score,
        tests: tests.collect(),
        autolearn: None,
        fields: fields(&reply.milter),
    })
}

fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() <= 80 && name.chars().all(is_plain)
}

/// Fields that it wants added; only `X-` fields are its own.
fn fields(milter: &Milter) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, value) in &milter.add_headers {
        let is_own = name
            .get(..2)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("x-"));
        if !is_own || !is_name(name) {
            continue;
        }
        let values = match value {
            serde_json::Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let text = value.as_str().or_else(|| value.get("value")?.as_str());
            if let Some(text) = text
                && fields.len() < MOST_FIELDS
            {
                let text = text.replace("\r\n", " ").replace('\n', " ");
                fields.push((name.clone(), crate::mail::text::printable(&text, 900)));
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let text = r#"{"is_skipped":false,"score":6.5,"required_score":15.0,"action":"add header",
            "symbols":{"MIME_GOOD":{"name":"MIME_GOOD","score":-0.1,"options":["text/plain"]},"ARC_NA":{"score":0}, "bad name":{"score":3}},
            "milter":{"add_headers":{"X-Spamd-Bar":{"value":"++\r\nEvil: 1","order":0},"Subject":{"value":"x"},"X-A":[{"value":"1"},{"value":"2"}]}}}"#;
        let report = report(serde_json::from_str(text).unwrap()).unwrap();
        assert!((report.score - 6.5).abs() < 1e-9);
        let tests: Vec<String> = report.tests.iter().map(ToString::to_string).collect();
        assert_eq!(tests, ["ARC_NA=0", "MIME_GOOD=-0.1"]);
        let fields: Vec<String> = report
            .fields
            .iter()
            .map(|(n, v)| format!("{n}: {v}"))
            .collect();
        assert_eq!(fields, ["X-A: 1", "X-A: 2", "X-Spamd-Bar: ++ Evil: 1"]);
        for bad in [r#"{"error":"no"}"#, "{}"] {
            assert!(
                super::report(serde_json::from_str(bad).unwrap()).is_err(),
                "{bad}"
            );
        }
    }
}
