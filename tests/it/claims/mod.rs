//! What the documentation of the services says that anybody can observe, claim by claim: the numbers are those of the
//! project's fact sheets, which count queues, topics and calls on one list, streams and brokers on another.

mod accounts;
mod across;
mod balancers;
mod broker_limits;
mod brokers;
mod budgets;
mod calls;
mod clients;
mod fair_queues;
mod fifo;
mod fleets;
mod function_costs;
mod function_destinations;
mod function_pollers;
mod functions;
mod guards;
mod health_checks;
mod mappings;
mod provisioned;
mod queue_limits;
mod queue_prices;
mod queues;
mod shedding;
mod topic_accounts;
mod topic_changes;
mod topic_costs;
mod topic_crowds;
mod topic_fifo;
mod topic_filters;
mod topic_kinds;
mod topics;
mod visibility;
