// AWS, programs and a terminal that only pretend.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PARTS, regionOf } from "../../lib/names.ts";
import type { AppClient, Aws, Identity, Stack, StackEvent, StoppedTask, UserPoolDomain } from "../../lib/deploy/aws.ts";
import { run } from "../../lib/deploy/run.ts";
import type { World } from "../../lib/deploy/world.ts";
import type { EcrImage } from "../../lib/server/image-uri.ts";

export const ACCOUNT = "123456789012";
export const TOKEN = "token-that-nobody-may-see";
export const BOOTSTRAPPED = "/cdk-bootstrap/hnb659fds/version";
const SETTINGS = {
  account: ACCOUNT,
  region: "eu-west-1",
  publicUrl: "https://mcp.example.com",
  server: { image: `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:1` },
};

/** AWS, where all is well and nothing of the deployment stands. Keys are `region name`. */
export class FakeAws implements Aws {
  identities = new Map<string, Identity>();
  parameters = new Map([
    [`us-east-1 ${BOOTSTRAPPED}`, "25"],
    [`eu-west-1 ${BOOTSTRAPPED}`, "25"],
  ]);
  domains = new Map<string, string>();
  pools = new Set<string>();
  /** Domains of pools, by their ids. */
  poolDomains = new Map<string, UserPoolDomain>();
  /** App clients, by the pool's id and their own. */
  clients = new Map<string, AppClient>();
  /** Pools whose mails SES sends. */
  poolsWithSes = new Set<string>();
  availabilityZones = ["use1-az1", "use1-az2", "use1-az4"];
  architectures: string[] | undefined = ["arm64"];
  stacks = new Map<string, Stack>();
  /** The oldest first, as they happen. */
  stackEvents = new Map<string, StackEvent[]>();
  tasks: StoppedTask[] = [];
  buckets = new Set<string>();
  /** What of AWS was asked for something. */
  readonly asked: string[] = [];

  async identity(region: string): Promise<Identity> {
    return this.identities.get(region) ?? { kind: "known", account: ACCOUNT };
  }
  async parameter(region: string, name: string) {
    this.asked.push("parameter");
    return this.parameters.get(`${region} ${name}`);
  }
  async hasParameter(region: string, name: string) {
    return (await this.parameter(region, name)) !== undefined;
  }
  async parametersBelow(region: string, path: string) {
    const names = [...this.parameters.keys()].filter((key) => key.startsWith(`${region} ${path}/`));
    return names.map((key) => key.slice(region.length + 1));
  }
  async domainOwner(region: string, domain: string) {
    return this.domains.get(`${region} ${domain}`);
  }
  async hasUserPool(_region: string, id: string) {
    return this.pools.has(id);
  }
  async userPoolDomain(_region: string, pool: string) {
    return this.poolDomains.get(pool);
  }
  async appClient(_region: string, pool: string, id: string) {
    return this.clients.get(`${pool} ${id}`);
  }
  async sendsThroughSes(_region: string, pool: string) {
    return this.poolsWithSes.has(pool);
  }
  async zones(_region: string) {
    this.asked.push("zones");
    return this.availabilityZones;
  }
  async imageArchitectures(_image: EcrImage) {
    return this.architectures;
  }
  async stack(region: string, name: string) {
    return this.stacks.get(`${region} ${name}`);
  }
  async events(region: string, stack: string) {
    return (this.stackEvents.get(`${region} ${stack}`) ?? []).toReversed();
  }
  async stoppedTasks() {
    return this.tasks;
  }
  async hasBucket(_region: string, name: string) {
    return this.buckets.has(name);
  }
  async removeBucket(_region: string, name: string) {
    this.buckets.delete(name);
  }

  /** Makes the stacks stand. */
  stand(deployment: string, status = "CREATE_COMPLETE", isProtected = false) {
    for (const part of PARTS) {
      this.stacks.set(`${regionOf(part, "eu-west-1")} edgeward-${deployment}-${part}`, { status, isProtected });
    }
  }
}

/** Everything outside of a run. */
export class FakeWorld implements World {
  readonly aws = new FakeAws();
  /** A records. */
  readonly records = new Map<string, string[]>();
  readonly dns = { addresses: async (host: string) => this.records.get(host) ?? [] };
  readonly said: string[] = [];
  /** The programs that were run, and those that were only asked whether they run. */
  readonly ran: string[][] = [];
  readonly tried: string[][] = [];
  variables: Record<string, string | undefined> = { CLOUDFLARE_API_TOKEN: TOKEN, CLOUDFLARE_ACCOUNT_ID: "cf" };
  /** Beginnings of command lines that fail. */
  failing: string[] = [];
  /** What happens to AWS when a program runs. */
  effect: (argv: readonly string[]) => void = () => {};

  private readonly status = (argv: readonly string[]) => (this.failing.some((start) => argv.join(" ").startsWith(start)) ? 1 : 0);

  readonly programs = {
    run: async (argv: readonly string[]) => {
      this.ran.push([...argv]);
      this.effect(argv);
      return this.status(argv);
    },
    succeeds: async (argv: readonly string[]) => {
      this.tried.push([...argv]);
      return this.status(argv) === 0;
    },
  };
  readonly setVariable = (name: string, value: string) => void (this.variables[name] = value);
  readonly say = (line: string) => void this.said.push(line);
  readonly pause = () => new Promise<void>((resolve) => setImmediate(resolve));

  get text(): string {
    return this.said.join("\n");
  }

  /** The command lines that were run. */
  get commands(): string[] {
    return this.ran.map((argv) => argv.join(" "));
  }
}

/** A folder with the settings of a deployment; `changes` to those of one in order. */
export function settingsOf(deployment: string, changes: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "edgeward-settings-"));
  writeFileSync(join(folder, `${deployment}.json`), JSON.stringify({ ...SETTINGS, ...changes }));
  return folder;
}

/** Runs the command for a deployment with these settings; the exit status, and the folder of the settings. */
export async function runWith(world: FakeWorld, words: string[], changes: object = {}) {
  const [, deployment = ""] = words;
  const folder = settingsOf(deployment, changes);
  return { status: await run([...words, "--deployments", folder], world), folder };
}
