//! The legs of the flow, and what each came to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::seen::{Means, Problem, Seen};
use super::walk::Failed;
use crate::words::{Value, short_duration};

/// A leg of the flow, in the order in which they are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leg {
    Authorize,
    Login,
    Consent,
    Token,
    Introspect,
    Resource,
    WrongScope,
    NoToken,
    BadToken,
    Forbidden,
    Revoke,
}

impl Leg {
    const ALL: [Leg; 11] = [
        Self::Authorize,
        Self::Login,
        Self::Consent,
        Self::Token,
        Self::Introspect,
        Self::Resource,
        Self::WrongScope,
        Self::NoToken,
        Self::BadToken,
        Self::Forbidden,
        Self::Revoke,
    ];

    /// Its field, and the field of how long it took.
    fn fields(self) -> (&'static str, &'static str) {
        match self {
            Self::Authorize => ("authorize", "authorize_latency"),
            Self::Login => ("login", "login_latency"),
            Self::Consent => ("consent", "consent_latency"),
            Self::Token => ("token", "token_latency"),
            Self::Introspect => ("introspect", "introspect_latency"),
            Self::Resource => ("resource", "resource_latency"),
            Self::WrongScope => ("wrong_scope", "wrong_scope_latency"),
            Self::NoToken => ("no_token", "no_token_latency"),
            Self::BadToken => ("bad_token", "bad_token_latency"),
            Self::Forbidden => ("forbidden", "forbidden_latency"),
            Self::Revoke => ("revoke", "revoke_latency"),
        }
    }

    /// Its name in texts.
    pub fn name(self) -> &'static str {
        self.fields().0
    }

    /// What to do next, where a status says it.
    pub fn hint(self, status: u16) -> Option<&'static str> {
        Some(match (self, status) {
            (_, 429) => "the rate limit is used up: wait a minute, look less often",
            (Self::Authorize, 400) => {
                "the client, its redirect address or its scopes are not registered exactly like this"
            }
            (Self::Authorize | Self::Token | Self::Introspect | Self::Revoke, 404) => {
                "is this the authorization server, and its path? see `url:` and the leg's own key"
            }
            (Self::Login, 404) => "the login belongs to the identity provider: is its address in `login:`?",
            (Self::Login, 401 | 403) => "the user's password; or the user has a second factor: use one that has none",
            (Self::Token, 400 | 401) => "the client's secret or the code verifier was refused",
            (Self::Introspect | Self::Revoke, 401 | 403) => {
                "this server wants the client's secret here: set `client_secret:`"
            }
            (Self::Resource, 401 | 403) => {
                "the resource server does not take the token: does it trust this issuer, for this scope?"
            }
            (_, 500..) => "the server's own log says more",
            _ => return None,
        })
    }
}

/// What each leg came to.
#[derive(Debug, Default)]
pub(super) struct Legs {
    passed: BTreeMap<Leg, bool>,
    took: BTreeMap<Leg, Duration>,
    problems: Vec<Failed>,
}

impl Legs {
    /// A leg was walked. What is already known of it stands: the second token's way is not told.
    pub fn pass(&mut self, leg: Leg, took: Duration) {
        if self.passed.insert(leg, true).is_none() {
            self.took(leg, took);
        }
    }

    /// A part of a leg took so long.
    pub fn took(&mut self, leg: Leg, took: Duration) {
        *self.took.entry(leg).or_default() += took;
    }

    /// How long all legs took so far; put back after a walk that is not told.
    pub fn times(&self) -> BTreeMap<Leg, Duration> {
        self.took.clone()
    }

    /// Puts times back.
    pub fn restore(&mut self, times: BTreeMap<Leg, Duration>) {
        self.took = times;
    }

    /// Whether a leg failed.
    pub fn failed(&self, leg: Leg) -> bool {
        self.passed.get(&leg) == Some(&false)
    }

    /// A leg failed.
    pub fn fail(&mut self, (leg, problem): Failed) {
        self.passed.insert(leg, false);
        self.problems.push((leg, problem));
    }

    /// What was seen; which legs were not wanted has no word.
    pub fn seen(self, wanted: impl Fn(Leg) -> bool) -> Seen {
        let total: Duration = self.took.values().sum();
        let mut seen = Seen::text(format!("{} legs, {}", self.passed.len(), short_duration(total.as_secs_f64())))
            .field("latency", Value::Duration(total.as_secs_f64()))
            .value(total.as_secs_f64());
        for leg in Leg::ALL {
            let (name, latency) = leg.fields();
            match self.passed.get(&leg) {
                Some(passed) => seen = seen.field(name, Value::Bool(*passed)),
                None if !wanted(leg) => continue,
                None => seen = seen.missing(name, "the flow did not get there"),
            }
            if let Some(took) = self.took.get(&leg).filter(|_| self.passed.get(&leg) == Some(&true)) {
                seen = seen.field(latency, Value::Duration(took.as_secs_f64()));
            }
        }
        let Some((first, problem)) = self.problems.first() else { return seen };
        // A look that could not be made says nothing, whatever else went well.
        let nothing = self.problems.iter().find(|(_, p)| p.means == Means::Nothing);
        let words = |(leg, p): &Failed| format!("{}: {}", leg.fields().0, p.why);
        let mut told = match nothing {
            Some(failed) => Problem::nothing(words(failed)),
            None => Problem::failing(self.problems.iter().map(words).collect::<Vec<_>>().join("; ")),
        };
        told.hint = nothing.map_or(&problem.hint, |(_, p)| &p.hint).clone();
        seen.text =
            nothing.map_or_else(|| format!("{} fails", first.fields().0), |failed| failed.0.fields().0.to_owned());
        seen.problem(told)
    }
}
