//! The plan's head: parameters, targets, places, contacts, channels, links, limitations, cautions.

use std::collections::BTreeMap;

use super::super::{
    Channel, ChannelKind, Contact, Effect, Limitation, Link, Objectives, Parameter, Target, Watch, Where, WhereKind,
};
use super::known::Given;
use super::{CompileError, Compiler};
use crate::expr::{Expr, Template};
use crate::runbook::kinds;
use crate::runbook::model;
use crate::words::Value;

static NONE: BTreeMap<String, Value> = BTreeMap::new();

impl Compiler<'_> {
    pub(super) fn header(&mut self, given: &Given) -> Result<(), CompileError> {
        let runbook = self.runbook;
        self.plan.title.clone_from(&runbook.title);
        self.plan.about.clone_from(&runbook.about);
        self.plan.system.clone_from(&runbook.system);
        self.plan.version.clone_from(&runbook.version);
        self.plan.reviewed = runbook.reviewed.map(|d| d.to_string());
        self.plan.review_every = runbook.review_every;
        self.plan.objectives = Objectives { rto: runbook.objectives.rto, rpo: runbook.objectives.rpo };
        for (name, parameter) in &runbook.parameters {
            self.plan.parameters.push(Parameter {
                name: name.clone(),
                value: given.values.get(name).cloned().unwrap_or_default(),
                // One that is off has no value, and nobody is asked for it.
                secret: given.secrets.get(name).cloned().or_else(|| {
                    let on = parameter.when.as_ref().is_none_or(|when| self.here(None, &NONE).holds(when));
                    (parameter.is_secret() && on).then(|| "not given".to_owned())
                }),
                ask: parameter.field.ask.as_ref().map(|ask| ask.source().to_owned()),
            });
            let sources = self.here(None, &NONE).sources(&parameter.field.source);
            self.carry(&sources, "parameter", name.as_str());
        }
        self.targets()?;
        self.places()?;
        let here = self.here(None, &NONE);
        let text = |t: &Option<Template>| t.as_ref().map(|t| here.text(t));
        let change =
            runbook.change.as_ref().map(|c| (text(&c.from).unwrap_or_default(), text(&c.to).unwrap_or_default()));
        let watch = runbook.watch.as_ref().map(|w| Watch {
            for_seconds: w.hold,
            expect: w.expect.clone(),
            source: here.sources(&w.source),
        });
        let own = here.sources(&runbook.source);
        let objectives = here.sources(&runbook.objectives.source);
        self.carry(&own, "runbook", &runbook.title);
        self.carry(&objectives, "objectives", "objectives");
        if let Some(watch) = &watch {
            self.carry(&watch.source.clone(), "watch", "watch");
        }
        self.plan.change = change;
        self.plan.telemetry = runbook.telemetry.clone();
        self.plan.watch = watch;
        self.people();
        self.limitations();
        self.cautions(given);
        Ok(())
    }

    fn on(&self, when: Option<&Expr>) -> bool {
        when.is_none_or(|when| self.here(None, &NONE).holds(when))
    }

    fn targets(&mut self) -> Result<(), CompileError> {
        for (name, group) in &self.runbook.targets {
            let mut members = vec![];
            match group {
                model::TargetGroup::Fixed { targets, .. } => {
                    for (key, target) in targets {
                        let sources = self.here(None, &NONE).sources(&target.source);
                        self.carry(&sources, "target", &format!("{name}.{key}"));
                        if self.on(target.when.as_ref()) {
                            members.push(self.target(name.as_str(), key, target, None)?);
                        }
                    }
                }
                model::TargetGroup::Each { parameter, target, .. } => {
                    let Some(Value::List(items)) = self.known.values.get(parameter.as_str()).cloned() else { continue };
                    for item in items {
                        let key = item.to_string();
                        let each = (name.0.clone(), key.clone());
                        members.push(self.target(name.as_str(), &key, target, Some(&each))?);
                    }
                }
            }
            self.known.targets.insert(name.0.clone(), members.clone());
            self.plan.targets.insert(name.0.clone(), members);
        }
        Ok(())
    }

    fn target(
        &self,
        group: &str,
        key: &str,
        target: &model::Target,
        each: Option<&(String, String)>,
    ) -> Result<Target, CompileError> {
        let here = self.here(each, &NONE);
        let mut fields = BTreeMap::new();
        for (field, template) in &target.fields {
            let text = template
                .fill(&here)
                .map_err(|missing| CompileError(format!("target {group}.{key}, field `{field}`: {missing}")))?;
            fields.insert(field.0.clone(), Value::Text(text));
        }
        Ok(Target { key: key.to_owned(), fields })
    }

    fn places(&mut self) -> Result<(), CompileError> {
        for guard in &self.runbook.guards {
            let sources = self.here(None, &NONE).sources(&guard.source);
            self.carry(&sources, "where", guard.kind.key());
            if !self.on(guard.when.as_ref()) {
                continue;
            }
            let is = guard
                .is
                .fill(&self.here(None, &NONE))
                .map_err(|missing| CompileError(format!("where, {}: {missing}", guard.kind.key())))?;
            let kind = match guard.kind {
                model::WhereKind::Environment => WhereKind::Environment,
                model::WhereKind::KubeContext => WhereKind::KubeContext,
                model::WhereKind::Namespace => WhereKind::Namespace,
                model::WhereKind::DockerHost => WhereKind::DockerHost,
                model::WhereKind::Git => WhereKind::Git,
                model::WhereKind::Database => WhereKind::Database,
            };
            self.plan.places.push(Where { kind, is });
        }
        Ok(())
    }

    fn people(&mut self) {
        let runbook = self.runbook;
        for (name, contact) in &runbook.contacts {
            let here = self.here(None, &NONE);
            let text = |t: &Option<Template>| t.as_ref().map(|t| here.text(t));
            let contact = Contact {
                name: name.0.clone(),
                role: text(&contact.role),
                via: text(&contact.via),
                url: text(&contact.url),
                people: contact.people.clone(),
                source: here.sources(&contact.source),
            };
            self.carry(&contact.source.clone(), "contact", name.as_str());
            self.plan.contacts.push(contact);
        }
        for (name, entry) in &runbook.channels {
            let none = kinds::Settings::new();
            let (kind, to, settings) = match &entry.channel {
                kinds::Channel::Slack { url } => (ChannelKind::Slack, url, &none),
                kinds::Channel::Webhook { url } => (ChannelKind::Webhook, url, &none),
                kinds::Channel::File { path } => (ChannelKind::File, path, &none),
                kinds::Channel::Email { to, settings } => (ChannelKind::Email, to, settings),
                kinds::Channel::Pagerduty { key, settings } => (ChannelKind::Pagerduty, key, settings),
                kinds::Channel::Jira { url, settings } => (ChannelKind::Jira, url, settings),
            };
            let sources = self.here(None, &NONE).sources(&entry.source);
            let (to, settings) = (to.clone(), settings.clone());
            self.plan.channels.push(Channel { name: name.clone(), kind, to, settings });
            self.carry(&sources, "channel", name.as_str());
        }
        for link in &runbook.links {
            let here = self.here(None, &NONE);
            let to = link.url.as_ref().or(link.file.as_ref()).map(|t| here.text(t)).unwrap_or_default();
            let link = Link {
                title: here.text(&link.title),
                to,
                missing_ok: link.missing_ok,
                source: here.sources(&link.source),
            };
            self.carry(&link.source.clone(), "link", &link.title);
            self.plan.links.push(link);
        }
    }

    fn limitations(&mut self) {
        for (name, limitation) in &self.runbook.limitations {
            let here = self.here(None, &NONE);
            let sources = here.sources(&limitation.source);
            let on = self.on(limitation.when.as_ref());
            let made = Limitation {
                name: name.clone(),
                effect: match limitation.effect {
                    model::Effect::Blocks => Effect::Blocks,
                    model::Effect::Warns => Effect::Warns,
                },
                text: here.text(&limitation.text),
                workaround: limitation.workaround.as_ref().map(|t| here.text(t)),
                source: sources.clone(),
            };
            self.carry(&sources, "limitation", name.as_str());
            if on {
                self.plan.limitations.push(made);
            }
        }
    }

    fn cautions(&mut self, given: &Given) {
        if let (Some(reviewed), Some(every), Some(now)) = (self.runbook.reviewed, self.runbook.review_every, given.now)
        {
            let days = (now.date_naive() - reviewed).num_days();
            if days as f64 * 86400.0 > every {
                self.plan.cautions.push(format!(
                    "the runbook's review is overdue: last reviewed {reviewed}, {days} days ago, wanted every {}",
                    crate::words::short_duration(every)
                ));
            }
        }
        if self.runbook.rollback.is_none() && self.runbook.phases.iter().any(|p| p.title.is_some()) {
            self.plan.cautions.push("this runbook has no rollback".into());
        }
    }
}
