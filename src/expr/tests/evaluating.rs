//! Values and truths.

use super::Truth::{False, True, Unknown};
use super::*;

fn truth(source: &str) -> Truth {
    Expr::parse(source).unwrap().truth(&world())
}

fn value(source: &str) -> Value {
    Expr::parse(source).unwrap().evaluate(&world())
}

#[test]
fn conditions_of_the_runbook() {
    let cases = [
        ("platform == 'kubernetes'", True),
        ("platform != 'kubernetes'", False),
        ("components.kms", True),
        ("components.identity", False),
        ("components[item]", True),
        ("status == 200", False),
        ("status in [200, 503]", True),
        ("status not in [200, 503]", False),
        ("latency < 100ms", False),
        ("latency < 0.15s", True),
        ("coverage >= 95%", True),
        ("coverage == 95.2%", True),
        ("error_rate > 5%", True),
        ("p95 > 1.5 * baseline(p95)", True),
        ("success_rate(ready) == 100% and uptime(ready) >= 99.9%", True),
        ("now - answer <= 30d", True),
        ("now - answer <= 12d", False),
        ("now + 1h > now", True),
        ("largest < 4MiB", True),
        ("pins.revision[item] == 12", True),
        ("services[item].says == 'ok' and item.says == 'ok'", True),
        ("json.status == item.says", False),
        ("json['log-level'] == 'info'", True),
        ("json.list[1].a == 2", True),
        ("foreign is empty", True),
        ("namespace is empty", True),
        ("hosts is empty", False),
        ("body is matching('ERROR|FATAL')", True),
        ("body is not matching('^ERROR')", False),
        ("'connection' in body", True),
        ("'status' in json", True),
        ("json(body) is defined", False),
        ("version(release) > tested", True),
        ("release > tested", True),
        ("tested < '1.10'", True),
        ("count(hosts) == 2 and count(json.deep) == 1", True),
        ("count(components) == 1", True),
        ("hosts == ['a', 'b']", True),
        ("hosts != ['a']", True),
        ("file(db_url) == '/run/secret/db_url'", True),
        ("avg(p95, 5m) == 250ms and avg(p95, 2) == 350ms", True),
        ("min(p95, 5m) == 100ms and max(p95, 5m) == 400ms", True),
        ("delta(restarts, 5m) == -6 and increase(restarts, 5m) == 3", True),
        ("quantile(0.5, p95, 3) == 300ms", True),
        ("max(1, 3, 2) == 3 and min([4, 2]) == 2", True),
        ("max(p95, latency) == 160ms", True),
        ("not (quiet or false)", True),
        ("-latency < 0s", True),
        ("10% * latency < 15ms", True),
        ("10% + 5% == 15% and not 10% + 5% > 15%", True),
        ("0.1 + 0.2 == 0.3 and 1 / 3 * 3 == 1", True),
        ("99.9999999% == 100%", False),
        ("1125899906842624B == 1125899906842625B", False),
    ];
    for (source, truth_of) in cases {
        assert_eq!(truth(source), truth_of, "{source}");
        let checked = Expr::parse(source).unwrap().check_condition(&names());
        assert!(checked.is_ok(), "{source}: {checked:?}");
    }
}

#[test]
fn no_data_is_never_true_and_never_false() {
    let unknown = [
        "database > 5",
        "not (database > 5)",
        "database != 5",
        "memory > 5B",
        "nothing == 'x'",
        "nothing != 'x'",
        "nothing in ['a', 'b']",
        "'a' in nothing",
        "'c' in ['a', nothing]",
        "nothing not in ['a']",
        "nothing is empty",
        "nothing is not empty",
        "nothing is matching('.*')",
        "not nothing",
        "nothing and true",
        "nothing or false",
        "database is passing",
        "database is failing",
        "database is not passing",
        "steps.apply.outcome == 'passed'",
        "json.nothing > 5",
        "json.missing.deeper == 'x'",
        "json.list[9].a == 1",
        "hosts == [nothing, 'b']",
        "status / (replicas - 3) > 1",
        "baseline(error_rate) > 1%",
        "avg(error_rate, 5m) > 1%",
        "uptime(database) > 1%",
        "now - nothing < 5d",
        "max(1, nothing) == 1",
        "count(nothing) == 0",
    ];
    for source in unknown {
        assert_eq!(truth(source), Unknown, "{source}");
        assert_eq!(value(source), Value::NoData, "{source}");
    }
    let decided = [
        ("nothing and false", False),
        ("false and nothing", False),
        ("nothing or true", True),
        ("'a' in ['a', nothing]", True),
        ("nothing is defined", False),
        ("nothing is no_data", True),
        ("database is no_data", True),
        ("database is not defined", True),
        ("p95 is defined", True),
        ("['a'] == ['b', nothing]", False),
    ];
    for (source, truth_of) in decided {
        assert_eq!(truth(source), truth_of, "{source}");
    }
}

#[test]
fn kinds_that_do_not_fit_are_unknown_in_the_run() {
    for source in [
        "json.word >= 5",
        "json.word == 9",
        "json.n == '142'",
        "json.n > 5%",
        "json.n < 5s",
        "json.status > 'a'",
        "json.list == 'x'",
        "json.deep",
        "json.flags.up",
        "not json.flags.down",
        "json.n is matching('1')",
    ] {
        assert_eq!(truth(source), Unknown, "{source}");
    }
    assert_eq!(truth("json.n * 1ms == 142ms"), True);
    assert_eq!(truth("json.n == 142"), True);
}

#[test]
fn states_of_probes() {
    let cases = [
        ("ready is passing", True, False),
        ("ready[item] is passing", True, False),
        ("ready.authz is failing", True, False),
        ("flap is passing", False, True),
        ("flap is failing", True, False),
        ("database is failing", Unknown, Unknown),
        ("ready is failing", False, True),
        ("ready is no_data", False, False),
    ];
    for (source, verdict, look) in cases {
        let expr = Expr::parse(source).unwrap();
        assert_eq!(expr.truth(&world()), verdict, "{source}");
        assert_eq!(expr.truth(&World { raw: true, ..world() }), look, "{source} by the newest look");
    }
}

#[test]
fn calculations_keep_their_units() {
    let cases = [
        ("1.5 * 2s", Value::Duration(3.0)),
        ("5m / 2", Value::Duration(150.0)),
        ("5m / 1m", Value::Number(5.0)),
        ("512MiB * 2", Value::Size(1_073_741_824.0)),
        ("10% + 5%", Value::Ratio(0.15000000000000002)),
        ("10% / 2", Value::Ratio(0.05)),
        ("now - 1d", Value::Time(time("2026-11-23T09:00:00Z"))),
        ("now - answer", Value::Duration(12.0 * 86_400.0 + 9.0 * 3600.0)),
        ("p95", Value::Duration(0.16)),
        ("ready[item]", Value::Duration(0.012)),
        ("ready['authz']", Value::Duration(0.02)),
        ("now + 99999999999w", Value::NoData),
        ("1 / 0", Value::NoData),
        ("0 / 0", Value::NoData),
        ("1s + 1", Value::NoData),
    ];
    for (source, expected) in cases {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn probes_of_an_expression() {
    let probes = |source: &str| -> Vec<String> {
        Expr::parse(source).unwrap().probes(&world()).into_iter().map(|probe| probe.0).collect()
    };
    assert_eq!(probes("p95 > 1.5 * baseline(p95) and ready[item] is passing"), ["p95", "ready.kms"]);
    assert_eq!(probes("platform == 'x' or ready is failing"), ["ready"]);
    let as_probe = |source: &str| Expr::parse(source).unwrap().as_probe(&world()).map(|probe| probe.0);
    assert_eq!(as_probe("ready[item]").as_deref(), Some("ready.kms"));
    assert_eq!(as_probe("ready"), Some("ready".to_owned()));
    assert_eq!(as_probe("ready is passing"), None);
    assert_eq!(as_probe("platform"), None);
}

#[test]
fn what_was_seen_has_no_secret() {
    let expr =
        Expr::parse("platform == 'x' and db_url is defined and pins.revision[item] > 5 and platform != 'y'").unwrap();
    let seen = expr.seen(&world());
    assert_eq!(
        seen,
        [("platform".to_owned(), text("kubernetes")), ("pins.revision[item]".to_owned(), Value::Number(12.0))]
    );
    assert_eq!(Expr::parse("db_url").unwrap().seen(&world()), []);
    assert_eq!(Expr::parse("file(db_url) == 'x'").unwrap().seen(&world()), []);
    assert_eq!(Expr::parse("quiet").unwrap().seen(&world()), [("quiet".to_owned(), Value::Bool(false))]);
}
