import { Tags, type App } from "aws-cdk-lib";
import { GlobalStack } from "./global-stack.ts";
import { SecurityStack } from "./security-stack.ts";
import { ServerStack } from "./server-stack.ts";
import type { Settings } from "./settings.ts";

/** The stacks of one deployment. */
export class Deployment {
  readonly global: GlobalStack;
  readonly security: SecurityStack;
  readonly server: ServerStack;

  constructor(app: App, settings: Settings) {
    const stack = (part: string) => ({ id: `edgeward-${settings.deployment}-${part}`, props: { terminationProtection: settings.userPool.retain } });
    const [global, security, server] = [stack("global"), stack("security"), stack("server")];
    this.global = new GlobalStack(app, global.id, settings, global.props);
    this.security = new SecurityStack(app, security.id, settings, security.props);
    this.server = new ServerStack(app, server.id, settings, server.props);
    // What one writes, the next reads.
    this.server.addStackDependency(this.global);
    this.server.addStackDependency(this.security);
    for (const stack of [this.global, this.security, this.server]) {
      Tags.of(stack).add("edgeward:deployment", settings.deployment);
    }
  }
}
