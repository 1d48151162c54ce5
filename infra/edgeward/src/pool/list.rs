//! What there is to choose from: the account's user pools, and the app clients of one.

use anyhow::Result;

use super::Pool;
use crate::aws::{Aws, explained};

/// Something that has an id, and a name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Named {
    fn of(id: Option<String>, name: Option<String>) -> Option<Self> {
        Some(Self { id: id?, name: name.unwrap_or_default() })
    }
}

/// The user pools of the account in this region.
pub(crate) async fn pools(aws: &Aws, region: &str) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    let mut pages = aws.cognito(region).list_user_pools().max_results(60).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explained("list the user pools", region, error))?;
        let listed = page.user_pools.unwrap_or_default().into_iter();
        found.extend(listed.filter_map(|pool| Named::of(pool.id, pool.name)));
    }
    Ok(found)
}

impl Pool {
    /// The app clients of the pool.
    pub(crate) async fn clients(&self) -> Result<Vec<Named>> {
        let doing = format!("list the app clients of {}", self.pool_id);
        let request = self.client.list_user_pool_clients().user_pool_id(&self.pool_id).max_results(60);
        let (mut found, mut pages) = (Vec::new(), request.into_paginator().send());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explained(&doing, &self.region, error))?;
            let listed = page.user_pool_clients.unwrap_or_default().into_iter();
            found.extend(listed.filter_map(|client| Named::of(client.client_id, client.client_name)));
        }
        Ok(found)
    }
}
