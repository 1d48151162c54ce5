// A user pool that only pretends, for the trial's questions: refresh tokens, login pages, and the person in front of them.

import { createHash } from "node:crypto";
import type { HttpAnswer, HttpRequest } from "../../trial/outside.ts";
import { PROVIDER, REFUSAL } from "../../trial/questions/template.ts";

const GRACE = 60_000;
const answer = (status: number, body: object | string = "", headers: HttpAnswer["headers"] = {}): HttpAnswer => ({
  status,
  headers,
  body: (async function* () {
    yield typeof body === "string" ? body : JSON.stringify(body);
  })(),
});
const refused = (error: string, error_description?: string) => answer(400, { error, ...(error_description && { error_description }) });
const jwt = (claims: object) => `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2lnbmF0dXJl`;

interface User {
  password: string;
  isEnabled: boolean;
  attributes: Record<string, string>;
}

interface Token {
  readonly value: string;
  readonly parent: Token | undefined;
  replaced?: number;
  isLost?: boolean;
}

interface Family {
  readonly user: string;
  readonly claims: object;
  tokens: Token[];
  isOver: boolean;
}

/** Where a browser ends: back at the callback, or at a page. */
export type Arrival = Record<string, string> | "stays";

export class FakePool {
  replay: "supersedes" | "forks" | "repeats" | "refuses" = "supersedes";
  revocation: "newest_or_original" | "whole_family" = "newest_or_original";
  tokenTrigger: "before_code" | "at_token_endpoint" = "before_code";
  lambdaErrors: "on_page" | "at_callback" = "on_page";
  /** Whether an authentication is told as new where a session was used. */
  renews = false;
  /** Whether the session of the pool's own user answers although the URL names the identity provider. */
  prefersSession = false;
  /** How authorize ends for `prompt=none` without a session. */
  signedOut: "callback" | "error page" | "code" = "callback";
  /** How often authorize answers 404 before the login pages are there. */
  absent = 0;
  /** Whether disabled users with a session are signed in. */
  forgetsDisabled = false;
  /** Whether refresh tokens are good again when a disabled user is enabled. */
  forgives = false;
  size = 1780;
  /** What a refresh says that the trigger refuses. */
  refusedRefresh = `PreTokenGeneration failed with error ${REFUSAL}.`;
  readonly users = new Map<string, User>();
  private readonly families: Family[] = [];
  private readonly codes = new Map<string, { user: string; challenge: string | null; claims: Record<string, unknown> }>();
  private session: number | undefined;
  private made = 0;

  /** @param time In milliseconds. */
  constructor(private readonly time: () => number) {}

  user(pool: string, name: string): User {
    const found = this.users.get(`${pool} ${name}`);
    if (!found) throw new Error(`there is no user ${name} in ${pool}`);
    return found;
  }

  begin(user: string, claims: object = {}): string {
    const family: Family = { user, claims, tokens: [], isOver: false };
    this.families.push(family);
    return this.issue(family, undefined);
  }

  private issue(family: Family, parent: Token | undefined): string {
    const value = `refresh-${this.made++}-`.padEnd(this.size, "x");
    family.tokens.push({ value, parent });
    return value;
  }

  http({ method = "GET", url, body = "" }: HttpRequest): HttpAnswer {
    const { pathname, searchParams } = new URL(url);
    const form = new URLSearchParams(body);
    if (pathname === "/oauth2/authorize" && method === "GET") {
      if (this.absent-- > 0) return answer(404);
      // No cookie comes with it.
      if (searchParams.get("prompt") !== "none") return answer(302, "", { location: `/login?${searchParams}` });
      const query: Record<string, string> = this.signedOut === "code" ? { code: "code-of-nobody" } : { error: "login_required" };
      const page = this.signedOut === "error page" ? "/error" : searchParams.get("redirect_uri");
      return answer(302, "", { location: `${page}?${new URLSearchParams({ ...query, state: searchParams.get("state") ?? "" })}` });
    }
    if (form.get("client_id") !== "app-client") return refused("invalid_client");
    if (pathname === "/oauth2/revoke") return this.revoke(form.get("token") ?? "");
    return form.get("grant_type") === "refresh_token" ? this.refresh(form.get("refresh_token") ?? "") : this.redeem(form);
  }

  private tokens(family: Family, parent: Token | undefined) {
    return answer(200, {
      access_token: jwt({ "cognito:groups": ["pool_Elsewhere"], ...family.claims }),
      id_token: jwt(family.claims),
      refresh_token: this.issue(family, parent),
      expires_in: 3600,
    });
  }

  private redeem(form: URLSearchParams): HttpAnswer {
    const code = this.codes.get(form.get("code") ?? "");
    this.codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (!code || code.challenge !== challenge) return refused("invalid_grant");
    if (this.isRefused(code.user, "TokenGeneration_HostedAuth")) return refused("invalid_request", `PreTokenGeneration failed with error ${REFUSAL}.`);
    const family: Family = { user: code.user, claims: code.claims, tokens: [], isOver: false };
    this.families.push(family);
    return this.tokens(family, undefined);
  }

  private isRefused(user: string, source: string) {
    const at = this.users.get(user)?.attributes["nickname"];
    return !!at && source.startsWith(at);
  }

  private refresh(value: string): HttpAnswer {
    const family = this.families.find(({ tokens }) => tokens.some((token) => token.value === value));
    const token = family?.tokens.find((known) => known.value === value);
    if (!family || !token || family.isOver || token.isLost || !this.users.get(family.user)?.isEnabled) return refused("invalid_grant");
    if (this.isRefused(family.user, "TokenGeneration_RefreshTokens")) return refused("invalid_request", this.refusedRefresh);
    const children = family.tokens.filter(({ parent }) => parent === token);
    if (token.replaced !== undefined) {
      if (this.time() - token.replaced > GRACE || this.replay === "refuses") return refused("invalid_grant");
      const [first] = children;
      if (this.replay === "repeats" && first) return answer(200, { refresh_token: first.value, expires_in: 3600 });
      if (this.replay === "supersedes") for (const child of children) child.isLost = true;
    }
    token.replaced ??= this.time();
    return this.tokens(family, token);
  }

  private revoke(value: string): HttpAnswer {
    const family = this.families.find(({ tokens }) => tokens.some((token) => token.value === value));
    const isEdge = family && [family.tokens[0]?.value, family.tokens.at(-1)?.value].includes(value);
    if (family && (this.revocation === "whole_family" || isEdge)) family.isOver = true;
    return answer(200);
  }

  setEnabled(user: User, name: string, isEnabled: boolean) {
    user.isEnabled = isEnabled;
    if (!isEnabled && !this.forgives) this.signOut(name);
  }

  signOut(user: string) {
    for (const family of this.families) if (family.user === user) family.isOver = true;
  }

  /** The person opens a URL, and signs in where that is asked for. */
  browse(url: URL): Arrival {
    const { searchParams: query } = url;
    const state = query.get("state") ?? "";
    const error = (description: string) => ({ error: "invalid_request", error_description: description, state });
    const code = (user: string, claims: Record<string, unknown>) => {
      const value = `code-${this.made++}`;
      this.codes.set(value, { user, challenge: query.get("code_challenge"), claims });
      return { code: value, state };
    };
    if (query.get("identity_provider") === PROVIDER && !this.prefersSession) {
      const person = "provider-pool trial-person";
      if (this.isRefused(person, "PreSignUp_ExternalProvider")) return error(`PreSignUp failed with error ${REFUSAL}.`);
      this.users.set("pool federated", { password: "", isEnabled: true, attributes: {} });
      const identities = [{ userId: "trial-person", providerName: PROVIDER, providerType: "OIDC", issuer: null, primary: "true" }];
      return code("pool federated", { email_verified: true, "cognito:groups": [`eu-west-1_Pool_${PROVIDER}`], identities });
    }
    const user = "pool trial-user";
    if (!this.session || query.get("prompt") === "login") {
      if (query.get("prompt") === "none") return { error: "login_required", state };
      if (!this.users.get(user)?.isEnabled) return "stays";
      if (this.isRefused(user, "PreAuthentication_Authentication")) {
        this.session = undefined;
        return this.lambdaErrors === "on_page" ? "stays" : error(`PreAuthentication failed with error ${REFUSAL}.`);
      }
      this.session = this.time();
    }
    if (this.renews) this.session = this.time();
    if (!this.users.get(user)?.isEnabled && !this.forgetsDisabled) return "stays";
    const isRefused = this.tokenTrigger === "before_code" && this.isRefused(user, "TokenGeneration_HostedAuth");
    return isRefused ? error(`PreTokenGeneration failed with error ${REFUSAL}.`) : code(user, { auth_time: Math.floor(this.session / 1000) });
  }
}
