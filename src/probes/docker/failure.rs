//! What went wrong with an engine, in words.

use std::error::Error as _;
use std::io;

use bollard::ClientVersion;
use bollard::errors::Error;

use super::super::causes;
use super::super::seen::Problem;

/// An error of the API in words; `host` is the engine's address.
pub(super) fn failure(error: &Error, host: &str) -> Problem {
    match error {
        Error::SocketNotFoundError(path) => no_socket(path),
        Error::RequestTimeoutError => {
            Problem::failing("the engine does not answer").hint("it may hang: `systemctl status docker`, and its log")
        }
        Error::DockerResponseServerError { status_code, message } => {
            Problem::nothing(format!("the engine says {status_code}: {}", message.trim()))
        }
        // An engine that ended takes its socket away; one that died leaves it, and nobody listens.
        _ if host.starts_with("unix://") && is(error, io::ErrorKind::NotFound) => {
            no_socket(host.trim_start_matches("unix://"))
        }
        _ if is(error, io::ErrorKind::PermissionDenied) => Problem::nothing(format!("permission denied on {host}"))
            .hint("your account is not in the group docker; log in again after adding it"),
        other => causes::failure(other, host, None),
    }
}

fn no_socket(path: &str) -> Problem {
    Problem::failing(format!("no engine: there is no socket {path}"))
        .hint("is Docker started here? (`systemctl status docker`) does DOCKER_HOST name the right one?")
}

/// Whether this is what the system said, anywhere below.
fn is(error: &Error, kind: io::ErrorKind) -> bool {
    let mut next = error.source();
    if let Error::IOError { err } = error {
        return err.kind() == kind;
    }
    while let Some(cause) = next {
        if cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == kind) {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The version that an engine speaks, where it refused another: "client version 1.53 is too new. Maximum supported API
/// version is 1.41" (and "too old. Minimum …").
pub(super) fn supported(error: &Error) -> Option<ClientVersion> {
    let Error::DockerResponseServerError { status_code: 400, message } = error else { return None };
    let (_, rest) = message.split_once("supported API version is ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (major, minor) = rest.get(..end)?.split_once('.')?;
    let minor = minor.trim_end_matches('.');
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_an_engine_is_read_from_its_refusal() {
        let of = |status_code, text: &str| {
            let error = Error::DockerResponseServerError { status_code, message: text.into() };
            supported(&error).map(|v| (v.major_version, v.minor_version))
        };
        let new = "client version 1.53 is too new. Maximum supported API version is 1.41";
        assert_eq!(of(400, new), Some((1, 41)));
        let old = "client version 1.24 is too old. Minimum supported API version is 1.44, please upgrade your client";
        assert_eq!(of(400, old), Some((1, 44)));
        assert_eq!(of(400, "no such container"), None);
        assert_eq!(of(500, new), None);
    }

    #[test]
    fn a_refusal_is_told_with_what_to_do() {
        let denied = Error::IOError { err: io::Error::from(io::ErrorKind::PermissionDenied) };
        assert!(failure(&denied, "unix:///x").hint.unwrap().contains("group docker"));
        let gone = failure(&Error::SocketNotFoundError("/x".into()), "unix:///x");
        assert!(gone.why.contains("/x") && gone.hint.is_some());
        // The same, when it was there at the first look.
        let missing = Error::IOError { err: io::Error::from(io::ErrorKind::NotFound) };
        assert_eq!(failure(&missing, "unix:///x").why, gone.why);
    }
}
