//! Vouchers: codes that are worth money once. Made in batches, shown once, kept as hashes.

use crate::app::Ctx;
use crate::app::memory::failed_attempts::Door;
use crate::domain::billing::journal::{Account, EntryCause, JournalEntry, Posting, transfer};
use crate::domain::billing::payment::{
    HostedPage, Payment, VOUCHERS_PER_BATCH_MAX, Voucher, VoucherBatch,
};
use crate::domain::customers::Customer;
use crate::domain::refusal::{MoneyRefusal, Refusal};
use crate::domain::staff::{Actor, Permission, Role};
use crate::domain::values::id::{CustomerId, JournalEntryId, PaymentId, VoucherBatchId, VoucherId};
use crate::domain::values::minor::Minor;
use crate::domain::values::money::{Amount, Currency};
use crate::domain::values::time::Timestamp;
use crate::ops::billing::books::{AuditDetail, Books};
use crate::ops::once;
use crate::ops::once::Once;
use crate::ops::payments::book;
use crate::ops::payments::book::Receipt;
use crate::ops::{Handle, Named, OpError, attempts};
use crate::store::key::reference_of;
use crate::store::{Read, Table, Tx};

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

/// Makes a batch. Answers its codes, which are not kept and cannot be shown again: not to a repeat
/// either.
pub async fn create(
    ctx: &Ctx,
    checkout: NewBatch,
    once: Option<Once>,
) -> Result<(VoucherBatch, Option<Vec<String>>), OpError> {
    ctx.require(Permission::VouchersMake)?;
    check_value(ctx, &checkout)?;
    if checkout.count == 0 || checkout.count > VOUCHERS_PER_BATCH_MAX {
        return Err(Refusal::TooMany {
            what: "vouchers in a batch",
            max: usize::try_from(VOUCHERS_PER_BATCH_MAX).unwrap_or(usize::MAX),
        }
        .into());
    }
    let mut codes = Vec::new();
    for _ in 0..checkout.count {
        codes.push(code_of(ctx.app.entropy.bytes()?));
    }
    let (kind, name) = ctx.actor.label();
    let made_by = format!("{kind} {name}").trim().to_owned();
    let hashes: Vec<[u8; 32]> = codes.iter().map(|code| hash(code)).collect();
    let (batch, fresh) = ctx
        .write(move |ctx, tx| {
            if let Some(number) = once::made_before(tx, once.as_ref())? {
                let batch = crate::ops::get(tx, VoucherBatchId(number))?;
                return Ok((batch, false));
            }
            let batch = VoucherBatch {
                id: tx.next_id()?,
                title: checkout.title,
                amount: checkout.amount,
                count: checkout.count,
                created_at: ctx.now,
                expires_at: checkout.expires_at,
                revoked_at: None,
                is_liability: true,
                sold_count: 0,
                sold_minor: Minor::ZERO,
                made_by: made_by.clone(),
                used_count: 0,
                returned_count: 0,
            };
            crate::ops::create(ctx, tx, "voucher_batch.create", &batch)?;
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
            Ok((batch, true))
        })
        .await?;
    Ok((batch, fresh.then_some(codes)))
}

/// Refuses a batch that is worth more than the settings let anybody make but an owner.
fn check_value(ctx: &Ctx, checkout: &NewBatch) -> Result<(), OpError> {
    let owner = matches!(ctx.actor, Actor::System) || ctx.actor.role() == Some(Role::Owner);
    if owner {
        return Ok(());
    }
    let value = Amount {
        minor: checkout.amount.minor.times(checkout.count),
        ..checkout.amount
    };
    let max = ctx.app.config.staff.vouchers_max;
    crate::ops::at_most("one batch of vouchers", value, max)
}

/// All batches, oldest first. There are few.
pub fn list(ctx: &Ctx) -> Result<Vec<VoucherBatch>, OpError> {
    ctx.require(Permission::MoneyRead)?;
    Ok(ctx.snapshot()?.all()?)
}

/// Vouchers of a batch that change hands for money.
#[derive(Debug, Clone)]
pub struct Sale {
    pub count: u32,
    /// What was paid for them, or given back; `None`: their value, or what was paid for them.
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
    Ok(crate::ops::get::<VoucherBatch>(&ctx.snapshot()?, id)?
        .amount
        .currency)
}

/// Books that vouchers of a batch were sold: the money is held, and owed until they are used.
pub async fn sell(
    ctx: &Ctx,
    id: VoucherBatchId,
    sale: Sale,
    once: Option<Once>,
) -> Result<VoucherBatch, OpError> {
    ctx.require(Permission::MoneyWrite)?;
    ctx.write_once(once, move |ctx, tx| {
        if sale.back {
            take_back_in(ctx, tx, id, &sale)
        } else {
            sell_in(ctx, tx, id, &sale)
        }
    })
    .await
}

/// The batch of a sale, if its sales are booked.
fn batch_of_sale(read: &impl Read, id: VoucherBatchId) -> Result<VoucherBatch, OpError> {
    let batch: VoucherBatch = crate::ops::get(read, id)?;
    if batch.is_liability {
        Ok(batch)
    } else {
        Err(MoneyRefusal::VouchersBookedByUse.into())
    }
}

fn sell_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: VoucherBatchId,
    sale: &Sale,
) -> Result<VoucherBatch, OpError> {
    let before = batch_of_sale(tx, id)?;
    if before.is_over(ctx.now) {
        return Err(MoneyRefusal::VouchersOver.into());
    }
    let worth = Amount {
        minor: before.worth(sale.count),
        ..before.amount
    };
    let amount = sale.amount.unwrap_or(worth);
    // Below their worth they are given away.
    if amount.minor < worth.minor {
        ctx.require(Permission::VouchersMake)?;
    }
    let max = ctx.app.config.staff.payment_max;
    ctx.within_limit("one sale of vouchers", worth, max)?;
    let left = before.count.saturating_sub(before.sold_count);
    if sale.count > left {
        return Err(MoneyRefusal::VouchersLeft { left }.into());
    }
    let mut after = before.clone();
    after.sold_count = before.sold_count.saturating_add(sale.count);
    after.sold_minor += amount.minor;
    let cash = Account::Cash(sale.method.clone());
    book_sale(
        ctx,
        tx,
        sale,
        transfer(cash, Account::Vouchers, amount),
        &before,
        after,
    )
}

/// Books that vouchers came back unused and their money was given back. Those that are used cannot
/// come back, and no more is given back than they are worth or was paid for them.
fn take_back_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    id: VoucherBatchId,
    sale: &Sale,
) -> Result<VoucherBatch, OpError> {
    let before = batch_of_sale(tx, id)?;
    let left = before.returnable();
    if sale.count > left {
        return Err(MoneyRefusal::VouchersLeft { left }.into());
    }
    let money = |minor| Amount {
        minor,
        ..before.amount
    };
    let paid = before.paid_for(sale.count);
    let most = before.worth(sale.count).max(paid).min(before.sold_minor);
    let amount = sale.amount.unwrap_or(money(paid));
    if amount.minor > most {
        let most = money(most);
        return Err(MoneyRefusal::VouchersPaid { most }.into());
    }
    let max = ctx.app.config.staff.payment_max;
    let worth = money(before.worth(sale.count));
    ctx.within_limit("one return of vouchers", worth, max)?;
    let mut after = before.clone();
    after.sold_count = before.sold_count.saturating_sub(sale.count);
    after.sold_minor -= amount.minor;
    after.returned_count = before.returned_count.saturating_add(sale.count);
    let cash = Account::Cash(sale.method.clone());
    book_sale(
        ctx,
        tx,
        sale,
        transfer(Account::Vouchers, cash, amount),
        &before,
        after,
    )
}

fn book_sale(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    sale: &Sale,
    postings: Vec<Posting>,
    before: &VoucherBatch,
    after: VoucherBatch,
) -> Result<VoucherBatch, OpError> {
    crate::ops::change(ctx, tx, "voucher_batch.sell", before, &after)?;
    let mut books = Books::new(ctx, tx);
    books.post(JournalEntry {
        id: JournalEntryId(0),
        at: ctx.now,
        cause: EntryCause::VoucherSale(after.id),
        order: None,
        memo: sale.note.clone(),
        postings,
    })?;
    books.close().write(ctx, tx, AuditDetail::EachRecord)?;
    Ok(after)
}

/// Takes what is left of a batch out of use.
pub async fn revoke(ctx: &Ctx, id: VoucherBatchId) -> Result<VoucherBatch, OpError> {
    ctx.require(Permission::VouchersMake)?;
    ctx.write(move |ctx, tx| {
        let before: VoucherBatch = crate::ops::get(tx, id)?;
        let mut after = before.clone();
        after.revoked_at = before.revoked_at.or(Some(ctx.now));
        crate::ops::change(ctx, tx, "voucher_batch.revoke", &before, &after)?;
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
        let customer: Customer = crate::ops::find(tx, &customer)?;
        redeem_in(ctx, tx, customer.id, &code, None)
    })
    .await
}

/// Whether a code can be used.
pub(in crate::ops) fn is_good(ctx: &Ctx, read: &impl Read, code: &str) -> Result<bool, OpError> {
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
    let batch: VoucherBatch = crate::ops::get(read, voucher.batch)?;
    let good = batch.has_good_codes(ctx.now);
    Ok(good.then_some((voucher, batch)))
}

/// See [`redeem`]. One answer for every reason why a code cannot be used: nobody learns which
/// codes exist.
pub(in crate::ops) fn redeem_in(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: CustomerId,
    code: &str,
    page: Option<&HostedPage>,
) -> Result<Payment, OpError> {
    let (voucher, batch) = usable(ctx, tx, code)?.ok_or(MoneyRefusal::VoucherInvalid)?;
    book::check_currency(ctx, tx, customer, batch.amount.currency)?;
    let receipt = Receipt {
        method: book::VOUCHER.to_owned(),
        reference: Some(free_reference(tx, voucher.id)?),
        client_key: None,
        amount: batch.amount,
        note: String::new(),
    };
    let order = page.map(|page| page.order);
    let page = page.map(|page| page.id);
    let payment = book::book(ctx, tx, customer, order, page, receipt)?;
    tx.put(&VoucherBatch {
        used_count: batch.used_count.saturating_add(1),
        ..batch
    })?;
    tx.put(&Voucher {
        used: Some(payment.id),
        ..voucher
    })?;
    Ok(payment)
}

/// How a payment names its voucher: by its number, and by which use it is where its money went back
/// to it before.
fn free_reference(read: &impl Read, voucher: VoucherId) -> Result<String, OpError> {
    let mut name = voucher.0.to_string();
    let mut use_number = 1u32;
    loop {
        let key = reference_of(book::VOUCHER, &name);
        if read
            .find::<PaymentId>(Table::PaymentsByReference, &key)?
            .is_none()
        {
            return Ok(name);
        }
        use_number = use_number.saturating_add(1);
        name = format!("{}-{use_number}", voucher.0);
    }
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
