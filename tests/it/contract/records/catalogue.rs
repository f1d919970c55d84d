//! Samples of what is for sale and what is shown.

use boxoffice::domain::catalogue::content::{
    Channel, ChannelKind, Genre, ImportStep, Movie, Touched,
};
use boxoffice::domain::catalogue::dunning::Ladder;
use boxoffice::domain::catalogue::eligibility::Eligibility;
use boxoffice::domain::catalogue::guide::Programme;
use boxoffice::domain::catalogue::kinds::{
    Billing, Content, ContentType, OfferStatus, OrderType, ProductStatus, Scope, ServiceStatus,
    ServiceType,
};
use boxoffice::domain::catalogue::{PackageSale, ProductOffer, ProductSpec, ServiceSpec};
use boxoffice::domain::values::calendar::{Period, PeriodCount};
use boxoffice::domain::values::id::{
    ChannelId, GenreId, ImportStepId, MovieId, ProductOfferId, ProductSpecId, ProgrammeId,
    ServiceSpecId,
};

use super::{at, euros, open, term, text};
use crate::contract::money;

pub fn genre() -> Genre {
    Genre {
        id: GenreId(250),
        title: text("Кино"),
    }
}

pub fn channel() -> Channel {
    Channel {
        id: ChannelId(300),
        name: text("News"),
        number: 70_000,
        kind: ChannelKind::Radio,
        genre: Some(GenreId(3)),
        url: text("http://cast.example/news.m3u8"),
        logo: text("https://img.example/news.png"),
        xmltv_id: text("news.example"),
        base_channel: true,
        censored: false,
        archive_days: 14,
        guide_name: text("News 24"),
        guide_shift_minutes: -90,
        source: text("/var/list.m3u"),
        hidden: true,
    }
}

pub fn programme() -> Programme {
    Programme {
        id: ProgrammeId(268),
        channel: ChannelId(300),
        start_at: at(1),
        stop_at: at(1_801),
        title: text("Вести"),
        description: text("What happened,\nand where"),
        category: text("News"),
        director: text("Jane Doe"),
        actors: text("Mary Major, Richard Roe"),
    }
}

pub fn movie() -> Movie {
    Movie {
        id: MovieId(5),
        title: text("Metropolis"),
        genre: Some(GenreId(251)),
        url: text("http://cast.example/metropolis"),
        poster: text("https://img.example/metropolis.png"),
        year: Some(1927),
        description: text("A city\nand its heart"),
        duration_minutes: Some(153),
        source: text("http://lists.example 01234567"),
    }
}

pub fn import_step() -> ImportStep {
    let touched = |number: u64| Touched {
        number,
        before: Some(vec![2, 0, 255]),
        after: Some(vec![2, 1]),
    };
    ImportStep {
        id: ImportStepId(253),
        import: ImportStepId(252),
        source: text("/var/list.m3u"),
        at: at(1),
        channels: vec![touched(300)],
        movies: vec![touched(5)],
        genres: vec![GenreId(250), GenreId(251)],
    }
}

pub fn service_spec() -> ServiceSpec {
    ServiceSpec {
        id: ServiceSpecId(8),
        foreign_id: Some(text("4e8e8494-ef9f-4bc1-9c65-31ef1e372f05")),
        external_id: Some(text("family")),
        title: text("Family"),
        description: text("Every channel"),
        service_type: ServiceType::CatchupTv,
        content_type: ContentType::Movie,
        scope: Scope::AllItems,
        content: Content::Movies(vec![MovieId(1), MovieId(1_000)]),
        sale: PackageSale {
            periodic: true,
            rent_duration_hours: 48,
            price: Some(euros(10_250)),
        },
        status: ServiceStatus::Frozen,
        created_at: at(1),
        activated_at: Some(at(2)),
        updated_at: at(3),
        expires_at: Some(at(4)),
        external_refs: vec![open("ref")],
    }
}

pub fn product_spec() -> ProductSpec {
    ProductSpec {
        id: ProductSpecId(9),
        foreign_id: Some(text("5915c3bacc8e1e13969de081")),
        external_id: Some(text("plan-9")),
        title: text("Plan 9"),
        description: text("From outer space"),
        scope: Scope::OneItem,
        status: ProductStatus::Draft,
        service_specs: vec![ServiceSpecId(1), ServiceSpecId(70_000)],
        optional_service_specs: vec![ServiceSpecId(2)],
        user_default: true,
        days_to_expires: 365,
        devices_max: Some(300),
        posters: vec![open("cover")],
        external_refs: vec![open("ref"), open("other")],
        created_at: at(1),
        updated_at: at(2),
        expires_at: Some(at(3)),
        removed_at: Some(at(4)),
    }
}

pub fn product_offer() -> ProductOffer {
    ProductOffer {
        id: ProductOfferId(10),
        foreign_id: Some(text("5915c3e3201c2313ee14be2f")),
        product: ProductSpecId(9),
        title: text("Monthly"),
        description: text("Paid every month"),
        term: term("1.5", Period::Quarter),
        cycles_total: PeriodCount::parse("12.25").expect("a count"),
        order_type: OrderType::Recurring,
        status: OfferStatus::Inactive,
        billing: Billing::Postpaid,
        charges: vec![open("amount")],
        dunning: Some(open("steps")),
        prices: vec![money::price()],
        ladder: Some(Ladder {
            grace_days: 300,
            reminder_days: vec![3, 251],
            suspend_days: 30,
        }),
        eligibility: Eligibility {
            new_customers: true,
            once_per_customer: false,
            with_products: vec![ProductSpecId(264), ProductSpecId(3)],
        },
        external_refs: vec![open("ref")],
        created_at: at(1),
        updated_at: at(2),
        expires_at: Some(at(3)),
        removed_at: Some(at(4)),
    }
}
