//! Vouchers: codes that are worth money once. Made in batches, shown once, kept as hashes.

use crate::app::Ctx;
use crate::domain::calendar::has_passed;
use crate::domain::customer::Customer;
use crate::domain::id::{CustomerId, VoucherBatchId};
use crate::domain::money::Amount;
use crate::domain::payment::{HostedPage, Payment, VOUCHERS_PER_BATCH_MAX, Voucher, VoucherBatch};
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Actor, Permission, Role};
use crate::domain::time::Timestamp;
use crate::failed_attempts::Door;
use crate::store::key::owned_by;
use crate::store::{Read, Table, Tx};

use super::once::{self, Once};
use super::payments::{self, Receipt};
use super::{Handle, Named, OpError, attempts};

impl Named for VoucherBatch {
    const KIND: &'static str = "voucher batch";
    const FOREIGN: Option<Table> = None;
}

/// A batch as it is wished for.
#[derive(Debug, Clone)]
pub struct NewBatch {
    pub title: String,
    pub amount: Amount,
    pub count: u32,
    pub expires_at: Option<Timestamp>,
}

/// A batch and how many of its codes were used.
#[derive(Debug, Clone)]
pub struct BatchState {
    pub batch: VoucherBatch,
    pub used: usize,
}

/// Makes a batch. Answers its codes, which are not kept and cannot be shown again: not to a repeat
/// either.
pub async fn create(
    ctx: &Ctx,
    wish: NewBatch,
    once: Option<Once>,
) -> Result<(BatchState, Option<Vec<String>>), OpError> {
    ctx.require(Permission::VouchersMake)?;
    check_value(ctx, &wish)?;
    if wish.count == 0 || wish.count > VOUCHERS_PER_BATCH_MAX {
        return Err(Refusal::TooMany {
            what: "vouchers in a batch",
            max: usize::try_from(VOUCHERS_PER_BATCH_MAX).unwrap_or(usize::MAX),
        }
        .into());
    }
    let mut codes = Vec::new();
    for _ in 0..wish.count {
        codes.push(code_of(ctx.app.entropy.bytes()?));
    }
    let hashes: Vec<[u8; 32]> = codes.iter().map(|code| hash(code)).collect();
    let (state, fresh) = ctx
        .write(move |ctx, tx| {
            if let Some(number) = once::made_before(tx, once.as_ref())? {
                let batch = super::get(tx, VoucherBatchId(number))?;
                return Ok((state_of(tx, batch)?, false));
            }
            let batch = VoucherBatch {
                id: tx.next_id()?,
                title: wish.title,
                amount: wish.amount,
                count: wish.count,
                created_at: ctx.now,
                expires_at: wish.expires_at,
                revoked_at: None,
            };
            super::create(ctx, tx, "voucher_batch.create", &batch)?;
            for code_hash in hashes {
                let voucher = Voucher {
                    id: tx.next_id()?,
                    batch: batch.id,
                    code_hash,
                    used: None,
                };
                tx.put(&voucher)?;
            }
            once::note(ctx, tx, once, batch.id.0)?;
            Ok((BatchState { batch, used: 0 }, true))
        })
        .await?;
    Ok((state, fresh.then_some(codes)))
}

/// Refuses a batch that is worth more than the settings let anybody make but an owner.
fn check_value(ctx: &Ctx, wish: &NewBatch) -> Result<(), OpError> {
    let owner = matches!(ctx.actor, Actor::System) || ctx.actor.role() == Some(Role::Owner);
    if owner {
        return Ok(());
    }
    let value = Amount {
        minor: wish.amount.minor.saturating_mul(i64::from(wish.count)),
        ..wish.amount
    };
    let max = ctx.app.config.staff.vouchers_max;
    super::at_most("one batch of vouchers", value, max)
}

fn state_of(read: &impl Read, batch: VoucherBatch) -> Result<BatchState, OpError> {
    let vouchers: Vec<Voucher> = read.listed(Table::VouchersByBatch, &owned_by(batch.id))?;
    let used = vouchers.iter().filter(|voucher| voucher.used.is_some());
    Ok(BatchState {
        used: used.count(),
        batch,
    })
}

/// All batches, oldest first. There are few.
pub fn list(ctx: &Ctx) -> Result<Vec<BatchState>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    let snapshot = ctx.snapshot()?;
    let mut states = Vec::new();
    for batch in snapshot.all::<VoucherBatch>()? {
        states.push(state_of(&snapshot, batch)?);
    }
    Ok(states)
}

/// Takes what is left of a batch out of use.
pub async fn revoke(ctx: &Ctx, id: VoucherBatchId) -> Result<VoucherBatch, OpError> {
    ctx.require(Permission::VouchersMake)?;
    ctx.write(move |ctx, tx| {
        let before: VoucherBatch = super::get(tx, id)?;
        let mut after = before.clone();
        after.revoked_at = before.revoked_at.or(Some(ctx.now));
        super::change(ctx, tx, "voucher_batch.revoke", &before, &after)?;
        Ok(after)
    })
    .await
}

/// Uses a voucher for a customer: its value goes to the balance, where it pays what waits for it.
pub async fn redeem(
    ctx: &Ctx,
    customer: Handle<CustomerId>,
    code: String,
    once: Option<Once>,
) -> Result<Payment, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    let is_repeat = once::made_before(&ctx.snapshot()?, once.as_ref())?.is_some();
    if !is_repeat && !is_good(ctx, &ctx.snapshot()?, &code)? {
        attempts::failed(ctx, Door::Voucher)?;
    }
    ctx.write_once(once, move |ctx, tx| {
        let customer: Customer = super::find(tx, &customer)?;
        redeem_in(ctx, tx, customer.id, &code, None)
    })
    .await
    .inspect(|_| ctx.app.wake_jobs())
}

/// Whether a code can be used.
pub(super) fn is_good(ctx: &Ctx, read: &impl Read, code: &str) -> Result<bool, OpError> {
    Ok(usable(ctx, read, code)?.is_some())
}

/// The voucher with this code and its batch, if it can be used.
fn usable(
    ctx: &Ctx,
    read: &impl Read,
    code: &str,
) -> Result<Option<(Voucher, VoucherBatch)>, OpError> {
    let voucher = read.get_by::<Voucher>(Table::VouchersByCode, &hash(&usual(code)))?;
    let Some(voucher) = voucher.filter(|voucher| voucher.used.is_none()) else {
        return Ok(None);
    };
    let batch: VoucherBatch = super::get(read, voucher.batch)?;
    let over = batch.revoked_at.is_some() || has_passed(batch.expires_at, ctx.now);
    Ok((!over).then_some((voucher, batch)))
}

/// See [`redeem`]. One answer for every reason why a code cannot be used: nobody learns which
/// codes exist.
pub(super) fn redeem_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    code: &str,
    page: Option<&HostedPage>,
) -> Result<Payment, OpError> {
    let (voucher, batch) = usable(ctx, tx, code)?.ok_or(Refusal::VoucherInvalid)?;
    let receipt = Receipt {
        method: "voucher".to_owned(),
        reference: Some(voucher.id.0.to_string()),
        client_key: None,
        amount: batch.amount,
        note: String::new(),
    };
    let order = page.map(|page| page.order);
    let page = page.map(|page| page.id);
    let payment = payments::book(ctx, tx, customer, order, page, receipt)?;
    tx.put(&Voucher {
        used: Some(payment.id),
        ..voucher
    })?;
    Ok(payment)
}

/// Sixteen letters and digits that nobody mistakes for one another, in groups of four (78 bits).
fn code_of(random: [u8; 16]) -> String {
    const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut code = String::with_capacity(19);
    for (i, byte) in random.into_iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte) % ALPHABET.len());
        code.push(letter.map_or('2', |letter| char::from(*letter)));
    }
    code
}

/// A code as people may type it: small letters, blanks, other dashes.
fn usual(code: &str) -> String {
    let letters: Vec<char> = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .take(64)
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

fn hash(code: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(code.as_bytes()).into()
}
