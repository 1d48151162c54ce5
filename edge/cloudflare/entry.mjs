// The Worker's entry. For a request to a protected resource one synchronous call into wasm decides, and the platform's
// own `fetch` streams both ways. A body enters wasm only where a policy is set and the headers do not tell what it asks
// for. Everything else goes to the Rust handler.
import Edge from "./build/index.js";

// worker-build hangs every exported function on the prototype of its default export.
const { configure, gate, look } = Edge.prototype;
// Kept by the `worker` crate: `criticalError` after a panic, `instanceId` changes with every fresh instance.
const wasm = globalThis.__worker_init_state;
let configured;
// Whether anybody wants to know how long requests take; and whether their answers say so.
let observing = false;
let serverTiming = false;

// Requests that the handler has not answered: what tells each of them that its instance has died. A panic unwinds nothing
// in wasm, so nobody else would, and they would wait for ever.
const waiting = new Set();
let dead = false;
Object.defineProperty(wasm, "criticalError", {
  get: () => dead,
  set(value) {
    dead = value;
    if (dead) for (const tell of waiting) tell();
  },
});

// The gate's answers that are no decision, and the longest body that it looks at.
const LOOK_AT_HEADERS = 1;
const LOOK_AT_BODY = 2;
const LOOK_AT_TOKEN = 3;
const MAX_BODY_BYTES = 1024 * 1024;

// How long an origin may take to begin its answer: longer than clients wait for it, and than a CDN before it does.
const FIRST_BYTE_MS = 100_000;

// Before every call into wasm that may be the first one after an await.
function prepare(env, ctx) {
  // Constructing the generated entry replaces an instance that panicked. It must happen before any call with a string:
  // the glue copies strings into the old instance first and swaps instances after (wasm-bindgen 0.2.130).
  if (wasm.criticalError) new Edge(ctx, env);
  if (configured !== wasm.instanceId) {
    serverTiming = configure(env);
    observing = serverTiming || env.METRICS !== undefined;
    configured = wasm.instanceId;
  }
}

// Every MCP request comes here: nothing is made but what the call needs.
function decide(request, env, ctx) {
  prepare(env, ctx);
  const { headers } = request;
  return gate(
    request.method,
    request.url,
    headers.get("authorization") ?? undefined,
    headers.get("origin") ?? undefined,
    headers.get("traceparent") ?? undefined,
  );
}

// Decides about a request whose head was not enough.
function lookCloser(request, body) {
  const { headers } = request;
  const fields = ["authorization", "origin", "traceparent", "mcp-protocol-version", "mcp-method", "mcp-name"];
  return look(request.method, request.url, ...fields.map((name) => headers.get(name) ?? undefined), body);
}

async function lookAtBody(request, env, ctx) {
  let body;
  try {
    body = await read(request);
  } catch {
    // It broke off.
    return failure(400, "invalid_request");
  }
  const decision = guarded(request, () => {
    prepare(env, ctx);
    return lookCloser(request, body);
  });
  return typeof decision === "string" ? forward(request, decision, body) : answer(decision);
}

// A body, of which no more is read than shows that it is too long.
async function read({ body }) {
  const chunks = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) break;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

// What the gate makes of a request. A panic is answered, and its instance replaced at the next request.
function guarded(request, decide) {
  try {
    return decide();
  } catch {
    wasm.criticalError = true;
    log("gate failed", 500, request.headers.get("traceparent"));
    return [500, ["content-type", "application/json", "cache-control", "no-store"], '{"error":"server_error"}'];
  }
}

function answer([status, fields, body]) {
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i], fields[i + 1]);
  return new Response(body, { status, headers });
}

function failure(status, error) {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store" } });
}

// Requests that went to the MCP server, where somebody wants to know.
const passedOn = new WeakSet();

// Measures how long a request takes until the head of its answer is there: for the answer itself, if the setting says so,
// and for the dataset, if there is one, which the platform writes to after the answer. Its clock goes on with I/O only, so
// that what is measured is waiting: for the MCP server, or for Cognito.
async function observed(request, env, isResource, answered) {
  const started = Date.now();
  const response = await answered;
  const milliseconds = Date.now() - started;
  const by = passedOn.has(request) ? "origin" : "edge";
  const { pathname } = new URL(request.url);
  // Paths of strangers' choice are not told apart.
  const route = isResource || OWN_PATHS.has(pathname) ? pathname : "other";
  env.METRICS?.writeDataPoint({
    indexes: [route],
    blobs: [route, `${response.status}`, by],
    doubles: [milliseconds],
  });
  if (!serverTiming) return response;
  const timed = new Response(response.body, response);
  timed.headers.append("server-timing", `${by};dur=${milliseconds}`);
  return timed;
}

const OWN_PATHS = new Set(["/register", "/authorize", "/callback", "/token", "/revoke", "/logout"]);

// Passes a request on, with its body if that was read.
async function forward(request, target, body) {
  if (observing) passedOn.add(request);
  const [url, identity, traceparent, ...fields] = target.split("\n");
  const { method, signal } = request;
  const forwarded = body
    ? new Request(url, { method, headers: request.headers, body, redirect: "manual", signal })
    : new Request(url, request);
  const { headers } = forwarded;
  // Keys are collected first: a collection must not change while it is walked.
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-edgeward-")) headers.delete(name);
  }
  headers.delete("authorization");
  headers.delete("cookie");
  headers.set("x-edgeward-identity", identity);
  if (traceparent) {
    headers.set("traceparent", traceparent);
    headers.delete("tracestate");
  }
  const refused = (status, event, error) => {
    log(event, status, headers.get("traceparent"));
    return share(failure(status, error), fields);
  };
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, FIRST_BYTE_MS)));
  try {
    // The request's own `redirect: "manual"` and `signal` went along with the copy: a redirect of the origin's is the
    // client's to see, not the edge's to follow. Passing them again would copy the request once more.
    const response = await Promise.race([fetch(forwarded), late]);
    // What is still under way ends with the answer to its request.
    if (response === undefined) return refused(504, "origin too slow", "gateway_timeout");
    if (response.status !== 401) return share(response, fields);
    response.body?.cancel().catch(() => {});
  } catch {
    return refused(502, "origin unreachable", "bad_gateway");
  } finally {
    clearTimeout(timer);
  }
  // The origin has refused the edge, not the client, whose token is good and must not be thrown away.
  return refused(502, "origin refused the identity", "bad_gateway");
}

// Alerts as those of edge/core/src/audit.rs. Where wasm could not read the trace of a request, what its client calls it is
// taken only if it is nothing else.
function log(event, status, traceparent) {
  const [, trace] = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? "") ?? [];
  console.error(JSON.stringify({ v: 1, level: "alert", event, status, trace }));
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
async function lookAtToken(request, env, ctx) {
  const headers = new Headers();
  for (const name of ["authorization", "origin", "traceparent"]) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const verdict = await handle(new Request(request.url, { headers }), env, ctx);
  if (verdict.status !== 204) return verdict;
  const decision = guarded(request, () => decide(request, env, ctx));
  // Forgotten already: so many others have come.
  if (decision === LOOK_AT_TOKEN) return failure(503, "temporarily_unavailable");
  return conclude(request, env, ctx, decision);
}

// Everything that the gate does not decide. What is lost with its instance is begun again if nothing was asked for but an
// answer; whoever sent more must know that it may have been done.
async function handle(request, env, ctx, attempts = request.method === "GET" || request.method === "HEAD" ? 2 : 1) {
  let tell;
  const lost = new Promise((resolve) => waiting.add((tell = resolve)));
  try {
    const response = await Promise.race([new Edge(ctx, env).fetch(request), lost]);
    if (response !== undefined) return response;
  } catch {
    // Told below, like a loss.
  } finally {
    waiting.delete(tell);
  }
  log("handler failed", 503, request.headers.get("traceparent"));
  if (attempts > 1) return handle(request, env, ctx, attempts - 1);
  const response = failure(503, "temporarily_unavailable");
  response.headers.set("retry-after", "1");
  return response;
}

function conclude(request, env, ctx, decision) {
  if (decision === LOOK_AT_TOKEN) return lookAtToken(request, env, ctx);
  if (decision === LOOK_AT_HEADERS) decision = guarded(request, () => lookCloser(request));
  if (decision === LOOK_AT_BODY) return lookAtBody(request, env, ctx);
  if (decision === undefined) return handle(request, env, ctx);
  return typeof decision === "string" ? forward(request, decision) : answer(decision);
}

export default {
  fetch(request, env, ctx) {
    const decision = guarded(request, () => decide(request, env, ctx));
    const answered = conclude(request, env, ctx, decision);
    return observing ? observed(request, env, decision !== undefined, answered) : answered;
  },
};
