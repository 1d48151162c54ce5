// The app: `cdk -c deployment=NAME …` takes `deployments/NAME.json`.

import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { Deployment } from "../lib/deployment.ts";
import { readSettings } from "../lib/settings.ts";

const app = new App();
const deployment: unknown = app.node.tryGetContext("deployment");
try {
  if (typeof deployment !== "string") throw new Error("name the deployment: -c deployment=NAME, for deployments/NAME.json");
  new Deployment(app, readSettings(deployment, fileURLToPath(new URL("../deployments", import.meta.url))));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  console.error(`edgeward: ${(error as Error).message}`);
  process.exit(1);
}
