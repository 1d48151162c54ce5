// The edge as it is, with everything counted that it calls: wasm and back, `fetch`, bindings.
let calls = {};
const count = (name) => (calls[name] = (calls[name] ?? 0) + 1);
const mapped = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));

const counting = (functions, direction) =>
  mapped(functions, (value, name) => {
    if (typeof value !== "function") return value;
    return (...given) => (count(`${direction} wasm ${name}`), value(...given));
  });
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, mapped(imports, (functions) => counting(functions, "out of")));
  return { exports: counting(instance.exports, "into") };
};

const { fetch: send, caches } = globalThis;
globalThis.fetch = (...given) => (count("fetch"), send(...given));
Object.defineProperty(globalThis, "caches", { get: () => (count("binding caches"), caches) });
const watched = (binding, name) => {
  if (typeof binding !== "object") return binding;
  const get = (_, member) => (...given) => (count(`binding ${name}`), binding[member](...given));
  return new Proxy(binding, { get });
};

// Only now: it makes its instance of the wasm as soon as it is loaded.
const { default: edge, Refreshes } = await import("entry.mjs");
export { Refreshes };

// The platform gives every request the same object.
let environment;

export default {
  fetch(request, env, ctx) {
    environment ??= mapped(env, watched);
    if (new URL(request.url).pathname !== "/test-calls") return edge.fetch(request, environment, ctx);
    const counted = calls;
    calls = {};
    return Response.json(counted);
  },
};
