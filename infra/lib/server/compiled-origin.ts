import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Settings } from "../settings.ts";
import { DOCKER_ARCHITECTURE } from "./architecture.ts";

const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));

/** Its Dockerfile fails, and says what is missing. */
export const NOT_COMPILED = fileURLToPath(new URL("not-compiled", import.meta.url));

/**
 * The folder that the origin's image is built from: what `make origin` made for this architecture. Without that the stacks can be
 * compared and deleted, but the image cannot be built.
 */
export function compiledOrigin(architecture: Settings["server"]["architecture"], checkout = CHECKOUT): string {
  const folder = join(checkout, "target/image", DOCKER_ARCHITECTURE[architecture]);
  return existsSync(join(folder, "Dockerfile")) ? folder : NOT_COMPILED;
}
