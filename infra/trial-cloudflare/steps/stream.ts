import { connect } from "../../trial/mcp.ts";
import { text, type HttpAnswer } from "../../trial/outside.ts";
import { judged } from "../../trial/step.ts";
import { locationOf, type CloudflareStep, type CloudflareTrial } from "../trial.ts";

/** A minute between two events, which is the longest that the tool waits. */
const SILENCE = 60_000;
/** Another task of the origin has nothing of a call: a client asks again until it meets the one that has. */
const RESUMPTIONS = 20;

export const stream: CloudflareStep = {
  name: "stream",
  what: "keep a stream of a tool call open, silent for a minute at a time, and resume it when it is cut",
  async run(trial) {
    const { given, outside, session } = trial;
    const mcp = await connect(outside, session);
    const result = `Counted to ${given.streamMinutes}.`;
    const began = outside.now();
    const seconds = () => Math.round((outside.now() - began) / 1000);
    const reading = new Reading(trial);
    const facts: string[] = [];

    const first = await mcp.call("count_slowly", { steps: given.streamMinutes, interval_ms: SILENCE });
    if (first.status !== 200) return judged(false, `the call was answered with ${first.status}: ${(await text(first)).slice(0, 200)}`);
    const end = await reading.read(first);
    facts.push(`the stream, at ${locationOf(first)}, ${end} after ${seconds()} s`);
    for (let attempt = 1; !reading.received.includes(result) && attempt <= RESUMPTIONS; attempt++) {
      if (!reading.lastEventId) {
        facts.push("it cannot be resumed, as none of its events had an id");
        break;
      }
      const resumed = await mcp.resume(reading.lastEventId);
      if (resumed.status !== 200) {
        await text(resumed);
        facts.push(`resumption ${attempt} was answered with ${resumed.status}`);
      } else {
        facts.push(`resumption ${attempt}, at ${locationOf(resumed)}, ${await reading.read(resumed)} after ${seconds()} s`);
      }
      await outside.wait(1000);
    }
    const isWhole = reading.received.includes(result);
    return judged(
      isWhole,
      ...facts,
      `${isWhole ? "ok: the result came" : "WRONG: the result never came"}, after ${seconds()} s`,
      `the longest silence was ${Math.round(reading.longest / 1000)} s`,
      `${reading.received.match(/notifications\/progress/g)?.length ?? 0} reports of progress, ${reading.received.match(/^:/gm)?.length ?? 0} comments`,
    );
  },
};

class Reading {
  received = "";
  longest = 0;

  constructor(private readonly trial: CloudflareTrial) {}

  get lastEventId(): string | undefined {
    return [...this.received.matchAll(/^id: ?(.+)$/gm)].at(-1)?.[1]?.trim();
  }

  /** Reads to the end, and says what it was. */
  async read({ body }: HttpAnswer): Promise<string> {
    const { outside } = this.trial;
    let last = outside.now();
    try {
      for await (const chunk of body) {
        this.longest = Math.max(this.longest, outside.now() - last);
        last = outside.now();
        this.received += chunk;
      }
    } catch (error) {
      return `broke off (${(error as Error).message})`;
    }
    return "was ended by the server";
  }
}
