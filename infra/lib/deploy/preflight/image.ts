import { DOCKER_ARCHITECTURE } from "../../server/architecture.ts";
import { parseEcrImage } from "../../server/image-uri.ts";
import { buildsImage } from "../assembly.ts";
import { looking, note, problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import type { World } from "../world.ts";

/** Programs that understand Docker's command line, in the order in which they are tried. */
const ENGINES = ["docker", "podman", "finch"];

/** Whether the image that is built can be built. Tells the CDK the program that builds it. */
export async function engine({ settings, given }: Job, world: World): Promise<Finding[]> {
  const { programs, variables } = world;
  if (settings.server.image || settings.server.existing) return [];
  let builds: boolean;
  try {
    builds = !given.assembly || buildsImage(given.assembly);
  } catch (error) {
    return [problem((error as Error).message)];
  }
  if (!builds) return [];
  const answers = (program: string) => programs.succeeds([program, "info"]);
  const other = "or set server.image to one in a registry (`make image` makes one without Docker)";
  const chosen = variables["CDK_DOCKER"];
  if (chosen) {
    if (await answers(chosen)) return [note(`${chosen}, which CDK_DOCKER names, builds the image`)];
    return [problem(`CDK_DOCKER names ${chosen}, which does not answer (\`${chosen} info\`): start it, unset CDK_DOCKER, ${other}`)];
  }
  for (const program of ENGINES) {
    if (!(await answers(program))) continue;
    if (program === "docker") return [];
    world.setVariable("CDK_DOCKER", program);
    return [note(`${program} builds the image, for no Docker answers; CDK_DOCKER names another program`)];
  }
  return [
    problem(`no Docker engine answers, Podman and Finch neither, and the image is to be built: start one, name another in CDK_DOCKER, ${other}`),
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
    if (found.includes(DOCKER_ARCHITECTURE[architecture])) return [];
    return [
      problem(
        `server.image is for ${found.join(", ") || "no architecture"}, and server.architecture is ${architecture}: set that to the image's, ` +
          "or push an image for it",
      ),
    ];
  });
}
