// Forwards a request to the MCP server, as the plan and the rules of edge/core/src/forward.rs say.
import { failure, respond } from "./answer.mjs";
import { retire } from "./instance.mjs";

// The header fields of a request that are passed on.
export function strippedHeaders({ remove, removePrefix, removeListedIn }, sent) {
  const headers = new Headers(sent);
  const listed = sent.get(removeListedIn)?.toLowerCase().split(/[\s,]+/) ?? [];
  for (const name of sent.keys()) {
    if (remove.has(name) || name.startsWith(removePrefix) || listed.includes(name)) headers.delete(name);
  }
  return headers;
}

// With what the edge adds.
export function completedHeaders(rules, plan, traceparent, headers) {
  for (const [name, value] of rules.set) headers.set(name, value);
  for (const [name, value] of plan.credentials ?? []) headers.set(name, value);
  headers.set(rules.identity, plan.identity);
  for (const [name, value] of rules.setIfEmpty) if (!headers.get(name)) headers.set(name, value);
  if (traceparent) {
    headers.set(rules.trace, traceparent);
    headers.delete(rules.removeWithTrace);
  }
  return headers;
}

// With its body if that was read.
export async function forward(call, plan, traceparent, body) {
  const { edge, request, method, length } = call;
  const { rules } = edge;
  call.isForwarded = true;
  const headers = completedHeaders(rules, plan, traceparent, call.headers ?? strippedHeaders(rules, request.headers));
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, rules.firstByteMs)));
  try {
    // `cache: "no-store"` bypasses Cloudflare's cache even where a cache rule of the zone matches.
    const init = { method, headers, redirect: "manual", cache: "no-store" };
    // The platform sends no body with GET and HEAD. A request that announces no body gets none.
    if (method !== "GET" && method !== "HEAD" && length !== 0) init.body = body ?? request.body;
    const response = await Promise.race([fetch(plan.url, init), late]);
    // What is still under way ends with the answer to its request.
    if (response === undefined) return replaced(call, plan, headers, "late");
    if (!edge.concludedStatuses.has(response.status)) return changed(response, plan);
    return replaced(call, plan, headers, "answered", response);
  } catch {
    return replaced(call, plan, headers, "unreachable");
  } finally {
    clearTimeout(timer);
  }
}

// The answer in place of the MCP server's, or that one after all.
function replaced(call, plan, headers, outcome, response) {
  const { edge } = call;
  let conclusion;
  try {
    const server = response?.headers.get("server") ?? undefined;
    const traceparent = headers.get(edge.rules.trace) ?? undefined;
    conclusion = edge.conclude(outcome, response?.status ?? 0, server, traceparent) ?? PASSES;
  } catch {
    retire(edge);
  }
  if (conclusion === PASSES && response !== undefined) return changed(response, plan);
  response?.body?.cancel().catch(() => {});
  if (conclusion === undefined || conclusion === PASSES) return respond(failure(call, "gate failed").answer);
  return changed(respond(JSON.parse(conclusion).answer), plan);
}

const PASSES = "passes";

// What lets a page of another origin read the answer, if such a page asked.
function changed(response, { changes }) {
  if (changes === undefined) return response;
  const copy = new Response(response.body, response);
  for (const [change, name, value] of changes) copy.headers[change](name, value);
  return copy;
}
