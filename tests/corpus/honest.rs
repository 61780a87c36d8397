//! Mail as programs and people write it: odd in many ways, and nothing wrong with it.

use super::{
    Case,
    carriers::{attached, base64, head},
};

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: String, message: String| {
        cases.push(Case {
            name,
            message: message.into_bytes(),
        });
    };
    for (at, text) in TEXTS.iter().enumerate() {
        add(format!("text {at}"), format!("{}\r\n{text}\r\n", head()));
        add(
            format!("text {at} in a multipart"),
            format!(
                "{}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n{text}\r\n--x--\r\n",
                head()
            ),
        );
    }
    for (at, structure) in STRUCTURES.iter().enumerate() {
        add(
            format!("structure {at}"),
            format!("{}{}", head(), structure.replace('\n', "\r\n")),
        );
    }
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), vec![7; 300]].concat();
    let jpeg = [b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(), vec![9; 500]].concat();
    let pdf = b"%PDF-1.4\n1 0 obj <</Type/Catalog/Encrypt 5 0 R>> endobj\n2 0 obj <</Length 3>>\nstream\nabc\nendstream\nendobj\n%%EOF\n".to_vec();
    let signature = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01".to_vec();
    for (name, content) in [
        ("photo.png", png),
        ("photo.jpg", jpeg),
        ("statement.pdf", pdf),
        ("smime.p7s", signature),
        ("empty.txt", Vec::new()),
        ("noise.bin", (0..2000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()),
        ("table.csv", b"a;b;c\r\n1;2;3\r\n".to_vec()),
        ("page.html", b"<!DOCTYPE html><html><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='></html>".to_vec()),
        ("data.xml", b"<?xml version='1.0'?><a/>".to_vec()),
        ("notes.rtf", b"{\\rtf1\\ansi Hello \\b there\\b0 .}".to_vec()),
        ("card.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n".to_vec()),
        ("meeting.ics", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nATTACH:http://example.org/x\r\nEND:VCALENDAR\r\n".to_vec()),
        ("mail.eml", b"From: a@b\r\nSubject: x\r\n\r\nHello\r\n".to_vec()),
        ("log.txt", b"PK is how this line begins, Rar! this one,\r\nbegin the day 644 times\r\n".to_vec()),
    ] {
        cases.push(Case {
            name: format!("attachment {name}"),
            message: attached(name, &content),
        });
    }
    cases
}

const TEXTS: &[&str] = &[
    "Hello.",
    "",
    "A line that begins with --x and goes on\r\n--y\r\n-- \r\nwith a signature",
    "begin 644 reasons to write\r\nand no end",
    "begin with this, end with that",
    "=ybegin is how yEnc begins",
    "From the beginning, >From was quoted",
    "data: base64, and ;base64, by themselves",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nas somebody quotes it\r\n--b--",
    "tabs\tand \u{e4}\u{f6}\u{fc} and \u{1f600}",
    "MZ, PK, 7z and BZh are letters",
    "a\u{a0}b\u{200b}c",
    "%PDF-1.4 is how such files begin",
    "{\\rtf1 is how those begin}",
    "(This file must be read with patience)",
    "%!PS is no more than that",
    "#!/bin/sh\r\necho hello",
    "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nHello\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmQ==\r\n-----END PGP PUBLIC KEY BLOCK-----",
    "> quoted\r\n>> twice\r\n|\r\n",
    "070701 is my number",
    "BZh9 is how bzip2 files begin, 1AY&SY comes next",
    "(This file must be converted with BinHex 4.0)\r\n\r\nand nothing else",
    "!<arch>\r\n",
    "60 is a number, RE~^ is not",
];

const STRUCTURES: &[&str] = &[
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nA =3D B =\nC=\n",
    "Content-Type: text/plain; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: 8bit\n\nx\n",
    "Content-Type: multipart/alternative;\n boundary=\"----=_NextPart_000_0001_01D0.ABCD\"\n\nThis is a multi-part message in MIME format.\n\n------=_NextPart_000_0001_01D0.ABCD\nContent-Type: text/plain\n\nx\n------=_NextPart_000_0001_01D0.ABCD\nContent-Type: text/html\n\n<b>x</b>\n------=_NextPart_000_0001_01D0.ABCD--\n",
    "Content-Type: multipart/related; boundary=a; type=\"multipart/alternative\"\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nx\n--ab\nContent-Type: text/html\n\ny\n--ab--\n--a\nContent-Type: image/gif\nContent-ID: <x@y>\nContent-Transfer-Encoding: base64\n\nR0lGODlhAQABAAAAACw=\n--a--\n",
    "Content-Type: multipart/signed; micalg=pgp-sha1; protocol=\"application/pgp-signature\"; boundary=s\n\n--s\nContent-Type: text/plain\n\nx\n--s\nContent-Type: application/pgp-signature; name=\"signature.asc\"\n\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n--s--\n",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nIt failed.\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n--r\nContent-Type: text/rfc822-headers\n\nSubject: x\n--r--\n",
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n--r\n\nIt was read.\n--r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;a@b\nDisposition: manual-action/MDN-sent-manually; displayed\n--r--\n",
    "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: one\n\n1\n--d\n\nSubject: two\n\n2\n--d--\n",
    "Content-Type: message/rfc822\n\nSubject: in\n\nx\n",
    "Content-Type: multipart/mixed; boundary=\"a b'()+_,-./:=?\"\n\n--a b'()+_,-./:=?\n\nx\n--a b'()+_,-./:=?--\n",
    "Content-Type: multipart/mixed; boundary=x\n\npreamble\n--x\n\ny\n--x--\nepilogue\n",
    "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--x--\n",
    "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; name*=utf-8''%e2%82%ac.txt\nContent-Disposition: attachment;\n filename*0*=utf-8''%e2%82%ac;\n filename*1=\".txt\"\n\ny\n--x--\n",
    "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Disposition: attachment; filename=\"=?utf-8?B?4oKsLnR4dA==?=\"\n\ny\n--x--\n",
    "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; name=\"a;b=c.txt\"\n\ny\n--x--\n",
    "Content-Type: text/html\n\n<html><body onload=\"x()\"><!-- <script> --></body></html>\n",
    "Content-Type: text\n\nan incomplete type\n",
    "Content-Type:\n\nno type at all\n",
    "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+IgEAAQaQCAAEAAAAAAABAAEAAQeQBgAIAAAA5AQAAAAAAADoAA==\n",
    "Content-Type: message/external-body; access-type=anon-ftp; name=x; site=ftp.example.org\n\nContent-Type: text/plain\n\n",
    "Content-Type: multipart/form-data; boundary=x\n\n--x\nContent-Disposition: form-data; name=\"a\"\n\n1\n--x--\n",
    "Content-Type: text/x-patch; name=0001.patch\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n-- \n2.40\n",
    "Content-Type: text/plain; format=flowed; delsp=yes\n\nlong \nline\n",
    "Received: from a by b; Sun, 22 Nov 2026 12:00:00 +0000\nContent-Type: text/plain\n\nx\n",
];

#[test]
fn base64_lines_are_short() {
    assert!(base64(&[0; 200]).lines().all(|line| line.len() <= 76));
}
