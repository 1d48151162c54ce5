import { connect } from "../mcp.ts";
import { judged, type Step } from "../step.ts";

/** A minute between two events, which is longer than most time-outs on the way. */
const SILENCE = 60_000;

export const stream: Step = {
  name: "stream",
  what: "keep a stream of a tool call open, silent for a minute at a time",
  async run({ given, outside, session }) {
    const mcp = await connect(outside, session);
    const began = outside.now();
    const answer = await mcp.call("count_slowly", { steps: given.streamMinutes, interval_ms: SILENCE });
    let [last, longest, received] = [began, 0, ""];
    let broken: string | undefined;
    try {
      for await (const chunk of answer.body) {
        longest = Math.max(longest, outside.now() - last);
        last = outside.now();
        received += chunk;
      }
    } catch (error) {
      broken = (error as Error).message;
    }
    const isWhole = received.includes(`Counted to ${given.streamMinutes}.`);
    const seconds = (milliseconds: number) => Math.round(milliseconds / 1000);
    return judged(
      answer.status === 200 && isWhole,
      `status ${answer.status}, open for ${seconds(last - began)} s, ${isWhole ? "whole" : "without its result"}`,
      `the longest silence was ${seconds(longest)} s`,
      `${received.match(/notifications\/progress/g)?.length ?? 0} reports of progress, ${received.match(/^:/gm)?.length ?? 0} comments`,
      ...(broken === undefined ? [] : [`it broke off: ${broken}`]),
    );
  },
};
