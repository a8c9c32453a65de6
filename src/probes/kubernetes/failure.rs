//! What went wrong with a cluster, in words. What a kubeconfig or a login command says stays out of them: tokens stand
//! there.

use kube::config::KubeconfigError;
use kube::{Error, client::AuthError};

use super::super::causes;
use super::super::ctx::short;
use super::super::seen::Problem;

/// An error of the API in words; `place` is the API server's `host:port`.
pub(super) fn failure(error: &Error, place: &str) -> Problem {
    match error {
        Error::Api(status) => answered(status.code, &status.message),
        Error::Auth(error) => no_login(error),
        Error::InferKubeconfig(error) => no_config(error),
        Error::ProxyProtocolDisabled { .. } | Error::ProxyProtocolUnsupported { .. } => {
            Problem::nothing("the kubeconfig names a proxy, which this look cannot use")
                .hint("use a probe with `run: kubectl …`, which can")
        }
        // The answer itself may hold anything, a secret too.
        Error::SerdeError(_) => {
            Problem::failing("the answer is none of a Kubernetes API").hint(format!("is {place} the API server?"))
        }
        Error::Service(source) => match source.downcast_ref::<AuthError>() {
            Some(error) => no_login(error),
            None => below(error, place),
        },
        other => below(other, place),
    }
}

/// A failure of the network or of TLS. Whom to trust the kubeconfig says here, not a setting of the probe.
fn below(error: &Error, place: &str) -> Problem {
    let problem = causes::failure(error, place, None);
    match &problem.hint {
        Some(hint) if ["`ca:`", "`fingerprint", "`cert:`"].iter().any(|setting| hint.contains(setting)) => {
            problem.hint("is `certificate-authority` of the kubeconfig that of this cluster? log in again")
        }
        _ => problem,
    }
}

/// A refusal with a status.
fn answered(code: u16, message: &str) -> Problem {
    let message = short(message, 200);
    match code {
        401 => Problem::failing("the Kubernetes API does not accept this login (401)")
            .hint("the token or the certificate has expired, or belongs to another cluster: log in again"),
        403 => Problem::nothing(format!("not allowed: {message}"))
            .hint("`kubectl auth can-i --list` says what this login may do; who gives rights here?"),
        404 => Problem::nothing(format!("not there: {message}")),
        429 | 500..=599 => Problem::failing(format!("the Kubernetes API says {code}: {message}"))
            .hint("`kubectl get --raw '/readyz?verbose'` names the part that is sick"),
        _ => Problem::nothing(format!("the Kubernetes API says {code}: {message}")),
    }
}

/// Whether an object, or a whole API, is not there.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Api(status) if status.code == 404)
}

/// The login of the kubeconfig cannot be made.
fn no_login(error: &AuthError) -> Problem {
    let why = match error {
        AuthError::AuthExecStart(_) => "the kubeconfig's login command cannot be started".to_owned(),
        AuthError::AuthExecRun { out, .. } => format!("the kubeconfig's login command failed ({})", out.status),
        AuthError::ReadTokenFile(cause, file) => format!("the token file {} cannot be read: {cause}", file.display()),
        _ => "the kubeconfig's login does not work".to_owned(),
    };
    Problem::nothing(why).hint("what says `kubectl get --raw /readyz`? log in again")
}

/// The kubeconfig cannot be used.
pub(super) fn no_config(error: &KubeconfigError) -> Problem {
    match error {
        KubeconfigError::CurrentContextNotSet => Problem::nothing("the kubeconfig has no current context")
            .hint("`kubectl config use-context NAME`, or `context:` of the probe"),
        KubeconfigError::LoadContext(name) => Problem::nothing(format!("the kubeconfig has no context `{name}`"))
            .hint("`kubectl config get-contexts` lists them"),
        KubeconfigError::LoadClusterOfContext(name) => {
            Problem::nothing(format!("the kubeconfig has no cluster `{name}`, which its context names"))
        }
        KubeconfigError::ReadConfig(cause, file) => {
            Problem::nothing(format!("the kubeconfig {} cannot be read: {cause}", file.display()))
        }
        KubeconfigError::LoadCertificateAuthority(_)
        | KubeconfigError::LoadClientCertificate(_)
        | KubeconfigError::LoadClientKey(_)
        | KubeconfigError::ParseCertificates(_) => {
            Problem::nothing("a certificate or key that the kubeconfig names cannot be read")
                .hint("`kubectl config view` names its files")
        }
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => {
            Problem::nothing("the files of KUBECONFIG do not go together")
        }
        _ => Problem::nothing("the kubeconfig does not read").hint("what says `kubectl config view`?"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::seen::Means;
    use super::*;

    #[test]
    fn each_refusal_has_its_own_words() {
        let of = |code| {
            let status: kube::core::Status =
                serde_json::from_value(serde_json::json!({ "code": code, "message": "m" })).unwrap();
            failure(&Error::Api(Box::new(status)), "h:1")
        };
        let (login, rights, absent, sick) = (of(401), of(403), of(404), of(503));
        assert!(login.why.contains("login") && login.means == Means::Failing, "{login:?}");
        assert!(rights.why.starts_with("not allowed") && rights.means == Means::Nothing, "{rights:?}");
        assert!(absent.why.starts_with("not there"), "{absent:?}");
        assert!(sick.why.contains("503") && sick.means == Means::Failing, "{sick:?}");
    }

    #[test]
    fn what_a_login_command_printed_is_not_repeated() {
        let out = std::process::Command::new("sh").args(["-c", "echo hunter2 >&2; exit 3"]).output().unwrap();
        let error = AuthError::AuthExecRun { cmd: "login --password hunter2".into(), out: Box::new(out) };
        let problem = failure(&Error::Auth(error), "h:1");
        assert!(problem.why.contains("login command failed"), "{problem:?}");
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }
}
