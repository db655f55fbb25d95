//! Fleets of the swarm: a fixed number of workers, or machines that come and go.

use super::Drawing;

pub(super) fn fleet(d: &mut Drawing, name: &'static str, may_grow: bool) {
    d.node(name, "workers");
    if may_grow && d.chance(40) {
        group(d);
    } else {
        d.line("count", &["1", "3", "100"]);
    }
    d.maybe("work", &["'job'"]);
    d.maybe("speed", &["0.001", "1", "1000"]);
}

/// Whether the machines of a node come and go.
pub(super) fn is_group(text: &str, node: &str) -> bool {
    let head = format!("[pipeline.p.{node}]\n");
    let table = text.split(&head).nth(1).unwrap_or_default();
    table.split("\n[").next().is_some_and(|table| table.contains("auto_scaling."))
}

/// Machines that come and go.
fn group(d: &mut Drawing) {
    d.line("auto_scaling.min_size", &["0", "1"]);
    d.line("auto_scaling.max_size", &["1", "5", "50"]);
    d.maybe("auto_scaling.desired_capacity", &["1"]);
    d.maybe("auto_scaling.workers_per_instance", &["3"]);
    d.maybe("auto_scaling.launch_latency", &["'0s'", "'1s'"]);
    d.maybe("auto_scaling.bootstrap", &["'0s'", "'30s'", "'5min'"]);
    d.maybe("auto_scaling.default_cooldown", &["'0s'", "'10min'"]);
    d.maybe("auto_scaling.metric_period", &["'10s'", "'30s'"]);
    d.maybe("auto_scaling.metric_delay", &["'0s'", "'10min'"]);
    d.maybe("auto_scaling.metric_delay_after_sleep", &["'0s'"]);
    d.maybe("auto_scaling.scale_in_protection", &["'while_busy'", "'always'"]);
    d.maybe(
        "auto_scaling.termination_policy",
        &["'oldest_instance'", "'newest_instance'", "'closest_to_next_instance_hour'"],
    );
    d.maybe(
        "auto_scaling.termination_hook",
        &["{}", "{ heartbeat_timeout = '30s' }", "{ heartbeat_timeout = '30s', heartbeats = true }"],
    );
    d.maybe(
        "auto_scaling.launch_hook",
        &[
            "{}",
            "{ heartbeat_timeout = '30s' }",
            "{ heartbeat_timeout = '30s', default_result = 'continue' }",
            "{ heartbeat_timeout = '31s', heartbeats = true }",
        ],
    );
    d.maybe(
        "auto_scaling.scheduled_actions",
        &[
            "[{ start_time = '0s', max_size = 60, min_size = 2 }, { start_time = '50s', min_size = 0, max_size = 1 }]",
            "[{ start_time = '1s', max_size = 60, desired_capacity = 40 }, { start_time = '2s', desired_capacity = 2 }]",
            "[{ start_time = '20s', every = '1min', end_time = '5min', desired_capacity = 1 }]",
            "[{ start_time = '20s', every = '1min', min_size = 1, max_size = 9 }]",
        ],
    );
    d.maybe(
        "auto_scaling.warm_pool",
        &[
            "{}",
            "{ pool_state = 'running', min_size = 2 }",
            "{ pool_state = 'hibernated', max_group_prepared_capacity = 3 }",
            "{ pool_state = 'stopped', min_size = 60, max_group_prepared_capacity = 0 }",
            "{ pool_state = 'running', instance_reuse_policy = { reuse_on_scale_in = true } }",
            "{ instance_reuse_policy = { reuse_on_scale_in = true }, max_group_prepared_capacity = 2 }",
        ],
    );
    d.maybe("auto_scaling.availability_zones", &["1", "26"]);
    d.maybe("auto_scaling.heeds_notice", &["true"]);
    d.maybe("auto_scaling.capacity_rebalance", &["true"]);
    d.maybe("auto_scaling.price_per_hour", &["0.0", "0.1"]);
    policies(d);
}

/// When they come and go. A warm-up of the group's own leaves no room for those of its policies.
fn policies(d: &mut Drawing) {
    let own = if d.chance(40) {
        d.line("auto_scaling.default_instance_warmup", &["'0s'", "'1min'"]);
        ""
    } else {
        d.one_of(&["", ", estimated_instance_warmup = '0s'", ", estimated_instance_warmup = '5min'"])
    };
    let metric = d.one_of(&["backlog_per_instance", "messages_per_instance", "visible_messages", "all_messages"]);
    let (tracking, step) = ("policy_type = 'target_tracking_scaling'", "policy_type = 'step_scaling'");
    let policies = match d.draws.below(6) {
        0 => String::new(),
        1 => format!("{{ {tracking}, target_value = 5, scale_out_points = 1, scale_in_points = 1{own} }}"),
        2 => format!("{{ {tracking}, target_value = 1, metric = '{metric}', scale_in_margin = '0%'{own} }}"),
        3 => format!("{{ {tracking}, target_value = 0.01, metric = '{metric}', disable_scale_in = true{own} }}"),
        4 => format!(
            "{{ policy_type = 'simple_scaling', metric = '{metric}', threshold = 1, evaluation_periods = 1, \
             scaling_adjustment = 2, cooldown = '0s' }}"
        ),
        _ => format!(
            "{{ {step}, metric = '{metric}', threshold = 9, adjustment_type = 'percent_change_in_capacity', \
             min_adjustment_magnitude = 2, step_adjustments = [{{ metric_interval_upper_bound = 10, \
             scaling_adjustment = 50 }}, {{ metric_interval_lower_bound = 10, scaling_adjustment = 900 }}]{own} }}, \
             {{ {step}, threshold = 0, comparison_operator = 'less_than_or_equal_to_threshold', \
             adjustment_type = 'exact_capacity', step_adjustments = [{{ scaling_adjustment = 0 }}] }}"
        ),
    };
    d.say(&format!("auto_scaling.policies = [{policies}]\n"));
}
