//! What is answered, and for how long.

use edgeward_core::platform::{
    ClaimOutcome::{Ask, Busy},
    CoordinateRefreshes, PublishedAnswer, Randomness, RefreshUpdate, Timer,
};

use super::{Scene, answer, answered};
use crate::report::{Found, Report};

pub(super) async fn hold(
    scene: &Scene<'_, impl CoordinateRefreshes, impl Randomness, impl Timer>,
    report: &mut Report,
) {
    report.hold("an answer is given to whoever claims the same token", scene.answer_is_shared()).await;
    report.hold("an older token leads to the newest answer", scene.leads_to_newest()).await;
    report.hold("an older token waits while the newest is asked about", scene.waits_for_newest()).await;
    report.hold("an answer is gone after its lifetime", scene.answer_ends()).await;
    report.hold("a refused token is no longer given out", scene.refused_is_not_given()).await;
    report.hold("a late refusal does not count", scene.late_refusal()).await;
    report.hold("a late answer replaces none", scene.late_answer()).await;
    report.hold("a grant that is forgotten has no answers", scene.forgotten_has_none()).await;
    report.hold("a grant that is forgotten gets no answers", scene.forgotten_gets_none()).await;
}

impl<P: CoordinateRefreshes, R: Randomness, T: Timer> Scene<'_, P, R, T> {
    async fn answer_is_shared(&self) -> Found {
        let (grant, other) = (self.grant()?, self.grant()?);
        let sealed = format!("\"sealed\" \u{e9}\n{}", "a".repeat(10_000));
        grant.refresh("token", "first", &answer(&sealed, Some("next"))).await?;
        for holder in ["second", "third", "first"] {
            grant.gets("token", holder, answered(&sealed)).await?;
        }
        grant.gets("next", "second", Ask).await?;
        other.gets("token", "second", Ask).await
    }

    async fn leads_to_newest(&self) -> Found {
        let grant = self.grant()?;
        grant.refresh("one", "first", &answer("two", Some("two"))).await?;
        grant.refresh("two", "second", &answer("three", Some("three"))).await?;
        for token in ["one", "two"] {
            grant.gets(token, "third", answered("three")).await?;
        }
        // An answer that names no next token leaves this one good, and is its own only.
        grant.refresh("three", "third", &answer("three again", None)).await?;
        grant.gets("one", "fourth", answered("three")).await?;
        grant.gets("three", "fourth", answered("three again")).await
    }

    async fn waits_for_newest(&self) -> Found {
        let grant = self.grant()?;
        grant.refresh("one", "first", &answer("two", Some("two"))).await?;
        grant.gets("two", "second", Ask).await?;
        grant.gets("one", "third", Busy).await?;
        grant.publish("two", "second", &answer("three", Some("three"))).await?;
        grant.gets("one", "third", answered("three")).await
    }

    async fn answer_ends(&self) -> Found {
        let grant = self.grant()?;
        let short = PublishedAnswer { lifetime_seconds: 2, ..answer("sealed", None) };
        grant.refresh("token", "first", &short).await?;
        grant.gets("token", "second", answered("sealed")).await?;
        self.timer.sleep(3_000).await;
        grant.gets("token", "second", Ask).await
    }

    async fn refused_is_not_given(&self) -> Found {
        let grant = self.grant()?;
        grant.refresh("one", "first", &answer("two", Some("two"))).await?;
        grant.gets("two", "second", Ask).await?;
        grant.tell(RefreshUpdate::Refuse(&grant.claim("two", "second"))).await?;
        grant.gets("one", "third", Ask).await?;
        grant.gets("two", "third", Ask).await
    }

    async fn late_refusal(&self) -> Found {
        let grant = self.grant()?;
        grant.refresh("one", "first", &answer("two", Some("two"))).await?;
        grant.refresh("two", "second", &answer("three", Some("three"))).await?;
        grant.tell(RefreshUpdate::Refuse(&grant.claim("two", "third"))).await?;
        grant.gets("one", "fourth", answered("three")).await
    }

    async fn late_answer(&self) -> Found {
        let grant = self.grant()?;
        grant.refresh("token", "first", &answer("early", None)).await?;
        grant.publish("token", "second", &answer("late", None)).await?;
        grant.gets("token", "third", answered("early")).await?;
        // Where there is none, it counts.
        grant.publish("another token", "first", &answer("without a lease", None)).await?;
        grant.gets("another token", "third", answered("without a lease")).await
    }

    async fn forgotten_has_none(&self) -> Found {
        let (grant, other) = (self.grant()?, self.grant()?);
        grant.refresh("one", "first", &answer("two", Some("two"))).await?;
        other.refresh("one", "first", &answer("two", Some("two"))).await?;
        grant.tell(RefreshUpdate::Forget(&grant.name)).await?;
        grant.gets("one", "second", Ask).await?;
        other.gets("one", "second", answered("two")).await
    }

    async fn forgotten_gets_none(&self) -> Found {
        let grant = self.grant()?;
        grant.gets("token", "first", Ask).await?;
        grant.tell(RefreshUpdate::Forget(&grant.name)).await?;
        grant.publish("token", "first", &answer("sealed", None)).await?;
        grant.gets("token", "second", Ask).await?;
        grant.tell(RefreshUpdate::Withdraw(&grant.claim("token", "second"))).await?;
        // Nor from a claim whose lease has ended.
        grant.publish("token", "third", &answer("sealed", None)).await?;
        grant.gets("token", "fourth", Ask).await
    }
}
