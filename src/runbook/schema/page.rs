//! The documentation page of the format, from the table of keys.

use std::collections::HashSet;

use super::super::keys::{Kind, PARTS, Part, Rest};

/// All keys of all parts as Markdown: a heading a part, a table of its keys.
pub fn page() -> String {
    let mut page = Page { text: "# The keys of a runbook\n".into(), seen: HashSet::new(), next: PARTS.to_vec() };
    while let Some(part) = page.next.first().copied() {
        page.next.remove(0);
        page.part(part);
    }
    page.text
}

struct Page {
    text: String,
    seen: HashSet<&'static str>,
    next: Vec<&'static Part>,
}

impl Page {
    fn part(&mut self, part: &'static Part) {
        if !self.seen.insert(part.name) {
            return;
        }
        self.text.push_str(&format!("\n## {}\n\n{}", part.name, part.doc));
        if let Some(lone) = part.lone {
            self.text.push_str(&format!(" Written alone, a value is its `{lone}`."));
        }
        match part.one_of {
            [] => {}
            keys => {
                let all = keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
                let how = if part.one_needed { "One" } else { "At most one" };
                self.text.push_str(&format!(" {how} of {all}."));
            }
        }
        self.text.push_str("\n\n| key | takes | meaning |\n| --- | --- | --- |\n");
        for key in part.all() {
            let name = if key.needed { format!("**{}**", key.name) } else { key.name.to_owned() };
            let default = if key.default.is_empty() { String::new() } else { format!(" Default: {}.", key.default) };
            let beside = match key.with {
                [] => String::new(),
                with => format!(" Beside {}.", with.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or ")),
            };
            let takes = self.takes(&key.kind);
            let line = format!("| {name} | {takes} | {}{default}{beside} |\n", key.doc).replace("||", "\\|\\|");
            self.text.push_str(&line);
        }
        match &part.rest {
            Rest::None => {}
            Rest::Ignored => self.text.push_str("| x-… | anything | Ignored: a place for YAML anchors. |\n"),
            Rest::Names(kind) | Rest::Keys(kind) => {
                let takes = self.takes(kind);
                self.text.push_str(&format!("| any name | {takes} | A field of its own. |\n"));
            }
        }
    }

    fn takes(&mut self, kind: &'static Kind) -> String {
        match kind {
            Kind::Plain => "plain text".into(),
            Kind::Text | Kind::Value => "text".into(),
            Kind::Expr => "expression".into(),
            Kind::Exprs => "expression, or a list".into(),
            Kind::Name(space) => format!("name of a {}", space.word()),
            Kind::Names(space) => format!("name of a {}, or a list", space.word()),
            Kind::Probe => "name of a probe".into(),
            Kind::Probes => "names of probes".into(),
            Kind::Duration => "duration".into(),
            Kind::Date => "day".into(),
            Kind::Bool => "`true`, `false`".into(),
            Kind::Count(least) => format!("whole number from {least} on"),
            Kind::Words(words) => {
                words.iter().map(|(word, doc)| format!("`{word}` ({doc})")).collect::<Vec<_>>().join(", ")
            }
            Kind::Regex => "regular expression".into(),
            Kind::Texts => "text, or a list".into(),
            Kind::Plains => "plain text, or a list".into(),
            Kind::Command => "command: text, or a list of arguments".into(),
            Kind::Script => "script, or its path".into(),
            Kind::Map(kind) | Kind::NameMap(kind) => format!("map of {}", self.takes(kind)),
            Kind::Named(part) => format!("map of {}", self.link(part)),
            Kind::List(part) => format!("list of {}", self.link(part)),
            Kind::Part(part) => self.link(part),
            Kind::Either(kinds) => kinds.iter().map(|kind| self.takes(kind)).collect::<Vec<_>>().join(", or "),
        }
    }

    fn link(&mut self, part: &'static Part) -> String {
        self.next.push(part);
        format!("[{}](#{})", part.name, part.name.replace(' ', "-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_part_that_it_links_to_once() {
        let page = page();
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let unique: HashSet<&&str> = headings.iter().collect();
        assert_eq!(headings.len(), unique.len());
        for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(headings.iter().any(|h| h.replace(' ', "-") == link), "{link}");
        }
        assert!(page.contains("| **title** | text | What the step is. |"), "{page}");
    }
}
