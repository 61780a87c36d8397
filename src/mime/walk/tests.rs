use super::*;

/// A tree as text: a line for each part, with its level, kind, type, body and oddities.
fn shown(message: &str) -> String {
    let tree = walk(message.as_bytes(), Limits::default(), Reading::First);
    let mut out = String::new();
    for part in &tree.parts {
        let kind = match part.kind {
            PartKind::Multipart => "multi ",
            PartKind::Message => "message ",
            PartKind::Leaf => "",
        };
        let body = match part.kind {
            PartKind::Leaf => format!(" {:?}", message.get(part.body.clone()).unwrap()),
            _ => String::new(),
        };
        let names = if part.names.is_empty() {
            String::new()
        } else {
            format!(" ({})", part.names.join(", "))
        };
        let oddities: Vec<&str> = part.oddities.iter().map(|oddity| oddity.words()).collect();
        let oddities = if oddities.is_empty() {
            String::new()
        } else {
            format!(" !{}", oddities.join(", "))
        };
        out.push_str(&format!(
            "{}{kind}{}{names}{body}{oddities}\n",
            " ".repeat(part.depth),
            part.content_type
        ));
    }
    out
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn messages_are_taken_apart() {
    for (message, want) in [
        ("", "text/plain \"\"\n"),
        ("Subject: x\r\n\r\nbody\r\n", "text/plain \"body\\r\\n\"\n"),
        (
            "no header at all\n",
            "text/plain \"no header at all\\n\" !its header ends without an empty line\n",
        ),
        (
            "Subject: x\r\nfolded: y\r\n z\r\nbody\r\n",
            "text/plain \"body\\r\\n\" !its header ends without an empty line\n",
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\nContent-Type: application/zip; name=\"a.zip\"\nContent-Disposition: attachment; filename=a.zip\n\ntwo\n\n--b--\nepilogue\n",
            "multi multipart/mixed\n text/plain \"one\"\n application/zip (a.zip) \"two\\n\"\n",
        ),
        (
            // Not closed, and a part with nothing but a header.
            "Content-Type: multipart/mixed; boundary=\"b c\"\r\n\r\n--b c\r\nX: y\r\n--b c  \t\r\n\r\nlast",
            "multi multipart/mixed !ends without its last delimiter\n text/plain \"\"\n text/plain \"last\"\n",
        ),
        (
            // The outer delimiter ends the inner multipart; a boundary that begins with another one.
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\n1\n--a\n\n2\n--a--\n",
            "multi multipart/mixed\n multi multipart/alternative !ends without its last delimiter\n  text/plain \"1\"\n text/plain \"2\"\n",
        ),
        (
            // A line that goes on after the boundary is no delimiter.
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n--abc\n--a-\n--a --\n--a--\n",
            "multi multipart/mixed\n text/plain \"--abc\\n--a-\\n--a --\"\n",
        ),
        (
            "Content-Type: message/rfc822\n\nSubject: in\nContent-Type: text/html\n\n<p>\n",
            "message message/rfc822\n text/html \"<p>\\n\"\n",
        ),
        (
            "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: a\n\nx\n--d--\n",
            "multi multipart/digest\n message message/rfc822\n  text/plain \"x\"\n",
        ),
        (
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdA==\n",
            "message/rfc822 \"U3ViamVjdA==\\n\"\n",
        ),
        (
            "Content-Type: multipart/mixed\n\n--x\n\ny\n",
            "multipart/mixed \"--x\\n\\ny\\n\" !a multipart without a boundary\n",
        ),
        (
            "Content-Type: multipart/mixed; boundary=a; boundary=b\nContent-Type : text/plain\n\n--a\n\n1\n--a--\n--a\n\n2\n--a--\n",
            "multi multipart/mixed !more than one boundary, blanks before a colon in its header, more than one Content-Type, goes on after its last delimiter\n text/plain \"1\"\n text/plain \"2\"\n",
        ),
        (
            "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename*0=a.e; filename*1=xe\nContent-Transfer-Encoding: base65\n\n",
            "text/plain (a.txt, a.exe) \"\" !names differ, an encoding that is not known\n",
        ),
        (
            "Content-Type: a/b; name=\"x\u{e4}.exe\"\nContent-Disposition: attachment; filename*=utf-8''x%c3%a4.exe\n\n",
            "a/b (x\u{e4}.exe, utf-8''x%c3%a4.exe) \"\"\n",
        ),
        ("Content-Type: nonsense\n\nx", "text/plain \"x\"\n"),
    ] {
        assert_eq!(shown(message), want, "{message}");
    }
}

#[test]
fn what_goes_too_deep_or_too_far_is_cut() {
    let nested = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let tree = walk(nested.as_bytes(), Limits::default(), Reading::First);
    assert_eq!(tree.cut, Some(Cut::Depth));
    assert!(tree.parts.len() <= 32, "{}", tree.parts.len());
    let many = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\n\nx\n".repeat(20_000)
    );
    let tree = walk(many.as_bytes(), Limits::default(), Reading::First);
    assert_eq!((tree.cut, tree.parts.len()), (Some(Cut::Parts), 10_000));
    let unended: String = (0..16_000)
        .map(|n| {
            format!(
                "--b{}\nContent-Type: multipart/mixed; boundary=b{n}\n\n",
                n.max(1) - 1
            )
        })
        .collect();
    let tree = walk(unended.as_bytes(), Limits::default(), Reading::First);
    assert!(tree.parts.len() < 100, "{}", tree.parts.len());
}
