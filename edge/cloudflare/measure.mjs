// How long a request takes until the head of its answer is there: for the answer itself, if the setting says so, and for the
// dataset, if there is one, which the platform writes to after the answer. The platform's clock goes on with I/O only, so that what
// is measured is waiting: for the MCP server, or for Cognito.
export function measured(call, answered) {
  return call.edge.serverTiming || call.env.METRICS !== undefined ? measure(call, answered) : answered;
}

async function measure(call, answered) {
  const started = Date.now();
  const response = await answered;
  const milliseconds = Date.now() - started;
  const by = call.isForwarded ? "origin" : "edge";
  const [target] = call.url.split("?", 1);
  const route = call.edge.routes.get(target) ?? "other";
  call.env.METRICS?.writeDataPoint({
    indexes: [route],
    blobs: [route, `${response.status}`, by],
    doubles: [milliseconds],
  });
  if (!call.edge.serverTiming) return response;
  const timed = new Response(response.body, response);
  timed.headers.append("server-timing", `${by};dur=${milliseconds}`);
  return timed;
}
