//! Reused places for what is under way at a node.

/// A list with stable indices and reused places. Values are built in their places: to build one elsewhere and move it
/// costs more than most reactions.
#[derive(Debug, Clone)]
pub(super) struct Slab<T> {
    places: Vec<Place<T>>,
    /// The first free place; each knows the next.
    free: u32,
    in_use: usize,
}

#[derive(Debug, Clone, Default)]
struct Place<T> {
    value: T,
    next_free: u32,
    in_use: bool,
}

/// Nothing is free.
const NONE: u32 = u32::MAX;

impl<T: Default> Slab<T> {
    /// An empty slab.
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), free: NONE, in_use: 0 }
    }

    /// A place in use from now on, its value as it was left: the caller sets every field.
    #[inline(always)]
    pub(super) fn reserve(&mut self) -> (u32, &mut T) {
        if self.free == NONE {
            self.grow();
        }
        let index = self.free;
        let place = &mut self.places[index as usize];
        place.in_use = true;
        self.free = place.next_free;
        self.in_use += 1;
        (index, &mut place.value)
    }

    #[cold]
    fn grow(&mut self) {
        self.free = u32::try_from(self.places.len()).expect("what is under way is bounded by the live messages");
        self.places.push(Place { next_free: NONE, ..Place::default() });
    }

    /// Puts `value` in a free place.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        let (index, place) = self.reserve();
        *place = value;
        index
    }

    /// Takes the value out of its place.
    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        let value = self.get_mut(index).map(std::mem::take)?;
        self.free(index);
        Some(value)
    }

    /// The place is free from now on.
    #[inline(always)]
    pub(super) fn free(&mut self, index: u32) {
        let place = &mut self.places[index as usize];
        if std::mem::replace(&mut place.in_use, false) {
            place.next_free = self.free;
            self.free = index;
            self.in_use -= 1;
        }
    }

    /// The value at `index`, if the place is in use.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&T> {
        self.places.get(index as usize).filter(|place| place.in_use).map(|place| &place.value)
    }

    /// The value at `index`, if the place is in use.
    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.places.get_mut(index as usize).filter(|place| place.in_use).map(|place| &mut place.value)
    }

    /// The value at `index`, which is in use.
    ///
    /// # Panics
    /// If there is no such place.
    #[inline(always)]
    pub(super) fn at(&mut self, index: u32) -> &mut T {
        let place = &mut self.places[index as usize];
        debug_assert!(place.in_use, "somebody holds it");
        &mut place.value
    }

    /// Number of places in use.
    pub(super) const fn len(&self) -> usize {
        self.in_use
    }

    /// Every value with its index, in the order of places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let all = (0_u32..).zip(&self.places);
        all.filter_map(|(index, place)| place.in_use.then_some((index, &place.value)))
    }
}

impl<T: Default> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reused_and_indices_stay() {
        let mut slab: Slab<char> = Slab::default();
        let insert = |slab: &mut Slab<char>, value| {
            let (index, place) = slab.reserve();
            *place = value;
            index
        };
        let (a, b) = (insert(&mut slab, 'a'), insert(&mut slab, 'b'));
        slab.free(a);
        slab.free(a);
        assert_eq!(slab.get(a), None);
        assert_eq!(insert(&mut slab, 'c'), a);
        assert_eq!((slab.get(b), slab.len()), (Some(&'b'), 2));
        assert_eq!(slab.iter().map(|(index, _)| index).collect::<Vec<_>>(), [0, 1]);
    }
}
