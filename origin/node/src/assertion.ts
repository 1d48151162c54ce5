import { base64url, flattenedVerify } from "jose";
import type { CryptoKey } from "jose";

import type { Caller } from "./caller.ts";
import { Members, WrongJson } from "./json.ts";

/** The request header with the assertion, in lower case. */
export const HEADER = "x-edgeward-identity";

const TYPE = "edgeward-identity+jwt";
const MAX_BYTES = 8 * 1024;
/** No assertion lives longer than this many seconds. */
const MAX_LIFETIME = 60;
/** The edge's clock may be this many seconds ahead. */
const MAX_SKEW = 5;

/** What the sender of a refused request is told. */
export type Code = "identity_missing" | "identity_repeated" | "identity_invalid" | "identity_expired";

/** Ed25519 keys by their ids. */
export type PublicKeys = ReadonlyMap<string, CryptoKey>;

/** An assertion failed a check. The message is for the log; the sender is told `code`. */
export class AssertionInvalid extends Error {
  readonly code: Code;

  constructor(reason: string, code: Code = "identity_invalid") {
    super(reason);
    this.code = code;
  }
}

/** No key has the assertion's `kid`: the edge may have a new one. */
export class UnknownKey extends AssertionInvalid {
  constructor(keyId: string) {
    super(`unknown \`kid\` "${[...keyId].slice(0, 64).join("")}"`);
  }
}

/** Verifies assertions of one edge for one server. */
export class Verifier {
  readonly issuer: string;
  readonly audience: string;

  /** `issuer` is the edge's public URL; `audience` is what the edge calls this server, by default its URL. */
  constructor(issuer: string, audience: string) {
    this.issuer = issuer;
    this.audience = audience;
  }

  /**
   * The caller that the header's value names, at `now` in seconds since the epoch.
   * @throws {AssertionInvalid} for the first check that fails.
   */
  async verify(assertion: string, keys: PublicKeys, now: number): Promise<Caller> {
    const { caller, issuedAt, expiresAt } = claimsOf(await signed(assertion, keys));
    if (issuedAt === undefined) throw new AssertionInvalid("no claim `iat`");
    if (expiresAt === undefined) throw new AssertionInvalid("no claim `exp`");
    if (caller.issuer !== this.issuer) throw new AssertionInvalid("wrong issuer");
    if (caller.audience !== this.audience) throw new AssertionInvalid("wrong audience");
    if (issuedAt > now + MAX_SKEW) throw new AssertionInvalid("issued in the future", "identity_expired");
    if (expiresAt - issuedAt > MAX_LIFETIME) throw new AssertionInvalid(`lifetime over ${MAX_LIFETIME} s`);
    if (expiresAt <= now) throw new AssertionInvalid("expired", "identity_expired");
    // Two users without a name would be one user.
    if (caller.subject === "") throw new AssertionInvalid("no subject");
    return caller;
  }
}

/** The claims of a token of this kind that is signed with one of `keys`. */
async function signed(token: string, keys: PublicKeys): Promise<Uint8Array> {
  if (new TextEncoder().encode(token).length > MAX_BYTES) throw new AssertionInvalid(`longer than ${MAX_BYTES} bytes`);
  const parts = token.split(".");
  const [protectedHeader, payload, signature] = parts;
  if (parts.length !== 3 || protectedHeader === undefined || payload === undefined || signature === undefined) throw notCompact();
  const [header, claims] = [protectedHeader, payload, signature].map(decode);
  if (header === undefined || claims === undefined) throw notCompact();
  const keyId = keyIdOf(header);
  const key = keys.get(keyId);
  if (key === undefined) throw new UnknownKey(keyId);
  try {
    await flattenedVerify({ protected: protectedHeader, payload, signature }, key, { algorithms: ["EdDSA"] });
  } catch {
    throw new AssertionInvalid("bad signature");
  }
  return claims;
}

/** The id of the key, of a header that is of this kind. */
function keyIdOf(bytes: Uint8Array): string {
  let header, alg, typ, keyId;
  try {
    header = new Members(bytes);
    [alg, typ, keyId] = [header.text("alg"), header.optionalText("typ"), header.optionalText("kid")];
  } catch (error) {
    throw error instanceof WrongJson ? notCompact() : error;
  }
  if (header.has("crit")) throw new AssertionInvalid("critical header extension");
  if (typ !== TYPE) throw new AssertionInvalid("wrong `typ`");
  if (alg !== "EdDSA") throw new AssertionInvalid("wrong `alg`");
  if (keyId === undefined) throw new AssertionInvalid("no `kid`");
  return keyId;
}

/** Base64url without padding, in its one canonical form. */
function decode(part: string): Uint8Array {
  // No bytes have a length of 1 modulo 4.
  if (!/^[A-Za-z0-9_-]*$/.test(part) || part.length % 4 === 1) throw notCompact();
  const decoded = base64url.decode(part);
  if (base64url.encode(decoded) !== part) throw notCompact();
  return decoded;
}

const notCompact = () => new AssertionInvalid("not a compact JWS");

function claimsOf(bytes: Uint8Array) {
  try {
    const claims = new Members(bytes);
    const [issuedAt, expiresAt, authTime] = [claims.seconds("iat"), claims.seconds("exp"), claims.seconds("auth_time")];
    const optional = <K extends string>(key: K, name: string) => {
      const text = claims.optionalText(name);
      return (text === undefined ? {} : { [key]: text }) as { [P in K]?: string };
    };
    const caller: Caller = {
      issuer: claims.text("iss"),
      audience: claims.text("aud"),
      subject: claims.text("sub"),
      kind: kindOf(claims),
      clientId: claims.text("client_id"),
      scopes: claims.text("scope").split(" ").filter((scope) => scope !== ""),
      ...optional("username", "username"),
      ...optional("email", "email"),
      ...optional("unverifiedEmail", "unverified_email"),
      groups: claims.texts("groups"),
      ...(authTime === undefined ? {} : { authTime }),
      grantId: claims.text("grant_id"),
    };
    return { caller, issuedAt, expiresAt };
  } catch (error) {
    throw error instanceof WrongJson ? new AssertionInvalid("malformed claims") : error;
  }
}

function kindOf(claims: Members): Caller["kind"] {
  const kind = claims.one("kind")?.value;
  if (kind === undefined || kind === "user") return "user";
  if (kind !== "machine") throw new WrongJson("a kind that is not known");
  return kind;
}
