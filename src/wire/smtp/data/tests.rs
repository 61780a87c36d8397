use proptest::prelude::*;

use super::*;

/// Decodes `pieces` one after the other; gives content, rest after the end (if it came) and the facts.
fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>, ContentFacts) {
    let (mut decoder, mut content) = (Decoder::default(), Vec::new());
    let mut ended = false;
    for piece in pieces {
        let from = content.len();
        content.extend_from_slice(piece);
        ended = decoder.decode(&mut content, from) == Progress::End;
    }
    let rest = ended.then(|| decoder.take_rest());
    (content, rest, decoder.into_facts())
}

/// What goes to the wire for `content`.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let dots: Vec<u64> = dot_lines(content, 0, true).collect();
    for (at, &octet) in content.iter().enumerate() {
        if dots.contains(&(at as u64)) {
            out.push(b'.');
        }
        out.push(octet);
    }
    out.extend_from_slice(b".\r\n");
    out
}

struct Case {
    name: &'static str,
    input: &'static [u8],
    content: &'static [u8],
    rest: Option<&'static [u8]>,
}

const CASES: &[Case] = &[
    Case {
        name: "empty message",
        input: b".\r\n",
        content: b"",
        rest: Some(b""),
    },
    Case {
        name: "one line",
        input: b"a\r\n.\r\n",
        content: b"a\r\n",
        rest: Some(b""),
    },
    Case {
        name: "stuffed lines",
        input: b"..a\r\n..b\r\n.\r\n",
        content: b".a\r\n.b\r\n",
        rest: Some(b""),
    },
    Case {
        name: "needless stuffing",
        input: b".a\r\n.\r\n",
        content: b"a\r\n",
        rest: Some(b""),
    },
    Case {
        name: "line of two dots",
        input: b"..\r\n.\r\n",
        content: b".\r\n",
        rest: Some(b""),
    },
    Case {
        name: "LF . LF",
        input: b"a\n.\nb",
        content: b"a\r\n.\r\nb",
        rest: None,
    },
    Case {
        name: "LF . CRLF",
        input: b"a\n.\r\nb",
        content: b"a\r\n.\r\nb",
        rest: None,
    },
    Case {
        name: "CR . CR",
        input: b"a\r.\rb",
        content: b"a\r\n.\r\nb",
        rest: None,
    },
    Case {
        name: "CR . CRLF",
        input: b"a\r.\r\nb",
        content: b"a\r\n.\r\nb",
        rest: None,
    },
    Case {
        name: "CRLF . CR CR LF",
        input: b"a\r\n.\r\r\nb",
        content: b"a\r\n\r\n\r\nb",
        rest: None,
    },
    Case {
        name: "CRLF . LF",
        input: b"a\r\n.\nb",
        content: b"a\r\n\r\nb",
        rest: None,
    },
    Case {
        name: "CRLF . CR",
        input: b"a\r\n.\rb",
        content: b"a\r\n\r\nb",
        rest: None,
    },
    Case {
        name: "LF LF . CRLF",
        input: b"\n\n.\r\nb",
        content: b"\r\n\r\n.\r\nb",
        rest: None,
    },
    Case {
        name: "CRLF NUL . CRLF",
        input: b"a\r\n\0.\r\nb",
        content: b"a\r\n\0.\r\nb",
        rest: None,
    },
    Case {
        name: "commands follow",
        input: b"a\r\n.\r\nQUIT\r\n",
        content: b"a\r\n",
        rest: Some(b"QUIT\r\n"),
    },
    Case {
        name: "second end is rest",
        input: b"a\r\n.\r\n.\r\n",
        content: b"a\r\n",
        rest: Some(b".\r\n"),
    },
    Case {
        name: "dot in the middle",
        input: b"a.b\r\n.\r\n",
        content: b"a.b\r\n",
        rest: Some(b""),
    },
    Case {
        name: "NUL and 8 bit",
        input: b"\0\xff\r\n.\r\n",
        content: b"\0\xff\r\n",
        rest: Some(b""),
    },
];

#[test]
fn only_crlf_dot_crlf_ends_a_message() {
    for Case {
        name,
        input,
        content,
        rest,
    } in CASES
    {
        let (got, end, facts) = decode(&[input]);
        // Without an end, the last octet may still be held back: it is content in every case here.
        assert_eq!(&got, content, "{name}");
        assert_eq!(end.as_deref(), *rest, "{name}");
        assert_eq!(facts.size, content.len() as u64, "{name}");
    }
}

#[test]
fn cuts_at_any_octet_change_nothing() {
    for Case {
        name,
        input,
        content,
        rest,
    } in CASES
    {
        for cut in 0..=input.len() {
            let (head, tail) = input.split_at(cut);
            let (got, end, facts) = decode(&[head, tail]);
            assert_eq!(&got, content, "{name} cut at {cut}");
            assert_eq!(end.as_deref(), *rest, "{name} cut at {cut}");
            assert_eq!(facts, decode(&[input]).2, "{name} cut at {cut}");
        }
        let single: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(&decode(&single).0, content, "{name} octet by octet");
    }
}

#[test]
fn clean_input_takes_the_fast_path() {
    let mut decoder = Decoder::default();
    let mut buffer = b"Subject: x\r\n\r\nplain\r\n.\r\n".to_vec();
    assert_eq!(decoder.decode(&mut buffer, 0), Progress::End);
    assert_eq!(buffer, b"Subject: x\r\n\r\nplain\r\n");
    assert_eq!(decoder.scratch.capacity(), 0);
}

#[test]
fn facts_tell_what_went_by() {
    let (_, _, facts) = decode(&[b"..a\r\n\xe9\0\n.x\r\n.\r\n"]);
    assert!(facts.has_eight_bit && facts.has_nul);
    assert_eq!(facts.bare_newlines, 1);
    assert_eq!(facts.dot_lines, DotLines::Known(vec![0, 8]));
    let (_, _, facts) = decode(&[b"a\r\n.\r\n\xff\0"]);
    assert!(
        !facts.has_eight_bit && !facts.has_nul,
        "what follows the message is not its content"
    );
}

fn wire_octets() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        3 => Just(b'\r'), 3 => Just(b'\n'), 3 => Just(b'.'), 2 => Just(b'a'), 1 => any::<u8>(),
    ];
    prop::collection::vec(octet, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decoded_content_is_canonical_and_survives_the_wire(input in wire_octets()) {
        let mut input = input;
        input.extend_from_slice(b"\r\n.\r\n");
        let (content, rest, facts) = decode(&[&input]);
        prop_assert!(rest.is_some());
        for (at, &octet) in content.iter().enumerate() {
            if octet == b'\r' { prop_assert_eq!(content.get(at + 1), Some(&b'\n')); }
            if octet == b'\n' { prop_assert!(at > 0 && content[at - 1] == b'\r'); }
        }
        prop_assert!(content.is_empty() || content.ends_with(b"\r\n"));
        prop_assert_eq!(facts.size, content.len() as u64);
        prop_assert_eq!(&facts.dot_lines, &facts_of(&content).dot_lines);
        let (again, rest, _) = decode(&[&stuffed(&content)]);
        prop_assert_eq!(again, content);
        prop_assert_eq!(rest, Some(Vec::new()));
    }

    #[test]
    fn any_cut_gives_the_same(input in wire_octets(), cuts in prop::collection::vec(0_usize..200, 0..5)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(input.len())).collect();
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts { pieces.push(&input[from..cut]); from = cut; }
        pieces.push(&input[from..]);
        let (content, rest, facts) = decode(&pieces);
        let whole = decode(&[&input]);
        // The octets held back at the end are the same ones, whatever the cuts.
        prop_assert_eq!(content, whole.0);
        prop_assert_eq!(rest, whole.1);
        prop_assert_eq!(facts, whole.2);
    }
}
