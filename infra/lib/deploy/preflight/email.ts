import { note, problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

/** Whether the user pool's mails will arrive, and whether a sender that the settings do not name would be lost. */
export async function email({ region, names, settings }: Job, { aws }: World): Promise<Finding[]> {
  if (settings.userPool.email || settings.userPool.existing) return [];
  const pool = await aws.parameter(region, names.edgeParameter("cognito-user-pool-id"));
  if (pool && (await aws.sendsThroughSes(region, pool))) {
    return [
      problem(
        `the user pool ${pool} sends its mails through SES, and the settings do not say so: set userPool.email to that sender, or ` +
          'to "cognito" if Cognito is to send them from now on, 50 a day',
      ),
    ];
  }
  return [
    note(
      "Cognito itself sends the user pool's mails: no more than 50 a day, invitations and codes together. Set userPool.email to an " +
        'identity of SES, or to "cognito" if that is enough',
    ),
  ];
}
