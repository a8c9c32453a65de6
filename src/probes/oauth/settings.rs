//! The settings of a flow, filled in, with the paths of the identity services that the checklist deploys as defaults.

use reqwest::Url;

use super::super::ctx::{maybe, plain};
use super::super::http;
use super::super::seen::Problem;
use super::legs::Leg;
use crate::expr::Template;
use crate::runbook::kinds::{Http, Oauth};

/// A flow's settings.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub authorize: Url,
    pub token: Url,
    pub introspect: Url,
    pub revoke: Url,
    /// The identity provider's base address, where it is not the authorization server's.
    pub login: Option<Url>,
    pub resource: Option<Url>,
    /// What the token must not be good for: method and address.
    pub forbidden: Vec<(&'a str, Url)>,
    pub client: &'a str,
    pub client_secret: Option<&'a str>,
    pub redirect: &'a str,
    /// The same, read.
    pub back: Url,
    pub user: &'a str,
    pub password: &'a str,
    pub scope: &'a str,
    pub wrong_scope: &'a str,
    /// A request with nothing but what is trusted.
    pub trust: Http,
}

impl<'a> Settings<'a> {
    /// Reads them.
    pub fn read(spec: &'a Oauth) -> Result<Self, Problem> {
        let base = http::address(plain(&spec.url)?)?;
        let at = |path: &Option<Template>, default: &str| -> Result<Url, Problem> {
            http::below(&base, maybe(path.as_ref())?.unwrap_or(default))
        };
        let redirect = plain(&spec.redirect)?;
        let back = Url::parse(redirect).map_err(|e| Problem::nothing(format!("`redirect` is no address: {e}")))?;
        let address = |text: &'a Option<Template>| maybe(text.as_ref())?.map(http::address).transpose();
        Ok(Self {
            authorize: at(&spec.authorize, "/oauth2/v1/authorize")?,
            token: at(&spec.token, "/oauth2/v1/token")?,
            introspect: at(&spec.introspect, "/oauth2/v1/introspect")?,
            revoke: at(&spec.revoke, "/oauth2/v1/revoke")?,
            login: address(&spec.login)?,
            resource: address(&spec.resource)?,
            forbidden: spec.forbidden.iter().map(request).collect::<Result<_, _>>()?,
            client: plain(&spec.client)?,
            client_secret: maybe(spec.client_secret.as_ref())?,
            redirect,
            back,
            user: plain(&spec.user)?,
            password: plain(&spec.password)?,
            scope: maybe(spec.scope.as_ref())?.unwrap_or("openid read:resource"),
            wrong_scope: maybe(spec.wrong_scope.as_ref())?.unwrap_or("openid"),
            trust: Http {
                ca: spec.ca.clone(),
                fingerprint: spec.fingerprint.clone(),
                cert: spec.cert.clone(),
                key: spec.key.clone(),
                ..Http::default()
            },
        })
    }

    /// Whether a leg is walked.
    pub fn wants(&self, leg: Leg) -> bool {
        match leg {
            Leg::Resource | Leg::WrongScope | Leg::NoToken | Leg::BadToken => self.resource.is_some(),
            Leg::Forbidden => !self.forbidden.is_empty(),
            _ => true,
        }
    }

    /// Where a `Location` leads. A relative one from the authorization server is the identity provider's, where that has
    /// an address of its own: the real server redirects to a path that it does not serve itself.
    pub fn follow(&self, from: &Url, location: &str) -> Option<Url> {
        let there = from.join(location).ok()?;
        let relative = Url::parse(location).is_err();
        match &self.login {
            Some(login)
                if relative && from.origin() == self.authorize.origin() && there.path() != self.authorize.path() =>
            {
                login.join(location).ok()
            }
            _ => Some(there),
        }
    }
}

/// `METHOD address`, or an address alone.
fn request(text: &Template) -> Result<(&str, Url), Problem> {
    let text = plain(text)?.trim();
    let (method, address) = text.split_once(' ').unwrap_or(("GET", text));
    Ok((method, http::address(address.trim())?))
}
