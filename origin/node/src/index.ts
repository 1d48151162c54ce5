/** Verifies the identity that an Edgeward edge sends along to an MCP server. */
export { AssertionInvalid, HEADER, Verifier } from "./assertion.ts";
export type { Code, PublicKeys } from "./assertion.ts";
export type { Caller } from "./caller.ts";
export { requireIdentity } from "./express.ts";
export type { Identified } from "./express.ts";
export { requireIdentityHook } from "./fastify.ts";
export { Gate } from "./gate.ts";
export type { GateOptions, Refusal, Verdict } from "./gate.ts";
export { requireIdentityOfFetch } from "./hono.ts";
export { Keys, KeysUnavailable } from "./keys.ts";
export type { KeysOptions } from "./keys.ts";
export { authInfoOf, callerOf } from "./mcp.ts";
export type { AuthInfo } from "./mcp.ts";
