//! Who acts, and what they may do.

use super::at;
use crate::domain::refusal::{OrderRefusal, Refusal};
use crate::domain::staff::Maker;
use crate::domain::staff::{Actor, Permission, Role, TokenId};
use crate::domain::values::address::is_of_stream;
use crate::domain::values::common_password::{Guessable, guessable};
use crate::domain::values::id::{OperatorId, PartnerId, ResellerId};

const TOKEN: TokenId = TokenId([3; 16]);

fn operator(role: Role, reseller: Option<u64>) -> Actor {
    Actor::Operator {
        id: OperatorId(1),
        name: "ada".to_owned(),
        role,
        reseller: reseller.map(ResellerId),
    }
}

fn token(role: Role) -> Actor {
    Actor::Token {
        jti: TOKEN,
        name: "crm".to_owned(),
        role,
    }
}

fn script() -> Actor {
    let name = "billing".to_owned();
    Actor::Script { name }
}

fn partner() -> Actor {
    Actor::Partner {
        id: PartnerId(7),
        key: "NFLX".to_owned(),
    }
}

#[test]
fn an_actor_may_what_the_role_may() {
    for permission in Permission::ALL {
        for actor in [Actor::Nobody, Actor::Viewer, partner()] {
            assert!(!actor.may(permission), "{actor:?} {permission:?}");
        }
        assert!(Actor::System.may(permission));
        assert_eq!(script().may(permission), Role::Api.may(permission));
        for role in Role::ALL {
            assert_eq!(operator(role, None).may(permission), role.may(permission));
            assert_eq!(token(role).may(permission), role.may(permission));
            // Other resellers are not a reseller's business.
            let own = role.may(permission) && permission != Permission::ResellersWrite;
            assert_eq!(operator(role, Some(5)).may(permission), own);
        }
    }
    assert!(Role::Owner.may(Permission::ResellersWrite));
}

#[test]
fn roles_that_handle_money_and_do_not_answer_for_it_are_limited() {
    for role in Role::ALL {
        let limited = matches!(role, Role::Cashier | Role::Dealer);
        assert_eq!(role.is_limited(), limited, "{}", role.name());
    }
}

#[test]
fn an_actor_has_a_label_for_the_log_and_words_for_lists() {
    for (actor, label, words, role) in [
        (Actor::Nobody, ("nobody", ""), "", None),
        (Actor::System, ("system", ""), "", None),
        (Actor::Viewer, ("viewer", ""), "", None),
        (partner(), ("partner", "NFLX"), "", None),
        (
            operator(Role::Dealer, Some(5)),
            ("operator", "ada"),
            "ada",
            Some(Role::Dealer),
        ),
        (
            token(Role::Manager),
            ("token", "crm"),
            "token crm",
            Some(Role::Manager),
        ),
        (
            script(),
            ("script", "billing"),
            "script billing",
            Some(Role::Api),
        ),
    ] {
        assert_eq!(actor.label(), label);
        assert_eq!(actor.staff_words(), words);
        assert_eq!(actor.role(), role, "{actor:?}");
        let reseller = matches!(actor, Actor::Operator { .. }).then_some(ResellerId(5));
        assert_eq!(actor.reseller(), reseller);
    }
    assert_eq!(operator(Role::Owner, None).reseller(), None);
}

#[test]
fn who_made_a_credential_stands_on_it() {
    let name = || "ada".to_owned();
    let id = OperatorId(1);
    assert_eq!(
        Maker::of(&operator(Role::Owner, None)),
        Maker::Operator { id, name: name() }
    );
    assert_eq!(Maker::of(&Actor::System), Maker::System);
    assert_eq!(Maker::of(&script()), Maker::Unknown);
    let by_token = Maker::of(&token(Role::Owner));
    assert_eq!(by_token.words(), "token crm");
    assert_eq!(Maker::Operator { id, name: name() }.words(), "ada");
    assert_eq!(Maker::System.words(), "the command line");
    assert_eq!(Maker::Unknown.words(), "unknown");
}

#[test]
fn a_token_is_named_by_a_random_uuid() {
    let named = |byte| TokenId::from_random([byte; 16]).to_string();
    assert_eq!(named(0xff), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(named(0), "00000000-0000-4000-8000-000000000000");
    let text = "01234567-89ab-4def-8123-456789abcdef";
    assert_eq!(TokenId::parse(text).unwrap().to_string(), text);
    for wrong in [
        "01234567-89ab-4def-8123-456789abcdeg",
        "0123456-789ab-4def-8123-456789abcdef",
        "0123456789ab4def8123456789abcdef",
    ] {
        assert_eq!(TokenId::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_password_is_the_name_where_little_is_added() {
    let found = |password: &str| guessable("olive", password);
    assert_eq!(found("zzolivezq"), Some(Guessable::Name));
    assert_eq!(found("zqxolivezq"), None, "five letters more");
    // What is cut off at the end of a repetition may be nothing; three rows, not four.
    assert_eq!(found("zxcasdrty"), Some(Guessable::Pattern));
    assert_eq!(found("zxcasdrtyfgh"), None);
    assert_eq!(guessable("ada", ""), None);
    assert!(Guessable::Common.words().contains("everybody tries"));
    assert!(Guessable::Name.words().contains("name"));
    assert!(Guessable::Pattern.words().contains("row"));
}

#[test]
fn a_scheme_begins_with_a_letter_and_a_host_before_its_port_is_none() {
    assert!(is_of_stream("10.0.0.1:8080/1.ts"));
    assert!(is_of_stream("1x:y") && is_of_stream("a_b:c"));
    assert!(!is_of_stream("x:y"));
    assert!(!is_of_stream("a.b:c"), "no port follows");
    assert!(
        !is_of_stream("localfile:8/x"),
        "a name without a dot may be a scheme"
    );
}

#[test]
fn a_refusal_has_a_code_that_stays() {
    let began = at("2026-01-01");
    assert_eq!(Refusal::EmailTaken.code(), "email-taken");
    assert_eq!(
        Refusal::Order(OrderRefusal::PastUnpaid { began }).to_string(),
        "past-unpaid"
    );
}
