//! Texts with expressions.

use super::*;

fn fill(source: &str) -> Result<String, NotFilled> {
    Template::parse(source).unwrap().fill(&world())
}

#[test]
fn what_has_no_value_is_shown_by_its_name() {
    let scope: std::collections::BTreeMap<String, Value> = [("a".to_owned(), Value::Text("x".into()))].into();
    let text = Template::parse("roll out ${{ a }} to ${{ item.name }}").unwrap();
    assert_eq!(text.shown(&scope), "roll out x to <item.name>");
}

#[test]
fn values_are_filled_in_exactly() {
    let cases = [
        ("", ""),
        ("plain", "plain"),
        ("${{ platform }}", "kubernetes"),
        ("-n ${{namespace}}.", "-n ."),
        ("deployment/${{ item.deployment }} to ${{ pins.revision[item] }}", "deployment/kms-deployment to 12"),
        ("${{ item }}: ${{ item.says }}", "kms: ok"),
        ("${{ objectives.rto }} ${{ latency }} ${{ largest }} ${{ coverage }}", "5m 142ms 3MiB 95.2%"),
        ("${{ hosts }}", "a,b"),
        ("${{ now }}", "2026-11-24T09:00:00Z"),
        ("${{ json.deep }} ${{ json.n }}", "{\"ok\":true} 142"),
        ("${{ p95 }}", "160ms"),
        ("${{ status == 200 }}", "false"),
        ("${{ '}}' }} and ${{ \"'\" }}", "}} and '"),
        ("${{ '$' }}{{ x }}", "${{ x }}"),
        ("{{.Names}} $x ${x} {{ x }}", "{{.Names}} $x ${x} {{ x }}"),
        ("${{ db_url }}", "postgres://u:s3cret@h/db"),
        ("a\nb ${{ quiet }}\n", "a\nb false\n"),
        ("$${{ item }}", "$kms"),
    ];
    for (source, expected) in cases {
        assert_eq!(fill(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn no_data_is_not_filled_in() {
    let source = "go to ${{ nothing.here }} now";
    let error = fill(source).unwrap_err();
    assert_eq!(error.expression, "nothing.here");
    assert_eq!(&source[error.span.clone()], "nothing.here");
    assert!(error.to_string().contains("`nothing.here` has no value"));
}

#[test]
fn faults_stand_in_the_whole_text() {
    let cases = [
        ("a ${{ b", "${{ b", "without its `}}`"),
        ("a ${{ b\nc", "${{ b", "without its `}}`"),
        ("x ${{ }} y", "${{ }}", "nothing stands between"),
        ("ü ${{ a = 1 }}", "=", "does not compare"),
        ("${{ a }} ${{ b && c }}", "&&", "no `&&`"),
        ("${{ 'open }} x", "'open", "does not end"),
        ("${{ ${{ a }} }}", "${{", "no braces"),
    ];
    for (source, at, message) in cases {
        let fault = Template::parse(source).expect_err(source);
        assert_eq!(&source[fault.span.clone()], at, "{source}: {fault}");
        assert!(fault.message.contains(message), "{source}: {fault}");
    }
}

#[test]
fn templates_are_checked() {
    let check = |source: &str| Template::parse(source).unwrap().check(&names());
    assert_eq!(
        check("${{ item }} ${{ db_url }} ${{ p95 }}").map(|types| types[1..].to_vec()),
        Ok(vec![Type::Secret, Type::Duration])
    );
    assert_eq!(check("plain"), Ok(vec![]));
    let source = "ü ${{ itm }} and ${{ latency < 5 }} and ${{ services }} ${{ ready }}";
    let faults = check(source).unwrap_err();
    let places: Vec<&str> = faults.iter().map(|fault| &source[fault.span.clone()]).collect();
    assert_eq!(places, ["itm", "5", "services", "ready"]);
    assert!(faults[2].hint.as_deref().unwrap_or_default().contains("services.authz"), "{}", faults[2]);
}

#[test]
fn plain_text_is_never_read() {
    for text in ["", "x", "${{ a }}", "a ${{ b", "$", "{{", "$${{{{"] {
        let template = Template::plain(text);
        assert_eq!(template.as_plain(), Some(text));
        let json = serde_json::to_string(&template).unwrap();
        let again: Template = serde_json::from_str(&json).unwrap();
        assert_eq!(again, template);
        assert_eq!(again.as_plain(), Some(text), "{json}");
    }
    assert_eq!(Template::default().as_plain(), Some(""));
    assert_eq!(Template::parse("a ${{ b }}").unwrap().as_plain(), None);
    let error = serde_json::from_str::<Template>("\"${{ a = }}\"").unwrap_err().to_string();
    assert!(error.contains("does not compare"), "{error}");
}

#[test]
fn expressions_know_where_they_stand() {
    let source = "ü ${{  item.says }} ${{x}}";
    let template = Template::parse(source).unwrap();
    let found: Vec<(usize, &str)> = template.expressions().map(|(at, expr)| (at, expr.source())).collect();
    assert_eq!(found, [(8, "item.says"), (24, "x")]);
    for used in template.used() {
        assert_eq!(source[used.span.clone()], used.path.join("."));
    }
}

#[test]
fn pieces_make_the_same_template_again() {
    let template = Template::parse("a ${{b}}${{ c.d }} ${{ '$' }}{{ e").unwrap();
    let again = Template::from_pieces(template.pieces().to_vec());
    assert_eq!(again.source(), "a ${{ b }}${{ c.d }} ${{ '$' }}{{ e");
    for (at, expr) in again.expressions() {
        assert_eq!(&again.source()[at..at + expr.source().len()], expr.source());
    }
    let split = Template::from_pieces([Piece::Plain("$".into()), Piece::Plain("{{ x }}".into())]);
    assert_eq!(split.as_plain(), Some("${{ x }}"));
}

#[test]
fn braces_of_other_tools_are_noticed() {
    let cases = [
        ("hello {{ item }}", Some("{{ item }}")),
        ("{{item.name}}", Some("{{item.name}}")),
        ("docker ps --format {{.Names}} {{ name }}", Some("{{ name }}")),
        ("${{ item }}", None),
        ("{{.Names}} {{ if x }} {{ json . }}", None),
        ("{{ open", None),
    ];
    for (text, at) in cases {
        assert_eq!(stray_braces(text).map(|fault| text[fault.span].to_owned()).as_deref(), at, "{text}");
    }
}
