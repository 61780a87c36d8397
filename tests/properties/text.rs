//! What people and programs wrote: addresses, header sections, configurations.

use proptest::prelude::*;

use super::{
    cases,
    invariants::{address, config, contents, header, parts, pattern, template},
    words,
};

const ADDRESS: &[&[u8]] = &[
    b"user",
    b"@",
    b"example.org",
    b".",
    b"\"",
    b"\\",
    b"\"a b\"",
    b"<",
    b">",
    b" ",
    b"[192.0.2.1]",
    b"[IPv6:::1]",
    b"@relay,@x:",
    b"+tag",
    b"m\xc3\xbcller",
    b"b\xc3\xbccher.example",
    b"postmaster",
    b"\0",
    b"\t",
    b"\r\n",
    b"!",
    b"%",
];

const TEMPLATE: &[&[u8]] = &[
    b"[",
    b"[?",
    b"[~",
    b"[@",
    b"[:",
    b"[=",
    b"[\"",
    b"\"]",
    b"]",
    b"|",
    b"#",
    b"%s",
    b"%R",
    b"%e",
    b"%n",
    b"%#R",
    b"%1",
    b"%%",
    b"_TESTS_",
    b"_",
    b"\\n",
    b"\\",
    b"\n",
    b"\n\n",
    b" a ",
    b" b ",
    b"a",
    b"1",
    b"join_all",
    b"wrap",
    b"lc",
    b"Subject: ",
    b"(.)",
    b"\xc3\xa4",
    b": ",
    b"=",
];

const HEADER: &[&[u8]] = &[
    b"Received: from a (b [192.0.2.1]) by c; Thu, 26 Nov 2026 10:00:00 +0000\r\n",
    b"Received: ",
    b"Message-ID: <x@y>\r\n",
    b"message-id:",
    b"Subject: x\r\n",
    b" folded\r\n",
    b"\t\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b":",
    b": ",
    b"no field\r\n",
    b"<",
    b">",
    b"[",
    b"]",
    b" by ",
    b"IPv6:2001:db8::1",
    b"\0",
    b"\x1b[2J",
    b"\xff",
    b"\xe2\x80\xae",
    b"(comment",
    b")",
    b"\"",
];

const PERL: &[&[u8]] = &[
    b"$max_servers",
    b"$myhostname",
    b"@mynetworks",
    b"@local_domains_maps",
    b"%banned",
    b" = ",
    b";",
    b"\n",
    b"2",
    b"0x1F",
    b"1_000",
    b"1024*1024",
    b"'text'",
    b"\"a $mydomain b\"",
    b"\"\\x{263a}\"",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b"=>",
    b"qw(a b c)",
    b"undef",
    b"1;",
    b"use strict;",
    b"# comment\n",
    b"=pod\n",
    b"\n=cut\n",
    b"new_RE(",
    b"qr'x'i",
    b"D_DISCARD",
    b"+",
    b"-",
    b"*",
    b"/",
    b"%",
    b".",
    b"<<'EOT'\n",
    b"\nEOT\n",
    b"__END__",
    b"\\",
    b"\\@x",
    b"read_hash(\"/x\")",
    b"if",
    b"$ENV{PATH}",
    b"$x[0]",
    b"push(",
    b"'",
    b"\"",
    b"\xc3\xa4",
    b"=~",
    b"qw\x1f",
    b"\x1b",
];

const TOML: &[&[u8]] = &[
    b"max_servers",
    b"local_domains_maps",
    b"policy",
    b"A",
    b"log_level",
    b"unix_socket_mode",
    b"[",
    b"]",
    b"[",
    b"]",
    b"{",
    b"}",
    b" = ",
    b" = ",
    b".",
    b",",
    b"\n",
    b"\n",
    b"\n",
    b"1",
    b"-1",
    b"0o660",
    b"1.5",
    b"true",
    b"\"x\"",
    b"'\\d'",
    b"\"\\u00e4\"",
    b"pattern",
    b"patterns",
    b"flags",
    b"setting",
    b"undef",
    b"map",
    b"read_hash",
    b"object",
    b"arguments",
    b"code",
    b"#",
    b"include",
    b"2026-01-01",
    b"\"D_REJECT\"",
    b"final_unchecked_destiny",
    b"\0",
];

const PATTERN: &[&[u8]] = &[
    b"a",
    b"b",
    b"\n",
    b"\n",
    b"i",
    b"x",
    b"m",
    b"(",
    b")",
    b"(?:",
    b"(?i)",
    b"(?=",
    b"(?<!",
    b"(?>",
    b"[",
    b"]",
    b"^",
    b"$",
    b"*",
    b"+",
    b"?",
    b"{2}",
    b"{1,}",
    b"{",
    b"}",
    b"|",
    b".",
    b"\\",
    b"\\d",
    b"\\h",
    b"\\Q",
    b"\\E",
    b"\\1",
    b"\\x{41}",
    b"\\z",
    b"-",
    b"#",
    b" ",
    b"/",
    b"\xc3\xa4",
    b"(?^x:",
    b"(?#",
    b"\\R",
    b"&&",
    b"~~",
    b"<",
    b">",
];

const MIME: &[&[u8]] = &[
    b"Content-Type: multipart/mixed; boundary=a\n",
    b"Content-Type: multipart/mixed; boundary=\"ab\"\r\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Type: multipart/digest;\n boundary=d\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: quoted-printable\n",
    b"Content-Transfer-Encoding: x-uuencode\n",
    b"\n",
    b"\n",
    b"\r\n",
    b"\r\n",
    b"--a\n",
    b"--a\n",
    b"--ab\r\n",
    b"--a--\n",
    b"--ab--",
    b"--d \t\n",
    b"--",
    b"text\n",
    b"QUJD\n",
    b"=3D=\n",
    b"begin 644 x\n",
    b"#04%!\n",
    b"end\n",
    b"\x00",
    b"X: y\n",
    b" folded\n",
    b":\n",
    b"Content-Disposition: x; filename*0*=utf-8''%41; filename*1=b\n",
];

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn an_address_that_is_taken_can_be_sent(inner in words(ADDRESS, 8)) {
        address::check(&inner);
    }

    #[test]
    fn header_fields_lie_where_they_are(message in words(HEADER, 20)) {
        header::check(&message);
    }

    #[test]
    fn a_configuration_is_read_or_refused_with_its_place(text in words(PERL, 30)) {
        config::check(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn a_native_configuration_is_read_or_refused_with_its_place(text in words(TOML, 30)) {
        config::check_toml(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn a_pattern_is_compiled_or_refused_and_ends(text in words(PATTERN, 30)) {
        pattern::check(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn a_template_ends_and_gives_a_notice(text in words(TEMPLATE, 40)) {
        template::check(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn every_octet_of_a_message_belongs_to_a_part(message in words(MIME, 30)) {
        parts::check(&message);
        contents::check(&message);
        contents::check_container(&message);
    }
}
