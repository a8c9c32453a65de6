//! The authorization-code flow with PKCE, walked as a person, a client and a resource server would: authorize, login,
//! consent, token, introspection, the resource with and without the right to it, and the token taken back.

mod cookies;
mod forms;
mod hush;
mod legs;
mod settings;
mod use_it;
mod walk;

use super::ctx::Ctx;
use super::seen::Seen;
use crate::runbook::kinds::Oauth;
use cookies::Jar;
use hush::Hush;
use legs::Legs;
use settings::Settings;
use walk::Walk;

/// Looks once.
pub(super) async fn look(spec: &Oauth, ctx: &Ctx) -> Seen {
    let settings = match Settings::read(spec) {
        Ok(settings) => settings,
        Err(problem) => return problem.into(),
    };
    let mut hush = Hush::default();
    for secret in [Some(settings.password), settings.client_secret].into_iter().flatten() {
        hush.keep(secret.to_owned());
    }
    let until = tokio::time::Instant::now() + ctx.timeout.mul_f64(0.95);
    let mut walk = Walk { to: &settings, ctx, jar: Jar::default(), hush, legs: Legs::default(), until };
    walk.whole().await;
    walk.legs.seen(|leg| settings.wants(leg))
}
