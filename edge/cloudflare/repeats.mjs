// Requests that come again and again are answered as before without a question to the gate, for as long as it has said that it
// would say the same. To ask it costs more than all the rest that is done for them here.

// For each `Authorization` what was forwarded last, for half a minute at the most. With more of them to look through the gate is
// as fast.
const MOST = 1024;
const forwards = new Map();

// For each URL how strangers were refused last, who choose their URLs: so these are few.
const MOST_OF_STRANGERS = 64;
const refusals = new Map();

// What to do with a request that is like one before it in all that the gate looks at: a target to forward it to, or a refusal.
// `undefined` if there is none.
export function repeated({ method, url, authorization, origin, traceparent }) {
  if (origin !== undefined || traceparent !== undefined) return;
  const last = authorization === undefined ? refusals.get(url) : forwards.get(authorization);
  if (last === undefined || last.url !== url || last.method !== method) return;
  if (last.refusal) return last;
  const now = Date.now();
  // Clocks are set back, too.
  if (last.since <= now && now < last.until) return last;
}

// Until when, in seconds of Unix time, the gate would forward it in the same way; zero if that can't be said.
export function rememberForward({ method, url, authorization }, target, until) {
  if (until !== 0) keep(forwards, MOST, authorization, { method, url, target, since: Date.now(), until: until * 1000 });
}

// The gate would say the same for good.
export function rememberRefusal({ method, url }, refusal) {
  keep(refusals, MOST_OF_STRANGERS, url, { method, url, refusal });
}

function keep(map, most, key, value) {
  if (map.size >= most) map.clear();
  map.set(key, value);
}

// Some are drawn at once: the platform has random numbers for that many.
let traceparents = [];

export function newTraceparent(edge) {
  if (traceparents.length === 0) traceparents = edge.traceparents().split("\n");
  return traceparents.pop();
}
