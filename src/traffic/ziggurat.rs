//! The tables of the ziggurat method (Marsaglia and Tsang, *The ziggurat method for generating random variables*, Journal
//! of Statistical Software, 2000).
//!
//! A falling density is covered by layers of the same area, one upon the other: rectangles from zero to an edge, the
//! lowest of them with the tail beside it. A point in a layer taken at random lies under the density nearly always, and
//! surely if it is left of the edge of the layer above. The tables are computed when the program is compiled, with
//! nothing but additions, multiplications and divisions: the same bits on every platform.

/// Layers of a table.
pub(super) const LAYERS: usize = 256;

/// A density cut into layers, the lowest one first.
#[derive(Debug)]
pub(super) struct Ziggurat {
    /// How wide each layer is. The lowest is as wide as a rectangle of its area would be; the layer above it begins
    /// where the tail does, and at the top is nothing.
    pub edges: [f64; LAYERS + 1],
    /// The density at each edge; it is one at zero.
    pub heights: [f64; LAYERS + 1],
}

/// Where the table of the exponential density ends and its tail begins: there the topmost layer closes.
pub(super) const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
/// The same of the normal density.
pub(super) const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
/// The area of a layer of the normal density: the rectangle up to the tail, and the tail.
const NORMAL_AREA: f64 = 0.004_928_673_233_974_655;

/// The density `exp(-x)`.
pub(super) static EXPONENTIAL: Ziggurat = Ziggurat::exponential();
/// The density `exp(-x^2 / 2)`, its right half.
pub(super) static NORMAL: Ziggurat = Ziggurat::normal();

impl Ziggurat {
    const fn exponential() -> Self {
        let mut table = Self { edges: [0.0; LAYERS + 1], heights: [1.0; LAYERS + 1] };
        let height = exp(-EXPONENTIAL_TAIL);
        let area = (EXPONENTIAL_TAIL + 1.0) * height;
        table.edges[0] = area / height;
        table.edges[1] = EXPONENTIAL_TAIL;
        let mut layer = 1;
        while layer < LAYERS {
            let edge = table.edges[layer];
            table.heights[layer] = exp(-edge);
            if layer + 1 < LAYERS {
                table.edges[layer + 1] = -ln(table.heights[layer] + area / edge, -edge);
            }
            layer += 1;
        }
        table.heights[0] = exp(-table.edges[0]);
        table
    }

    const fn normal() -> Self {
        let mut table = Self { edges: [0.0; LAYERS + 1], heights: [1.0; LAYERS + 1] };
        table.edges[0] = NORMAL_AREA / exp(-NORMAL_TAIL * NORMAL_TAIL / 2.0);
        table.edges[1] = NORMAL_TAIL;
        let mut layer = 1;
        while layer < LAYERS {
            let edge = table.edges[layer];
            let exponent = -edge * edge / 2.0;
            table.heights[layer] = exp(exponent);
            if layer + 1 < LAYERS {
                let above = ln(table.heights[layer] + NORMAL_AREA / edge, exponent);
                table.edges[layer + 1] = square_root(-2.0 * above, edge);
            }
            layer += 1;
        }
        table.heights[0] = exp(-table.edges[0] * table.edges[0] / 2.0);
        table
    }
}

/// The exponential function, for small numbers: the series for a sixteenth of it, to the sixteenth power.
const fn exp(x: f64) -> f64 {
    let part = x / 16.0;
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while n < 24.0 {
        term *= part / n;
        sum += term;
        n += 1.0;
    }
    let square = sum * sum;
    let fourth = square * square;
    let eighth = fourth * fourth;
    eighth * eighth
}

/// The natural logarithm, by Newton's method from something that is near it.
const fn ln(y: f64, near: f64) -> f64 {
    let (mut x, mut round) = (near, 0);
    while round < 8 {
        x += y * exp(-x) - 1.0;
        round += 1;
    }
    x
}

/// The square root, by Newton's method from something that is near it.
const fn square_root(y: f64, near: f64) -> f64 {
    let (mut x, mut round) = (near, 0);
    while round < 12 {
        x = f64::midpoint(x, y / x);
        round += 1;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds that a table falls from layer to layer, lies on its density, and closes at the top.
    fn holds(table: &Ziggurat, area: f64, density: impl Fn(f64) -> f64) {
        for (layer, (&edge, &height)) in table.edges.iter().zip(&table.heights).enumerate() {
            assert!((height / density(edge) - 1.0).abs() < 1e-13, "layer {layer}: {height} at {edge}");
        }
        assert!(table.edges.windows(2).all(|pair| pair[0] > pair[1]));
        for layer in 1..LAYERS {
            let own = table.edges[layer] * (table.heights[layer + 1] - table.heights[layer]);
            assert!((own / area - 1.0).abs() < 1e-6, "layer {layer} has the area {own}");
        }
        assert!((table.edges[0] * table.heights[1] / area - 1.0).abs() < 1e-13);
    }

    #[test]
    fn all_layers_have_the_same_area_and_lie_on_the_density() {
        let tail = libm::exp(-EXPONENTIAL_TAIL);
        holds(&EXPONENTIAL, (EXPONENTIAL_TAIL + 1.0) * tail, |x| libm::exp(-x));
        let tail = (std::f64::consts::PI / 2.0).sqrt() * libm::erfc(NORMAL_TAIL / 2.0_f64.sqrt());
        let area = NORMAL_TAIL * libm::exp(-NORMAL_TAIL * NORMAL_TAIL / 2.0) + tail;
        assert!((area / NORMAL_AREA - 1.0).abs() < 1e-12);
        holds(&NORMAL, NORMAL_AREA, |x| libm::exp(-x * x / 2.0));
    }
}
