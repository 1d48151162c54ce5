import { eventsSince, type Before } from "./diagnosis.ts";
import type { Job } from "./job.ts";
import type { World } from "./world.ts";

/**
 * Removes the log buckets that CloudFormation failed to delete in this run, because AWS has written to them already.
 *
 * @param made Only those that this run has made: what an earlier one has left holds somebody's logs.
 */
export async function removeLogBuckets(job: Job, world: World, before: Before, made: "in this run" | "ever"): Promise<string[]> {
  const events = (await eventsSince(before, "server", job, world)).filter(({ type }) => type === "AWS::S3::Bucket");
  const had = (bucket: string, status: string) => events.some((event) => event.physicalId === bucket && event.status === status);
  const removed = job.logBuckets.filter(
    (bucket) => had(bucket, "DELETE_FAILED") && (made === "ever" || had(bucket, "CREATE_COMPLETE")),
  );
  for (const bucket of removed) await world.aws.removeBucket(job.region, bucket);
  return removed;
}
