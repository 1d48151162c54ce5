//! The contract of `Memory`.

use edgeward_core::platform::{Memory, MemoryName, Randomness, Recalled, Timer};

use crate::{
    concurrency::join,
    report::{Found, Report, ensure, expect},
};

/// Holds a memory to its contract, with names at random. It may lose what it is given: this finds out whether it does where
/// nothing makes it.
pub async fn memory_contract(port: &impl Memory, randomness: &impl Randomness, timer: &impl Timer) -> Report {
    let mut report = Report::new("memory");
    if !port.is_shared() {
        report.leave_out("instances share no memory");
    }
    let scene = Scene { port, randomness, timer };
    report.hold("what was put is found, under its name alone", scene.finds_what_was_put()).await;
    report.hold("values are kept byte by byte", scene.keeps_bytes()).await;
    report.hold("the newer of two values wins", scene.newer_wins()).await;
    report.hold("a value is gone after its time", scene.value_ends()).await;
    report.hold("where there is no good value, one request has the turn", scene.one_has_the_turn()).await;
    report.hold("a good value needs no turn", scene.good_value_is_given()).await;
    report.hold("what is made of a turn is kept, and ends the turn", scene.turn_ends_with_value()).await;
    report.hold("a request that waits gets the value", scene.waiting_gets_value()).await;
    report.hold("a turn that is dropped passes on", scene.dropped_passes_on()).await;
    report.hold("a name is noted once", scene.notes_once()).await;
    report.hold("of notes at the same time one is the first", scene.one_notes()).await;
    report.hold("a note is gone after its time", scene.note_ends()).await;
    report
}

struct Scene<'a, P, R, T> {
    port: &'a P,
    randomness: &'a R,
    timer: &'a T,
}

/// Where no clause is about it.
const SECONDS: u32 = 60;
const PATIENCE_MS: u32 = 300;

impl<P: Memory, R: Randomness, T: Timer> Scene<'_, P, R, T> {
    fn name(&self) -> Result<MemoryName, String> {
        let mut name = MemoryName::default();
        self.randomness.fill(&mut name).map_err(|error| error.to_string())?;
        Ok(name)
    }

    async fn look(&self, name: &MemoryName) -> Result<Option<Vec<u8>>, String> {
        self.port.look(name).await.map_err(|error| error.to_string())
    }

    /// A look that must find this.
    async fn finds(&self, what: &str, name: &MemoryName, promised: Option<&[u8]>) -> Found {
        expect(what, self.look(name).await?.as_deref(), promised)
    }

    /// A recall that must get the turn.
    async fn turn(&self, name: &MemoryName) -> Result<P::Turn, String> {
        match self.port.recall(name, &|_| false, PATIENCE_MS).await {
            Recalled::Turn(turn) => Ok(turn),
            other => Err(format!("{} instead of the turn", called(&other))),
        }
    }

    /// A recall that takes any value, and must get this.
    async fn recalls(&self, name: &MemoryName, promised: &str) -> Found {
        expect("recalled", called(&self.port.recall(name, &|_| true, PATIENCE_MS).await).as_str(), promised)
    }

    async fn finds_what_was_put(&self) -> Found {
        let (name, other) = (self.name()?, self.name()?);
        self.finds("before", &name, None).await?;
        self.port.put(&name, b"value", SECONDS).await;
        self.finds("after", &name, Some(b"value")).await?;
        self.finds("another name", &other, None).await
    }

    async fn keeps_bytes(&self) -> Found {
        let every_byte: Vec<u8> = (0..=255).collect();
        for value in [Vec::new(), every_byte.clone(), every_byte.repeat(200)] {
            let name = self.name()?;
            self.port.put(&name, &value, SECONDS).await;
            let found = self.look(&name).await?;
            let length = found.as_ref().map(Vec::len);
            ensure(found.as_ref() == Some(&value), || format!("{length:?} bytes of {}", value.len()))?;
        }
        Ok(())
    }

    async fn newer_wins(&self) -> Found {
        let name = self.name()?;
        for value in ["one", "two", "three"] {
            self.port.put(&name, value.as_bytes(), SECONDS).await;
            self.finds("after", &name, Some(value.as_bytes())).await?;
        }
        Ok(())
    }

    async fn value_ends(&self) -> Found {
        let name = self.name()?;
        self.port.put(&name, b"value", 2).await;
        self.finds("at once", &name, Some(b"value")).await?;
        self.timer.sleep(4_000).await;
        self.finds("after two seconds and two more", &name, None).await
    }

    async fn one_has_the_turn(&self) -> Found {
        let (name, other) = (self.name()?, self.name()?);
        self.port.put(&name, b"no good", SECONDS).await;
        let turn = self.turn(&name).await?;
        let second = self.port.recall(&name, &|value| value == b"good", PATIENCE_MS).await;
        expect("a second request", called(&second).as_str(), "busy")?;
        self.turn(&other).await.map_err(|found| format!("another name: {found}"))?;
        drop(turn);
        Ok(())
    }

    async fn good_value_is_given(&self) -> Found {
        let name = self.name()?;
        self.port.put(&name, b"value", SECONDS).await;
        self.recalls(&name, "value").await?;
        let turn = self.turn(&name).await?;
        self.recalls(&name, "value").await?;
        drop(turn);
        Ok(())
    }

    async fn turn_ends_with_value(&self) -> Found {
        let name = self.name()?;
        let turn = self.turn(&name).await?;
        self.port.keep(turn, b"made", SECONDS).await;
        self.finds("what was made", &name, Some(b"made")).await?;
        self.recalls(&name, "made").await?;
        self.turn(&name).await.map(drop)
    }

    async fn waiting_gets_value(&self) -> Found {
        let name = self.name()?;
        let turn = self.turn(&name).await?;
        let patient = self.port.recall(&name, &|value| value == b"made", 5_000);
        let (recalled, ()) = join(patient, self.port.keep(turn, b"made", SECONDS)).await;
        expect("who waits", called(&recalled).as_str(), "made")
    }

    async fn dropped_passes_on(&self) -> Found {
        let name = self.name()?;
        drop(self.turn(&name).await?);
        let turn = self.turn(&name).await?;
        let patient = self.port.recall(&name, &|_| true, 5_000);
        let (recalled, ()) = join(patient, async { drop(turn) }).await;
        expect("who waits", called(&recalled).as_str(), "a turn")
    }

    async fn notes_once(&self) -> Found {
        let (name, other) = (self.name()?, self.name()?);
        for (what, name, promised) in [
            ("first", name, true),
            ("again", name, false),
            ("another name", other, true),
            ("a third time", name, false),
        ] {
            expect(what, self.port.insert_if_absent(&name, SECONDS).await, Some(promised))?;
        }
        Ok(())
    }

    async fn one_notes(&self) -> Found {
        let name = self.name()?;
        let note = || self.port.insert_if_absent(&name, SECONDS);
        let (first, second) = join(note(), note()).await;
        ensure([first, second].iter().filter(|noted| **noted == Some(true)).count() == 1, || {
            format!("two that note the same name at the same time: {first:?} and {second:?}")
        })
    }

    async fn note_ends(&self) -> Found {
        let name = self.name()?;
        expect("first", self.port.insert_if_absent(&name, 2).await, Some(true))?;
        self.timer.sleep(4_000).await;
        expect("after two seconds and two more", self.port.insert_if_absent(&name, 2).await, Some(true))
    }
}

/// What came of a recall, as text: a turn cannot be compared.
fn called<T>(recalled: &Recalled<Vec<u8>, T>) -> String {
    match recalled {
        Recalled::Value(value) => String::from_utf8_lossy(value).into_owned(),
        Recalled::Turn(_) => "a turn".to_owned(),
        Recalled::Busy => "busy".to_owned(),
        Recalled::Nothing => "nothing".to_owned(),
    }
}
