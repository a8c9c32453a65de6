//! What a token is good for: introspection, the resource, and being taken back.

use reqwest::Url;

use super::super::http::Answer;
use super::super::seen::Problem;
use super::legs::Leg;
use super::walk::{Failed, Walk};
use crate::expr::Template;

impl Walk<'_> {
    /// The whole flow. The way to the token must be walked to its end; what the token is good for is asked leg by leg.
    pub async fn whole(&mut self) {
        let token = match self.token(self.to.scope).await {
            Ok(token) => token,
            Err(failed) => return self.legs.fail(failed),
        };
        if let Err(failed) = self.introspect(&token).await {
            self.legs.fail(failed);
        }
        if let Some(resource) = self.to.resource.clone() {
            self.resource(&resource, &token).await;
        }
        self.forbidden(&token).await;
        if let Err(failed) = self.revoke(&token).await {
            self.legs.fail(failed);
        }
    }

    async fn introspect(&mut self, token: &str) -> Result<(), Failed> {
        let failed = |why: String| Err((Leg::Introspect, Problem::failing(why)));
        let (json, took) = self.introspected(Leg::Introspect, token).await?;
        if json["active"] != true {
            return failed("a fresh token is not active".into());
        }
        // All but `active` may be left out (RFC 7662); what is there must be right.
        if let Some(client) = json["client_id"].as_str().filter(|c| *c != self.to.client) {
            return failed(format!("a fresh token belongs to the client {}", self.hush.hide(client)));
        }
        if let Some(scope) = json["scope"].as_str()
            && let Some(lacks) =
                self.to.scope.split_whitespace().find(|s| !scope.split_whitespace().any(|has| has == *s))
        {
            return failed(format!("a fresh token lacks the scope {lacks}"));
        }
        if json["exp"].as_f64().is_some_and(|exp| exp <= chrono::Utc::now().timestamp() as f64) {
            let problem = Problem::failing("a fresh token has expired already");
            return Err((Leg::Introspect, problem.hint("do the clocks of this machine and of the server agree?")));
        }
        let (garbage, _) = self.introspected(Leg::Introspect, "garbage").await?;
        if garbage["active"] != false {
            return failed("garbage is active".into());
        }
        self.legs.pass(Leg::Introspect, took);
        Ok(())
    }

    async fn introspected(
        &mut self,
        leg: Leg,
        token: &str,
    ) -> Result<(serde_json::Value, std::time::Duration), Failed> {
        let fields = [("token".to_owned(), token.to_owned())];
        let to = self.to.introspect.clone();
        let answer = self.ask(leg, "POST", &to, Some(&fields)).await?;
        if answer.status.as_u16() != 200 {
            return Err((leg, self.said(leg, &to, &answer)));
        }
        match serde_json::from_slice::<serde_json::Value>(&answer.body) {
            Ok(json) if json["active"].is_boolean() => Ok((json, answer.latency)),
            _ => Err((leg, Problem::failing("introspection does not say whether a token is active"))),
        }
    }

    async fn resource(&mut self, resource: &Url, token: &str) {
        let right = self.with(Leg::Resource, "GET", resource, Some(token)).await;
        self.told(Leg::Resource, "with the right scope", right, 200..300, "2xx");
        let none = self.with(Leg::NoToken, "GET", resource, None).await;
        self.told(Leg::NoToken, "without a token", none, 401..402, "401");
        let bad = self.hush.keep(tampered(token));
        let bad = self.with(Leg::BadToken, "GET", resource, Some(&bad)).await;
        self.told(Leg::BadToken, "with a token that was changed", bad, 401..402, "401");
        // A token of its own, by a login of its own; its way there was told already.
        let times = self.legs.times();
        let cookies = std::mem::take(&mut self.jar);
        let wrong = self.token(self.to.wrong_scope).await;
        self.jar = cookies;
        self.legs.restore(times);
        match wrong {
            Ok(wrong) => {
                let answer = self.with(Leg::WrongScope, "GET", resource, Some(&wrong)).await;
                self.told(Leg::WrongScope, "with another scope", answer, 403..404, "403");
                let fields = [("token".to_owned(), wrong)];
                let to = self.to.revoke.clone();
                // Tidying up: a token that stays expires by itself.
                let _ = self.ask(Leg::Revoke, "POST", &to, Some(&fields)).await;
            }
            Err((leg, problem)) => {
                let why = format!("no token with the scope {}: {}: {}", self.to.wrong_scope, leg.name(), problem.why);
                self.legs.fail((Leg::WrongScope, Problem { why, ..problem }));
            }
        }
    }

    /// What the token gives no right to must be refused, one and all.
    async fn forbidden(&mut self, token: &str) {
        for (method, url) in &self.to.forbidden {
            let answer = self.with(Leg::Forbidden, method, url, Some(token)).await;
            let how = format!("{method} {}", url.path());
            self.told(Leg::Forbidden, &how, answer, 403..404, "403");
            if self.legs.failed(Leg::Forbidden) {
                return;
            }
        }
    }

    /// Asks with a token, or without.
    async fn with(&mut self, leg: Leg, method: &str, url: &Url, token: Option<&str>) -> Result<Answer, Failed> {
        let mut request = self.request(method, url);
        request.bearer = token.map(Template::plain);
        self.send(leg, &request).await
    }

    /// Whether the resource server answered as it must.
    fn told(&mut self, leg: Leg, how: &str, answer: Result<Answer, Failed>, wanted: std::ops::Range<u16>, shown: &str) {
        match answer {
            Err(failed) => self.legs.fail(failed),
            Ok(answer) if wanted.contains(&answer.status.as_u16()) => self.legs.pass(leg, answer.latency),
            Ok(answer) => {
                let status = answer.status.as_u16();
                let problem = Problem::failing(format!("{how}: {status}, wanted {shown}"));
                let open = leg != Leg::Resource && (200..300).contains(&status);
                let open = open.then_some("who has no right is let in: do not go on, call the security team");
                let hint = open.or_else(|| leg.hint(status));
                self.legs.fail((leg, hint.into_iter().fold(problem, Problem::hint)));
            }
        }
    }

    async fn revoke(&mut self, token: &str) -> Result<(), Failed> {
        let fields = [("token".to_owned(), token.to_owned())];
        let to = self.to.revoke.clone();
        let answer = self.ask(Leg::Revoke, "POST", &to, Some(&fields)).await?;
        if !answer.status.is_success() {
            return Err((Leg::Revoke, self.said(Leg::Revoke, &to, &answer)));
        }
        let (json, _) = self.introspected(Leg::Revoke, token).await?;
        if json["active"] != false {
            return Err((Leg::Revoke, Problem::failing("a token that was taken back is still active")));
        }
        self.legs.pass(Leg::Revoke, answer.latency);
        Ok(())
    }
}

/// A token whose signature, or whose end, is another.
fn tampered(token: &str) -> String {
    let end = token.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    let tail = if token.ends_with("AAAA") { "BBBB" } else { "AAAA" };
    format!("{}{tail}", &token[..end])
}
