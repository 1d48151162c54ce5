//! The firewall before the user pool.

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use edgeward_core::Config;

use super::{super::super::Described, providers::Providers};
use crate::{
    aws::is_denied,
    fetch::is_loopback,
    firewall::{Circumstances, Firewall, review},
    pool::Pool,
    report::{Problem, Report},
};

pub(super) async fn check(
    pool: &Pool,
    user_pool: Option<&UserPoolType>,
    providers: &Providers,
    described: &Described,
    config: Option<&Config>,
    report: &mut Report,
) {
    let Some(arn) = user_pool.and_then(|user_pool| user_pool.arn.as_deref()) else {
        let what = "was not looked at: AWS WAF is asked for the pool's ARN, which only Cognito tells";
        report.note(Problem::new(
            PLACE,
            what,
            "allow `cognito-idp:DescribeUserPool` on the user pool, and run this again",
        ));
        return;
    };
    match Firewall::of(arn, pool.region(), &described.aws).await {
        Ok(None) => {}
        Ok(Some(firewall)) => {
            let circumstances = Circumstances {
                is_loopback: config.is_some_and(|config| is_loopback(&config.issuer)),
                has_oidc: providers.has_oidc,
                has_saml: providers.has_saml,
            };
            let place = format!("the firewall {} of the user pool", firewall.acl.name);
            for concern in review(&firewall, circumstances) {
                report.add(concern.weight, Problem::new(&place, concern.what, concern.remedy));
            }
        }
        Err(error) => {
            let to_do = match is_denied(&error) {
                true => format!(
                    "allow `wafv2:GetWebACLForResource`, `wafv2:GetWebACL` and `cognito-idp:GetWebACLForResource` on {arn}"
                ),
                false => "run this again".to_owned(),
            };
            report.note(Problem::new(PLACE, format!("was not looked at: {error:#}"), to_do));
        }
    }
}

const PLACE: &str = "the firewall of the user pool";
