//! Amazon EC2 and Auto Scaling: the machines that workers run on, how fast more of them come, what they cost.

use crate::units::{Duration, Share};

use super::table::{OWN, Source, dated, facts, read};
use super::values::{Latency, Price};

const GROUP: Source =
    read("Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup (service model of botocore 1.44.5)");
const TRACKING: Source =
    read("Amazon EC2 Auto Scaling API Reference, TargetTrackingConfiguration (service model of botocore 1.44.5)");
const EMULATOR: Source = read("moto, applicationautoscaling/models.py (an emulator; another vendor's page agrees)");
const QUEUE_METRICS: Source =
    read("Amazon SQS Developer Guide, Monitoring with CloudWatch (awsdocs/amazon-sqs-developer-guide, 2023-06-15)");
const BOOT: Source = dated("daemonology.net, EC2 boot time benchmarking; fitted here", "2021-08-12");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "ec2";
    LAUNCH_LATENCY: Latency = Latency::of_millis(25_000, 57_000), Assumption, Own, BOOT,
        "From the order of a Linux machine until it can be reached.",
        "Measured runs lie between 25 and 30 seconds; one in twenty is taken to need 45, which makes 57 at p99. What \
         the machine installs and starts comes on top.";

    DEFAULT_COOLDOWN: Duration = Duration::from_secs(300), Default, Stated, GROUP,
        "After a simple scaling step a group waits so long before the next.",
        "Target tracking does not wait for it; it is the default for how long a machine counts as warming up.";

    INSTANCE_WARMUP_MAX: Duration = Duration::from_secs(3_600), Quota, Stated, GROUP,
        "The longest time for which a new machine can count as warming up.",
        "A longer one is refused. While any machine warms up, none is taken away.";

    METRIC_PERIOD: Duration = Duration::from_secs(60), Default, Stated, TRACKING,
        "So often the measure is taken that a group follows.",
        "10 and 30 seconds can be chosen instead.";

    SCALE_OUT_POINTS: u32 = 3, Default, Dated, EMULATOR,
        "After so many measures above the target in a row a group grows.",
        "Documented for other services of AWS; seen for groups in an emulator only.";

    SCALE_IN_POINTS: u32 = 15, Default, Dated, EMULATOR,
        "After so many measures below the target in a row a group shrinks.",
        "Documented for other services of AWS; seen for groups in an emulator only.";

    SCALE_IN_MARGIN: Share = Share::new(0.1), Default, Unsure, REMEMBERED,
        "By this share a measure must lie below the target to count as below.",
        "Keeps a group from growing and shrinking in turn.";

    QUEUE_METRIC_IDLE: Duration = Duration::from_hours(6), Quota, Stated, QUEUE_METRICS,
        "A queue without any call for so long stops to send its measures.",
        "When it wakes they come late, see ec2.queue_metric_delay_max.";

    QUEUE_METRIC_DELAY_MAX: Duration = Duration::from_mins(15), Quota, Stated, QUEUE_METRICS,
        "So late the first measures of a queue that was idle can come.",
        "A group that follows them sees a spike that late.";

    BILLED_MINIMUM: Duration = Duration::from_secs(60), Price, Unsure, REMEMBERED,
        "A machine is billed for at least so long, then by the second.",
        "From its launch on, also while it boots.";

    C6I_LARGE_PRICE: Price = Price::each_one(0.085, "instance-hour"), Price, Unsure, REMEMBERED,
        "A c6i.large (2 vCPU, 4 GiB) for an hour.",
        "us-east-1, on demand. A starting value: a scenario says what its own machines cost.";

    C6I_XLARGE_PRICE: Price = Price::each_one(0.17, "instance-hour"), Price, Unsure, REMEMBERED,
        "A c6i.xlarge (4 vCPU, 8 GiB) for an hour.",
        "us-east-1, on demand. A starting value: a scenario says what its own machines cost.";

    WORKER_BOOTSTRAP: Duration = Duration::from_secs(60), Assumption, Own, OWN,
        "What a new machine does after it can be reached and before it works: load the program, start it.",
        "Anything from nothing (a ready image) to five minutes (installing everything) is common.";
}
