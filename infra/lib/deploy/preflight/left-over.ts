import { problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import { creating, type Standing } from "../standing.ts";
import type { World } from "../world.ts";

/** Things of an earlier deployment that CloudFormation neither takes over nor gets out of the way. */
export async function leftOver(job: Job, { aws }: World, { stacks }: Standing): Promise<Finding[]> {
  const findings: Finding[] = [];
  const fresh = creating({ stacks });
  for (const { part, name, region, stack } of stacks) {
    if (!stack?.isProtected || !fresh.includes(part)) continue;
    findings.push(
      problem(
        `the stack ${name} in ${region} has failed (${stack.status}) and is protected, so nothing can replace it: ` +
          `\`aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${name} --region ${region}\``,
      ),
    );
  }
  if (fresh.includes("server")) {
    for (const bucket of job.logBuckets) {
      if (!(await aws.hasBucket(job.region, bucket))) continue;
      findings.push(
        problem(`the bucket ${bucket} is left from an earlier deployment: keep its logs elsewhere, then \`aws s3 rb s3://${bucket} --force\``),
      );
    }
  }
  return findings;
}
