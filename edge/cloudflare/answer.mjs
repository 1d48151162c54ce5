// Answers that wasm makes.
import { retire, survivor } from "./instance.mjs";

export function respond({ status, headers, body }) {
  return new Response(body || null, { status, headers });
}

// The answer where there is no other, as a decision. The instance that has failed is not asked.
export function failure({ env, url, origin, traceparent }, name) {
  let edge;
  try {
    edge = survivor(env);
    return JSON.parse(edge.fail(name, url, origin, traceparent));
  } catch {
    if (edge) retire(edge);
    console.error(JSON.stringify({ v: 1, level: "alert", event: name, status: 500 }));
    const headers = { "cache-control": "no-store", "content-type": "application/json" };
    return { answer: { status: 500, headers, body: '{"error":"server_error"}' } };
  }
}
