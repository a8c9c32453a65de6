//! Laws over random input.

use proptest::prelude::*;

use super::*;

/// Words from which nearly right expressions are made.
const WORDS: [&str; 48] = [
    "a",
    "ready",
    "item",
    "p95",
    "nothing",
    "json",
    "and",
    "or",
    "not",
    "in",
    "is",
    "passing",
    "empty",
    "defined",
    "matching",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "'x'",
    "\"",
    "'",
    "5",
    "5%",
    "100ms",
    "512MiB",
    "true",
    "false",
    "count(",
    "max(",
    "quantile(0.95,",
    "${{",
    "}}",
    "ä",
    "min",
    " ",
];

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec((proptest::sample::select(&WORDS[..]), any::<bool>()), 0..24).prop_map(|words| {
        words.into_iter().map(|(word, space)| if space { format!("{word} ") } else { word.to_owned() }).collect()
    })
}

/// An expression that can be read, whatever its types.
fn wild() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "1",
        "0",
        "2.5",
        "5%",
        "100ms",
        "5m",
        "512MiB",
        "'kms'",
        "'kubernetes'",
        "true",
        "[]",
        "platform",
        "components",
        "components.kms",
        "release",
        "hosts",
        "replicas",
        "quiet",
        "db_url",
        "item",
        "item.says",
        "ready",
        "ready.kms",
        "ready[item]",
        "database",
        "p95",
        "error_rate",
        "restarts",
        "coverage",
        "tested",
        "pins.revision[item]",
        "steps.apply.outcome",
        "objectives.rto",
        "answer",
        "now",
        "status",
        "latency",
        "largest",
        "body",
        "json",
        "json.n",
        "json.list[1].a",
        "headers",
        "foreign",
        "services",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 16, 3, |inner| {
        let operator = proptest::sample::select(vec!["==", "!=", "<", ">=", "in", "not in", "and", "or", "+", "-", "*", "/"]);
        let test = proptest::sample::select(vec!["passing", "failing", "no_data", "empty", "defined", "matching('k')"]);
        let call = proptest::sample::select(vec!["count", "json", "version", "file", "success_rate", "uptime", "baseline", "max"]);
        let two = proptest::sample::select(vec!["min", "max", "avg", "increase", "delta"]);
        prop_oneof![
            3 => (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            1 => (inner.clone(), any::<bool>(), test).prop_map(|(a, not, test)| format!("({a} is {}{test})", if not { "not " } else { "" })),
            1 => (call, inner.clone()).prop_map(|(call, a)| format!("{call}({a})")),
            1 => (two, inner.clone(), inner.clone()).prop_map(|(call, a, b)| format!("{call}({a}, {b})")),
            1 => inner.clone().prop_map(|a| format!("quantile(0.9, {a}, 3)")),
            1 => inner.clone().prop_map(|a| format!("(not {a})")),
            1 => inner.clone().prop_map(|a| format!("(-{a})")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}]")),
        ]
    })
}

/// An expression that can be read, out of comparisons that are true, false and unknown.
fn condition() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec!["1 == 1", "1 == 2", "nothing == 1", "quiet", "true", "ready is passing"]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("not ({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) or ({b})")),
        ]
    })
}

fn truth(source: &str) -> Truth {
    Expr::parse(source).unwrap().truth(&world())
}

fn quantity() -> impl Strategy<Value = Value> {
    let figure = prop_oneof![
        (-1_000_000_000i64..1_000_000_000).prop_map(|n| n as f64 / 1000.0),
        (-4_000i64..4_000).prop_map(|n| n as f64 * 60.0),
        proptest::num::f64::NORMAL.prop_map(|n| n % 1e15),
        (0u64..1 << 50).prop_map(|n| n as f64),
    ];
    (figure, 0..4usize).prop_map(|(n, kind)| match kind {
        0 => Value::Number(n),
        1 => Value::Duration(n),
        2 => Value::Size(n.abs()),
        _ => Value::Ratio(n),
    })
}

proptest! {
    #[test]
    fn reading_never_panics_and_places_stand_in_the_text(source in any::<String>()) {
        if let Err(fault) = Expr::parse(&source) {
            prop_assert!(source.get(fault.span.clone()).is_some(), "{:?}", fault);
        }
        if let Err(fault) = Template::parse(&source) {
            prop_assert!(source.get(fault.span.clone()).is_some(), "{:?}", fault);
        }
        let _ = stray_braces(&source);
    }

    #[test]
    fn whatever_is_read_can_be_checked_evaluated_and_explained(source in prop_oneof![soup(), wild()]) {
        match Expr::parse(&source) {
            Err(fault) => prop_assert!(source.get(fault.span.clone()).is_some(), "{:?}", fault),
            Ok(expr) => {
                for fault in expr.check(&names()).err().into_iter().flatten() {
                    prop_assert!(source.get(fault.span.clone()).is_some(), "{:?}", fault);
                }
                let holds = expr.truth(&world()) == Truth::True;
                prop_assert_eq!(expr.explain(&world()).is_empty(), holds, "{}", source);
                prop_assert_eq!(expr.truth(&Nothing), expr.truth(&Nothing));
                for used in expr.used() {
                    prop_assert!(source.get(used.span).is_some());
                }
            }
        }
        if let Err(fault) = Template::parse(&source) {
            prop_assert!(source.get(fault.span.clone()).is_some(), "{:?}", fault);
        }
    }

    #[test]
    fn what_is_checked_keeps_its_type(source in wild()) {
        // A value of a checked expression is of the type that the check promised, or no data.
        let expr = Expr::parse(&source).unwrap();
        if let Ok(of) = expr.check(&names()) {
            let value = expr.evaluate(&world());
            let fits = match (&of, &value) {
                (_, Value::NoData) | (Type::Any, _) => true,
                (Type::Bool, Value::Bool(_)) | (Type::Number, Value::Number(_)) | (Type::Duration, Value::Duration(_)) => true,
                (Type::Probe(unit), value) => *value == unit.of_base(value.figure().unwrap_or(f64::NAN)),
                (of, value) if of.is_text() => matches!(value, Value::Text(_)),
                (Type::Size, Value::Size(_)) | (Type::Ratio, Value::Ratio(_)) => true,
                (Type::List(_) | Type::Flags(_), Value::List(_)) => true,
                (Type::Time, Value::Time(_)) | (Type::Version, Value::Version(_)) | (Type::Secret, Value::Text(_)) => true,
                (Type::Map(_) | Type::Record(_), Value::Map(_)) => true,
                _ => false,
            };
            prop_assert!(fits, "{} is {:?}, but {:?}", source, of, value);
        }
    }

    #[test]
    fn kleenes_laws(a in condition(), b in condition(), c in condition()) {
        prop_assert_eq!(truth(&format!("not not ({a})")), truth(&a));
        prop_assert_eq!(truth(&format!("({a}) and ({b})")), truth(&format!("({b}) and ({a})")));
        prop_assert_eq!(truth(&format!("({a}) or ({b})")), truth(&format!("({b}) or ({a})")));
        prop_assert_eq!(truth(&format!("not (({a}) and ({b}))")), truth(&format!("not ({a}) or not ({b})")));
        prop_assert_eq!(
            truth(&format!("({a}) and (({b}) or ({c}))")),
            truth(&format!("({a}) and ({b}) or ({a}) and ({c})"))
        );
        prop_assert_eq!(truth(&format!("({a}) and ({b}) and ({c})")), truth(&format!("({a}) and (({b}) and ({c}))")));
    }

    #[test]
    fn no_data_stays_unknown_under_more_logic(a in condition()) {
        // Knowing more may decide what was unknown, but never turns what was decided.
        let before = Expr::parse(&a).unwrap().truth(&world());
        let mut more = world();
        more.values.insert("nothing".into(), Value::Number(1.0));
        let after = Expr::parse(&a).unwrap().truth(&more);
        prop_assert!(before == Truth::Unknown || before == after, "{}", a);
        prop_assert!(after != Truth::Unknown, "{}", a);
    }

    #[test]
    fn what_is_written_reads_back(value in quantity()) {
        let written = value.written();
        let kind = match value {
            Value::Number(_) => As::Number,
            Value::Duration(_) => As::Duration,
            Value::Size(_) => As::Size,
            _ => As::Percent,
        };
        prop_assert_eq!(parse_value(&written, kind), Ok(value.clone()), "{}", &written);
        // And it is a literal of the language.
        let literal = Expr::parse(&written).unwrap();
        prop_assert_eq!(literal.as_literal(), Some(&value), "{}", &written);
    }

    #[test]
    fn plain_templates_stay_plain(text in "[${} a'x]{0,24}") {
        let template = Template::plain(text.clone());
        prop_assert_eq!(template.as_plain(), Some(text.as_str()));
        let again = Template::parse(template.source()).unwrap();
        prop_assert_eq!(again.as_plain(), Some(text.as_str()));
    }

    #[test]
    fn reading_values_never_panics(text in any::<String>(), digits in "[-0-9.a-zA-Z%: ]{0,16}") {
        for kind in [
            As::Text, As::Number, As::Percent, As::Duration, As::Size, As::Time, As::Date, As::Bool, As::List, As::Json,
            As::Version,
        ] {
            for text in [&text, &digits] {
                if let Ok(value) = parse_value(text, kind)
                    && let Some(figure) = value.figure()
                {
                    prop_assert!(figure.is_finite());
                }
            }
        }
    }
}
