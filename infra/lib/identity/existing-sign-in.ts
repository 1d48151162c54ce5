import { type IUserPool, type IUserPoolClient, UserPool, UserPoolClient } from "aws-cdk-lib/aws-cognito";
import { Construct } from "constructs";
import type { Names } from "../names.ts";
import { cognitoIssuer } from "../regions.ts";
import type { Settings } from "../settings.ts";
import { edgeClient } from "./app-client.ts";

export interface ExistingSignInProps {
  readonly settings: Settings;
  readonly existing: NonNullable<Settings["userPool"]["existing"]>;
  readonly names: Names;
}

/** Where users sign in already: a user pool that these stacks do not change, and the edge's app client, made if none is named. */
export class ExistingSignIn extends Construct {
  readonly userPool: IUserPool;
  readonly client: IUserPoolClient;
  readonly domainName: string;
  readonly issuer: string;
  /** The domain has its DNS record. */
  readonly aliasTarget = undefined;

  constructor(scope: Construct, id: string, { settings, existing, names }: ExistingSignInProps) {
    super(scope, id);
    if (!existing.domain) {
      throw new Error(
        `userPool.existing.domain is not known: \`make deploy\` asks Cognito for it; here add -c userPoolDomain=HOST, or set it in the settings`,
      );
    }
    this.userPool = UserPool.fromUserPoolId(this, "Users", existing.id);
    this.domainName = existing.domain;
    this.issuer = cognitoIssuer(settings.region, existing.id);
    this.client = existing.clientId
      ? UserPoolClient.fromUserPoolClientId(this, "Edge", existing.clientId)
      : edgeClient(this, { userPool: this.userPool, settings, names, providers: existing.identityProviders ?? ["COGNITO"] });
  }
}
