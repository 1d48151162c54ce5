//! What instances of an edge share, as `Memory` says, in seconds of the test's clock.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
};

use edgeward_core::platform::{MemoryName, MemoryUnavailable, Recalled};

use super::yield_once;

/// How the memory behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// As its contract says.
    Works,
    /// It knows nothing, but gives turns, and does not keep what it is given.
    Forgets,
    /// It gives values of any age.
    Old,
    /// In the place of each value it gives bytes of its own.
    Garbage,
    /// In the place of each value it gives one that was kept under another name, the last one.
    Swaps,
    /// It is broken: it cannot tell anything, after a while.
    Fails,
}

/// The shared memory. Its clones are the same.
#[derive(Clone)]
pub(crate) struct SharedMemory(Rc<Shared>);

struct Shared {
    mode: Cell<Mode>,
    values: RefCell<HashMap<MemoryName, (Vec<u8>, u64)>>,
    taken: RefCell<HashSet<MemoryName>>,
    last: RefCell<Vec<u8>>,
    calls: Cell<usize>,
    /// After so many calls it is broken.
    breaks_at: Cell<Option<usize>>,
    /// Everything that it was ever told.
    told: RefCell<Vec<u8>>,
}

/// A turn, until it is dropped.
pub(crate) struct MemoryTurn {
    shared: Rc<Shared>,
    name: MemoryName,
}

impl Drop for MemoryTurn {
    fn drop(&mut self) {
        self.shared.taken.borrow_mut().remove(&self.name);
    }
}

/// A look at the memory comes so often while a request waits.
const STEP_MS: u32 = 50;

impl SharedMemory {
    pub(crate) fn new(mode: Mode) -> Self {
        Self(Rc::new(Shared {
            mode: Cell::new(mode),
            values: RefCell::default(),
            taken: RefCell::default(),
            last: RefCell::default(),
            calls: Cell::default(),
            breaks_at: Cell::default(),
            told: RefCell::default(),
        }))
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.0.mode.set(mode);
    }

    /// It answers so many calls more, and is broken then.
    pub(crate) fn breaks_after(&self, calls: usize) {
        self.0.breaks_at.set(Some(self.calls() + calls));
    }

    /// Loses everything.
    pub(crate) fn forget(&self) {
        self.0.values.borrow_mut().clear();
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.calls.get()
    }

    /// Whether it was ever told this.
    pub(crate) fn was_told(&self, text: &str) -> bool {
        self.0.told.borrow().windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Every value, as it is. Names that were noted have none.
    pub(crate) fn values(&self) -> Vec<Vec<u8>> {
        self.0.values.borrow().values().map(|(value, _)| value.clone()).filter(|value| !value.is_empty()).collect()
    }

    /// Loses every value but these. Names that were noted stay.
    pub(crate) fn keep_only(&self, kept: &[Vec<u8>]) {
        self.0.values.borrow_mut().retain(|_, (value, _)| value.is_empty() || kept.contains(value));
    }

    /// Changes every value.
    pub(crate) fn change(&self, change: impl Fn(&mut Vec<u8>)) {
        self.0.values.borrow_mut().values_mut().for_each(|(value, _)| change(value));
    }

    /// So many seconds pass for what is kept, as where the clock of the instance that kept it was ahead.
    pub(crate) fn ages(&self, seconds: u64) {
        self.0.values.borrow_mut().values_mut().for_each(|(_, until)| *until -= seconds);
    }

    fn begin(&self, name: &MemoryName) -> Mode {
        if self.0.breaks_at.get() == Some(self.calls()) {
            self.set(Mode::Fails);
        }
        self.0.calls.set(self.calls() + 1);
        self.0.told.borrow_mut().extend(name);
        self.0.mode.get()
    }

    fn found(&self, name: &MemoryName, now: u64) -> Option<Vec<u8>> {
        match self.0.mode.get() {
            mode @ (Mode::Works | Mode::Old) => {
                let values = self.0.values.borrow();
                let found = values.get(name).filter(|(_, until)| now < *until || mode == Mode::Old);
                found.map(|(value, _)| value.clone())
            }
            Mode::Garbage => Some(b"garbage".repeat(30)),
            Mode::Swaps => Some(self.0.last.borrow().clone()),
            Mode::Forgets | Mode::Fails => None,
        }
    }

    fn store(&self, name: MemoryName, value: &[u8], until: u64) {
        self.0.told.borrow_mut().extend(value);
        // A value that the turn's own name is asked for next would be no other's.
        *self.0.last.borrow_mut() = value.to_vec();
        if matches!(self.0.mode.get(), Mode::Works | Mode::Old | Mode::Garbage | Mode::Swaps) {
            self.0.values.borrow_mut().insert(name, (value.to_vec(), until));
        }
    }

    pub(crate) async fn look(&self, name: &MemoryName, now: u64) -> Result<Option<Vec<u8>>, MemoryUnavailable> {
        let mode = self.begin(name);
        yield_once().await;
        if mode == Mode::Fails { Err(MemoryUnavailable) } else { Ok(self.found(name, now)) }
    }

    pub(crate) async fn recall(
        &self,
        name: &MemoryName,
        is_good: &dyn Fn(&[u8]) -> bool,
        patience_ms: u32,
        now: &Cell<u64>,
    ) -> Recalled<Vec<u8>, MemoryTurn> {
        self.begin(name);
        let mut waited = 0;
        loop {
            yield_once().await;
            if self.0.mode.get() == Mode::Fails {
                return Recalled::Nothing;
            }
            if let Some(value) = self.found(name, now.get()).filter(|value| is_good(value)) {
                return Recalled::Value(value);
            }
            if self.0.taken.borrow_mut().insert(*name) {
                return Recalled::Turn(MemoryTurn { shared: Rc::clone(&self.0), name: *name });
            }
            if waited >= patience_ms {
                return Recalled::Busy;
            }
            waited += STEP_MS;
        }
    }

    pub(crate) async fn keep(&self, turn: MemoryTurn, value: &[u8], seconds: u32, now: u64) {
        self.begin(&turn.name);
        yield_once().await;
        self.store(turn.name, value, now + u64::from(seconds));
    }

    pub(crate) async fn put(&self, name: &MemoryName, value: &[u8], seconds: u32, now: u64) {
        self.begin(name);
        yield_once().await;
        self.store(*name, value, now + u64::from(seconds));
    }

    pub(crate) async fn insert_if_absent(&self, name: &MemoryName, seconds: u32, now: u64) -> Option<bool> {
        let mode = self.begin(name);
        yield_once().await;
        if mode == Mode::Fails {
            return None;
        }
        let mut values = self.0.values.borrow_mut();
        let is_noted = values.get(name).is_some_and(|(_, until)| now < *until) && mode != Mode::Forgets;
        if !is_noted {
            values.insert(*name, (Vec::new(), now + u64::from(seconds)));
        }
        Some(!is_noted)
    }
}
