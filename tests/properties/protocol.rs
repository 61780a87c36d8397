//! What comes over the network: commands, messages, replies.

use proptest::prelude::*;

use super::{
    cases, cuts,
    invariants::{ampdp, data, next_hop, server},
    words,
};
use filterd::mail::reply::{Enhanced, Reply};

const COMMANDS: &[&[u8]] = &[
    b"EHLO client.example\r\n",
    b"LHLO client.example\r\n",
    b"HELO c\r\n",
    b"MAIL FROM:<a@example.org>\r\n",
    b"MAIL FROM: <> BODY=8BITMIME SIZE=10\r\n",
    b"MAIL FROM:<\xc3\xa4@example.org> SMTPUTF8\r\n",
    b"RCPT TO:<b@example.net>\r\n",
    b"RCPT TO: <postmaster> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x\r\n",
    b"RCPT TO:<\"q q\"@example.net>\r\n",
    b"DATA\r\n",
    b"Subject: x\r\n\r\n",
    b"text\r\n",
    b"..\r\n",
    b".\r\n",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"\r",
    b"\n",
    b".",
    b"RSET\r\n",
    b"NOOP x\r\n",
    b"VRFY a\r\n",
    b"HELP\r\n",
    b"QUIT\r\n",
    b"XFORWARD NAME=c.example ADDR=192.0.2.1 PORT=25\r\n",
    b"XFORWARD IDENT=Q+2B1 SOURCE=LOCAL\r\n",
    b"NONSENSE \x00\x7f\r\n",
];

const LINES: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b".",
    b"..",
    b"\r\n.\r\n",
    b"\r\n.",
    b"\r\n..",
    b"\n.",
    b"\r.",
    b"x",
    b"text",
    b"\0",
    b"\xff",
    b"a line that is long enough for the vector code to look at it at once\r\n",
];

const AMPDP: &[&[u8]] = &[
    b"request=AM.PDP",
    b"sender",
    b"=",
    b": ",
    b"<a@b>",
    b"\r\n",
    b"\n",
    b"\n\n",
    b"%41",
    b"%0a",
    b"%",
    b"foo",
    b" ",
    b"\0",
    b"\xff",
];

const REPLIES: &[&[u8]] = &[
    b"220 ready\r\n",
    b"250-first\r\n",
    b"250 2.1.0 Ok\r\n",
    b"250 2.1.5 Ok\r\n",
    b"250\r\n",
    b"354 go ahead\r\n",
    b"421 4.3.2 closing\r\n",
    b"450 4.2.1 later\r\n",
    b"452 4.5.3 too many\r\n",
    b"550-5.1.1 no\r\n",
    b"550 5.1.1 such user\r\n",
    b"250 2.0.0 Ok: queued as ABC\r\n",
    b"999 what\r\n",
    b"25",
    b"\r\n",
    b"\n",
];

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn packets_make_no_difference_to_the_server(input in words(COMMANDS, 24), cuts in cuts()) {
        server::check(&input, &cuts);
    }

    /// The same with a transaction open, so that most of the input is a message.
    #[test]
    fn a_message_ends_at_its_dot_alone(input in words(LINES, 40), cuts in cuts()) {
        let open = b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
        server::check(&[open, input.as_slice()].concat(), &cuts);
    }

    #[test]
    fn the_codec_does_what_its_model_does(input in words(LINES, 60), cuts in cuts()) {
        data::check(&input, &cuts);
    }

    #[test]
    fn what_is_sent_is_what_arrives(octets in words(LINES, 60), cuts in cuts()) {
        data::check_round_trip(&data::canonical(&octets), &cuts);
    }

    #[test]
    fn requests_of_milters_are_read_alike_however_they_come(input in words(AMPDP, 30), cuts in cuts()) {
        ampdp::check(&input, &cuts);
    }

    #[test]
    fn replies_are_read_alike_however_they_come(input in words(REPLIES, 16), cuts in cuts()) {
        next_hop::check(&input, &cuts);
    }

    #[test]
    fn a_reply_is_read_as_it_was_written(
        code in 200_u16..600,
        numbers in prop::option::of((0_u16..1000, 0_u16..1000)),
        lines in prop::collection::vec("[a-zA-Z][ -~]{0,40}[!-~]", 1..5),
        cuts in cuts(),
    ) {
        let class = u8::try_from(code / 100).unwrap();
        let enhanced = numbers
            .filter(|_| matches!(class, 2 | 4 | 5))
            .map(|(subject, detail)| Enhanced::new(class, subject, detail));
        next_hop::check_round_trip(&Reply::new(code, enhanced, lines.join("\n")), &cuts);
    }
}
