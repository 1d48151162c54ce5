// Requests that come again and again are forwarded as before, for as long as the gate has said that it would say the same: at
// most half a minute. To ask it costs more than all the rest that is done for them here.

// For each `Authorization` what was forwarded last. With more of them to look through the gate is as fast.
const MOST = 1024;
const remembered = new Map();

// Where to forward a request that is like one before it in all that the gate looks at; `undefined` if it is not.
export function repeated({ method, url, authorization, origin, traceparent }) {
  if (authorization === undefined || origin !== undefined || traceparent !== undefined) return;
  const last = remembered.get(authorization);
  if (last === undefined || last.url !== url || last.method !== method) return;
  const now = Date.now();
  // Clocks are set back, too.
  if (last.since <= now && now < last.until) return last.target;
}

// Until when, in seconds of Unix time, the gate would say the same.
export function remember({ method, url, authorization }, target, until) {
  if (until === 0) return;
  if (remembered.size >= MOST) remembered.clear();
  remembered.set(authorization, { method, url, target, since: Date.now(), until: until * 1000 });
}

// Some are drawn at once: the platform has random numbers for that many.
let traceparents = [];

export function newTraceparent(edge) {
  if (traceparents.length === 0) traceparents = edge.traceparents().split("\n");
  return traceparents.pop();
}
