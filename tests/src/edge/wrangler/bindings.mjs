// The edge as it is, in an isolate that is given other bindings while it lives, as Cloudflare may do when nothing but
// variables or secrets change.
let configured = 0;
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const { exports } = new Instance(module, imports);
  return { exports: { ...exports, configure: (...given) => (configured++, exports.configure(...given)) } };
};

// Only now: it makes its instance of the wasm as soon as it is loaded.
const { default: edge, Refreshes } = await import("entry.mjs");
export { Refreshes };

let begun = 0;
let given;

function take(env, { how, variables }) {
  const others = Object.entries(given ?? env).filter(([, value]) => typeof value !== "string");
  const next = { ...Object.fromEntries(others), ...variables };
  if (how !== "mutated" || given === undefined) return () => next;
  for (const name of Object.keys(given)) delete given[name];
  const same = Object.assign(given, next);
  return () => same;
}

// Gives a request its environment.
let environment;

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/test-bindings") {
      given = environment?.() ?? env;
      const answer = edge.fetch(request, given, ctx);
      begun++;
      return answer;
    }
    // How often settings were read, and how many requests have begun.
    if (request.method === "GET") return Response.json([configured, begun]);
    const change = await request.json();
    const next = take(env, change);
    environment = change.how === "copied" ? () => ({ ...next() }) : next;
    return new Response(null, { status: 204 });
  },
};
