//! Ways in which something has been hidden from filters.

use std::io::Write;

use super::{
    Case,
    carriers::{attached, base64, head, uuencoded},
};

/// A zip archive: name in the directory, name in the member's header, content, whether the directory lists it.
struct Member<'m> {
    listed: &'m str,
    own: &'m str,
    content: &'m [u8],
    is_listed: bool,
}

fn member<'m>(name: &'m str, content: &'m [u8]) -> Member<'m> {
    Member {
        listed: name,
        own: name,
        content,
        is_listed: true,
    }
}

fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for member in members {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(member.content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(member.content);
        let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
        let short = |value: usize| u16::try_from(value).unwrap().to_le_bytes();
        let common = [
            &[0, 0, 8, 0, 0, 0, 0, 0][..],
            &crc.sum().to_le_bytes(),
            &number(packed.len()),
            &number(member.content.len()),
        ]
        .concat();
        let offset = out.len();
        out.extend(
            [
                &b"PK\x03\x04\x14\0"[..],
                &common,
                &short(member.own.len()),
                &[0, 0],
            ]
            .concat(),
        );
        out.extend_from_slice(member.own.as_bytes());
        out.extend_from_slice(&packed);
        if member.is_listed {
            count += 1;
            directory.extend(
                [
                    &b"PK\x01\x02\x14\0\x14\0"[..],
                    &common,
                    &short(member.listed.len()),
                    &[0; 12],
                    &number(offset),
                    member.listed.as_bytes(),
                ]
                .concat(),
            );
        }
    }
    let begin = out.len();
    let length = directory.len();
    out.extend(directory);
    let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    out.extend(
        [
            &b"PK\x05\x06\0\0\0\0"[..],
            &count.to_le_bytes(),
            &count.to_le_bytes(),
            &number(length),
            &number(begin),
            &[0, 0],
        ]
        .concat(),
    );
    out
}

pub fn all(payload: &[u8]) -> Vec<Case> {
    let mut cases = archives(payload);
    cases.extend(mime(payload));
    cases.extend(texts(payload));
    cases.extend(documents(payload));
    cases
}

fn archives(payload: &[u8]) -> Vec<Case> {
    let good = zip(&[member("good.txt", b"nothing")]);
    let bad = zip(&[member("bad.exe", payload)]);
    let mut stub = b"\xff\xd8\xff\xe0 a picture, or so it seems ".to_vec();
    stub.extend_from_slice(&bad);
    let trailing = [&bad[..], &[b'x'; 70_000]].concat();
    let two_names = zip(&[Member {
        listed: "good.txt",
        own: "bad.exe",
        content: payload,
        is_listed: true,
    }]);
    let unlisted = zip(&[
        Member {
            is_listed: false,
            ..member("bad.exe", payload)
        },
        member("good.txt", b"nothing"),
    ]);
    let office = zip(&[
        member("[Content_Types].xml", b"<Types/>"),
        member("word/document.xml", b"<x/>"),
        member("word/embeddings/bad.exe", payload),
    ]);
    [
        (
            "two archives, the first one bad",
            "a.zip",
            [&bad[..], &good].concat(),
        ),
        (
            "two archives, the second one bad",
            "a.zip",
            [&good[..], &bad].concat(),
        ),
        ("an archive behind a picture", "a.jpg", stub),
        ("an archive with 70,000 octets behind it", "a.zip", trailing),
        ("a member with two names", "a.zip", two_names),
        ("a member that is not listed", "a.zip", unlisted),
        (
            "two members of one name",
            "a.zip",
            zip(&[member("a", payload), member("a", b"nothing")]),
        ),
        ("a program in a document", "a.docx", office),
        ("an archive called a text", "readme.txt", bad.clone()),
        (
            "an archive without its directory",
            "a.zip",
            bad[..bad.len() - 60].to_vec(),
        ),
        (
            "archives in archives, ten levels",
            "a.zip",
            (0..10).fold(bad, |inner, _| zip(&[member("a.zip", &inner)])),
        ),
        (
            "a name that goes up",
            "a.zip",
            zip(&[member("../../etc/bad.exe", payload)]),
        ),
    ]
    .into_iter()
    .map(|(name, file, content)| Case {
        name: name.to_owned(),
        message: attached(file, &content),
    })
    .collect()
}

/// A part with the program.
fn part(payload: &[u8]) -> String {
    format!(
        "Content-Type: application/octet-stream; name=bad.exe\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(payload)
    )
}

fn mime(payload: &[u8]) -> Vec<Case> {
    let part = part(payload);
    let body = base64(payload);
    let junk: String = body
        .chars()
        .map(|c| {
            if c == '\r' {
                "!\r".to_owned()
            } else {
                c.to_string()
            }
        })
        .collect();
    let multipart = |fields: &str, boundary: &str| {
        format!(
            "{}{fields}\r\n\r\n--{boundary}\r\n\r\nhello\r\n--{boundary}\r\n{part}--{boundary}--\r\n",
            head()
        )
    };
    let cases = [
        (
            "two boundaries, the last one",
            multipart("Content-Type: multipart/mixed; boundary=a; boundary=b", "b"),
        ),
        (
            "two boundaries, the first one",
            multipart("Content-Type: multipart/mixed; boundary=b; boundary=a", "b"),
        ),
        (
            "two boundaries, folded",
            multipart(
                "Content-Type: multipart/mixed; charset=us-ascii;\r\n boundary=a;\r\n\tboundary=\"b\"",
                "b",
            ),
        ),
        (
            "a boundary in pieces",
            multipart(
                "Content-Type: multipart/mixed; boundary*0=ab; boundary*1=cd",
                "abcd",
            ),
        ),
        (
            "a boundary with a comment",
            multipart(
                "Content-Type: multipart/mixed (hello); (there) boundary=b",
                "b",
            ),
        ),
        (
            "two types, the last one",
            multipart(
                "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b",
                "b",
            ),
        ),
        (
            "two types, the first one",
            multipart(
                "Content-Type: multipart/mixed; boundary=b\r\nContent-Type: text/plain",
                "b",
            ),
        ),
        (
            "a blank before the colon",
            multipart("Content-Type : multipart/mixed; boundary=b", "b"),
        ),
        (
            "capitals",
            multipart("CONTENT-TYPE: MULTIPART/MIXED; BOUNDARY=b", "b"),
        ),
        (
            "a digest",
            multipart("Content-Type: multipart/digest; boundary=b", "b").replace(
                "\r\n--b\r\nContent-Type: application",
                "\r\n--b\r\n\r\nContent-Type: application",
            ),
        ),
        (
            "no last delimiter",
            multipart("Content-Type: multipart/mixed; boundary=b", "b").replace("--b--\r\n", ""),
        ),
        (
            "a part after the last delimiter",
            format!(
                "{}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--b\r\n{part}",
                head()
            ),
        ),
        (
            "an unknown subtype",
            multipart("Content-Type: multipart/x-new; boundary=b", "b"),
        ),
        (
            "an encoding with a comment",
            format!(
                "{}Content-Type: a/b\r\nContent-Transfer-Encoding: base64 (yes)\r\n\r\n{body}",
                head()
            ),
        ),
        (
            "an encoding in capitals",
            format!(
                "{}Content-Type: a/b\r\nContent-Transfer-Encoding: BASE64\r\n\r\n{body}",
                head()
            ),
        ),
        (
            "two encodings, the last one",
            format!(
                "{}Content-Type: a/b\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}",
                head()
            ),
        ),
        (
            "two encodings, the first one",
            format!(
                "{}Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{body}",
                head()
            ),
        ),
        (
            "foreign characters in base64",
            format!(
                "{}Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n{junk}",
                head()
            ),
        ),
        (
            "base64 without line ends",
            format!(
                "{}Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                head(),
                body.replace("\r\n", "")
            ),
        ),
        (
            "bare line ends",
            multipart("Content-Type: multipart/mixed; boundary=b", "b").replace("\r\n", "\n"),
        ),
        (
            "a message in a message in a message",
            (0..5).fold(part.clone(), |inner, _| {
                format!("{}Content-Type: message/rfc822\r\n\r\n{inner}", head())
            }),
        ),
        (
            "no header but the type",
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}--b--\r\n"),
        ),
    ];
    cases
        .into_iter()
        .map(|(name, message)| Case {
            name: name.to_owned(),
            message: message.into_bytes(),
        })
        .collect()
}

fn texts(payload: &[u8]) -> Vec<Case> {
    let uu = uuencoded("bad.exe", payload);
    let data = data_encoding::BASE64.encode(payload);
    let mut yenc = format!("=ybegin line=128 size={} name=bad.exe\r\n", payload.len()).into_bytes();
    for octet in payload {
        match octet.wrapping_add(42) {
            special @ (0 | 10 | 13 | b'=') => yenc.extend([b'=', special.wrapping_add(64)]),
            plain => yenc.push(plain),
        }
    }
    yenc.extend_from_slice(b"\r\n=yend\r\n");
    let text = |kind: &str, body: &[u8]| {
        let mut message = format!("{}Content-Type: {kind}\r\n\r\n", head()).into_bytes();
        message.extend_from_slice(body);
        message
    };
    let preamble = format!(
        "{}Content-Type: multipart/mixed; boundary=b\r\n\r\n{uu}--b\r\n\r\nx\r\n--b--\r\n",
        head()
    );
    let epilogue = format!(
        "{}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n{uu}",
        head()
    );
    [
        ("uuencode", text("text/plain", uu.as_bytes())),
        ("uuencode without a type", format!("From: a@b\r\n\r\n{uu}").into_bytes()),
        ("uuencode in a preamble", preamble.into_bytes()),
        ("uuencode in an epilogue", epilogue.into_bytes()),
        (
            "uuencode as an encoding",
            format!("{}Content-Type: a/b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n{uu}", head()).into_bytes(),
        ),
        (
            "base64 by uuencode",
            text("text/plain", format!("begin-base64 644 bad.exe\r\n{}====\r\n", base64(payload)).as_bytes()),
        ),
        ("yEnc", text("text/plain", &yenc)),
        (
            "a data: address",
            text("text/html", format!("<html><a download href='data:;base64,{data}'>x</a></html>").as_bytes()),
        ),
        (
            "a calendar",
            text("text/calendar", format!("BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:{data}\r\nEND:VCALENDAR\r\n").as_bytes()),
        ),
    ]
    .into_iter()
    .map(|(name, message)| Case {
        name: name.to_owned(),
        message,
    })
    .collect()
}

/// A compound file with these streams; storages on the way are made.
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    for (path, content) in streams {
        let storage = std::path::Path::new(path).parent().unwrap();
        file.create_storage_all(storage).unwrap();
        let mut stream = file.create_stream(path).unwrap();
        stream.write_all(content).unwrap();
    }
    file.into_inner().into_inner()
}

fn documents(payload: &[u8]) -> Vec<Case> {
    let size = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let attribute = |id: u32, data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        [&[2][..], &id.to_le_bytes(), &length, data, &[0, 0]].concat()
    };
    let tnef = [
        &b"\x78\x9f\x3e\x22\x01\0"[..],
        &attribute(0x0006_9002, &[0; 14]),
        &attribute(0x0001_8010, b"bad.exe\0"),
        &attribute(0x0006_800F, payload),
    ]
    .concat();
    let package = [
        &b"\x02\0bad.exe\0C:\\bad.exe\0\0\0\x03\0\x0b\0\0\0C:\\bad.exe\0"[..],
        &size,
        payload,
    ]
    .concat();
    let length = u32::try_from(package.len()).unwrap().to_le_bytes();
    let object = [
        &b"\x01\x05\0\0\x02\0\0\0\x08\0\0\0Package\0\0\0\0\0\0\0\0\0"[..],
        &length,
        &package,
    ]
    .concat();
    let whole = [&length[..], &package].concat();
    let embedded = compound(&[
        ("/ObjectPool/_1/\u{1}Ole10Native", &whole),
        ("/WordDocument", &[0; 64]),
    ]);
    let wide: Vec<u8> = "bad.exe"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let outlook = compound(&[
        (
            "/__attach_version1.0_#00000000/__substg1.0_37010102",
            payload,
        ),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &wide),
        ("/__substg1.0_1000001F", b"t\0e\0x\0t\0"),
    ]);
    let digits = data_encoding::HEXLOWER.encode(&object);
    let rtf = format!("{{\\rtf1{{\\object\\objemb{{\\*\\objdata {digits}}}}}}}");
    let spaced: String = digits.chars().map(|c| format!("{c}\r\n\\junk1 ")).collect();
    let spaced = format!("{{\\rtf1{{\\object{{\\*\\objdata {spaced}}}}}}}");
    let mut section = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3".to_vec();
    section.extend_from_slice(&[0; 64]);
    section.extend_from_slice(b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac");
    section.extend_from_slice(&u64::from(u32::from_le_bytes(size)).to_le_bytes());
    section.extend_from_slice(&[0; 12]);
    section.extend_from_slice(payload);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(payload).unwrap();
    let deflated = encoder.finish().unwrap();
    let pdf = |filter: &str, data: &[u8]| {
        let mut pdf =
            format!("%PDF-1.7\n1 0 obj <</Type/EmbeddedFile{filter}>>\nstream\r\n").into_bytes();
        pdf.extend_from_slice(data);
        pdf.extend_from_slice(b"\nendstream endobj\n");
        pdf
    };
    [
        ("TNEF", "winmail.dat", tnef),
        ("a package in a document", "a.doc", embedded),
        ("an attachment of an Outlook message", "a.msg", outlook),
        ("a package in RTF", "a.rtf", rtf.into_bytes()),
        ("a package in RTF, scattered", "a.doc", spaced.into_bytes()),
        ("an attachment in OneNote", "a.one", section),
        (
            "a file in a PDF",
            "a.pdf",
            pdf("/Filter/FlateDecode", &deflated),
        ),
        (
            "a program in a PDF that does not say so",
            "a.pdf",
            pdf("", payload),
        ),
    ]
    .into_iter()
    .map(|(name, file, content)| Case {
        name: name.to_owned(),
        message: attached(file, &content),
    })
    .collect()
}
