//! The app client: who may ask for tokens, how, and for how long they are good.

use anyhow::{Context as _, Result};
use aws_sdk_cognitoidentityprovider::types::{ExplicitAuthFlowsType, FeatureType, TimeUnitsType, UserPoolClientType};
use serde::Deserialize;

use super::{Pool, unmodelled::Answer};
use crate::aws::explained;

/// The app client as Cognito describes it. `Debug` hides its secret.
#[derive(Debug, Clone)]
pub(crate) struct AppClient {
    pub(crate) described: UserPoolClientType,
    /// The secret in AWS Secrets Manager that holds the client's secret, which Cognito then replaces every seven days. This
    /// release of the SDK does not know the member `ClientSecretArn` of Cognito's answer.
    pub(crate) secret_arn: Option<String>,
}

impl Pool {
    /// The app client.
    pub(crate) async fn describe(&self) -> Result<AppClient> {
        Ok(self.describe_whole().await?.0)
    }

    /// The app client, and the JSON that describes it: with members that this release of the SDK does not know.
    pub(super) async fn describe_whole(&self) -> Result<(AppClient, Answer)> {
        let request = self.client.describe_user_pool_client().user_pool_id(&self.pool_id).client_id(&self.client_id);
        let doing = format!("describe the app client {} of {}", self.client_id, self.pool_id);
        let raw = Answer::default();
        let answer = request.customize().interceptor(raw.keeper()).send().await;
        let answer = answer.map_err(|error| explained(&doing, &self.region, error))?;
        let described = answer.user_pool_client.with_context(|| format!("Cognito does not {doing}"))?;
        let unmodelled: Option<Described> = raw.read();
        Ok((AppClient { described, secret_arn: unmodelled.and_then(|answer| answer.client.secret_arn) }, raw))
    }
}

/// Only what the SDK leaves out is read: the rest holds the client's secret.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "UserPoolClient")]
    client: Unmodelled,
}

#[derive(Deserialize)]
struct Unmodelled {
    #[serde(rename = "ClientSecretArn")]
    secret_arn: Option<String>,
}

impl AppClient {
    /// For how many seconds a refresh token is good. 0 and nothing at all both mean 30 days.
    pub(crate) fn refresh_token_seconds(&self) -> u64 {
        let units = self.described.token_validity_units.as_ref().and_then(|units| units.refresh_token.as_ref());
        seconds(Some(self.described.refresh_token_validity), units, DAY).unwrap_or(30 * DAY)
    }

    /// For how many seconds an access token is good: an hour, if nothing is said.
    pub(crate) fn access_token_seconds(&self) -> u64 {
        let units = self.described.token_validity_units.as_ref().and_then(|units| units.access_token.as_ref());
        seconds(self.described.access_token_validity, units, HOUR).unwrap_or(HOUR)
    }

    /// For how many seconds a refresh token that was replaced is still good, if they are replaced.
    pub(crate) fn rotation_grace(&self) -> Option<u64> {
        let rotation = self.described.refresh_token_rotation.as_ref()?;
        let grace = u64::try_from(rotation.retry_grace_period_seconds.unwrap_or_default()).unwrap_or_default();
        (rotation.feature == FeatureType::Enabled).then_some(grace)
    }

    /// Which authentication flows of the API the client may use; `None` means that nothing was said.
    pub(crate) fn auth_flows(&self) -> Option<&[ExplicitAuthFlowsType]> {
        self.described.explicit_auth_flows.as_deref().filter(|flows| !flows.is_empty())
    }

    /// Whether the client may use this flow. Left out, the flows are SRP, custom and refresh
    /// (API reference, `CreateUserPoolClient`, `ExplicitAuthFlows`).
    pub(crate) fn allows(&self, flow: &ExplicitAuthFlowsType) -> bool {
        const LEFT_OUT: [ExplicitAuthFlowsType; 3] = [
            ExplicitAuthFlowsType::AllowUserSrpAuth,
            ExplicitAuthFlowsType::AllowCustomAuth,
            ExplicitAuthFlowsType::AllowRefreshTokenAuth,
        ];
        self.auth_flows().unwrap_or(&LEFT_OUT).contains(flow)
    }
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

fn seconds(validity: Option<i32>, units: Option<&TimeUnitsType>, default_unit: u64) -> Option<u64> {
    let validity = u64::try_from(validity?).ok().filter(|validity| *validity > 0)?;
    let unit = match units {
        Some(TimeUnitsType::Seconds) => 1,
        Some(TimeUnitsType::Minutes) => 60,
        Some(TimeUnitsType::Hours) => HOUR,
        Some(TimeUnitsType::Days) => DAY,
        _ => default_unit,
    };
    Some(validity * unit)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cognitoidentityprovider::types::TokenValidityUnitsType;

    use super::*;

    fn client(described: UserPoolClientType) -> AppClient {
        AppClient { described, secret_arn: None }
    }

    #[test]
    fn the_life_of_a_token_is_read_in_its_unit() {
        let of = |validity, unit: Option<TimeUnitsType>| {
            let units = unit
                .map(|unit| TokenValidityUnitsType::builder().refresh_token(unit.clone()).access_token(unit).build());
            let described = UserPoolClientType::builder()
                .refresh_token_validity(validity)
                .access_token_validity(validity)
                .set_token_validity_units(units);
            let client = client(described.build());
            (client.refresh_token_seconds(), client.access_token_seconds())
        };
        assert_eq!(of(5, None), (5 * 86_400, 5 * 3_600));
        assert_eq!(of(5, Some(TimeUnitsType::Days)), (5 * 86_400, 5 * 86_400));
        assert_eq!(of(90, Some(TimeUnitsType::Minutes)), (5_400, 5_400));
        assert_eq!(of(7_200, Some(TimeUnitsType::Seconds)), (7_200, 7_200));
        assert_eq!(of(0, None), (30 * 86_400, 3_600));
        assert_eq!(client(UserPoolClientType::builder().build()).access_token_seconds(), 3_600);
    }

    #[test]
    fn flows_that_are_left_out_are_three() {
        let nothing = client(UserPoolClientType::builder().build());
        assert!(nothing.auth_flows().is_none());
        assert!(nothing.allows(&ExplicitAuthFlowsType::AllowRefreshTokenAuth));
        assert!(!nothing.allows(&ExplicitAuthFlowsType::AllowUserAuth));
        let empty = client(UserPoolClientType::builder().set_explicit_auth_flows(Some(Vec::new())).build());
        assert!(empty.allows(&ExplicitAuthFlowsType::AllowUserSrpAuth));
        let one = UserPoolClientType::builder().explicit_auth_flows(ExplicitAuthFlowsType::AllowUserAuth).build();
        assert!(!client(one).allows(&ExplicitAuthFlowsType::AllowUserSrpAuth));
    }
}
