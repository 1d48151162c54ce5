import { describe, expect, test } from "vitest";
import { architecturesOf } from "../../lib/deploy/manifest.ts";
import { parseEcrImage } from "../../lib/server/image-uri.ts";

const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const DIGEST = `sha256:${"a".repeat(64)}`;

describe("the image of the servers", () => {
  test.each([
    ["team/origin", { imageTag: "latest" }],
    ["team/origin:1.2", { imageTag: "1.2" }],
    [`team/origin@${DIGEST}`, { imageDigest: DIGEST }],
    [`team/origin:1.2@${DIGEST}`, { imageDigest: DIGEST }],
  ])("%s is found in ECR", (rest, id) => {
    expect(parseEcrImage(`${HOST}/${rest}`)).toEqual({ registry: "123456789012", region: "eu-west-1", repository: "team/origin", id });
  });

  test.each(["nginx", "ghcr.io/example/origin:1", "public.ecr.aws/docker/library/nginx:1"])("%s is elsewhere", (uri) => {
    expect(parseEcrImage(uri)).toBeUndefined();
  });

  test("is for the architectures that its index names, attestations left out", async () => {
    const platforms = ["arm64", "amd64", "unknown"].map((architecture) => ({ platform: { architecture, os: "linux" } }));
    expect(await architecturesOf(JSON.stringify({ manifests: platforms }), () => Promise.reject(new Error("not asked")))).toEqual(["arm64", "amd64"]);
  });

  test("is for the architecture of its configuration, where there is one image only", async () => {
    const manifest = JSON.stringify({ config: { digest: DIGEST } });
    const config = async (digest: string) => (digest === DIGEST ? '{"architecture":"amd64"}' : "");
    expect(await architecturesOf(manifest, config)).toEqual(["amd64"]);
  });
});
