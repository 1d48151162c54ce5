//! The outages that are simulated beside the shipped one, each with what the document says of it: whether the bound holds.

use crate::{
    edge::{Policy, SHIPPED},
    people::Mix,
    recovery::{AS_IT_IS, Bound, Recovery, Variation},
};

/// Cases that the picture shows.
pub(crate) const SHIPPED_NAME: &str = "as shipped";
pub(crate) const UNTHROTTLED_NAME: &str = "without a throttle";
pub(crate) const NEITHER_NAME: &str = "with neither";

/// Users and the lifetime of their tokens.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) people: u32,
    pub(crate) lifetime: u32,
}

/// An outage, and whether the bound is known to hold after it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) load: Load,
    pub(crate) variation: Variation,
    pub(crate) expected: Bound,
}

impl Case {
    /// Simulates it.
    pub(crate) fn run(self) -> (Self, Recovery) {
        let Load { people, lifetime } = self.load;
        (self, Recovery::of(people, lifetime, self.variation))
    }

    /// What is wrong with the document, if the bound holds where it says that it does not, or the other way round.
    pub(crate) fn contradiction(&self, recovery: &Recovery) -> Option<String> {
        let (found, says) = match recovery.bound() {
            found if found == self.expected => return None,
            Bound::Holds => ("holds", "exceeded"),
            Bound::Exceeded => ("is exceeded", "kept"),
        };
        let Variation { instances, .. } = self.variation;
        Some(format!("{}, {instances} instances: the bound {found}, where it was expected to be {says}", self.name))
    }
}

/// What an edge could do without, and what clients could do.
pub(crate) fn policies(load: Load) -> Vec<Case> {
    let case = |name, share: u32, variation, expected| {
        let load = Load { people: load.people / share, ..load };
        Case { name, load, variation, expected }
    };
    let edge = |policy| Variation { policy, ..AS_IT_IS };
    let at_once = Policy { spread: 0, ..SHIPPED };
    let neither = edge(Policy { throttles: false, ..at_once });
    let mix = Mix { as_told: 100, ahead: 0 };
    vec![
        case(SHIPPED_NAME, 1, AS_IT_IS, Bound::Holds),
        case("without a spread: `Retry-After` 5 s, or what is left", 1, edge(at_once), Bound::Holds),
        case(UNTHROTTLED_NAME, 1, edge(Policy { throttles: false, ..SHIPPED }), Bound::Exceeded),
        case(NEITHER_NAME, 1, neither, Bound::Exceeded),
        case("as shipped; all clients come back as told", 1, Variation { mix, ..AS_IT_IS }, Bound::Holds),
        case("with neither; all clients come back as told", 1, Variation { mix, ..neither }, Bound::Exceeded),
        case("as shipped; a tenth of the users", 10, AS_IT_IS, Bound::Holds),
        case("with neither; a tenth of the users", 10, neither, Bound::Holds),
        case("as shipped; a hundredth of the users", 100, AS_IT_IS, Bound::Holds),
    ]
}

/// How many instances the platform runs, which is not the operator's choice, and what the operator can do about many.
pub(crate) fn instances(default: Load, long: Load) -> Vec<Case> {
    let case = |name, load, instances, expected| {
        let variation = Variation { instances, ..AS_IT_IS };
        Case { name, load, variation, expected }
    };
    let many = 1024;
    let raised = Case {
        variation: Variation { instances: many, quota: 2 * AS_IT_IS.quota, ..AS_IT_IS },
        ..case("quota for UserAuthentication twice as high", default, many, Bound::Exceeded)
    };
    vec![
        case(SHIPPED_NAME, default, 16, Bound::Holds),
        case(SHIPPED_NAME, default, AS_IT_IS.instances, Bound::Holds),
        case(SHIPPED_NAME, default, 512, Bound::Holds),
        case(SHIPPED_NAME, default, 768, Bound::Holds),
        case(SHIPPED_NAME, default, many, Bound::Exceeded),
        case(SHIPPED_NAME, default, 2048, Bound::Exceeded),
        case(SHIPPED_NAME, long, AS_IT_IS.instances, Bound::Holds),
        case(SHIPPED_NAME, long, 512, Bound::Exceeded),
        case(SHIPPED_NAME, long, many, Bound::Exceeded),
        case("a tenth of the users", Load { people: default.people / 10, ..default }, many, Bound::Holds),
        case("tokens of an hour", Load { lifetime: 3600, ..default }, many, Bound::Exceeded),
        raised,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_document_says_is_compared_with_what_is_found() {
        let case = Case {
            name: SHIPPED_NAME,
            load: Load { people: 1_000, lifetime: 300 },
            variation: AS_IT_IS,
            expected: Bound::Holds,
        };
        let (case, recovery) = case.run();
        assert_eq!(case.contradiction(&recovery), None);
        let other = Case { expected: Bound::Exceeded, ..case };
        let found = other.contradiction(&recovery).unwrap_or_default();
        assert!(found.contains("the bound holds, where it was expected to be exceeded"), "{found}");
        let recovery = Recovery { over: 1, ..recovery };
        assert_eq!(other.contradiction(&recovery), None);
        let found = case.contradiction(&recovery).unwrap_or_default();
        assert!(found.contains("the bound is exceeded, where it was expected to be kept"), "{found}");
    }
}
