import { ENVIRONMENTS, type Settings } from "../settings.ts";
import { Names, partsOf, regionOf, type Part } from "../names.ts";
import type { Arguments } from "./arguments.ts";

/** What is deployed or destroyed. */
export class Job {
  readonly names: Names;

  constructor(
    readonly settings: Settings,
    readonly given: Arguments,
  ) {
    this.names = new Names(settings);
  }

  get deployment(): string {
    return this.settings.deployment;
  }

  /** The home region. */
  get region(): string {
    return this.settings.region;
  }

  /** Its stacks. */
  get parts(): readonly Part[] {
    return partsOf(this.settings);
  }

  /** The regions that have stacks. */
  get regions(): string[] {
    return [...new Set(this.parts.map((part) => this.regionOf(part)))];
  }

  regionOf(part: Part): string {
    return regionOf(part, this.region);
  }

  /** What `--env` of the tool is to be, if anything. */
  get environment(): string | undefined {
    if (ENVIRONMENTS.some((name) => name === this.deployment)) return undefined;
    return this.settings.edge.environment;
  }

  /** Parameters with private keys, the edge's and those of sessions: the tool makes what is missing. */
  get keysParameters(): string[] {
    const ofTheEdge = `${this.names.parameterRoot}/edge/keys`;
    return this.settings.server.existing ? [ofTheEdge] : [ofTheEdge, `${this.names.originParameterPath}/session-keys`];
  }

  /** The Worker at Cloudflare, as the tool calls it. */
  get worker(): string {
    return `edgeward-${this.deployment}`;
  }

  get logBuckets(): string[] {
    if (this.settings.server.existing) return [];
    return (["alb", "cdn"] as const).map((of) => this.names.logBucket(this.settings.account, of));
  }
}
