//! A pool of random ids.

use std::cell::RefCell;

use edgeward_identity::traceparent::Ids;

use crate::platform::Randomness;

/// Ids for requests that bring none. They are no secret, so many are drawn at once: asking the platform for each would cost
/// more than the rest of the gate.
#[derive(Default)]
pub struct TraceIds(RefCell<Vec<Ids>>);

impl TraceIds {
    /// What Workers' generator gives in one call: 256 bytes.
    const AT_ONCE: usize = 10;

    /// Those of a single request.
    pub(crate) fn one(randomness: &impl Randomness) -> Ids {
        let mut ids = [0; 24];
        if randomness.fill(&mut ids).is_ok() { ids } else { Self::ALIKE }
    }

    /// Without randomness requests are still served; their ids must not be zero.
    const ALIKE: Ids = [1; 24];

    /// The next ones.
    pub fn next(&self, randomness: &impl Randomness) -> Ids {
        let mut left = self.0.borrow_mut();
        if left.is_empty() {
            let mut drawn = vec![[0; 24]; Self::AT_ONCE];
            if randomness.fill(drawn.as_flattened_mut()).is_ok() {
                *left = drawn;
            }
        }
        left.pop().unwrap_or(Self::ALIKE)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::HashSet};

    use edgeward_identity::traceparent;

    use super::*;
    use crate::platform::RandomnessError;

    struct Gone;

    impl Randomness for Gone {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError)
        }
    }

    #[test]
    fn without_randomness_there_is_a_valid_one_all_the_same() {
        for ids in [TraceIds::one(&Gone), TraceIds::default().next(&Gone)] {
            assert!(traceparent::trace_id(&traceparent::new(ids)).is_some());
        }
    }

    #[test]
    fn many_are_drawn_at_once_and_none_twice() {
        #[derive(Default)]
        struct Counted(Cell<u32>);
        impl Randomness for Counted {
            fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
                self.0.set(self.0.get() + 1);
                bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at / 24) as u8 ^ self.0.get() as u8);
                Ok(())
            }
        }
        let (randomness, ids) = (Counted::default(), TraceIds::default());
        let drawn: HashSet<_> = (0..TraceIds::AT_ONCE).map(|_| ids.next(&randomness)).collect();
        assert_eq!((drawn.len(), randomness.0.get()), (TraceIds::AT_ONCE, 1));
        ids.next(&randomness);
        assert_eq!(randomness.0.get(), 2);
    }
}
