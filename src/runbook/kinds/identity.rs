//! The settings of looks at identity services and at a key management service.

use serde::{Deserialize, Serialize};

use crate::expr::Template;

/// The authorization-code flow with PKCE, and what its token is good for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Oauth {
    /// Base address of the authorization server.
    pub url: Template,
    /// Base address of the identity provider, for relative redirects to its login.
    pub login: Option<Template>,
    /// Address of a protected resource; its legs are walked only with it.
    pub resource: Option<Template>,
    /// What the token must not be good for, each `METHOD address`.
    pub forbidden: Vec<Template>,
    /// Client id.
    pub client: Template,
    /// Client secret, for a client that has one.
    pub client_secret: Option<Template>,
    /// Redirect address of the client; never called.
    pub redirect: Template,
    /// User that logs in.
    pub user: Template,
    /// Password of the user.
    pub password: Template,
    /// Scopes of the token; `openid read:resource`.
    pub scope: Option<Template>,
    /// Scopes that do not open the resource; `openid`.
    pub wrong_scope: Option<Template>,
    /// Path of the authorize endpoint; `/oauth2/v1/authorize`.
    pub authorize: Option<Template>,
    /// Path of the token endpoint; `/oauth2/v1/token`.
    pub token: Option<Template>,
    /// Path of the introspection endpoint; `/oauth2/v1/introspect`.
    pub introspect: Option<Template>,
    /// Path of the revocation endpoint; `/oauth2/v1/revoke`.
    pub revoke: Option<Template>,
    /// PEM file of the only CA to trust.
    pub ca: Option<Template>,
    /// sha256 of the server's certificate, to trust instead of a CA.
    pub fingerprint: Option<Template>,
    /// Client certificate, PEM file.
    pub cert: Option<Template>,
    /// Client key, PEM file.
    pub key: Option<Template>,
}

/// A round trip through a key management service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kms {
    /// Base address of the API with its context path, such as `https://host:8080/service/api/v1`.
    pub url: Template,
    /// Path under which keys are; `/elastickey`.
    pub path: Option<Template>,
    /// Path of a key under which material keys are made; `materialkey`.
    pub material: Option<Template>,
    /// How the name of the key begins; `flightdeck`.
    pub name: Option<Template>,
    /// Algorithm of the key; `A256GCM/A256KW`.
    pub algorithm: Option<Template>,
    /// Algorithm of what is generated; `oct/256`.
    pub generate: Option<Template>,
    /// PEM file of the only CA to trust.
    pub ca: Option<Template>,
    /// sha256 of the server's certificate, to trust instead of a CA.
    pub fingerprint: Option<Template>,
    /// Client certificate, PEM file.
    pub cert: Option<Template>,
    /// Client key, PEM file.
    pub key: Option<Template>,
    /// `user:password`.
    pub basic_auth: Option<Template>,
    /// Bearer token.
    pub bearer: Option<Template>,
}

impl Oauth {
    /// Its texts.
    pub(super) fn texts(&mut self) -> Vec<&mut Template> {
        let mut texts = vec![&mut self.url, &mut self.client, &mut self.redirect, &mut self.user, &mut self.password];
        texts.extend(&mut self.forbidden);
        texts.extend(
            [
                &mut self.login,
                &mut self.resource,
                &mut self.client_secret,
                &mut self.scope,
                &mut self.wrong_scope,
                &mut self.authorize,
                &mut self.token,
                &mut self.introspect,
                &mut self.revoke,
                &mut self.ca,
                &mut self.fingerprint,
                &mut self.cert,
                &mut self.key,
            ]
            .into_iter()
            .flatten(),
        );
        texts
    }
}

impl Kms {
    /// Its texts.
    pub(super) fn texts(&mut self) -> Vec<&mut Template> {
        let mut texts = vec![&mut self.url];
        texts.extend(
            [
                &mut self.path,
                &mut self.material,
                &mut self.name,
                &mut self.algorithm,
                &mut self.generate,
                &mut self.ca,
                &mut self.fingerprint,
                &mut self.cert,
                &mut self.key,
                &mut self.basic_auth,
                &mut self.bearer,
            ]
            .into_iter()
            .flatten(),
        );
        texts
    }
}
