//! Values from texts.

use super::*;

#[test]
fn texts_are_read_as_what_is_wanted() {
    let day = Value::Time(time("2026-11-24T00:00:00Z"));
    let cases = [
        (As::Text, "  a b \n\n", text("  a b ")),
        (As::Text, "", text("")),
        (As::Number, " 95.2\n", Value::Number(95.2)),
        (As::Number, "-3", Value::Number(-3.0)),
        (As::Number, "1.2e-05", Value::Number(0.000_012)),
        (As::Percent, "95.2%", Value::Ratio(0.952)),
        (As::Percent, "95.2 %", Value::Ratio(0.952)),
        (As::Percent, "95.2", Value::Ratio(0.952)),
        (As::Percent, "-1%", Value::Ratio(-0.01)),
        (As::Duration, "1h30m", Value::Duration(5400.0)),
        (As::Duration, "2m0s", Value::Duration(120.0)),
        (As::Duration, "1.5s", Value::Duration(1.5)),
        (As::Duration, "0", Value::Duration(0.0)),
        (As::Duration, "-5m", Value::Duration(-300.0)),
        (As::Size, "512MiB", Value::Size(536_870_912.0)),
        (As::Size, "512Mi", Value::Size(536_870_912.0)),
        (As::Size, "1.5 GB", Value::Size(1.5e9)),
        (As::Size, "4096", Value::Size(4096.0)),
        (As::Time, "2026-11-24T10:02:11+01:00", Value::Time(time("2026-11-24T09:02:11Z"))),
        (As::Time, "2026-11-24", day.clone()),
        (As::Date, "2026-11-24", day),
        (As::Bool, "true", Value::Bool(true)),
        (As::List, "kms, identity,", texts(&["kms", "identity"])),
        (As::List, "a\nb\n", texts(&["a", "b"])),
        (As::List, "[\"a\", 1]", Value::List(vec![text("a"), Value::Number(1.0)])),
        (As::List, "", Value::List(vec![])),
        (As::Json, "{\"a\": [null, true]}", map([("a", Value::List(vec![Value::NoData, Value::Bool(true)]))])),
        (As::Version, " v1.2.3-rc.1 ", Value::Version("v1.2.3-rc.1".into())),
    ];
    for (kind, text, expected) in cases {
        assert_eq!(parse_value(text, kind), Ok(expected), "{kind:?} {text:?}");
    }
}

#[test]
fn what_cannot_be_read_says_what_to_write() {
    let cases = [
        (As::Number, "", "nothing stands here, wanted is a number"),
        (As::Number, "95,2", "write the point as `.`"),
        (As::Number, "95%", "write digits alone"),
        (As::Number, "nan", "is not a number"),
        (As::Number, "inf", "is not a number"),
        (As::Number, "0x10", "is not a number"),
        (As::Number, "1e", "is not a number"),
        (As::Number, "1e999", "is not a number"),
        (As::Number, ".5", "is not a number"),
        (As::Percent, "95.2%%", "as in `95.2%`"),
        (As::Percent, "many", "as in `95.2%`"),
        (As::Duration, "90", "write its unit, as in `90s`"),
        (As::Duration, "5 min", "write `5m`"),
        (As::Duration, "soon", "as in `90s`"),
        (As::Size, "big", "as in `512MiB`"),
        (As::Time, "24.11.2026", "as in `2026-11-24T09:02:11Z`"),
        (As::Time, "2026-13-01", "is not a time"),
        (As::Date, "2026-11-24T09:00:00Z", "as in `2026-11-24`"),
        (As::Date, "2026-1-2", "as in `2026-11-24`"),
        (As::Bool, "yes", "write `true` or `false`"),
        (As::Json, "{", "is not JSON"),
        (As::List, "[1,", "is not a list"),
        (As::Version, "latest", "as in `1.2.3`"),
    ];
    for (kind, text, message) in cases {
        let error = parse_value(text, kind).expect_err(text);
        assert!(error.contains(message), "{kind:?} {text:?}: {error}");
    }
}

#[test]
fn deep_json_is_refused_not_fatal() {
    let deep = "[".repeat(100_000);
    assert!(parse_value(&deep, As::Json).is_err());
    assert!(parse_value(&deep, As::List).is_err());
}
