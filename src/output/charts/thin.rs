//! Fewer points for the same line: a series of a hundred thousand samples is drawn with what the eye can tell apart.

use super::scene::Point;

/// Half a pixel wide columns and a fifth of a pixel of tolerance: for the lines a panel is about.
pub(super) const FINE: i32 = 2;
/// For lines in the background.
pub(super) const COARSE: i32 = 5;

/// The same line with fewer points: per column of `2.5 x tolerance` the first, lowest, highest and last point, and of
/// those none that is nearer than `tolerance` to the line without it. All in tenths of a pixel, `x` rising.
pub(super) fn thin(points: impl Iterator<Item = Point>, tolerance: i32) -> Vec<Point> {
    let column = (tolerance * 5 / 2).max(1);
    straighten(&by_column(points, column), tolerance)
}

fn by_column(points: impl Iterator<Item = Point>, column: i32) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    let mut here: Vec<Point> = Vec::new();
    for point in points {
        if here.first().is_some_and(|first| first.0.div_euclid(column) != point.0.div_euclid(column)) {
            flush(&mut here, &mut kept);
        }
        here.push(point);
    }
    flush(&mut here, &mut kept);
    kept
}

/// First, lowest, highest and last of one column, in their order.
fn flush(here: &mut Vec<Point>, kept: &mut Vec<Point>) {
    let indexed = || here.iter().enumerate();
    let lowest = indexed().min_by_key(|(_, point)| point.1).map(|(index, _)| index);
    let highest = indexed().max_by_key(|(_, point)| point.1).map(|(index, _)| index);
    let mut indices: Vec<usize> = [Some(0), lowest, highest, here.len().checked_sub(1)]
        .into_iter()
        .flatten()
        .filter(|&i| i < here.len())
        .collect();
    indices.sort_unstable();
    for index in indices {
        if kept.last() != Some(&here[index]) {
            kept.push(here[index]);
        }
    }
    here.clear();
}

/// Douglas and Peucker (1973), without recursion: drops points that lie on the line through their neighbours.
fn straighten(points: &[Point], tolerance: i32) -> Vec<Point> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    keep[0] = true;
    keep[points.len() - 1] = true;
    let mut spans = vec![(0, points.len() - 1)];
    while let Some((first, last)) = spans.pop() {
        let farthest = (first + 1..last)
            .map(|index| (distance(points[index], points[first], points[last]), index))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        if let Some((away, index)) = farthest
            && away > f64::from(tolerance)
        {
            keep[index] = true;
            spans.push((first, index));
            spans.push((index, last));
        }
    }
    points.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(point, _)| *point).collect()
}

/// Distance of a point from the line segment between two others.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let (px, py) = (f64::from(point.0 - from.0), f64::from(point.1 - from.1));
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 { ((px * dx + py * dy) / squared).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (px - along * dx, py - along * dy);
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_needs_two_points() {
        assert_eq!(thin((0..10_000).map(|x| (x, 2 * x)), FINE), [(0, 0), (9_999, 19_998)]);
    }

    #[test]
    fn a_needle_of_one_sample_survives() {
        let line = thin((0..10_000).map(|x| (x / 10, if x == 5_003 { -900 } else { 0 })), FINE);
        assert!(line.iter().any(|point| point.1 == -900), "{line:?}");
        assert!(line.len() < 8);
    }

    #[test]
    fn noise_costs_at_most_four_points_a_column() {
        let noise = (0..200_000).map(|index| (index / 100, (index * 7_919) % 500));
        assert!(thin(noise, FINE).len() <= 4 * 2_000 / 5);
    }

    #[test]
    fn nothing_and_one_point_stay_what_they_are() {
        assert_eq!(thin(std::iter::empty(), FINE), []);
        assert_eq!(thin([(3, 4)].into_iter(), FINE), [(3, 4)]);
    }
}
