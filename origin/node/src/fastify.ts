import type { IncomingMessage } from "node:http";

import { Gate, rawValues, removeHeader } from "./gate.ts";
import type { GateOptions } from "./gate.ts";
import { authInfoOf } from "./mcp.ts";

interface Request {
  raw: IncomingMessage;
}

interface Reply {
  code(status: number): Reply;
  headers(headers: Record<string, string>): Reply;
  send(body: string): unknown;
}

/** An `onRequest` hook for Fastify: handlers find the caller as `request.raw.caller`. */
export function requireIdentityHook(options: GateOptions) {
  const gate = new Gate(options);
  return async (request: Request, reply: Reply): Promise<unknown> => {
    const verdict = await gate.admit(rawValues(request.raw.rawHeaders));
    if ("refusal" in verdict) {
      const { status, headers, body } = verdict.refusal;
      return reply.code(status).headers({ ...headers }).send(body);
    }
    removeHeader(request.raw);
    Object.assign(request.raw, { caller: verdict.caller, auth: authInfoOf(verdict.caller) });
    return undefined;
  };
}
