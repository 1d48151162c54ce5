import { Duration } from "aws-cdk-lib";
import { CfnManagedLoginBranding, type IUserPool, OAuthScope, UserPoolClient, UserPoolClientIdentityProvider } from "aws-cdk-lib/aws-cognito";
import type { Construct } from "constructs";
import type { Names } from "../names.ts";
import type { Settings } from "../settings.ts";
import { upstreamScopes } from "./scopes.ts";

export interface EdgeClientProps {
  readonly userPool: IUserPool;
  readonly settings: Settings;
  readonly names: Names;
  /** Who its users may sign in with: `COGNITO`, which is the pool itself, and names of identity providers. */
  readonly providers: readonly string[];
}

/** The edge's app client, with the branding that managed login wants of each. */
export function edgeClient(scope: Construct, { userPool, settings, names, providers }: EdgeClientProps): UserPoolClient {
  const pool = settings.userPool;
  const client = new UserPoolClient(scope, "Edge", {
    userPool,
    userPoolClientName: names.of("edge"),
    generateSecret: true,
    // Signing in happens at the login pages, which offer passkeys with this flow only. Cognito's default has others.
    authFlows: { user: true },
    oAuth: {
      flows: { authorizationCodeGrant: true, implicitCodeGrant: false, clientCredentials: false },
      scopes: upstreamScopes(settings.edge).map((name) => OAuthScope.custom(name)),
      callbackUrls: [`${settings.publicUrl}/callback`],
      logoutUrls: [`${settings.publicUrl}/signed-out`, ...pool.logoutUrls],
    },
    supportedIdentityProviders: providers.map((name) => UserPoolClientIdentityProvider.custom(name)),
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.seconds(pool.accessTokenSeconds),
    idTokenValidity: Duration.seconds(pool.accessTokenSeconds),
    refreshTokenValidity: Duration.days(pool.refreshTokenDays),
    // The replaced token works for as long as an answer may have been lost: 60 seconds are the most that Cognito takes.
    refreshTokenRotationGracePeriod: Duration.seconds(60),
  });
  new CfnManagedLoginBranding(scope, "Branding", {
    userPoolId: userPool.userPoolId,
    clientId: client.userPoolClientId,
    useCognitoProvidedValues: true,
  });
  return client;
}
