//! Staff: operators, sign-in, sessions, first set-up.

pub mod bearers;
pub mod changes;
mod codes;
pub mod confirming;
pub mod credentials;
pub mod own_password;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod signing_key;
pub mod tokens;

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::catalogue::content::Reseller;
use crate::domain::refusal::{Refusal, StaffRefusal};
use crate::domain::staff::{
    Actor, OPERATOR_PASSWORD_CHARS_MIN, Operator, PASSWORD_BYTES_MAX, Permission, Role,
};
use crate::domain::values::common_password::guessable;
use crate::domain::values::contact::Email;
use crate::domain::values::id::{Id as _, ResellerId};
use crate::domain::values::lookalike;
use crate::ops::{Named, OpError, attempts};
use crate::store::{Read as _, Span, Table};

impl Named for Operator {
    const KIND: &'static str = "operator";
    const FOREIGN: Option<Table> = Some(Table::OperatorsByName);
}

/// Longest name of a member of staff, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Where the hash of the set-up code waits.
const SETUP: &str = "setup_code";

/// A member of staff as asked for.
#[derive(Debug, Clone)]
pub struct NewOperator {
    pub name: String,
    pub role: Role,
    /// Sees and touches this reseller's customers only; for the role `api`.
    pub reseller: Option<ResellerId>,
    pub email: Option<String>,
    pub password: String,
}

/// Adds a member of staff.
pub async fn add_operator(ctx: &Ctx, input: NewOperator) -> Result<Operator, OpError> {
    if input.reseller.is_some() && input.role != Role::Api {
        return Err(wrong("reseller", "is for the role api only"));
    }
    put_operator(ctx, input, None).await
}

/// Adds a member of staff; with the hash of a set-up code only if that is still the code, so that
/// of many who use one link at once the first wins.
async fn put_operator(
    ctx: &Ctx,
    input: NewOperator,
    code_hash: Option<[u8; 32]>,
) -> Result<Operator, OpError> {
    let NewOperator {
        name,
        role,
        reseller,
        email,
        password,
    } = input;
    ctx.require(Permission::StaffManage)?;
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let problem = format!("must have 1 to {NAME_BYTES_MAX} bytes and no control characters");
        return Err(wrong("name", &problem));
    }
    if lookalike::hides_something(&name) {
        let problem = "must not have blanks at its ends, double blanks or invisible characters";
        return Err(wrong("name", problem));
    }
    let email = match email {
        None => None,
        Some(text) => Some(
            Email::parse(&text)
                .ok_or_else(|| wrong("email", "must be an address such as ada@example.com"))?,
        ),
    };
    check_password(&name, &password)?;
    let password = ctx
        .app
        .passwords
        .hash(password, ctx.app.entropy.bytes()?)
        .await?;
    ctx.write(move |ctx, tx| {
        let made_by = credentials::maker(ctx, tx)?;
        if let Some(hash) = code_hash {
            let held = tx.raw_get(Table::Meta, SETUP.as_bytes(), |held| held == hash)?;
            if held != Some(true) {
                return Err(StaffRefusal::SetupDone.into());
            }
        }
        if tx
            .get_by::<Operator>(Table::OperatorsByName, name.as_bytes())?
            .is_some()
        {
            return Err(StaffRefusal::OperatorTaken { name }.into());
        }
        let looks = lookalike::look(&name);
        let held: Vec<Operator> = tx.all()?;
        if let Some(other) = held
            .into_iter()
            .find(|held| lookalike::look(&held.name) == looks)
        {
            return Err(StaffRefusal::OperatorLooksAlike { other: other.name }.into());
        }
        if let Some(reseller) = reseller
            && tx.get::<Reseller>(&reseller)?.is_none()
        {
            return Err(Refusal::NoSuchReseller.into());
        }
        let operator = Operator {
            id: tx.next_id()?,
            name,
            role,
            reseller,
            email,
            password,
            made_by,
            created_at: ctx.now,
            updated_at: ctx.now,
            second_factor: None,
            begun_factor: None,
        };
        super::create(ctx, tx, "operator.add", &operator)?;
        tx.remove_meta(SETUP)?;
        Ok(operator)
    })
    .await
}

/// Gives a member of staff a new password and ends their sessions.
pub async fn change_operator_password(
    ctx: &Ctx,
    name: String,
    password: String,
) -> Result<(), OpError> {
    ctx.require(Permission::StaffManage)?;
    check_password(&name, &password)?;
    let password = ctx
        .app
        .passwords
        .hash(password, ctx.app.entropy.bytes()?)
        .await?;
    ctx.write(move |ctx, tx| {
        let handle = super::Handle {
            text: name,
            number: None,
        };
        let before: Operator = super::find(tx, &handle)?;
        let after = Operator {
            password,
            updated_at: ctx.now,
            ..before.clone()
        };
        super::change(ctx, tx, "operator.passwd", &before, &after)?;
        codes::end_sessions(tx, after.id, None)
    })
    .await
}

pub fn operators(ctx: &Ctx) -> Result<Vec<Operator>, OpError> {
    ctx.require(Permission::StaffManage)?;
    Ok(ctx.snapshot()?.all()?)
}

/// Whether this is the password of the member of staff with this name. Every way to ask for such a
/// password goes through here, so that guesses are counted together. An unknown name costs as much.
pub async fn is_password_of(
    ctx: &Ctx,
    name: &str,
    operator: Option<&Operator>,
    password: String,
) -> Result<bool, OpError> {
    let of = operator.map(|operator| ("operators", operator.id.number()));
    let begun = attempts::begin(ctx, Door::Staff, name, of)?;
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let stored = operator.map(|operator| operator.password.clone());
    let right = ctx
        .app
        .passwords
        .verify(password, stored, begun.turn())
        .await;
    begun.ended(ctx, &right);
    Ok(right?)
}

/// Who may speak the Stalker API with this login and password: the script that the settings name,
/// or staff with the role `api`. The original is open where no login is set (stalker-rest-v1 §1.2);
/// here the settings have to say so.
pub async fn api_actor(
    ctx: &Ctx,
    credentials: Option<(String, String)>,
) -> Result<Option<Actor>, OpError> {
    let settings = &ctx.app.config.stalker;
    let script = |name: &str| Actor::Script {
        name: name.to_owned(),
    };
    if settings.is_open() {
        return Ok(Some(script("anybody")));
    }
    let Some((login, password)) = credentials else {
        return Ok(None);
    };
    // Hashes, so that neither place nor length of a difference shows.
    let same = |one: &str, other: &str| hashed(one).ct_eq(&hashed(other));
    let is_scripts = settings.has_login() && bool::from(same(&login, &settings.login));
    let fits = bool::from(same(&password, settings.password.expose()));
    let index = Table::OperatorsByName;
    let operator = ctx
        .snapshot()?
        .get_by::<Operator>(index, login.as_bytes())?
        .filter(|operator| operator.role == Role::Api);
    if is_scripts {
        // The limit comes before the judgement: a right guess among wrong ones must not show.
        let begun = attempts::begin(ctx, Door::Staff, &login, None)?;
        if fits {
            begun.ended::<()>(ctx, &Ok(true));
            return Ok(Some(script(&login)));
        }
        begun.ended::<()>(ctx, &Err(()));
    }
    if let Some(held) = &operator {
        let passwords = &ctx.app.passwords;
        if passwords.is_remembered(&password, &held.password, ctx.now) {
            let of = Some(("operators", held.id.number()));
            let begun = attempts::begin(ctx, Door::Staff, &login, of)?;
            begun.ended::<()>(ctx, &Ok(true));
            return Ok(Some(actor_of(held)));
        }
    }
    if !is_password_of(ctx, &login, operator.as_ref(), password.clone()).await? {
        return Ok(None);
    }
    Ok(operator.map(|held| {
        ctx.app
            .passwords
            .remember(&password, &held.password, ctx.now);
        actor_of(&held)
    }))
}

/// Whether anybody has an account for scripts: where the API is open, nobody is asked for it.
pub fn any_for_scripts(ctx: &Ctx) -> Result<bool, OpError> {
    let operators: Vec<Operator> = ctx.snapshot()?.all()?;
    Ok(operators.iter().any(|held| held.role == Role::Api))
}

/// The code of the one-time set-up link, if nobody works here yet. Asking again makes the code of
/// before useless.
pub async fn setup_code(ctx: &Ctx) -> Result<Option<String>, OpError> {
    let mut staffed = false;
    ctx.snapshot()?.each::<Operator>(&Span::all(), &mut |_| {
        staffed = true;
        Ok(ControlFlow::Break(()))
    })?;
    if staffed {
        return Ok(None);
    }
    let code = ctx.app.entropy.hex::<16>()?;
    let hash = hashed(&code);
    ctx.write(move |_, tx| Ok(tx.put_meta(SETUP, &hash)?))
        .await?;
    Ok(Some(code))
}

/// Whether this is the code of the set-up link. Wrong ones are counted.
pub fn is_setup_code(ctx: &Ctx, code: &str) -> Result<bool, OpError> {
    let hash = hashed(code);
    let held = ctx
        .snapshot()?
        .raw_get(Table::Meta, SETUP.as_bytes(), |held| {
            bool::from(held.ct_eq(hash.as_slice()))
        })?;
    if held == Some(true) {
        return Ok(true);
    }
    attempts::failed(ctx, Door::SetupCode)?;
    Ok(false)
}

/// Makes the owner's account by the set-up link, once.
pub async fn set_up(
    ctx: &Ctx,
    code: &str,
    name: String,
    password: String,
) -> Result<Operator, OpError> {
    if !is_setup_code(ctx, code)? {
        return Err(StaffRefusal::SetupDone.into());
    }
    // The code is the owner's credential; adding the first operator uses it up.
    let owner = Ctx {
        actor: Actor::System,
        ..ctx.clone()
    };
    let input = NewOperator {
        name,
        role: Role::Owner,
        reseller: None,
        email: None,
        password,
    };
    put_operator(&owner, input, Some(hashed(code))).await
}

pub(super) fn wrong(path: &str, problem: &str) -> OpError {
    OpError::Document {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

/// Refuses a password of staff that is too short, too long, or soon guessed.
fn check_password(name: &str, password: &str) -> Result<(), OpError> {
    let min = OPERATOR_PASSWORD_CHARS_MIN;
    if password.chars().count() < min || password.len() > PASSWORD_BYTES_MAX {
        return Err(Refusal::PasswordLength {
            min,
            max: PASSWORD_BYTES_MAX,
        }
        .into());
    }
    match guessable(name, password) {
        Some(why) => Err(StaffRefusal::PasswordGuessable { why }.into()),
        None => Ok(()),
    }
}

/// Who acts for somebody who signed in.
#[must_use]
pub fn actor_of(operator: &Operator) -> Actor {
    Actor::Operator {
        id: operator.id,
        name: operator.name.clone(),
        role: operator.role,
        reseller: operator.reseller,
    }
}

/// Secrets of 128 bits and more need no slow hash.
pub(super) fn hashed(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
