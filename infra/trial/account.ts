import { looking, type Finding } from "../lib/deploy/finding.ts";
import type { Job } from "../lib/deploy/job.ts";
import { account, credentials } from "../lib/deploy/preflight/account.ts";
import type { Outside } from "./outside.ts";

/** Whether AWS's credentials are of the settings' account; if not, says what is wrong. Another account may have a deployment of the same name. */
export async function isAccountRight(job: Job, outside: Outside): Promise<boolean> {
  const findings: Finding[] = await looking("the AWS account", async () => {
    const unusable = await credentials(outside);
    return unusable.length > 0 ? unusable : account(job, outside);
  });
  if (findings.length === 0) return true;
  outside.say("edgeward: nothing was done:");
  for (const { text } of findings) outside.say(`  - ${text}`);
  return false;
}
