/** An image in ECR. */
export interface EcrImage {
  readonly registry: string;
  readonly region: string;
  readonly repository: string;
  /** The digest wins, as everywhere. */
  readonly id: { readonly imageDigest: string } | { readonly imageTag: string };
}

const ECR = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9._/-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Reads the URI of an image in ECR; nothing if it is in another registry. */
export function parseEcrImage(uri: string): EcrImage | undefined {
  const [, registry, region, repository, imageTag = "latest", imageDigest] = ECR.exec(uri) ?? [];
  if (!registry || !region || !repository) return undefined;
  return { registry, region, repository, id: imageDigest ? { imageDigest } : { imageTag } };
}
