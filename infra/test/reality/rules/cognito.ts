import { only, type Resource, type Templates } from "../../templates.ts";
import type { Rule } from "../rule.ts";

const GUIDE = "https://docs.aws.amazon.com/cognito/latest/developerguide";
const MODEL = "botocore cognito-idp 2016-04-18";

type Found = [id: string, properties: Resource["Properties"]];

/** Logical id and properties of the security stack's resources of a type. */
const ofType = ({ security }: Templates, type: string): Found[] =>
  Object.entries(security.Resources).flatMap(([id, { Type, Properties }]) => (Type === `AWS::Cognito::${type}` ? [[id, Properties] as Found] : []));

const one = (templates: Templates, type: string) => only(templates.security, `AWS::Cognito::${type}`).Properties;

/** A rule about each resource of a type: the problem of one, if it has one. */
const each = (type: string, problem: (properties: Resource["Properties"], templates: Templates) => string | false | undefined) => (templates: Templates) =>
  ofType(templates, type).flatMap(([id, properties]) => {
    const found = problem(properties, templates);
    return found ? [`${id}: ${found}`] : [];
  });

const firstFactors = (pool: Resource["Properties"]): string[] => pool["Policies"]?.SignInPolicy?.AllowedFirstAuthFactors ?? [];

const SECONDS: Record<string, number> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

/** How long a kind of token is good, in seconds; Cognito's default unit and value where the template has none. */
function validity(client: Resource["Properties"], kind: "AccessToken" | "IdToken" | "RefreshToken"): number {
  const isRefresh = kind === "RefreshToken";
  const unit = client["TokenValidityUnits"]?.[kind] ?? (isRefresh ? "days" : "hours");
  return (client[`${kind}Validity`] ?? (isRefresh ? 30 : 1)) * SECONDS[unit]!;
}

const OPENID = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];
/** Attributes that every pool has, and the two that say whether one is verified. */
const STANDARD_ATTRIBUTES = [
  "address birthdate email email_verified family_name gender given_name locale middle_name name nickname phone_number",
  "phone_number_verified picture preferred_username profile updated_at username website zoneinfo",
].flatMap((names) => names.split(" "));
const customDomain = { name: "login.example.com", certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1" };
const corp = {
  kind: "oidc",
  name: "corp",
  issuer: "https://id.example.com",
  clientId: "edgeward",
  clientSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:corp-AbCdEf",
};
const email = { from: "no-reply@example.com", verifiedDomain: "example.com" };

export const COGNITO_RULES: readonly Rule[] = [
  {
    name: "where a second factor is required, passkeys are a first factor only as two factors in one",
    source: "https://github.com/hashicorp/terraform-provider-aws/issues/50110 https://github.com/go-to-k/cdkd/issues/2064",
    settings: { userPool: { mfa: "required" } },
    broken: each(
      "UserPool",
      (pool) =>
        pool["MfaConfiguration"] === "ON" &&
        firstFactors(pool).includes("WEB_AUTHN") &&
        pool["WebAuthnFactorConfiguration"] !== "MULTI_FACTOR_WITH_USER_VERIFICATION" &&
        "WebAuthnFactorConfiguration must be MULTI_FACTOR_WITH_USER_VERIFICATION",
    ),
    mutate: (t) => void delete one(t, "UserPool")["WebAuthnFactorConfiguration"],
  },
  {
    name: "passkeys that are two factors in one verify their user",
    source: `${MODEL} WebAuthnFactorConfigurationType`,
    settings: { userPool: { mfa: "required" } },
    broken: each(
      "UserPool",
      (pool) =>
        pool["WebAuthnFactorConfiguration"] === "MULTI_FACTOR_WITH_USER_VERIFICATION" &&
        pool["WebAuthnUserVerification"] !== "required" &&
        "WebAuthnUserVerification must be required",
    ),
    mutate: (t) => void (one(t, "UserPool")["WebAuthnUserVerification"] = "preferred"),
  },
  {
    name: "one-time codes cannot be a first factor where a second one is required",
    source: `${GUIDE}/user-pool-settings-mfa.html`,
    settings: { userPool: { mfa: "required" } },
    broken: each(
      "UserPool",
      (pool) => pool["MfaConfiguration"] === "ON" && firstFactors(pool).some((factor) => factor.endsWith("_OTP")) && "codes are a first factor",
    ),
    mutate: (t) => void firstFactors(one(t, "UserPool")).push("EMAIL_OTP"),
  },
  {
    name: "a password is among the first factors",
    source: `${GUIDE}/authentication-flows-selection-sdk.html`,
    broken: each("UserPool", (pool) => {
      const factors = firstFactors(pool);
      return factors.length > 0 && !factors.includes("PASSWORD") && "AllowedFirstAuthFactors lacks PASSWORD";
    }),
    mutate: (t) => void firstFactors(one(t, "UserPool")).shift(),
  },
  {
    name: "a pool with a second factor says which",
    source: "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html https://github.com/go-to-k/cdkd/issues/1920",
    broken: each(
      "UserPool",
      (pool) => (pool["MfaConfiguration"] ?? "OFF") !== "OFF" && !pool["EnabledMfas"]?.length && "MfaConfiguration without EnabledMfas",
    ),
    mutate: (t) => void (one(t, "UserPool")["EnabledMfas"] = []),
  },
  {
    name: "codes as a second factor need a sender of one's own",
    source: `${GUIDE}/user-pool-settings-mfa-sms-email-message.html`,
    broken: each("UserPool", (pool) => {
      const factors: string[] = pool["EnabledMfas"] ?? [];
      const byEmail = factors.includes("EMAIL_OTP") && pool["EmailConfiguration"]?.EmailSendingAccount !== "DEVELOPER";
      const bySms = factors.includes("SMS_MFA") && !pool["SmsConfiguration"];
      return (byEmail || bySms) && `nothing sends the codes of ${factors.join(", ")}`;
    }),
    mutate: (t) => void one(t, "UserPool")["EnabledMfas"].push("SMS_MFA"),
  },
  {
    name: "a feature plan has what the pool uses",
    source: `${GUIDE}/cognito-sign-in-feature-plans.html`,
    settings: { userPool: { tier: "PLUS" } },
    broken: each("UserPool", (pool) => {
      const tier = pool["UserPoolTier"] ?? "ESSENTIALS";
      const threats = pool["UserPoolAddOns"]?.AdvancedSecurityMode ?? "OFF";
      if (threats !== "OFF" && tier !== "PLUS") return `threat protection in the plan ${tier}`;
      return firstFactors(pool).length > 0 && tier === "LITE" && "a choice of first factors in the plan LITE";
    }),
    mutate: (t) => void (one(t, "UserPool")["UserPoolTier"] = "ESSENTIALS"),
  },
  {
    name: "passkeys at the login pages of a domain of one's own are for that domain",
    source: `${MODEL} WebAuthnConfigurationType`,
    settings: { userPool: { customDomain } },
    broken: each("UserPool", (pool, templates) => {
      const own = ofType(templates, "UserPoolDomain").find(([, domain]) => domain["CustomDomainConfig"])?.[1]["Domain"];
      return own !== undefined && firstFactors(pool).includes("WEB_AUTHN") && pool["WebAuthnRelyingPartyID"] !== own && `WebAuthnRelyingPartyID must be ${own}`;
    }),
    mutate: (t) => void (one(t, "UserPool")["WebAuthnRelyingPartyID"] = "example.com"),
  },
  {
    name: "a pool's sender is named: what an update leaves out, Cognito resets",
    source: "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html",
    broken: each("UserPool", (pool) => !pool["EmailConfiguration"]?.EmailSendingAccount && "EmailConfiguration is left out"),
    mutate: (t) => void delete one(t, "UserPool")["EmailConfiguration"],
  },
  {
    name: "a sender of one's own is an identity of SES in one of three regions",
    source: `${GUIDE}/user-pool-email.html https://www.npmjs.com/package/cdk-preflight (pf-cognito-email-sourcearn-region)`,
    settings: { userPool: { email } },
    broken: each("UserPool", (pool) => {
      const { EmailSendingAccount, SourceArn } = pool["EmailConfiguration"] ?? {};
      if (EmailSendingAccount !== "DEVELOPER") return false;
      const isPossible = /:ses:(us-east-1|us-west-2|eu-west-1):.*:identity\//.test(JSON.stringify(SourceArn) ?? "");
      return !isPossible && `Cognito cannot send with ${JSON.stringify(SourceArn)}`;
    }),
    mutate: (t) => void (one(t, "UserPool")["EmailConfiguration"].SourceArn = "arn:aws:ses:eu-south-1:123456789012:identity/example.com"),
  },
  {
    name: "an app client names its flows: left out, they are SRP, custom and refresh",
    source: `${MODEL} CreateUserPoolClientRequest ExplicitAuthFlows`,
    broken: each("UserPoolClient", (client) => !client["ExplicitAuthFlows"]?.length && "ExplicitAuthFlows is left out"),
    mutate: (t) => void delete one(t, "UserPoolClient")["ExplicitAuthFlows"],
  },
  {
    name: "refresh tokens that rotate exclude the flow ALLOW_REFRESH_TOKEN_AUTH",
    source: `${GUIDE}/amazon-cognito-user-pools-using-the-refresh-token.html#using-the-refresh-token-rotation`,
    broken: each(
      "UserPoolClient",
      (client) =>
        client["RefreshTokenRotation"]?.Feature === "ENABLED" &&
        client["ExplicitAuthFlows"]?.includes("ALLOW_REFRESH_TOKEN_AUTH") &&
        "ALLOW_REFRESH_TOKEN_AUTH beside rotation",
    ),
    mutate: (t) => void one(t, "UserPoolClient")["ExplicitAuthFlows"].push("ALLOW_REFRESH_TOKEN_AUTH"),
  },
  {
    name: "the login pages offer a choice of first factors only with the flow ALLOW_USER_AUTH",
    source: `${GUIDE}/amazon-cognito-user-pools-authentication-flow-methods.html`,
    broken: each("UserPoolClient", (client, templates) => {
      const offers = ofType(templates, "UserPool").some(([, pool]) => firstFactors(pool).length > 1);
      // Left out is another rule's matter.
      return offers && client["ExplicitAuthFlows"] && !client["ExplicitAuthFlows"].includes("ALLOW_USER_AUTH") && "ALLOW_USER_AUTH is missing";
    }),
    mutate: (t) => void (one(t, "UserPoolClient")["ExplicitAuthFlows"] = ["ALLOW_USER_SRP_AUTH"]),
  },
  {
    name: "tokens are good for five minutes to a day, and no longer than the refresh token",
    source: `${MODEL} TokenValidityUnitsType`,
    broken: each("UserPoolClient", (client) => {
      const refresh = validity(client, "RefreshToken");
      if (refresh < 3600 || refresh > 315_360_000) return `refresh tokens of ${refresh} s`;
      const wrong = (["AccessToken", "IdToken"] as const).filter((kind) => validity(client, kind) < 300 || validity(client, kind) > Math.min(86_400, refresh));
      return wrong.length > 0 && `${wrong.join(", ")} last too short or too long`;
    }),
    mutate: (t) => void (one(t, "UserPoolClient")["AccessTokenValidity"] = 4),
  },
  {
    name: "callbacks and sign-out addresses are https, or http on this machine: 100 of 1,024 characters at the most",
    source: `${GUIDE}/cognito-user-pools-app-idp-settings.html ${MODEL} CallbackURLsListType RedirectUrlType`,
    broken: each("UserPoolClient", (client) => {
      const lists: string[][] = [client["CallbackURLs"] ?? [], client["LogoutURLs"] ?? []];
      const wrong = lists.flat().filter((url) => url.length > 1024 || url.includes("#") || !/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/.test(url));
      if (wrong.length > 0) return `Cognito does not take ${wrong.join(", ")}`;
      return lists.some(({ length }) => length > 100) && "more than 100 addresses";
    }),
    mutate: (t) => void one(t, "UserPoolClient")["LogoutURLs"].push("http://app.example.com/bye"),
  },
  {
    name: "an app client's scopes are OpenID's or a resource server's, 50 at the most",
    source: `${GUIDE}/cognito-user-pools-define-resource-servers.html ${MODEL} ScopeListType`,
    broken: each("UserPoolClient", (client, templates) => {
      const own = ofType(templates, "UserPoolResourceServer").flatMap(([, { Identifier, Scopes = [] }]) =>
        Scopes.map(({ ScopeName }: any) => `${Identifier}/${ScopeName}`),
      );
      const scopes: string[] = client["AllowedOAuthScopes"] ?? [];
      const unknown = scopes.filter((scope) => ![...OPENID, ...own].includes(scope));
      return (unknown.length > 0 && `nobody has the scopes ${unknown.join(", ")}`) || (scopes.length > 50 && "more than 50 scopes");
    }),
    mutate: (t) => void one(t, "UserPoolClient")["AllowedOAuthScopes"].push("files/write"),
  },
  {
    name: "an app client may write the attributes that a provider's are mapped to",
    source: `${GUIDE}/cognito-user-pools-specifying-attribute-mapping.html`,
    settings: { userPool: { identityProviders: [corp] } },
    broken: each("UserPoolClient", ({ WriteAttributes }, templates) => {
      // Left out, they are all of the standard ones.
      if (!WriteAttributes) return false;
      const mapped = ofType(templates, "UserPoolIdentityProvider").flatMap(([, { AttributeMapping = {} }]) => Object.keys(AttributeMapping));
      const missing = mapped.filter((name) => !/^(email|phone_number)_verified$/.test(name) && !WriteAttributes.includes(name));
      return missing.length > 0 && `WriteAttributes lack ${missing.join(", ")}`;
    }),
    mutate: (t) => void (one(t, "UserPoolClient")["WriteAttributes"] = ["name"]),
  },
  {
    name: "an address from an OpenID provider is unverified unless the provider's word for it is mapped",
    source: `${GUIDE}/cognito-user-pools-specifying-attribute-mapping.html`,
    settings: { userPool: { identityProviders: [corp] } },
    broken: each(
      "UserPoolIdentityProvider",
      ({ ProviderType, AttributeMapping = {} }) =>
        ProviderType !== "SAML" && AttributeMapping.email && !AttributeMapping.email_verified && "email is mapped without email_verified",
    ),
    mutate: (t) => void delete one(t, "UserPoolIdentityProvider")["AttributeMapping"].email_verified,
  },
  {
    name: "a provider's attributes are mapped to attributes that Cognito has, by Cognito's names",
    source: `${GUIDE}/user-pool-settings-attributes.html ${GUIDE}/cognito-user-pools-specifying-attribute-mapping.html`,
    settings: { userPool: { identityProviders: [corp] } },
    broken: each("UserPoolIdentityProvider", ({ AttributeMapping = {} }) => {
      const unknown = Object.keys(AttributeMapping).filter((name) => !STANDARD_ATTRIBUTES.includes(name) && !name.startsWith("custom:"));
      return unknown.length > 0 && `Cognito has no attribute ${unknown.join(", ")}`;
    }),
    mutate: (t) => void (one(t, "UserPoolIdentityProvider")["AttributeMapping"].emailVerified = "email_verified"),
  },
  {
    name: "an app client that may read an address may read whether it is verified: the token endpoint refuses it otherwise",
    source: `${GUIDE}/token-endpoint.html ${GUIDE}/user-pool-settings-attributes.html`,
    broken: each("UserPoolClient", ({ ReadAttributes, AllowedOAuthScopes = [] }) => {
      // Left out, they are the standard ones, email_verified and phone_number_verified.
      if (!ReadAttributes || !AllowedOAuthScopes.includes("email")) return false;
      const missing = ["email", "email_verified"].filter((name) => !ReadAttributes.includes(name));
      return missing.length > 0 && `ReadAttributes lack ${missing.join(", ")}, which the scope email implies`;
    }),
    mutate: (t) => void (one(t, "UserPoolClient")["ReadAttributes"] = ["email"]),
  },
  {
    name: "a provider's name has 3 to 32 characters, no _ but the second, and is not a social provider's",
    source: `${MODEL} ProviderNameTypeV2 https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html`,
    settings: { userPool: { identityProviders: [corp] } },
    broken: each("UserPoolIdentityProvider", ({ ProviderName, ProviderType }) => {
      if (!["OIDC", "SAML"].includes(ProviderType)) return ProviderName !== ProviderType && `it must be called ${ProviderType}`;
      const reserved = /^(cognito|google|facebook|loginwithamazon|signinwithapple)$/i.test(ProviderName);
      const shaped = ProviderName.length <= 32 && /^[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+$/u.test(ProviderName);
      return (reserved || !shaped) && `Cognito has no provider called ${ProviderName}`;
    }),
    mutate: (t) => void (one(t, "UserPoolIdentityProvider")["ProviderName"] = "my_corp"),
  },
  {
    name: "a resource server's identifier, name and scopes have the characters and lengths that Cognito takes",
    source: `${MODEL} ResourceServerIdentifierType ResourceServerNameType ResourceServerScopeNameType ResourceServerScopeDescriptionType`,
    settings: { userPool: { resourceServers: { "https://api.example.com/v1": { read: "Read" } } } },
    broken: each("UserPoolResourceServer", ({ Identifier, Name, Scopes = [] }) => {
      if (!/^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/.test(Identifier)) return `the identifier ${Identifier}`;
      if (!/^[\w\s+=,.@-]{1,256}$/.test(Name)) return `the name ${Name}`;
      const isWrong = ({ ScopeName, ScopeDescription }: any) =>
        !/^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$/.test(ScopeName) || ScopeDescription.length < 1 || ScopeDescription.length > 256;
      return (Scopes.length > 100 || Scopes.some(isWrong)) && "its scopes";
    }),
    mutate: (t) => void (one(t, "UserPoolResourceServer")["Name"] = "https://api.example.com/v1"),
  },
  {
    name: "a domain's prefix has 1 to 63 lower-case letters, digits and hyphens, without aws, amazon or cognito",
    source: `${GUIDE}/cognito-user-pools-assign-domain-prefix.html ${MODEL} DomainType`,
    broken: each(
      "UserPoolDomain",
      ({ Domain, CustomDomainConfig }) =>
        !CustomDomainConfig && (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(Domain) || /aws|amazon|cognito/.test(Domain)) && `Cognito does not take ${Domain}`,
    ),
    mutate: (t) => void (one(t, "UserPoolDomain")["Domain"] = "edgeward-laws-9012"),
  },
  {
    name: "a domain of one's own lies below another one, and its certificate is in us-east-1",
    source: `${GUIDE}/cognito-user-pools-add-custom-domain.html ${GUIDE}/troubleshooting.html`,
    settings: { userPool: { customDomain } },
    broken: each("UserPoolDomain", ({ Domain, CustomDomainConfig }) => {
      if (!CustomDomainConfig) return false;
      if (Domain.split(".").length < 3) return `${Domain} lies below a top-level domain`;
      return !CustomDomainConfig.CertificateArn.startsWith("arn:aws:acm:us-east-1:") && `the certificate ${CustomDomainConfig.CertificateArn}`;
    }),
    mutate: (t) => void (one(t, "UserPoolDomain")["CustomDomainConfig"].CertificateArn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"),
  },
  {
    name: "the managed login pages answer 403 for an app client without a style",
    source: `${GUIDE}/managed-login-branding.html https://github.com/interranteblaine/swng`,
    broken: (templates) => {
      const styled = new Set(ofType(templates, "ManagedLoginBranding").map(([, { ClientId }]) => ClientId?.Ref));
      const managed = ofType(templates, "UserPoolDomain").some(([, { ManagedLoginVersion }]) => ManagedLoginVersion === 2);
      const clients = ofType(templates, "UserPoolClient").filter(([, { AllowedOAuthFlowsUserPoolClient }]) => AllowedOAuthFlowsUserPoolClient);
      return managed ? clients.flatMap(([id]) => (styled.has(id) ? [] : [`${id}: no ManagedLoginBranding is for it`])) : [];
    },
    mutate: (t) => void (one(t, "ManagedLoginBranding")["ClientId"] = "another"),
  },
  {
    name: "a style of the managed login pages needs a domain that serves them",
    source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpooldomain.html#cfn-cognito-userpooldomain-managedloginversion",
    broken: each("ManagedLoginBranding", ({ UserPoolId }, templates) => {
      // The deployment script asks the domain of a pool that exists.
      if (typeof UserPoolId === "string") return false;
      const versions = ofType(templates, "UserPoolDomain").map(([, { ManagedLoginVersion }]) => ManagedLoginVersion);
      return !versions.includes(2) && "no domain has ManagedLoginVersion 2";
    }),
    mutate: (t) => void delete one(t, "UserPoolDomain")["ManagedLoginVersion"],
  },
];
