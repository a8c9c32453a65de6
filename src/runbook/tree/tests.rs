use super::*;
use crate::runbook::{Fault, SourceFile};

fn read(text: &str) -> (Parsed, Vec<Fault>) {
    let mut faults = vec![];
    let source = SourceFile::new("t.yaml", "t.yaml", text.as_bytes().to_vec());
    let parsed = parse(0, &source, &mut faults);
    (parsed, faults)
}

#[test]
fn zz_explore() {
    for text in [
        "a: ${{ x }}\nb: { t: ${{ x }}, u: 1 }\nc: [${{ x }}]\n",
        "a: {{ x }}\n",
        "a: > 5\nb: 1\n",
        "a: @x\nb: 1\n",
        "a: %x\nb: 1\n",
        "a: `x`\nb: 1\n",
        "a: *x\nb: 1\n",
        "a: &x y\nb: !foo 1\n",
        "a: \"x\" or \"y\"\nb: 1\n",
        "a: 'x' is y\nb: 1\n",
        "a: b: c\nd: 1\n",
        "steps:\n  - title: Deploy: now\n    run: x\n  - b\n",
        "a:\n\tb: 1\n",
        "a:\n  - b\n\t- c\n",
        "a: \"\\d+\"\nb: 1\n",
        "a: { title: Stop, then start, run: x }\n",
        "a: [1, 2\nb: 3\n",
        "a: 'x\nb: 3\n",
        "a: 1\n  b: 2\n",
        "a: |\n  x\n   y\nb: >-\n  k\n  l\n",
        "a: b #c\nd: #e\n",
        "- a: 1\n  a: 2\n",
        "x: &x {a: 1}\ny: {<<: *x, b: 2}\n",
        "a: - b\n",
        "a: 1\n---\nb: 1\n",
        "- a\nb: 1\n",
        "a: |x\n  y\n",
        "? a\n: b\n",
        "a: 'it''s'\n",
        "a:\n  b: 1\n c: 2\n",
    ] {
        let (p, f) = read(text);
        println!("=== {text}");
        let s = crate::runbook::Sources { files: vec![SourceFile::new("t.yaml", "t.yaml", text.as_bytes().to_vec())] };
        for p in crate::runbook::Problem::all(f, &s) { println!("{p}"); }
        println!("{:?} broken {}", p.root.map(|r| short(&r)), p.broken);
    }
}

fn short(n: &Node) -> String {
    match &n.yaml {
        Yaml::Scalar { text, style } => format!("{text:?}{style:?}@{}:{}-{}", n.at.line, n.at.column, n.end),
        Yaml::Seq { items } => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        Yaml::Map { entries, flow } => format!("{{{}{}@{}}}", entries.iter().map(|e| format!("{}={}", short(&e.key), short(&e.value))).collect::<Vec<_>>().join(", "), flow, n.at.column),
    }
}
