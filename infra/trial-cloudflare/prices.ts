// List prices of the plan Workers Paid, in USD for each million, after what the plan includes:
// https://developers.cloudflare.com/workers/platform/pricing/, https://developers.cloudflare.com/analytics/analytics-engine/pricing/.
// From 1 December 2026 logs cost 0.25 USD a GB, and about 0.02 for a week's storage; 1 KB a record is assumed, as in README.md.

export const PRICES = {
  requests: 0.3,
  cpuMilliseconds: 0.02,
  logRecords: 0.27,
  dataPoints: 0.25,
} as const;

export type Used = Readonly<Record<keyof typeof PRICES, number>>;

const NAMES: Readonly<Record<keyof Used, string>> = {
  requests: "requests",
  cpuMilliseconds: "ms of CPU",
  logRecords: "records of logs",
  dataPoints: "data points",
};

/** What a million calls cost, a line each, when one call uses this much. */
export function costOfMillion(used: Used): string[] {
  const kinds = Object.keys(PRICES) as (keyof Used)[];
  const lines = kinds.map((kind) => `a million calls: ${used[kind].toFixed(2)} million ${NAMES[kind]} at ${PRICES[kind]} USD a million: ${(used[kind] * PRICES[kind]).toFixed(2)} USD`);
  const sum = kinds.reduce((total, kind) => total + used[kind] * PRICES[kind], 0);
  return [...lines, `a million calls, together: ${sum.toFixed(2)} USD, beyond what the plan includes`];
}
