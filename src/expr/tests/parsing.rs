//! What can be read, and what is said where about what cannot.

use super::*;

/// Source, the text under the caret, a part of the message, a part of the hint.
type Case = (&'static str, &'static str, &'static str, &'static str);

#[test]
fn every_form_of_the_language_is_read() {
    let good = [
        "true",
        "status == 200",
        "not a and b or c",
        "a not in ['x', \"y\"]",
        "x['a-b'].c[item][0].d",
        "now - answer <= 30d",
        "1.5 * baseline(p95)",
        "quantile(0.95, p95, 5m) < 100ms",
        "ready[item] is not passing",
        "name is matching('^\\d+$')",
        "-5 < -x",
        "((((1))))",
        "a == 'it''s'",
        "f.in.and.not == 1",
        "[]",
        "[1, 2,]",
        "json(stdout).status == 'ok'",
        "  spaced \n ==\t1 ",
        "json.statusCode >= 512MiB",
        "count([1, 2]) == 2",
        "a is defined and b is no_data",
    ];
    for source in good {
        let expr = Expr::parse(source).unwrap_or_else(|fault| panic!("{source}: {fault}"));
        assert_eq!(expr.source(), source);
    }
}

#[test]
fn habits_of_the_neighbours_are_named() {
    let cases: [Case; 47] = [
        ("a = 1", "=", "does not compare", "`==`"),
        ("a === 1", "===", "no `===`", "`==`"),
        ("a && b", "&&", "no `&&`", "`and`"),
        ("a || b", "||", "no `||`", "`or`"),
        ("!a", "!", "no `!`", "`not`"),
        ("a <> b", "<>", "no `<>`", "`!=`"),
        ("a =~ 'x'", "=~", "no `=~`", "is matching"),
        ("a AND b", "AND", "not expected", "`and`"),
        ("NOT a", "NOT", "small", "`not`"),
        ("a | length", "|", "no filters", "count(x)"),
        ("a ? b : c", "?", "no `?`", "when"),
        ("${{ platform }} == 'x'", "${{", "no braces", "write `platform`"),
        ("{{ x }}", "{{", "no braces", "write `x`"),
        ("$namespace == 'x'", "$", "no `$`", "write `namespace`"),
        ("a == '${{ b }}'", "${{", "nothing is filled in", "without quotes"),
        ("rate > 5 %", "5 %", "no space before a unit", "`5%`"),
        ("t > 5 min", "5 min", "no space before a unit", "`5m`"),
        ("t > 5 s", "5 s", "no space before a unit", "`5s`"),
        ("(t > 5 MiB)", "5 MiB", "no space before a unit", "`5MiB`"),
        ("avg(p, 5 minutes)", "5 minutes", "no space before a unit", "`5m`"),
        ("t > 5min", "5min", "no unit `min`", "`5m`"),
        ("a % 2", "%", "only after a number", "5%"),
        ("v == 1.2.3", "1.2.3", "not a number", "version('1.2.3')"),
        ("a == null", "null", "no `null`", "is defined"),
        ("a is null", "null", "no test `null`", "`a is not defined`"),
        ("a is not none", "none", "no test `none`", "`a is defined`"),
        ("a is True", "True", "no test", "tests are"),
        ("a is true", "true", "no test `true`", "write `a`"),
        ("a is not true", "true", "no test `true`", "write `not a`"),
        ("p is healthy", "healthy", "no test", "`p is passing`"),
        ("p is pasing", "pasing", "no test", "`passing`"),
        ("a is 5", "5", "no test", "`a == …`"),
        ("a is in [1]", "in", "no test", "`a in …`"),
        ("a == True", "True", "no `True`", "`true`"),
        ("len(a) > 1", "len", "no function `len`", "count(list)"),
        ("contains(a, 'b')", "contains", "no function", "in text"),
        ("baselin(p)", "baselin", "no function", "`baseline`"),
        ("a matches 'x'", "matches", "not expected", "is matching"),
        ("a contains 'x'", "contains", "not expected", "in x"),
        ("1 < a < 5", "<", "do not chain", "a < b and b < c"),
        ("a == 'x' == true", "==", "do not chain", "and"),
        ("a, b", ",", "ends before this", "[a, b]"),
        ("a ≥ 5", "≥", "no `≥`", "`>=`"),
        ("a == “x”", "“", "curly", "'…'"),
        ("steps.1", ".1", "begins with a letter", "`[1]`"),
        ("a ** 2", "**", "no `**`", "+ - * /"),
        ("a 5", "5", "not expected", "operator"),
    ];
    // `1 < a < 5` has two: the second one is meant.
    let second = ["1 < a < 5", "a == 'x' == true"];
    for (source, at, message, hint) in cases {
        let fault = Expr::parse(source).expect_err(source);
        assert_eq!(&source[fault.span.clone()], at, "{source}: {fault}");
        assert!(fault.message.contains(message), "{source}: {fault}");
        assert!(fault.hint.as_deref().unwrap_or_default().contains(hint), "{source}: {fault}");
        if second.contains(&source) {
            assert!(fault.span.start > source.find(at).unwrap(), "{source}: {fault}");
        }
    }
}

#[test]
fn plain_mistakes_have_a_place() {
    let cases: [(&str, std::ops::Range<usize>, &str); 21] = [
        ("", 0..0, "missing"),
        ("  ", 0..2, "missing"),
        ("a ==", 4..4, "too early"),
        ("a == ", 4..4, "too early"),
        ("not", 3..3, "too early"),
        ("== 5", 0..2, "a value is missing"),
        ("and b", 0..3, "a value is missing before"),
        ("(a", 0..2, "not closed with `)`"),
        ("a and (b or c", 6..13, "not closed with `)`"),
        ("a)", 1..2, "never opened"),
        ("a]", 1..2, "never opened"),
        ("x[", 2..2, "too early"),
        ("x[]", 1..3, "a key is missing"),
        ("x.", 1..2, "a field's name is missing"),
        ("'open", 0..5, "does not end"),
        ("a == 'x", 5..7, "does not end"),
        ("()", 0..2, "nothing between"),
        ("a is", 4..4, "a test is missing"),
        ("a is matching", 5..13, "needs a pattern"),
        ("a is matching('(')", 14..17, "cannot be read"),
        ("ä == 1", 0..2, "does not belong"),
    ];
    for (source, span, message) in cases {
        let fault = Expr::parse(source).expect_err(source);
        assert_eq!(fault.span, span, "{source}: {fault}");
        assert!(fault.message.contains(message), "{source}: {fault}");
    }
}

#[test]
fn precedence_is_as_everywhere() {
    let same = [
        ("1 + 2 * 3 == 7", "(1 + (2 * 3)) == 7"),
        ("not 1 == 2 and true", "(not (1 == 2)) and true"),
        ("true or true and false", "true or (true and false)"),
        ("10 - 4 - 3 == 3", "((10 - 4) - 3) == 3"),
        ("24 / 4 / 3 == 2", "((24 / 4) / 3) == 2"),
        ("-2 * -3 == 6", "((-2) * (-3)) == 6"),
        ("not 'a' in ['b']", "not ('a' in ['b'])"),
        ("not not true", "not (not true)"),
    ];
    for (plain, grouped) in same {
        for source in [plain, grouped] {
            assert_eq!(Expr::parse(source).unwrap().truth(&Nothing), Truth::True, "{source}");
        }
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(Expr::parse(&nested(60)).is_ok());
    for source in [
        nested(65),
        nested(8000),
        "[".repeat(8000),
        format!("{}true", "not ".repeat(4000)),
        format!("{}1", "-".repeat(8000)),
        format!("1{}", "+1".repeat(8000)),
        format!("{}x{}", "x[".repeat(5000), "]".repeat(5000)),
        "count(".repeat(2500),
    ] {
        let fault = Expr::parse(&source).unwrap_err();
        assert!(fault.message.contains("deep"), "{fault}");
        assert!(source.get(fault.span.clone()).is_some());
    }
    assert!(Expr::parse(&" ".repeat(20_000)).unwrap_err().message.contains("at most 16384 bytes"));
    // Many conditions side by side are not deep.
    let wide = vec!["a == 1"; 1000].join(" and ");
    assert!(Expr::parse(&wide).is_ok());
    let steps = format!("a{}", ".b".repeat(5000));
    assert!(Expr::parse(&steps).is_ok());
}

#[test]
fn the_names_that_are_used() {
    let source = "pins.revision[item] > baseline(p95) and db_url is defined and x['a-b'].c == file(db_url)";
    let used = Expr::parse(source).unwrap().used();
    let found: Vec<(String, &str, Option<&str>, bool)> = used
        .iter()
        .map(|used| (used.path.join("/"), &source[used.span.clone()], used.call, used.only_whether))
        .collect();
    assert_eq!(
        found,
        [
            ("pins/revision".to_owned(), "pins.revision[item]", None, false),
            ("item".to_owned(), "item", None, false),
            ("p95".to_owned(), "p95", Some("baseline"), false),
            ("db_url".to_owned(), "db_url", None, true),
            ("x/a-b/c".to_owned(), "x['a-b'].c", None, false),
            ("db_url".to_owned(), "db_url", Some("file"), false),
        ]
    );
}

#[test]
fn plain_names_and_literals_are_recognised() {
    assert_eq!(Expr::parse("ready.kms").unwrap().as_path(), Some(vec!["ready", "kms"]));
    assert_eq!(Expr::parse("ready['a-b']").unwrap().as_path(), Some(vec!["ready", "a-b"]));
    assert_eq!(Expr::parse("ready[item]").unwrap().as_path(), None);
    assert_eq!(Expr::parse("ready is passing").unwrap().as_path(), None);
    assert_eq!(Expr::parse("30s").unwrap().as_literal(), Some(&Value::Duration(30.0)));
    assert_eq!(Expr::parse("-30s").unwrap().as_literal(), Some(&Value::Duration(-30.0)));
    assert_eq!(Expr::parse("30s + 1s").unwrap().as_literal(), None);
}

#[test]
fn an_expression_is_its_text() {
    let expr = Expr::parse("a  == 1").unwrap();
    assert_ne!(expr, Expr::parse("a == 1").unwrap());
    let json = serde_json::to_string(&expr).unwrap();
    assert_eq!(json, "\"a  == 1\"");
    assert_eq!(serde_json::from_str::<Expr>(&json).unwrap(), expr);
    let error = serde_json::from_str::<Expr>("\"a = 1\"").unwrap_err().to_string();
    assert!(error.contains("does not compare"), "{error}");
}
