// Requests that the Rust handler answers, asynchronously. It goes on for up to 30 s when the client has gone away, which is the
// platform's limit: what it holds in wasm comes to its end, and a redeemed code is remembered for the client's second attempt.
import { failure, respond } from "./answer.mjs";
import { finished, lose } from "./instance.mjs";
import { endpoints, lengthOf } from "./shedding.mjs";

// The answer of an endpoint of the edge's own.
export function handled(call) {
  return keptAlive(call, handle(call));
}

// The decision about a machine's request, after its token was verified, for which Cognito's keys may have to be fetched.
export function machineAdmitted(call) {
  return keptAlive(call, admitMachine(call));
}

function keptAlive({ ctx }, promise) {
  ctx.waitUntil(promise);
  return promise;
}

// Every promise in the chain keeps the wasm instance alive after its request was lost, so the chain is short.
async function handle(call) {
  const { edge, request, method, url } = call;
  const entry = endpoints.enter(lengthOf(call));
  if (entry === undefined) return respond(failure(call, "overloaded").answer);
  try {
    const { body, fault } = request.body ? await endpoints.read(entry, call, edge.maxHandledBytes) : {};
    // From here on wasm holds something for it.
    entry.lost = () => lose(call);
    const headers = {};
    for (const name of edge.requestHeaders) headers[name] = request.headers.get(name) ?? undefined;
    // The platform overwrites what a client sends under this name.
    const address = request.headers.get("cf-connecting-ip") ?? undefined;
    const asked = JSON.stringify({ method, url, headers, address });
    const decision = await finished(call, () => edge.respond(request, asked, body, fault));
    if (decision !== undefined) return respond(JSON.parse(decision).answer);
  } finally {
    endpoints.leave(entry);
  }
  return respond(failure(call, "handler failed").answer);
}

async function admitMachine(call) {
  const { edge, request, method, url, authorization, origin, traceparent, length, hasUpgrade } = call;
  const entry = endpoints.enter(0);
  if (entry === undefined) return failure(call, "overloaded");
  entry.lost = () => lose(call);
  try {
    const head = [method, url, authorization, origin, traceparent, length, hasUpgrade];
    const decision = await finished(call, () => edge.admit_machine(request, ...head));
    if (decision !== undefined) return JSON.parse(decision);
  } finally {
    endpoints.leave(entry);
  }
  return failure(call, "handler failed");
}
