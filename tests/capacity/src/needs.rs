//! What people need of Cognito, by how many they are and how long a token lives.

use crate::{
    paper,
    people::USUAL,
    series::{Figures, Series, mean},
    simulation::Scenario,
};

/// Of access tokens, in seconds, with their names.
pub(crate) const LIFETIMES: [(u32, &str); 5] =
    [(300, "5 min"), (900, "15 min"), (3600, "1 h"), (8 * 3600, "8 h"), (24 * 3600, "24 h")];
/// Which of them `EDGEWARD_ACCESS_TOKEN_SECONDS` is by default.
pub(crate) const DEFAULT: usize = 1;
/// One with which it is the morning that counts.
pub(crate) const LONG: usize = 3;
/// So many people, and the same ten times over from here on.
pub(crate) const PEOPLE: [u32; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
/// More are not simulated one by one: each stands for several.
const ONE_BY_ONE: u32 = 1_000_000;

/// A day of so many people.
pub(crate) struct Need {
    pub(crate) people: u32,
    pub(crate) lifetime: u32,
    pub(crate) refreshes: Figures,
    pub(crate) codes: Figures,
    pub(crate) keys: Figures,
    pub(crate) authentications: Figures,
    /// Authentications a second in the busiest hour, by the formula.
    pub(crate) paper: f64,
    /// Authentications, minute by minute, a second.
    pub(crate) minutes: Vec<f64>,
}

impl Need {
    /// One for each number of people.
    pub(crate) fn all(lifetime: u32) -> Vec<Self> {
        let mut series = Series::default();
        let need = |people: u32| {
            if people <= ONE_BY_ONE {
                series = Scenario::demand(people, lifetime).run();
            }
            Self::of(people, lifetime, &series)
        };
        PEOPLE.into_iter().map(need).collect()
    }

    fn of(people: u32, lifetime: u32, series: &Series) -> Self {
        let weight = people.div_ceil(ONE_BY_ONE);
        let authentications = series.authentications();
        let times = |counts: &[u32]| Figures::of(counts).times(weight);
        Self {
            people,
            lifetime,
            refreshes: times(&series.refreshes),
            codes: times(&series.codes),
            // An instance fetches them for as many as it has.
            keys: Figures::of(&series.keys),
            authentications: times(&authentications),
            paper: f64::from(people) * paper::refreshes(lifetime, USUAL).max(paper::begins()),
            minutes: authentications.chunks(60).map(|minute| mean(minute) * f64::from(weight)).collect(),
        }
    }
}
