import { importJWK } from "jose";
import type { CryptoKey } from "jose";

import type { PublicKeys } from "./assertion.ts";

/** Seconds between attempts, so that unknown ids of keys cause no storm. */
export const REFRESH_FLOOR = 10;
/** Seconds between attempts while keys have never been had: the edge may just be starting. */
export const FIRST_FETCH_FLOOR = 1;
/** Keys older than this many seconds are fetched again before they are used: one that was withdrawn may have leaked. */
export const MAX_AGE = 600;

const DEADLINE_MS = 5_000;
/** Longest that a request waits for others in place of keys that are too old. */
const PATIENCE_MS = 1_000;
const MAX_BYTES = 64 * 1024;

/** There are no keys that could decide. */
export class KeysUnavailable extends Error {
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super("the edge's keys could not be fetched");
    this.retryAfter = Math.max(1, retryAfter);
  }
}

export interface KeysOptions {
  /** Reads the JWKS; by default from the URL. */
  fetch?: () => Promise<string>;
  /** The time, in seconds since the epoch. */
  now?: () => number;
  /** Is told why a fetch failed. */
  log?: (line: string) => void;
}

/** The edge's public keys. A fetch that fails changes nothing: the keys had before stay good. */
export class Keys {
  readonly #url: string;
  readonly #fetch: () => Promise<string>;
  readonly #now: () => number;
  readonly #log: (line: string) => void;
  #keys: PublicKeys | undefined;
  #fetchedAt = 0;
  #lastAttempt: number | undefined;
  #lastFailed = false;
  #flight: Promise<void> | undefined;

  constructor(url: string, { fetch, now, log }: KeysOptions = {}) {
    this.#url = url;
    this.#fetch = fetch ?? (() => get(url));
    this.#now = now ?? (() => Math.floor(Date.now() / 1000));
    this.#log = log ?? ((line) => console.warn(line));
  }

  /** The keys that the edge with this public URL publishes. */
  static ofEdge(issuer: string, options?: KeysOptions): Keys {
    return new Keys(`${issuer}/.well-known/jwks.json`, options);
  }

  /**
   * The keys known now; waits for the first fetch if there are none.
   * @throws {KeysUnavailable}
   */
  async current(): Promise<PublicKeys> {
    const now = this.#now();
    if (this.#keys !== undefined && now - this.#fetchedAt <= MAX_AGE) return this.#keys;
    const flight = this.#takeOff(now);
    // The flight goes on; whoever comes meanwhile has the keys that there are.
    if (flight !== undefined) await within(flight, this.#keys === undefined ? DEADLINE_MS : PATIENCE_MS);
    if (this.#keys === undefined) throw new KeysUnavailable(this.#wait(now));
    return this.#keys;
  }

  /**
   * Keys newer than `seen`, which lack an id; nothing if there are none to be had now.
   * @throws {KeysUnavailable}
   */
  async newerThan(seen: PublicKeys): Promise<PublicKeys | undefined> {
    if (this.#keys !== seen) return this.#keys;
    const now = this.#now();
    await this.#takeOff(now);
    if (this.#keys !== seen) return this.#keys;
    // The id may belong to a key that is there already and could not be fetched.
    if (this.#lastFailed) throw new KeysUnavailable(this.#wait(now));
    return undefined;
  }

  /** Seconds until the next attempt may start. */
  #wait(now: number): number {
    const floor = this.#keys === undefined ? FIRST_FETCH_FLOOR : REFRESH_FLOOR;
    // A clock that was set back must not stop refreshing until it has caught up.
    if (this.#lastAttempt === undefined || this.#lastAttempt > now) return 0;
    return Math.max(0, this.#lastAttempt + floor - now);
  }

  /** Starts a fetch, or joins the one under way; nothing when the last attempt is too recent. */
  #takeOff(now: number): Promise<void> | undefined {
    if (this.#flight !== undefined) return this.#flight;
    if (this.#wait(now) > 0) return undefined;
    this.#lastAttempt = now;
    this.#flight = this.#read(now).finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  async #read(now: number): Promise<void> {
    try {
      this.#keys = await parse(await this.#fetch());
      this.#fetchedAt = now;
      this.#lastFailed = false;
    } catch (error) {
      this.#lastFailed = true;
      this.#log(`the edge's keys could not be fetched from ${this.#url}: ${error}`);
    }
  }
}

async function within(flight: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([flight, late]);
  clearTimeout(timer);
}

async function get(url: string): Promise<string> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const answer = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  let body = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    body += decoder.decode(chunk, { stream: true });
    if (body.length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
  }
  return body;
}

/** The Ed25519 signature keys of a JWKS. Keys of other kinds are passed over. */
export async function parse(document: string): Promise<PublicKeys> {
  const jwks: unknown = JSON.parse(document);
  const listed = isObject(jwks) ? jwks["keys"] : undefined;
  if (!Array.isArray(listed)) throw new Error("not a JWKS");
  const found = new Map<string, CryptoKey>();
  for (const jwk of listed.filter(isForSignatures)) {
    const { kid, x } = jwk;
    if (typeof kid !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(kid)) throw new Error("a key without a usable `kid`");
    if (found.has(kid)) throw new Error(`two keys with the \`kid\` ${kid}`);
    if (typeof x !== "string") throw new Error(`the key ${kid} is no Ed25519 key`);
    found.set(kid, (await importJWK({ kty: "OKP", crv: "Ed25519", x }, "EdDSA")) as CryptoKey);
  }
  if (found.size === 0) throw new Error("no Ed25519 signature key");
  return found;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

function isForSignatures(jwk: unknown): jwk is Json {
  if (!isObject(jwk) || jwk["kty"] !== "OKP" || jwk["crv"] !== "Ed25519") return false;
  const { use = "sig", alg = "EdDSA" } = jwk;
  return use === "sig" && (alg === "EdDSA" || alg === "Ed25519");
}
