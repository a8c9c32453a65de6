//! Types at load.

use super::*;

fn fault(source: &str) -> Fault {
    let mut faults = Expr::parse(source).unwrap().check(&names()).expect_err(source);
    assert_eq!(faults.len(), 1, "{source}: {faults:?}");
    faults.remove(0)
}

#[test]
fn types_of_what_is_right() {
    let cases = [
        ("status == 200", Type::Bool),
        ("platform == 'kubernetes'", Type::Bool),
        ("'prod' == environment", Type::Bool),
        ("platform in ['compose', 'kubernetes']", Type::Bool),
        ("components.kms and not components.identity", Type::Bool),
        ("'kms' in components", Type::Bool),
        ("components[item]", Type::Bool),
        ("count(components) > 1", Type::Bool),
        ("p95 > 1.5 * baseline(p95)", Type::Bool),
        ("error_rate > 5%", Type::Bool),
        ("coverage >= 95%", Type::Bool),
        ("success_rate(ready) == 100% and uptime(ready) >= 99.9%", Type::Bool),
        ("now - answer <= 30d", Type::Bool),
        ("answer + 5m < now", Type::Bool),
        ("steps.apply.ended - steps.apply.started", Type::Duration),
        ("now - 5m", Type::Time),
        ("latency / 2", Type::Duration),
        ("latency / 100ms", Type::Number),
        ("replicas * 2 + 1", Type::Number),
        ("largest * 2 < 1GiB", Type::Bool),
        ("50% * latency", Type::Duration),
        ("quantile(0.95, p95, 5m)", Type::Duration),
        ("avg(error_rate, 10)", Type::Ratio),
        ("increase(restarts, 5m) > 3", Type::Bool),
        ("max(p95, 5m)", Type::Duration),
        ("max(p95, latency)", Type::Duration),
        ("min(1, replicas, 3)", Type::Number),
        ("max([1, 2])", Type::Number),
        ("ready", Type::ProbeGroup { unit: Unit::Ms, keys: vec!["kms".into(), "authz".into()] }),
        ("ready.kms", Type::Probe(Unit::Ms)),
        ("ready[item]", Type::Probe(Unit::Ms)),
        ("ready[item] < 100ms", Type::Bool),
        ("ready is passing and database is not no_data", Type::Bool),
        ("pins.revision[item]", Type::Number),
        ("pins.revision.kms", Type::Number),
        ("services.kms.health", Type::Text),
        ("services[item].health", Type::Text),
        ("item == 'kms'", Type::Bool),
        ("item.deployment", Type::Text),
        ("json.a.b[0] == item.says", Type::Bool),
        ("json > 5 and json == 'x'", Type::Bool),
        ("json(body).x", Type::Any),
        ("headers['content-type'] is matching('json')", Type::Bool),
        ("'ERROR' in body", Type::Bool),
        ("foreign is empty", Type::Bool),
        ("tested >= '1.2'", Type::Bool),
        ("version(release) > tested", Type::Bool),
        ("file(db_url)", Type::Text),
        ("db_url", Type::Secret),
        ("db_url is defined", Type::Bool),
        ("quiet == false", Type::Bool),
        ("hosts == ['a', 'b']", Type::Bool),
        ("-latency", Type::Duration),
    ];
    for (source, of) in cases {
        assert_eq!(Expr::parse(source).unwrap().check(&names()), Ok(of), "{source}");
    }
}

#[test]
fn types_of_what_is_wrong() {
    let cases = [
        ("latency < 100", "100", "a duration is never compared with a number", "100ms"),
        ("p95 > 5", "5", "a duration is never compared with a number", "`5ms`"),
        ("error_rate > 5", "5", "a percentage is never compared with a number", "write `5%`"),
        ("error_rate > 0.05", "0.05", "a percentage is never compared", "write `5%`"),
        ("status > 5%", "5%", "a number is never compared with a percentage", "write `5`"),
        ("status == '200'", "'200'", "a number is never compared with a text", "write `200` without quotes"),
        ("release == 9", "9", "a text is never compared with a number", "write `'9'`"),
        ("latency < '5s'", "'5s'", "a duration is never compared with a text", "`5s` without quotes"),
        ("largest > 5", "5", "a size is never compared", "5MiB"),
        ("answer < 30d", "30d", "a time is never compared with a duration", "now - answer"),
        ("replicas > 5m", "5m", "a number is never compared with a duration", "replicas * 1s"),
        ("quiet == 'true'", "'true'", "true or false is never compared", "write `quiet`"),
        ("hosts == 'a'", "'a'", "a list is never compared", "'a' in hosts"),
        ("hosts > 2", "2", "a list is never", "count(hosts)"),
        ("latency == largest", "latency == largest", "a duration", ""),
        ("platform == 'kubernets'", "'kubernets'", "is never 'kubernets'", "`kubernetes`"),
        ("platform in ['compose', 'podman']", "'podman'", "is never 'podman'", "compose, kubernetes"),
        ("'identty' in components", "'identty'", "never 'identty'", "`identity`"),
        ("components.identty", ".identty", "cannot be `identty`", "`identity`"),
        ("components == ['kmz']", "'kmz'", "never 'kmz'", "`kms`"),
        ("platform == kubernetes", "kubernetes", "nothing is called", "'kubernetes'"),
        ("kubernetes == platform", "kubernetes", "nothing is called", "'kubernetes'"),
        ("steps.apply.outcome == 'pased'", "'pased'", "is never", "`passed`"),
        ("plattform == 'x'", "plattform", "nothing is called `plattform`", "`platform`"),
        ("steps.aply.outcome == 'passed'", ".aply", "has no `aply`", "`apply`"),
        ("item.helth", ".helth", "has no `helth`", "`health`"),
        ("ready.kmss is passing", ".kmss", "has no `kmss`", "`kms`"),
        ("ready > 5ms", "ready", "group of probes and has no value", "ready[item]"),
        ("p95.status == 200", ".status", "is a probe", "own `expect`"),
        ("status.code", ".code", "is a number and has no field `code`", ""),
        ("hosts.length > 1", ".length", "is a list", "count(hosts)"),
        ("hosts['a']", "['a']", "is a list", "`'a' in hosts`"),
        ("release < '2.0'", "release < '2.0'", "texts have no order", "version(x)"),
        ("quiet < true", "quiet < true", "has no order", "=="),
        ("error-rate > 5%", "error-rate", "a name cannot hold `-`", "`error_rate`"),
        ("log-level == 'info'", "log-level", "a name cannot hold `-`", "spaces"),
        ("json.log-level == 'info'", "json.log-level", "cannot hold `-`", "json['log-level']"),
        ("db_url == 'x'", "db_url", "a secret cannot be compared", "file(secret)"),
        ("db_url is matching('x')", "db_url", "a secret cannot be compared", ""),
        ("file(release)", "release", "name of a secret", "type: secret"),
        ("status is passing", "status", "only probes pass", ""),
        ("quiet is passing", "quiet", "only probes pass", "`quiet`"),
        ("status is empty", "status", "only texts, lists and maps", "no_data"),
        ("status is matching('5..')", "status", "only texts match", ""),
        ("release + 'x' == 'y'", "release + 'x'", "cannot be added", "${{ }}"),
        ("answer + answer == now", "answer + answer", "a time cannot be added to a time", "later - earlier"),
        ("now - 5 < answer", "now - 5", "a number cannot be taken from a time", "`5s`"),
        ("latency * latency > 5s", "latency * latency", "multiplied", ""),
        ("replicas / 0 > 1", "0", "divided by zero", ""),
        ("-release == 'x'", "release", "has no negative", ""),
        ("baseline(release)", "release", "name of a probe", ""),
        ("baseline(ready)", "ready", "group of probes", "ready[item]"),
        ("avg(p95, 0)", "0", "no window", "5m"),
        ("avg(p95, 2.5)", "2.5", "no window", ""),
        ("avg(p95, objectives.rto)", "objectives.rto", "no window", ""),
        ("avg(p95)", "avg(p95)", "not called so", "avg(probe, 5m)"),
        ("quantile(95, p95, 5m)", "95", "from 0 to 1", "0.95"),
        ("count(release)", "release", "wanted is a list", ""),
        ("min(p95)", "min(p95)", "wants two values", ""),
        ("min(replicas, latency)", "latency", "values of one type", ""),
        ("version('one') > tested", "'one'", "no version", "1.2.3"),
        ("tested > 'one'", "'one'", "no version", ""),
        ("[1, 'a'] == [1]", "'a'", "values of one type", ""),
        ("5 in status", "status", "wants a list", "[a, b]"),
        ("status in body", "status", "only a text is in a text", ""),
    ];
    for (source, at, message, hint) in cases {
        let fault = fault(source);
        assert_eq!(&source[fault.span.clone()], at, "{source}: {fault}");
        assert!(fault.message.contains(message), "{source}: {fault}");
        assert!(fault.hint.as_deref().unwrap_or_default().contains(hint), "{source}: {fault}");
    }
}

#[test]
fn all_faults_are_found_at_once_in_order() {
    let faults = Expr::parse("nope == 1 and latency < 5 and platform == 'x' or -release == 'y'")
        .unwrap()
        .check(&names())
        .unwrap_err();
    let places: Vec<usize> = faults.iter().map(|fault| fault.span.start).collect();
    assert_eq!(places.len(), 4, "{faults:?}");
    assert!(places.is_sorted());
}

#[test]
fn a_subtraction_of_known_names_is_one() {
    assert_eq!(Expr::parse("replicas-status").unwrap().check(&names()), Ok(Type::Number));
    assert_eq!(Expr::parse("now-answer").unwrap().check(&names()), Ok(Type::Duration));
}

#[test]
fn a_condition_is_a_truth() {
    for source in ["quiet", "components.kms", "json.ok", "status == 1", "true", "ready is failing"] {
        assert_eq!(Expr::parse(source).unwrap().check_condition(&names()), Ok(()), "{source}");
    }
    let cases = [
        ("ready", "`ready` is a group of probes, not true or false", "ready is passing"),
        ("database and quiet", "`database` is a probe", "database is passing"),
        ("not components", "`components` is a list of choices", "components.kms"),
        ("release", "`release` is a text", "release == '…'"),
        ("db_url", "`db_url` is a secret", "db_url is defined"),
        ("hosts or quiet", "`hosts` is a list", "hosts is not empty"),
        ("5", "`5` is a number", "compares"),
        ("status - 200", "`status - 200` is a number", "compares"),
    ];
    for (source, message, hint) in cases {
        let faults = Expr::parse(source).unwrap().check_condition(&names()).unwrap_err();
        assert_eq!(faults.len(), 1, "{source}");
        assert!(faults[0].message.contains(message), "{source}: {}", faults[0]);
        assert!(faults[0].hint.as_deref().unwrap_or_default().contains(hint), "{source}: {}", faults[0]);
    }
}

#[test]
fn nearer_names_win() {
    let near = BTreeMap::from([("p95".to_owned(), Type::Text)]);
    let over = NamesOver { near: &near, far: &names() };
    assert_eq!(Expr::parse("p95").unwrap().check(&over), Ok(Type::Text));
    assert_eq!(Expr::parse("status").unwrap().check(&over), Ok(Type::Number));
}
