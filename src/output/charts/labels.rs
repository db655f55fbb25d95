//! Names written beside the lines they belong to, where they cover nothing.
//!
//! Every place along a line is tried, on all sides, close to it and farther off with a leader; the best is near the
//! end of its own line, away from the others, on top of nothing. Placed one after the other and then once more, each
//! knowing all others.

use super::facets::f64_of;
use super::page::Frame;

/// A name looking for its place.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The line on the page, in pixels, from left to right.
    pub line: Vec<(f64, f64)>,
    /// Width of the name in pixels.
    pub width: f64,
}

/// Where a name goes: its left end and the height of its middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Left end in pixels.
    pub left: f64,
    /// Middle of the letters in pixels.
    pub middle: f64,
    /// From the line to the name, when it is too far off to be understood without.
    pub leader: Option<[(f64, f64); 2]>,
}

/// Half the height of a name with air above and below.
const HALF: f64 = 9.0;
/// A line nearer than this to a name could be taken for its own, in pixels.
const CLOSE: f64 = 6.0;
/// Side of a cell of the map of what is where.
const CELL: f64 = 3.0;

/// Finds a place inside the frame for every name, off the line `avoid`; `None` for one that fits nowhere.
pub(super) fn place(frame: Frame, wanted: &[Wanted], avoid: &[(f64, f64)]) -> Vec<Option<Place>> {
    let mut map = Map::of(frame);
    map.draw(avoid, AVOID);
    for (index, name) in wanted.iter().enumerate() {
        map.draw(&name.line, bit(index));
    }
    let mut placed: Vec<Option<Place>> = vec![None; wanted.len()];
    for _ in 0..2 {
        for index in 0..wanted.len() {
            placed[index] = best(frame, &map, wanted, &placed, index);
        }
    }
    placed
}

fn best(frame: Frame, map: &Map, wanted: &[Wanted], placed: &[Option<Place>], own: usize) -> Option<Place> {
    let name = &wanted[own];
    let step = (length(&name.line) / 70.0).max(9.0);
    let spots = apart(along(&name.line, step), step / 3.0);
    let last = f64_of(spots.len().max(2) - 1);
    let mut best: Option<(f64, Place)> = None;
    for (index, &spot) in spots.iter().enumerate() {
        let early = 6.0 * (1.0 - f64_of(index) / last);
        let crowd = 7.0 * map.others_near(spot, own);
        for (effort, place) in around(spot, name.width) {
            if !inside(frame, place, name.width) {
                continue;
            }
            let hidden = placed.iter().zip(wanted).enumerate().any(|(index, (other, wanted))| {
                index != own && other.is_some_and(|other| collide((place, name.width), (other, wanted.width)))
            });
            // A leader shows which line is meant, however many are near; without one a name must stand alone, with none
            // between it and its line.
            let way = place.leader.unwrap_or_else(|| [spot, nearest(place, name.width, spot)]);
            let doubt = 9.0 * map.crossed(way, own) + if place.leader.is_some() { 0.0 } else { crowd };
            // Counting what a name would cover takes the longest, so it is done last and only where it can matter.
            let cost = effort + early + doubt;
            if hidden || best.is_some_and(|(least, _)| cost >= least) {
                continue;
            }
            let cost = cost + map.covered(place, name.width, own);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, place));
            }
        }
    }
    best.map(|(_, place)| place)
}

/// The places around a point on a line, and how unwelcome each is in itself.
fn around((x, y): (f64, f64), width: f64) -> Vec<(f64, Place)> {
    let near = |left, middle| Place { left, middle, leader: None };
    let mut places = vec![
        (0.0, near(x + 9.0, y)),
        (0.8, near(x - width / 2.0, y - 13.0)),
        (1.6, near(x - width / 2.0, y + 13.0)),
        (1.8, near(x - width, y - 13.0)),
        (2.2, near(x - width, y + 13.0)),
        (2.4, near(x - 9.0 - width, y)),
    ];
    for far in [26.0, 45.0, 70.0, 100.0] {
        let leader = |to| Some([(x, y), to]);
        let effort = 6.0 + far * 0.06;
        places.push((effort, Place { left: x + far, middle: y, leader: leader((x + far - 3.0, y)) }));
        places.push((effort, Place { left: x - far - width, middle: y, leader: leader((x - far + 3.0, y)) }));
        let centred = x - width / 2.0;
        places.push((effort, Place { left: centred, middle: y - far, leader: leader((x, y - far + 8.0)) }));
        places.push((effort, Place { left: centred, middle: y + far, leader: leader((x, y + far - 8.0)) }));
    }
    places
}

/// The point of a name that is nearest to a spot.
fn nearest(place: Place, width: f64, (x, y): (f64, f64)) -> (f64, f64) {
    (x.clamp(place.left, place.left + width), y.clamp(place.middle - HALF, place.middle + HALF))
}

fn inside(frame: Frame, place: Place, width: f64) -> bool {
    let edge = 3.0;
    place.left >= frame.left + edge
        && place.left + width <= frame.right - edge
        && place.middle - HALF >= frame.top
        && place.middle + HALF <= frame.bottom
}

/// Whether one name with its leader would touch the other with its.
fn collide((a, a_width): (Place, f64), (b, b_width): (Place, f64)) -> bool {
    let boxes = |place: Place, width| {
        let leader = place.leader.map(|[(ax, ay), (bx, by)]| [ax.min(bx), ay.min(by), ax.max(bx), ay.max(by)]);
        [Some(place_box(place, width)), leader].into_iter().flatten()
    };
    boxes(a, a_width).any(|one| boxes(b, b_width).any(|other| overlap(one, other)))
}

fn place_box(place: Place, width: f64) -> [f64; 4] {
    [place.left - 4.0, place.middle - HALF, place.left + width + 4.0, place.middle + HALF]
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

fn length(line: &[(f64, f64)]) -> f64 {
    line.windows(2).map(|pair| libm::hypot(pair[1].0 - pair[0].0, pair[1].1 - pair[0].1)).sum()
}

/// Points on a line at most `step` pixels apart.
fn along(line: &[(f64, f64)], step: f64) -> Vec<(f64, f64)> {
    let mut spots: Vec<(f64, f64)> = line.first().copied().into_iter().collect();
    for pair in line.windows(2) {
        let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
        let pieces = (length(pair) / step).ceil().clamp(1.0, 4000.0);
        let mut piece = 1.0;
        while piece <= pieces {
            let share = piece / pieces;
            spots.push((ax + (bx - ax) * share, ay + (by - ay) * share));
            piece += 1.0;
        }
    }
    spots
}

/// Without the points that are nearer than `least` to the one before: a curve of thousands of steps has no more places
/// for a name than a smooth one. The last point stays.
fn apart(mut spots: Vec<(f64, f64)>, least: f64) -> Vec<(f64, f64)> {
    let Some(last) = spots.pop() else { return spots };
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (x, y) in spots {
        if kept.last().is_none_or(|(ox, oy)| libm::hypot(x - ox, y - oy) >= least) {
            kept.push((x, y));
        }
    }
    kept.push(last);
    kept
}

/// Which lines pass through which cell of the frame: one bit for each line.
struct Map {
    frame: Frame,
    columns: usize,
    rows: usize,
    cells: Vec<u32>,
}

impl Map {
    fn of(frame: Frame) -> Self {
        let columns = whole((frame.right - frame.left) / CELL) + 1;
        let rows = whole((frame.bottom - frame.top) / CELL) + 1;
        Self { frame, columns, rows, cells: vec![0; columns * rows] }
    }

    fn draw(&mut self, line: &[(f64, f64)], bit: u32) {
        for (x, y) in along(line, CELL / 2.0) {
            if let Some(cell) = self.cell(x, y) {
                self.cells[cell] |= bit;
            }
        }
    }

    fn cell(&self, x: f64, y: f64) -> Option<usize> {
        let (x, y) = (x - self.frame.left, y - self.frame.top);
        let (column, row) = (whole(x / CELL), whole(y / CELL));
        (x >= 0.0 && y >= 0.0 && column < self.columns && row < self.rows).then(|| row * self.columns + column)
    }

    /// How much of lines a name would cover; its own counts too, but less. A line of another that only passes close by
    /// counts once.
    fn covered(&self, place: Place, width: f64, own: usize) -> f64 {
        let (mut cost, mut close) = (0.0, 0);
        let mut y = place.middle - HALF - CLOSE;
        while y < place.middle + HALF + CLOSE {
            let is_covered = (y - place.middle).abs() < HALF;
            let mut x = place.left - 5.0;
            while x < place.left + width + 5.0 {
                let here = self.cell(x, y).map_or(0, |cell| self.cells[cell]);
                close |= here & !bit(own) & !AVOID;
                if is_covered {
                    cost += 4.0 * f64::from((here & !bit(own)).count_ones());
                    cost += 2.0 * f64::from((here & bit(own)).count_ones());
                }
                x += CELL;
            }
            y += CELL;
        }
        cost + 3.0 * f64::from(close.count_ones())
    }

    /// How many other lines a leader crosses.
    fn crossed(&self, leader: [(f64, f64); 2], own: usize) -> f64 {
        let seen = along(&leader, CELL / 2.0).into_iter().filter_map(|(x, y)| self.cell(x, y));
        let seen = seen.fold(0, |seen, cell| seen | self.cells[cell]);
        f64::from((seen & !bit(own)).count_ones())
    }

    /// How many other lines pass so near that a name here could be taken for theirs.
    fn others_near(&self, (x, y): (f64, f64), own: usize) -> f64 {
        let mut near = 0;
        for dy in -4..=4_i32 {
            for dx in -4..=4_i32 {
                let cell = self.cell(x + f64::from(dx) * CELL, y + f64::from(dy) * CELL);
                near |= cell.map_or(0, |cell| self.cells[cell]);
            }
        }
        f64::from((near & !bit(own) & !AVOID).count_ones())
    }
}

/// The bit of the line that no name belongs to.
const AVOID: u32 = 1 << 31;

fn bit(index: usize) -> u32 {
    1 << (index % 31)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of cells of a picture")]
fn whole(value: f64) -> usize {
    value.clamp(0.0, 1e5) as usize
}

/// Heights, rising, moved apart until they are at least `apart` from each other, within `low` and `high` if there is
/// room for all.
pub(super) fn spread(wanted: impl Iterator<Item = f64>, apart: f64, low: f64, high: f64) -> Vec<f64> {
    let mut heights: Vec<f64> = wanted.collect();
    let mut free = low;
    for height in &mut heights {
        *height = height.max(free);
        free = *height + apart;
    }
    let mut free = high.max(low + apart * f64_of(heights.len().saturating_sub(1)));
    for height in heights.iter_mut().rev() {
        *height = height.min(free);
        free = *height - apart;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { left: 0.0, top: 0.0, right: 400.0, bottom: 200.0 };

    fn flat(y: f64) -> Wanted {
        Wanted { line: vec![(0.0, y), (400.0, y)], width: 80.0 }
    }

    #[test]
    fn names_cover_neither_each_other_nor_any_line_where_there_is_room() {
        let wanted = [flat(50.0), flat(100.0), flat(150.0)];
        let places: Vec<Place> = place(FRAME, &wanted, &[]).into_iter().flatten().collect();
        assert_eq!(places.len(), 3);
        for (place, name) in places.iter().zip(&wanted) {
            let away = (place.middle - name.line[0].1).abs();
            assert!((10.0..20.0).contains(&away), "{place:?} is {away} from its line");
        }
        for (index, place) in places.iter().enumerate() {
            assert!(places[index + 1..].iter().all(|other| !overlap(place_box(*place, 80.0), place_box(*other, 80.0))));
        }
    }

    #[test]
    fn lines_that_coincide_have_their_names_side_by_side() {
        let places = place(FRAME, &[flat(100.0), flat(100.0), flat(100.0)], &[]);
        let places: Vec<Place> = places.into_iter().flatten().collect();
        assert_eq!(places.len(), 3);
        assert!(!overlap(place_box(places[0], 80.0), place_box(places[1], 80.0)));
    }

    #[test]
    fn heights_are_moved_apart_and_stay_inside() {
        assert_eq!(spread([10.0, 50.0].into_iter(), 16.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread([10.0, 12.0].into_iter(), 16.0, 0.0, 100.0), [10.0, 26.0]);
        assert_eq!(spread([95.0, 99.0].into_iter(), 16.0, 0.0, 100.0), [84.0, 100.0]);
        assert_eq!(spread(std::iter::empty(), 16.0, 0.0, 100.0), Vec::<f64>::new());
    }

    #[test]
    fn a_name_wider_than_the_frame_has_no_place() {
        assert_eq!(place(FRAME, &[Wanted { width: 500.0, ..flat(100.0) }], &[]), [None]);
    }
}
