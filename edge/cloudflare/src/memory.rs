//! Nothing is shared through `Memory`: an instance serves many requests at once, and remembers for all of them. Refreshes are
//! coordinated by an object (`coordination.rs`).

use std::convert::Infallible;

use edgeward_core::platform::{Alone, Memory};

use crate::Workers;

impl Memory for Workers {
    type Sharing = Alone;
    type Turn = Infallible;
}
