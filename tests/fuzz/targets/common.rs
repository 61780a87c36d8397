//! The questions that the property tests ask, and how octets become their arguments.

#[path = "../../properties/invariants/mod.rs"]
pub mod invariants;

/// Panics of our own code end the run; those of the decoders' libraries are caught where they are called, and are none of this.
pub fn own_panics_only() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| place.file()).unwrap_or_default();
        if !place.contains("/registry/") && !place.contains("/rustc/") {
            eprintln!("{info}");
            std::process::abort();
        }
    }));
}

/// Takes the first octet as the number of cuts, then the cuts; the rest is the input.
pub fn split_cuts(octets: &[u8]) -> (&[u8], &[u8]) {
    let Some((&count, rest)) = octets.split_first() else {
        return (&[], &[]);
    };
    rest.split_at(usize::from(count % 8).min(rest.len()))
}
