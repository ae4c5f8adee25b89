//! Numbers that depend on nothing but the seed and what they are for.

/// What a number is for. Each stream is independent of the others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Owner = 1,
    Slots,
    Relation,
    Parent,
    Trait,
    Popularity,
    Likes,
    Size,
    Name,
    Words,
    Moment,
    Link,
    Rest,
}

/// Dice for one entity.
pub(crate) struct Dice(u64);

fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        Self(mix(mix(seed ^ ((stream as u64) << 56)) ^ index))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// From 0 up to and without 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number of the normal distribution.
    pub(crate) fn gauss(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Draws indexes by weight.
pub(crate) struct Weighted {
    cumulative: Vec<f64>,
}

impl Weighted {
    pub(crate) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let add = |weight: f64| {
            sum += weight.max(0.0);
            sum
        };
        Self { cumulative: weights.into_iter().map(add).collect() }
    }

    /// The law of a rank: `(r + q)^-s` for r from 1 to `count`.
    pub(crate) fn by_rank(count: usize, s: f64, q: f64) -> Self {
        Self::new((1..=count.max(1)).map(|rank| (rank as f64 + q).powf(-s)))
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> usize {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let wanted = dice.unit() * total;
        self.cumulative.partition_point(|sum| *sum <= wanted).min(self.cumulative.len().saturating_sub(1))
    }
}

/// The share of the normal distribution that lies above `z`.
pub(crate) fn upper_tail(z: f64) -> f64 {
    // Abramowitz and Stegun 26.2.17: right to seven digits, which is more than a made-up catalog needs.
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * series;
    if z >= 0.0 { tail } else { 1.0 - tail }
}

/// The `z` above which that share of the normal distribution lies.
pub(crate) fn upper_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if upper_tail(middle) > share { low = middle } else { high = middle }
    }
    low
}
