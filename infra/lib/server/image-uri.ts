import { isCommercial } from "../regions.ts";

/** An image in ECR. */
export interface EcrImage {
  readonly registry: string;
  readonly region: string;
  readonly repository: string;
  /** The digest wins, as everywhere. */
  readonly id: { readonly imageDigest: string } | { readonly imageTag: string };
}

const ECR = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9._/-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** A private registry of any partition: `amazonaws.com.cn` is China's domain, `amazonaws.eu` the European Sovereign Cloud's. */
const ANY_ECR = /^\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.(?:com|com\.cn|eu)\//;

/** Why tasks cannot pull an image; nothing if they can, or if it is not in ECR. */
export function imageProblem(uri: string | undefined): string | undefined {
  const [, region] = ANY_ECR.exec(uri ?? "") ?? [];
  if (!region || isCommercial(region)) return undefined;
  return `is in a registry of another partition of AWS (${region}), from which tasks cannot pull: push it to ECR in the deployment's region`;
}

/** Reads the URI of an image in ECR; nothing if it is in another registry. */
export function parseEcrImage(uri: string): EcrImage | undefined {
  const [, registry, region, repository, imageTag = "latest", imageDigest] = ECR.exec(uri) ?? [];
  if (!registry || !region || !repository) return undefined;
  return { registry, region, repository, id: imageDigest ? { imageDigest } : { imageTag } };
}
