//! The issuers that a user pool's tokens may name.
//!
//! A pool has two forms of its issuer, the original one and the updated one, which serves the same keys from several
//! regions, and can be switched from one to the other (Amazon Cognito Developer Guide, "Identity provider and relying party
//! endpoints"). Tokens of both come for a while after that.

use super::url_setting::absolute_url;

/// One issuer or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuers {
    first: String,
    second: Option<String>,
}

impl Issuers {
    /// Those of a setting, separated by a space.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut urls = text.split_whitespace().map(absolute_url);
        let first = urls.next().ok_or("is empty")??;
        let second = urls.next().transpose()?;
        if urls.next().is_some() { Err("names more than two issuers".into()) } else { Ok(Self { first, second }) }
    }

    /// Both forms of a pool's issuer. What the region tells does not matter if the settings name the issuer.
    pub(super) fn of_pool(pool_id: &str, is_named: bool) -> Result<Self, String> {
        // Both parts become part of a URL, which must stay the one that is meant.
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        let parts = pool_id.split_once('_').filter(|(region, id)| plain(region) && plain(id));
        let (region, _) = parts.ok_or("is not of the form <region>_<id>")?;
        let suffix = suffix_of(region).or(is_named.then_some("")).ok_or_else(|| {
            format!(
                "is in {region}, where no user pools are known to exist: if they do now, set EDGEWARD_COGNITO_ISSUER"
            )
        })?;
        let form = |service: &str| format!("https://{service}.{region}.{suffix}/{pool_id}");
        Ok(Self { first: form("cognito-idp"), second: Some(form("issuer-cognito-idp")) })
    }

    /// The first: the pool's original issuer, unless the settings say otherwise.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        [Some(&self.first), self.second.as_ref()].into_iter().flatten().map(String::as_str)
    }

    /// Whether tokens may name this one.
    pub fn contains(&self, issuer: &str) -> bool {
        self.iter().any(|known| known == issuer)
    }
}

/// The domain of AWS's endpoints in a region.
///
/// China has no user pools (docs.amazonaws.cn, "Getting Started with Amazon Web Services in China", Amazon Cognito), and what
/// the isolated partitions have is not public. AWS GovCloud (US) and all other regions name `amazonaws.com`. For the AWS
/// European Sovereign Cloud the domain is that of its other endpoints; no document shows an issuer there, and the tests of
/// awslabs/aws-jwt-verify expect `amazonaws.com`: if a token shows that, the setting names it.
fn suffix_of(region: &str) -> Option<&'static str> {
    if region.starts_with("cn-") || region.contains("-iso") {
        return None;
    }
    Some(if region.starts_with("eusc-") { "amazonaws.eu" } else { "amazonaws.com" })
}
