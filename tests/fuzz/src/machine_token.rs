//! Machines' tokens of Cognito's, as they come to the gate.

use edgeward_core::Decision;
use edgeward_identity::Kind;

use crate::{
    access_token::is_told,
    jwt, lines,
    support::{START, TestEdge},
};

pub(crate) const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example";
const RESOURCES: &str = r#"[{"path": "/mcp", "default_scopes": ["read"],
    "scopes": {"read": "Read", "write": {"words": "Write", "implies": ["read"]}},
    "machines": {"1machine": {"api/read": ["read"], "api/all": ["write"]}, "2machine": {"api/read": ["read"]}}}]"#;

/// The lines say how a token is made: see [`jwt::make`]. What passes is a machine's, signed with the user pool's key,
/// unchanged and not expired, to another library too; and the origin is told no more than its scope stands for.
pub fn check(data: &[u8]) {
    let Some([how, header, claims, changes]) = lines(data) else { return };
    let token = jwt::make(how, header, claims, changes);
    let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
    for _ in 0..2 {
        edge.reply(200, jwt::cognito_jwks());
    }
    let plan = match edge.gate_machine("/mcp", &token) {
        Decision::Forward(plan) => plan,
        Decision::Respond { response, .. } if matches!(response.status().as_u16(), 401 | 403) => return,
        other => panic!("{other:?}"),
    };
    crate::accept();
    let identity = is_told(&plan.identity);
    let token = jwt::verify(&token).expect("a token that another library verifies");
    assert_eq!(token.header["alg"], "RS256");
    assert_eq!(token.header["kid"], "r1");
    assert_eq!(token.text("iss"), Some(POOL));
    assert_eq!(token.text("token_use"), Some("access"));
    assert_eq!(token.text("sub"), token.text("client_id"));
    assert!(token.seconds("exp") > Some(START));
    for claim in ["aud", "username"] {
        assert!(token.claims.get(claim).is_none_or(serde_json::Value::is_null));
    }
    assert_eq!((identity.kind, Some(identity.subject.as_str())), (Kind::Machine, token.text("sub")));
    assert!(matches!(identity.subject.as_str(), "1machine" | "2machine"));
    let has = |scope: &str| token.text("scope").is_some_and(|all| all.split(' ').any(|one| one == scope));
    let may_write = identity.subject == "1machine" && has("api/all");
    let may_read = may_write || has("api/read");
    assert!(may_read, "nothing that the gate needs");
    assert!(identity.scopes.iter().all(|scope| scope == "read" && may_read || scope == "write" && may_write));
}
