// The edge as it is, with a clock and timers around the platform's.
import edge from "entry.mjs";
export { Refreshes } from "entry.mjs";

const { now } = Date;
let ahead = 0;
Date.now = () => now.call(Date) + ahead;

const wait = globalThis.setTimeout;
globalThis.setTimeout = (act, delay, ...rest) => wait(act, delay >= 30_000 ? delay / 50 : delay, ...rest);

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname !== "/test-clock") return edge.fetch(request, env, ctx);
    ahead = Number(url.search.slice(1)) * 1000;
    return new Response(null, { status: 204 });
  },
};
