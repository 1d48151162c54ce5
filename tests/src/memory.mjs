// The edge as it is, which also says how many bytes of memory its instances of wasm have, those that nothing holds any more
// left out. Its clock can be moved, and it can be kept from going on for clients that have gone.
const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  memories.push(new WeakRef(instance.exports.memory));
  return instance;
};

const { now } = Date;
let ahead = 0;
Date.now = () => now.call(Date) + ahead;
let goesOn = true;

// Only now: it makes its instance of the wasm as soon as it is loaded.
const { default: edge } = await import("entry.mjs");

export default {
  fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/test-memory") {
      if (!goesOn) ctx.waitUntil = () => {};
      return edge.fetch(request, env, ctx);
    }
    if (searchParams.has("ahead")) ahead = Number(searchParams.get("ahead")) * 1000;
    if (searchParams.has("goesOn")) goesOn = searchParams.get("goesOn") === "true";
    gc();
    return Response.json(memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0));
  },
};
