//! The one table of the command forms that are simulated: those of the shipped runbooks, and the few that an operator
//! types by hand beside them.
//!
//! `{name}` takes one argument, or the rest of one; `{name...}` at the end takes one or more.

use std::collections::BTreeMap;

/// What a form does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// `docker version`.
    DockerVersion,
    /// `docker inspect`.
    Inspect,
    /// `docker image inspect`.
    ImageInspect,
    /// `docker images`.
    Images,
    /// `docker tag`.
    Tag,
    /// `docker stats`.
    Stats,
    /// `docker run`.
    Run,
    /// `docker compose version`.
    ComposeVersion,
    /// `docker compose config`.
    Config,
    /// `docker compose pull`.
    Pull,
    /// `docker compose build`.
    Build,
    /// `docker compose up`.
    Up,
    /// `docker compose down`.
    Down,
    /// `docker compose ps`.
    Ps,
    /// `docker compose logs`.
    Logs,
    /// `docker compose exec postgres pg_isready`.
    PgIsReady,
    /// `docker compose exec proxy nginx -t`.
    ProxyTest,
    /// `docker compose exec proxy nginx -s reload`.
    ProxyReload,
    /// `docker compose top proxy`.
    ProxyTop,
    /// `kubectl config current-context`.
    Context,
    /// `kubectl get --raw /readyz`.
    Readyz,
    /// `kubectl auth can-i`.
    CanI,
    /// `kubectl get namespace`.
    Namespace,
    /// `kubectl get -f`.
    GetFiles,
    /// `kubectl get deployments`, `configmaps`.
    GetObjects,
    /// `kubectl get deployment/NAME`.
    GetDeployment,
    /// `kubectl get pods`.
    Pods,
    /// `kubectl top pods`.
    Top,
    /// `kubectl logs`.
    PodLogs,
    /// `kubectl diff`.
    Diff,
    /// `kubectl apply`.
    Apply,
    /// `kubectl patch service/NAME`.
    PatchService,
    /// `kubectl get service/NAME`.
    GetService,
    /// `kubectl delete deployment/NAME`.
    DeleteDeployment,
    /// `kubectl delete -f`.
    DeleteFiles,
    /// `kubectl rollout status`.
    RolloutStatus,
    /// `kubectl rollout history`.
    RolloutHistory,
    /// `kubectl rollout undo`.
    RolloutUndo,
    /// `go test -json`.
    TestJson,
    /// `go test -coverprofile`.
    TestCoverage,
    /// `go tool cover -func`.
    CoverFunc,
    /// `go run ./cmd/workflow`.
    Dast,
    /// `gosec`.
    Gosec,
    /// `act --version`.
    Act,
    /// `pg_dump`.
    PgDump,
    /// `pg_restore --list`.
    PgRestore,
    /// `psql -f`.
    Psql,
}

const TABLE: &[(&str, Does)] = &[
    ("docker version", Does::DockerVersion),
    ("docker images", Does::Images),
    ("docker inspect --format {format} {ids...}", Does::Inspect),
    ("docker image inspect {image}", Does::ImageInspect),
    ("docker tag {image} {tag}", Does::Tag),
    ("docker stats --no-stream --format {format}", Does::Stats),
    ("docker run --rm {image} identity {service} --help", Does::Run),
    ("docker compose version --short", Does::ComposeVersion),
    ("docker compose -f {file} --profile {profile} config", Does::Config),
    ("docker compose -f {file} --profile {profile} config {quiet=--quiet}", Does::Config),
    ("docker compose -f {file} --profile {profile} config {images=--images}", Does::Config),
    ("docker compose -f {file} --profile {profile} pull", Does::Pull),
    ("docker compose -f {file} --profile {profile} pull {service}", Does::Pull),
    (
        "docker compose -f {file} --profile {profile} build --build-arg APP_VERSION={version} --build-arg VCS_REF={revision} --build-arg BUILD_DATE={date}",
        Does::Build,
    ),
    (
        "docker compose -f {file} --profile {profile} build --pull --build-arg APP_VERSION={version} --build-arg VCS_REF={revision} --build-arg BUILD_DATE={date}",
        Does::Build,
    ),
    ("docker compose -f {file} --profile {profile} up -d", Does::Up),
    ("docker compose -f {file} --profile {profile} up -d --no-build", Does::Up),
    ("docker compose -f {file} --profile {profile} down", Does::Down),
    ("docker compose -f {file} --profile {profile} down {volumes=-v}", Does::Down),
    ("docker compose -f {file} --profile {profile} ps", Does::Ps),
    ("docker compose -f {file} --profile {profile} ps {all=--all}", Does::Ps),
    ("docker compose -f {file} --profile {profile} ps {all=--all} {quiet=-q}", Does::Ps),
    ("docker compose -f {file} --profile {profile} ps {all=--all} --format {format}", Does::Ps),
    ("docker compose -f {file} --profile {profile} logs {follow=-f} --tail={tail}", Does::Logs),
    ("docker compose -f {file} --profile {profile} logs --tail={tail}", Does::Logs),
    ("docker compose -f {file} --profile {profile} logs --tail={tail} {service}", Does::Logs),
    ("docker compose -f {file} --profile {profile} logs --no-color --since {since}", Does::Logs),
    (
        "docker compose -f {file} --profile {profile} exec -T postgres pg_isready -U {user} -d {database}",
        Does::PgIsReady,
    ),
    ("docker compose -f {file} --profile {profile} exec -T proxy nginx -t", Does::ProxyTest),
    ("docker compose -f {file} --profile {profile} exec -T proxy nginx -s reload", Does::ProxyReload),
    ("docker compose -f {file} --profile {profile} top proxy", Does::ProxyTop),
    ("kubectl config current-context", Does::Context),
    ("kubectl get --raw /readyz", Does::Readyz),
    ("kubectl auth can-i patch deployments -n {namespace}", Does::CanI),
    ("kubectl get namespace {namespace} -o name", Does::Namespace),
    ("kubectl get -f {file} -n {namespace} -o name", Does::GetFiles),
    ("kubectl get {kinds=deployments} -n {namespace}", Does::GetObjects),
    ("kubectl get {kinds=deployments} -n {namespace} -o jsonpath={path}", Does::GetObjects),
    ("kubectl get {kinds=deployments,configmaps} -n {namespace} -o {yaml=yaml}", Does::GetObjects),
    ("kubectl get deployment/{name} -n {namespace} -o json", Does::GetDeployment),
    ("kubectl get deployment/{name} -n {namespace} -o {wide=wide}", Does::GetObjects),
    ("kubectl get pods -n {namespace}", Does::Pods),
    ("kubectl get pods -n {namespace} {bare=--no-headers}", Does::Pods),
    ("kubectl top pods -n {namespace}", Does::Top),
    ("kubectl top pods -n {namespace} {bare=--no-headers}", Does::Top),
    ("kubectl logs deployment/{name} -n {namespace} --all-containers --since-time={since}", Does::PodLogs),
    ("kubectl diff -f {file} -n {namespace}", Does::Diff),
    ("kubectl apply -f {file} -n {namespace}", Does::Apply),
    ("kubectl patch service/{name} -n {namespace} -p {patch}", Does::PatchService),
    ("kubectl get service/{name} -n {namespace} -o {wide=wide}", Does::GetService),
    ("kubectl delete deployment/{name} -n {namespace} --ignore-not-found", Does::DeleteDeployment),
    ("kubectl delete -f {file} -n {namespace} --ignore-not-found", Does::DeleteFiles),
    ("kubectl rollout status deployment/{name} -n {namespace}", Does::RolloutStatus),
    ("kubectl rollout status deployment/{name} -n {namespace} --timeout={timeout}", Does::RolloutStatus),
    ("kubectl rollout history deployment/{name} -n {namespace}", Does::RolloutHistory),
    ("kubectl rollout undo deployment/{name} -n {namespace}", Does::RolloutUndo),
    ("kubectl rollout undo deployment/{name} --to-revision={revision} -n {namespace}", Does::RolloutUndo),
    ("go test -json ./...", Does::TestJson),
    ("go test -json -tags=integration {packages}", Does::TestJson),
    ("go test -json {packages}", Does::TestJson),
    ("go test -count=1 -covermode=atomic -coverprofile={profile} ./...", Does::TestCoverage),
    ("go tool cover -func={profile}", Does::CoverFunc),
    ("go run ./cmd/workflow -workflows=dast -inputs=scan_profile=quick", Does::Dast),
    ("gosec -quiet -no-fail -fmt=json -out={out} ./...", Does::Gosec),
    ("act --version", Does::Act),
    ("pg_dump -Fc -h {host} -p {port} -U {user} -d {database} -f {file}", Does::PgDump),
    ("pg_restore --list {file}", Does::PgRestore),
    ("psql -X -1 -v ON_ERROR_STOP=1 -h {host} -p {port} -U {user} -d {database} -f {file}", Does::Psql),
];

/// What a form's placeholders took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Given {
    /// What a placeholder took; empty when the form has none of that name.
    pub fn get(&self, name: &str) -> &str {
        self.values.get(name).and_then(|v| v.first()).map_or("", String::as_str)
    }

    /// Whether the form has a placeholder of that name.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// All that a `{name...}` took.
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The form that a command line has, and what its placeholders take.
pub fn find(name: &str, args: &[String]) -> Option<(Does, Given)> {
    TABLE.iter().find_map(|(form, does)| {
        let mut words = form.split(' ');
        if words.next() != Some(name) {
            return None;
        }
        Some((*does, takes(words, args)?))
    })
}

fn takes(words: impl Iterator<Item = &'static str>, args: &[String]) -> Option<Given> {
    let mut given = Given::default();
    let mut args = args.iter();
    for word in words {
        let Some((before, rest)) = word.split_once('{') else {
            if args.next()? != word {
                return None;
            }
            continue;
        };
        let name = rest.strip_suffix('}')?;
        if let Some(name) = name.strip_suffix("...") {
            let all: Vec<String> = args.by_ref().cloned().collect();
            if all.is_empty() || all.iter().any(|a| a.starts_with('-')) {
                return None;
            }
            given.values.insert(name, all);
            continue;
        }
        let value = args.next()?.strip_prefix(before)?;
        // `{name=word}` is the word itself, noted under a name.
        let (name, exact) = name.split_once('=').map_or((name, None), |(name, word)| (name, Some(word)));
        let fits = exact.map_or(!value.is_empty() && (!before.is_empty() || !value.starts_with('-')), |w| w == value);
        if !fits {
            return None;
        }
        given.values.insert(name, vec![value.to_owned()]);
    }
    args.next().is_none().then_some(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<(Does, Given)> {
        let words = shlex::split(line).unwrap();
        find(&words[0], &words[1..])
    }

    #[test]
    fn placeholders_take_one_argument_or_the_rest_of_one() {
        let (does, given) = found("kubectl rollout undo deployment/identity-rs --to-revision=3 -n prod").unwrap();
        assert_eq!(does, Does::RolloutUndo);
        assert_eq!((given.get("name"), given.get("revision"), given.get("namespace")), ("identity-rs", "3", "prod"));
        let (_, given) = found("docker inspect --format '{{.Name}}|x' a b c").unwrap();
        assert_eq!(given.all("ids").len(), 3);
        let (_, given) = found("docker compose -f f --profile p ps --all -q").unwrap();
        assert!(given.has("all") && given.has("quiet") && !given.has("format"));
    }

    #[test]
    fn any_other_form_is_not_in_the_table() {
        for line in [
            "docker compose -f f --profile p up",
            "docker compose -f f up -d",
            "docker compose -f f --profile p up -d --no-build --wait",
            "docker system prune -af",
            "kubectl delete namespace cryptoutil-prod",
            "kubectl apply -f x",
            "kubectl rollout undo deployment/ -n prod",
            "docker inspect --format x",
            "go build ./...",
            "act",
            "bash -c true",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn every_name_of_the_table_is_a_simulated_command_and_the_other_way_round() {
        let mut names: Vec<&str> = TABLE.iter().filter_map(|(form, _)| form.split(' ').next()).collect();
        names.sort_unstable();
        names.dedup();
        let mut known = super::super::NAMES.to_vec();
        known.sort_unstable();
        assert_eq!(names, known);
    }
}
