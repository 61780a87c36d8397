//! Containers, made by programs of the system, each in a folder of its own. Those that are not installed are passed over.

use std::{fs, path::Path, process::Command};

/// Kind, file name, how it is made of `bad.exe` and `note.txt`.
const PACKERS: &[(&str, &str, &str)] = &[
    ("zip", "a.zip", "7z a a.zip bad.exe note.txt"),
    ("zip, stored", "a.zip", "7z a -mx0 a.zip bad.exe"),
    (
        "zip, deflate64",
        "a.zip",
        "7z a -mm=Deflate64 a.zip note.txt bad.exe",
    ),
    ("zip, bzip2", "a.zip", "7z a -mm=BZip2 a.zip bad.exe"),
    ("zip, lzma", "a.zip", "7z a -mm=LZMA a.zip bad.exe note.txt"),
    ("zip, ppmd", "a.zip", "7z a -mm=PPMd a.zip bad.exe note.txt"),
    (
        "zip by bsdtar",
        "a.zip",
        "bsdtar -a -cf a.zip bad.exe note.txt",
    ),
    ("7z", "a.7z", "7z a a.7z bad.exe note.txt"),
    ("7z, bzip2", "a.7z", "7z a -m0=bzip2 a.7z bad.exe note.txt"),
    ("7z, ppmd", "a.7z", "7z a -m0=ppmd a.7z bad.exe note.txt"),
    ("7z, deflate", "a.7z", "7z a -m0=deflate a.7z bad.exe"),
    ("7z, copy", "a.7z", "7z a -mx0 a.7z bad.exe"),
    ("7z, bcj2", "a.7z", "7z a -mf=BCJ2 a.7z bad.exe note.txt"),
    (
        "7z by bsdtar",
        "a.7z",
        "bsdtar -a -cf a.7z bad.exe note.txt",
    ),
    ("gzip", "bad.exe.gz", "gzip -9 bad.exe"),
    ("bzip2", "bad.exe.bz2", "bzip2 bad.exe"),
    ("xz", "bad.exe.xz", "xz bad.exe"),
    ("lzma", "bad.exe.lzma", "xz --format=lzma bad.exe"),
    ("zstd", "bad.exe.zst", "zstd -q bad.exe"),
    ("lz4", "bad.exe.lz4", "lz4 -q bad.exe bad.exe.lz4"),
    ("compress", "bad.exe.Z", "compress -f bad.exe"),
    ("tar", "a.tar", "tar -cf a.tar note.txt bad.exe"),
    ("tar, pax", "a.tar", "tar --format=pax -cf a.tar bad.exe"),
    ("tar, v7", "a.tar", "tar --format=v7 -cf a.tar bad.exe"),
    ("tar, gzip", "a.tgz", "tar -czf a.tgz bad.exe"),
    ("tar, xz", "a.txz", "tar -cJf a.txz bad.exe"),
    (
        "cpio, newc",
        "a.cpio",
        "ls bad.exe note.txt | cpio -o -H newc > a.cpio",
    ),
    (
        "cpio, crc",
        "a.cpio",
        "ls bad.exe | cpio -o -H crc > a.cpio",
    ),
    (
        "cpio, odc",
        "a.cpio",
        "ls bad.exe note.txt | cpio -o -H odc > a.cpio",
    ),
    (
        "cpio, bin",
        "a.cpio",
        "ls bad.exe note.txt | cpio -o -H bin > a.cpio",
    ),
    ("ar", "a.a", "ar q a.a bad.exe note.txt"),
    ("cabinet", "a.cab", "gcab -c a.cab bad.exe note.txt"),
    ("cabinet, mszip", "a.cab", "gcab -cz a.cab bad.exe note.txt"),
    ("lha", "a.lzh", "jlha c a.lzh bad.exe"),
    (
        "iso",
        "a.iso",
        "genisoimage -q -J -R -o a.iso bad.exe note.txt",
    ),
    ("udf", "a.iso", "genisoimage -q -udf -o a.iso bad.exe"),
    (
        "self-extracting zip",
        "a.exe",
        "7z a b.zip bad.exe; cat note.txt b.zip > a.exe",
    ),
    ("arj", "a.arj", "arj a a.arj bad.exe"),
    ("arj, stored", "a.arj", "arj a -m0 a.arj bad.exe"),
    ("arj, fastest", "a.arj", "arj a -m4 a.arj bad.exe"),
    ("lzop", "bad.exe.lzo", "lzop bad.exe"),
    ("lzop, best", "bad.exe.lzo", "lzop -9 bad.exe"),
    (
        "self-extracting 7z",
        "a.exe",
        "7z a b.7z bad.exe; cat bad.exe b.7z > a.exe",
    ),
];

/// Those that nothing here can open, or that nobody can without a word.
const CLOSED: &[(&str, &str, &str)] = &[
    ("zip, encrypted", "a.zip", "7z a -pX a.zip bad.exe"),
    ("zip, AES", "a.zip", "7z a -pX -mem=AES256 a.zip bad.exe"),
    ("7z, encrypted", "a.7z", "7z a -pX a.7z bad.exe"),
    (
        "7z, encrypted headers",
        "a.7z",
        "7z a -pX -mhe=on a.7z bad.exe",
    ),
    ("arj, encrypted", "a.arj", "arj a -gsecret a.arj bad.exe"),
];

/// Kind, file name, content.
pub type Packed = (&'static str, String, Vec<u8>);

pub fn all(payload: &[u8]) -> Vec<Packed> {
    made(PACKERS, payload)
}

pub fn closed(payload: &[u8]) -> Vec<Packed> {
    made(CLOSED, payload)
}

fn made(packers: &[(&'static str, &'static str, &str)], payload: &[u8]) -> Vec<Packed> {
    let mut found = Vec::new();
    for (kind, name, command) in packers {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bad.exe"), payload).unwrap();
        fs::write(folder.path().join("note.txt"), "hello there\n".repeat(100)).unwrap();
        match run(folder.path(), command, name) {
            Some(content) => found.push((*kind, (*name).to_owned(), content)),
            None => println!("skipped: {kind} ({command})"),
        }
    }
    found
}

fn run(folder: &Path, command: &str, name: &str) -> Option<Vec<u8>> {
    let status = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .output()
        .unwrap();
    if !status.status.success() {
        return None;
    }
    fs::read(folder.join(name)).ok()
}

/// Formats in which a cut or a flipped octet cannot be seen by anybody: they say neither where they end nor what should be there, or
/// are what they are only with their end.
pub fn has_no_end(kind: &str) -> bool {
    kind.starts_with("compress") || kind.starts_with("self-extracting")
}

/// A container that is cut, and one with other octets in its middle.
pub fn damaged(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut flipped = content.to_vec();
    let middle = content.len() / 2;
    for octet in flipped.iter_mut().skip(middle).take(8) {
        *octet ^= 0x5a;
    }
    vec![
        (
            "cut after two thirds",
            content[..content.len() * 2 / 3].to_vec(),
        ),
        ("cut after a third", content[..content.len() / 3].to_vec()),
        ("other octets in its middle", flipped),
    ]
}
