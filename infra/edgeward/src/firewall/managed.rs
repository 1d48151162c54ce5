//! AWS's managed rule groups: which of their rules concern the edge's own calls and the pages at which users sign in.
//!
//! What the rules look at is AWS's documentation: "AWS Managed Rules rule groups list" in the WAF Developer Guide (baseline,
//! IP reputation, Bot Control, anti-DDoS).

/// What a rule stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stops {
    /// The edge's calls, always or by the address that they come from.
    Calls,
    /// The edge's calls, perhaps.
    SomeCalls,
    /// Every sign-in, and with it the edge's calls, when the edge's public URL is on this machine.
    Loopback,
    /// Answers of OIDC and social identity providers with long codes.
    LongCodes,
    /// SAML responses.
    SamlResponses,
}

/// A rule of a managed group.
#[derive(Debug)]
pub(super) struct ManagedRule {
    pub(super) name: &'static str,
    pub(super) stops: Stops,
    pub(super) why: &'static str,
    /// Whether it is part of the group only at Bot Control's inspection level `TARGETED`.
    pub(super) is_targeted: bool,
}

const fn rule(name: &'static str, stops: Stops, why: &'static str) -> ManagedRule {
    ManagedRule { name, stops, why, is_targeted: false }
}

/// The rules of a group of AWS's that concern us; `None` when the group is not known here. A request without `User-Agent` is
/// stopped by `NoUserAgent_HEADER`, but the edge names itself.
pub(super) fn rules(group: &str) -> Option<&'static [ManagedRule]> {
    Some(match group {
        "AWSManagedRulesAnonymousIpList" => ANONYMOUS_ADDRESSES,
        "AWSManagedRulesBotControlRuleSet" => BOT_CONTROL,
        "AWSManagedRulesAmazonIpReputationList" => REPUTATION,
        "AWSManagedRulesAntiDDoSRuleSet" => ANTI_DDOS,
        "AWSManagedRulesCommonRuleSet" => COMMON,
        "AWSManagedRulesKnownBadInputsRuleSet"
        | "AWSManagedRulesAdminProtectionRuleSet"
        | "AWSManagedRulesSQLiRuleSet"
        | "AWSManagedRulesLinuxRuleSet"
        | "AWSManagedRulesUnixRuleSet"
        | "AWSManagedRulesWindowsRuleSet"
        | "AWSManagedRulesPHPRuleSet"
        | "AWSManagedRulesWordPressRuleSet"
        | "AWSManagedRulesACFPRuleSet" => &[],
        _ => return None,
    })
}

const ANONYMOUS_ADDRESSES: &[ManagedRule] = &[
    rule(
        "HostingProviderIPList",
        Stops::Calls,
        "blocks addresses of hosting and cloud providers, and the edge's calls come from one",
    ),
    rule(
        "AnonymousIPList",
        Stops::SomeCalls,
        "blocks addresses of proxies and anonymizers, which the edge's address may count as",
    ),
];

const BOT_CONTROL: &[ManagedRule] = &[
    rule(
        "SignalNonBrowserUserAgent",
        Stops::Calls,
        "blocks every `User-Agent` that is no browser's, and the edge says that it is the edge",
    ),
    rule(
        "SignalKnownBotDataCenter",
        Stops::Calls,
        "blocks addresses of data centers, and the edge's calls come from one",
    ),
    ManagedRule {
        name: "TGT_VolumetricIpTokenAbsent",
        stops: Stops::Calls,
        why: "challenges an address after five requests without a token of AWS WAF's, and the edge cannot answer a challenge",
        is_targeted: true,
    },
];

const REPUTATION: &[ManagedRule] = &[
    rule(
        "AWSManagedIPReputationList",
        Stops::SomeCalls,
        "blocks addresses with a bad reputation, and a CDN's address does what all its customers do",
    ),
    rule(
        "AWSManagedReconnaissanceList",
        Stops::SomeCalls,
        "blocks addresses that probe AWS, and a CDN's address does what all its customers do",
    ),
];

const ANTI_DDOS: &[ManagedRule] = &[
    rule(
        "ChallengeAllDuringEvent",
        Stops::SomeCalls,
        "challenges requests while there is an attack, and the edge cannot answer a challenge",
    ),
    rule(
        "ChallengeDDoSRequests",
        Stops::SomeCalls,
        "challenges suspicious addresses while there is an attack, and the edge cannot answer a challenge",
    ),
];

const LOOPBACK: &str = "blocks URLs of this machine in requests, and the edge's callback is one";

const COMMON: &[ManagedRule] = &[
    rule("EC2MetaDataSSRF_QUERYARGUMENTS", Stops::Loopback, LOOPBACK),
    rule("EC2MetaDataSSRF_BODY", Stops::Loopback, LOOPBACK),
    rule("GenericRFI_QUERYARGUMENTS", Stops::Loopback, LOOPBACK),
    rule("GenericRFI_BODY", Stops::Loopback, LOOPBACK),
    rule(
        "SizeRestrictions_QUERYSTRING",
        Stops::LongCodes,
        "blocks queries of more than 2,048 bytes, and codes of some identity providers are longer",
    ),
    rule(
        "SizeRestrictions_BODY",
        Stops::SamlResponses,
        "blocks bodies of more than 8,192 bytes, and many SAML responses are longer",
    ),
];
