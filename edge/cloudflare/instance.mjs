// Instances of the edge's wasm. There is one, until a panic: Rust cannot unwind in wasm, so what a panic interrupts stays as
// it is for good, and what it had borrowed stays borrowed. A new instance takes the requests that come then, and the old one
// finishes those that it has.
//
// An isolate may live longer than its settings: when nothing but variables or secrets change, Cloudflare may hand the new ones
// to an isolate that has run with others. So those of every request are compared with those that the instance has.
import bindings from "./build/bindings.js";
import wasm from "./build/index_bg.wasm";
import { Repeats } from "./repeats.mjs";

// Whose answer is being worked on: the handler notes it around every step.
const work = { request: undefined };
// For each request that the handler has not answered: its instance, and what tells it that there will be no answer.
const waiting = new Map();

// Before there is a request, at no request's cost.
let prepared = instantiate();
// The instance's functions, with what it has told of rules and settings.
let living;
// The settings that it has, their names, and the environment that they came from.
let settings;
let names;
let environment;

// The instance for a request that begins, with the settings of that request.
export function instance(env) {
  if (living === undefined || !isConfigured(env)) configure(env);
  return living;
}

// An instance for the answer to a request that has failed. Its settings are those of the newest request, not of the failed one.
export function survivor(env) {
  if (living === undefined) configure(env);
  return living;
}

// The instance that has failed gets no more requests.
export function retire(edge) {
  if (living?.functions === edge.functions) living = undefined;
}

// A request that will never be answered: the instance that works on it goes, with what it holds. Where the platform has ended
// the request, nobody may be told, or what waits for the answer would be kept.
export function lose({ request }) {
  const lost = waiting.get(request);
  waiting.delete(request);
  if (lost) retire(lost.edge);
  return lost;
}

function instantiate() {
  // A copy for each: they keep their instance in a variable.
  const bound = bindings();
  const { exports } = new WebAssembly.Instance(wasm, { "./index_bg.js": bound });
  bound.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return bound;
}

function isConfigured(env) {
  // Values, as the same object may have others, and another object the same.
  for (let i = 0; i < names.length; i++) {
    if (env[names[i]] !== settings[i]) return false;
  }
  if (env !== environment) {
    living.rebind(env);
    environment = env;
  }
  // Settings that were wrong are read again each time.
  return living.isUsable;
}

function configure(env) {
  const functions = living?.functions ?? prepared ?? instantiate();
  // Should it panic, nothing is configured.
  prepared = living = undefined;
  names ??= functions.setting_names().split(" ");
  const { rules, platformStatuses, routes, ...told } = JSON.parse(functions.configure(env, work));
  settings = names.map((name) => env[name]);
  environment = env;
  const { gate, gate_with, admit_machine, respond, conclude, fail, traces, rebind } = functions;
  // What is remembered was decided with these settings.
  const repeats = new Repeats(rules.maxBodyBytes);
  living = { functions, gate, gate_with, admit_machine, respond, conclude, fail, traces, rebind, repeats, ...told };
  living.rules = { ...rules, remove: new Set(rules.remove) };
  living.concludedStatuses = new Set([...rules.concludedStatuses, ...platformStatuses]);
  living.routes = new Map(routes);
}

// What the handler's work on a request brings; `undefined` if it never will.
export async function finished({ edge, request }, begin) {
  const lost = new Promise((tell) => waiting.set(request, { edge, tell }));
  try {
    return await Promise.race([begin(), lost]);
  } catch {
    retire(edge);
  } finally {
    waiting.delete(request);
  }
}

// The handler's steps are taken by the platform's queue of microtasks: no caller sees one fail.
addEventListener("error", ({ error }) => {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  const lost = lose(work);
  if (lost) lost.tell();
  else living = undefined;
  work.request = undefined;
});
