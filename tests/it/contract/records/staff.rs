//! Samples of the operator's own records, what is told to others, and the audit log.

use boxoffice::domain::billing::guard::{DayForecast, RunGuard};
use boxoffice::domain::event::{Audit, Change};
use boxoffice::domain::peers::{BillingPage, Counterpart};
use boxoffice::domain::provider::Provider;
use boxoffice::domain::second_factor::SecondFactor;
use boxoffice::domain::staff::{Maker, Operator, Role, Secret, Session, Token, TokenId};
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::delivery::DeliveryState;
use boxoffice::domain::values::id::{
    AuditId, BillingPageId, CustomerId, DeliveryId, HookEventId, OperatorId, ProductOfferId,
    ResellerId, RunId, WebhookId,
};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::Currency;
use boxoffice::domain::webhooks::event::{EventType, HookEvent, Subject};
use boxoffice::domain::webhooks::{Delivery, Webhook};

use super::{at, text};

pub fn provider() -> Provider {
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

pub fn operator() -> Operator {
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
        second_factor: Some(SecondFactor {
            seed: Secret(text("00a1ff")),
            since: at(3),
            used_step: 58_000_300,
            recovery: vec![Secret(text("0b")), Secret(text("fe01"))],
        }),
        begun_factor: Some(Secret(text("ff00"))),
    }
}

pub fn token() -> Token {
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

pub fn session() -> Session {
    let mut secret_hash = [0xa5; 32];
    secret_hash[0] = 0;
    secret_hash[31] = 255;
    Session {
        secret_hash,
        operator: OperatorId(251),
        created_at: at(1),
        expires_at: at(2),
        confirmed_at: at(3),
        last_used_at: at(4),
        address: text("2001:db8::1"),
        agent: text("Mozilla/5.0 (X11; Linux)"),
    }
}

pub fn run_guard() -> RunGuard {
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

pub fn counterpart() -> Counterpart {
    Counterpart {
        customer: CustomerId(262),
        there: text("58d2e7c3a9f1"),
        changes: 300,
        told: 299,
        untold_since: Some(at(1)),
        problem: text("503: too much at once"),
    }
}

pub fn billing_page() -> BillingPage {
    BillingPage {
        id: BillingPageId(263),
        there: text("4qiN5QfYP"),
        says: text("chargebee-01"),
        return_url: text("https://shop.example/back?x=1#y"),
        created_at: at(1),
    }
}

pub fn webhook() -> Webhook {
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

pub fn hook_event() -> HookEvent {
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

pub fn delivery() -> Delivery {
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

pub fn audit() -> Audit {
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
