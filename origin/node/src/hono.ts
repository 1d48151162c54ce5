import { HEADER } from "./assertion.ts";
import { Gate } from "./gate.ts";
import type { GateOptions } from "./gate.ts";

interface Context {
  req: { raw: Request };
  set(key: string, value: unknown): void;
}

/**
 * Middleware for Hono: handlers find the caller as `context.get("caller")`. A Fetch request joins repeated headers with a comma,
 * which no assertion has in it, so they are refused all the same.
 */
export function requireIdentityOfFetch(options: GateOptions) {
  const gate = new Gate(options);
  return async (context: Context, next: () => Promise<void>): Promise<Response | void> => {
    const value = context.req.raw.headers.get(HEADER);
    const values = value === null ? [] : value.split(/,\s*/);
    const verdict = await gate.admit(values);
    if ("refusal" in verdict) {
      const { status, headers, body } = verdict.refusal;
      return new Response(body, { status, headers });
    }
    const headers = new Headers(context.req.raw.headers);
    headers.delete(HEADER);
    context.req.raw = new Request(context.req.raw, { headers });
    context.set("caller", verdict.caller);
    return await next();
  };
}
