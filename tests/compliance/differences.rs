//! Where filterd differs from the original on purpose: all of it, in one place.

use crate::program::Program;

/// What each program does in the same place, as steps of a check (see [`crate::script`]) or as an expectation of a table.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    pub key: &'static str,
    pub original: &'static str,
    pub filterd: &'static str,
    /// D1-D25 are defects of the original, decisions are those of the design.
    pub because: &'static str,
}

/// Differences that are meant.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        key: "help",
        original: "S: 214-2.0.0 See amavis home page at:\nS: 214 2.0.0 http://www.ijs.si/software/amavisd/",
        filterd: "S: 214-2.0.0 Commands: *\nS: 214 2.0.0 See also: man filterd",
        because: "help names what is here, not the home page of another program",
    },
    Difference {
        key: "carriage return in a command",
        original: "S: 250 2.0.0 Ok NOOP",
        filterd: "S: 500 5.5.2 Error: bad syntax",
        because: "RFC 5321 2.3.8: a carriage return stands nowhere but before a line feed",
    },
    Difference {
        key: "long command",
        original: "S: 250 2.0.0 Ok NOOP",
        filterd: "S: 500 5.5.2 Error: line too long",
        because: "D22: no limit on a command line",
    },
    Difference {
        key: "101st error",
        original: "S: 500 5.5.2 Error: command FOO not recognized",
        filterd: "S: 421 4.7.0 [127.0.0.1] Error: too many errors\nX:",
        because: "a client that does nothing but err is sent away (smtpd_hard_error_limit, 100)",
    },
    Difference {
        key: "refused line in the log",
        original: r#"L: (*-*) SMTP: 500 5.5.2 Error: command FOO not recognized; smtp_resp: FOO bar\r\n"#,
        filterd: "L: SMTP: 500 5.5.2 Error: command FOO not recognized; smtp_resp: FOO bar",
        because: "a line's end is no part of it; before MAIL there is no task to have an id",
    },
    Difference {
        key: "backslash in a reply",
        original: r#"S: 250 2.1.0 Sender <"q\\"q"@example.com> OK"#,
        filterd: r#"S: 250 2.1.0 Sender <"q\"q"@example.com> OK"#,
        because: "an address is said as it was received; the original doubles backslashes in replies",
    },
    Difference {
        key: "half an address",
        original: "S: 250 2.1.0 Sender <*> OK",
        filterd: "S: 501 5.5.2 Syntax: MAIL FROM:<address>",
        because: "RFC 5321 4.1.2: no mailbox without a local part or, behind its @, a domain",
    },
    Difference {
        key: "more than the disk holds",
        original: "S: 250 2.1.0 Sender <a@example.com> OK",
        filterd: "S: 452 4.3.1 Insufficient system storage",
        because: "RFC 1870 6.1: what does not fit is refused before it is sent",
    },
    Difference {
        key: "ORCPT without a type",
        original: "S: 250 2.1.5 Recipient <b@example.net> OK",
        filterd: "S: 501 5.5.4 Syntax error in RCPT parameter ORCPT",
        because: "RFC 3461 4.2: an address type is not optional",
    },
    Difference {
        key: "long XFORWARD value",
        original: "S: 501 5.5.4 Syntax error in XFORWARD parameters",
        filterd: "S: 250 2.5.0 Ok XFORWARD",
        because: "a long name is cut at 255 octets: mail does not wait for it",
    },
    Difference {
        key: "8-bit content declared as 7BIT",
        original: "H: MAIL FROM:<a@example.com> BODY=7BIT",
        filterd: "H: MAIL FROM:<a@example.com>",
        because: "a declaration that is not true is not passed on",
    },
    Difference {
        key: "label of the second message",
        original: "M! Received: from client.example ([127.0.0.1])\nM!  by localhost (filter.example.com [127.0.0.1]) (amavis, port {port})\nM!  with UTF8SMTP id * for <b@example.net>;\nM!  * +0000 (UTC)",
        filterd: "M! Received: from client.example ([127.0.0.1])\nM!  by localhost (filter.example.com [127.0.0.1]) (amavis, port {port}) with ESMTP\nM!  id * for <b@example.net>; * +0000 (UTC)",
        because: "D13: the UTF8SMTP label sticks to later messages of a session",
    },
    Difference {
        key: "XFORWARD after a MAIL that failed",
        original: "H: XFORWARD ADDR=127.0.0.1",
        filterd: "H: XFORWARD ADDR=192.0.2.25",
        because: "D13: XFORWARD values are spent by a MAIL that fails",
    },
    Difference {
        key: "encoded ORCPT",
        original: "H: RCPT TO:<b@example.net> ORCPT=rfc822;b@example.org",
        filterd: "H: RCPT TO:<b@example.net> ORCPT=rfc822;b+40example.org",
        because: "what was encoded is passed on as received",
    },
    Difference {
        key: "needless quotes of a sender",
        original: r#"H: MAIL FROM:<"a"@example.com> BODY=7BIT"#,
        filterd: "H: MAIL FROM:<a@example.com> BODY=7BIT",
        because: "the original brings recipients to canonical form, but not senders",
    },
    Difference {
        key: "missing line between header and body",
        original: "M! ",
        filterd: "",
        because: "decision 23: clean input leaves identical to the octet",
    },
    Difference {
        key: "long header line",
        original: "M! X-Long: {987*y}...",
        filterd: "M! X-Long: {2000*y}",
        because: "decision 23: clean input leaves identical to the octet; the original cuts header lines at 998",
    },
    Difference {
        key: "NUL",
        original: r#"M! a\xC0\x80b"#,
        filterd: r#"M! a\0b"#,
        because: "decision 23: octets pass unchanged; C0 80 is invalid UTF-8 and breaks signatures",
    },
    Difference {
        key: "bare carriage returns",
        original: "M! bc",
        filterd: "M! b\nM! c\nM! ",
        because: "decision 23: bare CR and bare LF leave as CRLF; the original drops a bare CR",
    },
    Difference {
        key: "continuation line at the head",
        original: "S: 451 4.5.0 Error in processing, *",
        filterd: "S: 250 2.0.0 from MTA(*",
        because: "D18: a message that begins with a continuation line is refused for ever",
    },
    Difference {
        key: "too many hops",
        original: "S: 554 5.4.6 id=* - Rejected by next-hop MTA on relaying, Reject: Too many hops: 101 'Received:' header fields, id=*",
        filterd: "S: 554 5.4.6 Reject: Too many hops: 101 'Received:' header fields, id=*",
        because: "the next hop was not asked",
    },
    Difference {
        key: "greeting 421",
        original: "S: 451 4.5.0 id=* - Temporary MTA failure on relaying, From MTA() during fwd-connect (Negative greeting: 421 4.3.2 not now): id=*",
        filterd: "S: 421 4.3.2 id=* - Temporary MTA failure on relaying, from MTA(smtp:[127.0.0.1]:{hop}): 421 4.3.2 not now",
        because: "a greeting's refusal is passed on as any other",
    },
    Difference {
        key: "greeting 554",
        original: "S: 451 4.5.0 id=* - Temporary MTA failure on relaying, From MTA() during fwd-connect (Negative greeting: 554 5.7.1 never): id=*",
        filterd: "S: 554 5.7.1 id=* - Rejected by next-hop MTA on relaying, from MTA(smtp:[127.0.0.1]:{hop}): 554 5.7.1 never",
        because: "D11: a 5xx greeting counts as temporary",
    },
    Difference {
        key: "DATA answered with 250",
        original: "S: 250 2.0.0 from MTA(smtp:[127.0.0.1]:{hop}): 250 2.0.0 Ok",
        filterd: "S: 451 4.5.0 id=* - Temporary MTA failure on relaying, from MTA(smtp:[127.0.0.1]:{hop}): 451 4.5.0 Bad resp. to command: 250 2.0.0 Ok",
        because: "D16: 250 instead of 354 is taken as success, the message is lost",
    },
    Difference {
        key: "declared size above the announced limit",
        original: "S: 250 2.1.0 Sender <a@example.com> OK",
        filterd: "S: 552 5.3.4 Declared message size (70001 B) exceeds size limit",
        because: "RFC 1870 6.1: the announced limit holds; the original enforces it only beside limits of recipients",
    },
    Difference {
        key: "size above the announced limit",
        original: "S: 250 2.0.0 from MTA(*",
        filterd: "S: 552 5.3.4 Message size (70001 B) exceeds size limit",
        because: "the announced limit holds; the original enforces it only beside limits of recipients",
    },
    Difference {
        key: "LMTP: size above all limits",
        original: "S: 552 5.3.4 Message size (70001 B) exceeds size limit",
        filterd: "S: 552 5.3.4 Message size (70001 B) exceeds size limit\nS: 552 5.3.4 Message size (70001 B) exceeds size limit",
        because: "RFC 2033 4.2: a reply for each recipient; one for all makes the client lose count",
    },
    Difference {
        key: "a limit beside none",
        original: "S: 552 5.3.4 Message size (70001 B) exceeds size limit",
        filterd: "S: 250 2.0.0 from MTA(smtp:[127.0.0.1]:{hop}): 250 2.0.0 Ok: queued as Q*, but 1 BOUNCE",
        because: "D14: one limited recipient makes a message fail for unlimited ones",
    },
    Difference {
        key: "content in the packet of DATA",
        original: "S: 354 *\nS: 421 4.3.2 *\nX:",
        filterd: "S: 354 *\nS: 250 2.0.0 from MTA(*",
        because: "D8: octets in the same packet as DATA's line hang the session",
    },
    Difference {
        key: "first command behind an unfinished line",
        original: "S: 500 5.5.2 Error: command FOO not recognized",
        filterd: "S: 250 2.0.0 Ok NOOP",
        because: "D17: the input buffer survives the connection",
    },
    Difference {
        key: "first command behind another's last words",
        original: "S: 250 2.0.0 Ok NOOP\nS: 250 2.0.0 Ok RSET",
        filterd: "S: 250 2.0.0 Ok RSET",
        because: "D17: the input buffer survives the connection",
    },
    Difference {
        key: "message behind a closed connection",
        original: "S: 451 4.5.0 *",
        filterd: "S: 250 2.0.0 from MTA(*",
        because: "D4: a kept connection that the next hop closed gives 451",
    },
    Difference {
        key: "main entry of who got it",
        original: "L: (*-*) Passed MTA-BLOCKED {BouncedInbound,RelayedInbound}, [127.0.0.1] <a@example.com> -> <b@example.net>, Message-ID: <m1@example.com>, mail_id: *, Hits: -, size: 131, queued_as: Q*/550 5.1.1 no such user, * ms",
        filterd: "L: (*-*) Passed CLEAN {BouncedInbound,RelayedInbound}, [127.0.0.1] <a@example.com> -> <b@example.net>, Message-ID: <m1@example.com>, mail_id: *, Hits: -, size: 131, queued_as: Q*, * ms",
        because: "each line tells of its own recipients; the original mixes them up",
    },
    Difference {
        key: "attached value",
        original: "1 Error in parsing command line options: -c{conf}\n\nUsage:\n*",
        filterd: "0 *ok: *{conf}",
        because: "an option's value may follow its letter without a blank",
    },
    Difference {
        key: "good configuration",
        original: "0 *",
        filterd: "0 *ok: *{conf}",
        because: "test-config says what it looked at, and what has no effect",
    },
    Difference {
        key: "configuration that is not there",
        original: "1 Config file \"{folder}/none\" does not exist, at *",
        filterd: "1 *{folder}/none: does not exist*",
        because: "errors begin with file, line and column, as those of compilers",
    },
    Difference {
        key: "configuration that is a folder",
        original: "1 Config file \"{folder}\" is a directory, at *",
        filterd: "1 *{folder}: is a directory*",
        because: "errors begin with file, line and column, as those of compilers",
    },
    Difference {
        key: "configuration with an error",
        original: "1 Error in config file \"{folder}/bad.conf\": syntax error *",
        filterd: "1 *{folder}/bad.conf:1:*",
        because: "errors begin with file, line and column, as those of compilers",
    },
    Difference {
        key: "configuration that is writable",
        original: "1 Config file \"{folder}/writable.conf\" is writable by EUID *",
        filterd: "1 *{folder}/writable.conf: is writable by *",
        because: "errors begin with file, line and column, and say what can be done",
    },
    Difference {
        key: "configuration of somebody else",
        original: "1 Config file \"{folder}/owned.conf\" should be owned by root *",
        filterd: "1 *{folder}/owned.conf: should not be owned by nobody *",
        because: "errors begin with file, line and column; the owner counts who could change it",
    },
    Difference {
        key: "configuration that may be writable",
        original: "0 I know what I'm doing: no_conf_file_writable_check*",
        filterd: "0 *ok: *{folder}/writable.conf",
        because: "test-config says what it looked at, and what has no effect",
    },
    Difference {
        key: "root as user",
        original: "1 drop_priv: Still running as root, aborting*",
        filterd: "1 *$daemon_user is root: mail is not handled as root*",
        because: "errors name the setting",
    },
    Difference {
        key: "unknown user",
        original: "1 drop_priv: No such user \"no-such-user\"*",
        filterd: "1 *$daemon_user: user \"no-such-user\" does not exist*",
        because: "errors name the setting",
    },
    Difference {
        key: "no user",
        original: "25 Running as EUID 0 (root), ABORTING!*",
        filterd: "1 *started as root, and $daemon_user is not set*",
        because: "errors name the setting; the original's status is an accident",
    },
    Difference {
        key: "host name without a dot",
        original: "1   The value of variable $myhostname is \"filter\", but should have been*",
        filterd: "1 The amavisd daemon is apparently not running, no PID file {home}/amavisd.pid",
        because: "a short host name is a warning: mail goes on",
    },
    Difference {
        key: "message in work at TERM",
        original: "4*",
        filterd: "250 2.0.0 from MTA(*",
        because: "D2: a message in work is answered 421 though the next hop takes it",
    },
    Difference {
        key: "working directories left behind by TERM",
        original: "1",
        filterd: "0",
        because: "D5: the working directory of a message in work stays for ever",
    },
    Difference {
        key: "message in work at HUP",
        original: "4*",
        filterd: "250 2.0.0 from MTA(*",
        because: "D2: a message in work is answered 451 though the next hop takes it",
    },
    Difference {
        key: "idle session at QUIT",
        original: "250 2.0.0 Ok NOOP",
        filterd: "421 4.3.2 Service shutting down, *",
        because: "decision 24: QUIT waits for messages in work, not for sessions in which nothing happens",
    },
    Difference {
        key: "stop",
        original: "*Daemon [{pid}] terminated by SIGTERM\n",
        filterd: "Daemon [{pid}] terminated by SIGTERM\n",
        because: "the original looks after 1 s and after 6 s, filterd as soon as it is gone",
    },
];

/// Differences that are not meant: what filterd lacks. Such a check fails as soon as it lacks it no longer.
pub const GAPS: &[Difference] = &[
    Difference {
        key: "showkeys",
        original: "0 No DKIM private keys declared in a config file.",
        filterd: "1 *showkeys is not there yet",
        because: "decision 34: DKIM comes later",
    },
    Difference {
        key: "testkeys",
        original: "0 No DKIM private keys declared in a config file.",
        filterd: "1 *testkeys is not there yet",
        because: "decision 34: DKIM comes later",
    },
    Difference {
        key: "genrsa without a file",
        original: "1 genrsa: File name for a key not provided",
        filterd: "1 *genrsa is not there yet",
        because: "decision 34: DKIM comes later",
    },
];

/// The key in `<<key>>`.
pub fn key_of(line: &str) -> Option<&str> {
    line.strip_prefix("<<")?.strip_suffix(">>")
}

/// What `program` is expected to do.
pub fn expectation(key: &str, program: Program) -> &'static str {
    let found = DIFFERENCES
        .iter()
        .chain(GAPS)
        .find(|difference| difference.key == key);
    let difference = found.unwrap_or_else(|| panic!("{key}: not in the table of differences"));
    match program {
        Program::Original => difference.original,
        Program::Filterd => difference.filterd,
    }
}
