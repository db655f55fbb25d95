//! The machines that a broker of Amazon MQ can run on: processors, memory, limits of `RabbitMQ`, price by the hour.
//!
//! A scenario names one as AWS does (`mq.m5.large`) and gets an [`Instance`] from [`find`]. The largest two of the m7g
//! family are left out, because not all of their limits could be read.

use std::fmt;

use crate::facts::table::{Source, facts, read};
use crate::facts::values::Price;
use crate::facts::{Fact, FactValue};
use crate::units::Bytes;

/// What a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Processors.
    pub processors: u32,
    /// Memory.
    pub memory: Bytes,
}

/// How many of each thing a single `RabbitMQ` broker allows; each of the three nodes of a cluster is such a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RabbitMqLimits {
    /// Client connections.
    pub connections: u32,
    /// Channels over all connections.
    pub channels: u32,
    /// Queues.
    pub queues: u32,
}

/// Everything that is known about one type of machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instance {
    /// As AWS writes it: `mq.m5.large`.
    pub name: &'static str,
    /// Processors and memory.
    pub shape: Fact<Shape>,
    /// What `RabbitMQ` allows on it.
    pub limits: Fact<RabbitMqLimits>,
    /// What one machine costs; a standby pair is two of them, a cluster three.
    pub price: Fact<Price>,
}

impl Shape {
    const fn of(processors: u32, gib: u64) -> Self {
        Self { processors, memory: Bytes::gib(gib) }
    }
}

impl RabbitMqLimits {
    const fn of(connections: u32, channels: u32, queues: u32) -> Self {
        Self { connections, channels, queues }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} vCPU, {}", self.processors, self.memory)
    }
}

impl fmt::Display for RabbitMqLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections, {} channels, {} queues", self.connections, self.channels, self.queues)
    }
}

impl FactValue for Shape {
    const KIND: &'static str = "machine";
}

impl FactValue for RabbitMqLimits {
    const KIND: &'static str = "limits";
}

/// The machine that AWS calls `name`, such as `mq.m5.large`; nothing if it is not known here.
pub fn find(name: &str) -> Option<&'static Instance> {
    INSTANCES.iter().find(|instance| instance.name == name)
}

const M5_SHAPES: Source =
    read("Amazon MQ Developer Guide, Instance types (awsdocs/amazon-mq-developer-guide @3005543)");
const EC2_SHAPES: Source = read("Amazon EC2 instance types of the same name (from memory)");
const QUORUM_LIMITS: Source = read("Amazon MQ Developer Guide, RabbitMQ limits (rabbitmq-resource-hard-limit)");
const CLASSIC_LIMITS: Source = read("Amazon MQ Developer Guide, Sizing (rabbitmq-sizing-guidelines)");
const PRICES: Source = read("Amazon MQ prices, from memory; not found on a page that could be read");

facts! { "mq";
    T3_MICRO: Shape = Shape::of(2, 1), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.t3.micro has.",
        "For trying things out only: its processor time is rationed.";

    T3_MICRO_LIMITS: RabbitMqLimits = RabbitMqLimits::of(500, 1_500, 2_500), Quota, Stated, CLASSIC_LIMITS,
        "What RabbitMQ allows on one mq.t3.micro.",
        "A further connection, channel or queue is refused. With the queues of RabbitMQ 3.13.";

    T3_MICRO_PRICE: Price = Price::each_one(0.027, "broker-hour"), Price, Unsure, PRICES,
        "One mq.t3.micro for an hour, busy or idle.",
        "us-east-1. Simplified: RabbitMQ and ActiveMQ at the same price.";

    M5_LARGE: Shape = Shape::of(2, 8), Default, Stated, M5_SHAPES,
        "What a machine of type mq.m5.large has.",
        "The general family, for both kinds of broker.";

    M5_LARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(5_000, 15_000, 30_000), Quota, Stated, CLASSIC_LIMITS,
        "What RabbitMQ allows on one mq.m5.large.",
        "A further connection, channel or queue is refused. With the queues of RabbitMQ 3.13.";

    M5_LARGE_PRICE: Price = Price::each_one(0.288, "broker-hour"), Price, Unsure, PRICES,
        "One mq.m5.large for an hour, busy or idle.",
        "us-east-1. Simplified: RabbitMQ and ActiveMQ at the same price.";

    M5_XLARGE: Shape = Shape::of(4, 16), Default, Stated, M5_SHAPES,
        "What a machine of type mq.m5.xlarge has.",
        "The general family, for both kinds of broker.";

    M5_XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(10_000, 30_000, 60_000), Quota, Stated, CLASSIC_LIMITS,
        "What RabbitMQ allows on one mq.m5.xlarge.",
        "A further connection, channel or queue is refused. With the queues of RabbitMQ 3.13.";

    M5_XLARGE_PRICE: Price = Price::each_one(0.576, "broker-hour"), Price, Own, PRICES,
        "One mq.m5.xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m5.large by the number of processors, as EC2 itself charges.";

    M5_2XLARGE: Shape = Shape::of(8, 32), Default, Stated, M5_SHAPES,
        "What a machine of type mq.m5.2xlarge has.",
        "The general family, for both kinds of broker.";

    M5_2XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(20_000, 60_000, 120_000), Quota, Stated, CLASSIC_LIMITS,
        "What RabbitMQ allows on one mq.m5.2xlarge.",
        "A further connection, channel or queue is refused. With the queues of RabbitMQ 3.13.";

    M5_2XLARGE_PRICE: Price = Price::each_one(1.152, "broker-hour"), Price, Own, PRICES,
        "One mq.m5.2xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m5.large by the number of processors, as EC2 itself charges.";

    M5_4XLARGE: Shape = Shape::of(16, 64), Default, Stated, M5_SHAPES,
        "What a machine of type mq.m5.4xlarge has.",
        "The general family, for both kinds of broker.";

    M5_4XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(40_000, 120_000, 240_000), Quota, Stated, CLASSIC_LIMITS,
        "What RabbitMQ allows on one mq.m5.4xlarge.",
        "A further connection, channel or queue is refused. With the queues of RabbitMQ 3.13.";

    M5_4XLARGE_PRICE: Price = Price::each_one(2.304, "broker-hour"), Price, Own, PRICES,
        "One mq.m5.4xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m5.large by the number of processors, as EC2 itself charges.";

    M7G_MEDIUM: Shape = Shape::of(1, 4), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.m7g.medium has.",
        "The family of RabbitMQ 4.";

    M7G_MEDIUM_LIMITS: RabbitMqLimits = RabbitMqLimits::of(300, 900, 2_500), Quota, Stated, QUORUM_LIMITS,
        "What RabbitMQ allows on one mq.m7g.medium.",
        "A further connection, channel or queue is refused. With quorum queues.";

    M7G_MEDIUM_PRICE: Price = Price::each_one(0.125, "broker-hour"), Price, Own, PRICES,
        "One mq.m7g.medium for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m7g.large by the number of processors, as EC2 itself charges.";

    M7G_LARGE: Shape = Shape::of(2, 8), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.m7g.large has.",
        "The family of RabbitMQ 4.";

    M7G_LARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(5_000, 15_000, 20_000), Quota, Stated, QUORUM_LIMITS,
        "What RabbitMQ allows on one mq.m7g.large.",
        "A further connection, channel or queue is refused. With quorum queues.";

    M7G_LARGE_PRICE: Price = Price::each_one(0.25, "broker-hour"), Price, Unsure, PRICES,
        "One mq.m7g.large for an hour, busy or idle.",
        "us-east-1. A rounded figure.";

    M7G_XLARGE: Shape = Shape::of(4, 16), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.m7g.xlarge has.",
        "The family of RabbitMQ 4.";

    M7G_XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(10_000, 30_000, 30_000), Quota, Stated, QUORUM_LIMITS,
        "What RabbitMQ allows on one mq.m7g.xlarge.",
        "A further connection, channel or queue is refused. With quorum queues.";

    M7G_XLARGE_PRICE: Price = Price::each_one(0.50, "broker-hour"), Price, Own, PRICES,
        "One mq.m7g.xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m7g.large by the number of processors, as EC2 itself charges.";

    M7G_2XLARGE: Shape = Shape::of(8, 32), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.m7g.2xlarge has.",
        "The family of RabbitMQ 4.";

    M7G_2XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(20_000, 60_000, 40_000), Quota, Stated, QUORUM_LIMITS,
        "What RabbitMQ allows on one mq.m7g.2xlarge.",
        "A further connection, channel or queue is refused. With quorum queues.";

    M7G_2XLARGE_PRICE: Price = Price::each_one(1.00, "broker-hour"), Price, Own, PRICES,
        "One mq.m7g.2xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m7g.large by the number of processors, as EC2 itself charges.";

    M7G_4XLARGE: Shape = Shape::of(16, 64), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.m7g.4xlarge has.",
        "The family of RabbitMQ 4.";

    M7G_4XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(40_000, 120_000, 60_000), Quota, Stated, QUORUM_LIMITS,
        "What RabbitMQ allows on one mq.m7g.4xlarge.",
        "A further connection, channel or queue is refused. With quorum queues.";

    M7G_4XLARGE_PRICE: Price = Price::each_one(2.00, "broker-hour"), Price, Own, PRICES,
        "One mq.m7g.4xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m7g.large by the number of processors, as EC2 itself charges.";

    M7G_8XLARGE: Shape = Shape::of(32, 128), Default, Unsure, EC2_SHAPES,
        "What a machine of type mq.m7g.8xlarge has.",
        "The family of RabbitMQ 4.";

    M7G_8XLARGE_LIMITS: RabbitMqLimits = RabbitMqLimits::of(80_000, 240_000, 80_000), Quota, Stated, QUORUM_LIMITS,
        "What RabbitMQ allows on one mq.m7g.8xlarge.",
        "A further connection, channel or queue is refused. With quorum queues.";

    M7G_8XLARGE_PRICE: Price = Price::each_one(4.00, "broker-hour"), Price, Own, PRICES,
        "One mq.m7g.8xlarge for an hour, busy or idle.",
        "us-east-1. Derived: price of mq.m7g.large by the number of processors, as EC2 itself charges.";
}

/// Every type of machine, small to large within its family.
pub const INSTANCES: &[Instance] = &[
    Instance { name: "mq.t3.micro", shape: T3_MICRO, limits: T3_MICRO_LIMITS, price: T3_MICRO_PRICE },
    Instance { name: "mq.m5.large", shape: M5_LARGE, limits: M5_LARGE_LIMITS, price: M5_LARGE_PRICE },
    Instance { name: "mq.m5.xlarge", shape: M5_XLARGE, limits: M5_XLARGE_LIMITS, price: M5_XLARGE_PRICE },
    Instance { name: "mq.m5.2xlarge", shape: M5_2XLARGE, limits: M5_2XLARGE_LIMITS, price: M5_2XLARGE_PRICE },
    Instance { name: "mq.m5.4xlarge", shape: M5_4XLARGE, limits: M5_4XLARGE_LIMITS, price: M5_4XLARGE_PRICE },
    Instance { name: "mq.m7g.medium", shape: M7G_MEDIUM, limits: M7G_MEDIUM_LIMITS, price: M7G_MEDIUM_PRICE },
    Instance { name: "mq.m7g.large", shape: M7G_LARGE, limits: M7G_LARGE_LIMITS, price: M7G_LARGE_PRICE },
    Instance { name: "mq.m7g.xlarge", shape: M7G_XLARGE, limits: M7G_XLARGE_LIMITS, price: M7G_XLARGE_PRICE },
    Instance { name: "mq.m7g.2xlarge", shape: M7G_2XLARGE, limits: M7G_2XLARGE_LIMITS, price: M7G_2XLARGE_PRICE },
    Instance { name: "mq.m7g.4xlarge", shape: M7G_4XLARGE, limits: M7G_4XLARGE_LIMITS, price: M7G_4XLARGE_PRICE },
    Instance { name: "mq.m7g.8xlarge", shape: M7G_8XLARGE, limits: M7G_8XLARGE_LIMITS, price: M7G_8XLARGE_PRICE },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_found_by_the_name_that_aws_gives_it() {
        let large = find("mq.m5.large").expect("it is in the table");
        assert_eq!((large.shape.value.processors, large.shape.value.memory), (2, Bytes::gib(8)));
        assert_eq!(find("m5.large"), None);
    }

    #[test]
    fn within_a_family_a_larger_machine_has_more_of_everything_and_costs_more() {
        for pair in INSTANCES.windows(2) {
            let family = |instance: &Instance| instance.name.split('.').nth(1).map(str::to_owned);
            if family(&pair[0]) == family(&pair[1]) {
                let (small, large) = (pair[0], pair[1]);
                assert!(small.shape.value.processors < large.shape.value.processors, "{}", large.name);
                assert!(small.shape.value.memory < large.shape.value.memory, "{}", large.name);
                assert!(small.limits.value.connections < large.limits.value.connections, "{}", large.name);
                assert!(small.price.value.usd < large.price.value.usd, "{}", large.name);
            }
        }
    }

    #[test]
    fn a_machine_and_its_facts_carry_the_same_name() {
        for Instance { name, shape, limits, price } in INSTANCES {
            let fact = name.replacen('.', "_", 2).replacen('_', ".", 1);
            assert_eq!(shape.name, fact);
            assert_eq!(limits.name, format!("{fact}_limits"));
            assert_eq!(price.name, format!("{fact}_price"));
        }
    }
}
