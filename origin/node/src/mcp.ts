import type { Caller } from "./caller.ts";

/** What the MCP SDK for TypeScript calls a verified access token. This one has none: the edge keeps it. */
export interface AuthInfo {
  token: string;
  clientId: string;
  scopes: string[];
  extra: Record<string, unknown>;
}

const KEY = "edgeward.caller";

/** The caller, as the SDK hands it on to tools: for `request.auth` before `transport.handleRequest`. */
export function authInfoOf(caller: Caller): AuthInfo {
  return { token: "", clientId: caller.clientId, scopes: [...caller.scopes], extra: { [KEY]: caller } };
}

/**
 * Who calls a tool, by the second argument that the SDK gives it.
 * @throws when the server does not stand behind the middleware.
 */
export function callerOf(extra: { authInfo?: { extra?: Record<string, unknown> | undefined } | undefined }): Caller {
  const caller = extra.authInfo?.extra?.[KEY];
  if (caller === undefined) throw new Error("no verified caller: use the middleware of @edgeward/identity before the MCP transport");
  return caller as Caller;
}
