// The edge as it is, and a `fetch` around the platform's that sends https requests to hosts below `example` to a server of
// the tests, the host as the first part of the path. All else about a request stays.
export { default, Refreshes } from "entry.mjs";

const platform = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input.url ?? input);
  if (url.protocol !== "https:" || !url.hostname.endsWith(".example")) return platform(input, init);
  return platform(new Request("http://ADDRESS/" + url.host + url.pathname + url.search, input), init);
};
