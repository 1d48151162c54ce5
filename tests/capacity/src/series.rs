//! What was counted, second by second, and figures of it.

use std::ops::Range;

use crate::people::DAY;

const HOUR: usize = 3600;

/// One day.
pub(crate) struct Series {
    /// Refreshes that reached Cognito, whatever came of them.
    pub(crate) refreshes: Vec<u32>,
    /// Sign-ins that begin at Cognito, those included that are refused …
    pub(crate) begun: Vec<u32>,
    /// … the login pages of those that are not …
    pub(crate) pages: Vec<u32>,
    /// … the logins, those included that are refused …
    pub(crate) logins: Vec<u32>,
    /// … and the codes of those that are not.
    pub(crate) codes: Vec<u32>,
    /// Requests for Cognito's keys.
    pub(crate) keys: Vec<u32>,
    /// Refreshes that clients asked the edge for …
    pub(crate) asked: Vec<u32>,
    /// … and that it answered with 503.
    pub(crate) refused: Vec<u32>,
    /// How many people met at least one refusal during the outage or after it.
    pub(crate) met: u32,
}

impl Default for Series {
    fn default() -> Self {
        let none = || vec![0; DAY as usize];
        Self {
            refreshes: none(),
            begun: none(),
            pages: none(),
            logins: none(),
            codes: none(),
            keys: none(),
            asked: none(),
            refused: none(),
            met: 0,
        }
    }
}

impl Series {
    /// What counts against "UserAuthentication".
    pub(crate) fn authentications(&self) -> Vec<u32> {
        sum(&[&self.refreshes, &self.logins])
    }

    /// What counts against the app client, and against the domain.
    pub(crate) fn requests(&self) -> Vec<u32> {
        sum(&[&self.refreshes, &self.begun, &self.pages, &self.logins, &self.codes])
    }
}

fn sum(all: &[&Vec<u32>]) -> Vec<u32> {
    (0..DAY as usize).map(|second| all.iter().map(|counts| counts[second]).sum()).collect()
}

/// Requests a second.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    /// On average in the busiest hour.
    pub(crate) mean: f64,
    /// In that hour ninety-nine of a hundred seconds have no more.
    pub(crate) p99: u32,
    /// The most in any second of the day.
    pub(crate) peak: u32,
}

impl Figures {
    pub(crate) fn of(counts: &[u32]) -> Self {
        let busiest = busiest_hour(counts);
        let mut hour = counts[busiest].to_vec();
        hour.sort_unstable();
        Self {
            mean: mean(&hour),
            p99: hour[HOUR * 99 / 100 - 1],
            peak: counts.iter().copied().max().unwrap_or_default(),
        }
    }

    /// Where each person who was simulated stands for several.
    pub(crate) fn times(self, weight: u32) -> Self {
        Self { mean: self.mean * f64::from(weight), p99: self.p99 * weight, peak: self.peak * weight }
    }
}

fn busiest_hour(counts: &[u32]) -> Range<usize> {
    let mut sum: u64 = counts[..HOUR].iter().copied().map(u64::from).sum();
    let (mut most, mut begins) = (sum, 0);
    for start in 1..=counts.len() - HOUR {
        sum = sum + u64::from(counts[start + HOUR - 1]) - u64::from(counts[start - 1]);
        if sum > most {
            (most, begins) = (sum, start);
        }
    }
    begins..begins + HOUR
}

pub(crate) fn mean(counts: &[u32]) -> f64 {
    counts.iter().copied().map(f64::from).sum::<f64>() / counts.len() as f64
}
