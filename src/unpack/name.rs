//! Names that mail declares, made fit to be kept: bounded in number and length.

/// Longest name that is kept, characters.
const LONGEST: usize = 1000;
/// Most names of one thing.
const MOST: usize = 8;

/// Names as they are kept, each once.
pub(super) fn all(names: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(names.len().min(MOST));
    for name in names.iter().take(MOST) {
        let name = bounded(name);
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

/// Of a name that is too long, both ends: the last one says the type.
fn bounded(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let count = name.chars().count();
    if count <= LONGEST {
        return name.to_owned();
    }
    let half = LONGEST / 2;
    let head = name.chars().take(half);
    let tail = name.chars().skip(count - half);
    head.chain(tail).collect()
}

/// Octets as text: UTF-8, or else each octet as the character of its number.
pub(super) fn text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().map(|octet| char::from(*octet)).collect(),
    }
}

/// Little-endian UTF-16 as text, to its end or its first NUL.
pub(super) fn wide(octets: &[u8]) -> String {
    let pairs = octets.as_chunks::<2>().0.iter();
    let units: Vec<u16> = pairs.map(|pair| u16::from_le_bytes(*pair)).collect();
    let end = units.iter().position(|unit| *unit == 0);
    let units = units.get(..end.unwrap_or(units.len())).unwrap_or_default();
    String::from_utf16_lossy(units)
}

/// The name that is left when the name of a compressed file loses its suffix: `x.tgz` is `x.tar` (content.md 2.5).
pub(super) fn without_suffix(name: &str) -> Option<String> {
    const CUT: &[&str] = &[
        ".gz", ".z", ".bz2", ".bz", ".xz", ".lzma", ".lrz", ".lzo", ".lz4", ".zst", ".br",
    ];
    const TAR: &[&str] = &[
        ".tgz", ".taz", ".tbz", ".tbz2", ".tb2", ".txz", ".tlz", ".tzst",
    ];
    let small = name.to_ascii_lowercase();
    let cut = |suffix: &&&str| small.ends_with(**suffix) && small.len() > suffix.len();
    if let Some(suffix) = CUT.iter().find(cut) {
        return name.get(..name.len() - suffix.len()).map(str::to_owned);
    }
    if let Some(suffix) = TAR.iter().find(cut) {
        let stem = name.get(..name.len() - suffix.len())?;
        return Some(format!("{stem}.tar"));
    }
    let stem = small.strip_suffix(".rpm")?;
    name.get(..stem.len()).map(|stem| format!("{stem}.cpio"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_compressed_files_lose_their_suffix() {
        for (name, want) in [
            ("a.exe.gz", Some("a.exe")),
            ("a.TGZ", Some("a.tar")),
            ("a.tar.xz", Some("a.tar")),
            ("a.rpm", Some("a.cpio")),
            ("a.txt", None),
            (".gz", None),
        ] {
            assert_eq!(without_suffix(name).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = format!("{}.exe", "\u{e4}".repeat(5000));
        let kept = all(&[name.clone(), name, "b".into()]);
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0].chars().count(), LONGEST);
        assert!(kept[0].ends_with(".exe"));
        assert_eq!(text(b"\xe4x"), "\u{e4}x");
        assert_eq!(wide(b"a\0b\0\0\0c\0"), "ab");
    }
}
