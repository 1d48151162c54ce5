import { LOGIN_ALIAS_TARGET, SERVER_ALIAS_TARGET, type Part } from "../names.ts";
import type { Job } from "./job.ts";
import type { World } from "./world.ts";

/** The DNS records that the settings' own names need, as far as the stacks say what they lead to. */
export async function dnsRecords(job: Job, { aws }: World): Promise<string[]> {
  const { userPool, server } = job.settings;
  const names: [string | undefined, Part, string][] = [
    [userPool.customDomain?.name, "security", LOGIN_ALIAS_TARGET],
    [server.domain?.name, "server", SERVER_ALIAS_TARGET],
  ];
  const records: string[] = [];
  for (const [name, part, output] of names) {
    const target = name && (await aws.stack(job.regionOf(part), job.names.of(part)))?.outputs?.[output];
    if (target) records.push(`  ${name} CNAME ${target}`);
  }
  return records.length > 0 ? ["edgeward: DNS records that you must set (in Route 53, an alias does as well):", ...records] : [];
}
