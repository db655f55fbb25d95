//! How a filter is made of what a scenario says about it.

use super::billing::scanned;
use super::filter::{Filter, FilterChange, Policy};
use super::filter_policy::Rules;
use super::policy::too;
use super::subscriber::{FilterSpec, ScopeSpec, SubscriberTableSpec};
use super::subscription::Topic;
use crate::components::NodeSite;
use crate::components::spec::many;
use crate::components::traits::Moment;
use crate::diagnostic::{Span, nearest};
use crate::engine::SimTime;
use crate::facts::sns;
use crate::site::{Any, At};
use crate::traffic::Keys;
use crate::units::{Duration, Share};
use std::sync::Arc;

impl SubscriberTableSpec {
    /// The filter that it begins with.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn filter(&self, topic: &mut Topic, site: &mut NodeSite<'_, '_>) -> Option<Option<Filter>> {
        let Self { filter, filter_policy, filter_policy_scope, .. } = self;
        build(filter.as_ref(), filter_policy.as_ref(), *filter_policy_scope, topic, site)
    }

    /// The filter that it gets later, and when that is felt.
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn filter_change(
        &self,
        topic: &mut Topic,
        site: &mut NodeSite<'_, '_>,
    ) -> Option<Option<Box<FilterChange>>> {
        let Some(At { value, span }) = &self.filter_change else { return Some(None) };
        let mut part = site.site.part("filter_change", *span);
        let most = &sns::FILTER_CHANGE_LAG_MAX;
        let fine = part.within("lag", value.lag.as_ref(), Duration::ZERO..=most.value, most);
        let at = part.required("at", value.at);
        let lag = part.or_fact("lag", value.lag, most);
        let mut inner = NodeSite {
            site: &mut part,
            read: site.read,
            plan: site.plan,
            node: site.node,
            catalogue: site.catalogue,
            losses: site.losses,
            traits: site.traits,
        };
        let (filter, policy) = (value.filter.as_ref(), value.filter_policy.as_ref());
        let filter = build(filter, policy, value.filter_policy_scope, topic, &mut inner)?;
        let felt = SimTime::ZERO + at?.get() + lag.get();
        if let Some(written) = value.at {
            site.traits.moments.push(Moment {
                at: At::new(felt, written.span),
                label: format!("{}: other filter", self.to.value),
                what: format!("with its lag of {lag} this filter is felt"),
                is_for_newcomers: true,
            });
        }
        fine.then(|| Some(Box::new(FilterChange { felt, filter: filter.map(Arc::new) })))
    }
}

#[allow(clippy::option_option, reason = "the outer one says whether all is well")]
fn build(
    written: Option<&At<FilterSpec>>,
    policy: Option<&At<Any>>,
    scope: Option<At<ScopeSpec>>,
    topic: &mut Topic,
    site: &mut NodeSite<'_, '_>,
) -> Option<Option<Filter>> {
    let mut filter = match written {
        Some(at) => Some(at.value.build(at.span, site)?),
        None => None,
    };
    let Some(at) = policy else {
        if let Some(scope) = scope {
            site.site
                .error(scope.span, "S032", "`filter_policy_scope` has no effect without a `filter_policy`")
                .hint("leave it out, or write the policy");
            return None;
        }
        return Some(filter);
    };
    let scope = site.site.or_default("filter_policy_scope", scope, ScopeSpec::MessageAttributes, "the service's own");
    let in_body = scope == ScopeSpec::MessageBody;
    let rules = Rules::build(at, in_body, site.site)?;
    site.site.written("filter_policy", at.clone());
    warn_of_unknown(&rules, at, in_body, site);
    let scanned = in_body.then(|| *topic.rare.scanned.get_or_insert_with(|| scanned(site)));
    let contents = site.plan.flow_contents.clone();
    let filter = filter.get_or_insert(Filter { share: 1.0, keys: None, policy: None });
    filter.policy = Some(Policy { rules, scanned, contents });
    Some(Some(filter.clone()))
}

/// Warns of attributes, or fields of the body, that no message has: their values are never found.
fn warn_of_unknown(rules: &Rules, at: &At<Any>, in_body: bool, site: &mut NodeSite<'_, '_>) {
    let contents = site.plan.flow_contents.iter().flatten();
    let fields = contents.map(|contents| if in_body { &contents.body } else { &contents.attributes });
    let known: Vec<&str> = fields.flat_map(|fields| fields.keys().map(String::as_str)).collect();
    let (what, key) = if in_body { ("field in its body", "body") } else { ("attribute", "attributes") };
    for name in rules.demanded().filter(|name| !known.contains(name)) {
        let span = if let Any::Table(table) = &at.value { table.get(name).map(|at| at.span) } else { None };
        site.site
            .warn(
                span.unwrap_or(at.span),
                "S051",
                format!("no message has the {what} `{name}`: this filter never matches"),
            )
            .note(format!("a filter looks at what the traffic says of its messages with `{key}`"))
            .hint(format!("write `{key} = {{ {name} = ... }}` in the `[traffic]` that comes here"))
            .did_you_mean(nearest(name, known.iter().copied()));
    }
}

/// So many keys of a flow are looked at for one that was probably meant.
const CANDIDATES: u32 = 1000;

impl FilterSpec {
    fn build(&self, span: Span, site: &mut NodeSite<'_, '_>) -> Option<Filter> {
        if self.share.is_none() && self.key.is_none() {
            site.site
                .error(span, "S012", "a filter says which messages it lets through")
                .hint("write `filter = { share = \"50%\" }` or `filter = { key = [\"key-0\", \"key-1\"] }`");
            return None;
        }
        let list = many(self.key.clone());
        let most = usize::try_from(sns::FILTER_COMBINATIONS_MAX.value).unwrap_or(usize::MAX);
        if list.len() > most {
            site.site
                .error(span, "S030", format!("this filter has {} values", list.len()))
                .label(format!("at most {most}"))
                .note(too(&sns::FILTER_COMBINATIONS_MAX));
            return None;
        }
        if let Some(at) = self.key.as_ref().filter(|_| list.is_empty()) {
            site.site
                .error(at.span, "S012", "an empty list lets nothing through")
                .hint("name the keys that are wanted, or leave it out");
            return None;
        }
        let mut part = site.site.part("filter", span);
        let share = self.share.map_or(Share::ALL, |at| part.written("share", at));
        let flows = &site.plan.flow_keys;
        let wanted = list.iter().map(|at| at.value.as_str()).collect();
        let (numbers, unknown) = Filter::keys_of(&wanted, flows);
        let fine = unknown.is_empty();
        for at in list.iter().filter(|at| unknown.contains(at.value.as_str())) {
            let some = |keys: &Keys| (0..keys.count().min(CANDIDATES)).map(|key| keys.text(key)).collect::<Vec<_>>();
            let texts: Vec<String> = flows.iter().flatten().flat_map(some).collect();
            part.error(at.span, "S020", format!("no message has the key `{}`", at.value))
                .did_you_mean(nearest(&at.value, texts.iter().map(String::as_str)))
                .note("keys are those of the traffic: `key = { distinct = 10 }` makes `key-0` to `key-9`");
        }
        let keys = self.key.as_ref().map(|_| numbers);
        if let Some(at) = &self.key {
            part.written("key", At::new(list.into_iter().map(|at| at.value).collect::<Vec<_>>(), at.span));
        }
        fine.then(|| Filter { share: share.get(), keys, policy: None })
    }
}
