import { GLOBAL_REGION } from "../../names.ts";
import { problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

const SIGN_IN = "sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/** Whether there are credentials: asked where every account may ask. */
export async function credentials({ aws }: World): Promise<Finding[]> {
  const identity = await aws.identity(GLOBAL_REGION);
  switch (identity.kind) {
    case "known":
      return [];
    case "absent":
      return [problem(`there are no AWS credentials: ${SIGN_IN} (${identity.message})`)];
    case "expired":
      return [problem(`the AWS credentials have expired: ${SIGN_IN}`)];
    case "invalid":
    case "disabled":
      return [problem(`AWS does not take the credentials: ${SIGN_IN} (${identity.message})`)];
    case "nowhere":
    case "silent":
      return [problem(`AWS does not answer: is the network up, and AWS_ENDPOINT_URL right if it is set? (${identity.message})`)];
  }
}

/** Whether account and region are the ones of the settings; only asked with good credentials. */
export async function account({ settings, region }: Job, { aws }: World): Promise<Finding[]> {
  const identity = await aws.identity(region);
  switch (identity.kind) {
    case "known":
      if (identity.account === settings.account) return [];
      return [
        problem(
          `the credentials are of the account ${identity.account}, and \`account\` in the settings says ${settings.account}: ` +
            "use those of that account (AWS_PROFILE), or change the setting",
        ),
      ];
    case "nowhere":
      return [problem(`AWS has no region ${region}: set \`region\` in the settings to one that exists, such as eu-west-1`)];
    // The same credentials are good in us-east-1, so it is the region that does not know them.
    case "invalid":
    case "disabled":
      return [
        problem(
          `the region ${region} is not enabled in the account: enable it (\`aws account enable-region --region-name ${region}\`, ` +
            "which takes minutes), or set `region` in the settings to another one",
        ),
      ];
    case "absent":
    case "expired":
    case "silent":
      return [problem(`AWS does not answer in ${region}, which \`region\` in the settings says: ${identity.message}`)];
  }
}
