//! What scanners answer: nothing of it may break anything, and what comes out has the form that the log and header fields rely on.
#![no_main]

use filterd::wire::{
    clamd::{self, Verdict},
    http, spamd,
};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    if let Some((number, verdict)) = clamd::reply(&text) {
        let line = text.trim_end_matches(['\r', '\n']);
        match verdict {
            Verdict::Clean => assert!(line.ends_with("OK"), "{line:?}"),
            Verdict::Found(_) => assert!(line.ends_with(" FOUND"), "{line:?}"),
            Verdict::TooLarge(_) | Verdict::Error(_) => assert!(line.ends_with("ERROR"), "{line:?}"),
        }
        if let Some(number) = number {
            // The same verdict about another content differs in the number alone.
            let (_, rest) = line.split_once(": ").expect("a number stands before a colon");
            let again = clamd::reply(&format!("{}: {rest}", number / 2)).expect("a reply");
            assert_eq!(again.0, Some(number / 2));
        }
    }
    if let Some(head) = spamd::head(&text) {
        assert!(head.score.is_none_or(f64::is_finite));
    }
    let told = spamd::body(&text);
    for (name, points) in &told.tests {
        assert!(!name.is_empty() && name.len() <= 80);
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        assert!(points.is_none_or(f64::is_finite));
    }
    if let Some(head) = http::head(&text) {
        assert!(text.starts_with("HTTP/1."), "{head:?}");
    }
    let _size = http::chunk_size(&text);
    assert!(!http::value(&text).contains(char::is_control));
});
