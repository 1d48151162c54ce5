// Signs a person in as any MCP client does: dynamic registration, authorization code with PKCE, refresh tokens.

import { createHash, randomBytes } from "node:crypto";
import { text, type HttpRequest, type Outside } from "./outside.ts";
import type { Redactor } from "./redact.ts";

const FORM = { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json", "User-Agent": "edgeward-trial" };

type Http = Outside["http"];

export interface Tokens {
  readonly access: string;
  readonly refresh: string | undefined;
  /** When it is renewed, in milliseconds. */
  readonly until: number;
}

export class Session {
  private client: { id: string; tokenEndpoint: string } | undefined;
  private tokens: Tokens | undefined;

  /**
   * @param issuer The edge's public URL.
   * @param resource URL of the MCP endpoint.
   */
  constructor(
    private readonly outside: Outside,
    private readonly redactor: Redactor,
    private readonly issuer: string,
    readonly resource: string,
  ) {}

  /** An access token that is good for a while. Asks a person to sign in, the first time. */
  async accessToken(): Promise<string> {
    if (!this.client || !this.tokens) return (await this.signIn()).access;
    if (this.outside.now() < this.tokens.until) return this.tokens.access;
    return (await this.refresh()).access;
  }

  /**
   * @param http What the request is made with, if it is to take another way than all others.
   * @throws Error when there is no refresh token, or it is refused.
   */
  async refresh(http?: Http): Promise<Tokens> {
    const { client, tokens } = this;
    if (!client || !tokens?.refresh) throw new Error("there is no refresh token");
    return this.redeem(client, { grant_type: "refresh_token", refresh_token: tokens.refresh }, http);
  }

  private async signIn(): Promise<Tokens> {
    const { outside, redactor } = this;
    const metadata = await this.json({ url: `${this.issuer}/.well-known/oauth-authorization-server`, headers: { Accept: "application/json", "User-Agent": "edgeward-trial" } });
    const listener = await outside.listen();
    try {
      const registered = await this.json({
        method: "POST",
        url: metadata["registration_endpoint"],
        headers: { ...FORM, "Content-Type": "application/json" },
        body: JSON.stringify({ client_name: "Edgeward trial", redirect_uris: [listener.redirectUri], token_endpoint_auth_method: "none" }),
      });
      this.client = { id: redactor.secret(registered["client_id"]), tokenEndpoint: metadata["token_endpoint"] };
      const [verifier, state] = [randomBytes(32), randomBytes(16)].map((bytes) => redactor.secret(bytes.toString("base64url"))) as [string, string];
      const question = new URLSearchParams({
        response_type: "code",
        client_id: this.client.id,
        redirect_uri: listener.redirectUri,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        state,
        resource: this.resource,
      });
      outside.say("Open this in a browser on this machine, and sign in:");
      outside.say(`  ${metadata["authorization_endpoint"]}?${question}`);
      const answer = await listener.query;
      if (answer.get("state") !== state) throw new Error("the browser came back with another state");
      const code = answer.get("code");
      if (!code) throw new Error(`the sign-in failed: ${answer.get("error") ?? "no code"}`);
      const grant = { grant_type: "authorization_code", code: redactor.secret(code), code_verifier: verifier, redirect_uri: listener.redirectUri };
      return await this.redeem(this.client, grant);
    } finally {
      listener.close();
    }
  }

  private async redeem(client: { id: string; tokenEndpoint: string }, grant: Record<string, string>, http?: Http): Promise<Tokens> {
    const body = new URLSearchParams({ ...grant, client_id: client.id, resource: this.resource }).toString();
    const answer = await this.json({ method: "POST", url: client.tokenEndpoint, headers: FORM, body }, http);
    const refresh = answer["refresh_token"] ?? this.tokens?.refresh;
    this.tokens = {
      access: this.redactor.secret(answer["access_token"]),
      refresh: refresh && this.redactor.secret(refresh),
      // A minute early.
      until: this.outside.now() + (Number(answer["expires_in"]) - 60) * 1000,
    };
    return this.tokens;
  }

  private async json(request: HttpRequest, http?: Http): Promise<Record<string, any>> {
    const answer = await (http ? http(request) : this.outside.http(request));
    const body = await text(answer);
    if (answer.status < 200 || answer.status > 299) throw new Error(`${new URL(request.url).pathname} answers ${answer.status}: ${body.slice(0, 200)}`);
    return JSON.parse(body);
  }
}
