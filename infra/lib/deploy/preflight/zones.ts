import { zonesOf } from "../../regions.ts";
import { problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

/** Whether the account has the availability zones that the subnets are to be in: not every account has every zone. */
export async function zones({ region, settings }: Job, { aws }: World): Promise<Finding[]> {
  if (settings.server.existing) return [];
  const wanted = zonesOf(region, settings.server.zones);
  if (!wanted) return [];
  const available = await aws.zones(region);
  const missing = wanted.filter((zone) => !available.includes(zone));
  if (missing.length === 0) return [];
  return [
    problem(
      `the account has no availability zone ${missing.join(" or ")} in ${region}: set server.zones to two of ${available.toSorted().join(", ")}; ` +
        "the README names those that CloudFront's VPC origins do not support",
    ),
  ];
}
