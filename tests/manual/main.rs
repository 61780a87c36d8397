//! The manual pages, the examples and the packages' metadata say what the program does: what can be compared mechanically is
//! compared here.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that fails says where"
)]

mod commands;
mod examples;
mod log_lines;
mod packages;
mod page;
mod settings;

use std::process::Command;

use page::Page;

/// All pages.
const PAGES: [&str; 6] = [
    "filterd.8",
    "filterd.toml.5",
    "filterd-migrate.7",
    "amavisd.8",
    "amavisd-nanny.8",
    "amavisd-release.8",
];

#[test]
fn mandoc_has_nothing_to_complain_of() {
    for name in PAGES {
        let output = match Command::new("mandoc")
            .args(["-T", "lint", "-W", "warning"])
            .arg(Page::path(name))
            .output()
        {
            Ok(output) => output,
            Err(error) => {
                eprintln!("skipped: mandoc cannot be run here: {error}");
                return;
            }
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{said}");
    }
}

#[test]
fn pages_refer_to_each_other_and_sections_exist() {
    for name in PAGES {
        let page = Page::read(name);
        let titles: Vec<&str> = page.lines_of("Sh").chain(page.lines_of("Ss")).collect();
        for line in page.text.lines().filter(|line| line.starts_with(".Sx ")) {
            let title = line[4..].trim_end_matches([' ', '.', ',', ';', ')']);
            let is_elsewhere = title == "LOG" || title == "AMAVISD.CONF";
            assert!(titles.contains(&title) || is_elsewhere, "{name}: {line}");
        }
        for other in PAGES {
            let (title, section) = other.rsplit_once('.').unwrap();
            let reference = format!(".Xr {title} {section}");
            assert!(
                name == other || page.text.contains(&reference),
                "{name} {other}"
            );
        }
    }
}
