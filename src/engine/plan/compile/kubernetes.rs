//! What a look at a cluster takes from the rest of the runbook: its place from `where`, its deployments from a group.

use super::super::WhereKind;
use super::Compiler;
use crate::expr::Template;
use crate::runbook::kinds::{LogsFrom, ProbeKind};
use crate::words::Value;

impl Compiler<'_> {
    /// A probe's kind with the pinned context and namespace, where it names none itself, and with the deployments of
    /// the target groups that it names.
    pub(super) fn placed(&self, mut kind: ProbeKind) -> ProbeKind {
        let pinned = |of: WhereKind| {
            self.plan.places.iter().find(|place| place.kind == of).map(|place| Template::plain(place.is.as_str()))
        };
        if let Some(via) = kind.via() {
            via.context = via.context.take().or_else(|| pinned(WhereKind::KubeContext));
            via.namespace = via.namespace.take().or_else(|| pinned(WhereKind::Namespace));
        }
        let place = match &mut kind {
            ProbeKind::Kubernetes(look) => Some((&mut look.context, &mut look.namespace, &mut look.deployments)),
            ProbeKind::Logs(look) if look.from == LogsFrom::Kubernetes => {
                Some((&mut look.context, &mut look.namespace, &mut look.deployments))
            }
            _ => None,
        };
        if let Some((context, namespace, deployments)) = place {
            *context = context.take().or_else(|| pinned(WhereKind::KubeContext));
            *namespace = namespace.take().or_else(|| pinned(WhereKind::Namespace));
            *deployments = deployments.iter().flat_map(|text| self.deployments(text)).collect();
        }
        kind
    }

    /// The deployments of the group of that name; the text itself where there is no such group. A group of which
    /// nothing is on gives one empty name: it must not turn into all deployments.
    fn deployments(&self, text: &Template) -> Vec<Template> {
        let group = text.as_plain().and_then(|name| self.known.targets.get(name));
        let Some(group) = group else { return vec![text.clone()] };
        let name = |target: &super::super::Target| match target.fields.get("deployment") {
            Some(Value::Text(name)) => name.clone(),
            _ => target.key.clone(),
        };
        let mut names: Vec<Template> = group.iter().map(|target| Template::plain(name(target))).collect();
        if names.is_empty() {
            names.push(Template::plain(""));
        }
        names
    }
}
