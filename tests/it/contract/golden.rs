//! Stored bytes are a contract: what any version ever wrote is read for ever.
//!
//! `data/golden/<table>.v<version>.hex` holds one record of every kind with every field filled.
//! A file that is there is never written again. A new kind or version gets its file from one run
//! with `UPDATE_GOLDEN=1`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use boxoffice::domain::billing::guard::{DayForecast, RunGuard};
use boxoffice::domain::billing::invoice::Invoice;
use boxoffice::domain::billing::order::{Hold, Order, Pause, Standing};
use boxoffice::domain::billing::payment::{HostedPage, HostedPageState, PagePurpose, Shown};
use boxoffice::domain::boxes::event::{BoxEvent, BoxEventKind, BoxState, Broadcast, Notice};
use boxoffice::domain::catalogue::content::{
    Channel, ChannelKind, Genre, ImportStep, Movie, Reseller, Touched,
};
use boxoffice::domain::catalogue::dunning::Ladder;
use boxoffice::domain::catalogue::eligibility::Eligibility;
use boxoffice::domain::catalogue::guide::Programme;
use boxoffice::domain::catalogue::kinds::{
    Billing, Content, ContentType, OfferStatus, OrderStatus, OrderType, ProductStatus, Scope,
    ServiceStatus, ServiceType,
};
use boxoffice::domain::catalogue::{PackageSale, ProductOffer, ProductSpec, ServiceSpec};
use boxoffice::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use boxoffice::domain::customers::service::{Grant, Origin, Service};
use boxoffice::domain::customers::{
    BoxProfile, CarrierProfile, Customer, CustomerPassword, CustomerStatus, PersonName,
};
use boxoffice::domain::event::{Activity, ActivityAction, Audit, Change};
use boxoffice::domain::messages::template::{Template, TemplateKind};
use boxoffice::domain::messages::{
    About, Asked, Channel as Way, Message, MessageContent, MessageState,
};
use boxoffice::domain::partners::pin::{Pin, PinState};
use boxoffice::domain::partners::subscription::{CallAction, PartnerCall, PartnerSubscription};
use boxoffice::domain::partners::{
    Callback, CarrierMark, Partner, PartnerProduct, PartnerTransaction, Pending, PinPolicy,
    TransactionKind, TransactionState,
};
use boxoffice::domain::peers::{BillingPage, Counterpart};
use boxoffice::domain::provider::Provider;
use boxoffice::domain::staff::{Maker, Operator, Role, Secret, Session, Token, TokenId};
use boxoffice::domain::values::calendar::{Period, PeriodCount, Term};
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::delivery::DeliveryState;
use boxoffice::domain::values::id::{
    ActivityId, AuditId, BillingPageId, BoxEventId, ChannelId, CustomerId, DeliveryId, DeviceId,
    GenreId, HookEventId, HostedPageId, ImportStepId, MessageId, MovieId, OperatorId, OrderId,
    PartnerCallId, PartnerId, PartnerSubscriptionId, PartnerTransactionId, PaymentId, PinId,
    ProductOfferId, ProductSpecId, ProgrammeId, ResellerId, RunId, ServiceId, ServiceSpecId,
    WebhookId,
};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Amount, Currency, Share, TaxRate};
use boxoffice::domain::values::open_object::OpenObject;
use boxoffice::domain::values::reasons::Denial;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::domain::webhooks::event::{EventType, HookEvent, Subject};
use boxoffice::domain::webhooks::{Delivery, Webhook};
use boxoffice::store::schema::{RecordVisitor, for_every_record};
use boxoffice::store::{Entries, Record, Table, codec};
use data_encoding::HEXLOWER;
use serde::Serialize;

use super::money;

// ---- samples: every field filled, no two alike, numbers on both sides of one byte

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_494_598_587_134_000 + second * 1_000_000).expect("a year we know")
}

pub fn text(text: &str) -> String {
    text.to_owned()
}

fn open(name: &str) -> OpenObject {
    OpenObject(format!("{{\"{name}\":47.60,\"b\":[null,\"é\"]}}"))
}

pub fn euros(minor: i64) -> Amount {
    Amount {
        minor: minor.into(),
        currency: Currency::parse("EUR").expect("the euro"),
    }
}

pub fn term(count: &str, period: Period) -> Term {
    Term {
        count: PeriodCount::parse(count).expect("a count"),
        period,
    }
}

fn provider() -> Provider {
    Provider {
        name: text("Star City Cable"),
        currency: Currency::parse("KWD").expect("the dinar"),
        time_zone: text("Europe/Berlin"),
        address: Some(text("12 Harbour Street\nTallinn")),
        tax_id: Some(text("EE123456789")),
        bank: Some(text("EE38 2200")),
        invoice_prefix: Some(text("NL-")),
        payment_days: Some(300),
    }
}

fn operator() -> Operator {
    Operator {
        id: OperatorId(2),
        name: text("felicity"),
        role: Role::ContentEditor,
        reseller: Some(ResellerId(251)),
        email: Email::parse("felicity@example.com"),
        password: Secret(text("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
        made_by: Maker::Operator {
            id: OperatorId(1),
            name: text("ada"),
        },
        created_at: at(1),
        updated_at: at(2),
    }
}

fn token() -> Token {
    Token {
        id: TokenId([0, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 250, 255]),
        name: text("billing"),
        role: Role::Manager,
        made_by: Maker::System,
        created_at: at(1),
        expires_at: at(2),
        revoked_at: Some(at(3)),
    }
}

fn session() -> Session {
    let mut secret_hash = [0xa5; 32];
    secret_hash[0] = 0;
    secret_hash[31] = 255;
    Session {
        secret_hash,
        operator: OperatorId(251),
        created_at: at(1),
        expires_at: at(2),
        password_at: at(3),
    }
}

fn genre() -> Genre {
    Genre {
        id: GenreId(250),
        title: text("Кино"),
    }
}

fn channel() -> Channel {
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

fn programme() -> Programme {
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

fn movie() -> Movie {
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

fn import_step() -> ImportStep {
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

fn reseller() -> Reseller {
    Reseller {
        id: ResellerId(6),
        name: text("Corner Shop"),
        users_max: Some(500),
        use_ip_ranges: true,
        created_at: Some(at(7)),
        updated_at: Some(at(8)),
    }
}

fn partner() -> Partner {
    Partner {
        id: PartnerId(7),
        key: text("arcade"),
        name: text("Arcade Games"),
        api_key_hash: Some(Secret(text("9f86d081884c7d65"))),
        products: vec![
            PartnerProduct {
                code: text("coin"),
                title: text("A coin"),
                sold_with: vec![ProductSpecId(301), ProductSpecId(2)],
            },
            PartnerProduct {
                code: text("life"),
                title: text("Another life"),
                sold_with: vec![],
            },
        ],
        currencies: vec![Currency::USD, Currency::parse("JPY").expect("the yen")],
        old_api_key: Some((Secret(text("ba7816bf8f01cfea")), at(9))),
        share: Share::parse("62.5").expect("a share"),
        requests_per_second: 300,
        on: true,
        callback: Some(Callback {
            url: text("https://arcade.example/m1"),
            api_key: Secret(text("theirs")),
            retries: 5,
            interval_seconds: 300,
            error_email: Some(text("ops@arcade.example")),
        }),
        refunds: true,
        pin_policy: PinPolicy::FirstCharge,
        sends_pin: true,
        per_charge_limit: Some(euros(1_000)),
        monthly_limit: Some(euros(-1)),
        agreed: true,
        key_made_by: Maker::Token {
            id: token().id,
            name: text("billing"),
        },
        old_key_made_by: Maker::Unknown,
    }
}

fn partner_transaction() -> PartnerTransaction {
    PartnerTransaction {
        id: PartnerTransactionId(300),
        public_id: [7; 16],
        partner: PartnerId(7),
        ext_id: text("NFLX-000123"),
        kind: TransactionKind::Refund {
            of: PartnerTransactionId(299),
        },
        customer: CustomerId(2),
        amount: euros(999),
        account_hash: [8; 32],
        tax_minor: Minor::of(160),
        tax_rate: TaxRate::parse("19").expect("a rate"),
        partner_minor: Minor::of(587),
        product: Some(text("coin")),
        description: text("Mesačne"),
        fingerprint: [9; 32],
        state: TransactionState::Processing,
        refunded_minor: Minor::of(400),
        refunding_minor: Minor::of(300),
        carrier: Some(CarrierMark([0xca; 32])),
        pending: Some(Pending {
            account: Secret(text("+421905000001")),
            attempts: 251,
            due_at: Some(at(7)),
            pin: Some(PinId(260)),
        }),
        created_at: at(5),
        completed_at: Some(at(6)),
    }
}

fn service_spec() -> ServiceSpec {
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

fn product_spec() -> ProductSpec {
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

fn product_offer() -> ProductOffer {
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

fn customer() -> Customer {
    Customer {
        id: CustomerId(0x0123_4567_89ab_cdef),
        login: Some(text("oliver")),
        account_number: Some(text("A-17")),
        name: PersonName {
            title: text("Dr"),
            first: text("Oliver"),
            last: text("Queen"),
            middle: text("Jonas"),
            prefix: text("Mr"),
            suffix: text("Sr"),
            full: Some(text("Oliver Jonas Queen")),
        },
        email: Email::parse("Oliver@queen.com"),
        phones: vec![text("+12065550100"), text("555")],
        status: CustomerStatus::SuspendedByBilling,
        service_provider: text("alphaott"),
        location: Some(open("latitude")),
        address: Some(open("street")),
        billing_address: Some(open("zip")),
        external_refs: vec![open("ref")],
        password: CustomerPassword::Hash(Secret(text("$argon2id$x"))),
        created_at: at(1),
        activated_at: Some(at(2)),
        updated_at: at(3),
        primary_order: Some(OrderId(4)),
        reseller: Some(ResellerId(5)),
        carrier: CarrierProfile {
            prepaid: true,
            barred: false,
            monthly_limit: Some(euros(5_000)),
        },
        opening_balance: Some(euros(-307)),
        box_profile: BoxProfile {
            comment: text("Third floor"),
            end_at: Some(at(6)),
            modules: vec![text("radio"), text("weather")],
            additional_services_on: true,
            account_balance: text("12.50"),
            chosen_packages: vec![ServiceSpecId(7), ServiceSpecId(300)],
            end_done: true,
            single_channels: Some(vec![text("27"), text("")]),
            disabled_modules: vec![text("vclub")],
            restricted_modules: vec![text("karaoke"), text("tv")],
            end_text: text("until further notice"),
            devices_max: Some(70_000),
        },
        status_changed_at: Some(at(8)),
    }
}

fn notice() -> Notice {
    Notice {
        kind: BoxEventKind::MessageWithVideo,
        text: text("Кино tonight"),
        parameter: text("http://video.example/1"),
        reboot_after_ok: true,
        auto_hide_seconds: 300,
        created_at: at(1),
        valid_until: at(2),
    }
}

fn box_event() -> BoxEvent {
    BoxEvent {
        id: BoxEventId(250),
        device: DeviceId(251),
        notice: notice(),
    }
}

fn broadcast() -> Broadcast {
    Broadcast {
        id: BoxEventId(252),
        notice: notice(),
        reseller: Some(ResellerId(3)),
        before: DeviceId(251),
    }
}

fn box_state() -> BoxState {
    BoxState {
        device: DeviceId(300),
        token_hash: Some([0x5a; 32]),
        address: text("192.0.2.7"),
        version: text("ImageDescription: 0.2.18"),
        last_active_at: Some(at(1)),
        broadcasts_done: [BoxEventId(4), BoxEventId(251)],
        favourites: vec![ChannelId(27), ChannelId(300)],
        favourite_radio: vec![ChannelId(5)],
        last_channel: Some(ChannelId(6)),
        favourite_movies: vec![MovieId(7), MovieId(301)],
        unfinished_movies: vec![(MovieId(8), 3_600)],
        locked_channels: vec![ChannelId(9)],
        parental_pin: Some(Secret(text("5a17"))),
        settings_pin: Some(Secret(text("5a18"))),
        settings: [(text("volume"), text("35"))].into(),
        signed_in_at: Some(at(3)),
        often_moved_at: Some(at(4)),
    }
}

fn device() -> Device {
    Device {
        id: DeviceId(11),
        foreign_id: Some(text("4e8e8494-ef9f-4bc1-9c65-31ef1e372f05")),
        customer: CustomerId(12),
        kind: DeviceKind::Tablet,
        status: DeviceStatus::Retired,
        model: text("Gecko"),
        platform: text("BROWSER"),
        brand: text("Google Inc."),
        serial: text("DA094B950608D8BA"),
        mac: text("82:90:A8:59:D2:B1:C0:76"),
        created_at: at(1),
        removed_at: Some(at(2)),
        status_changed_at: Some(at(3)),
    }
}

fn service() -> Service {
    Service {
        id: ServiceId(13),
        customer: CustomerId(14),
        grant: Grant::Channel(ChannelId(15)),
        origin: Origin::Addon(OrderId(16)),
        status: ServiceStatus::Expired,
        service_type: ServiceType::Radio,
        content_type: ContentType::Radio,
        scope: Scope::OneItem,
        external_refs: vec![open("ref")],
        created_at: at(1),
        activated_at: Some(at(2)),
        updated_at: at(3),
        expires_at: Some(at(4)),
    }
}

fn order() -> Order {
    Order {
        id: OrderId(17),
        foreign_id: Some(text("4qiN5QfYPN8U48nSMRX3FMgJJbJ28HFH")),
        customer: CustomerId(18),
        product: ProductSpecId(19),
        offer: Some(ProductOfferId(20)),
        term: term("3", Period::Year),
        order_type: OrderType::Recurring,
        billing: Billing::Postpaid,
        price_version: 251,
        cycles_total: 24,
        cycles_paid: 300,
        status: OrderStatus::Active,
        standing: Standing::Overdue {
            since: at(7),
            freeze_at: at(8),
            remind_at: Some(at(9)),
            reminders_sent: 2,
        },
        anchor_at: at(1),
        anchor_cycle: 299,
        next_cycle_at: Some(at(2)),
        expires_at: Some(at(3)),
        pauses: vec![Pause {
            cycles: 251,
            micros: 1_000_000,
            ends_at: at(10),
        }],
        time_kept: true,
        held: Some(Hold {
            run: RunId(251),
            until: at(11),
            whole: true,
        }),
        fallback_product: Some(ProductSpecId(21)),
        external_refs: vec![open("ref")],
        served_by_caller: true,
        created_at: at(4),
        activated_at: Some(at(5)),
        updated_at: at(6),
    }
}

fn hosted_page() -> HostedPage {
    HostedPage {
        id: HostedPageId(22),
        code: text("4qiN5QfYPabcdefghijk"),
        customer: CustomerId(23),
        order: OrderId(24),
        purpose: PagePurpose::Extend(ProductOfferId(300)),
        return_url: text("https://shop.example/back?x=1#y"),
        state: HostedPageState::Succeeded,
        payment: Some(PaymentId(25)),
        attempts: 3,
        shown: Some(Shown {
            price_version: 300,
            total: euros(1_270),
            from_balance_minor: Minor::of(70),
        }),
        created_at: at(1),
        expires_at: at(2),
    }
}

fn message() -> Message {
    Message {
        id: MessageId(265),
        customer: CustomerId(266),
        content: MessageContent::Reminder(OrderId(267)),
        state: MessageState::Dead,
        attempts: 300,
        created_at: at(1),
        due_at: Some(at(2)),
        ended_at: Some(at(3)),
        problem: text("550: no such user"),
        address: Some(text("+14165550101")),
        channel: Some(Way::Sms),
        language: Some(text("pt-br")),
        asked: Some(Asked {
            partner: PartnerId(270),
            public_id: [7; 16],
            ext_id: Some(text("n-1")),
            fingerprint: [8; 32],
            text: Some(text("Dear all")),
        }),
        nonce: Some([9; 16]),
    }
}

fn template() -> Template {
    Template {
        kind: TemplateKind::PasswordReset,
        language: text("pt-br"),
        on: true,
        subject: text("Nova senha"),
        text: text("{{ password }}"),
        sms: text("senha {{ password }}"),
    }
}

fn pin() -> Pin {
    Pin {
        id: PinId(280),
        public_id: [1; 16],
        partner: PartnerId(281),
        customer: CustomerId(282),
        nonce: [2; 16],
        digits: 6,
        address: text("user@example.com"),
        purchase: Some(text("buy-1")),
        amount: Some(euros(283)),
        tries_left: 2,
        state: PinState::Validated(at(1)),
        created_at: at(2),
        expires_at: at(3),
    }
}

fn run_guard() -> RunGuard {
    RunGuard {
        forecast: Some(DayForecast {
            made_at: at(1),
            orders: 300,
            invoiced: vec![(Currency::USD, Minor::of(70_000))],
        }),
        prices: vec![(ProductOfferId(251), 3)],
        hold: Some(RunId(301)),
        whole: true,
        alarmed_at: Some(at(3)),
    }
}

fn counterpart() -> Counterpart {
    Counterpart {
        customer: CustomerId(262),
        there: text("58d2e7c3a9f1"),
        changes: 300,
        told: 299,
        untold_since: Some(at(1)),
        problem: text("503: too much at once"),
    }
}

fn billing_page() -> BillingPage {
    BillingPage {
        id: BillingPageId(263),
        there: text("4qiN5QfYP"),
        says: text("chargebee-01"),
        return_url: text("https://shop.example/back?x=1#y"),
        created_at: at(1),
    }
}

fn webhook() -> Webhook {
    Webhook {
        id: WebhookId(275),
        url: text("https://hooks.example/tv?from=box"),
        description: text("The café's CRM"),
        events: vec![text("order.*"), text("payment.failed")],
        on: true,
        waiting_max: 70_000,
        room: 80_000,
        secret: Secret(text("whsec_bmV3")),
        old_secret: Some((Secret(text("whsec_b2xk")), at(1))),
        made_by: Maker::System,
        created_at: at(2),
    }
}

fn hook_event() -> HookEvent {
    let mut name = [0xb7; 16];
    name[0] = 0;
    HookEvent {
        id: HookEventId(276),
        name,
        kind: EventType::OrderFrozen,
        subject: Subject::Order,
        object: 277,
        created_at: at(1),
        body: text("{\"type\":\"order.frozen\",\"é\":1}"),
    }
}

fn delivery() -> Delivery {
    Delivery {
        id: DeliveryId(278),
        webhook: WebhookId(279),
        event: HookEventId(280),
        subject: Subject::PartnerTransaction,
        object: 281,
        state: DeliveryState::Waiting,
        attempts: 300,
        created_at: at(1),
        due_at: Some(at(2)),
        ended_at: Some(at(3)),
        status: 503,
        problem: text("answered 503"),
    }
}

fn partner_subscription() -> PartnerSubscription {
    PartnerSubscription {
        id: PartnerSubscriptionId(285),
        partner: PartnerId(286),
        customer: CustomerId(287),
        product: text("NFLX-STD"),
        there: Some(text("2f1c-é")),
        registration_status: text("INACTIVE"),
        services_status: text("ACTIVE"),
        started_at: at(1),
        // One that is over stands in no index.
        ended_at: None,
    }
}

fn partner_call() -> PartnerCall {
    let mut name = [0xc3; 16];
    name[15] = 0;
    PartnerCall {
        id: PartnerCallId(288),
        name,
        partner: PartnerId(289),
        subscription: PartnerSubscriptionId(290),
        action: CallAction::Update,
        product: text("NFLX-4K"),
        registration: text("ada@tv.example"),
        start_at: Some(at(1)),
        end_at: Some(at(2)),
        state: DeliveryState::Waiting,
        attempts: 300,
        created_at: at(3),
        due_at: Some(at(4)),
        ended_at: Some(at(5)),
        status: 429,
        problem: text("answered 429"),
    }
}

fn activity() -> Activity {
    Activity {
        id: ActivityId(26),
        customer: CustomerId(27),
        device: Some(DeviceId(28)),
        ip: text("2001:db8::1"),
        at: at(1),
        action: ActivityAction::DeviceStatusChanged,
        details: vec![
            (text("before"), text("ACTIVE")),
            (text("after"), text("BROKEN")),
        ],
    }
}

fn audit() -> Audit {
    let mut chain = [0; 32];
    chain[0] = 1;
    chain[31] = 254;
    Audit {
        id: AuditId(29),
        at: at(1),
        actor_kind: text("token"),
        actor_name: text("billing"),
        dialect: text("alphaott"),
        request_id: text("0f3a"),
        action: text("customer.change"),
        subject: (text("customer"), 300),
        changes: vec![Change {
            field: text("email"),
            before: text("a@b.c"),
            after: text("d@e.f"),
        }],
        chain,
    }
}

/// How an error begins that tells of another record than the sample.
const OTHER: &str = "decodes to";

/// Tells whether bytes decode to the sample, or else what is wrong.
type Decode = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// A record of one kind, its type forgotten.
struct Sample {
    table: &'static str,
    version: u8,
    bytes: Vec<u8>,
    decodes: Decode,
    /// The sample has index entries in these tables, and says that it might in those.
    entries: Vec<Table>,
    indexes: &'static [Table],
}

fn sample<R: Record + Debug + PartialEq>(record: R) -> Sample {
    Sample {
        table: R::TABLE.name(),
        version: R::VERSION,
        bytes: codec::encode(&record).expect("bytes"),
        entries: Entries::of(&record)
            .iter()
            .map(|entry| entry.table)
            .collect(),
        indexes: R::INDEXES,
        decodes: Box::new(move |bytes: &[u8]| match codec::decode::<R>(bytes) {
            Ok(found) if found == record => Ok(()),
            Ok(found) => Err(format!("{OTHER} {found:?}")),
            Err(error) => Err(error.to_string()),
        }),
    }
}

fn samples() -> Vec<Sample> {
    vec![
        sample(provider()),
        sample(operator()),
        sample(token()),
        sample(session()),
        sample(genre()),
        sample(channel()),
        sample(programme()),
        sample(movie()),
        sample(import_step()),
        sample(reseller()),
        sample(partner()),
        sample(partner_transaction()),
        sample(money::closed_month()),
        sample(service_spec()),
        sample(product_spec()),
        sample(product_offer()),
        sample(customer()),
        sample(device()),
        sample(box_event()),
        sample(broadcast()),
        sample(box_state()),
        sample(service()),
        sample(order()),
        sample(money::journal_entry()),
        sample(money::account_total()),
        sample(money::invoice()),
        sample(money::open_invoice()),
        sample(money::opening_debt()),
        sample(money::payment()),
        sample(money::voucher_batch()),
        sample(money::voucher()),
        sample(money::used_key()),
        sample(money::run()),
        sample(run_guard()),
        sample(hosted_page()),
        sample(message()),
        sample(template()),
        sample(pin()),
        sample(counterpart()),
        sample(billing_page()),
        sample(webhook()),
        sample(hook_event()),
        sample(delivery()),
        sample(partner_subscription()),
        sample(partner_call()),
        sample(activity()),
        sample(audit()),
    ]
}

/// The tables of all kinds of records, as the store itself walks them.
struct Kinds(Vec<&'static str>);

impl RecordVisitor for Kinds {
    type Error = Infallible;

    fn visit<R: Record>(&mut self) -> Result<(), Infallible> {
        self.0.push(R::TABLE.name());
        Ok(())
    }
}

// ---- files

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/golden")
}

/// Hex in lines, so that a change of one byte is a change of one line.
fn to_file(bytes: &[u8]) -> String {
    let lines: Vec<String> = bytes.chunks(32).map(|line| HEXLOWER.encode(line)).collect();
    lines.join("\n") + "\n"
}

fn from_file(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    HEXLOWER.decode(digits.as_bytes()).expect("lower-case hex")
}

/// What is wrong with the file of a sample; writes it where it is missing and wanted.
fn fault(sample: &Sample, update: bool) -> Option<String> {
    let name = format!("{}.v{}.hex", sample.table, sample.version);
    let path = folder().join(&name);
    if !path.exists() && update {
        std::fs::create_dir_all(folder()).expect("the folder");
        std::fs::write(&path, to_file(&sample.bytes)).expect("the file");
    }
    let Ok(file) = std::fs::read_to_string(&path) else {
        return Some(format!("{name} is missing: UPDATE_GOLDEN=1 makes it"));
    };
    let golden = from_file(&file);
    if let Err(problem) = (sample.decodes)(&golden) {
        return Some(format!("{name} is no longer the sample: {problem}"));
    }
    (golden != sample.bytes).then(|| {
        let now = to_file(&sample.bytes);
        format!("{name} is written in other bytes now, which needs a new version:\n{now}")
    })
}

#[test]
fn records_keep_their_bytes() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let faults: Vec<String> = samples()
        .iter()
        .filter_map(|sample| fault(sample, update))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kind_of_record_has_a_sample() {
    let mut kinds = Kinds(Vec::new());
    let Ok(()) = for_every_record(&mut kinds);
    let tables: Vec<&str> = samples().iter().map(|sample| sample.table).collect();
    assert_eq!(tables, kinds.0);
}

/// What is new in a record is for new ones: old orders, invoices and charges keep what they have.
#[test]
fn what_was_stored_before_keeps_its_meaning() {
    fn old<T: Record>(name: &str) -> T {
        let text = std::fs::read_to_string(folder().join(name)).expect("a golden file");
        let bytes = from_file(&text);
        T::upgrade(bytes[0], &bytes[1..]).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
    let invoice: Invoice = old("invoices.v1.hex");
    assert!(!invoice.lines.is_empty() && invoice.lines.iter().all(|line| line.by_day));
    for name in ["orders.v1.hex", "orders.v2.hex", "orders.v3.hex"] {
        assert!(!old::<Order>(name).time_kept, "{name}");
    }
    for name in ["offers.v3.hex", "offers.v4.hex"] {
        let offer: ProductOffer = old(name);
        let mut charges = offer.prices.iter().flat_map(|price| &price.charges);
        assert!(charges.all(|charge| !charge.refundable), "{name}");
    }
}

/// Also those that no sample writes any more: what an old version wrote is upgraded as it is read.
#[test]
fn every_file_still_decodes() {
    let kinds: BTreeMap<&str, Sample> = samples()
        .into_iter()
        .map(|sample| (sample.table, sample))
        .collect();
    for file in std::fs::read_dir(folder()).expect("the folder") {
        let path = file.expect("a file").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let parts: Vec<&str> = name.split('.').collect();
        let [table, version, "hex"] = parts[..] else {
            panic!("{name} is no golden file")
        };
        let sample = kinds
            .get(table)
            .unwrap_or_else(|| panic!("{name}: no such table"));
        let bytes = from_file(&std::fs::read_to_string(&path).expect("text"));
        assert_eq!(format!("v{}", bytes[0]), version, "{name}");
        if bytes[0] != sample.version {
            // An upgraded record need not be the sample, but it must be one.
            if let Err(problem) = (sample.decodes)(&bytes) {
                assert!(
                    problem.starts_with(OTHER),
                    "{name} can no longer be read: {problem}"
                );
            }
        }
    }
}

/// `check` looks for entries nobody makes in these tables only.
#[test]
fn records_name_all_their_indexes() {
    for sample in samples() {
        for entry in &sample.entries {
            assert!(
                sample.indexes.contains(entry),
                "{} hides {entry:?}",
                sample.table
            );
        }
    }
}

// ---- enums, which are stored by position

pub fn bytes_of<T: Serialize>(value: &T) -> Vec<u8> {
    codec::bytes_of(value).expect("bytes")
}

/// Variants in the order of their positions. The match has no wildcard: a new variant does not
/// compile until it is listed, and anywhere but at the end it moves the others.
macro_rules! positions {
    ($name:ident: $($variant:ident),*) => {{
        let listed = |value: &$name| match value { $($name::$variant => ()),* };
        for (position, variant) in (0_u8..).zip([$($name::$variant),*]) {
            listed(&variant);
            assert_eq!(bytes_of(&variant), [position], "{variant:?}");
            assert_eq!(variant as u8, position, "{variant:?} in a key");
        }
    }};
}

#[test]
fn variants_keep_their_positions() {
    positions!(CustomerStatus: Active, Inactive, AwaitingAuthorization, SuspendedByCustomer,
        SuspendedByBilling, Deleted);
    positions!(DeviceKind: Unknown, Stb, Pc, Tv, Mobile, Tablet);
    positions!(DeviceStatus: Active, Inactive, Broken, Stock, Retired);
    positions!(ServiceType: LiveTv, CatchupTv, Radio, Vod, Apps);
    positions!(ContentType: Tv, Radio, Movie, App, TvShow);
    positions!(Scope: OneItem, AllItems);
    positions!(ServiceStatus: Active, Inactive, Expired, Frozen, Deleted);
    positions!(ProductStatus: Active, Inactive, Expired, Draft);
    positions!(OfferStatus: Active, Inactive);
    positions!(OrderType: OneTime, Recurring);
    positions!(Billing: Prepaid, Postpaid, External);
    positions!(Period: Day, Month, Quarter, Year);
    positions!(OrderStatus: Active, Inactive, Expired, Canceled, Deleted);
    positions!(HostedPageState: Created, Requested, Succeeded, Cancelled, Acknowledged);
    positions!(ChannelKind: Tv, Radio);
    positions!(Role: Owner, Manager, Support, Cashier, ContentEditor, Dealer, Auditor, Api);
    positions!(Way: Email, Sms);
    positions!(About: Purchase, Charge, Refund);
    positions!(TemplateKind: Pin, Purchase, Charge, Refund, General, Invoice, CreditNote,
        Reminder, PaymentFailed, ExpiryReminder, Welcome, PasswordReset);
    positions!(PinPolicy: Off, FirstCharge, EveryCharge);
    positions!(Denial: SuspendedNonPayment, Suspended, NotEligible, InsufficientFunds,
        SpendingLimit, AmountLimit, NoAccount, RefundNotAllowed, NotCharged);
    positions!(BoxEventKind: Message, MessageWithVideo, Reboot, ReloadPortal, UpdateSubscription,
        UpdateModules, PlayChannel, PlayRadioChannel, UpdateImage, ShowMenu, CutOff, CutOn,
        UpdateGuide);
    positions!(Subject: Customer, Order, Service, Invoice, Payment, PartnerTransaction, Webhook);
    positions!(CallAction: Add, Update, Delete);
    positions!(DeliveryState: Waiting, Delivered, Dead);
    positions!(EventType: Ping, CustomerCreated, CustomerUpdated, CustomerActivated,
        CustomerSuspended, CustomerDeactivated, CustomerDeleted, OrderCreated, OrderUpdated,
        OrderActivated, OrderRenewed, OrderOverdue, OrderFrozen, OrderPaused, OrderCanceled,
        OrderEnded, OrderDeleted, ServiceCreated, ServiceUpdated, ServiceActivated, ServiceFrozen,
        ServiceEnded, ServiceDeleted, InvoiceCreated, InvoiceUpdated, InvoicePaid, PaymentCreated,
        PaymentUpdated, PaymentSucceeded, PaymentFailed, PaymentRefunded, PaymentDisputed,
        PartnerTransactionCreated, PartnerTransactionUpdated, PartnerTransactionSucceeded,
        PartnerTransactionDenied, PartnerTransactionRefunded, PartnerTransactionDeleted);
    positions!(ActivityAction: SignedIn, StatusChanged, PasswordChanged, PasswordReset,
        DeviceAdded, DeviceRemoved, DeviceStatusChanged, OrderPlaced, OrderStatusChanged,
        DeviceMovedOften);
}

#[test]
fn variants_with_contents_keep_their_positions() {
    let first = Timestamp::from_micros(0).expect("1970");
    for (bytes, golden) in [
        (bytes_of(&CustomerPassword::Unset), vec![0]),
        (
            bytes_of(&CustomerPassword::Hash(Secret(text("x")))),
            vec![1, 1, b'x'],
        ),
        (bytes_of(&CustomerPassword::Reset(first)), vec![2, 0]),
        (
            bytes_of(&CustomerPassword::Quick(Secret(text("x")))),
            vec![3, 1, b'x'],
        ),
        (
            bytes_of(&CustomerPassword::Hardened(Secret(text("x")))),
            vec![4, 1, b'x'],
        ),
        (bytes_of(&Content::All), vec![0]),
        (
            bytes_of(&Content::Channels(vec![ChannelId(5)])),
            vec![1, 1, 5],
        ),
        (bytes_of(&Content::Movies(vec![MovieId(5)])), vec![2, 1, 5]),
        (
            bytes_of(&Content::Modules(vec![text("x")])),
            vec![3, 1, 1, b'x'],
        ),
        (bytes_of(&Grant::Spec(ServiceSpecId(5))), vec![0, 5]),
        (bytes_of(&Grant::Channel(ChannelId(5))), vec![1, 5]),
        (bytes_of(&Origin::Order(OrderId(5))), vec![0, 5]),
        (bytes_of(&Origin::Addon(OrderId(5))), vec![1, 5]),
        (bytes_of(&Origin::Item), vec![2]),
        (bytes_of(&Origin::Direct), vec![3]),
        (bytes_of(&PinState::Live), vec![0]),
        (bytes_of(&PinState::Replaced), vec![1]),
        (bytes_of(&PinState::Validated(first)), vec![2, 0]),
        (bytes_of(&PinState::Spent(first)), vec![3, 0]),
        (bytes_of(&PinState::Burnt), vec![4]),
        (bytes_of(&MessageContent::Pin(PinId(5))), vec![2, 5]),
        (
            bytes_of(&MessageContent::Transaction(
                PartnerTransactionId(5),
                About::Refund,
            )),
            vec![3, 5, 2],
        ),
        (bytes_of(&MessageContent::General), vec![4]),
        (
            bytes_of(&MessageContent::PaymentFailed(PaymentId(5))),
            vec![5, 5],
        ),
        (bytes_of(&MessageContent::Expiry(OrderId(5))), vec![6, 5]),
        (bytes_of(&MessageContent::Welcome), vec![7]),
        (bytes_of(&MessageContent::PasswordReset), vec![8]),
        (bytes_of(&MessageContent::Debt), vec![9]),
    ] {
        assert_eq!(bytes, golden);
    }
}

#[test]
fn plain_values_keep_their_bytes() {
    let late = Timestamp::from_micros(1_000).expect("1970");
    for (bytes, golden) in [
        // Signed numbers are folded: 1,000 becomes 2,000, which takes a mark and two bytes.
        (bytes_of(&late), vec![251, 0xd0, 0x07]),
        (bytes_of(&CustomerId(250)), vec![250]),
        (bytes_of(&CustomerId(251)), vec![251, 251, 0]),
        (bytes_of(&Currency::USD), b"USD".to_vec()),
        (
            bytes_of(&Amount {
                minor: Minor::of(-1),
                currency: Currency::USD,
            }),
            b"\x01USD".to_vec(),
        ),
        (
            bytes_of(&PeriodCount::whole(1).expect("one")),
            vec![251, 0xe8, 0x03],
        ),
        (bytes_of(&Some(OrderId(1))), vec![1, 1]),
        (bytes_of(&None::<OrderId>), vec![0]),
        (bytes_of(&(true, false)), vec![1, 0]),
        (bytes_of(&TokenId([255; 16])), vec![255; 16]),
    ] {
        assert_eq!(bytes, golden);
    }
}
