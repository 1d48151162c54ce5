//! Chance, the same each time for the same seed.

use std::f64::consts::TAU;

/// The dice.
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// From 0 up to 1, which it never is.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.f64()
    }

    /// Any number.
    pub(crate) fn word(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// Below `bound`.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0.u32(..bound)
    }

    /// Any order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        self.0.shuffle(things);
    }

    /// Time until something that happens at random, on average after `mean`.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// By Box and Muller.
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + deviation * radius * (TAU * self.unit()).cos()
    }
}
