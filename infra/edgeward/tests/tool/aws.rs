//! As much of AWS as the tool asks for, in its JSON protocol: SSM Parameter Store, the API of Cognito user pools, AWS WAF,
//! and Secrets Manager.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

/// The only region in which anything is.
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const POOL: &str = "eu-west-1_Example";
pub(crate) const POOL_ARN: &str = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_Example";
pub(crate) const CLIENT: &str = "exampleclientid";
/// The app client's first secret.
pub(crate) const SECRET: &str = "first0secret0of0the0app0client";
/// When everything was made.
pub(crate) const START: u64 = 1_790_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) value: String,
    pub(crate) kind: String,
    pub(crate) version: u64,
    pub(crate) modified: u64,
}

#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) parameters: BTreeMap<String, Parameter>,
    /// Id, value and time of creation.
    pub(crate) secrets: Vec<(String, String, u64)>,
    pub(crate) app_client: Value,
    /// `ClientSecretArn`, in place of a secret.
    pub(crate) secret_arn: Option<&'static str>,
    /// The text of that secret in Secrets Manager.
    pub(crate) managed_secret: Value,
    pub(crate) user_pool: Value,
    /// The description of the pool's domain.
    pub(crate) domain: Value,
    pub(crate) is_branded: bool,
    /// Descriptions of identity providers.
    pub(crate) providers: Vec<Value>,
    /// The answer of `GetUserPoolSessionConfiguration`.
    pub(crate) sessions: Value,
    pub(crate) resource_servers: Value,
    /// The user pool's web ACL.
    pub(crate) web_acl: Value,
    /// Rules of rule groups, by ARN.
    pub(crate) rule_groups: BTreeMap<&'static str, Value>,
    /// Every operation that changed something.
    pub(crate) changes: Vec<String>,
    /// The error that everything is answered with.
    pub(crate) fault: Option<&'static str>,
    /// The operation that nobody may use.
    pub(crate) denied: Option<&'static str>,
    pub(crate) now: u64,
}

impl Aws {
    pub(crate) fn new() -> Self {
        Self {
            parameters: BTreeMap::new(),
            secrets: vec![(format!("{CLIENT}--{START}"), SECRET.to_owned(), START)],
            app_client: json!({
                "UserPoolId": POOL, "ClientId": CLIENT, "CreationDate": START,
                "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"],
                "AllowedOAuthScopes": ["openid", "email"],
                "EnableTokenRevocation": true,
                "ExplicitAuthFlows": ["ALLOW_USER_AUTH"],
                "SupportedIdentityProviders": ["COGNITO"],
                "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 },
                "RefreshTokenValidity": 45, "TokenValidityUnits": { "RefreshToken": "days" },
            }),
            secret_arn: None,
            managed_secret: json!({ "userPoolId": POOL, "userPoolClientId": CLIENT, "clientSecretValue": SECRET }),
            user_pool: json!({
                "Id": POOL, "Arn": POOL_ARN, "Domain": "mcp-login",
                "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } },
            }),
            domain: json!({ "UserPoolId": POOL, "Domain": "mcp-login", "ManagedLoginVersion": 2, "Status": "ACTIVE" }),
            is_branded: true,
            providers: Vec::new(),
            sessions: json!({ "UserPoolId": POOL, "UserSessionTracking": "DISABLED", "TokenSession": { "MaxPerUser": 20 } }),
            resource_servers: json!([]),
            web_acl: Value::Null,
            rule_groups: BTreeMap::new(),
            changes: Vec::new(),
            fault: None,
            denied: None,
            now: START,
        }
    }

    pub(crate) fn put(&mut self, name: &str, value: &str, kind: &str) {
        let version = self.parameters.get(name).map_or(1, |found| found.version + 1);
        let parameter = Parameter { value: value.to_owned(), kind: kind.to_owned(), version, modified: self.now };
        self.parameters.insert(name.to_owned(), parameter);
    }

    pub(crate) fn answer(&mut self, headers: &HeaderMap, body: &str) -> Response {
        let request: Value = serde_json::from_str(body).unwrap();
        let target = headers["x-amz-target"].to_str().unwrap();
        let operation = target.rsplit('.').next().unwrap();
        let signed_for = headers["authorization"].to_str().unwrap();
        let result = match self.fault {
            Some(fault) => Err((fault, "no")),
            None if self.denied == Some(operation) => Err(("AccessDeniedException", "not you")),
            // Elsewhere there is nothing, but asking is no mistake.
            None if !signed_for.contains(&format!("/{REGION}/")) => match operation {
                "GetParametersByPath" => Ok(json!({ "Parameters": [] })),
                "GetParameter" => Err(("ParameterNotFound", "not found")),
                _ => Err(("UnknownOperationException", "not modelled elsewhere")),
            },
            None => self.operate(operation, &request),
        };
        match result {
            Ok(answer) => ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response(),
            Err((code, message)) => {
                (StatusCode::BAD_REQUEST, Json(json!({ "__type": code, "message": message }))).into_response()
            }
        }
    }

    fn operate(&mut self, operation: &str, request: &Value) -> Result<Value, (&'static str, &'static str)> {
        let text = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
        let names_no_client = ["ListUserPoolClients", "CreateUserPoolClient"].contains(&operation);
        if names_no_client && text("UserPoolId") != POOL {
            return Err(("ResourceNotFoundException", "User pool does not exist."));
        }
        if operation.contains("UserPoolClient")
            && !names_no_client
            && (text("UserPoolId") != POOL || text("ClientId") != CLIENT)
        {
            return Err(("ResourceNotFoundException", "User pool client does not exist."));
        }
        if !matches!(operation.get(..3), Some("Get" | "Lis" | "Des")) {
            self.changes.push(format!("{operation} {}", text("Name")).trim().to_owned());
        }
        match operation {
            "GetParametersByPath" => {
                let path = format!("{}/", text("Path"));
                assert_eq!(request["WithDecryption"], true);
                let below: Vec<_> =
                    self.parameters.iter().filter(|(name, _)| name.starts_with(&path)).map(written).collect();
                let page: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
                let mut answer = json!({ "Parameters": below.iter().skip(page).take(3).collect::<Vec<_>>() });
                if page + 3 < below.len() {
                    answer["NextToken"] = (page + 3).to_string().into();
                }
                Ok(answer)
            }
            "GetParameter" => {
                let found = self.parameters.get_key_value(&text("Name"));
                found.map(|found| json!({ "Parameter": written(found) })).ok_or(("ParameterNotFound", "not found"))
            }
            "PutParameter" => {
                if self.parameters.contains_key(&text("Name")) && request["Overwrite"] != true {
                    return Err(("ParameterAlreadyExists", "The parameter already exists."));
                }
                self.put(&text("Name"), &text("Value"), &text("Type"));
                Ok(json!({ "Version": self.parameters[&text("Name")].version, "Tier": "Standard" }))
            }
            "DeleteParameters" => {
                let names: Vec<String> = serde_json::from_value(request["Names"].clone()).unwrap();
                assert!((1..=10).contains(&names.len()), "AWS takes one to ten names");
                let (deleted, invalid): (Vec<_>, Vec<_>) =
                    names.into_iter().partition(|name| self.parameters.remove(name).is_some());
                Ok(json!({ "DeletedParameters": deleted, "InvalidParameters": invalid }))
            }
            "DescribeUserPoolClient" => {
                let mut client = self.app_client.clone();
                if let Some(arn) = self.secret_arn {
                    client["ClientSecretArn"] = arn.into();
                } else if let Some((_, secret, _)) = self.secrets.first() {
                    client["ClientSecret"] = secret.as_str().into();
                }
                Ok(json!({ "UserPoolClient": client }))
            }
            "ListUserPools" => Ok(json!({ "UserPools": [{ "Id": POOL, "Name": "people" }] })),
            "ListUserPoolClients" => {
                Ok(json!({ "UserPoolClients": [{ "ClientId": CLIENT, "UserPoolId": POOL, "ClientName": "the app" }] }))
            }
            "CreateUserPoolClient" => {
                assert_eq!(request["GenerateSecret"], true);
                let mut client = request.clone();
                client["ClientId"] = CLIENT.into();
                client["CreationDate"] = START.into();
                self.app_client = client;
                Ok(json!({ "UserPoolClient": self.app_client }))
            }
            // What is left out is reset.
            "UpdateUserPoolClient" => {
                for read_only in ["ClientSecret", "ClientSecretArn", "CreationDate", "LastModifiedDate"] {
                    assert!(request.get(read_only).is_none(), "{read_only} cannot be written");
                }
                self.app_client = request.clone();
                self.app_client["CreationDate"] = START.into();
                Ok(json!({ "UserPoolClient": self.app_client }))
            }
            "CreateManagedLoginBranding" => {
                self.is_branded = true;
                Ok(json!({ "ManagedLoginBranding": { "UserPoolId": POOL, "UseCognitoProvidedValues": true } }))
            }
            // By the complete ARN, or the one without the random characters.
            "GetSecretValue"
                if self.secret_arn.is_some_and(|arn| [arn, &arn[..arn.len() - 7]].contains(&&*text("SecretId"))) =>
            {
                Ok(json!({
                    "ARN": self.secret_arn, "Name": "exampleclientid", "VersionId": "example-version-id-of-32-characters",
                    "VersionStages": ["AWSCURRENT"], "SecretString": self.managed_secret.to_string(), "CreatedDate": START,
                }))
            }
            "GetSecretValue" => Err(("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")),
            "DescribeUserPool" => Ok(json!({ "UserPool": self.user_pool })),
            "DescribeUserPoolDomain" if self.domain["Domain"] == request["Domain"] => {
                Ok(json!({ "DomainDescription": self.domain }))
            }
            // One of another account or region.
            "DescribeUserPoolDomain" => Ok(json!({ "DomainDescription": {} })),
            "DescribeManagedLoginBrandingByClient" if self.is_branded => {
                Ok(json!({ "ManagedLoginBranding": { "UserPoolId": POOL, "UseCognitoProvidedValues": true } }))
            }
            "DescribeManagedLoginBrandingByClient" => Err(("ResourceNotFoundException", "no branding")),
            "ListIdentityProviders" => Ok(json!({ "Providers": self.providers })),
            "DescribeIdentityProvider" => {
                let found = self.providers.iter().find(|provider| provider["ProviderName"] == request["ProviderName"]);
                found
                    .map(|found| json!({ "IdentityProvider": found }))
                    .ok_or(("ResourceNotFoundException", "no provider"))
            }
            "GetUserPoolSessionConfiguration" => Ok(self.sessions.clone()),
            "GetWebACLForResource" if text("ResourceArn") != POOL_ARN => {
                Err(("WAFNonexistentItemException", "no pool"))
            }
            "GetWebACLForResource" if self.web_acl.is_null() => Ok(json!({})),
            "GetWebACLForResource" => Ok(json!({ "WebACL": self.web_acl })),
            "GetRuleGroup" => {
                let found = self.rule_groups.get(text("ARN").as_str());
                let group = |rules: &Value| {
                    json!({ "RuleGroup": {
                        "Name": "own", "Id": "own-1", "Capacity": 1, "ARN": text("ARN"), "Rules": rules,
                        "VisibilityConfig": visibility("own"),
                    } })
                };
                found.map(group).ok_or(("WAFNonexistentItemException", "no rule group"))
            }
            "ListResourceServers" => Ok(json!({ "ResourceServers": self.resource_servers })),
            "ListUserPoolClientSecrets" => {
                // Newest first, so that nobody relies on an order.
                let listed = self.secrets.iter().rev().map(|(id, _, created)| secret(id, *created));
                Ok(json!({ "ClientSecrets": listed.collect::<Vec<_>>() }))
            }
            "AddUserPoolClientSecret" => {
                if self.secrets.len() == 2 {
                    return Err(("LimitExceededException", "two secrets"));
                }
                let created = self.now + 60;
                let (id, value) = (format!("{CLIENT}--{created}"), format!("secret0of0{created}0by0cognito"));
                let mut added = secret(&id, created);
                added["ClientSecretValue"] = value.as_str().into();
                self.secrets.push((id, value, created));
                Ok(json!({ "ClientSecretDescriptor": added }))
            }
            "DeleteUserPoolClientSecret" => {
                let before = self.secrets.len();
                self.secrets.retain(|(id, _, _)| *id != text("ClientSecretId"));
                assert!(before == 2 && self.secrets.len() == 1, "one of two is deleted");
                Ok(json!({}))
            }
            _ => Err(("UnknownOperationException", "not modelled")),
        }
    }
}

fn written((name, parameter): (&String, &Parameter)) -> Value {
    let Parameter { value, kind, version, modified } = parameter;
    json!({ "Name": name, "Value": value, "Type": kind, "Version": version, "LastModifiedDate": modified })
}

pub(crate) fn visibility(name: &str) -> Value {
    json!({ "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": name })
}

fn secret(id: &str, created: u64) -> Value {
    json!({ "ClientSecretId": id, "ClientSecretCreateDate": created })
}
