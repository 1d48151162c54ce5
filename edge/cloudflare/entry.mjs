// The Worker's entry. For a request to a protected resource one synchronous call into wasm decides, and the platform's own `fetch`
// streams both ways. A body enters wasm only where a policy judges it. Everything else goes to the Rust handler.
//
// JavaScript decides nothing: it carries out what comes out of wasm, which edge/core/src/crossing.rs describes.
import { again, execute, decide } from "./decision.mjs";
import { instance } from "./instance.mjs";
import { measured } from "./measure.mjs";
// The platform makes its objects.
export { Refreshes } from "./refreshes.mjs";

export default {
  fetch(request, env, ctx) {
    const edge = instance(env);
    const { method, url, headers } = request;
    const authorization = headers.get("authorization") ?? undefined;
    const origin = headers.get("origin") ?? undefined;
    const traceparent = headers.get("traceparent") ?? undefined;
    const announced = headers.get("content-length");
    // Zero without a body, not a number for one that announces none.
    const length = announced === null && request.body ? NaN : Number(announced);
    const hasUpgrade = headers.has("upgrade");
    const call = { edge, request, env, ctx, method, url, authorization, origin, traceparent, length, hasUpgrade };
    const last = edge.repeats.find(call);
    return measured(call, last ? again(call, last) : execute(call, decide(call)));
  },
};
