// The Worker in Node, with functions of the test's in the place of wasm's, and every call to them noted.
import { ctx, told } from "./platform.mjs";

// The last instance's functions; tests replace single ones.
export const wasm = {};
// The names of those that were called, with what they were given.
export const calls = [];

const DEFAULTS = {
  setting_names: () => "SETTING",
  configure: () => JSON.stringify(told()),
  rebind: () => {},
  traces: () => JSON.stringify([["id", "00-id-span-01"]]),
  fail: (name) => JSON.stringify({ answer: { status: 503, headers: [["x-failure", name]], body: name } }),
  gate: () => undefined,
};
const NAMES = ["setting_names", "configure", "rebind", "traces", "fail", "gate", "gate_with", "admit_machine", "respond", "conclude"];

globalThis.functions = Object.fromEntries(
  NAMES.map((name) => [
    name,
    (...given) => {
      calls.push([name, ...given]);
      return wasm[name](...given);
    },
  ]),
);

let number = 0;
const { default: worker } = await import("../entry.mjs");

// As a new isolate would be: other settings have the instance forget what it has decided.
export function fresh(functions = {}) {
  for (const name of NAMES) wasm[name] = functions[name] ?? DEFAULTS[name];
  number += 1;
  calls.length = 0;
  return { SETTING: `${number}` };
}

// Sends a request to the Worker.
export async function send(env, url, init = {}) {
  const request = new Request(`https://edge.example${url}`, { duplex: "half", ...init });
  return worker.fetch(request, env, ctx());
}

// How often each function was called since the last time.
export function counted() {
  const counts = {};
  for (const [name] of calls.splice(0)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

// Has `fetch` answer with this, and gives what it was asked.
export function origin(answer) {
  const asked = [];
  globalThis.fetch = async (url, init) => {
    asked.push({ url, ...init });
    return answer(url, init);
  };
  return asked;
}

export const plan = (changes = {}) => JSON.stringify({ plan: { url: "http://origin/mcp", identity: "assertion", ...changes } });
