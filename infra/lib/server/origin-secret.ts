import { RemovalPolicy } from "aws-cdk-lib";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { explain } from "../explain.ts";
import type { Names } from "../names.ts";

export interface OriginSecretProps {
  readonly names: Names;
  /** Which of the secrets, counted from 1, CloudFront sends. */
  readonly generation: number;
}

/**
 * What CloudFront shows the load balancer's firewall, so that nothing else in the VPC reaches the origin.
 *
 * There are two secrets, this generation's and the next one's, and the firewall takes either. So the next generation's
 * CloudFront sends what this one's firewall takes already, and no request is refused while the one follows the other.
 */
export class OriginSecret extends Construct {
  /** What CloudFront sends. */
  readonly sent: string;
  /** What the firewall takes. */
  readonly accepted: readonly string[];

  constructor(scope: Construct, id: string, props: OriginSecretProps) {
    super(scope, id);
    // The generation is part of the logical id, too: a new one is another secret, and the one between the two stays.
    const secret = (generation: number) => {
      const made = new Secret(this, `Generation${generation}`, {
        secretName: props.names.of(`origin-secret-${generation}`),
        description: "Shown by CloudFront to the load balancer's firewall",
        generateSecretString: { excludePunctuation: true, passwordLength: 48 },
        removalPolicy: RemovalPolicy.DESTROY,
      });
      explain(made, "AwsSolutions-SMG4", "CloudFront and firewall take a new value with a deployment only: infra/README.md says how");
      return made;
    };
    const [current, next] = [secret(props.generation), secret(props.generation + 1)];
    // Dynamic references: the values stand in no template.
    this.sent = current.secretValue.unsafeUnwrap();
    this.accepted = [this.sent, next.secretValue.unsafeUnwrap()];
  }
}
