//! Looks at a cluster as a person makes them with kubectl.

use super::command::{partly, word};
use crate::expr::{Scope, Template};
use crate::runbook::kinds::{Kubernetes, KubernetesOf, Via};

/// Names of the variables, never their values: those must not come on a screen.
const NAMES: &str = "'{range .items[*].spec.template.spec.containers[*].env[*]}{.name}{\"\\n\"}{end}'";

/// The command, or several with `;` between them.
pub(super) fn kubectl(look: &Kubernetes, scope: &dyn Scope) -> String {
    let fill = |template: &Template| word(&partly(template, scope));
    let option = |name: &str, value: &Option<Template>| {
        value.as_ref().map(|value| format!(" {name} {}", fill(value))).unwrap_or_default()
    };
    let place = format!("{}{}", option("--context", &look.context), option("-n", &look.namespace));
    let each = |list: &[Template], of: &dyn Fn(String) -> String| -> String {
        list.iter().map(|text| of(partly(text, scope))).collect::<Vec<_>>().join("; ")
    };
    match look.of {
        KubernetesOf::Api => {
            let ready = format!("kubectl get --raw /readyz{}", option("--context", &look.context));
            let may = each(&look.may, &|what| format!("kubectl auth can-i {}{place}", can_i(&what)));
            if may.is_empty() { ready } else { format!("{ready}; {may}") }
        }
        KubernetesOf::Pods => format!("kubectl get pods{place}"),
        KubernetesOf::Rollout => each(&look.deployments, &|name| {
            let deployment = word(&format!("deployment/{name}"));
            format!("kubectl get {deployment}{place} -o wide; kubectl rollout status {deployment}{place} --timeout=2m")
        }),
        KubernetesOf::Secrets => match (&look.manifests, look.secrets.as_slice()) {
            (_, [_, ..]) => {
                // `describe` lists keys with their sizes, without values.
                each(&look.secrets, &|name| {
                    let (secret, _) = name.split_once('/').unwrap_or((&name, ""));
                    format!("kubectl describe secret {}{place}", word(secret))
                })
            }
            (Some(files), []) => format!("kubectl get -f {}{place} -o name", partly(files, scope)),
            (None, []) => format!("kubectl get secrets{place}"),
        },
        KubernetesOf::Environment => format!("kubectl get deployments{place} -o jsonpath={NAMES}"),
        KubernetesOf::Stats => format!("kubectl top pods{place}"),
        KubernetesOf::Service => each(&look.services, &|name| {
            let slices = word(&format!("kubernetes.io/service-name={name}"));
            let service = word(&format!("service/{name}"));
            format!("kubectl get {service}{place} -o wide; kubectl get endpointslices{place} -l {slices}")
        }),
        KubernetesOf::Events => format!("kubectl get events{place} --field-selector type=Warning"),
    }
}

/// `get pods/log` as `kubectl auth can-i` takes it.
fn can_i(what: &str) -> String {
    let mut words: Vec<String> = what.split_whitespace().map(str::to_owned).collect();
    let sub = words.get_mut(1).and_then(|of| {
        let (kind, sub) = of.split_once('/')?;
        let (kind, sub) = (kind.to_owned(), sub.to_owned());
        *of = kind;
        Some(sub)
    });
    words.extend(sub.map(|sub| format!("--subresource={sub}")));
    words.iter().map(|each| word(each)).collect::<Vec<_>>().join(" ")
}

/// A command through a way into a pod: its port stands on this machine for as long as the command runs.
pub(super) fn through(via: &Option<Via>, at: &Template, default: u16, line: String, scope: &dyn Scope) -> String {
    let Some(via) = via else { return line };
    let fill = |template: &Option<Template>| template.as_ref().map(|t| partly(t, scope)).filter(|t| !t.is_empty());
    let Some(pod) = fill(&via.pod) else { return line };
    let at = partly(at, scope);
    // `host:port` after what may hold a password, before a path.
    let host = at.rsplit_once('@').map_or(at.as_str(), |(_, rest)| rest);
    let host = host.split_once("://").map_or(host, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let port = host.rsplit_once(':').map_or_else(|| default.to_string(), |(_, port)| port.to_owned());
    let option = |name: &str, value: Option<String>| value.map(|v| format!(" {name} {}", word(&v))).unwrap_or_default();
    let place = format!("{}{}", option("--context", fill(&via.context)), option("-n", fill(&via.namespace)));
    format!("kubectl port-forward {}{place} {} & sleep 2; {line}; kill $!", word(&pod), word(&port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Nothing;

    fn texts(list: &[&str]) -> Vec<Template> {
        list.iter().map(|text| Template::plain(*text)).collect()
    }

    #[test]
    fn a_person_types_what_the_probe_asks() {
        let place = |of| Kubernetes {
            of,
            context: Some(Template::plain("prod-eu")),
            namespace: Some(Template::plain("shop")),
            ..Kubernetes::default()
        };
        let said = |look: &Kubernetes| kubectl(look, &Nothing);
        let api = Kubernetes { may: texts(&["patch deployments", "get pods/log"]), ..place(KubernetesOf::Api) };
        assert_eq!(
            said(&api),
            "kubectl get --raw /readyz --context prod-eu; \
             kubectl auth can-i patch deployments --context prod-eu -n shop; \
             kubectl auth can-i get pods --subresource=log --context prod-eu -n shop"
        );
        let rollout = Kubernetes { deployments: texts(&["kms"]), ..place(KubernetesOf::Rollout) };
        assert_eq!(
            said(&rollout),
            "kubectl get deployment/kms --context prod-eu -n shop -o wide; \
             kubectl rollout status deployment/kms --context prod-eu -n shop --timeout=2m"
        );
        let service = Kubernetes { services: texts(&["kms"]), ..place(KubernetesOf::Service) };
        assert_eq!(
            said(&service),
            "kubectl get service/kms --context prod-eu -n shop -o wide; \
             kubectl get endpointslices --context prod-eu -n shop -l 'kubernetes.io/service-name=kms'"
        );
        let secrets = Kubernetes { secrets: texts(&["db/password"]), ..place(KubernetesOf::Secrets) };
        assert_eq!(said(&secrets), "kubectl describe secret db --context prod-eu -n shop");
        assert_eq!(said(&place(KubernetesOf::Stats)), "kubectl top pods --context prod-eu -n shop");
    }
    #[test]
    fn a_way_into_a_pod_is_a_port_of_this_machine_for_a_person() {
        let via = |pod: &str| {
            Some(Via { pod: Some(Template::plain(pod)), namespace: Some(Template::plain("shop")), ..Via::default() })
        };
        let said =
            |via: &Option<Via>, at: &str, default| through(via, &Template::plain(at), default, "look".into(), &Nothing);
        let kms = via("deployment/kms");
        assert_eq!(
            said(&kms, "https://127.0.0.1:9090/livez", 443),
            "kubectl port-forward deployment/kms -n shop 9090 & sleep 2; look; kill $!"
        );
        assert_eq!(said(&kms, "postgres://a:b@db/keys", 5432).split(' ').nth(5), Some("5432"));
        assert_eq!(said(&kms, "db:5433", 5432).split(' ').nth(5), Some("5433"));
        assert_eq!(said(&via(""), "https://h/", 443), "look");
        assert_eq!(said(&None, "https://h/", 443), "look");
    }
}
