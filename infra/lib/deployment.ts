import { Tags, type App } from "aws-cdk-lib";
import { GlobalStack } from "./global-stack.ts";
import { Names, partsOf, type Part } from "./names.ts";
import { SecurityStack } from "./security-stack.ts";
import { ServerStack } from "./server-stack.ts";
import type { Settings } from "./settings.ts";
import { WatchStack } from "./watch-stack.ts";

/** The stacks of one deployment. */
export class Deployment {
  readonly security: SecurityStack;
  /** What stands around the MCP server, unless one exists already. */
  readonly global: GlobalStack | undefined;
  readonly server: ServerStack | undefined;
  readonly watch: WatchStack | undefined;

  /**
   * @param creating Parts that do not stand yet. CloudFormation could not take back what is protected from deletion, if
   *   their first deployment fails, so nothing in them is: deploying once more protects it.
   */
  constructor(app: App, settings: Settings, creating: readonly string[] = []) {
    const stack = (part: Part) => ({
      id: new Names(settings).of(part),
      props: { terminationProtection: settings.userPool.retain && !creating.includes(part) },
    });
    const [global, security, server, watch] = [stack("global"), stack("security"), stack("server"), stack("watch")];
    const parts = partsOf(settings);
    if (parts.includes("global")) this.global = new GlobalStack(app, global.id, settings, global.props);
    this.security = new SecurityStack(app, security.id, settings, security.props);
    if (this.global) {
      this.server = new ServerStack(app, server.id, settings, server.props);
      this.watch = new WatchStack(app, watch.id, settings, watch.props);
      // What one writes, the next reads.
      this.server.addStackDependency(this.global);
      this.server.addStackDependency(this.security);
      this.watch.addStackDependency(this.server);
    }
    for (const stack of [this.global, this.security, this.server, this.watch].filter((stack) => stack !== undefined)) {
      // A VPC origin that is in use refuses changes of its tags, too (aws/aws-cdk#35765), so it has none.
      Tags.of(stack).add("edgeward:deployment", settings.deployment, { excludeResourceTypes: ["AWS::CloudFront::VpcOrigin"] });
    }
  }
}
