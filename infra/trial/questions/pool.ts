// The temporary pool: its OAuth endpoints, its users, and the person with the browser.

import { createHash, randomBytes } from "node:crypto";
import { text, type HttpAnswer, type Listener, type Outside } from "../outside.ts";
import type { Redactor } from "../redact.ts";
import { PROVIDER, REFUSED_AT } from "./template.ts";

const FORM = { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json", "User-Agent": "edgeward-trial" };

/** How long a person has for one visit. */
const VISIT = 10 * 60_000;

/** Looks for the login pages, of 15 seconds each. */
const LOOKS = 20;

/** Where authorize sends a browser without a session as soon as the login pages are there. */
const READY = "sent to /login";

/** What the person opens where Cognito shows an error page instead of sending the browser back. */
const STAYED = "the browser stays at a page of Cognito";

/** What the token endpoint says. */
export type TokenAnswer =
  | { readonly good: true; readonly refresh: string | undefined; readonly claims: Readonly<Record<string, unknown>> }
  /** As it is to be reported: status, error, description. */
  | { readonly good: false; readonly said: string };

/** How a visit to the login pages ends. */
export type Visit =
  | { readonly kind: "code"; readonly code: string; readonly verifier: string }
  | { readonly kind: "error"; readonly said: string }
  /** The browser stays at a page. */
  | { readonly kind: "nothing"; readonly said: string };

export interface User {
  readonly name: string;
  readonly password: string;
}

export interface PoolIds {
  readonly pool: string;
  readonly client: string;
  /** Host of the login pages. */
  readonly domain: string;
  readonly providerPool: string;
}

export class Pool {
  /** Of the pool's own. */
  readonly user = newUser("trial-user");
  /** Of the identity provider. */
  readonly providerUser = newUser("trial-person");

  /** When the browser's session was last authenticated, by `auth_time`; nothing before the first sign-in. */
  authenticated: number | undefined;
  /** Whether `auth_time` is new only where Cognito asked for the password. */
  isTimeSure = true;

  constructor(
    readonly outside: Outside,
    private readonly redactor: Redactor,
    private readonly region: string,
    private readonly ids: PoolIds,
    private readonly listener: Listener,
  ) {
    for (const { password } of [this.user, this.providerUser]) redactor.secret(password);
  }

  /** Waits for the login pages: a new domain takes up to a minute, and answers with errors before. */
  async ready(): Promise<void> {
    let seen = "";
    for (let look = 0; look < LOOKS; look++) {
      if (look > 0) await this.outside.pause();
      seen = await this.authorizeWithoutSession({}).catch((error: Error) => error.message);
      if (seen === READY) return;
    }
    throw new Error(`the login pages do not answer: ${seen}`);
  }

  /** Makes both users. */
  async createUsers(): Promise<void> {
    const { aws } = this.outside;
    await aws.createUser(this.region, this.ids.pool, this.user.name, this.user.password, attributesOf(this.user));
    await aws.createUser(this.region, this.ids.providerPool, this.providerUser.name, this.providerUser.password, attributesOf(this.providerUser));
  }

  /** Lets the Lambda refuse the pool's own user at a trigger while something is done. */
  async refusing<T>(trigger: string, act: () => Promise<T>): Promise<T> {
    return this.whileSet(this.ids.pool, this.user, trigger, act);
  }

  /** The same for the identity provider's user, who has the attribute there. */
  async refusingFederated<T>(trigger: string, act: () => Promise<T>): Promise<T> {
    return this.whileSet(this.ids.providerPool, this.providerUser, trigger, act);
  }

  private async whileSet<T>(pool: string, user: User, trigger: string, act: () => Promise<T>): Promise<T> {
    const { aws } = this.outside;
    await aws.setAttribute(this.region, pool, user.name, REFUSED_AT, trigger);
    try {
      return await act();
    } finally {
      await aws.setAttribute(this.region, pool, user.name, REFUSED_AT, "");
    }
  }

  /** Disables the pool's own user while something is done. */
  async disabled<T>(act: () => Promise<T>): Promise<T> {
    await this.outside.aws.setEnabled(this.region, this.ids.pool, this.user.name, false);
    try {
      return await act();
    } finally {
      await this.outside.aws.setEnabled(this.region, this.ids.pool, this.user.name, true);
    }
  }

  /** The identity provider's user leaves. */
  async leave(): Promise<void> {
    await this.outside.aws.setEnabled(this.region, this.ids.providerPool, this.providerUser.name, false);
  }

  async signOutEverywhere(): Promise<void> {
    await this.outside.aws.signOutEverywhere(this.region, this.ids.pool, this.user.name);
  }

  /** A refresh token without a browser: Cognito documents that the token endpoint refreshes it like one of the login pages. */
  async grant(): Promise<string> {
    const { pool, client } = this.ids;
    return this.redactor.secret(await this.outside.aws.signInAsAdmin(this.region, pool, client, this.user.name, this.user.password));
  }

  refresh(token: string): Promise<TokenAnswer> {
    return this.token({ grant_type: "refresh_token", refresh_token: token });
  }

  redeem({ code, verifier }: Visit & { kind: "code" }): Promise<TokenAnswer> {
    return this.token({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: this.listener.redirectUri });
  }

  /** @returns The status, and the error if there is one. */
  async revoke(token: string): Promise<string> {
    const answer = await this.post("/oauth2/revoke", { token });
    return said(answer.status, await text(answer));
  }

  /** Where a browser without cookies is sent. */
  async authorizeWithoutSession(extra: Readonly<Record<string, string>>): Promise<string> {
    const { url } = this.question(extra);
    const answer = await this.outside.http({ url, headers: { "User-Agent": "edgeward-trial" } });
    await text(answer);
    const { location } = answer.headers;
    if (typeof location !== "string") return `status ${answer.status}, and no Location`;
    const target = new URL(location, url);
    const redirect = new URL(this.listener.redirectUri);
    if (target.origin === redirect.origin && target.pathname === redirect.pathname) return callback(target.searchParams);
    // Cognito has an error page of its own, whose URL names the error as a callback does.
    if (target.searchParams.has("error")) return `page ${target.pathname}: ${errorOf(target.searchParams)}`;
    return target.origin === new URL(url).origin ? `sent to ${target.pathname}` : "sent elsewhere";
  }

  /**
   * Asks the person to open the login pages.
   * @throws Error when nobody comes back.
   */
  async visit(todo: string, extra: Readonly<Record<string, string>> = {}): Promise<Visit> {
    const { outside, listener, redactor } = this;
    const { url, state, verifier } = this.question(extra);
    outside.say(`Open this in the browser on this machine. ${todo}`);
    outside.say(`  ${url}`);
    outside.say(`  If an error page stays there, open ${listener.redirectUri}?error=stayed`);
    for (;;) {
      const query = await listener.next(VISIT);
      // It says nothing about the pool.
      if (!query) throw new Error(`nobody came back within ${VISIT / 60_000} minutes`);
      if (query.get("error") === "stayed") return { kind: "nothing", said: STAYED };
      // Of an earlier visit, or forged.
      if (query.get("state") !== state) continue;
      const code = query.get("code");
      return code ? { kind: "code", code: redactor.secret(code), verifier } : { kind: "error", said: callback(query) };
    }
  }

  /** The same at the identity provider. */
  visitFederated(todo: string): Promise<Visit> {
    return this.visit(todo, { identity_provider: PROVIDER });
  }

  private question(extra: Readonly<Record<string, string>>) {
    const [verifier, state] = [randomBytes(32), randomBytes(16)].map((bytes) => this.redactor.secret(bytes.toString("base64url"))) as [string, string];
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.ids.client,
      redirect_uri: this.listener.redirectUri,
      scope: "openid email profile",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      state,
      ...extra,
    });
    return { url: `https://${this.ids.domain}/oauth2/authorize?${query}`, state, verifier };
  }

  private async token(form: Readonly<Record<string, string>>): Promise<TokenAnswer> {
    const answer = await this.post("/oauth2/token", form);
    const body = await text(answer);
    if (answer.status !== 200) return { good: false, said: said(answer.status, body) };
    const { refresh_token, access_token, id_token } = JSON.parse(body);
    for (const token of [refresh_token, access_token, id_token]) if (token) this.redactor.secret(token);
    return { good: true, refresh: refresh_token, claims: { ...payload(access_token), ...payload(id_token) } };
  }

  private post(path: string, form: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const body = new URLSearchParams({ ...form, client_id: this.ids.client }).toString();
    return this.outside.http({ method: "POST", url: `https://${this.ids.domain}${path}`, headers: FORM, body });
  }
}

/** The claims of a token, unverified: this is about what Cognito says. */
function payload(token: unknown): Record<string, unknown> {
  if (typeof token !== "string") return {};
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}");
}

function said(status: number, body: string): string {
  let error: { error?: string; error_description?: string } = {};
  try {
    error = JSON.parse(body);
  } catch {
    // No JSON: the status has to do.
  }
  return [`${status}`, error.error, error.error_description && `"${error.error_description}"`].filter(Boolean).join(" ");
}

function errorOf(query: URLSearchParams): string {
  const description = query.get("error_description");
  return `${query.get("error") ?? "neither code nor error"}${description ? ` "${description}"` : ""}`;
}

const callback = (query: URLSearchParams) => (query.get("code") ? "callback: a code" : `callback: ${errorOf(query)}`);

function newUser(name: string): User {
  // Long enough for every policy, and with each kind of character.
  return { name, password: `Aa1!${randomBytes(12).toString("base64url")}` };
}

const attributesOf = ({ name }: User) => ({ email: `${name}@example.com`, email_verified: "true" });
