//! How content gets into a message.

use std::io::Write;

const HEAD: &str = "From: a@example.org\r\nTo: b@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: x\r\nMIME-Version: 1.0\r\n";

pub fn head() -> &'static str {
    HEAD
}

pub fn base64(content: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(content);
    let lines = text.as_bytes().chunks(76);
    lines
        .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
        .collect()
}

/// The usual attachment, below a text.
pub fn attached(name: &str, content: &[u8]) -> Vec<u8> {
    format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=\"=_outer\"\r\n\r\n--=_outer\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n\
         --=_outer\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{}--=_outer--\r\n",
        base64(content)
    )
    .into_bytes()
}

fn quoted_printable(content: &[u8]) -> String {
    let mut out = String::new();
    for chunk in content.chunks(24) {
        for octet in chunk {
            out.push_str(&format!("={octet:02X}"));
        }
        out.push_str("=\r\n");
    }
    out
}

pub fn uuencoded(name: &str, content: &[u8]) -> String {
    let mut out = format!("begin 644 {name}\r\n");
    let digit = |value: u8| char::from(if value == 0 { b'`' } else { value + 32 });
    for line in content.chunks(45) {
        out.push(digit(u8::try_from(line.len()).unwrap()));
        for group in line.chunks(3) {
            let at = |n: usize| group.get(n).copied().unwrap_or(0);
            let (a, b, c) = (at(0), at(1), at(2));
            for value in [
                a >> 2,
                (a & 3) << 4 | b >> 4,
                (b & 15) << 2 | c >> 6,
                c & 63,
            ] {
                out.push(digit(value));
            }
        }
        out.push_str("\r\n");
    }
    out + "`\r\nend\r\n"
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// The content in each carrier.
pub fn all(name: &str, content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let inner = attached(name, content);
    let inner_text = String::from_utf8(inner.clone()).unwrap();
    let encoded_message = format!(
        "{HEAD}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(&inner)
    );
    vec![
        ("attached", inner.clone()),
        (
            "as the body",
            format!(
                "{HEAD}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                base64(content)
            )
            .into_bytes(),
        ),
        (
            "in quoted-printable, called a text",
            format!(
                "{HEAD}Content-Type: text/plain; name=readme.txt\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
                quoted_printable(content)
            )
            .into_bytes(),
        ),
        (
            "in a forwarded message",
            format!("{HEAD}Content-Type: message/rfc822\r\n\r\n{inner_text}").into_bytes(),
        ),
        ("in a forwarded message in base64", encoded_message.into_bytes()),
        (
            "uuencoded in a text",
            format!(
                "{HEAD}Content-Type: text/plain\r\n\r\nHello.\r\n\r\n{}\r\nBye.\r\n",
                uuencoded(name, content)
            )
            .into_bytes(),
        ),
        ("in a gzip file", attached(&format!("{name}.gz"), &gzip(content))),
        (
            "in a message in a gzip file",
            attached("mail.eml.gz", &gzip(&inner)),
        ),
    ]
}
