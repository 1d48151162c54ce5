//! The firewall before the user pool: a web ACL of AWS WAF, whoever wrote it, as far as it concerns sign-in through the edge.

mod managed;
mod rules;
mod statement;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_wafv2::{
    Client,
    types::{Rule, Statement, WebAcl},
};

pub(crate) use rules::{Circumstances, review};

use crate::aws::{Aws, explained};

/// A web ACL, with the rule groups of the account that it refers to.
#[derive(Debug)]
pub(crate) struct Firewall {
    pub(crate) acl: WebAcl,
    /// By ARN: the rules of a group, or why they cannot be read.
    groups: BTreeMap<String, Result<Vec<Rule>>>,
}

impl Firewall {
    /// The web ACL of a user pool, if it has one.
    pub(crate) async fn of(pool_arn: &str, region: &str, aws: &Aws) -> Result<Option<Self>> {
        let client = aws.waf(region);
        let answer = client.get_web_acl_for_resource().resource_arn(pool_arn).send().await;
        let answer = answer.map_err(|error| explained("read the firewall of the user pool", region, error))?;
        let Some(acl) = answer.web_acl else { return Ok(None) };
        let mut groups = BTreeMap::new();
        for arn in group_arns(&acl) {
            let rules = rules_of(&client, &arn, region).await;
            groups.insert(arn, rules);
        }
        Ok(Some(Self { acl, groups }))
    }
}

async fn rules_of(client: &Client, arn: &str, region: &str) -> Result<Vec<Rule>> {
    let answer = client.get_rule_group().arn(arn).send().await;
    let answer = answer.map_err(|error| explained("read a rule group of the firewall", region, error))?;
    Ok(answer.rule_group.context("AWS WAF shows no rule group")?.rules.unwrap_or_default())
}

/// The groups that rules and Firewall Manager refer to.
fn group_arns(acl: &WebAcl) -> Vec<String> {
    let reference = |statement: &Statement| {
        statement.rule_group_reference_statement.as_ref().map(|reference| reference.arn.clone())
    };
    let own = acl.rules().iter().filter_map(|rule| rule.statement.as_ref()).filter_map(reference);
    let managers = acl
        .pre_process_firewall_manager_rule_groups()
        .iter()
        .chain(acl.post_process_firewall_manager_rule_groups())
        .filter_map(|group| group.firewall_manager_statement.as_ref()?.rule_group_reference_statement.as_ref())
        .map(|reference| reference.arn.clone());
    own.chain(managers).collect()
}
