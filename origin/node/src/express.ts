import type { IncomingMessage, ServerResponse } from "node:http";

import type { Caller } from "./caller.ts";
import { Gate, rawValues, removeHeader } from "./gate.ts";
import type { GateOptions } from "./gate.ts";
import { authInfoOf } from "./mcp.ts";
import type { AuthInfo } from "./mcp.ts";

/** A request that was let through. `auth` is what the MCP SDK's transports look for. */
export type Identified = { caller: Caller; auth: AuthInfo };

/** Middleware for Express and Connect: handlers find the caller as `request.caller`. */
export function requireIdentity(options: GateOptions) {
  const gate = new Gate(options);
  return (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    gate.admit(rawValues(request.rawHeaders)).then((verdict) => {
      if ("refusal" in verdict) {
        const { status, headers, body } = verdict.refusal;
        response.writeHead(status, headers).end(body);
        return;
      }
      removeHeader(request);
      Object.assign(request, { caller: verdict.caller, auth: authInfoOf(verdict.caller) } satisfies Identified);
      next();
    }, next);
  };
}
