//! Amazon EC2 and Auto Scaling: the machines that workers run on, how fast more of them come, what they cost.

use crate::units::{Duration, Share};

use super::table::{OWN, Source, dated, facts, read};
use super::values::{Latency, Price};

const GROUP: Source =
    read("Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup (service model of botocore 1.44.5)");
const TRACKING: Source =
    read("Amazon EC2 Auto Scaling API Reference, TargetTrackingConfiguration (service model of botocore 1.44.5)");
const GUIDE: Source =
    read("Amazon EC2 Auto Scaling User Guide (awsdocs/amazon-ec2-auto-scaling-user-guide, 2023-06-15)");
const HOOK: Source = dated("Amazon EC2 Auto Scaling API Reference, PutLifecycleHook", "2026-11-29");
const QUOTAS: Source =
    dated("Amazon EC2 Auto Scaling User Guide, Quotas for Auto Scaling resources and groups", "2026-11-29");
const SPOT: Source = read("Amazon EC2 User Guide, Spot Instance interruption notices (as quoted by third parties)");
const EMULATOR: Source = read("moto, applicationautoscaling/models.py (an emulator, third party)");
const QUEUE_METRICS: Source =
    read("Amazon SQS Developer Guide, Monitoring with CloudWatch (awsdocs/amazon-sqs-developer-guide, 2023-06-15)");
const BOOT: Source = dated("daemonology.net, EC2 boot time benchmarking; fitted here", "2021-08-12");
const REMEMBERED: Source = read("from memory; not found on a page that could be read");

facts! { "ec2";
    LAUNCH_LATENCY: Latency = Latency::of_millis(25_000, 57_000), Assumption, Own, BOOT,
        "From the order of a Linux machine until it can be reached.",
        "Measured runs lie between 25 and 30 seconds; one in twenty is assumed to take 45, which makes 57 at p99. What \
         the machine installs and starts comes on top.";

    DEFAULT_COOLDOWN: Duration = Duration::from_secs(300), Default, Stated, GROUP,
        "How long a group waits after a simple scaling step before it takes the next.",
        "Target tracking does not wait for it; it is the default for how long a machine counts as warming up.";

    INSTANCE_WARMUP_MAX: Duration = Duration::from_secs(3_600), Quota, Stated, GROUP,
        "The longest time for which a new machine can count as warming up.",
        "A longer one is refused. While any machine warms up, none is taken away.";

    METRIC_PERIOD: Duration = Duration::from_secs(60), Default, Stated, TRACKING,
        "How often the measure that a group follows is taken.",
        "10 and 30 seconds can be chosen instead.";

    SCALE_OUT_POINTS: u32 = 3, Default, Unsure, EMULATOR,
        "How many measures in a row above the target make a group grow.",
        "No page says it for groups of machines: an emulator has it for containers, and another vendor documents the \
         same.";

    SCALE_IN_POINTS: u32 = 15, Default, Unsure, EMULATOR,
        "How many measures in a row below the target make a group shrink.",
        "No page says it for groups of machines: an emulator has it for containers, and another vendor documents the \
         same.";

    SCALE_IN_MARGIN: Share = Share::new(0.1), Default, Unsure, REMEMBERED,
        "By how much a measure must lie below the target to count as below it.",
        "Keeps a group from growing and shrinking in turn.";

    QUEUE_METRIC_IDLE: Duration = Duration::from_hours(6), Quota, Stated, QUEUE_METRICS,
        "A queue that nobody calls for this long stops reporting its measures.",
        "When it wakes they come late, see ec2.queue_metric_delay_max.";

    QUEUE_METRIC_DELAY_MAX: Duration = Duration::from_mins(15), Quota, Stated, QUEUE_METRICS,
        "How late the first measures of a queue can be that was idle before.",
        "A group that follows them sees a spike that late.";

    METRIC_DELAY: Duration = Duration::from_secs(30), Assumption, Own, OWN,
        "How long after it was taken a measure reaches the alarms that look at it.",
        "Anything up to a minute is assumed; this is the middle.";

    HOOK_TIMEOUT: Duration = Duration::from_hours(1), Default, Stated, GUIDE,
        "How long a lifecycle hook holds a machine that says nothing meanwhile: before it is in service, or before it is \
         gone.",
        "With each heartbeat that it sends the time begins anew, up to ec2.hook_time_max.";

    HOOK_TIMEOUT_MIN: Duration = Duration::from_secs(30), Quota, Stated, HOOK,
        "The shortest time that a lifecycle hook can be told to wait for a heartbeat.",
        "A shorter one is refused.";

    HOOK_TIMEOUT_MAX: Duration = Duration::from_hours(2), Quota, Stated, HOOK,
        "The longest time that a lifecycle hook can be told to wait for a heartbeat.",
        "It holds a machine for longer only if heartbeats come: up to ec2.hook_time_max.";

    HOOK_TIME_MAX: Duration = Duration::from_hours(48), Quota, Stated, GUIDE,
        "The longest time that a lifecycle hook can hold a machine, however often it sends heartbeats.",
        "Or ec2.hook_heartbeats_max times its timeout, if that is shorter.";

    HOOK_HEARTBEATS_MAX: u32 = 100, Quota, Stated, GUIDE,
        "So many times its timeout a lifecycle hook holds a machine at most.",
        "Or ec2.hook_time_max, if that is shorter.";

    POLICIES_MAX: u32 = 50, Quota, Stated, QUOTAS,
        "Scaling policies of one group at most.",
        "Cannot be raised.";

    STEP_ADJUSTMENTS_MAX: u32 = 20, Quota, Stated, QUOTAS,
        "Steps of one step policy at most.",
        "Cannot be raised.";

    SCHEDULED_ACTIONS_MAX: u32 = 125, Quota, Stated, QUOTAS,
        "Scheduled actions of one group at most.",
        "Cannot be raised.";

    SCHEDULED_ACTION_EVERY_MIN: Duration = Duration::from_mins(1), Quota, Unsure, REMEMBERED,
        "How often a scheduled action is repeated at most.",
        "The service takes the expressions of cron, which know no seconds.";

    BILLED_HOUR: Duration = Duration::from_hours(1), Default, Stated, GUIDE,
        "Of machines that are alike a group gives up the one whose next such stretch since its launch begins soonest.",
        "From the time when machines were paid by the hour. Between equals chance decides.";

    SPOT_NOTICE: Duration = Duration::from_secs(120), Quota, Dated, SPOT,
        "How long before it is taken away a spot instance gets its notice.",
        "It has to look for the notice itself; a program that does not is cut off in the middle of its work.";

    BILLED_MINIMUM: Duration = Duration::from_secs(60), Price, Unsure, REMEMBERED,
        "A machine is billed for at least this long, and beyond that by the second.",
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
