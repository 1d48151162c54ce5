// The Worker's entry. For a request to a protected resource one synchronous call into wasm decides, and the platform's
// own `fetch` streams both ways. A body enters wasm only where a policy judges it. Everything else goes to the Rust handler.
import { answerOf, instance, lose, retire } from "./instance.mjs";
import { newTraceparent } from "./repeats.mjs";
import { endpoints, judged, lengthOf } from "./shedding.mjs";
// The platform makes its objects.
export { Refreshes } from "./refreshes.mjs";

// The gate's answers that are no decision.
const LOOK_AT_HEADERS = 1;
const LOOK_AT_BODY = 2;
const LOOK_AT_TOKEN = 3;

// How long an origin may take to begin its answer: longer than clients wait for it, and than a CDN before it does.
const FIRST_BYTE_MS = 100_000;

// Every MCP request comes here: nothing is made but what the call needs.
function decide({ edge, method, url, authorization, origin, traceparent, length, hasUpgrade }) {
  return edge.gate(method, url, authorization, origin, traceparent, length, hasUpgrade);
}

// The header fields by which a policy judges.
const JUDGED = ["mcp-protocol-version", "mcp-method", "mcp-name", "content-type", "content-encoding"];

// Decides about a request whose head was not enough: with its body, or what is wrong with that, if it was read.
function lookCloser(call, { body, fault } = {}) {
  const { edge, method, url, authorization, origin, traceparent, length, hasUpgrade } = call;
  // As the MCP server will see them.
  const headers = (call.headers ??= headersOf(call));
  const values = JUDGED.map((name) => headers.get(name) ?? undefined);
  return edge.look(method, url, authorization, origin, traceparent, length, hasUpgrade, ...values, body, fault);
}

async function lookAtBody(call) {
  const { edge, request, ctx, authorization } = call;
  // The token, however it is spelled.
  const entry = judged.enter(lengthOf(call), authorization.split(" ").pop());
  if (entry === undefined) return overloaded(call);
  // The body is held until the MCP server has begun to answer, or the client has gone away.
  request.signal.addEventListener("abort", () => judged.leave(entry));
  const reading = request.body ? judged.read(entry, call, edge.maxJudgedBytes) : Promise.resolve({ body: new Uint8Array() });
  // Otherwise the platform drops the reading where it is when the client disconnects.
  ctx.waitUntil(reading);
  const read = await reading;
  try {
    if (read.body === undefined && read.fault === undefined) return overloaded(call);
    return await carryOut(call, guarded(call, () => lookCloser(call, read)), read.body);
  } finally {
    judged.leave(entry);
  }
}

// An isolate has no room for another request. One alert a minute is enough.
let lastOverloadAlert = 0;
function overloaded(call) {
  const now = Date.now();
  if (now < lastOverloadAlert || now >= lastOverloadAlert + 60_000) {
    lastOverloadAlert = now;
    log("overloaded", 503, call.traceparent);
  }
  return unavailable(call);
}

// What the gate makes of a request. A panic is answered.
function guarded(call, decide) {
  const { edge } = call;
  try {
    return decide();
  } catch {
    retire(edge);
    log("gate failed", 500, call.traceparent);
    const fields = ["content-type", "application/json", ...edge.failureFields.flat(), ...sharing(call)];
    return ["500", '{"error":"server_error"}', "", ...fields].join("\n");
  }
}

function carryOut(call, decision, body) {
  // The settings have changed, or the token has expired, since the gate was asked first.
  if (typeof decision !== "string") return unavailable(call);
  const [kind, ...lines] = decision.split("\n");
  return kind === "forward" ? pass(call, lines, body) : refuse(call, kind, lines);
}

// Answers as the gate says.
function refuse(call, status, [body, record, ...fields]) {
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i], fields[i + 1]);
  const refusal = { body, init: { status: Number(status), headers } };
  if (record) call.edge.repeats.rememberRefusal(call, { ...refusal, record: JSON.parse(record) });
  return answer(refusal);
}

function answer({ body, init }) {
  return new Response(body, init);
}

function refuseAgain({ edge }, refusal) {
  const [, trace] = newTraceparent(edge).split("-");
  const write = refusal.record.level === "warn" ? console.warn : console.log;
  write(JSON.stringify({ ...refusal.record, trace }));
  return answer(refusal);
}

function failure({ failureFields }, status, error) {
  return Response.json({ error }, { status, headers: failureFields });
}

function unavailable(call) {
  const sorry = failure(call.edge, 503, "temporarily_unavailable");
  sorry.headers.set("retry-after", "1");
  return share(sorry, sharing(call));
}

// What lets a page read an answer that the gate has not made. A wasm that has failed has nothing to say.
function sharing({ edge, url, origin }) {
  try {
    return (origin && edge.sharing(url, origin)?.split("\n")) ?? [];
  } catch {
    return [];
  }
}

// Requests that went to the MCP server, where somebody wants to know.
const passedOn = new WeakSet();

// Measures how long a request takes until the head of its answer is there: for the answer itself, if the setting says so,
// and for the dataset, if there is one, which the platform writes to after the answer. Its clock goes on with I/O only, so
// that what is measured is waiting: for the MCP server, or for Cognito.
async function observed({ edge, request, env, url }, isResource, answered) {
  const started = Date.now();
  const response = await answered;
  const milliseconds = Date.now() - started;
  const by = passedOn.has(request) ? "origin" : "edge";
  const { pathname } = new URL(url);
  // Paths of strangers' choice are not told apart. What was misdirected may have any.
  const isMisdirected = by === "edge" && response.status === 421;
  const route = !isMisdirected && (isResource || OWN_PATHS.has(pathname)) ? pathname : "other";
  env.METRICS?.writeDataPoint({
    indexes: [route],
    blobs: [route, `${response.status}`, by],
    doubles: [milliseconds],
  });
  if (!edge.serverTiming) return response;
  const timed = new Response(response.body, response);
  timed.headers.append("server-timing", `${by};dur=${milliseconds}`);
  return timed;
}

const OWN_PATHS = new Set(["/register", "/authorize", "/callback", "/token", "/revoke", "/logout"]);

// Passes a request on as the gate says.
function pass(call, [url, identity, traceparent, until, counted, ...fields], body) {
  const target = { url, identity, counted, fields };
  call.edge.repeats.rememberForward(call, target, Number(until));
  return forward(call, target, traceparent, body);
}

// The headers of a request that are passed on.
function headersOf({ edge, request }) {
  const headers = new Headers(request.headers);
  const named = headers.get("connection")?.toLowerCase().split(/[\s,]+/) ?? [];
  for (const name of request.headers.keys()) {
    if (edge.droppedHeaders.has(name) || name.startsWith("x-edgeward-") || named.includes(name)) headers.delete(name);
  }
  return headers;
}

// Whether a request is within the limit of calls. Without an answer of the counter's it is.
async function isWithin({ env }, key) {
  try {
    return (await env.CALLS_LIMIT.limit({ key })).success;
  } catch {
    return true;
  }
}

// With its body if that was read.
async function forward(call, { url, identity, counted, fields }, traceparent, body) {
  const { edge, request, method, length, isObserved } = call;
  if (counted && !(await isWithin(call, counted))) {
    return carryOut(call, guarded(call, () => lookCloser(call, { fault: "too_many" })));
  }
  if (isObserved) passedOn.add(request);
  const headers = call.headers ?? headersOf(call);
  headers.set("x-edgeward-identity", identity);
  // Without `Authorization` a cache on the way would take the answer for everybody's. The client may have asked for less.
  headers.set("cache-control", "no-store");
  // Firewalls before the origin refuse requests without one.
  if (!headers.get("user-agent")) headers.set("user-agent", edge.userAgent);
  if (traceparent) {
    headers.set("traceparent", traceparent);
    headers.delete("tracestate");
  }
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, FIRST_BYTE_MS)));
  try {
    // A redirect of the origin's is the client's to see, not the edge's to follow. `cache: "no-store"` bypasses Cloudflare's
    // cache even where a cache rule of the zone matches.
    const init = { method, headers, redirect: "manual", cache: "no-store" };
    // The platform sends no body with GET and HEAD. A request that announces no body gets none: the gate has not judged any.
    if (method !== "GET" && method !== "HEAD" && length !== 0) init.body = body ?? request.body;
    const response = await Promise.race([fetch(url, init), late]);
    // What is still under way ends with the answer to its request.
    if (response === undefined) return unanswered(edge, TOO_SLOW, headers, fields);
    const fault = faultOf(edge, response);
    if (fault === undefined) return share(response, fields);
    response.body?.cancel().catch(() => {});
    return unanswered(edge, fault, headers, fields);
  } catch {
    return unanswered(edge, UNREACHABLE, headers, fields);
  } finally {
    clearTimeout(timer);
  }
}

const TOO_SLOW = { status: 504, event: "origin too slow", error: "gateway_timeout" };
const UNREACHABLE = { status: 502, event: "origin unreachable", error: "bad_gateway" };
// The origin has refused the edge, not the client, whose token is good and must not be thrown away.
const REFUSED = { status: 502, event: "origin refused the identity", error: "bad_gateway" };

// Why a response is not the MCP server's answer to the client, if it is not.
function faultOf(edge, { status, headers }) {
  if (status === 401) return REFUSED;
  if (status < 520) return undefined;
  const [answered, reason] = edge.unreachable(status, headers.get("server") ?? undefined)?.split("\n") ?? [];
  if (answered === undefined) return undefined;
  return { ...(answered === "504" ? TOO_SLOW : UNREACHABLE), reason };
}

// Where the MCP server has given no answer that could be passed on.
function unanswered(edge, { status, event, error, reason }, headers, fields) {
  log(event, status, headers.get("traceparent"), reason);
  return share(failure(edge, status, error), fields);
}

// Alerts as those of edge/core/src/audit.rs. Where wasm could not read the trace of a request, what its client calls it is
// taken only if it is nothing else.
function log(event, status, traceparent, reason) {
  const [, trace] = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? "") ?? [];
  console.error(JSON.stringify({ v: 1, level: "alert", event, status, reason, trace }));
}

// Adds what lets a page of another origin read the answer, if such a page asked.
function share(response, fields) {
  if (fields.length === 0) return response;
  const shared = new Response(response.body, response);
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === "vary") shared.headers.append(fields[i], fields[i + 1]);
    else shared.headers.set(fields[i], fields[i + 1]);
  }
  return shared;
}

// Has a machine's token verified, for which Cognito's keys may have to be fetched, and asks the gate again.
async function lookAtToken(call) {
  const { url, authorization, origin, traceparent } = call;
  const headers = new Headers();
  for (const [name, value] of Object.entries({ authorization, origin, traceparent })) {
    if (value !== undefined) headers.set(name, value);
  }
  const verdict = await handle({ ...call, request: new Request(url, { headers }) });
  if (verdict.status !== 204) return verdict;
  const decision = guarded(call, () => decide(call));
  // It has been forgotten again: many others have come, or the settings have changed.
  if (decision === LOOK_AT_TOKEN) return unavailable(call);
  return conclude(call, decision);
}

// Everything that the gate does not decide. It goes on for up to 30 s when the client has gone away, which is the platform's
// limit: what the handler holds in wasm comes to its end, and a redeemed code is remembered for the client's second attempt.
function handle(call) {
  const handled = answerFromHandler(call);
  call.ctx.waitUntil(handled);
  return handled;
}

async function answerFromHandler(call) {
  const { edge, request, traceparent } = call;
  const entry = endpoints.enter(lengthOf(call));
  if (entry === undefined) return overloaded(call);
  try {
    const { body, fault } = request.body ? await endpoints.read(entry, call, edge.maxHandledBytes) : {};
    // From here on wasm holds something for it.
    entry.lost = () => lose(call);
    const response = await answerOf(call, body, fault);
    if (response !== undefined) return response;
  } finally {
    endpoints.leave(entry);
  }
  // Nobody knows what has been done.
  log("handler failed", 503, traceparent);
  return unavailable(call);
}

function conclude(call, decision) {
  if (decision === LOOK_AT_TOKEN) return lookAtToken(call);
  if (decision === LOOK_AT_HEADERS) decision = guarded(call, () => lookCloser(call));
  if (decision === LOOK_AT_BODY) return lookAtBody(call);
  if (decision === undefined) return handle(call);
  return carryOut(call, decision);
}

function again(call, { target, refusal }) {
  return target ? forward(call, target, newTraceparent(call.edge)) : refuseAgain(call, refusal);
}

export default {
  fetch(request, env, ctx) {
    const edge = instance(env);
    const { method, url, headers } = request;
    const authorization = headers.get("authorization") ?? undefined;
    const origin = headers.get("origin") ?? undefined;
    const traceparent = headers.get("traceparent") ?? undefined;
    const announced = headers.get("content-length");
    // Zero without a body, not a number for one that announces none.
    const length = announced === null && request.body ? NaN : Number(announced);
    const hasUpgrade = headers.has("upgrade");
    // Whether anybody wants to know how long the answer took.
    const isObserved = edge.serverTiming || env.METRICS !== undefined;
    const head = { method, url, authorization, origin, traceparent, length, hasUpgrade };
    const call = { edge, request, env, ctx, ...head, isObserved };
    const last = edge.repeats.find(call);
    const decision = last ? null : guarded(call, () => decide(call));
    const answered = last ? again(call, last) : conclude(call, decision);
    return isObserved ? observed(call, decision !== undefined, answered) : answered;
  },
};
