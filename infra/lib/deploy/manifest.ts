/** Types of manifests that ECR is asked for: of several images, and of one. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** The architectures that a manifest is for. That of a single image stands in its configuration, read by `config`. */
export async function architecturesOf(manifest: string, config: (digest: string) => Promise<string>): Promise<string[]> {
  const { manifests, config: described } = JSON.parse(manifest);
  if (Array.isArray(manifests)) {
    const all = manifests.map((entry) => entry.platform?.architecture);
    // Attestations are listed as images for the platform "unknown".
    return all.filter((name) => typeof name === "string" && name !== "unknown");
  }
  if (typeof described?.digest !== "string") throw new Error("a manifest of a kind that names no architecture");
  return [JSON.parse(await config(described.digest)).architecture];
}
