//! What an error of Cloudflare means, and what the operator can do about it.

/// An error that operators meet.
struct Known {
    /// Codes of Cloudflare's API.
    codes: &'static [u32],
    /// Words of wrangler, for errors that it shows without a code.
    words: &'static [&'static str],
    /// What happened, and what to do.
    meaning: &'static str,
}

/// The errors that have an explanation. wrangler's own message is always shown as well.
const KNOWN: &[Known] = &[
    Known {
        codes: &[10000],
        words: &[],
        meaning: "the API token does not allow this. Give it the permissions of the template \"Edit Cloudflare Workers\" \
                  for this account and for the zone of the public URL (dash.cloudflare.com, My Profile, API Tokens), and \
                  check whether it is limited to some IP addresses",
    },
    Known {
        codes: &[6003, 6111, 9106, 9109, 10001],
        words: &[],
        meaning: "Cloudflare does not accept these credentials. Set CLOUDFLARE_API_TOKEN to a token that is valid, or \
                  unset it and run `wrangler login`",
    },
    Known {
        codes: &[7000, 7003],
        words: &[],
        meaning: "there is no such account. Set CLOUDFLARE_ACCOUNT_ID to the account's ID, 32 hexadecimal digits \
                  (dash.cloudflare.com, Workers & Pages, Account details)",
    },
    Known {
        codes: &[10034],
        words: &["verify your account's email"],
        meaning: "the e-mail address of the Cloudflare account is not verified. Follow the link in Cloudflare's mail, or \
                  ask for another one at dash.cloudflare.com",
    },
    Known {
        codes: &[10089],
        words: &[],
        meaning: "the setting metrics-dataset needs Analytics Engine, which this account has not enabled. Enable it at \
                  dash.cloudflare.com/?to=/:account/workers/analytics-engine, or remove metricsDataset from the stacks' \
                  configuration and deploy them",
    },
    Known {
        codes: &[10063],
        words: &["register a workers.dev subdomain"],
        meaning: "this account has no workers.dev subdomain yet. Open dash.cloudflare.com/?to=/:account/workers/onboarding \
                  once, which makes one; a public URL at workers.dev must name it",
    },
    Known {
        codes: &[10082, 10083],
        words: &["Could not find zone for"],
        meaning: "the host of the public URL is in no zone of this Cloudflare account. Add its domain at \
                  dash.cloudflare.com/?to=/:account/add-site, choose the account that has it (CLOUDFLARE_ACCOUNT_ID), or \
                  allow the API token that zone",
    },
    Known {
        codes: &[100_117],
        words: &[],
        meaning: "the host of the public URL has DNS records that something else manages. Delete them at \
                  dash.cloudflare.com/?to=/:account/:zone/dns/records, or give the deployment another public URL",
    },
    Known {
        codes: &[10053],
        words: &[],
        meaning: "the Worker has a variable and a secret of the same name. Delete the one that was made by hand \
                  (dash.cloudflare.com, Workers & Pages, the Worker, Settings, Variables and Secrets)",
    },
    Known {
        codes: &[10054],
        words: &[],
        meaning: "a variable or secret is too large for Cloudflare. Shorten the setting that wrangler names",
    },
    Known {
        codes: &[10214, 10215],
        words: &["latest version isn't currently deployed"],
        meaning: "somebody has uploaded a version of the Worker that is not deployed. Run `edgeward push` without \
                  --secrets-only, which deploys a version of its own",
    },
    Known {
        codes: &[100_328],
        words: &[],
        meaning: "limits.cpu_ms needs the Workers Paid plan. Take it out of wrangler.toml, or change the plan at \
                  dash.cloudflare.com/?to=/:account/workers/plans",
    },
    Known {
        codes: &[10027],
        words: &[],
        meaning: "the Worker is too large for this account's plan. A build of this checkout fits into every plan: deploy \
                  one without changes, or choose the Workers Paid plan",
    },
    Known { codes: &[971], words: &[], meaning: "Cloudflare's API has been asked too often. Wait five minutes" },
    Known {
        codes: &[10013],
        words: &[],
        meaning: "something failed at Cloudflare. Look at www.cloudflarestatus.com and try again later",
    },
];

/// Explains what wrangler has said: a sentence for each known error, or nothing.
pub(super) fn explain(said: &str) -> String {
    let codes = codes(said);
    let occurs = |known: &&Known| {
        known.codes.iter().any(|code| codes.contains(code)) || known.words.iter().any(|words| said.contains(words))
    };
    KNOWN.iter().filter(occurs).map(|known| format!(" That means: {}.", known.meaning)).collect()
}

/// The codes of Cloudflare's errors in what wrangler has said, which it shows as `[code: 10000]`.
pub(super) fn codes(said: &str) -> Vec<u32> {
    let ends = said.split("[code:").skip(1);
    ends.filter_map(|rest| rest.split_once(']')?.0.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_error_is_explained() {
        let said = "✘ [ERROR] A request to the Cloudflare API (/accounts/1/workers/scripts/x) failed.\n\n  \
                    You need to enable Analytics Engine. [code: 10089]\n";
        let explained = explain(said);
        assert!(explained.starts_with(" That means: the setting metrics-dataset"), "{explained}");
        assert_eq!(explained.matches("That means").count(), 1);
        assert!(explain("… or register a workers.dev subdomain here:").contains("no workers.dev subdomain"));
    }

    #[test]
    fn what_is_not_known_is_left_to_wrangler() {
        for said in ["", "[code: 4711]", "[code: x] [code:", "10089", "It failed."] {
            assert_eq!(explain(said), "", "{said}");
        }
        assert_eq!(codes("a [code:10007] b [code: 10063]"), [10007, 10063]);
    }

    #[test]
    fn no_error_has_two_explanations() {
        let mut all: Vec<_> = KNOWN.iter().flat_map(|known| known.codes).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
