//! Samples of partners and what they are told.

use boxoffice::domain::partners::pin::{Pin, PinState};
use boxoffice::domain::partners::subscription::{CallAction, PartnerCall, PartnerSubscription};
use boxoffice::domain::partners::{
    Callback, CarrierMark, Partner, PartnerProduct, PartnerTransaction, Pending, PinPolicy,
    TransactionKind, TransactionState,
};
use boxoffice::domain::staff::{Maker, Secret};
use boxoffice::domain::values::delivery::DeliveryState;
use boxoffice::domain::values::id::{
    CustomerId, PartnerCallId, PartnerId, PartnerSubscriptionId, PartnerTransactionId, PinId,
    ProductSpecId,
};
use boxoffice::domain::values::minor::Minor;
use boxoffice::domain::values::money::{Currency, Share, TaxRate};

use super::{at, euros, text};

pub fn partner() -> Partner {
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
            id: super::staff::token().id,
            name: text("billing"),
        },
        old_key_made_by: Maker::Unknown,
    }
}

pub fn partner_transaction() -> PartnerTransaction {
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

pub fn pin() -> Pin {
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

pub fn partner_subscription() -> PartnerSubscription {
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

pub fn partner_call() -> PartnerCall {
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
