// The edge as it is, one of two instances that have the same objects. It is asked by its address, and told by /test-twin what
// its clock shows, whether it goes on for clients that have gone, and what becomes of the calls to its objects: nothing
// (`works`), an exception (`throws`), no answer (`hangs`); or that it has none (`missing`).
import edge from "entry.mjs";
export { Refreshes } from "entry.mjs";

const { now } = Date;
let ahead = 0;
Date.now = () => now.call(Date) + ahead;
let goesOn = true;
let refreshes = "works";

const failing = {
  throws: () => Promise.reject(new Error("the object is not there")),
  hangs: () => new Promise(() => {}),
};
const broken = (call) => ({ getByName: () => new Proxy({}, { get: () => call }) });

// The same object for as long as nothing changes, as the platform has it.
let environment;
function environmentOf(env) {
  if (refreshes === "works") return env;
  environment ??= { ...env, REFRESHES: refreshes === "missing" ? undefined : broken(failing[refreshes]) };
  return environment;
}

export default {
  fetch(request, env, ctx) {
    const { pathname, search, searchParams } = new URL(request.url);
    if (pathname !== "/test-twin") {
      if (!goesOn) ctx.waitUntil = () => {};
      const { origin } = new URL(env.EDGEWARD_PUBLIC_URL);
      return edge.fetch(new Request(origin + pathname + search, request), environmentOf(env), ctx);
    }
    if (searchParams.has("ahead")) ahead = Number(searchParams.get("ahead")) * 1000;
    if (searchParams.has("goesOn")) goesOn = searchParams.get("goesOn") === "true";
    if (searchParams.has("refreshes")) {
      refreshes = searchParams.get("refreshes");
      environment = undefined;
    }
    return new Response(null, { status: 204 });
  },
};
