// The edge as it is, with a path that tells how much memory its wasm has.
import { memory } from "./memory.mjs";
import edge from "./entry.js";

export default {
  fetch(request, env, ctx) {
    if (!request.url.endsWith("/test-memory")) return edge.fetch(request, env, ctx);
    return new Response(String(memory().buffer.byteLength));
  },
};
