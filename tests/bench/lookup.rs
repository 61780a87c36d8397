//! How long a large table takes to load and to be asked: `cargo bench --bench lookup`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that fails says where"
)]

use std::{fmt::Write as _, fs, hint::black_box, path::Path};

use criterion::{Criterion, criterion_group, criterion_main};
use filterd::{
    config::{files::Sources, secure_open::Guard, settled::Config},
    mail::address::Address,
};

/// Addresses in the file.
const ADDRESSES: usize = 100_000;

/// Writes a table of addresses, and a configuration that names it.
fn prepare(folder: &Path) -> Sources {
    let mut table = String::new();
    for number in 0..ADDRESSES {
        let domain = number % 997;
        writeln!(table, "user{number}@domain{domain}.example.com 1").unwrap();
    }
    let file = folder.join("addresses");
    fs::write(&file, table).unwrap();
    let configuration = folder.join("amavisd.conf");
    let text = format!(
        "@local_domains_maps = (read_hash('{}'), 0);\n",
        file.display()
    );
    fs::write(&configuration, text).unwrap();
    Sources {
        files: vec![configuration],
        overrides: Vec::new(),
        guard: Guard::Off,
    }
}

fn is_local(config: &Config, address: &Address) -> bool {
    config.policy.local_domains.is_true(address).unwrap()
}

fn measure(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let sources = prepare(folder.path());
    let mut group = criterion.benchmark_group("table of 100,000 addresses");
    group.sample_size(10);
    group.bench_function("load", |bencher| {
        bencher.iter(|| black_box(sources.load().unwrap()));
    });
    let config = sources.load().unwrap();
    let known = Address::parse(b"User77777@domain11.example.com").unwrap();
    let unknown = Address::parse(b"nobody@elsewhere.example.org").unwrap();
    assert!(is_local(&config, &known) && !is_local(&config, &unknown));
    group.sample_size(50);
    group.bench_function("find an address", |bencher| {
        bencher.iter(|| is_local(black_box(&config), black_box(&known)));
    });
    group.bench_function("find nothing", |bencher| {
        bencher.iter(|| is_local(black_box(&config), black_box(&unknown)));
    });
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
