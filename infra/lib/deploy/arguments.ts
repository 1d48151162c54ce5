import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** The command line. Folders are absolute: the programs that are run have another current folder. */
export interface Arguments {
  readonly action: "deploy" | "destroy";
  readonly deployment: string;
  readonly bootstrap: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** Folder of the settings, if it is not `deployments/`. */
  readonly deployments: string | undefined;
  /** A cloud assembly to deploy instead of the app's. */
  readonly assembly: string | undefined;
  /** Whether the edge is left alone: `edgeward push` and `edgeward remove` are somebody else's to run. */
  readonly stacksOnly: boolean;
  /** What has leaked and is replaced by the deployment. */
  readonly leaked: "origin-secret" | undefined;
}

export const USAGE = `usage: deploy.ts deploy DEPLOYMENT [--bootstrap] [--dry-run] [OPTIONS]
       deploy.ts deploy DEPLOYMENT --leaked origin-secret [--dry-run] [OPTIONS]
       deploy.ts destroy DEPLOYMENT --yes [OPTIONS]
OPTIONS: --stacks-only       what is at AWS and nothing else: the edge is left alone
         --deployments DIR   where DEPLOYMENT.json is; by default infra/deployments
         --assembly DIR      a synthesized cloud assembly, instead of the CDK app`;

/** @throws Error that says what is wrong with the command line. */
export function parseArguments(words: readonly string[]): Arguments {
  const flag = { type: "boolean", default: false } as const;
  const folder = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { bootstrap: flag, "dry-run": flag, yes: flag, "stacks-only": flag, deployments: folder, assembly: folder, leaked: folder },
  });
  const [action, deployment, ...others] = positionals;
  if (action !== "deploy" && action !== "destroy") throw new Error("say what to do: deploy or destroy");
  if (!deployment || others.length > 0) throw new Error("name one deployment");
  if (action === "deploy" && values.yes) throw new Error("--yes is for destroy");
  if (action === "destroy" && (values.bootstrap || values["dry-run"])) {
    throw new Error("--bootstrap and --dry-run are for deploy; destroy without --yes says what it would remove");
  }
  const { leaked } = values;
  if (leaked !== undefined && leaked !== "origin-secret") throw new Error("--leaked is for origin-secret; `edgeward leaked` is for the rest");
  if (leaked && (action !== "deploy" || values.assembly)) throw new Error("--leaked is for deploy, and changes the settings, which --assembly does not read");
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  return {
    action,
    deployment,
    bootstrap: values.bootstrap,
    dryRun: values["dry-run"],
    yes: values.yes,
    deployments: absolute(values.deployments),
    assembly: absolute(values.assembly),
    stacksOnly: values["stacks-only"],
    leaked,
  };
}
