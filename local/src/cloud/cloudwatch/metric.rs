//! What a metric is: its identity, its unit, and the statistics over its samples.

/// A metric's identity. Each combination of dimensions is a metric of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// For example `AWS/ElastiCache`.
    pub namespace: String,
    /// For example `EngineCPUUtilization`.
    pub name: String,
    /// Name and value of each dimension, sorted: their order in a request does not matter.
    pub dimensions: Vec<(String, String)>,
}

impl Metric {
    /// The metric with these dimensions, in any order.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        let mut dimensions: Vec<(String, String)> = dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        dimensions.sort();
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions,
        }
    }
}

/// One of CloudWatch's units. Samples of different units are aggregated separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit(&'static str);

impl Unit {
    /// What a sample without a unit has.
    pub const NONE: Self = Self("None");

    const ALL: [&'static str; 27] = [
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Kilobits",
        "Megabits",
        "Gigabits",
        "Terabits",
        "Percent",
        "Count",
        "Bytes/Second",
        "Kilobytes/Second",
        "Megabytes/Second",
        "Gigabytes/Second",
        "Terabytes/Second",
        "Bits/Second",
        "Kilobits/Second",
        "Megabits/Second",
        "Gigabits/Second",
        "Terabits/Second",
        "Count/Second",
        "None",
    ];

    /// The unit of this name; `None` when CloudWatch has no such unit.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| *unit == name).map(Self)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// A statistic over the samples of one period.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// How many samples.
    SampleCount,
    /// Their mean.
    Average,
    /// Their sum.
    Sum,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
    /// A percentile; the text keeps the client's spelling, such as `p99.9`.
    Percentile(f64, String),
}

impl Statistic {
    /// The statistic of this name. `None`: unknown, or one of the trimmed statistics that this service leaves out.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            other => {
                let digits = other.strip_prefix('p')?;
                if !digits.starts_with(|first: char| first.is_ascii_digit()) {
                    return None;
                }
                let percent: f64 = digits.parse().ok()?;
                if !(0.0..=100.0).contains(&percent) {
                    return None;
                }
                Self::Percentile(percent, other.to_owned())
            }
        })
    }

    /// The name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::Percentile(_, text) => text,
        }
    }

    /// Whether it is one of the five that `Statistic` (as opposed to `ExtendedStatistic`) may name.
    pub fn is_basic(&self) -> bool {
        match self {
            Self::Percentile(..) => false,
            Self::SampleCount | Self::Average | Self::Sum | Self::Minimum | Self::Maximum => true,
        }
    }
}

/// The samples of one minute or one period, as a statistics set.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
    distribution: Distribution,
}

/// What is known of single samples, for percentiles. Most minutes hold equal samples and need no list.
#[derive(Debug, Clone, PartialEq)]
enum Distribution {
    /// All samples equal `minimum`.
    Equal,
    /// Value and count.
    Each(Box<[(f64, f64)]>),
    /// A client sent a statistics set: percentiles cannot be known.
    Unknown,
}

impl Samples {
    /// `count` samples of one value.
    pub fn repeated(value: f64, count: f64) -> Self {
        Self {
            count,
            sum: value * count,
            minimum: value,
            maximum: value,
            distribution: Distribution::Equal,
        }
    }

    /// A statistics set as a client sends it.
    pub fn summary(count: f64, sum: f64, minimum: f64, maximum: f64) -> Self {
        // (CW-DG Statistics definitions) percentiles exist for a statistic set only with one sample or Min = Max.
        let alike = count <= 1.0 || minimum >= maximum;
        Self {
            count,
            sum,
            minimum,
            maximum,
            distribution: if alike {
                Distribution::Equal
            } else {
                Distribution::Unknown
            },
        }
    }

    /// Adds further samples.
    pub fn absorb(&mut self, other: &Self) {
        self.distribution = match (self.values(), other.values()) {
            (Some(_), Some(_))
                if self.minimum >= other.maximum && self.maximum <= other.minimum =>
            {
                Distribution::Equal
            }
            (Some(mut mine), Some(theirs)) => {
                mine.extend(theirs);
                Distribution::Each(mine.into())
            }
            (None, _) | (_, None) => Distribution::Unknown,
        };
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }

    /// The statistic's value; `None` when it cannot be known from what was sent.
    pub fn statistic(&self, statistic: &Statistic) -> Option<f64> {
        match statistic {
            Statistic::SampleCount => Some(self.count),
            Statistic::Average => (self.count > 0.0).then(|| self.sum / self.count),
            Statistic::Sum => Some(self.sum),
            Statistic::Minimum => Some(self.minimum),
            Statistic::Maximum => Some(self.maximum),
            Statistic::Percentile(percent, _) => self.percentile(*percent),
        }
    }

    /// How many samples.
    pub fn count(&self) -> f64 {
        self.count
    }

    fn values(&self) -> Option<Vec<(f64, f64)>> {
        match &self.distribution {
            Distribution::Equal => Some(vec![(self.minimum, self.count)]),
            Distribution::Each(values) => Some(values.to_vec()),
            Distribution::Unknown => None,
        }
    }

    /// ASSUMED nearest rank: CloudWatch does not say how it interpolates.
    fn percentile(&self, percent: f64) -> Option<f64> {
        let mut values = self.values()?;
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rank = percent / 100.0 * self.count;
        let mut seen = 0.0;
        values
            .iter()
            .find(|(_, count)| {
                seen += count;
                seen >= rank
            })
            .or(values.last())
            .map(|(value, _)| *value)
    }
}
