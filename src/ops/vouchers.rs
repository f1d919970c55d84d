//! Vouchers: codes that are worth money once. Made in batches, shown once, kept as hashes.

use crate::app::Ctx;
use crate::domain::calendar::has_passed;
use crate::domain::customer::Customer;
use crate::domain::id::{CustomerId, JournalEntryId, VoucherBatchId};
use crate::domain::journal::{Account, EntryCause, JournalEntry, transfer};
use crate::domain::money::{Amount, Currency};
use crate::domain::payment::{HostedPage, Payment, VOUCHERS_PER_BATCH_MAX, Voucher, VoucherBatch};
use crate::domain::refusal::Refusal;
use crate::domain::staff::{Actor, Permission, Role};
use crate::domain::time::Timestamp;
use crate::failed_attempts::Door;
use crate::store::key::owned_by;
use crate::store::{Read, Table, Tx};

use super::books::{AuditDetail, Books};
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
    let (kind, name) = ctx.actor.label();
    let made_by = format!("{kind} {name}").trim().to_owned();
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
                is_liability: true,
                sold_count: 0,
                sold_minor: 0,
                made_by: made_by.clone(),
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

/// Vouchers of a batch that change hands for money.
#[derive(Debug, Clone)]
pub struct Sale {
    pub count: u32,
    /// What was paid for them; `None`: their value.
    pub amount: Option<Amount>,
    /// How it was paid.
    pub method: String,
    pub note: String,
    /// Whether they come back unused and the money is given back.
    pub back: bool,
}

/// The currency of a batch.
pub fn currency_of(ctx: &Ctx, id: VoucherBatchId) -> Result<Currency, OpError> {
    ctx.require(Permission::MoneyRead)?;
    Ok(super::get::<VoucherBatch>(&ctx.snapshot()?, id)?
        .amount
        .currency)
}

/// Books that vouchers of a batch were sold: the money is held, and owed until they are used.
pub async fn sell(
    ctx: &Ctx,
    id: VoucherBatchId,
    sale: Sale,
    once: Option<Once>,
) -> Result<BatchState, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    let batch = ctx
        .write_once(once, move |ctx, tx| sell_in(ctx, tx, id, &sale))
        .await?;
    state_of(&ctx.snapshot()?, batch)
}

fn sell_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: VoucherBatchId,
    sale: &Sale,
) -> Result<VoucherBatch, OpError> {
    let before: VoucherBatch = super::get(tx, id)?;
    if !before.is_liability {
        return Err(Refusal::VouchersBookedByUse.into());
    }
    let mut after = before.clone();
    let worth = Amount {
        minor: before.worth(sale.count),
        ..before.amount
    };
    let amount = sale.amount.unwrap_or(worth);
    // Below their worth they are given away.
    if !sale.back && amount.minor < worth.minor {
        ctx.require(Permission::VouchersMake)?;
    }
    let max = ctx.app.config.staff.payment_max;
    ctx.within_limit("one sale of vouchers", worth, max)?;
    let cash = Account::Cash(sale.method.clone());
    let postings = if sale.back {
        if sale.count > before.sold_count || amount.minor > before.sold_minor {
            let left = before.sold_count;
            return Err(Refusal::VouchersLeft { left }.into());
        }
        after.sold_count = before.sold_count.saturating_sub(sale.count);
        after.sold_minor = before.sold_minor.saturating_sub(amount.minor);
        transfer(Account::Vouchers, cash, amount)
    } else {
        let left = before.count.saturating_sub(before.sold_count);
        if sale.count > left {
            return Err(Refusal::VouchersLeft { left }.into());
        }
        after.sold_count = before.sold_count.saturating_add(sale.count);
        after.sold_minor = before.sold_minor.saturating_add(amount.minor);
        transfer(cash, Account::Vouchers, amount)
    };
    super::change(ctx, tx, "voucher_batch.sell", &before, &after)?;
    let mut books = Books::new(ctx, tx);
    books.post(JournalEntry {
        id: JournalEntryId(0),
        at: ctx.now,
        cause: EntryCause::VoucherSale(id),
        order: None,
        memo: sale.note.clone(),
        postings,
    })?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(after)
}

impl BatchState {
    /// What was redeemed of it, in minor units.
    #[must_use]
    pub fn redeemed_minor(&self) -> i64 {
        self.batch
            .worth(u32::try_from(self.used).unwrap_or(u32::MAX))
    }

    /// What was redeemed and never paid for: given away. Of older batches nothing is known of that.
    #[must_use]
    pub fn given_away_minor(&self) -> i64 {
        if self.batch.is_liability {
            let given = self.redeemed_minor().saturating_sub(self.batch.sold_minor);
            given.max(0)
        } else {
            0
        }
    }

    /// What was paid for and is not redeemed, in minor units.
    #[must_use]
    pub fn owed_minor(&self) -> i64 {
        let left = self.batch.sold_minor.saturating_sub(self.redeemed_minor());
        left.max(0)
    }
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
    payments::check_currency(ctx, tx, customer, batch.amount.currency)?;
    let receipt = Receipt {
        method: payments::VOUCHER.to_owned(),
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
