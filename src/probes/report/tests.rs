use super::*;

fn fields(says: Result<Says, String>) -> String {
    seen(says.unwrap()).text
}

#[test]
fn sarif_counts_what_is_open_by_its_rules_severity() {
    let text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[
        {"id":"A","properties":{"security-severity":"9.8"}},
        {"id":"B","properties":{"security-severity":"7.0"}},
        {"id":"C","defaultConfiguration":{"level":"note"}}]}},
        "results":[
        {"ruleId":"A","level":"warning"},
        {"ruleId":"B","ruleIndex":1},
        {"ruleId":"B","suppressions":[{"kind":"inSource"}]},
        {"ruleId":"A","suppressions":[{"kind":"external","status":"rejected"}]},
        {"ruleId":"A","baselineState":"absent"},
        {"ruleId":"C"},
        {"ruleId":"D","level":"error"},
        {"ruleId":"D"},
        {"ruleId":"D","kind":"pass"}]}]}"#;
    assert_eq!(fields(sarif::read(text)), "2 critical, 2 high, 1 medium, 1 low");
}

#[test]
fn an_empty_or_broken_report_is_no_pass() {
    assert!(sarif::read(r#"{"runs":[]}"#).is_err());
    assert!(sarif::read(r#"{"runs":[{"tool":{"driver":{}}}]}"#).is_err());
    assert!(
        sarif::read(r#"{"runs":[{"tool":{},"results":[],"invocations":[{"executionSuccessful":false}]}]}"#).is_err()
    );
    assert_eq!(fields(sarif::read(r#"{"runs":[{"tool":{"driver":{}},"results":[]}]}"#)), "no findings");
    assert!(findings::gosec(r#"{"Issues":[],"Stats":{"files":0}}"#).is_err());
    assert!(findings::gosec(r#"{"Issues":[],"Stats":{"files":3},"Golang errors":{"a.go":[]}}"#).is_err());
    assert!(findings::zap(r#"{"site":[]}"#).is_err());
    assert!(govulncheck::read("").is_err());
    assert!(go_test::read("").is_err());
    assert!(coverage::read("mode: set\n").is_err());
    assert!(coverage::read("").is_err());
    for read in [sarif::read, findings::gosec, findings::zap, govulncheck::read, coverage::read] {
        assert!(read("{\"runs\": [").is_err());
    }
}

#[test]
fn gosec_and_zap() {
    let text = r#"{"Issues":[{"severity":"HIGH"},{"severity":"MEDIUM"},{"severity":"LOW"},{"severity":"HIGH","nosec":true}],"Stats":{"files":3}}"#;
    assert_eq!(fields(findings::gosec(text)), "1 high, 1 medium, 1 low");
    let text = r#"{"site":[{"alerts":[{"riskcode":"3"},{"riskcode":"2"},{"riskcode":"2"},{"riskcode":"0"}]}]}"#;
    assert_eq!(fields(findings::zap(text)), "1 high, 2 medium");
}

#[test]
fn govulncheck_counts_each_vulnerability_once_where_it_is_nearest() {
    let text = r#"{"config":{"scanner_name":"govulncheck"}}
        {"progress":{"message":"Scanning"}}
        {"finding":{"osv":"GO-1","trace":[{"module":"m"}]}}
        {"finding":{"osv":"GO-1","trace":[{"module":"m","package":"p"}]}}
        {"finding":{"osv":"GO-1","trace":[{"module":"m","package":"p","function":"f"}]}}
        {"finding":{"osv":"GO-2","trace":[{"module":"m","package":"p"}]}}
        {"finding":{"osv":"GO-3","trace":[{"module":"m"}]}}"#;
    assert_eq!(fields(govulncheck::read(text)), "1 high, 1 medium, 1 low");
}

#[test]
fn go_tests_that_do_not_end_or_do_not_build_failed() {
    let text = r#"{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"T1"}
{"Action":"pass","Package":"a","Test":"T1"}
{"Action":"run","Package":"a","Test":"T2"}
{"Action":"skip","Package":"a","Test":"T2"}
{"Action":"output","Package":"a","Output":"coverage: 73.5% of statements\n"}
{"Action":"pass","Package":"a"}
# b
b/x.go:1: undefined
{"Action":"fail","Package":"b"}
{"Action":"run","Package":"c","Test":"T"}"#;
    let says = go_test::read(text).unwrap();
    assert_eq!(says, Says::Tests(Tests { passed: 1, failed: 2, skipped: 1, coverage: Some(0.735) }));
    let none = seen(
        go_test::read("{\"Action\":\"start\",\"Package\":\"a\"}\n{\"Action\":\"pass\",\"Package\":\"a\"}").unwrap(),
    );
    assert_eq!((none.text.as_str(), &none.fields["tests"]), ("no test ran", &Value::Number(0.0)));
    assert!(go_test::read("{\"Action\":\"run\",\"Pack").is_err());
}

#[test]
fn coverage_counts_a_block_once() {
    let profile = "mode: set\na.go:1.1,2.2 3 1\na.go:3.1,4.2 1 0\nmode: set\na.go:3.1,4.2 1 0\na.go:1.1,2.2 3 0\n";
    assert_eq!(fields(coverage::read(profile)), "75 % covered");
    assert_eq!(fields(coverage::read("a.go:1:\tf\t100.0%\ntotal:\t\t(statements)\t95.1%\n")), "95.1 % covered");
}

#[test]
fn files_are_added_and_must_be_new_enough() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let glob = dir.path().join("*.json");
    let none = read(&glob, "*.json", ReportFormat::Zap, None, dir.path()).unwrap_err();
    assert_eq!(none.why, "no report at *.json");
    put("a.json", r#"{"site":{"alerts":[{"riskcode":"3"}]}}"#);
    put("b.json", r#"{"site":[{"alerts":[{"riskcode":"3"},{"riskcode":"1"}]}]}"#);
    let seen = read(&glob, "*.json", ReportFormat::Zap, Some("2020-01-01T00:00:00Z"), dir.path()).unwrap();
    assert!(seen.text.starts_with("2 high, 1 low, "), "{}", seen.text);
    let old = read(&glob, "*.json", ReportFormat::Zap, Some("2999-01-01T00:00:00Z"), dir.path()).unwrap_err();
    assert!(old.why.contains("older than 2999"), "{}", old.why);
    put("c.json", "{");
    assert!(read(&glob, "*.json", ReportFormat::Zap, None, dir.path()).unwrap_err().why.starts_with("c.json: "));
}
