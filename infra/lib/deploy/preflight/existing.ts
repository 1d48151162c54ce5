import { EXISTING_USER_POOL, PARTS } from "../../names.ts";
import { withUserPoolDomain } from "../../settings.ts";
import { problem, type Finding } from "../finding.ts";
import { Job } from "../job.ts";
import { creating, type Standing } from "../standing.ts";
import type { World } from "../world.ts";

/** Whether the user pool and the app client that the settings name are there, and fit. */
export async function userPool({ region, settings }: Job, { aws }: World): Promise<Finding[]> {
  const { existing } = settings.userPool;
  if (!existing) return [];
  const { id, clientId, clientSecretArn } = existing;
  if (!(await aws.hasUserPool(region, id))) {
    return [problem(`userPool.existing.id: there is no user pool ${id} in ${region} that these credentials can see; \`aws cognito-idp list-user-pools --region ${region} --max-results 60\` lists them`)];
  }
  const findings: Finding[] = [];
  const domain = await aws.userPoolDomain(region, id);
  if (!domain && !existing.domain) {
    findings.push(
      problem(
        `userPool.existing.id: the user pool ${id} has no domain, so it has no login pages: ` +
          `\`aws cognito-idp create-user-pool-domain --user-pool-id ${id} --domain PREFIX --managed-login-version 2 --region ${region}\``,
      ),
    );
  }
  if (domain && !domain.isManagedLogin && !clientId) {
    findings.push(
      problem(
        `userPool.existing: ${domain.host} shows the classic hosted UI, and the new app client is made for managed login: switch the domain ` +
          "(update-user-pool-domain with --managed-login-version 2), or name an app client in clientId",
      ),
    );
  }
  if (!clientId) return findings;
  const client = await aws.appClient(region, id, clientId);
  if (!client) {
    findings.push(problem(`userPool.existing.clientId: the user pool ${id} has no app client ${clientId}; leave clientId out, and one is made`));
  } else if (!client.hasSecret) {
    findings.push(problem(`userPool.existing.clientId: the app client ${clientId} has no secret, which cannot be added later; leave clientId out, and one is made`));
  } else if (client.secretArn && !clientSecretArn?.startsWith(client.secretArn)) {
    findings.push(problem(`userPool.existing.clientSecretArn: Secrets Manager keeps the secret of ${clientId}: set this to ${client.secretArn}`));
  }
  return findings;
}

/** The job, with the domain of a user pool that exists. */
export async function withDomain(job: Job, { aws }: World): Promise<Job> {
  const { existing } = job.settings.userPool;
  if (!existing || existing.domain) return job;
  const host = (await aws.userPoolDomain(job.region, existing.id))?.host ?? (await aws.parameter(job.region, job.names.edgeParameter("cognito-domain")));
  // Stacks are taken away without it, too.
  const any = job.given.action === "destroy" ? "gone.invalid" : undefined;
  return new Job(withUserPoolDomain(job.settings, host ?? any), job.given);
}

/** What the deployment has made itself, and the settings now say to be there already: it would be deleted, or left behind. */
export async function replaced(job: Job, { aws }: World, standing: Standing): Promise<Finding[]> {
  const { deployment, names, settings } = job;
  const findings: Finding[] = [];
  const { existing } = settings.userPool;
  const security = creating(standing).includes("security") ? undefined : standing.stacks.find(({ part }) => part === "security")?.stack;
  const before = security && (security.outputs?.[EXISTING_USER_POOL] ?? "of its own stack");
  if (existing && before && before !== existing.id) {
    findings.push(
      problem(
        `userPool.existing: the deployment ${deployment} stands with the user pool ${before}, and would let go of it: every user would have to sign in ` +
          `anew in ${existing.id}, and a pool that is not retained would be deleted. Make another deployment for ${existing.id}, and take this one away ` +
          "when nobody uses it",
      ),
    );
  }
  for (const part of PARTS.filter((part) => !job.parts.includes(part))) {
    const [name, home] = [names.of(part), job.regionOf(part)];
    if (!(await aws.stack(home, name))) continue;
    findings.push(
      problem(
        `server.existing: the stack ${name} in ${home} stands, with a server that the settings do not have any more. Make another deployment for ` +
          "the server that exists, and take this one away when nobody uses it",
      ),
    );
  }
  return findings;
}
