import { loginDomain } from "../../identity/login-domain.ts";
import { problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

/**
 * Whether the login pages' domain is free, or this deployment's. Cognito says so only of the account's own pools: that
 * another account has it comes out when CloudFormation tries.
 */
export async function domain({ region, names, settings }: Job, { aws }: World): Promise<Finding[]> {
  const wanted = loginDomain(settings);
  const owner = await aws.domainOwner(region, wanted);
  if (!owner || owner === (await aws.parameter(region, names.edgeParameter("cognito-user-pool-id")))) return [];
  const setting = settings.userPool.customDomain ? "userPool.customDomain" : "userPool.domainPrefix";
  return [problem(`the login pages' domain ${wanted} belongs to the user pool ${owner}: set ${setting} to another one, or delete that pool's domain`)];
}
