// What the Worker's modules need around them to run in Node: the platform's global, and stand-ins for what a build makes.
import { registerHooks } from "node:module";

// An empty module of WebAssembly with the one export that every instance's start calls.
const EMPTY = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 20, 1, 16];
const NAME = [..."__wbindgen_start"].map((letter) => letter.charCodeAt(0));
const WASM = [...EMPTY, ...NAME, 0, 0, 10, 4, 1, 2, 0, 11];

const MODULES = {
  "cloudflare:workers": "export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }",
  "./build/index_bg.wasm": `export default new WebAssembly.Module(new Uint8Array(${JSON.stringify(WASM)}));`,
  "./build/bindings.js": "export default () => ({ __wbg_set_wasm() {}, ...globalThis.functions });",
};

registerHooks({
  resolve(specifier, context, next) {
    const source = MODULES[specifier];
    if (source === undefined) return next(specifier, context);
    return { url: `data:text/javascript,${encodeURIComponent(source)}`, format: "module", shortCircuit: true };
  },
});

const listeners = [];
globalThis.addEventListener = (_, listener) => listeners.push(listener);

// The platform tells of an error that nobody has caught.
export function uncaught(error) {
  for (const listener of listeners) listener({ error });
}

// Stands for what waits for a request's end.
export const ctx = () => ({ waited: [], waitUntil(promise) { this.waited.push(promise); } });

// What wasm tells of rules and settings, as a test would have it.
export const told = (changes = {}) => ({
  isUsable: true,
  serverTiming: false,
  rules: {
    remove: ["authorization", "connection", "cookie"],
    removePrefix: "x-edgeward-",
    removeListedIn: "connection",
    set: [["cache-control", "no-store"]],
    setIfEmpty: [["user-agent", "Edgeward/test"]],
    identity: "x-edgeward-identity",
    trace: "traceparent",
    removeWithTrace: "tracestate",
    maxBodyBytes: 1_000,
    firstByteMs: 100,
    concludedStatuses: [401],
  },
  evidence: ["mcp-method", "mcp-name"],
  requestHeaders: ["origin", "cookie"],
  routes: [["https://edge.example/mcp", "/mcp"]],
  maxJudgedBytes: 100,
  maxHandledBytes: 50,
  platformStatuses: [520, 530],
  callsLimit: "CALLS_LIMIT",
  ...changes,
});
