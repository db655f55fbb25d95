//! Reused places for what is under way at a node.

/// A list with stable indices and reused places. Values are built in their places: to build one elsewhere and move it
/// costs more than most reactions.
#[derive(Debug, Clone, Default)]
pub(super) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
struct Place<T> {
    value: T,
    in_use: bool,
}

impl<T: Default> Slab<T> {
    /// An empty slab.
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// A place in use from now on, its value as it was left: the caller sets every field.
    #[inline(always)]
    pub(super) fn reserve(&mut self) -> (u32, &mut T) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).expect("what is under way is bounded by the live messages")
        });
        let place = &mut self.places[index as usize];
        place.in_use = true;
        (index, &mut place.value)
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
    #[inline]
    pub(super) fn free(&mut self, index: u32) {
        if std::mem::replace(&mut self.places[index as usize].in_use, false) {
            self.free.push(index);
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

    /// Number of places in use.
    pub(super) const fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Every value with its index, in the order of places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let all = (0_u32..).zip(&self.places);
        all.filter_map(|(index, place)| place.in_use.then_some((index, &place.value)))
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
