//! Whose turn it is.

use edgeward_core::platform::{
    ClaimOutcome::{Ask, Busy},
    CoordinateRefreshes, LEASE_MS, RENEW_MS, Randomness, RefreshUpdate, Timer,
};

use super::{Scene, answer, answered};
use crate::{
    concurrency::join,
    report::{Found, Report, ensure},
};

pub(super) async fn hold(
    scene: &Scene<'_, impl CoordinateRefreshes, impl Randomness, impl Timer>,
    report: &mut Report,
) {
    report.hold("the first claim asks, and another one is told that it is busy", scene.first_asks()).await;
    report.hold("of claims at the same time one asks", scene.one_asks()).await;
    report.hold("tokens and grants have leases of their own", scene.leases_are_apart()).await;
    report.hold("a lease that is withdrawn passes on", scene.withdrawn_passes_on()).await;
    report.hold("a claim that waits gets the answer", scene.waiting_gets_answer()).await;
    report.hold("a lease that is not renewed ends", scene.silent_ends()).await;
    report.hold("a lease that is renewed lasts", scene.renewed_lasts()).await;
    report.hold("who does not hold the lease changes nothing of it", scene.others_change_nothing()).await;
}

/// A second more than a lease lasts.
const OVER_MS: u32 = LEASE_MS + 1_000;

impl<P: CoordinateRefreshes, R: Randomness, T: Timer> Scene<'_, P, R, T> {
    async fn first_asks(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        grant.gets("token", "second", Busy).await
    }

    async fn one_asks(&self) -> Found {
        let grant = self.grant()?;
        let (first, second) = join(grant.turn("token", "first"), grant.turn("token", "second")).await;
        let turns = [first?, second?];
        ensure(turns == [Ask, Busy] || turns == [Busy, Ask], || format!("their turns: {turns:?}"))
    }

    async fn leases_are_apart(&self) -> Found {
        let (grant, other) = (self.grant()?, self.grant()?);
        grant.gets("token", "first", Ask).await?;
        grant.gets("another token", "second", Ask).await?;
        other.gets("token", "third", Ask).await
    }

    async fn withdrawn_passes_on(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        grant.tell(RefreshUpdate::Withdraw(&grant.claim("token", "first"))).await?;
        grant.gets("token", "second", Ask).await
    }

    async fn waiting_gets_answer(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        let answer = answer("sealed", None);
        let (turn, published) = join(grant.turn("token", "second"), grant.publish("token", "first", &answer)).await;
        published?;
        let turn = turn?;
        ensure(turn == Busy || turn == answered("sealed"), || format!("who waits gets {turn:?}"))?;
        grant.gets("token", "second", answered("sealed")).await
    }

    async fn silent_ends(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        self.timer.sleep(OVER_MS).await;
        grant.gets("token", "second", Ask).await
    }

    async fn renewed_lasts(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        for _ in 0..=OVER_MS / RENEW_MS {
            self.timer.sleep(RENEW_MS).await;
            grant.tell(RefreshUpdate::Renew(&grant.claim("token", "first"))).await?;
        }
        grant.gets("token", "second", Busy).await
    }

    async fn others_change_nothing(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        let other = grant.claim("token", "second");
        grant.tell(RefreshUpdate::Renew(&other)).await?;
        grant.tell(RefreshUpdate::Withdraw(&other)).await?;
        grant.tell(RefreshUpdate::Refuse(&other)).await?;
        grant.publish("token", "second", &answer("no holder's", None)).await?;
        grant.gets("token", "third", Busy).await?;
        grant.publish("token", "first", &answer("the holder's", None)).await?;
        grant.gets("token", "third", answered("the holder's")).await
    }
}
