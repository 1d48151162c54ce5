//! A list that does not grow without end.

use std::slice::Iter;

/// Values by key, the newest last: at most `CAPACITY`, unless none may go. For few values: a list is searched faster than the code
/// of a map is loaded.
pub struct Bounded<K, V, const CAPACITY: usize>(Vec<(K, V)>);

impl<K, V, const CAPACITY: usize> Default for Bounded<K, V, CAPACITY> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V, const CAPACITY: usize> Bounded<K, V, CAPACITY> {
    /// The value of a key.
    pub fn get<Q: ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: PartialEq<Q>,
    {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: PartialEq<Q>,
    {
        self.0.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value, which moves to the end as if it were new.
    pub fn touch<Q: ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: PartialEq<Q>,
    {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        self.0[at..].rotate_left(1);
        self.0.last_mut().map(|(_, value)| value)
    }

    /// Removes a value.
    pub fn take<Q: ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: PartialEq<Q>,
    {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Keys and values, the newest last.
    pub fn iter(&self) -> Iter<'_, (K, V)> {
        self.0.iter()
    }

    /// Removes the values that this does not hold for.
    pub fn retain(&mut self, stays: impl Fn(&K, &V) -> bool) {
        self.0.retain(|(key, value)| stays(key, value));
    }

    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are `CAPACITY` values, or more.
    pub const fn is_full(&self) -> bool {
        self.0.len() >= CAPACITY
    }

    /// Removes the first value that `may_go`. False if none may.
    pub fn evict(&mut self, may_go: impl Fn(&K, &V) -> bool) -> bool {
        let first = self.0.iter().position(|(key, value)| may_go(key, value));
        first.map(|at| self.0.remove(at)).is_some()
    }

    /// Adds the value of a key that has none. In a full list the first that `may_go` makes room; if none may, the list grows by one.
    pub fn add(&mut self, key: K, value: V, may_go: impl Fn(&K, &V) -> bool) {
        if self.is_full() {
            self.evict(may_go);
        }
        self.0.push((key, value));
    }

    /// Puts many at the end that are known to be new and to have room.
    #[cfg(test)]
    pub(crate) fn extend(&mut self, new: impl Iterator<Item = (K, V)>) {
        self.0.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Bounded<u8, char, 3> {
        let mut list = Bounded::default();
        [(1, 'a'), (2, 'b'), (3, 'c')].into_iter().for_each(|(key, value)| list.add(key, value, |_, _| true));
        assert!(list.is_full());
        list
    }

    fn keys(list: &Bounded<u8, char, 3>) -> Vec<u8> {
        list.iter().map(|(key, _)| *key).collect()
    }

    #[test]
    fn the_oldest_that_may_go_makes_room() {
        let mut list = full();
        list.add(4, 'd', |_, _| true);
        assert_eq!(keys(&list), [2, 3, 4]);
        list.add(5, 'e', |_, value| *value == 'c');
        assert_eq!(keys(&list), [2, 4, 5]);
        list.add(6, 'f', |_, _| false);
        assert_eq!(keys(&list), [2, 4, 5, 6]);
    }

    #[test]
    fn a_value_that_is_touched_moves_to_the_end() {
        let mut list = full();
        assert_eq!(list.touch(&1), Some(&mut 'a'));
        assert_eq!(list.touch(&9), None);
        assert_eq!(keys(&list), [2, 3, 1]);
        assert_eq!(list.touch(&1), Some(&mut 'a'));
        assert_eq!((keys(&list), list.len()), (vec![2, 3, 1], 3));
    }

    #[test]
    fn values_are_found_changed_and_taken() {
        let mut list = full();
        *list.get_mut(&2).unwrap() = 'y';
        assert_eq!((list.get(&2), list.get(&9)), (Some(&'y'), None));
        assert_eq!([list.take(&2), list.take(&2)], [Some('y'), None]);
        list.retain(|key, _| *key != 1);
        assert!(!list.evict(|key, _| *key == 1) && list.evict(|_, _| true) && !list.is_full());
        assert!(keys(&list).is_empty());
    }
}
