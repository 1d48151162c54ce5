// The Worker's entry. For a request to a protected resource one synchronous call into wasm decides, and the platform's
// own `fetch` streams both ways: no body ever enters wasm. Everything else goes to the Rust handler.
import Edge from "./build/index.js";

// worker-build hangs every exported function on the prototype of its default export.
const { configure, gate } = Edge.prototype;
// Kept by the `worker` crate: `criticalError` after a panic, `instanceId` changes with every fresh instance.
const wasm = globalThis.__worker_init_state;
let configured;

function decide(request, env, ctx) {
  // Constructing the generated entry replaces an instance that panicked. It must happen before any call with a string:
  // the glue copies strings into the old instance first and swaps instances after (wasm-bindgen 0.2.130).
  if (wasm.criticalError) new Edge(ctx, env);
  if (configured !== wasm.instanceId) {
    configure(env);
    configured = wasm.instanceId;
  }
  const { headers } = request;
  return gate(request.method, request.url, headers.get("authorization") ?? undefined, headers.get("origin") ?? undefined);
}

function answer([status, fields, body]) {
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i], fields[i + 1]);
  return new Response(body, { status, headers });
}

function failure(status, error) {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store" } });
}

async function forward(request, target) {
  const [url, identity, ...fields] = target.split("\n");
  const forwarded = new Request(url, request);
  const { headers } = forwarded;
  // Keys are collected first: a collection must not change while it is walked.
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-edgeward-")) headers.delete(name);
  }
  headers.delete("authorization");
  headers.delete("cookie");
  headers.set("x-edgeward-identity", identity);
  try {
    // The request's own `redirect: "manual"` and `signal` went along with the copy: a redirect of the origin's is the
    // client's to see, not the edge's to follow. Passing them again would copy the request once more.
    const response = await fetch(forwarded);
    if (response.status !== 401) return share(response, fields);
    response.body?.cancel().catch(() => {});
  } catch {
    return share(badGateway("origin unreachable"), fields);
  }
  // The origin has refused the edge, not the client, whose token is good and must not be thrown away.
  return share(badGateway("origin refused the identity"), fields);
}

function badGateway(event) {
  console.error(JSON.stringify({ level: "alert", event, status: 502 }));
  return failure(502, "bad_gateway");
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

export default {
  fetch(request, env, ctx) {
    let decision;
    try {
      decision = decide(request, env, ctx);
    } catch {
      wasm.criticalError = true;
      console.error(JSON.stringify({ level: "alert", event: "gate failed", status: 500 }));
      return failure(500, "server_error");
    }
    if (decision === undefined) return new Edge(ctx, env).fetch(request);
    return typeof decision === "string" ? forward(request, decision) : answer(decision);
  },
};
