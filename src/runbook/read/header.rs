//! The runbook's head, and what files bring.

use chrono::NaiveDate;
use indexmap::IndexMap;

use crate::expr::Template;
use crate::runbook::keys::{Part, RUNBOOK};
use crate::runbook::kinds::{Channel, Every, Field, FieldType, GrafanaNotes, OtlpReceiver, Settings, Telemetry};
use crate::runbook::model::{
    Change, ChannelEntry, Contact, Effect, Limitation, Link, Objectives, Parameter, ParameterFrom, ProbeDefaults,
    Runbook, Target, TargetGroup, Want, Where, WhereKind,
};
use crate::runbook::tree::Node;
use crate::runbook::{At, Fault};
use crate::words::Name;

use super::reader::{Cx, Reader};

/// The files that a file includes, each with its place.
pub fn include_names(root: &Node) -> Vec<(String, At)> {
    let node = root.get("include").filter(|n| !n.is_null());
    let nodes = node.map(super::reader::list).unwrap_or_default();
    nodes.iter().filter_map(|n| n.text().map(|text| (text.to_owned(), n.at))).collect()
}

/// Reads a file's tree into a runbook: everything of the runbook itself, what is brought by an included file.
pub fn read_into(reader: &mut Reader<'_>, part: &'static Part, root: &Node, runbook: &mut Runbook) {
    let mut cx = reader.part(part, root);
    cx.brought(runbook);
    if std::ptr::eq(part, &raw const RUNBOOK) {
        cx.head(runbook);
        cx.flight(runbook);
        let uses = cx.uses();
        runbook.uses.extend(uses);
    }
}

impl Cx<'_, '_, '_> {
    fn brought(&mut self, runbook: &mut Runbook) {
        let parameters = self.named("parameters", |cx, at| Some(cx.parameter(at)));
        self.join(&mut runbook.parameters, parameters, "parameter", |p| p.at);
        let targets = self.named("targets", |cx, at| cx.target_group(at));
        self.join(&mut runbook.targets, targets, "target group", TargetGroup::at);
        let contacts = self.named("contacts", |cx, at| Some(cx.contact(at)));
        self.join(&mut runbook.contacts, contacts, "contact", |c| c.at);
        let channels = self.named("channels", |cx, at| cx.channel(at));
        self.join(&mut runbook.channels, channels, "channel", |c| c.at);
        let probes = self.named("probes", |cx, at| cx.probe_entry(at));
        self.join(&mut runbook.probes, probes, "probe", |p| p.at);
        let blocks = self.named("blocks", |cx, at| Some(cx.block(at)));
        self.join(&mut runbook.blocks, blocks, "block", |b| b.at);
    }

    /// Adds what a file brings; a name that is there already is a fault.
    fn join<T>(&mut self, all: &mut IndexMap<Name, T>, more: IndexMap<Name, T>, word: &str, at: impl Fn(&T) -> At) {
        for (name, value) in more {
            if let Some(first) = all.get(&name).map(&at) {
                let place = self.reader.sources.file(first).map(|f| f.path.clone()).unwrap_or_default();
                let message = format!("a {word} `{name}` stands already in {place}:{}", first.line);
                self.reader.faults.push(Fault::error(at(&value), message).width(name.0.len()));
            } else {
                all.insert(name, value);
            }
        }
    }

    fn head(&mut self, runbook: &mut Runbook) {
        runbook.title = self.plain("title").unwrap_or_default();
        runbook.about = self.plain("about");
        runbook.system = self.plain("system");
        runbook.version = self.plain("version");
        runbook.change =
            self.within("change", |cx| Change { from: cx.text("from", Want::Shown), to: cx.text("to", Want::Shown) });
        runbook.reviewed = self.plain("reviewed").and_then(|text| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok());
        runbook.reviewed_at = self.key_at("reviewed");
        runbook.review_every = self.seconds("review_every");
        let at = self.key_at("objectives");
        runbook.objectives = self
            .within("objectives", |cx| Objectives {
                rto: cx.seconds("rto"),
                rpo: cx.seconds("rpo"),
                source: cx.source(),
                at,
            })
            .unwrap_or_default();
        runbook.root = self.plain("root").unwrap_or_else(|| ".".into());
        runbook.source = self.source();
        let (defaults, probe) = self
            .within("defaults", |cx| {
                let probe = cx.within("probe", |cx| ProbeDefaults {
                    every: match cx.plain("every") {
                        Some(word) if word == "on_demand" => Some(Every::OnDemand),
                        _ => cx.seconds("every").map(Every::Seconds),
                    },
                    timeout: cx.seconds("timeout"),
                });
                (cx.inherited(), probe.unwrap_or_default())
            })
            .unwrap_or_default();
        (runbook.defaults, runbook.probe_defaults) = (defaults, probe);
        runbook.guards = self.guards();
        runbook.telemetry = self
            .within("telemetry", |cx| Telemetry {
                otlp: cx
                    .within("otlp", |cx| {
                        let url = cx.text("url", Want::Hidden)?;
                        Some(OtlpReceiver { url, headers: cx.text_map("headers", Want::Hidden) })
                    })
                    .flatten(),
                grafana: cx
                    .within("grafana", |cx| {
                        Some(GrafanaNotes {
                            url: cx.text("url", Want::Hidden)?,
                            token: cx.text("token", Want::Hidden),
                            basic_auth: cx.text("basic_auth", Want::Hidden),
                            dashboard: cx.text("dashboard", Want::Hidden),
                            steps: cx.names("steps").into_iter().map(|name| name.0).collect(),
                        })
                    })
                    .flatten(),
            })
            .unwrap_or_default();
        runbook.links = self.each("links", |cx| {
            Some(Link {
                at: cx.node.at,
                title: cx.text("title", Want::Shown).unwrap_or_default(),
                url: cx.text("url", Want::Shown),
                file: cx.text("file", Want::Shown),
                missing_ok: cx.plain("missing").is_some(),
                source: cx.source(),
                uses: cx.uses(),
            })
        });
        runbook.limitations = self.named("limitations", |cx, at| {
            Some(Limitation {
                at,
                when: cx.expr("when", Want::Truth),
                text: cx.text("text", Want::Shown).unwrap_or_default(),
                workaround: cx.text("workaround", Want::Shown),
                effect: cx.word("effect", &[("warns", Effect::Warns), ("blocks", Effect::Blocks)]).unwrap_or_default(),
                source: cx.source(),
                uses: cx.uses(),
            })
        });
    }

    fn guards(&mut self) -> Vec<Where> {
        let mut found: Vec<Where> = vec![];
        self.within("where", |cx| {
            for (key, kind) in WhereKind::ALL {
                let at = cx.key_at(key);
                let outer = cx.uses();
                let guard = cx.within(key, |cx| {
                    let is = cx.text("is", Want::Shown)?;
                    let (when, source) = (cx.expr("when", Want::Truth), cx.source());
                    Some((is, when, source))
                });
                let uses = std::mem::replace(&mut cx.uses, outer);
                if let Some(Some((is, when, source))) = guard {
                    found.push(Where { kind, is, when, source, at, uses });
                }
            }
        });
        found.sort_by_key(|guard| guard.at);
        found
    }

    /// A parameter.
    pub fn parameter(&mut self, at: At) -> Parameter {
        let field = self.field();
        let from = self
            .within("from", |cx| {
                cx.command("run")
                    .map(ParameterFrom::Run)
                    .or_else(|| cx.text("file", Want::Shown).map(ParameterFrom::File))
                    .or_else(|| cx.plain("env").map(ParameterFrom::Env))
            })
            .flatten();
        let when = self.expr("when", Want::Truth);
        Parameter { at, field, from, when, uses: self.uses() }
    }

    /// A field of a form.
    pub fn field(&mut self) -> Field {
        let choices = |cx: &Self, key| Some(cx.plains(key)).filter(|c| !c.is_empty());
        let kind = if let Some(all) = choices(self, "one_of") {
            FieldType::OneOf(all)
        } else if let Some(all) = choices(self, "some_of") {
            FieldType::SomeOf(all)
        } else {
            self.word(
                "type",
                &[
                    ("text", FieldType::Text),
                    ("number", FieldType::Number),
                    ("bool", FieldType::Bool),
                    ("duration", FieldType::Duration),
                    ("size", FieldType::Size),
                    ("percent", FieldType::Percent),
                    ("time", FieldType::Time),
                    ("url", FieldType::Url),
                    ("file", FieldType::File),
                    ("folder", FieldType::Folder),
                    ("git_ref", FieldType::GitRef),
                    ("list", FieldType::List),
                    ("secret", FieldType::Secret),
                ],
            )
            .unwrap_or_default()
        };
        let default = match self.get("default") {
            Some(node) if node.items().is_some() => Some(Template::plain(self.plains("default").join(","))),
            Some(_) => self.text("default", Want::Shown),
            None => None,
        };
        Field {
            kind,
            ask: self.text("ask", Want::Shown),
            default,
            pattern: self.plain("pattern"),
            min: self.name("min").map(|text| text.0),
            max: self.name("max").map(|text| text.0),
            optional: self.flag("optional"),
            source: self.source(),
        }
    }

    fn target_group(&mut self, at: At) -> Option<TargetGroup> {
        let each = self.get("each").filter(|node| node.text().is_some());
        if let Some(parameter) = each.and_then(|node| self.refers("each", node)).map(Name) {
            let mut target = Target { at, ..Target::default() };
            for entry in self.node.entries().unwrap_or_default() {
                match entry.key.text() {
                    Some("each") | None => {}
                    Some(name) => self.target_field(&mut target, name, &entry.value),
                }
            }
            target.uses = self.uses();
            return Some(TargetGroup::Each { at, parameter, target });
        }
        let mut targets = IndexMap::new();
        for entry in self.node.entries()? {
            let Some(key) = entry.key.text() else { continue };
            let Some(fields) = entry.value.entries() else {
                let message = format!("the target `{key}` is a map of its fields");
                self.reader
                    .faults
                    .push(Fault::error(entry.value.at, message).hint(format!("write `{key}: {{ field: text }}`")));
                continue;
            };
            let mut target = Target { at: entry.key.at, ..Target::default() };
            for field in fields {
                if let Some(name) = field.key.text() {
                    self.target_field(&mut target, name, &field.value);
                }
            }
            target.uses = self.uses();
            targets.insert(key.to_owned(), target);
        }
        Some(TargetGroup::Fixed { at, targets })
    }

    fn target_field(&mut self, target: &mut Target, name: &str, node: &Node) {
        match name {
            "when" => target.when = self.expr_at("when", node, Want::Truth),
            "source" => {
                target.source =
                    super::reader::list(node).iter().filter_map(|n| self.text_at("source", n, Want::Shown)).collect();
            }
            _ => {
                if let Some(text) = self.text_at("targets", node, Want::Hidden) {
                    target.fields.insert(Name::from(name), text);
                }
            }
        }
    }

    fn contact(&mut self, at: At) -> Contact {
        Contact {
            at,
            role: self.text("role", Want::Shown),
            via: self.text("via", Want::Shown),
            url: self.text("url", Want::Shown),
            people: self.plains("people"),
            source: self.source(),
            uses: self.uses(),
        }
    }

    fn channel(&mut self, at: At) -> Option<ChannelEntry> {
        let channel = if let Some(url) = self.text("slack", Want::Hidden) {
            Channel::Slack { url }
        } else if let Some(url) = self.text("webhook", Want::Hidden) {
            Channel::Webhook { url }
        } else if let Some(to) = self.text("email", Want::Hidden) {
            if self.get("server").is_none() {
                let fault = Fault::error(self.key_at("email"), "mail needs a `server`")
                    .hint("write `server: smtp.example.com:587`");
                self.reader.faults.push(fault);
            }
            Channel::Email { to, settings: self.settings(Channel::EMAIL) }
        } else if let Some(key) = self.text("pagerduty", Want::Hidden) {
            Channel::Pagerduty { key, settings: self.settings(Channel::PAGERDUTY) }
        } else if let Some(url) = self.text("jira", Want::Hidden) {
            let new = self.get("project").is_some();
            if !new && url.as_plain().is_some_and(|url| !url.contains("/browse/")) {
                let fault = Fault::error(self.key_at("jira"), "a new issue needs a `project`")
                    .hint("write `project: OPS`, or an issue's address (`https://jira.example.com/browse/OPS-1`) for a comment");
                self.reader.faults.push(fault);
            }
            Channel::Jira { url, settings: self.settings(Channel::JIRA) }
        } else {
            Channel::File { path: self.text("file", Want::Hidden)? }
        };
        Some(ChannelEntry { at, channel, source: self.source(), uses: self.uses() })
    }
    /// The texts that stand beside a channel's address.
    fn settings(&mut self, keys: &[&'static str]) -> Settings {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), self.text(key, Want::Hidden)?))).collect()
    }
}
