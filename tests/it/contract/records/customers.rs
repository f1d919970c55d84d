//! Samples of customers, of what they hold, and of what they are told.

use boxoffice::domain::billing::order::{Hold, Order, Pause, Standing};
use boxoffice::domain::billing::payment::{HostedPage, HostedPageState, PagePurpose, Shown};
use boxoffice::domain::boxes::event::{BoxEvent, BoxEventKind, BoxState, Broadcast, Notice};
use boxoffice::domain::catalogue::content::Reseller;
use boxoffice::domain::catalogue::kinds::{
    Billing, ContentType, OrderStatus, OrderType, Scope, ServiceStatus, ServiceType,
};
use boxoffice::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use boxoffice::domain::customers::service::{Grant, Origin, Service};
use boxoffice::domain::customers::{
    BoxProfile, CarrierProfile, Customer, CustomerPassword, CustomerStatus, PersonName,
};
use boxoffice::domain::event::{Activity, ActivityAction};
use boxoffice::domain::messages::template::{Template, TemplateKind};
use boxoffice::domain::messages::{Asked, Channel as Way, Message, MessageContent, MessageState};
use boxoffice::domain::staff::Secret;
use boxoffice::domain::values::calendar::Period;
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{
    ActivityId, BoxEventId, ChannelId, CustomerId, DeviceId, HostedPageId, MessageId, MovieId,
    OrderId, PartnerId, PaymentId, ProductOfferId, ProductSpecId, ResellerId, RunId, ServiceId,
    ServiceSpecId,
};
use boxoffice::domain::values::minor::Minor;

use super::{at, euros, open, term, text};

pub fn reseller() -> Reseller {
    Reseller {
        id: ResellerId(6),
        name: text("Corner Shop"),
        users_max: Some(500),
        use_ip_ranges: true,
        created_at: Some(at(7)),
        updated_at: Some(at(8)),
    }
}

pub fn customer() -> Customer {
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

pub fn notice() -> Notice {
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

pub fn box_event() -> BoxEvent {
    BoxEvent {
        id: BoxEventId(250),
        device: DeviceId(251),
        notice: notice(),
    }
}

pub fn broadcast() -> Broadcast {
    Broadcast {
        id: BoxEventId(252),
        notice: notice(),
        reseller: Some(ResellerId(3)),
        before: DeviceId(251),
    }
}

pub fn box_state() -> BoxState {
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

pub fn device() -> Device {
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

pub fn service() -> Service {
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

pub fn order() -> Order {
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

pub fn hosted_page() -> HostedPage {
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

pub fn message() -> Message {
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

pub fn template() -> Template {
    Template {
        kind: TemplateKind::PasswordReset,
        language: text("pt-br"),
        on: true,
        subject: text("Nova senha"),
        text: text("{{ password }}"),
        sms: text("senha {{ password }}"),
    }
}

pub fn activity() -> Activity {
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
