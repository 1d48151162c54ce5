//! The contract of `CoordinateRefreshes`.

mod answers;
mod leases;

use edgeward_core::platform::{
    ClaimOutcome, CoordinateRefreshes, PublishedAnswer, Randomness, RefreshClaim, RefreshUpdate, Timer, random_id,
};

use crate::report::{Found, Report, expect};

/// Holds what coordinates refreshes to its contract, with grants that are named at random.
pub async fn coordination_contract(
    port: &impl CoordinateRefreshes,
    randomness: &impl Randomness,
    timer: &impl Timer,
) -> Report {
    let mut report = Report::new("coordination");
    if !port.coordinates_refreshes() {
        report.leave_out("nothing coordinates refreshes");
    }
    let scene = Scene { port, randomness, timer };
    leases::hold(&scene, &mut report).await;
    answers::hold(&scene, &mut report).await;
    report
}

struct Scene<'a, P, R, T> {
    port: &'a P,
    randomness: &'a R,
    timer: &'a T,
}

/// A grant that nothing is known of.
struct Grant<'a, P> {
    port: &'a P,
    name: String,
}

impl<P: CoordinateRefreshes, R: Randomness, T: Timer> Scene<'_, P, R, T> {
    fn grant(&self) -> Result<Grant<'_, P>, String> {
        let name = random_id(self.randomness).map_err(|error| error.to_string())?;
        Ok(Grant { port: self.port, name })
    }
}

impl<P: CoordinateRefreshes> Grant<'_, P> {
    fn claim(&self, token: &str, holder: &str) -> RefreshClaim {
        RefreshClaim { grant: self.name.clone(), token: token.to_owned(), holder: holder.to_owned() }
    }

    async fn turn(&self, token: &str, holder: &str) -> Result<ClaimOutcome, String> {
        let turn = self.port.claim(&self.claim(token, holder)).await;
        turn.map_err(|error| format!("{holder} claims {token}: {error}"))
    }

    /// Claims, and compares what comes of it.
    async fn gets(&self, token: &str, holder: &str, promised: ClaimOutcome) -> Found {
        expect(&format!("{holder} claims {token}"), self.turn(token, holder).await?, promised)
    }

    async fn tell(&self, update: RefreshUpdate<'_>) -> Found {
        self.port.update(update).await.map_err(|error| format!("{update:?}: {error}"))
    }

    async fn publish(&self, token: &str, holder: &str, answer: &PublishedAnswer) -> Found {
        self.tell(RefreshUpdate::Publish(&self.claim(token, holder), answer)).await
    }

    /// A holder asks about a token, and gets this answer.
    async fn refresh(&self, token: &str, holder: &str, answer: &PublishedAnswer) -> Found {
        self.gets(token, holder, ClaimOutcome::Ask).await?;
        self.publish(token, holder, answer).await
    }
}

/// An answer that names the next token, if any.
fn answer(sealed: &str, next: Option<&str>) -> PublishedAnswer {
    PublishedAnswer { next: next.map(str::to_owned), sealed: sealed.to_owned(), lifetime_seconds: 60 }
}

fn answered(sealed: &str) -> ClaimOutcome {
    ClaimOutcome::Answered(sealed.to_owned())
}
