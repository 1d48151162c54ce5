import { parseEcrImage } from "../../server/image-uri.ts";
import { buildsImage } from "../assembly.ts";
import { looking, note, problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

/** Whether the image that is built can be built. */
export async function engine({ settings, given }: Job, { programs }: World): Promise<Finding[]> {
  if (settings.server.image) return [];
  let builds: boolean;
  try {
    builds = !given.assembly || buildsImage(given.assembly);
  } catch (error) {
    return [problem((error as Error).message)];
  }
  if (!builds || (await programs.succeeds(["docker", "version"]))) return [];
  return [
    problem(
      "no Docker engine answers, and the image is to be built: start Docker, or set server.image to one in a registry " +
        "(`make image` makes one without Docker)",
    ),
  ];
}

/** Whether the image that is given is there, and for the tasks' architecture. */
export async function image({ settings }: Job, { aws }: World): Promise<Finding[]> {
  const { image: uri, architecture } = settings.server;
  if (!uri) return [];
  const ecr = parseEcrImage(uri);
  if (!ecr) return [note(`server.image is in no registry that can be asked: whether ${uri} is there, and for ${architecture}, was not checked`)];
  return looking(`the image ${uri}`, async () => {
    const found = await aws.imageArchitectures(ecr);
    if (!found) return [problem(`server.image names no image: there is no ${uri}; push it, or correct the name`)];
    if (found.includes(architecture === "x86_64" ? "amd64" : architecture)) return [];
    return [
      problem(
        `server.image is for ${found.join(", ") || "no architecture"}, and server.architecture is ${architecture}: set that to the image's, ` +
          "or push an image for it",
      ),
    ];
  });
}
