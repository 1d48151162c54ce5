// The app: `cdk -c deployment=NAME …` takes `deployments/NAME.json`, or that file of the folder in `-c deployments=DIR`.
// `-c creating=global,security,server,watch` names the stacks that do not stand yet. `-c userPoolDomain=HOST` is the domain of a user pool
// that exists, where the settings do not say it.

import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { Preflight } from "cdk-preflight";
import { Deployment } from "../lib/deployment.ts";
import { readSettings, withUserPoolDomain } from "../lib/settings.ts";

const app = new App();
const context = (name: string) => {
  const value: unknown = app.node.tryGetContext(name);
  return typeof value === "string" ? value : undefined;
};
try {
  const deployment = context("deployment");
  if (!deployment) throw new Error("name the deployment: -c deployment=NAME, for deployments/NAME.json");
  const folder = context("deployments") ?? fileURLToPath(new URL("../deployments", import.meta.url));
  const settings = withUserPoolDomain(readSettings(deployment, folder), context("userPoolDomain"));
  new Deployment(app, settings, context("creating")?.split(","));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  Preflight.apply(app, { strict: true });
} catch (error) {
  console.error(`edgeward: ${(error as Error).message}`);
  process.exit(1);
}
