//! Why a condition does not hold.

use super::*;

#[test]
fn explanations_show_what_was_seen() {
    let cases = [
        ("latency < 100ms", "latency 142 ms, wanted < 100 ms"),
        ("100ms > latency", "latency 142 ms, wanted < 100 ms"),
        ("days_left > 30", "days_left 12, wanted > 30"),
        ("status == 200", "status 503, wanted 200"),
        ("status != 503", "status 503, wanted not 503"),
        ("not status == 503", "status 503, wanted not 503"),
        ("not (latency > 100ms)", "latency 142 ms, wanted <= 100 ms"),
        ("p95 < 1.5 * baseline(p95)", "p95 160 ms, wanted < 150 ms (1.5 * baseline(p95))"),
        ("json.status == item.says", "json.status 'degraded', wanted 'ok' (item.says)"),
        ("coverage > 95.3%", "coverage 95.2 %, wanted > 95.3 %"),
        ("coverage > 95.20004%", "coverage 95.2%, wanted > 95.20004%"),
        ("largest < 2MiB", "largest 3 MiB, wanted < 2 MiB"),
        ("now - answer < 5d", "now - answer 12 d, wanted < 5 d"),
        ("foreign is not empty", "foreign is empty"),
        ("hosts is empty", "hosts 'a', 'b', wanted empty"),
        ("platform in ['compose', 'podman']", "platform 'kubernetes', wanted one of 'compose', 'podman'"),
        ("platform not in ['kubernetes']", "platform 'kubernetes', wanted none of 'kubernetes'"),
        ("'identity' in components", "'identity' is not in components ('kms')"),
        ("body is matching('^ok')", "body 'ERROR: no connection' does not match '^ok'"),
        ("quiet", "quiet is false, wanted true"),
        ("components.identity", "components.identity is false, wanted true"),
        ("ready.authz is passing", "ready.authz is failing, wanted passing"),
        ("flap is passing", "flap is flapping, wanted passing"),
        ("database is passing", "database has no data, wanted passing"),
        ("ready is failing", "ready is passing, wanted failing"),
        ("ready is not passing", "ready is passing, wanted not passing"),
        ("database > 5", "database has no data, wanted > 5"),
        ("not (database > 5)", "database has no data, wanted <= 5"),
        ("p95 < baseline(error_rate)", "p95 160 ms, wanted < baseline(error_rate), which has no data"),
        ("json.word > 5", "json.word '9' is a text, wanted a number: > 5"),
        ("json.n < 5s", "json.n 142 is a number, wanted a duration: < 5 s"),
        ("db_url is not defined", "db_url has a value, wanted none"),
        ("nothing is defined", "nothing has no data"),
        ("status == 200 and latency < 1s and days_left > 30", "status 503, wanted 200; days_left 12, wanted > 30"),
        ("status == 200 or days_left > 30", "status 503, wanted 200, or days_left 12, wanted > 30"),
        ("not (status == 503 or days_left == 12)", "status 503, wanted not 503; days_left 12, wanted not 12"),
    ];
    for (source, expected) in cases {
        assert_eq!(Expr::parse(source).unwrap().explain(&world()), expected, "{source}");
    }
}

#[test]
fn what_holds_needs_no_explanation() {
    for source in ["status == 503", "true", "not quiet", "ready is passing", "nothing is no_data"] {
        assert_eq!(Expr::parse(source).unwrap().explain(&world()), "", "{source}");
    }
}

#[test]
fn an_explanation_is_short_and_on_one_line() {
    let mut world = world();
    world.values.insert("body".into(), text(&"\u{1b}[31mlong\n".repeat(500)));
    world.values.insert("hosts".into(), texts(&["x"; 100]));
    let why = Expr::parse("body == 'x'").unwrap().explain(&world);
    assert!(why.chars().count() < 120 && !why.contains(char::is_control), "{why}");
    assert!(Expr::parse("hosts is empty").unwrap().explain(&world).contains("and 95 more"));
    let many = vec!["status == 200"; 100].join(" and ");
    assert!(Expr::parse(&many).unwrap().explain(&world).chars().count() <= 301);
}
