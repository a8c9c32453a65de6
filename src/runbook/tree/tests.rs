use super::*;
use crate::runbook::{Fault, Problem, SourceFile, Sources};

fn read(text: &str) -> (Parsed, Vec<Fault>) {
    let mut faults = vec![];
    let source = SourceFile::new("t.yaml", "t.yaml", text.as_bytes().to_vec());
    let parsed = parse(0, &source, &mut faults);
    (parsed, faults)
}

/// The tree in one line: `{a: 'b', c: [d]}` with quotes where the file has some.
fn short(node: &Node) -> String {
    match &node.yaml {
        Yaml::Scalar { text, style: Style::Plain } => text.clone(),
        Yaml::Scalar { text, .. } => format!("'{text}'"),
        Yaml::Seq { items } => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        Yaml::Map { entries, .. } => {
            let entries = entries.iter().map(|e| format!("{}: {}", short(&e.key), short(&e.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn tree(text: &str) -> String {
    let (parsed, faults) = read(text);
    assert_eq!(faults, [], "{text}");
    short(&parsed.root.unwrap())
}

/// `line:column message` of each fault.
fn told(text: &str) -> Vec<String> {
    let sources = Sources { files: vec![SourceFile::new("t.yaml", "t.yaml", text.as_bytes().to_vec())] };
    Problem::all(read(text).1, &sources).iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect()
}

#[test]
fn nodes_know_where_they_stand_and_how_they_were_written() {
    let (parsed, _) = read("a: b\nlist:\n  - 'é''s'\n  - |\n    x\n     y\n");
    let root = parsed.root.unwrap();
    assert_eq!(short(&root), "{a: b, list: ['é's', 'x\n y\n']}");
    let items = root.get("list").and_then(Node::items).unwrap();
    assert_eq!((items[0].at.line, items[0].at.column, items[0].style()), (3, 5, Some(Style::Single)));
    assert_eq!((items[1].at.line, items[1].at.column, items[1].style()), (5, 5, Some(Style::Literal)));
    assert_eq!(root.key("list").map(|k| (k.at.line, k.at.column, k.at.offset)), Some((2, 1, 5)));
}

#[test]
fn nothing_is_nothing_and_a_tilde_in_quotes_is_a_text() {
    let (parsed, _) = read("a:\nb: ~\nc: null\nd: '~'\ne: #comment\n");
    let root = parsed.root.unwrap();
    for (key, null) in [("a", true), ("b", true), ("c", true), ("d", false), ("e", true)] {
        assert_eq!(root.get(key).unwrap().is_null(), null, "{key}");
    }
}

#[test]
fn anchors_and_merges_are_resolved_and_what_stands_in_the_map_wins() {
    assert_eq!(
        tree("x: &x { a: 1, b: 2 }\ny: { <<: *x, b: 3 }\nz: *x\n"),
        "{x: {a: 1, b: 2}, y: {b: 3, a: 1}, z: {a: 1, b: 2}}"
    );
    assert_eq!(
        tree("p: &p { a: 1 }\nq: &q { a: 2, b: 2 }\nr: { <<: [*p, *q] }\n"),
        "{p: {a: 1}, q: {a: 2, b: 2}, r: {a: 1, b: 2}}"
    );
    assert_eq!(told("a: &a [1, *a]\n"), ["1:11 this alias stands inside the value that it names"]);
    assert_eq!(told("a: { <<: text }\n"), ["1:10 `<<` takes a map, or a list of maps"]);
}

#[test]
fn a_key_that_stands_twice_is_told_and_the_first_counts() {
    let (parsed, faults) = read("a: 1\nb: 2\na: 3\n");
    assert_eq!(short(&parsed.root.unwrap()), "{a: 1, b: 2}");
    assert_eq!((faults.len(), faults[0].at.line, faults[0].at.column), (1, 3, 1));
}

#[test]
fn traps_are_named_and_reading_goes_on_behind_them() {
    for (text, want) in [
        ("a: { t: ${{ x }} }\n", "1:9 `${{ }}` inside `{ }` or `[ ]` without quotes"),
        ("a: [${{ x }}, b]\n", "1:5 `${{ }}` inside `{ }` or `[ ]` without quotes"),
        ("a: > 5\n", "1:4 `>` begins a block of text, which starts on the next line"),
        ("a: @x\n", "1:4 a value cannot begin with `@` without quotes"),
        ("a: %x\n", "1:4 a value cannot begin with `%` without quotes"),
        ("a: `x`\n", "1:4 a value cannot begin with ``` without quotes"),
        ("a: *x\n", "1:4 `*x` refers to an anchor that does not stand before it"),
        ("a: &x y\n", "1:4 `&x` is cut off the text: `&` begins an anchor, and nobody uses it"),
        ("a: !x y\n", "1:4 `!` begins a YAML tag, which means nothing here"),
        ("a: \"x\" or \"y\"\n", "1:4 a value that begins with a quoted word goes on behind the quotes (`\"x\"`)"),
        ("a: b: c\n", "1:5 `: ` inside a text"),
        ("- t: Deploy: now\n", "1:12 `: ` inside a text"),
        ("a: \"x\\d\"\n", "1:6 `\\d` is no escape that YAML knows in double quotes"),
    ] {
        let text = format!("{text}{}", if text.starts_with('-') { "- last\n" } else { "last: 1\n" });
        assert_eq!(told(&text), [want], "{text}");
        let (parsed, _) = read(&text);
        assert!(!parsed.broken, "{text}");
        assert!(short(&parsed.root.unwrap()).contains("last"), "{text}");
    }
}

#[test]
fn what_cannot_be_stepped_over_keeps_what_stands_before_it() {
    for (text, want) in [
        ("a: 1\nb:\n\tc: 1\n", "3:1 a tab: YAML is indented with spaces"),
        ("a: 1\nb: 'x\nc: 1\n", "2:4 these quotes are not closed"),
        (
            "a: 1\nb:\n  c: 1\n d: 1\n",
            "4:2 this line is indented neither like its neighbours nor like what it belongs to",
        ),
        ("a: 1\nb: - c\n", "2:4 a list's `-` does not belong here"),
        ("a: 1\n---\nb: 1\n", "2:1 a second document begins here"),
    ] {
        assert_eq!(told(text), [want], "{text}");
        let (parsed, _) = read(text);
        assert!(parsed.broken && short(&parsed.root.unwrap()).starts_with("{a: 1"), "{text}");
    }
    assert_eq!(told("a: [1, 2\nb: 3\n").len(), 1);
    let deep = format!("a: {}{}\n", "[".repeat(200), "]".repeat(200));
    assert!(told(&deep)[0].ends_with("nested too deeply"), "{:?}", told(&deep));
}

#[test]
fn several_syntax_errors_are_all_told() {
    assert_eq!(told("a: @x\nb: \"\\d\"\nc: > 5\nd: e: f\n").len(), 4);
}

#[test]
fn a_file_that_is_no_text_is_told_where() {
    let mut faults = vec![];
    let source = SourceFile::new("t.yaml", "t.yaml", b"a: 1\nb: \xff\n".to_vec());
    assert!(parse(0, &source, &mut faults).root.is_none());
    assert_eq!((faults[0].at.line, faults[0].at.column, faults[0].message.as_str()), (2, 4, "this byte is not UTF-8"));
}
