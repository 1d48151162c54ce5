//! What Cognito's token endpoint answers, and the tokens in it.

use edgeward_core::{
    oauth::{ClientDigest, CodeChallenge, Prompt, RedirectUri, Scope, redirect_uri::PrivateUseSchemes},
    platform::UnixTime,
    sealed::{self, AuthorizationCode, Transaction},
};
use serde_json::{Value, json};

use crate::{
    jwt, lines,
    machine_token::POOL,
    support::{CHALLENGE, START, TestEdge, VERIFIER, config, post_form},
};

const NONCE: &str = "the-nonce-of-this-sign-in";
const SUBJECT: &str = "subject";

/// The first line says what is of the fuzzer's making: `id` or `access`, a token, made as the next four lines say (see
/// [`jwt::make`]), beside a good one of the other kind; anything else, and the whole answer is what follows the line.
/// Tokens are issued for the user alone whom two tokens of this pool name, signed and not expired to another library
/// too, and do not outlive Cognito's.
pub fn check(data: &[u8]) {
    let Some([what, rest]) = lines(data) else { return };
    let token = |good: Value, kind: &str| match lines(rest.as_bytes()) {
        Some([how, header, claims, changes]) if what == kind => jwt::make(how, header, claims, changes),
        _ => jwt::make("rsa", r#"{"alg":"RS256","kid":"r1"}"#, &good.to_string(), ""),
    };
    let id = token(
        json!({
            "iss": POOL, "sub": SUBJECT, "aud": "upstreamclient", "token_use": "id", "exp": START + 3600, "nonce": NONCE,
        }),
        "id",
    );
    let access = token(
        json!({
            "iss": POOL, "sub": SUBJECT, "client_id": "upstreamclient", "token_use": "access", "exp": START + 3600,
            "scope": "openid email",
        }),
        "access",
    );
    let answer = match what {
        "id" | "access" => json!({ "id_token": id, "access_token": access, "refresh_token": "next" }).to_string(),
        _ => rest.replace("{id}", &id).replace("{access}", &access),
    };
    let edge = TestEdge::new();
    edge.world.keys.replace(Some(jwt::cognito_jwks()));
    edge.reply(200, answer.clone());
    let client = edge.public_client();
    let code = code(&edge, &client);
    let parameters =
        [("grant_type", "authorization_code"), ("client_id", &client), ("code", &code), ("code_verifier", VERIFIER)];
    let response = edge.respond(post_form("/token", &[], &parameters));
    let issued: Value = serde_json::from_str(response.body()).unwrap();
    match response.status().as_u16() {
        200 => is_good(&issued, &answer),
        503 => assert_eq!(issued["error"], "temporarily_unavailable"),
        status => panic!("{status}: {issued}"),
    }
}

fn is_good(issued: &Value, answer: &str) {
    crate::accept();
    let answer: Value = serde_json::from_str(answer).unwrap();
    let verified = |member: &str| {
        let token = jwt::verify(answer[member].as_str().unwrap()).expect("a token that another library verifies");
        assert_eq!((&token.header["alg"], &token.header["kid"]), (&"RS256".into(), &"r1".into()));
        assert_eq!((token.text("iss"), token.text("sub")), (Some(POOL), Some(SUBJECT)));
        assert!(token.seconds("exp").unwrap().saturating_add(60) > START);
        token
    };
    let (id, access) = (verified("id_token"), verified("access_token"));
    assert_eq!((id.text("token_use"), access.text("token_use")), (Some("id"), Some("access")));
    assert_eq!((id.text("aud"), access.text("client_id")), (Some("upstreamclient"), Some("upstreamclient")));
    assert_eq!(id.text("nonce"), Some(NONCE));
    let token = jwt::verify(issued["access_token"].as_str().unwrap()).expect("ours, to another library too");
    assert_eq!((token.text("sub"), token.text("scope")), (Some(SUBJECT), Some("mcp")));
    let expires_at = access.seconds("exp").unwrap();
    assert_eq!(token.seconds("exp"), Some(expires_at.min(START + 900)), "an access token outlives Cognito's");
    assert_eq!(issued["expires_in"], expires_at.min(START + 900).saturating_sub(START));
    let text = issued.to_string();
    for theirs in ["id_token", "access_token"].map(|member| answer[member].as_str().unwrap_or("")) {
        assert!(!text.contains(theirs), "a token of Cognito's is handed on");
    }
}

/// A code that the client may redeem.
fn code(edge: &TestEdge, client: &str) -> String {
    let client = ClientDigest::of(client);
    let uri = || RedirectUri::parse("https://client.example/cb", &PrivateUseSchemes::default()).unwrap();
    let transaction = Transaction {
        id: "transaction".to_owned(),
        client: client.clone(),
        redirect_target: uri().find_in(&[uri()]).unwrap(),
        client_state: None,
        code_challenge: CodeChallenge::parse(CHALLENGE).unwrap(),
        resource: "https://edge.example/mcp".to_owned(),
        scope: Scope::parse("mcp").unwrap(),
        upstream_verifier: VERIFIER.to_owned(),
        upstream_nonce: NONCE.to_owned(),
        prompt: Prompt::default(),
        login_hint: None,
        remembered: None,
    };
    let code = AuthorizationCode { upstream_code: "upstream".to_owned(), transaction };
    let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(START));
    sealed::seal(&code, client.as_str(), &keys, now, &edge.world).unwrap()
}
