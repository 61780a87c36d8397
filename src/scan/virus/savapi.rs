//! Avira's SAVAPI.
//!
//! # Source
//! content.md 4.4 (savapi): numbered lines; settings first, then each file.

use super::{Found, ScanError, expected::judge, folder_of, room_for};
use crate::{
    config::scanner::{ScannerAddress, VirusScanner},
    scan::{contents::Contents, link::Link},
    sys::clock::Deadline,
};

pub(super) fn ask(
    scanner: &VirusScanner,
    addresses: &[ScannerAddress],
    product: &str,
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    let folder = folder_of(contents)?;
    let mut link = Link::open(addresses, deadline, room_for(contents))?;
    let greeting = link.line()?;
    if !greeting.starts_with("100 ") {
        return Err(ScanError::Strange(greeting));
    }
    let seconds = deadline.remaining().as_secs().max(1);
    let mut settings = vec![
        format!("SET SCAN_TIMEOUT {seconds}"),
        format!("SET CWD {folder}"),
    ];
    let product = product.trim();
    if !product.is_empty() && product != "*" {
        settings.insert(0, format!("SET PRODUCT {product}"));
    }
    for setting in settings {
        link.send(&[setting.as_bytes(), b"\n"])?;
        let reply = link.line()?;
        if !reply.starts_with("100") {
            return Err(ScanError::Strange(reply));
        }
    }
    let mut found = Found::default();
    for item in 0..contents.count() {
        let name = contents.name(item);
        link.send(&[format!("SCAN {folder}/{name}\n").as_bytes()])?;
        let answer = answer(&mut link)?;
        judge(scanner, name, &answer, None, &mut found)?;
    }
    // It closes at the end in any case.
    let _sent = link.send(&[b"QUIT\n"]);
    Ok(found)
}

/// All lines up to the one that ends the answer.
fn answer(link: &mut Link) -> Result<String, ScanError> {
    let mut answer = String::new();
    loop {
        let line = link.line()?;
        answer.push_str(&line);
        answer.push('\n');
        let code = line.get(..3).unwrap_or_default();
        let ends = code.starts_with(['0', '1', '2', '5', '9']) || code == "300" || code == "319";
        if ends {
            return Ok(answer);
        }
    }
}
