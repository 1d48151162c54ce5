import { failed, judged } from "../../trial/step.ts";
import type { CloudflareStep } from "../trial.ts";

const LATE = 60_000;

export const logs: CloudflareStep = {
  name: "logs",
  what: "look whether Cloudflare's logs hold the authorization code of the sign-in, or any record of an invocation",
  async run({ outside, cloudflare, spanOf }) {
    const signedIn = spanOf("sign-in");
    if (!signedIn) return failed("nobody has signed in yet: the step sign-in was left out");
    // That minute and no more: Cloudflare counts a sample when it is asked for a long time.
    const span = { from: signedIn.from, to: signedIn.to + LATE };
    if (outside.now() < span.to) await outside.wait(LATE);
    const { lines, invocations } = await cloudflare.logRecords(span);
    const withQuery = await cloudflare.recordsWithUrl(span, "/callback?");
    return judged(
      withQuery === 0 && lines > 0 && invocations === 0,
      `${lines} lines of the Worker, ${invocations} records of invocations`,
      ...(lines > 0 ? [] : ["WRONG: no line of the Worker: are its logs on?"]),
      ...(invocations === 0 ? [] : ["WRONG: invocations are recorded, with their URLs: has the Worker `invocation_logs = false`?"]),
      `${withQuery === 0 ? "ok" : "WRONG"}: ${withQuery} records hold a URL of /callback with its query`,
    );
  },
};
