import { AssertionInvalid, HEADER, UnknownKey, Verifier } from "./assertion.ts";
import type { Caller } from "./caller.ts";
import { Keys, KeysUnavailable } from "./keys.ts";

export interface GateOptions {
  /** The edge's public URL. */
  issuer: string;
  /** What the edge calls this server: by default the URL that it reaches it at. */
  audience: string;
  /** By default those that the edge publishes. */
  keys?: Keys;
  /** The time, in seconds since the epoch. */
  now?: () => number;
  /** Is told why a request was refused. */
  log?: (line: string) => void;
}

/** An answer in place of the server's. */
export interface Refusal {
  readonly status: 401 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Verdict = { readonly caller: Caller } | { readonly refusal: Refusal };

/** Decides about requests by their identity assertion, for whatever framework. */
export class Gate {
  readonly #verifier: Verifier;
  readonly #keys: Keys;
  readonly #now: () => number;
  readonly #log: (line: string) => void;

  constructor({ issuer, audience, keys, now, log }: GateOptions) {
    this.#verifier = new Verifier(issuer, audience);
    this.#keys = keys ?? Keys.ofEdge(issuer);
    this.#now = now ?? (() => Math.floor(Date.now() / 1000));
    this.#log = log ?? ((line) => console.warn(line));
  }

  /** `values` are those of the header, one for each time that it was sent. */
  async admit(values: readonly string[]): Promise<Verdict> {
    try {
      return { caller: await this.#caller(values) };
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        this.#log(`a request was refused: ${error.message}`);
        return { refusal: refusal(503, "identity_keys_unavailable", { "retry-after": `${error.retryAfter}` }) };
      }
      if (!(error instanceof AssertionInvalid)) throw error;
      this.#log(`a request was refused: identity assertion: ${error.message}`);
      // RFC 9110 §15.5.2: a 401 has a challenge. Not `Bearer`, or a client would fetch a token for this server.
      return { refusal: refusal(401, error.code, { "www-authenticate": "Edgeward" }) };
    }
  }

  async #caller(values: readonly string[]): Promise<Caller> {
    const [assertion, second] = values;
    if (assertion === undefined) throw new AssertionInvalid("there is none", "identity_missing");
    if (second !== undefined) throw new AssertionInvalid("there is more than one", "identity_repeated");
    if (!/^[\t\x20-\x7e]*$/.test(assertion)) throw new AssertionInvalid("not text");
    const keys = await this.#keys.current();
    try {
      return await this.#verifier.verify(assertion, keys, this.#now());
    } catch (error) {
      // The edge may have a new one.
      const newer = error instanceof UnknownKey ? await this.#keys.newerThan(keys) : undefined;
      if (newer === undefined) throw error;
      return await this.#verifier.verify(assertion, newer, this.#now());
    }
  }
}

function refusal(status: 401 | 503, error: string, more: Record<string, string>): Refusal {
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...more };
  return { status, headers, body: JSON.stringify({ error }) };
}

/** The values of the header, as they were sent: Node joins or drops repeated ones elsewhere. */
export function rawValues(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === HEADER);
}

/** Takes the header away from a request of Node's, so that nothing behind logs it or passes it on. */
export function removeHeader(request: { rawHeaders: string[]; headers: Record<string, unknown> }): void {
  const { rawHeaders } = request;
  request.rawHeaders = rawHeaders.filter((_, at) => rawHeaders[at - (at % 2)]?.toLowerCase() !== HEADER);
  delete request.headers[HEADER];
}
