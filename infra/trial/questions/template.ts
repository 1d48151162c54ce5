// A temporary stack with pools of its own: nothing of the deployment's pool is changed, and deleting the stack removes everything.

import type { Settings } from "../../lib/settings.ts";
import { cognitoIssuer } from "../../lib/regions.ts";

/** The name of the identity provider, which is another pool of the stack. */
export const PROVIDER = "Elsewhere";

/** What the Lambda says when it refuses. */
export const REFUSAL = "Edgeward asked for this refusal";

/** The attribute that says at which trigger a user is refused: the event's `triggerSource`, or its beginning. */
export const REFUSED_AT = "nickname";

const REFUSE = `exports.handler = async (event) => {
  const refusedAt = event.request.userAttributes?.${REFUSED_AT};
  if (refusedAt && event.triggerSource.startsWith(refusedAt)) throw new Error("${REFUSAL}");
  return event;
};`;

export interface StackOf {
  readonly region: string;
  /** Of every physical name in it. */
  readonly name: string;
  /** Prefix of the login pages' domain. The provider's gets `-idp` after it. */
  readonly prefix: string;
  readonly redirectUri: string;
  readonly tier: Settings["userPool"]["tier"];
}

const domainOf = (prefix: string, region: string) => `${prefix}.auth.${region}.amazoncognito.com`;

/**
 * The template: the pool in question, with an app client like the edge's (but public, so that there is no secret to keep), and a
 * second pool as its identity provider. A Lambda refuses users by an attribute of theirs. It may not write logs, so none are left.
 */
export function questionsTemplate({ region, name, prefix, redirectUri, tier }: StackOf) {
  const domain = domainOf(prefix, region);
  const pool = (Name: string, more: object = {}) => ({
    Type: "AWS::Cognito::UserPool",
    Properties: {
      UserPoolName: `${name}-${Name}`,
      UserPoolTier: tier,
      UsernameConfiguration: { CaseSensitive: false },
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      EmailConfiguration: { EmailSendingAccount: "COGNITO_DEFAULT" },
      DeletionProtection: "INACTIVE",
      ...more,
    },
  });
  const pages = (pool: string, client: string, Domain: string) => ({
    [`${pool}Domain`]: {
      Type: "AWS::Cognito::UserPoolDomain",
      Properties: { UserPoolId: { Ref: pool }, Domain, ManagedLoginVersion: 2 },
    },
    [`${pool}Branding`]: {
      Type: "AWS::Cognito::ManagedLoginBranding",
      DependsOn: [`${pool}Domain`],
      Properties: { UserPoolId: { Ref: pool }, ClientId: { Ref: client }, UseCognitoProvidedValues: true },
    },
  });
  const client = (pool: string, more: object) => ({
    Type: "AWS::Cognito::UserPoolClient",
    Properties: {
      UserPoolId: { Ref: pool },
      ClientName: name,
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["openid", "email", "profile"],
      PreventUserExistenceErrors: "ENABLED",
      ...more,
    },
  });
  const LambdaArn = { "Fn::GetAtt": ["Refuse", "Arn"] };
  return {
    Description: "Temporary: Edgeward's trial asks a user pool questions. It is deleted when the step is over.",
    Resources: {
      RefuseRole: {
        Type: "AWS::IAM::Role",
        Properties: {
          AssumeRolePolicyDocument: {
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
          },
        },
      },
      Refuse: {
        Type: "AWS::Lambda::Function",
        Properties: {
          FunctionName: name,
          Runtime: "nodejs24.x",
          Architectures: ["arm64"],
          Handler: "index.handler",
          Timeout: 5,
          Role: { "Fn::GetAtt": ["RefuseRole", "Arn"] },
          Code: { ZipFile: REFUSE },
        },
      },
      RefusePermission: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          Action: "lambda:InvokeFunction",
          Principal: "cognito-idp.amazonaws.com",
          FunctionName: { Ref: "Refuse" },
          SourceArn: { "Fn::GetAtt": ["Users", "Arn"] },
        },
      },
      Users: pool("users", {
        LambdaConfig: { PreSignUp: LambdaArn, PreAuthentication: LambdaArn, PreTokenGenerationConfig: { LambdaArn, LambdaVersion: "V2_0" } },
      }),
      UsersClient: {
        ...client("Users", {
          GenerateSecret: false,
          // The trial gets most of its tokens without a browser.
          ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
          CallbackURLs: [redirectUri],
          SupportedIdentityProviders: ["COGNITO", { Ref: "Provider" }],
          EnableTokenRevocation: true,
          RefreshTokenValidity: 1,
          TokenValidityUnits: { RefreshToken: "days" },
          RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 60 },
        }),
        DependsOn: ["RefusePermission"],
      },
      ...pages("Users", "UsersClient", prefix),
      Elsewhere: pool("provider"),
      ElsewhereClient: client("Elsewhere", {
        GenerateSecret: true,
        ExplicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        CallbackURLs: [`https://${domain}/oauth2/idpresponse`],
        SupportedIdentityProviders: ["COGNITO"],
      }),
      ...pages("Elsewhere", "ElsewhereClient", `${prefix}-idp`),
      Provider: {
        Type: "AWS::Cognito::UserPoolIdentityProvider",
        // Cognito reads the provider's discovery document when it is made.
        DependsOn: ["ElsewhereDomain"],
        Properties: {
          UserPoolId: { Ref: "Users" },
          ProviderName: PROVIDER,
          ProviderType: "OIDC",
          ProviderDetails: {
            client_id: { Ref: "ElsewhereClient" },
            client_secret: { "Fn::GetAtt": ["ElsewhereClient", "ClientSecret"] },
            attributes_request_method: "GET",
            authorize_scopes: "openid email profile",
            oidc_issuer: { "Fn::Sub": cognitoIssuer(region, "${Elsewhere}") },
          },
          AttributeMapping: { username: "sub", email: "email", email_verified: "email_verified", [REFUSED_AT]: REFUSED_AT },
        },
      },
    },
    Outputs: {
      Pool: { Value: { Ref: "Users" } },
      Client: { Value: { Ref: "UsersClient" } },
      Domain: { Value: domain },
      ProviderPool: { Value: { Ref: "Elsewhere" } },
    },
  };
}
