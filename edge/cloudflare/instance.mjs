// Instances of the edge's wasm. There is one, until a panic: Rust cannot unwind in wasm, so what a panic interrupts stays as
// it is for good, and what it had borrowed stays borrowed. A new instance takes the requests that come then, and the old one
// finishes those that it has.
import bindings from "./build/bindings.js";
import wasm from "./build/index_bg.wasm";

// Whose answer is being worked on: the handler notes it around every step.
const work = { request: undefined };
// For each request that the handler has not answered, what tells it that this will never be.
const waiting = new Map();

// Before there is a request, at no request's cost.
let prepared = instantiate();
let living;

// The instance for a request that begins.
export function instance(env) {
  return (living ??= start(env));
}

// The instance gets no more requests.
export function retire() {
  living = undefined;
}

function instantiate() {
  // A copy for each: they keep their instance in a variable.
  const bound = bindings();
  const { exports } = new WebAssembly.Instance(wasm, { "./index_bg.js": bound });
  bound.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return bound;
}

function start(env) {
  const { configure, gate, look, traceparents, fetch } = prepared ?? instantiate();
  prepared = undefined;
  const [serverTiming, userAgent, maxBodyBytes, maxJudgedBytes, failureFields] = configure(env, work);
  // Whether anybody wants to know how long answers took.
  const observing = serverTiming || env.METRICS !== undefined;
  const settings = { serverTiming, observing, userAgent, maxBodyBytes, maxJudgedBytes, failureFields };
  return { gate, look, traceparents, fetch, ...settings };
}

// The handler's answer; `undefined` if there will be none.
export async function answerOf(edge, request, env, ctx) {
  const lost = new Promise((tell) => waiting.set(request, tell));
  try {
    return await Promise.race([edge.fetch(request, env, ctx), lost]);
  } catch {
    retire();
  } finally {
    waiting.delete(request);
  }
}

// The handler's steps are taken by the platform's queue of microtasks: no caller sees one fail.
addEventListener("error", ({ error }) => {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  retire();
  waiting.get(work.request)?.();
  work.request = undefined;
});
