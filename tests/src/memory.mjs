// The edge as it is, which also says how many bytes of memory its instances of wasm have.
const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  memories.push(instance.exports.memory);
  return instance;
};

// Only now: it makes its instance of the wasm as soon as it is loaded.
const { default: edge } = await import("entry.mjs");

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/test-memory") return edge.fetch(request, env, ctx);
    return Response.json(memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
  },
};
