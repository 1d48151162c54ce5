use edgeward_core::{Config, config::ConfigErrors, endpoint::metadata};
use edgeward_identity::names::edge as names;
use headers::{CacheControl, HeaderMapExt as _};
use proptest::prelude::*;

use super::*;
use crate::{
    generate,
    jwks::{Date, PrivateJwks},
};

const START: u64 = 1_790_000_000;
const MONTH: u64 = 30 * 86_400;

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(START + seconds)
}

fn key(key_id: &str, usable_from: Option<u64>, removable_from: Option<u64>) -> Life {
    Life {
        key_id: key_id.into(),
        made: Some(at(0)),
        usable_from: usable_from.map(at),
        removable_from: removable_from.map(at),
    }
}

fn planned(keys: &[Life], seconds: u64) -> Plan {
    plan(keys, at(seconds), Wish::default())
}

#[test]
fn a_single_key_is_joined_by_a_new_one() {
    assert_eq!(planned(&[key("a", Some(0), None)], 0), Plan::Do(Step::Add));
    assert_eq!(
        planned(&[Life { key_id: "a".into(), made: None, usable_from: None, removable_from: None }], 0),
        Plan::Do(Step::Add)
    );
}

#[test]
fn a_rotation_waits_for_the_age_that_was_asked_for() {
    let keys = [key("a", Some(0), None)];
    let wish = Wish { older_than: 100, ..Wish::default() };
    assert_eq!(plan(&keys, at(99), wish), Plan::Wait { until: at(100), step: Step::Add });
    assert_eq!(plan(&keys, at(100), wish), Plan::Do(Step::Add));
}

#[test]
fn a_key_of_which_nobody_knows_whether_it_was_delivered_is_delivered_again() {
    let keys = [key("a", Some(0), None), key("b", None, None)];
    assert_eq!(planned(&keys, MONTH), Plan::Do(Step::Deliver { key_id: "b".into() }));
}

#[test]
fn a_key_is_put_first_when_everybody_knows_it_and_not_before() {
    let keys = [key("a", Some(0), None), key("b", Some(1200), None)];
    let step = Step::Promote { key_id: "b".into() };
    assert_eq!(planned(&keys, 1199), Plan::Wait { until: at(1200), step: step.clone() });
    assert_eq!(planned(&keys, 1200), Plan::Do(step));
}

#[test]
fn a_replaced_key_is_removed_when_nothing_depends_on_it_and_not_before() {
    let keys = [key("b", Some(0), None), key("a", Some(0), Some(500))];
    let step = Step::Remove { key_id: "a".into() };
    assert_eq!(planned(&keys, 499), Plan::Wait { until: at(500), step: step.clone() });
    assert_eq!(planned(&keys, 500), Plan::Do(step.clone()));
    let wish = Wish { force_remove: true, ..Wish::default() };
    assert_eq!(plan(&keys, at(0), wish), Plan::Do(step));
}

#[test]
fn another_rotation_can_begin_while_a_replaced_key_is_kept() {
    let keys = [key("b", Some(0), None), key("a", Some(0), Some(500))];
    assert_eq!(plan(&keys, at(0), Wish { begin: true, ..Wish::default() }), Plan::Do(Step::Add));
}

#[test]
fn a_replaced_registration_key_is_kept_for_ever() {
    let forever =
        Life { removable_from: Some(removable_from(Kind::Registration, at(0), MONTH)), ..key("a", Some(0), None) };
    let keys = [key("b", Some(0), None), forever];
    assert_eq!(planned(&keys, 100 * 365 * 86_400), Plan::Kept { key_id: "a".into() });
    let wish = Wish { force_remove: true, ..Wish::default() };
    assert_eq!(plan(&keys, at(0), wish), Plan::Do(Step::Remove { key_id: "a".into() }));
}

#[test]
fn the_key_in_use_is_never_the_one_to_remove() {
    let wish = Wish { force_remove: true, ..Wish::default() };
    assert_eq!(plan(&[key("a", Some(0), None)], at(0), wish), Plan::NothingToRemove);
    assert_eq!(plan(&[key("a", Some(0), None), key("b", Some(9), None)], at(0), wish), Plan::NothingToRemove);
    // Not even with a date that it should not have.
    assert_eq!(planned(&[key("a", Some(0), Some(0))], 10), Plan::Do(Step::Add));
}

#[test]
fn the_constants_are_not_shorter_than_what_they_stand_for() {
    const { assert!(ORIGIN_KEYS_AGE >= edgeward_origin::keys::MAX_AGE) };
    let setting = |seconds: u64| config(&[(names::ACCESS_TOKEN_SECONDS, &seconds.to_string())]);
    assert!(setting(ACCESS_TOKEN).is_ok() && setting(ACCESS_TOKEN + 1).is_err());
    let answer = metadata::jwks(&config(&[]).unwrap());
    let cached = answer.headers().typed_get::<CacheControl>().unwrap().max_age().unwrap();
    assert!(EDGE_JWKS_CACHE >= cached.as_secs());
}

fn config(more: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let keys = PrivateJwks::of(generate::all(at(0)).unwrap()).to_text();
    Config::parse(|name| {
        let given = more.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        given
            .or(match name {
                names::PUBLIC_URL => Some("https://mcp.example"),
                names::ORIGIN_URL => Some("https://origin.example"),
                names::COGNITO_USER_POOL_ID => Some("eu-west-1_Example"),
                names::COGNITO_CLIENT_ID | names::COGNITO_CLIENT_SECRET => Some("example"),
                names::COGNITO_DOMAIN => Some("login.example"),
                names::KEYS => Some(&keys),
                _ => None,
            })
            .map(str::to_owned)
    })
}

/// A deployment whose runs of `rotate` may break off anywhere.
struct World {
    kind: Kind,
    now: UnixTime,
    /// What is kept.
    kept: PrivateJwks,
    /// What the edge has, and since when: the last few deliveries.
    delivered: Vec<(UnixTime, Vec<String>)>,
    /// When an instance of the edge may last have used a key.
    last_used: Vec<(String, UnixTime)>,
}

/// How far a run gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    Good,
    NothingDelivered,
    DeliveredNotKept,
}

impl World {
    fn new(kind: Kind) -> Self {
        let kept = PrivateJwks::of(generate::all(at(0)).unwrap());
        let delivered = vec![(at(0), ids(&kept, kind))];
        Self { kind, now: at(0), kept, delivered, last_used: Vec::new() }
    }

    fn run(&mut self, wish: Wish, luck: Luck) {
        let lives: Vec<_> = self.kept.of_kind(self.kind).map(Life::of).collect();
        let Plan::Do(step) = plan(&lives, self.now, wish) else { return };
        let mut next = self.kept.clone();
        match step {
            Step::Add => {
                let key = generate::one(self.kind, self.now).unwrap();
                let key_id = key.key_id().to_owned();
                next.add(key);
                // A new key is kept before it is delivered.
                self.kept = next.clone();
                self.finish(next, luck, |keys, now, kind| {
                    keys.set_date(&key_id, Date::UsableFrom, now.plus(publication(kind)))
                });
            }
            Step::Deliver { key_id } => {
                self.finish(next, luck, |keys, now, kind| {
                    keys.set_date(&key_id, Date::UsableFrom, now.plus(publication(kind)))
                });
            }
            Step::Promote { key_id } => {
                next.promote(&key_id, removable_from(self.kind, self.now, MONTH));
                self.finish(next, luck, |_, _, _| {});
            }
            Step::Remove { key_id } => {
                next.remove(&key_id);
                self.finish(next, luck, |_, _, _| {});
            }
        }
    }

    fn finish(&mut self, mut next: PrivateJwks, luck: Luck, date: impl FnOnce(&mut PrivateJwks, UnixTime, Kind)) {
        if luck == Luck::NothingDelivered {
            return;
        }
        self.deliver(&next);
        if luck == Luck::Good {
            date(&mut next, self.now, self.kind);
            self.kept = next;
        }
    }

    fn deliver(&mut self, keys: &PrivateJwks) {
        self.delivered.push((self.now, ids(keys, self.kind)));
    }

    /// Every delivery that somebody may still hold who hears of the next one `slack` seconds late, and until when.
    fn held(&self, slack: u64) -> impl Iterator<Item = (&Vec<String>, Option<UnixTime>)> {
        let until = self.delivered.iter().skip(1).map(move |(at, _)| Some(at.plus(slack))).chain([None]);
        let now = self.now;
        let all = self.delivered.iter().zip(until).map(|((_, keys), until)| (keys, until));
        all.filter(move |(_, until)| until.is_none_or(|until| until > now))
    }

    /// What instances of the edge run.
    fn running(&self) -> impl Iterator<Item = (&Vec<String>, Option<UnixTime>)> {
        self.held(ROLLOUT)
    }

    fn advance(&mut self, seconds: u64) {
        let later = self.now.plus(seconds);
        let used: Vec<_> = self
            .running()
            .map(|(keys, until)| (keys[0].clone(), until.map_or(later, |until| until.min(later))))
            .collect();
        self.last_used.extend(used);
        self.now = later;
    }

    fn check(&self) {
        let edge = &self.delivered.last().unwrap().1;
        assert!(!edge.is_empty() && !ids(&self.kept, self.kind).is_empty(), "there is always a key");
        for other in Kind::ALL.into_iter().filter(|kind| *kind != self.kind) {
            assert_eq!(ids(&self.kept, other).len(), 1, "other kinds are left alone");
        }
        for (keys, _) in self.running() {
            for (known, _) in self.held(publication(self.kind)) {
                assert!(known.contains(&keys[0]), "{} signs and is not known everywhere", keys[0]);
            }
        }
        for (key_id, last) in &self.last_used {
            let needed = match self.kind {
                Kind::Signing => last.plus(ACCESS_TOKEN) > self.now,
                Kind::Sealing => last.plus(MONTH) > self.now,
                Kind::Registration => true,
                Kind::Session => last.plus(SESSION) > self.now,
            };
            assert!(!needed || edge.contains(key_id), "{key_id} is gone and still depended upon");
        }
    }
}

fn ids(keys: &PrivateJwks, kind: Kind) -> Vec<String> {
    keys.of_kind(kind).map(|key| key.key_id().to_owned()).collect()
}

fn event() -> impl Strategy<Value = (u64, bool, bool, Luck)> {
    let pause = prop_oneof![0..60u64, 200..400u64, 1_000..1_500u64, 80_000..90_000u64, 0..2 * MONTH];
    let luck = prop_oneof![3 => Just(Luck::Good), 1 => Just(Luck::NothingDelivered), 1 => Just(Luck::DeliveredNotKept)];
    (pause, prop::bool::weighted(0.2), prop::bool::weighted(0.2), luck)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_key_signs_unknown_and_none_goes_while_something_depends_on_it(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        events in prop::collection::vec(event(), 1..40),
    ) {
        let mut world = World::new(kind);
        for (pause, begin, push, luck) in events {
            world.advance(pause);
            world.check();
            if push {
                // Somebody delivers what is kept, in between.
                let kept = world.kept.clone();
                world.deliver(&kept);
            }
            world.run(Wish { begin, ..Wish::default() }, luck);
            world.check();
        }
    }

    #[test]
    fn a_rotation_ends_when_it_is_run_often_enough(kind in prop::sample::select(vec![Kind::Signing, Kind::Sealing])) {
        let mut world = World::new(kind);
        let before = ids(&world.kept, kind);
        for _ in 0..4 {
            let lives: Vec<_> = world.kept.of_kind(kind).map(Life::of).collect();
            if let Plan::Wait { until, .. } = plan(&lives, world.now, Wish::default()) {
                world.advance(until.secs_since(world.now));
            }
            world.run(Wish { older_than: MONTH * 12, ..Wish::default() }, Luck::Good);
            world.run(Wish::default(), Luck::Good);
        }
        prop_assert!(!ids(&world.kept, kind).contains(&before[0]));
    }
}
