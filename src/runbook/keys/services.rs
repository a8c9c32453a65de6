//! Keys of looks at the services that a deployment runs: identity, keys.

use super::key::{Key, Kind, Part, key, part};

/// Whom a look trusts, and who it says it is.
static TRUST: [Key; 4] = [
    key("ca", Kind::Text, "A PEM file: the only CA to trust.").or("the system's"),
    key("fingerprint", Kind::Text, "The certificate's sha256, hex, to trust instead of a CA."),
    key("cert", Kind::Text, "A PEM file: the client's certificate."),
    key("key", Kind::Text, "A PEM file: the client's key."),
];

/// The authorization-code flow.
pub static OAUTH: Part = part(
    "oauth",
    "The authorization-code flow with PKCE, walked to its end: every look logs in.",
    &[
        &[
            key("url", Kind::Text, "The authorization server's base address.").needed(),
            key("login", Kind::Text, "The identity provider's base address, where it has one of its own.")
                .or("the authorization server's"),
            key("resource", Kind::Text, "A protected resource's address; without it, no resource is asked for."),
            key("forbidden", Kind::Texts, "What the token must not be good for, each `METHOD address`: 403 is wanted."),
            key("client", Kind::Text, "The client's id.").needed(),
            key("client_secret", Kind::Text, "The client's secret, if it has one."),
            key("redirect", Kind::Text, "The client's redirect address, exactly as registered; never called.").needed(),
            key("user", Kind::Text, "The user that logs in: one of tests, without a second factor.").needed(),
            key("password", Kind::Text, "The user's password.").needed(),
            key("scope", Kind::Text, "The token's scopes.").or("openid read:resource"),
            key("wrong_scope", Kind::Text, "Scopes that do not open the resource.").or("openid"),
            key("authorize", Kind::Text, "The path of that endpoint.").or("/oauth2/v1/authorize"),
            key("token", Kind::Text, "The path of that endpoint.").or("/oauth2/v1/token"),
            key("introspect", Kind::Text, "The path of that endpoint.").or("/oauth2/v1/introspect"),
            key("revoke", Kind::Text, "The path of that endpoint.").or("/oauth2/v1/revoke"),
        ],
        &TRUST,
    ],
);

/// A round trip through a KMS.
pub static KMS: Part = part(
    "kms",
    "A round trip through a key management service: every look makes a key.",
    &[
        &[
            key("url", Kind::Text, "The API's base address with its context path.").needed(),
            key("path", Kind::Text, "Where keys are made.").or("/elastickey"),
            key("material", Kind::Text, "Where a key's material keys are made, below the key.").or("materialkey"),
            key("name", Kind::Text, "How the names of its keys begin.").or("flightdeck"),
            key("algorithm", Kind::Text, "The key's algorithm.").or("A256GCM/A256KW"),
            key("generate", Kind::Text, "The algorithm of what is generated.").or("oct/256"),
            key("basic_auth", Kind::Text, "`user:password`."),
            key("bearer", Kind::Text, "A bearer token."),
        ],
        &TRUST,
    ],
)
.lone("url");
