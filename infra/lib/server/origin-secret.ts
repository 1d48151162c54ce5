import { RemovalPolicy } from "aws-cdk-lib";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { explain } from "../explain.ts";
import type { Names } from "../names.ts";

export interface OriginSecretProps {
  readonly names: Names;
}

/**
 * What CloudFront shows the load balancer's firewall, so that nothing else in the VPC reaches the origin.
 *
 * Two values, of which the firewall takes either and CloudFront sends the first. To rotate: set a new value for the second
 * and deploy, make CloudFront send it by swapping the two and deploy, then replace the old one. None of these steps
 * refuses a request.
 */
export class OriginSecret extends Construct {
  /** What CloudFront sends. */
  readonly sent: string;
  /** What the firewall takes. */
  readonly accepted: readonly string[];

  constructor(scope: Construct, id: string, props: OriginSecretProps) {
    super(scope, id);
    const secret = (name: "current" | "other") => {
      const made = new Secret(this, name, {
        secretName: props.names.of(`origin-secret-${name}`),
        description: "Shown by CloudFront to the load balancer's firewall",
        generateSecretString: { excludePunctuation: true, passwordLength: 48 },
        removalPolicy: RemovalPolicy.DESTROY,
      });
      explain(made, "AwsSolutions-SMG4", "CloudFront and firewall take a new value with a deployment only: infra/README.md says how");
      return made;
    };
    const [current, other] = [secret("current"), secret("other")];
    // Dynamic references: the values stand in no template.
    this.sent = current.secretValue.unsafeUnwrap();
    this.accepted = [this.sent, other.secretValue.unsafeUnwrap()];
  }
}
