//! How a filter is made of what a scenario says about it.

use super::filter::{Filter, Policy};
use super::filter_policy::Rules;
use super::policy::too;
use super::subscriber::{FilterSpec, ScopeSpec, SubscriberTableSpec};
use super::subscription::Topic;
use crate::components::NodeSite;
use crate::components::spec::many;
use crate::diagnostic::{Span, nearest};
use crate::facts::sns;
use crate::site::At;
use crate::traffic::Keys;
use crate::units::Share;

impl SubscriberTableSpec {
    #[allow(clippy::option_option, reason = "the outer one says whether all is well")]
    pub(super) fn filter(&self, topic: &mut Topic, site: &mut NodeSite<'_, '_>) -> Option<Option<Filter>> {
        let mut filter = match &self.filter {
            Some(at) => Some(at.value.build(at.span, site)?),
            None => None,
        };
        let Some(at) = &self.filter_policy else {
            if let Some(scope) = self.filter_policy_scope {
                site.site
                    .error(scope.span, "S032", "`filter_policy_scope` has no effect without a `filter_policy`")
                    .hint("leave it out, or write the policy");
                return None;
            }
            return Some(filter);
        };
        let scope = site.site.or_default(
            "filter_policy_scope",
            self.filter_policy_scope,
            ScopeSpec::MessageAttributes,
            "the service's own",
        );
        let in_body = scope == ScopeSpec::MessageBody;
        let rules = Rules::build(at, in_body, site.site)?;
        site.site.written("filter_policy", at.clone());
        let scanned =
            in_body.then(|| *topic.rare.scanned.get_or_insert_with(|| site.counter("body_filter_bytes", "bytes")));
        let contents = site.plan.flow_contents.clone();
        let filter = filter.get_or_insert(Filter { share: 1.0, keys: None, policy: None });
        filter.policy = Some(Policy { rules, scanned, contents });
        Some(Some(filter.clone()))
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
