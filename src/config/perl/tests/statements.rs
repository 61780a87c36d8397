use super::*;

/// Each statement, and what the setting holds after it; `|` between the items of a list, sorted keys of a hash as `key=value`.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn statements_mean_what_they_mean_in_the_original_language() {
    for (text, name, want) in [
        (
            "$logfile = <<'EOD' . 'x';\n$a\n EOD\nEOD\n$max_servers = 2;",
            "$logfile",
            "$a\n EOD\nx",
        ),
        (
            "$MYHOME='/h'; $logfile = <<EOD;\n$MYHOME\\t.\nEOD\n",
            "$logfile",
            "/h\t.\n",
        ),
        (
            "$logfile = <<~\"EOD\";\n  a\n    b\n\n  EOD\n;",
            "$logfile",
            "a\n  b\n\n",
        ),
        (
            "@inet_acl = (<<A, <<B);\n1\nA\n2\nB\n",
            "@inet_acl",
            "1\n|2\n",
        ),
        ("$logfile = 'a'; $logfile .= 'b';", "$logfile", "ab"),
        (
            "$max_servers = 2; $max_servers += 3; $max_servers *= 2; $max_servers -= 1;",
            "$max_servers",
            "9",
        ),
        ("$logfile ||= '/x'; $logfile ||= '/y';", "$logfile", "/x"),
        ("$logfile = 0; $logfile //= '/y';", "$logfile", "0"),
        ("$logfile = 1; $logfile &&= 2;", "$logfile", "2"),
        (
            "$max_servers = 1 < 2 ? 'yes' : 'no';",
            "$max_servers",
            "yes",
        ),
        (
            "$max_servers = 'b' lt 'a' || 'c' eq 'c' && 7;",
            "$max_servers",
            "7",
        ),
        ("$max_servers = undef // 0 // 5;", "$max_servers", "0"),
        ("$max_servers = not 0 or 5;", "$max_servers", "1"),
        (
            "if (1 == 1.0) { $max_servers = 4 } else { $max_servers = 5 }",
            "$max_servers",
            "4",
        ),
        (
            "if (0) {} elsif ('a' ne 'b') { $max_servers = 6; } else {}",
            "$max_servers",
            "6",
        ),
        (
            "unless (defined $logfile) { $logfile = '/z'; }",
            "$logfile",
            "/z",
        ),
        (
            "$max_servers = 3; $max_servers = 4 if $max_servers > 3; $max_servers = 5 unless 1;",
            "$max_servers",
            "3",
        ),
        (
            "my $n = 3; my ($a, @b) = (1, 2, 3); $max_servers = \"$n$a@b\";",
            "$max_servers",
            "312 3",
        ),
        ("our $max_servers = 8;", "$max_servers", "8"),
        (
            "use vars qw($x); our @mine = (1,2); $max_servers = @mine;",
            "$max_servers",
            "2",
        ),
        (
            "$allowed_added_header_fields{lc($_)} = 1 for qw(X-A X-B);",
            "%allowed_added_header_fields",
            "x-a=1|x-b=1",
        ),
        (
            "for my $d ('a', 'b') { push @local_domains_acl, \".$d\"; }",
            "@local_domains_acl",
            ".a|.b",
        ),
        (
            "foreach (1..3) { push(@inet_acl, $_ * 2) if $_ != 2 }",
            "@inet_acl",
            "127.0.0.1|[::1]|2|6",
        ),
        (
            "%local_domains = map { lc($_) => 1 } qw(A B);",
            "%local_domains",
            "a=1|b=1",
        ),
        (
            "@inet_acl = map \"10.$_.0.0/16\", 1..2;",
            "@inet_acl",
            "10.1.0.0/16|10.2.0.0/16",
        ),
        (
            "@inet_acl = grep { $_ !~ /^b/ && /./ } ('a', 'b', '', 'c');",
            "@inet_acl",
            "a|c",
        ),
        ("@inet_acl = grep(!/x/i, 'aX', 'b');", "@inet_acl", "b"),
        ("@inet_acl = sort qw(b a);", "@inet_acl", "a|b"),
        ("@inet_acl = reverse(1, 2);", "@inet_acl", "2|1"),
        (
            "unshift @inet_acl, 'x', 'y';",
            "@inet_acl",
            "x|y|127.0.0.1|[::1]",
        ),
        (
            "$logfile = join ',', map { \"<$_>\" } split(/\\s*,\\s*/, 'a , b,c');",
            "$logfile",
            "<a>,<b>,<c>",
        ),
        ("@inet_acl = split ' ', ' a  b ';", "@inet_acl", "a|b"),
        ("@inet_acl = split(//, 'abc');", "@inet_acl", "a|b|c"),
        (
            "$logfile = sprintf('%s-%03d-%.2f-%-4s|%x|%%', 'a', 7, 1.5, 'b', 255);",
            "$logfile",
            "a-007-1.50-b   |ff|%",
        ),
        (
            "$logfile = uc('ab') . lc 'CD' . ucfirst 'ef';",
            "$logfile",
            "ABcdef",
        ),
        ("$logfile = length('abc') + int(7/2);", "$logfile", "6"),
        (
            "$policy_bank{'A'} = { x => 1 }; $policy_bank{A}{y} = 2; $policy_bank{A}->{z}[1] = 3;",
            "%policy_bank",
            "A={x=1|y=2|z=[undef|3]}",
        ),
        (
            "$policy_bank{A}{b}{c} = 1; $logfile = $policy_bank{A}{b}->{c};",
            "$logfile",
            "1",
        ),
        (
            "@inet_acl = (5,6,7); $logfile = $inet_acl[1] . $inet_acl[-1] . \"$inet_acl[0]\";",
            "$logfile",
            "675",
        ),
        (
            "my %h = (a => 1, b => 2); @h{qw(c d)} = (3, 4); $logfile = join('', map { \"$_$h{$_}\" } sort keys %h);",
            "$logfile",
            "a1b2c3d4",
        ),
        (
            "my $r = { k => [1, 2] }; $logfile = \"$r->{k}[1]$r->{k}->[0]@{$r->{k}}\";",
            "$logfile",
            "211 2",
        ),
        (
            "my $r = [3, 4]; @inet_acl = (@$r, scalar(@$r), $$r[0]);",
            "@inet_acl",
            "3|4|2|3",
        ),
        (
            "$banned_filename_re = new_RE(qr'a'); push @$banned_filename_re, qr/b/i;",
            "$banned_filename_re",
            "qr/a/|qr/b/i",
        ),
        (
            "my $d = 'x.y'; $banned_filename_re = new_RE(qr/^$d$/, qr'$d');",
            "$banned_filename_re",
            "qr/^x.y$/|qr/$d/",
        ),
        (
            "$local_domains_re = qr/^(a|b)\\@x\\.org$/i;",
            "$local_domains_re",
            "qr/^(a|b)\\@x\\.org$/i",
        ),
        (
            "delete $allowed_added_header_fields{lc 'X-A'}; $logfile = exists $allowed_added_header_fields{'x'} ? 1 : 0;",
            "$logfile",
            "0",
        ),
        (
            "%local_domains = (a => 1, b => 2); delete $local_domains{a};",
            "%local_domains",
            "b=2",
        ),
        (
            "%local_domains = (a => 1); %local_domains = (%local_domains, b => 2);",
            "%local_domains",
            "a=1|b=2",
        ),
        ("@inet_acl = (1) x 3;", "@inet_acl", "1|1|1"),
        ("($max_servers, $logfile) = (4, '/l');", "$logfile", "/l"),
        (
            "($max_servers, undef, @inet_acl) = (4, 5, 6, 7);",
            "@inet_acl",
            "6|7",
        ),
        (
            "$final_destiny_by_ccat{+CC_BANNED} = D_PASS; $final_destiny_by_ccat{(CC_BADH).',2'} = 0;",
            "%final_destiny_maps_by_ccat",
            "4,2=0|8=1",
        ),
        (
            "@local_domains_maps = (read_hash('/etc/wl'));",
            "@local_domains_maps",
            "read_hash /etc/wl",
        ),
        (
            "read_hash(\\%local_domains, '/etc/wl'); $local_domains{z} = 1;",
            "%local_domains",
            ".y=0|a@x=1|z=1",
        ),
        (
            "@inet_acl = read_array('/etc/wl'); @inet_acl = @{$inet_acl[0]};",
            "@inet_acl",
            "a@x 1|.y 0",
        ),
        (
            "@forward_method_maps = (Opaque(['a','b']), q_sql_s('forward'));",
            "@forward_method_maps",
            "Opaque([a|b])|q_sql_s(forward)",
        ),
        (
            "include_config_files('/etc/inner'); $max_servers++ if 0;",
            "",
            "",
        ),
        (
            "include_optional_config_files('/etc/inner', '/nowhere');",
            "$max_servers",
            "9",
        ),
        (
            "@local_domains_maps = (read_cdb '/etc/wl.cdb');",
            "@local_domains_maps",
            "read_cdb /etc/wl.cdb",
        ),
        (
            "require('/etc/inner') if (-e '/etc/inner');",
            "$max_servers",
            "9",
        ),
        (
            "do '/etc/inner'; my $own = 2; $logfile = $own;",
            "$logfile",
            "2",
        ),
        (
            "$max_servers = 3 if -e '/etc/wl' && !-d '/etc/wl' && ! -e '/nowhere';",
            "$max_servers",
            "3",
        ),
        (
            "dkim_key('x.org', 's', '/k.pem', t => 'y');",
            "@dkim_signing_keys_list",
            "{domain=x.org|file=/k.pem|selector=s|t=y}",
        ),
        (
            "@forward_method_maps = ( sub { Opaque(c('forward_method')) }, sub { [ ca('inet_acl') ] } );",
            "@forward_method_maps",
            "Opaque(\\$forward_method)|[\\@inet_acl]",
        ),
        (
            "$partition_tag = sub { my($m)=@_; iso8601_week($m->rx_time) };",
            "$partition_tag",
            "&iso8601_week",
        ),
        (
            "@bypass_spam_checks_maps = (\\%bypass_spam_checks, \\@bypass_spam_checks_acl, \\$bypass_spam_checks_re);",
            "@bypass_spam_checks_maps",
            "\\%bypass_spam_checks|\\@bypass_spam_checks_acl|\\$bypass_spam_checks_re",
        ),
        (
            "$logfile = 'x' if 'a.example.com' =~ /(^|\\.)example\\.com$/;",
            "$logfile",
            "x",
        ),
        ("{ my $x = 5; $max_servers = $x; }", "$max_servers", "5"),
        (
            "$virus_admin = \"postmaster\\@$mydomain\"; $mydomain = 'd'; $virus_admin = \"p\\@${mydomain}\";",
            "$virus_admin",
            "p@d",
        ),
        (
            "$logfile = 'a' . ($max_servers == 2 ? 'two' : 'more');",
            "$logfile",
            "atwo",
        ),
        (
            "$logfile = q(a(b)c) . qq{x{$mydomain}y};",
            "$logfile",
            "a(b)cx{!change-mydomain-variable!.example.com}y",
        ),
    ] {
        let mut config = RawConfig::default();
        let result = read("f", text, &mut config, &Small);
        if name.is_empty() {
            assert!(result.is_err(), "{text}");
            continue;
        }
        result.unwrap_or_else(|error| panic!("{text}: {error}"));
        let value = config
            .get(name)
            .unwrap_or_else(|| panic!("{text}"))
            .value
            .clone();
        let shown = match &value {
            Value::List(items) | Value::PatternTable(items) => show_all(items),
            Value::Map(_) => {
                let shown = show(&value);
                shown[1..shown.len() - 1].to_owned()
            }
            other => show(other),
        };
        assert_eq!(shown, want, "{text}");
    }
}

fn show_all(items: &[Value]) -> String {
    items.iter().map(show).collect::<Vec<String>>().join("|")
}

fn show(value: &Value) -> String {
    match value {
        Value::Undef => "undef".to_owned(),
        Value::Scalar(text) => text.clone(),
        Value::List(items) => format!("[{}]", show_all(items)),
        Value::PatternTable(items) => format!("new_RE({})", show_all(items)),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{key}={}", show(value)));
            format!("{{{}}}", entries.collect::<Vec<String>>().join("|"))
        }
        Value::Reference(name) => format!("\\{name}"),
        Value::Pattern(source, flags) => format!("qr/{source}/{flags}"),
        Value::Code(name) => format!("&{name}"),
        Value::File(table) => format!("{} {}", table.function, table.path),
        Value::Object(name, arguments) => format!("{name}({})", show_all(arguments)),
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn what_cannot_be_meant_is_told() {
    for (text, want) in [
        (
            "$inet_socket_port = (10024, 10026);",
            "f:1:21: a list of 2 where one value is taken (write [ ... ] instead of ( ... ))",
        ),
        (
            "$_ = 1 for @inet_acl;",
            "f:1:1: $_: items of a loop are not changed",
        ),
        (
            "for my $x (1) { $x = 2 }",
            "f:1:17: $x: items of a loop are not changed",
        ),
        ("die 'no ', 'good' if 1;", "f:1:1: no good"),
        (
            "$notify_sender_templ =~ s/a/b/;",
            "f:1:25: s/// is beyond what is understood (texts are not edited: write the result)",
        ),
        (
            "sub new { }",
            "f:1:1: sub is beyond what is understood (code is not run)",
        ),
        (
            "while (1) { }",
            "f:1:1: while is beyond what is understood (write the settings out)",
        ),
        (
            "$logfile = do { local($/); <DATA> };",
            "f:1:12: do { } is beyond what is understood (code is not run)",
        ),
        (
            "@inet_acl = sort { $a <=> $b } (1);",
            "f:1:18: sort with code is beyond what is understood (write the list in its order)",
        ),
        (
            "require DBI;",
            "f:1:1: require is beyond what is understood (code is not loaded)",
        ),
        (
            "do '/etc/bad';",
            "/etc/bad:2:2: unknown setting $max_server (did you mean $max_servers?)",
        ),
        (
            "do '/etc/circle';",
            "/etc/circle:1:1: /etc/circle: files include one another more than 20 deep",
        ),
        ("do '/nowhere';", "f:1:1: /nowhere is not read here"),
        (
            "$max_servers = read_hash('/nowhere');",
            "f:1:16: read_hash: /nowhere is not read here",
        ),
        (
            "if (1) { $max_servers = 1;",
            "f:1:27: expected }, found the end of the file",
        ),
        (
            "$logfile = 'x' =~ /(/;",
            "f:1:19: the pattern is not understood: Opening parenthesis without closing parenthesis",
        ),
        ("$x{a} = 1;", "f:1:1: unknown setting %x"),
        (
            "$max_servers{a} = 1;",
            "f:1:1: unknown setting %max_servers (did you mean $max_servers?)",
        ),
        (
            "$logfile = 'a'; $logfile->{x} = 1;",
            "f:1:17: the value here has no such element",
        ),
        (
            "$logfile = 'a'; $max_servers = $logfile->[0];",
            "f:1:32: a scalar has no elements",
        ),
        ("@inet_acl = (1 .. 1e9);", "f:1:14: the range is too long"),
        (
            "$inet_acl[5000] = 1;",
            "f:1:1: the value here has no such element",
        ),
        (
            "@local_domains_maps = (\\@local_domains_maps); push @{$local_domains_maps[0]}, 1;",
            "",
        ),
        ("$logfile = \"@$mydomain\";", ""),
        (
            "dkim_key('a','b','c'); dkim_key('a','b','d');",
            "f:1:24: dkim_key: domain and selector have a key already",
        ),
        (
            "$logfile = sprintf('%q', 1);",
            "f:1:12: sprintf: %q is not understood",
        ),
        (
            "$logfile = 'x' || ;",
            "f:1:19: expected a value, found \";\"",
        ),
    ] {
        let mut config = RawConfig::default();
        let result = read("f", text, &mut config, &Small);
        if want.is_empty() {
            // It may mean something; it ends, and does not crash.
            continue;
        }
        let error = result.unwrap_err().to_string();
        assert_eq!(error, want, "{text}");
    }
}

#[test]
fn loops_come_to_an_end() {
    let text = format!("for (1..90000) {{ {} }}", "$max_servers = 1;".repeat(30));
    let error = load(&text).unwrap_err();
    assert!(
        error.ends_with("more than 2000000 steps: write the settings out"),
        "{error}"
    );
    let error = load("for (1..9000) { for (1..9000) { } }").unwrap_err();
    assert!(error.contains("values grow"), "{error}");
}

#[test]
fn deep_things_do_not_take_the_stack() {
    for text in [
        format!("{}1;", "(".repeat(5000)),
        format!("{}{}", "{".repeat(5000), "}".repeat(5000)),
        format!("{} 1;", "if (1) {".repeat(5000)),
        format!("$logfile = \"{}\";", "$logfile->{\"".repeat(3000)),
        format!("$policy_bank{};", "{a}".repeat(5000)),
        format!("$logfile = {}1{};", "[".repeat(63), "]".repeat(63)),
        format!("$logfile = {}1;", "1 ? 1 : ".repeat(5000)),
        format!("$logfile = {}1;", "not ".repeat(5000)),
        format!("$logfile = {}1;", "lc ".repeat(5000)),
        format!("{}1;", "$logfile = ".repeat(5000)),
        format!("$logfile = {}1;", "1 || ".repeat(50_000)),
    ] {
        let _done = load(&text);
    }
}
