// The edge as it is, with a dataset that logs each data point before the platform's gets it.
import edge from "entry.mjs";
export { Refreshes } from "entry.mjs";

export default {
  fetch(request, env, ctx) {
    const writeDataPoint = (point) => {
      console.log(JSON.stringify({ point }));
      env.METRICS.writeDataPoint(point);
    };
    return edge.fetch(request, { ...env, METRICS: { writeDataPoint } }, ctx);
  },
};
