//! Looks at the services that a deployment runs: identity, keys.

use crate::expr::Template;
use crate::runbook::kinds::{Kms, Oauth};
use crate::runbook::model::Want;

use super::reader::Cx;

impl Cx<'_, '_, '_> {
    pub(super) fn hidden(&mut self, key: &'static str) -> Option<Template> {
        self.text(key, Want::Hidden)
    }

    pub(super) fn needed(&mut self, key: &'static str) -> Template {
        self.hidden(key).unwrap_or_default()
    }

    pub(super) fn oauth(&mut self) -> Oauth {
        Oauth {
            url: self.needed("url"),
            login: self.hidden("login"),
            resource: self.hidden("resource"),
            forbidden: self.texts("forbidden", Want::Hidden),
            client: self.needed("client"),
            client_secret: self.hidden("client_secret"),
            redirect: self.needed("redirect"),
            user: self.needed("user"),
            password: self.needed("password"),
            scope: self.hidden("scope"),
            wrong_scope: self.hidden("wrong_scope"),
            authorize: self.hidden("authorize"),
            token: self.hidden("token"),
            introspect: self.hidden("introspect"),
            revoke: self.hidden("revoke"),
            ca: self.hidden("ca"),
            fingerprint: self.hidden("fingerprint"),
            cert: self.hidden("cert"),
            key: self.hidden("key"),
        }
    }

    pub(super) fn kms(&mut self) -> Kms {
        Kms {
            url: self.needed("url"),
            path: self.hidden("path"),
            material: self.hidden("material"),
            name: self.hidden("name"),
            algorithm: self.hidden("algorithm"),
            generate: self.hidden("generate"),
            ca: self.hidden("ca"),
            fingerprint: self.hidden("fingerprint"),
            cert: self.hidden("cert"),
            key: self.hidden("key"),
            basic_auth: self.hidden("basic_auth"),
            bearer: self.hidden("bearer"),
        }
    }
}
