//! States and territories that the service has alerts for.

/// A state or territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area(&'static str, &'static str);

impl Area {
    /// Parses a two-letter postal code, in any case.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        let code = code.trim();
        AREAS.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(code, name)| Self(code, name))
    }

    pub(crate) const fn code(self) -> &'static str {
        self.0
    }

    pub(crate) const fn name(self) -> &'static str {
        self.1
    }
}

/// Postal codes and names.
pub(crate) const AREAS: [(&str, &str); 56] = [
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AS", "American Samoa"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("GU", "Guam"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("MP", "Northern Mariana Islands"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("PR", "Puerto Rico"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("VI", "Virgin Islands"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_known_by_its_code_in_any_case() {
        assert_eq!(Area::parse("ca").map(Area::name), Some("California"));
        assert_eq!(Area::parse(" PR ").map(Area::code), Some("PR"));
        for unknown in ["", "ZZ", "California", "C", "CA/../..", "cA?"] {
            assert_eq!(Area::parse(unknown), None, "{unknown}");
        }
    }
}
