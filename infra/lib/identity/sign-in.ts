import { Duration, RemovalPolicy, SecretValue, Stack } from "aws-cdk-lib";
import {
  AccountRecovery,
  type CfnUserPool,
  FeaturePlan,
  type IUserPoolClient,
  ManagedLoginVersion,
  Mfa,
  PasskeyUserVerification,
  ResourceServerScope,
  StandardThreatProtectionMode,
  UserPool,
  UserPoolDomain,
  UserPoolEmail,
  UserPoolIdentityProviderGoogle,
  UserPoolIdentityProviderOidc,
  UserPoolIdentityProviderSaml,
  UserPoolIdentityProviderSamlMetadata,
  UserPoolResourceServer,
} from "aws-cdk-lib/aws-cognito";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Construct } from "constructs";
import { explain } from "../explain.ts";
import type { Names } from "../names.ts";
import { cognitoIssuer } from "../regions.ts";
import type { Settings } from "../settings.ts";
import { edgeClient } from "./app-client.ts";
import { loginDomain } from "./login-domain.ts";
import type { EmailSender, IdentityProvider } from "./settings.ts";

/**
 * Cognito takes an address for unverified unless the provider's `email_verified` is mapped, and writes both anew at each sign-in
 * (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html).
 */
const OPENID_ATTRIBUTES = { email: { attributeName: "email" }, emailVerified: { attributeName: "email_verified" } };

/** Named either way: what an update of the pool leaves out, Cognito resets. */
function sender(email: EmailSender | "cognito" | undefined): UserPoolEmail {
  if (!email || email === "cognito") return UserPoolEmail.withCognito();
  const { from, fromName, replyTo, verifiedDomain, region } = email;
  return UserPoolEmail.withSES({
    fromEmail: from,
    ...(fromName ? { fromName } : {}),
    ...(replyTo ? { replyTo } : {}),
    ...(verifiedDomain ? { sesVerifiedDomain: verifiedDomain } : {}),
    ...(region ? { sesRegion: region } : {}),
  });
}

export interface SignInProps {
  readonly settings: Settings;
  readonly names: Names;
}

/** Where users sign in: pool, domain, login pages, and the one app client, the edge's. */
export class SignIn extends Construct {
  readonly userPool: UserPool;
  readonly client: IUserPoolClient;
  /** Host of the login pages. */
  readonly domainName: string;
  /** What the DNS record of a domain of one's own leads to. */
  readonly aliasTarget: string | undefined;
  /** What Cognito's tokens name as their issuer. */
  readonly issuer: string;

  constructor(scope: Construct, id: string, props: SignInProps) {
    super(scope, id);
    const { settings, names } = props;
    const pool = settings.userPool;
    const domainName = pool.customDomain?.name;

    this.userPool = new UserPool(this, "Users", {
      userPoolName: names.of("users"),
      featurePlan: pool.tier === "PLUS" ? FeaturePlan.PLUS : FeaturePlan.ESSENTIALS,
      ...(pool.tier === "PLUS" ? { standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION } : {}),
      selfSignUpEnabled: pool.selfSignUp,
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      keepOriginal: { email: true },
      email: sender(pool.email),
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: { off: Mfa.OFF, optional: Mfa.OPTIONAL, required: Mfa.REQUIRED }[pool.mfa],
      ...(pool.mfa === "off" ? {} : { mfaSecondFactor: { sms: false, otp: true } }),
      signInPolicy: { allowedFirstAuthFactors: { password: true, ...(pool.passkeys ? { passkey: true } : {}) } },
      ...(pool.passkeys
        ? {
            passkeyUserVerification: PasskeyUserVerification.REQUIRED,
            ...(domainName ? { passkeyRelyingPartyId: domainName } : {}),
          }
        : {}),
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      deletionProtection: Stack.of(this).terminationProtection ?? false,
      // A pool that a failed first deployment has made is nobody's.
      removalPolicy: pool.retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    if (pool.mfa === "required" && pool.passkeys) {
      // Cognito refuses passkeys as a first factor otherwise. A passkey that verifies its user is two factors.
      const resource = this.userPool.node.defaultChild as CfnUserPool;
      resource.webAuthnFactorConfiguration = "MULTI_FACTOR_WITH_USER_VERIFICATION";
    }
    if (pool.mfa !== "required") {
      explain(this.userPool, "AwsSolutions-COG2", "`userPool.mfa` says so; federated users have their provider's second factor");
    }
    if (pool.tier !== "PLUS") {
      explain(this.userPool, "AwsSolutions-COG8", "Threat protection needs the PLUS tier: `userPool.tier`");
    }
    this.issuer = cognitoIssuer(settings.region, this.userPool.userPoolId);

    const domain = new UserPoolDomain(this, "Domain", {
      userPool: this.userPool,
      managedLoginVersion: ManagedLoginVersion.NEWER_MANAGED_LOGIN,
      ...(pool.customDomain
        ? {
            customDomain: {
              domainName: pool.customDomain.name,
              certificate: Certificate.fromCertificateArn(this, "DomainCertificate", pool.customDomain.certificateArn),
            },
          }
        : { cognitoDomain: { domainPrefix: loginDomain(settings) } }),
    });
    this.aliasTarget = pool.customDomain && domain.cloudFrontEndpoint;
    this.domainName = pool.customDomain ? pool.customDomain.name : `${domain.domainName}.auth.${settings.region}.amazoncognito.com`;

    const resourceServers = Object.entries(pool.resourceServers).map(
      ([identifier, scopes]) =>
        new UserPoolResourceServer(this, `ResourceServer-${identifier}`, {
          userPool: this.userPool,
          identifier,
          // Identifiers may be URLs, names may not.
          userPoolResourceServerName: identifier.replaceAll(/[^\w+=,.@-]/g, "-"),
          scopes: Object.entries(scopes).map(
            ([scopeName, scopeDescription]) => new ResourceServerScope({ scopeName, scopeDescription }),
          ),
        }),
    );
    const providers = pool.identityProviders.map((provider) => this.federate(provider));

    this.client = edgeClient(this, { userPool: this.userPool, settings, names, providers: ["COGNITO", ...providers.map(({ providerName }) => providerName)] });
    // It names their scopes, and them.
    this.client.node.addDependency(...providers, ...resourceServers);
  }

  private federate(provider: IdentityProvider) {
    const userPool = this.userPool;
    switch (provider.kind) {
      case "oidc":
        return new UserPoolIdentityProviderOidc(this, `Provider-${provider.name}`, {
          userPool,
          name: provider.name,
          issuerUrl: provider.issuer,
          clientId: provider.clientId,
          clientSecret: SecretValue.secretsManager(provider.clientSecretArn).unsafeUnwrap(),
          scopes: ["openid", "email", "profile"],
          attributeMapping: OPENID_ATTRIBUTES,
        });
      case "saml":
        return new UserPoolIdentityProviderSaml(this, `Provider-${provider.name}`, {
          userPool,
          name: provider.name,
          metadata: UserPoolIdentityProviderSamlMetadata.url(provider.metadataUrl),
          attributeMapping: {
            email: { attributeName: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress" },
          },
        });
      case "google":
        return new UserPoolIdentityProviderGoogle(this, "Provider-Google", {
          userPool,
          clientId: provider.clientId,
          clientSecretValue: SecretValue.secretsManager(provider.clientSecretArn),
          scopes: ["openid", "email", "profile"],
          attributeMapping: OPENID_ATTRIBUTES,
        });
    }
  }
}
