import { loginDomain } from "../../identity/login-domain.ts";
import { note, problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

/**
 * Whether the login pages' domain is free, or this deployment's. Cognito says so only of the account's own pools: that
 * another account has it comes out when CloudFormation tries.
 */
export async function domain(job: Job, world: World): Promise<Finding[]> {
  const { region, names, settings } = job;
  if (settings.userPool.existing) return [];
  const wanted = loginDomain(settings);
  const owner = await world.aws.domainOwner(region, wanted);
  if (!owner) return parent(settings.userPool.customDomain?.name, world);
  if (owner === (await world.aws.parameter(region, names.edgeParameter("cognito-user-pool-id")))) return [];
  const setting = settings.userPool.customDomain ? "userPool.customDomain" : "userPool.domainPrefix";
  return [problem(`the login pages' domain ${wanted} belongs to the user pool ${owner}: set ${setting} to another one, or delete that pool's domain`)];
}

/** Cognito takes a domain of one's own only if the domain above it has an A record. */
async function parent(name: string | undefined, { dns }: World): Promise<Finding[]> {
  if (!name) return [];
  const above = name.slice(name.indexOf(".") + 1);
  const must = `Cognito takes ${name} (userPool.customDomain) only if ${above} has an A record`;
  try {
    if ((await dns.addresses(above)).length > 0) return [];
  } catch (error) {
    return [note(`${must}, and it cannot be looked up: ${(error as Error).message}`)];
  }
  return [problem(`${must}, and it has none: set one. Any address does; it may go once the domain stands`)];
}
