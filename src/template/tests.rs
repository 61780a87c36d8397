use proptest::prelude::*;

use super::*;

/// A few values.
struct Some_;

impl Macros for Some_ {
    fn value(&self, name: &str, arguments: &[String]) -> Option<Value> {
        Some(match name {
            "s" => "<a@b>".into(),
            "R" | "rcpts" => vec!["<c@d>".to_owned(), "<e@f>".to_owned()].into(),
            "e" | "V" => Vec::new().into(),
            "one" => vec!["1".to_owned()].into(),
            "n" => "00001-02".into(),
            "blank" => " ".into(),
            "evil" => "[:s]%s|]#x".into(),
            "SCORE" => "5.5".into(),
            "TESTS" => ["A".to_owned(), "B".to_owned()]
                .join(arguments.first().map_or(",", String::as_str))
                .into(),
            "args" => format!("{arguments:?}").into(),
            _ => return None,
        })
    }
}

fn expanded(text: &str) -> String {
    expand(&Template::read(text), &Some_)
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn the_grammar() {
    for (template, want) in [
        ("plain, text.", "plain, text."),
        ("%s to %R", "<a@b> to <c@d>, <e@f>"),
        ("%%s 5 % x%", "%s 5 x%"),
        ("%#R %#s %#e %#q", "2 1 0 0"),
        ("%q[:unknown|x]_UNKNOWN_", ""),
        (
            "_SCORE_ _TESTS_ _TESTS( + )_ _x_ a_b __",
            "5.5 A,B A + B _x_ a_b __",
        ),
        ("a # gone [ | \nb", "a b"),
        ("a \\# b\\nc\\\nd\\_e\\101", "a # b\ncdeA"),
        ("[:s]", "<a@b>"),
        ("[: args | a | b]", "[\" a \", \" b\"]"),
        ("[:args]", "[]"),
        ("a[? %#e |#|b] left out\nc", "ac"),
        ("a[? %#R |#|b] stays\nc", "ab stays\nc"),
        ("[? %#e |#|b\n]#\nc", "c"),
        ("[? %#R |#|b\n]#\nc", "b\nc"),
        ("[? %#e |[? %#R|x|y # gone\n]!|b] out\nc", "y ! out\nc"),
        ("a # [? unbalanced\nb", "a b"),
        ("a # one\\n still\nb", "a b"),
        // Selectors.
        ("[? %#R |none|one|many]", "many"),
        ("[? %#e |none|one|many]", "none"),
        ("[? 1 |none|one|many]", "one"),
        ("[? |none|one]", "none"),
        ("[?   |none|one]", "none"),
        ("[? text |none|one|many]", "one"),
        ("[? 0|only]", "only"),
        ("[? 7|only]", ""),
        ("[? 99999999999999999999|a|b]", "b"),
        ("[? %#R |none|[? %#e |inner none|x]|outer]", "outer"),
        ("[? %#e |[? %#R |a|b|inner]|outer]", "inner"),
        // Iterations.
        ("[%R|, ]", "<c@d>, <e@f>"),
        ("[to %R;|\\n]", "to <c@d>;\nto <e@f>;"),
        ("[%R|(%R %s)|+]", "(<c@d> <a@b>)+(<e@f> <a@b>)"),
        ("[rcpts|{%x}|-]", "{<c@d>}-{<e@f>}"),
        ("[%e|, ]|", "|"),
        ("[%R]", "<c@d><e@f>"),
        ("[no variable]", ""),
        // Patterns.
        ("[~ %s|[\"@(.)\"]|[\"at %1 in %0\"]|else]", "at b in  <a@b>"),
        ("[~ %s|x|no|b|yes|else]", "yes"),
        ("[~ %s|x|no|else]", "else"),
        ("[~ %s|x|no]", ""),
        ("[~ %s|(|no|else]", "else"),
        ("[~ %s||always|else]", "always"),
        ("[~ a\\|b|[\" a\\\\|b$\"]|[\"yes\"]|no]", "yes"),
        // Definitions.
        ("[= twice|[\"%1%1\"]][@twice|x]", "xx"),
        (
            "[= greet|[\"hello %1, %s%#2\"]][@greet|you]",
            "hello you, <a@b>0",
        ),
        ("[= name|[\"%0\"]][@name]", "name"),
        ("[@s]", "<a@b>"),
        // Quotes.
        ("[\"%s [\"x\"]\"]", "%s [\"x\"]"),
        // What is called is text, whatever it looks like.
        ("%[:evil]", "[:s]%s|]#x"),
        ("[@evil]", "[:s]%s|]#x"),
        // What does not fit.
        ("a ] b | c \"] d", "a ] b | c \"] d"),
        ("[? 0|open", "open"),
        ("[\"open %s", "open %s"),
        ("", ""),
    ] {
        let template = if template == "%[:evil]" {
            "[:evil]"
        } else {
            template
        };
        assert_eq!(expanded(template), want, "{template}");
    }
}

#[test]
fn functions_of_texts() {
    for (template, want) in [
        ("[:lc|ABC \u{c4}]", "abc \u{e4}"),
        ("[:uc|abc]", "ABC"),
        ("[:len|\u{e4}bc]", "3"),
        ("[:substr|abcdef|1|2]", "bc"),
        ("[:substr|abcdef|-2]", "ef"),
        ("[:substr|abcdef|1|-1]", "bcde"),
        ("[:substr|abc|9]", ""),
        ("[:index|abcabc|c]", "2"),
        ("[:index|abcabc|c|3]", "5"),
        ("[:index|abc|x]", "-1"),
        ("[:incr|5] [:decr|5] [:incr|5|2] [:decr|5|2]", "6 4 7 3"),
        ("[:min|3|1.5|2] [:max|3|1.5|2]", "1.5 3"),
        (
            "[:sprintf|%%-5s\\|%%03d\\|%%.2f\\|%%%%\\|%%x|ab|7|1.005|255]",
            "ab   |007|1.00|%|ff",
        ),
        ("[:join|, |a|b]", "a, b"),
        ("[:limit|3|abcdef] [:limit|9|abc]", "abc... abc"),
        ("[:dquote|a\"b]", "\"a\\\"b\""),
        ("[:uquote|a b]", "a_b"),
        ("[:rot13|Hello]", "Uryyb"),
        ("[:hexenc|AB]", "4142"),
        (
            "[:b64encode|AB] [:b64enc|AB] [:b64urlenc|\u{ff}\u{fe}]",
            "QUI= QUI w7_Dvg",
        ),
        (
            "[:wrap|20|* |  |one two three four five]",
            "* one two three four\n  five",
        ),
    ] {
        assert_eq!(expanded(template), want, "{template}");
    }
}

#[test]
fn nothing_goes_on_for_ever() {
    for template in [
        "[= a|[\"[@a][@a]\"]][@a]",
        "[= a|[\"[@b][@b]\"]][= b|[\"[@a]x[@a]\"]][@a]",
        "[= a|[\"%1%1%1%1%1%1%1%1%1%1\"]][@a|[@a|[@a|[@a|[@a|[@a|[@a|[@a|xxxxxxxxxxxxxxxxxxxxxxxx]]]]]]]]",
    ] {
        assert!(expanded(template).len() <= 1 << 20);
    }
    let deep = format!("{}x{}", "[? 0|".repeat(100_000), "]".repeat(100_000));
    assert!(expanded(&deep).len() <= 1 << 20);
    let wide = format!(
        "[= a|[\"{}\"]]{}",
        "%1".repeat(10_000),
        "[@a|[:sprintf|%%1000s|x]]".repeat(100)
    );
    assert!(expanded(&wide).len() <= 1 << 20);
}

proptest! {
    #[test]
    fn any_text_is_a_template(text in "([\\[\\]|?~@:=\"#%_xsRa0-9A() \\\\\n]|\\[\"|\"\\]|\\[= a\\||\\[@a\\]){0,60}") {
        let result = expanded(&text);
        prop_assert!(result.len() <= 1 << 20);
    }

    #[test]
    fn text_without_signs_stands_for_itself(text in "[a-zA-Z0-9 .,;<>@\n-]{0,200}") {
        prop_assert_eq!(expanded(&text), text);
    }
}
