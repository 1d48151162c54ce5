//! A point on the map, written the way the service writes it.

use std::fmt;

/// Latitude and longitude in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// A point, if there is such a one on earth.
    pub(crate) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then_some(Self { latitude, longitude })
    }
}

/// At most four decimals and no trailing zeros: the service redirects any other spelling.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", short(self.latitude), short(self.longitude))
    }
}

fn short(degrees: f64) -> String {
    let text = format!("{degrees:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_written_with_at_most_four_decimals() {
        let text = |latitude, longitude| Point::new(latitude, longitude).map(|point| point.to_string());
        assert_eq!(text(39.745_61, -97.089_2).as_deref(), Some("39.7456,-97.0892"));
        assert_eq!(text(39.740_0, -97.0).as_deref(), Some("39.74,-97"));
        assert_eq!(text(-0.000_01, 180.0).as_deref(), Some("0,180"));
        assert_eq!(text(90.0, 100.0).as_deref(), Some("90,100"));
    }

    #[test]
    fn a_point_off_the_earth_is_refused() {
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Point::new(latitude, longitude), None);
        }
    }
}
