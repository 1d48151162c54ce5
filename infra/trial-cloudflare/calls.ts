import { connect } from "../trial/mcp.ts";
import { text } from "../trial/outside.ts";
import { inShort, locationOf, Tally, type CloudflareTrial } from "./trial.ts";

export interface Calls {
  /** Good ones. */
  calls: number;
  refreshes: number;
  readonly failures: Tally;
}

/** A good client: calls a tool again and again, and now and then refreshes, until told to stop. */
export async function callsAndRefreshes({ outside, session, background }: CloudflareTrial): Promise<{ seen: Calls; stop: () => Promise<Calls> }> {
  const mcp = await connect(outside, session);
  const seen: Calls = { calls: 0, refreshes: 0, failures: new Tally() };
  let turn = 0;
  const stop = background.repeat(BETWEEN, async () => {
    try {
      if (++turn % REFRESH_EVERY === 0) {
        await session.refresh();
        seen.refreshes++;
      }
      const answer = await mcp.call("whoami", {});
      const said = await text(answer);
      if (answer.status === 200) seen.calls++;
      else seen.failures.add(`a call: ${inShort(answer.status, said)} at ${locationOf(answer)}`);
    } catch (error) {
      seen.failures.add((error as Error).message);
    }
  });
  return {
    seen,
    async stop() {
      await stop();
      return seen;
    },
  };
}

const BETWEEN = 1000;
const REFRESH_EVERY = 20;
