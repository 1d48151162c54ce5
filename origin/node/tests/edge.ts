// An edge's key and what it signs, for tests.
import { readFileSync } from "node:fs";

import { SignJWT, importJWK } from "jose";

import { Keys } from "../src/index.ts";

export const ISSUER = "https://edge.example";
export const AUDIENCE = "https://origin.example";
export const NOW = 1_790_000_000;

const url = new URL("../../../shared/tests/vectors/accepted.json", import.meta.url);
const jwk = JSON.parse(readFileSync(url, "utf8")).key;
const privateKey = await importJWK(jwk, "EdDSA");
const { d: _, ...publicKey } = jwk;
export const PUBLIC: Record<string, string> = publicKey;

export const jwks = (...keys: unknown[]) => JSON.stringify({ keys });

export function assertion(claims: Record<string, unknown> = {}, kid = jwk.kid): Promise<string> {
  const all = {
    iss: ISSUER, aud: AUDIENCE, iat: NOW, exp: NOW + 60, sub: "user-1", client_id: "client-1", scope: "read write",
    username: "demo", grant_id: "grant-1", ...claims,
  };
  return new SignJWT(all).setProtectedHeader({ alg: "EdDSA", typ: "edgeward-identity+jwt", kid }).sign(privateKey);
}

/** Where keys are fetched: what it answers, how often it was asked, and a clock. */
export class Source {
  answers: (string | Error)[];
  asked = 0;
  now = NOW;

  constructor(...answers: (string | Error)[]) {
    this.answers = answers;
  }

  keys(): Keys {
    const fetch = async () => {
      this.asked += 1;
      const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
      if (typeof answer !== "string") throw answer;
      return answer;
    };
    return new Keys("https://edge.example/keys", { fetch, now: () => this.now, log: () => {} });
  }

  options() {
    return { issuer: ISSUER, audience: AUDIENCE, keys: this.keys(), now: () => this.now, log: () => {} };
  }
}
