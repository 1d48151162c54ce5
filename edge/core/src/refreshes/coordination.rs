//! Coordinating a refresh with the other instances of the edge: one of them asks Cognito about a token, and publishes the
//! answer to the others.
//!
//! The platform keeps names and ciphertext. A name is a digest: of domain, app client and grant, and of Cognito's token. The
//! answer is sealed with the edge's own key, for that grant.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
};

use sha2::{Digest, Sha256};

use super::{KnownAnswer, POLL_MS, Refreshes};
use crate::{
    config::Cognito,
    platform::{
        ClaimOutcome, Event, Level, MemoryName, Platform, PublishedAnswer, RENEW_MS, Record, RefreshClaim,
        RefreshUpdate, UnixTime,
    },
    request_context::RequestContext,
    sealed::{self, RefreshAnswer, RefreshToken},
    secret::Secret,
    shared_memory::{self, SharedMemory, is_shared, together},
    upstream::{Subject, UpstreamError, UpstreamGrant},
};

/// How often a request claims while another instance asks: for about nine seconds, as long as it waits for a request of its own
/// instance. Clients give up after ten.
const MAX_CLAIMS: u32 = 12;
/// How often the log is told that the platform fails.
const WARNING_SECONDS: u64 = 60;
/// How long the mark of a revoked grant is kept: longer than an answer is given, and longer than Cognito may take for one.
const TOMBSTONE_SECONDS: u64 = 180;

/// One refresh, as the platform coordinates it.
pub struct Coordination<'a, P> {
    pub(super) refreshes: &'a Refreshes,
    pub(super) context: &'a RequestContext<'a, P>,
    pub(super) token: &'a RefreshToken,
    pub(super) claim: RefreshClaim,
}

/// Where an answer comes from.
pub enum Answered {
    /// From Cognito, just now.
    Anew(KnownAnswer),
    /// From memory: this request has not asked.
    FromMemory(KnownAnswer),
}

impl Refreshes {
    /// How this refresh is coordinated: through the platform's coordinator, or else through a memory that instances share. Not at
    /// all where the platform shares nothing. A coordinator is not troubled where Cognito is known to not rotate refresh tokens:
    /// then it may be asked by any number of instances.
    pub fn coordinate<'a, P: Platform>(
        &'a self,
        token: &'a RefreshToken,
        context: &'a RequestContext<'a, P>,
    ) -> Option<Coordination<'a, P>> {
        let (config, platform) = (context.config, context.platform);
        match platform.coordinates_refreshes() {
            true if self.is_unrotated.get() => return None,
            false if !is_shared(platform) => return None,
            true | false => {}
        }
        let mut random = [0; 16];
        // Without randomness no token could be sealed either.
        platform.fill(&mut random).ok()?;
        let claim = RefreshClaim {
            grant: grant_name(&config.cognito, &token.grant_id),
            token: token_name(&token.upstream_token),
            holder: edgeward_base64url::encode(&random),
        };
        Some(Coordination { refreshes: self, context, token, claim })
    }

    /// Asks Cognito, if no other instance has asked or is asking. `known` is what this instance has been answered before and
    /// has published: it counts only while the platform fails, as the others may have a newer answer, or may have revoked the
    /// grant.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub async fn ask<P: Platform>(
        &self,
        coordination: Option<&Coordination<'_, P>>,
        known: Option<KnownAnswer>,
        asking: UpstreamRefresh<'_>,
        context: &RequestContext<'_, P>,
    ) -> Result<Answered, UpstreamError> {
        let platform = context.platform;
        if let Some(coordination) = coordination
            && is_shared(platform)
            && !platform.coordinates_refreshes()
        {
            return together(platform, || coordination.ask_through_memory(known, asking)).await;
        }
        let claimed = match coordination {
            Some(coordination) => coordination.claim().await,
            None => Claimed::Alone,
        };
        match (claimed, coordination, known) {
            (Claimed::Answered(answer), ..) | (Claimed::Alone, _, Some(answer)) => Ok(Answered::FromMemory(answer)),
            (Claimed::Busy, ..) => Err(UpstreamError::still_asked()),
            // A claim that failed here may have been granted there: the others may wait for this request.
            (Claimed::Turn | Claimed::Alone, Some(coordination), _) => coordination.ask_for_all(asking).await,
            (Claimed::Turn | Claimed::Alone, None, _) => {
                asking.await.map(|grant| Answered::Anew(KnownAnswer::new(grant, platform.now())))
            }
        }
    }

    /// As [`Refreshes::forget`], at all instances: an answer that this instance has given is given by no other, nor one that is
    /// still to come.
    pub async fn forget_everywhere<P: Platform>(&self, grant_id: &str, context: &RequestContext<'_, P>) {
        self.forget(grant_id);
        let platform = context.platform;
        // Whether Cognito rotates does not matter: an answer may be from before that was changed.
        if platform.coordinates_refreshes() {
            let grant = grant_name(&context.config.cognito, grant_id);
            if let Err(error) = platform.update(RefreshUpdate::Forget(&grant)).await {
                self.warn(&error.to_string(), context);
            }
        } else if is_shared(platform) {
            together(platform, || mark_revoked(grant_id, context)).await;
        }
    }

    /// Notes what an answer says of the app client's rotation, and warns once of what an operator should know.
    pub fn note_rotation<P: Platform>(&self, grant: &UpstreamGrant, context: &RequestContext<'_, P>) {
        let is_unrotated = grant.new_token().is_none();
        self.is_unrotated.set(is_unrotated);
        let (warned, event, reason) = if is_unrotated {
            let reason = "Cognito sends no new one: rotation is off for the app client";
            (&self.warned_unrotated, Event::NotRotated, reason)
        } else if !context.platform.coordinates_refreshes() && !is_shared(context.platform) {
            let reason = "the platform shares nothing between instances, and Cognito rotates refresh tokens";
            (&self.warned_uncoordinated, Event::NotCoordinated, reason)
        } else {
            return;
        };
        if !warned.replace(true) {
            context.log(Record::new(Level::Warn, event).because(&reason));
        }
    }

    /// Warns that the platform fails, once in [`WARNING_SECONDS`].
    fn warn<P: Platform>(&self, reason: &str, context: &RequestContext<'_, P>) {
        let now = context.platform.now();
        if self.warned_failing_until.get().is_none_or(|until| until <= now) {
            self.warned_failing_until.set(Some(now.plus(WARNING_SECONDS)));
            context.log(Record::new(Level::Warn, Event::NotCoordinated).because(&reason));
        }
    }
}

/// What comes of a claim.
enum Claimed {
    /// This request asks, for all.
    Turn,
    /// Another has asked.
    Answered(KnownAnswer),
    /// Another is asking, and has been for as long as a client waits.
    Busy,
    /// Nothing is known of others.
    Alone,
}

impl<P: Platform> Coordination<'_, P> {
    async fn claim(&self) -> Claimed {
        let problem = 'failed: {
            for _ in 0..MAX_CLAIMS {
                match self.context.platform.claim(&self.claim).await {
                    Ok(ClaimOutcome::Ask) => return Claimed::Turn,
                    // The platform has waited already; this is for one that has not.
                    Ok(ClaimOutcome::Busy) => self.context.platform.sleep(POLL_MS).await,
                    Ok(ClaimOutcome::Answered(sealed)) => match self.open(&sealed) {
                        Some(answer) => return Claimed::Answered(answer),
                        None => break 'failed "an answer of another instance does not open".to_owned(),
                    },
                    Err(error) => break 'failed error.to_string(),
                }
            }
            return Claimed::Busy;
        };
        self.refreshes.warn(&problem, self.context);
        Claimed::Alone
    }

    async fn ask_for_all(&self, asking: UpstreamRefresh<'_>) -> Result<Answered, UpstreamError> {
        let platform = self.context.platform;
        let renewing = pin!(async {
            loop {
                platform.sleep(RENEW_MS).await;
                // A lease that could not be renewed ends, and another request may ask: nothing better is known.
                let _ = platform.update(RefreshUpdate::Renew(&self.claim)).await;
            }
        });
        match beside(asking, renewing).await {
            Ok(grant) => {
                let mut answer = KnownAnswer::new(grant, platform.now());
                answer.is_published = self.publish(&answer).await;
                Ok(Answered::Anew(answer))
            }
            Err(error) => {
                let mut update = RefreshUpdate::Withdraw(&self.claim);
                if let UpstreamError::InvalidGrant(_) = error {
                    // Another request may have taken over, and may have got the token that replaces this one. Then its
                    // answer counts, and not the refusal.
                    match platform.claim(&self.claim).await {
                        Ok(ClaimOutcome::Answered(sealed)) if let Some(answer) = self.open(&sealed) => {
                            return Ok(Answered::FromMemory(answer));
                        }
                        Ok(ClaimOutcome::Busy) => return Err(UpstreamError::still_asked()),
                        _ => update = RefreshUpdate::Refuse(&self.claim),
                    }
                }
                // A lease that is not withdrawn ends by itself.
                let _ = platform.update(update).await;
                Err(error)
            }
        }
    }

    /// Whether the others get it.
    async fn publish(&self, answer: &KnownAnswer) -> bool {
        let next = answer.grant.new_token().map(token_name);
        let Some(sealed) = self.seal(answer) else { return false };
        let lifetime_seconds = u32::try_from(answer.lifetime()).unwrap_or(u32::MAX);
        let published = PublishedAnswer { next, sealed, lifetime_seconds };
        let outcome = self.context.platform.update(RefreshUpdate::Publish(&self.claim, &published)).await;
        if let Err(error) = &outcome {
            self.refreshes.warn(&error.to_string(), self.context);
        }
        outcome.is_ok()
    }

    /// Fails without randomness. The client's own token is sealed next, which reports that.
    pub(super) fn seal(&self, KnownAnswer { grant, at, .. }: &KnownAnswer) -> Option<String> {
        let RequestContext { config, platform, .. } = *self.context;
        sealed::seal(&to_seal(grant, *at), &self.claim.grant, &config.keys, *at, platform).ok()
    }

    pub(super) fn open(&self, sealed: &str) -> Option<KnownAnswer> {
        let RequestContext { config, platform, .. } = *self.context;
        let answer: RefreshAnswer = sealed::open(sealed, &self.claim.grant, &config.keys, platform.now()).ok()?;
        if answer.subject != self.token.subject {
            return None;
        }
        let RefreshAnswer { answered_at, subject, profile, auth_time, upstream_token, expires_at, upstream_scope } =
            answer;
        let grant = UpstreamGrant {
            subject: Subject { subject, profile, auth_time },
            refresh_token: upstream_token.map(Secret::new),
            expires_at,
            scope: upstream_scope,
        };
        Some(KnownAnswer { grant: Rc::new(grant), at: answered_at, is_published: true })
    }
}

fn to_seal(grant: &UpstreamGrant, answered_at: UnixTime) -> RefreshAnswer {
    let Subject { subject, profile, auth_time } = grant.subject.clone();
    RefreshAnswer {
        answered_at,
        subject,
        profile,
        auth_time,
        upstream_token: grant.new_token().map(str::to_owned),
        expires_at: grant.expires_at,
        upstream_scope: grant.scope.clone(),
    }
}

/// A grant, to the platform. Another app client has other grants, and other names for the same.
fn grant_name(cognito: &Cognito, grant_id: &str) -> String {
    let [domain, client_id] = cognito.app_client();
    name([domain, client_id, grant_id])
}

/// One of Cognito's refresh tokens, to the platform.
pub(super) fn token_name(upstream_token: &str) -> String {
    name([upstream_token])
}

/// Marks a grant as revoked, for all instances.
async fn mark_revoked<P: Platform>(grant_id: &str, context: &RequestContext<'_, P>) {
    let mark = tombstone(&grant_name(&context.config.cognito, grant_id));
    SharedMemory::of(context).put(&mark, &[], TOMBSTONE_SECONDS).await;
}

/// The name of the mark of a revoked grant, in the memory that instances share. `grant` is the grant's name there. The mark has no age:
/// a revoked grant stays revoked.
pub(super) fn tombstone(grant: &str) -> MemoryName {
    shared_memory::name("revoked grant/1", &[grant])
}

fn name<const COUNT: usize>(parts: [&str; COUNT]) -> String {
    edgeward_base64url::encode(&Sha256::digest(parts.join("\0")))
}

/// UpstreamRefresh Cognito. Not by its type: what holds it would be compiled for each.
pub type UpstreamRefresh<'a> = Pin<&'a mut dyn Future<Output = Result<UpstreamGrant, UpstreamError>>>;

/// Runs `first` to its end, and `second` beside it for as long.
pub(super) async fn beside<T>(
    mut first: Pin<&mut dyn Future<Output = T>>,
    mut second: Pin<&mut dyn Future<Output = ()>>,
) -> T {
    let mut is_over = false;
    poll_fn(|context| {
        let outcome = first.as_mut().poll(context);
        if outcome.is_pending() && !is_over {
            is_over = second.as_mut().poll(context).is_ready();
        }
        outcome
    })
    .await
}
