//! ITV, TARIFFS and SERVICES_PACKAGE: what there is to have (stalker-rest-v1 §2.7, §2.9, §2.10).

use crate::domain::catalogue::content::{Channel, ChannelKind};
use crate::domain::catalogue::kinds::{Content, ServiceType};
use crate::domain::catalogue::{ProductSpec, ServiceSpec};
use crate::domain::values::money::Amount;
use crate::ops::catalogue::packages as goods;
use crate::ops::catalogue::packages::Range;
use crate::wire::kit::php::{Json, Object};

use super::answer::{Answer, Failure};
use crate::wire::stalker::call::Call;

/// The first identifier as a number; what is none is nothing's (B25).
fn number(call: &Call) -> Option<u64> {
    call.names().first().and_then(|name| name.parse().ok())
}

pub fn channels(call: &Call) -> Result<Answer, Failure> {
    let mut channels = goods::channels(&call.ctx)?;
    channels.retain(|channel| channel.kind == ChannelKind::Tv);
    if !call.means_all() {
        let ids: Vec<u64> = call.names().iter().filter_map(|n| n.parse().ok()).collect();
        channels.retain(|channel| ids.contains(&channel.id.0));
    }
    Ok(Answer::Results(Json::array(|a| {
        for channel in &channels {
            a.object(|o| shown_channel(o, channel));
        }
    })))
}

fn shown_channel(o: &mut Object<'_>, channel: &Channel) {
    o.text("id", &channel.id.0.to_string());
    o.text("name", &channel.name);
    o.text("number", &channel.number.to_string());
    o.text("base_ch", if channel.base_channel { "1" } else { "0" });
    o.null("descr");
    o.text("hd", "0");
    o.text("enable_monitoring", "0");
    // The address by which a monitor would watch it; there is none.
    o.text("url", "");
}

pub fn tariffs(call: &Call) -> Result<Answer, Failure> {
    let catalogue = goods::range(&call.ctx)?;
    if call.means_all() {
        return Ok(Answer::Results(Json::array(|a| {
            for plan in &catalogue.plans {
                a.object(|o| shown_plan(o, plan, &catalogue));
            }
        })));
    }
    let plan = number(call).and_then(|id| catalogue.plans.iter().find(|plan| plan.id.0 == id));
    Ok(Answer::Results(plan.map_or_else(Json::null, |plan| {
        Json::object(|o| shown_plan(o, plan, &catalogue))
    })))
}

fn shown_plan(o: &mut Object<'_>, plan: &ProductSpec, catalogue: &Range) {
    o.text("id", &plan.id.0.to_string());
    o.text(
        "external_id",
        plan.external_id.as_deref().unwrap_or_default(),
    );
    o.text("name", &plan.title);
    o.text("user_default", if plan.user_default { "1" } else { "0" });
    o.text("days_to_expires", &plan.days_to_expires.to_string());
    o.array("packages", |a| {
        let included = plan.service_specs.iter().map(|id| (id, "0"));
        let optional = plan.optional_service_specs.iter().map(|id| (id, "1"));
        for (id, is_optional) in included.chain(optional) {
            if let Some(package) = catalogue.packages.get(id) {
                a.object(|o| {
                    shown_package(o, package, catalogue);
                    o.text("optional", is_optional);
                });
            }
        }
    });
}

pub fn packages(call: &Call) -> Result<Answer, Failure> {
    let catalogue = goods::range(&call.ctx)?;
    let shown = |o: &mut Object<'_>, package: &ServiceSpec| {
        shown_package(o, package, &catalogue);
        shown_services(o, package, &catalogue);
    };
    if call.means_all() {
        return Ok(Answer::Results(Json::array(|a| {
            for package in catalogue.packages.values() {
                a.object(|o| shown(o, package));
            }
        })));
    }
    let mut packages = catalogue.packages.values();
    let package = number(call).and_then(|id| packages.find(|package| package.id.0 == id));
    Ok(Answer::Results(
        package.map_or_else(Json::null, |package| Json::object(|o| shown(o, package))),
    ))
}

/// What a package's type is called here.
fn kind(package: &ServiceSpec) -> &'static str {
    match package.service_type {
        ServiceType::LiveTv | ServiceType::CatchupTv => "tv",
        ServiceType::Radio => "radio",
        ServiceType::Vod => "video",
        ServiceType::Apps => "module",
    }
}

fn shown_package(o: &mut Object<'_>, package: &ServiceSpec, catalogue: &Range) {
    o.text("id", &package.id.0.to_string());
    o.text(
        "external_id",
        package.external_id.as_deref().unwrap_or_default(),
    );
    o.text("name", &package.title);
    o.text("description", &package.description);
    o.text("type", kind(package));
    let all = package.content == Content::All;
    o.text("all_services", if all { "1" } else { "0" });
    let periodic = package.sale.periodic;
    o.text("service_type", if periodic { "periodic" } else { "single" });
    o.text(
        "rent_duration",
        &package.sale.rent_duration_hours.to_string(),
    );
    let price = package.sale.price;
    let price = price.unwrap_or_else(|| Amount::zero(catalogue.currency));
    o.text("price", &price.to_fixed());
}

/// `all`, or items by name, or names of modules (§2.10).
fn shown_services(o: &mut Object<'_>, package: &ServiceSpec, catalogue: &Range) {
    let mut items: Vec<(&str, String)> = match &package.content {
        Content::All => {
            o.text("services", "all");
            return;
        }
        Content::Modules(names) => {
            o.texts("services", names);
            return;
        }
        Content::Channels(ids) => ids
            .iter()
            .filter_map(|id| Some((catalogue.channels.get(id)?.as_str(), id.0.to_string())))
            .collect(),
        Content::Movies(ids) => ids
            .iter()
            .filter_map(|id| Some((catalogue.movies.get(id)?.as_str(), id.0.to_string())))
            .collect(),
    };
    items.sort();
    o.array("services", |a| {
        for (name, id) in &items {
            a.object(|o| {
                o.text("id", id);
                o.text("name", name);
            });
        }
    });
}
